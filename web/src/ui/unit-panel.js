/** One unit's bias and weights as fields: any of them can be changed, the output's too. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { editParameter } from "./editing.js";
import { showMaking } from "./walk.js";
import { canMove } from "./locks.js";
import { at } from "../engine/tensor.js";
import { t } from "../messages.js";

const MOST = 16;

function Field({ label, name, row, col, value }) {
  return html`<label class="field is-number">
    <span>${label}</span>
    <input
      type="number"
      step="0.1"
      value=${Number(value.toPrecision(6))}
      data-tensor=${name}
      data-row=${row}
      data-col=${col}
      data-value=${String(value)}
      onChange=${(event) => editParameter(name, row, col, event.target.valueAsNumber)}
    />
  </label>`;
}

export function UnitPanel({ parameters }) {
  const { session, unitOpen } = useApp();
  const { layer_dims: dims } = session.network;
  const [l, j] = unitOpen ?? [dims.length - 1, 0];
  if (!(l < dims.length && j < dims[l])) return null;
  const W = parameters[`W${l}`];
  const { names } = session.lesson.data;
  const from = (i) => (l === 1 ? (names?.[i] ?? `x${i + 1}`) : `A${l - 1}[${i}]`);
  return html`<section class="unit-panel" aria-labelledby="unit-title">
    <div class="unit-panel-head">
      <h3 id="unit-title">${t("play.unit", { j, l })}</h3>
      ${canMove() ? html`<button
        type="button"
        class="button is-quiet is-small"
        onClick=${() => showMaking({ name: `Z${l}`, row: j, col: 0 })}
      >${t("play.look", { l })}</button>` : null}
    </div>
    <div class="fields">
      <${Field} label=${t("play.bias")} name=${`b${l}`} row=${j} col=${0} value=${at(parameters[`b${l}`], j, 0)} />
      ${Array.from({ length: Math.min(W.cols, MOST) }, (_, i) => html`<${Field}
        key=${i}
        label=${t("play.weightFrom", { from: from(i) })}
        name=${`W${l}`}
        row=${j}
        col=${i}
        value=${at(W, j, i)}
      />`)}
    </div>
    ${W.cols > MOST ? html`<p class="quiet">${t("play.moreWeights", { n: W.cols - MOST, l })}</p>` : null}
  </section>`;
}
