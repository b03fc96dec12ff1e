/** The data: which set, how many examples, points to add. */
import { html, useState } from "./html.js";
import { set, useApp } from "./store.js";
import { startToy } from "./opening.js";
import { addPoint, anew } from "./editing.js";
import { kindText } from "./home.js";
import { TOY_NAMES } from "../data/toys.js";
import { t } from "../messages.js";

/** The targets of a class (or of a number). */
export const targetsOf = (data, label) =>
  data.kind === "classes" ? Array.from({ length: data.Y.rows }, (_, i) => Number(i === label)) : [Number(label)];

function AddPoint({ data }) {
  const { paint } = useApp();
  const [inputs, setInputs] = useState(() => Array(data.X.rows).fill(0));
  const [label, setLabel] = useState(0);
  const names = data.names ?? [];
  const numbered = () => Array.from({ length: Math.max(2, data.Y.rows) }, (_, i) => String(i));
  const classes = data.kind === "numbers" ? null : (data.classes ?? numbered());
  const submit = (event) => {
    event.preventDefault();
    addPoint(inputs, targetsOf(data, label));
  };
  return html`<details class="paint" open=${paint !== null}>
    <summary>${t("play.paint")}</summary>
    <form onSubmit=${submit}>
      <p class="quiet">${t("play.paintHint")}</p>
      <div class="fields">
        ${inputs.map((value, i) => html`<label class="field is-number" key=${i}><span>${names[i] ?? `x${i + 1}`}</span><input
          type="number"
          step="any"
          required
          value=${value}
          onChange=${(event) => setInputs(inputs.map((old, k) => (k === i ? event.target.valueAsNumber || 0 : old)))}
        /></label>`)}
        ${
          classes
            ? html`<label class="field"><span>${t("play.class")}</span><select
              value=${label}
              onChange=${(event) => (setLabel(Number(event.target.value)), set({ paint: Number(event.target.value) }))}
            >${classes.map((name, i) => html`<option value=${i}>${name}</option>`)}</select></label>`
            : html`<label class="field is-number"><span>Y</span><input
              type="number"
              step="any"
              value=${label}
              onChange=${(event) => setLabel(event.target.valueAsNumber || 0)}
            /></label>`
        }
      </div>
      <div class="row">
        <button type="submit" class="button is-quiet">${t("play.addPoint")}</button>
        ${classes && data.X.rows === 2 ? html`<label class="choice"><input
          type="checkbox"
          checked=${paint !== null}
          onChange=${(event) => set({ paint: event.target.checked ? label : null })}
        /> ${t("play.paint")}</label>` : null}
      </div>
    </form>
  </details>`;
}

export function DataPanel() {
  const { session, k } = useApp();
  const { lesson } = session;
  const data = session.dataAt(k);
  const toy = lesson.toy?.data ?? "";
  const pick = (event) => event.target.value && anew(() => startToy({ data: event.target.value }));
  return html`<section class="card" aria-labelledby="data-title">
    <h2 id="data-title">${t("play.data")}</h2>
    <label class="field"><span>${t("play.set")}</span>
      <select value=${toy} onChange=${pick}>
        ${toy ? null : html`<option value="">${data.name ?? lesson.title}</option>`}
        ${TOY_NAMES.map((name) => html`<option value=${name}>${t(`toy.${name}`)}</option>`)}
      </select>
    </label>
    <p class="quiet">${t("play.examples", { n: data.X.cols, x: data.X.rows })} · ${kindText(data)}</p>
    ${data.X.rows <= 4 && (data.Y.rows === 1 || data.kind === "classes") ? html`<${AddPoint} data=${data} key=${`${data.X.rows}${data.kind}`} />` : null}
  </section>`;
}
