/** The data: which set, how many examples, points to add. */
import { html, useState } from "./html.js";
import { set, useApp } from "./store.js";
import { startToy } from "./opening.js";
import { addPoint, anew, rebuild } from "./editing.js";
import { kindText } from "./home.js";
import { Choice } from "./training-panel.js";
import { TOY_NAMES } from "../data/toys.js";
import { coordinateNames, coordinates, FEATURES, featuresOf, plainFeatures } from "../data/examples.js";
import { t } from "../messages.js";

/** The targets of a class (or of a number). */
export const targetsOf = (data, label) =>
  data.kind === "classes" ? Array.from({ length: data.Y.rows }, (_, i) => Number(i === label)) : [Number(label)];

function AddPoint({ data }) {
  const { paint } = useApp();
  const count = coordinates(data).rows;
  const [inputs, setInputs] = useState(() => Array(count).fill(0));
  const [label, setLabel] = useState(0);
  const names = coordinateNames(data);
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
        ${classes && count === 2 ? html`<label class="choice"><input
          type="checkbox"
          checked=${paint !== null}
          onChange=${(event) => set({ paint: event.target.checked ? label : null })}
        /> ${t("play.paint")}</label>` : null}
      </div>
    </form>
  </details>`;
}

const NOISES = [0, 0.1, 0.2, 0.3, 0.5];
const SHARES = [0, 0.1, 0.2, 0.3, 0.5];
const percent = (share) => `${Math.round(100 * share)} %`;

/** Which features of the coordinates are inputs: switches, of which one stays on. */
function Features({ data }) {
  const count = coordinates(data).rows;
  const names = coordinateNames(data);
  const on = data.features ?? plainFeatures(count);
  const all = featuresOf(count);
  const turn = (name) => rebuild({ features: all.filter((other) => on.includes(other) !== (other === name)) });
  return html`<fieldset class="features">
    <legend>${t("play.features")}</legend>
    ${all.map((name) => html`<label class="choice" key=${name}><input
      type="checkbox"
      data-feature=${name}
      checked=${on.includes(name)}
      disabled=${on.length === 1 && on[0] === name}
      onChange=${() => turn(name)}
    /> ${FEATURES[name].label(names[0] ?? "x1", names[1] ?? "x2")}</label>`)}
  </fieldset>`;
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
    <div class="fields">
      ${toy ? html`<${Choice}
        name="noise"
        label=${t("play.noise")}
        value=${lesson.toy.noise ?? 0}
        choices=${NOISES}
        onPick=${(noise) => rebuild({ noise })}
      />` : null}
      ${data.X.cols + (data.test?.X.cols ?? 0) > 3 && !data.pictures ? html`<${Choice}
        name="test"
        label=${t("play.test")}
        value=${data.share ?? 0}
        choices=${SHARES}
        show=${percent}
        onPick=${(test) => rebuild({ test })}
      />` : null}
    </div>
    <p class="quiet">${t("play.examples", { n: data.X.cols, x: data.X.rows })} · ${kindText(data)}</p>
    ${coordinates(data).rows <= 2 ? html`<${Features} data=${data} />` : null}
    ${coordinates(data).rows <= 4 && (data.Y.rows === 1 || data.kind === "classes") ? html`<${AddPoint} data=${data} key=${`${coordinates(data).rows}${data.kind}`} />` : null}
  </section>`;
}
