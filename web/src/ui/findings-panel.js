/** Findings: what the doctor's rules say about the training now, each with its evidence and the way to it. */
import { html } from "./html.js";
import { app, useApp } from "./store.js";
import { goTo, opened, showMaking } from "./walk.js";
import { canMove } from "./locks.js";
import { findings, RULES } from "../engine/findings.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const MOST = 4;

const shown = (parts) =>
  Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, Number.isInteger(value) ? value : number(value, 3)]));

/** To the quantity that shows it, in its update. */
function take({ k = app.k, name, row = 0 }) {
  goTo(k, app.micro, () => showMaking({ name, row, col: 0 }));
}

export function FindingsPanel() {
  const { session } = useApp();
  const found = findings(session, opened()).slice(0, MOST);
  return html`<section class="card findings" aria-labelledby="findings-title">
    <h2 id="findings-title">${t("finding.title")}</h2>
    ${
      found.length
        ? html`<ul>${found.map(
            (one) => html`<li key=${`${one.kind}${one.parts.l ?? ""}`} data-finding=${one.kind}>
              <h3>${t(`finding.${one.kind}.name`)}</h3>
              <p>${t(`finding.${one.kind}.says`, shown(one.parts))}</p>
              <p class="quiet">${t(`finding.${one.kind}.hint`)}</p>
              ${canMove() ? html`<button type="button" class="button is-quiet is-small" onClick=${() => take(one)}>${t("born.show")}<span class="visually-hidden">: ${t(`finding.${one.kind}.name`)}</span></button>` : null}
            </li>`,
          )}</ul>`
        : html`<p class="quiet">${t("finding.none", { n: RULES })}</p>`
    }
  </section>`;
}
