/** The Step lab: one micro-step at a time, every number open. */
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { useApp } from "./store.js";
import { opened, step as currentStep } from "./walk.js";
import { Ribbon } from "./ribbon.js";
import { fitting, Matrix, matrixOf } from "./matrix.js";
import { Inspector } from "./inspector.js";
import { RunCurve } from "./cost-curve.js";
import { Source } from "./source.js";
import { SmallNetwork } from "./small-network.js";
import { Equation } from "./symbol.js";
import { PicturesPanel } from "./pictures-panel.js";
import { TwoWays } from "./two-ways.js";
import { sentence } from "./sentences.js";
import { usedBy } from "../engine/used.js";
import { explain } from "../engine/explain.js";
import { t } from "../messages.js";

/** The width of an element, as it changes. */
function useWidth() {
  const element = useRef(null);
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

/** The equation as matrices in a row. */
export function Operands({ open, step, lit }) {
  const [element, width] = useWidth();
  const parts = step.tokens.map((token) =>
    typeof token === "string" ? token : { ...token, matrix: matrixOf(open.values, token.name) },
  );
  const matrices = parts.filter((part) => typeof part === "object");
  const columns = matrices.map(({ matrix, transposed }) => (transposed ? matrix.rows : matrix.cols));
  const size = fitting(
    width,
    columns,
    parts.filter((part) => typeof part === "string"),
  );
  return html`<div class="operands" ref=${element}>
    ${parts.map((part, i) =>
      typeof part === "string"
        ? html`<span class="sign" key=${i}>${part}</span>`
        : html`<${Matrix} key=${i} ...${part} size=${size} lit=${lit} result=${part === matrices[0]} />`,
    )}
  </div>`;
}

export function Lab() {
  const { session, cursor, k } = useApp();
  const open = opened();
  const step = currentStep();
  const explanation = cursor && explain(open, cursor.name, cursor.row, cursor.col);
  const forward = cursor ? usedBy(step, cursor.name, cursor.row, cursor.col) : [];
  const lit = forward.length ? forward : (explanation?.lit ?? []);
  const { optimizer } = open.problem.training;
  const words =
    step.formula ??
    step.tokens
      .map((token) => (typeof token === "string" ? token : `${token.name}${token.transposed ? "ᵀ" : ""}`))
      .join(" ");
  return html`<div class="lab">
    <h1 class="visually-hidden">${t("screen.lab")}</h1>
    <${Ribbon} />
    <div class=${`lab-head phase-${step.phase}`}>
      <div class="lab-head-text">
        <p class="lab-where">
          ${t("lab.update", { k })} · ${t("lab.epoch", { e: session.epochOf(k) })} · <b class="phase-word">${t(`phase.${step.phase}`)}</b>
        </p>
        <h2 class="lab-equation" aria-label=${words}><${Equation}
          step=${step}
          optimizer=${optimizer}
          output=${session.network.output}
        /></h2>
        <p class="lab-sentence">${sentence(session, step)}</p>
      </div>
      <${SmallNetwork} step=${step} />
    </div>
    <div class="lab-body">
      <div class="lab-main">
      <section class="card lab-matrices" aria-label=${t("lab.equation")}>
        <${Operands} open=${open} step=${step} lit=${lit} />
        <p class="quiet note">${t("lab.keep")}</p>
      </section>
        <${PicturesPanel} step=${step} />
        <${TwoWays} step=${step} cursor=${cursor} />
        <${Source} step=${step} />
      </div>
      <div class="lab-side"><${Inspector} />${session.isRecorded ? html`<${RunCurve} />` : null}</div>
    </div>
  </div>`;
}
