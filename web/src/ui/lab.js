/** The Step lab: one micro-step at a time, every number open. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { opened, step as currentStep } from "./walk.js";
import { Ribbon } from "./ribbon.js";
import { Matrix, matrixOf } from "./matrix.js";
import { Inspector } from "./inspector.js";
import { Source } from "./source.js";
import { SmallNetwork } from "./small-network.js";
import { Equation } from "./symbol.js";
import { sentence } from "./sentences.js";
import { explain } from "../engine/explain.js";
import { t } from "../messages.js";

export function Lab() {
  const { session, cursor, k } = useApp();
  const open = opened();
  const step = currentStep();
  const explanation = cursor && explain(open, cursor.name, cursor.row, cursor.col);
  const lit = explanation?.lit ?? [];
  const { optimizer } = open.problem.training;
  const result = step.tokens.find((token) => typeof token === "object");
  return html`<div class="lab">
    <${Ribbon} />
    <div class=${`lab-head phase-${step.phase}`}>
      <div class="lab-head-text">
        <p class="lab-where">
          ${t("lab.update", { k })} · ${t("lab.epoch", { e: session.epochOf(k) })} · <b class="phase-word">${t(`phase.${step.phase}`)}</b>
        </p>
        <h2 class="lab-equation"><${Equation} step=${step} optimizer=${optimizer} /></h2>
        <p class="lab-sentence">${sentence(session, step)}</p>
      </div>
      <${SmallNetwork} step=${step} />
    </div>
    <div class="lab-body">
      <section class="card lab-matrices" aria-label=${t("lab.equation")}>
        <div class="operands">
          ${step.tokens.map((token, i) =>
            typeof token === "string"
              ? html`<span class="sign" key=${i}>${token}</span>`
              : html`<${Matrix} key=${`${token.name}${token.transposed ? "T" : ""}`} name=${token.name} matrix=${matrixOf(open.values, token.name)} transposed=${token.transposed} lit=${lit} result=${token === result} />`,
          )}
        </div>
        <p class="quiet note">${t("lab.keep")}</p>
      </section>
      <div class="lab-side">
        <${Inspector} />
        <${Source} step=${step} />
      </div>
    </div>
  </div>`;
}
