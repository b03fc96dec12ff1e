/** In the Step lab: the columns of the inputs, and the rows of the weights of layer 1, as pictures beside their numbers. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { opened, pointAt } from "./walk.js";
import { Name } from "./symbol.js";
import { Picture } from "./picture.js";
import { hasPixels, pictureShape, unitOf } from "../data/pictures.js";
import { t } from "../messages.js";

const MOST = 8;

/** The page of so many places that has the focus. */
function window_(count, focus) {
  const from = Math.min(Math.floor(focus / MOST) * MOST, Math.max(0, count - MOST));
  return Array.from({ length: Math.min(MOST, count) }, (_, i) => from + i);
}

function Strip({ name, places, chosen, labelOf, show, pick }) {
  return html`<div class="pictures-strip">
    <h3><${Name} name=${name} /></h3>
    <ul class="pictures">${places.map(
      (place) => html`<li key=${place}>
        <button type="button" aria-pressed=${place === chosen ? "true" : "false"} aria-label=${labelOf(place)} onClick=${() => pick(place)}>
          ${show(place)}<span aria-hidden="true">${place}</span>
        </button>
      </li>`,
    )}</ul>
  </div>`;
}

const WEIGHTS = /^d?W1(_\w+|′)?$/;

export function PicturesPanel({ step }) {
  const { session, cursor, k } = useApp();
  const data = session.dataAt(k);
  const shape = pictureShape(data);
  if (!shape) return null;
  const { values, problem } = opened();
  const names = [...new Set(step.tokens.filter(({ name }) => name).map(({ name }) => name))];
  const hasInputs = names.includes("A0");
  const weights = hasPixels(data) ? names.filter((name) => WEIGHTS.test(name) && values.get(name)) : [];
  if (!hasInputs && !weights.length) return null;
  const own = cursor ?? { name: "", row: 0, col: 0 };
  const isWeights = WEIGHTS.test(own.name);
  const column = isWeights || !/^(A|Z|dZ|dA|loss|Y|g|dg)/.test(own.name) ? 0 : own.col;
  const row = unitOf(own);
  return html`<section class="card" aria-labelledby="pictures-title" data-pictures>
    <h2 id="pictures-title">${t("pictures.title")}</h2>
    <p class="quiet note">${t("pictures.shape", { ...shape })}</p>
    ${hasInputs ? html`<${Strip}
      name="A0"
      places=${window_(problem.batch.length, column)}
      chosen=${column}
      labelOf=${(col) => t("pictures.column", { col, i: problem.batch[col] })}
      show=${(col) => html`<${Picture} data=${data} example=${problem.batch[col]} />`}
      pick=${(col) => pointAt(values.get(own.name)?.cols === problem.batch.length ? { ...own, col } : { name: "A0", row: 0, col })}
    />` : null}
    ${weights.map((name) => html`<${Strip}
      key=${name}
      name=${name}
      places=${window_(values.get(name).rows, row)}
      chosen=${row}
      labelOf=${(unit) => t("pictures.row", { name, unit })}
      show=${(unit) => html`<${Picture} data=${data} W=${values.get(name)} row=${unit} />`}
      pick=${(unit) => pointAt({ name, row: unit, col: 0 })}
    />`)}
  </section>`;
}
