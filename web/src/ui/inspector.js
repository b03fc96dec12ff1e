/** The cell inspector: what made one number, with the numbers put in. */
import { html, useEffect, useState } from "./html.js";
import { useApp } from "./store.js";
import { opened, pointAt, showMaking, step } from "./walk.js";
import { matrixOf } from "./matrix.js";
import { Name } from "./symbol.js";
import { copyText } from "./clipboard.js";
import { highest, lowest, thinned } from "../engine/curve.js";
import { explain } from "../engine/explain.js";
import { numericDerivative } from "../engine/numeric.js";
import { at } from "../engine/tensor.js";
import { axes } from "../engine/names.js";
import { classOf } from "./scatter.js";
import { exact, number } from "../format.js";
import { canMove } from "./locks.js";
import { Picture } from "./picture.js";
import { pictureShape } from "../data/pictures.js";
import { t } from "../messages.js";

const PARAMETER = /^(W|b|s)\d+$/;

const SHOWN = 6;

function Terms({ explanation, values, result }) {
  const { terms, scale = 1, added = [] } = explanation;
  const sorted = terms.map((term, i) => ({ ...term, i })).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const rest = sorted.slice(SHOWN);
  const most = Math.abs(sorted[0]?.value) || 1;
  const value = ({ name, row, col }) => at(matrixOf(values, name), row, col);
  return html`<div class="terms">
    <h4>${t("inspect.terms", { n: terms.length })}</h4>
    <ol>
      ${sorted.slice(0, SHOWN).map(
        ({ factors, value: product, i }) => html`<li key=${i}>
          <button
            type="button"
            class="term"
            onClick=${() => pointAt(factors.at(-1))}
            title=${factors.map((f) => `${f.name}[${f.row}, ${f.col}]`).join(" · ")}
          >
            <span class="term-index">${i}</span>
            <span class="term-factors">${factors
              .map(value)
              .map((x) => number(x))
              .join(" · ")}</span>
            <span class="term-value">${factors.length > 1 ? `= ${number(product)}` : ""}</span>
            <span
              class=${`term-bar ${product < 0 ? "is-negative" : ""}`}
              style=${{ width: `${(100 * Math.abs(product)) / most}%` }}
            ></span>
          </button>
        </li>`,
      )}
    </ol>
    ${rest.length ? html`<p class="quiet note">${t("inspect.rest", { n: rest.length, value: number(rest.reduce((sum, term) => sum + term.value, 0)) })}</p>` : null}
    <p class="sum">
      ${scale === 1 ? "" : html`<span>1/${scale} · </span>`}<span>Σ ${number(terms.reduce((sum, term) => sum + term.value, 0))}</span>
      ${added.map(({ label, value: more }) => html`<span> + ${label} ${number(more)}</span>`)}
      <span> = <b>${number(result)}</b></span>
    </p>
  </div>`;
}

function Numeric({ open, name, row, col, value }) {
  const [found, setFound] = useState(null);
  useEffect(() => setFound(null), [open, name, row, col]);
  if (!/^d[^_]+$/u.test(name)) return null;
  if (!found) {
    const run = () => setFound(numericDerivative(open.problem, open.values, name, row, col));
    return html`<button type="button" class="button is-quiet" onClick=${run}>${t("inspect.numeric")}</button>`;
  }
  const difference = Math.abs(found.value - value);
  const agrees = difference <= 1e-6 * Math.max(1e-4, Math.abs(value)) || difference <= 10 * found.error;
  return html`<p class="numeric" data-numeric=${exact(found.value)}>
    ${t("inspect.numericValue")}: <b>${number(found.value, 8)}</b><br />
    <span class=${agrees ? "is-good" : "is-bad"}>${agrees ? "✓ " : "✗ "}${t(agrees ? "inspect.agrees" : "inspect.disagrees", { difference: number(difference, 2) })}</span>
  </p>`;
}

/** Which example a column is: its inputs and its target. */
function Example({ open, name, col }) {
  const { session, k } = useApp();
  if (!axes(name).includes("axis.examples")) return null;
  const data = session.dataAt(k);
  const i = open.problem.batch[col];
  const x = (row) => at(data.X, row, i);
  const inputs = Array.from(
    { length: Math.min(3, data.X.rows) },
    (_, row) => `${data.names?.[row] ?? `x${row + 1}`} = ${number(x(row), 3)}`,
  );
  const target = data.classes && data.kind !== "numbers" ? data.classes[classOf(data, i)] : number(at(data.Y, 0, i));
  return html`${pictureShape(data) ? html`<div class="inspector-picture"><${Picture} data=${data} example=${i} label=${t("gallery.example", { i, target })} /></div>` : null}<p class="quiet note">${t("inspect.example", { col, i, inputs: `${inputs.join(", ")}${data.X.rows > 3 ? ", …" : ""}`, target })}</p>`;
}

const [WIDE, HIGH] = [260, 44];

/** One parameter over the training so far, from the states that are kept. */
function History({ name, row, col }) {
  const { session, k } = useApp();
  if (!PARAMETER.test(name) || !session.kept || session.latest.t < 2) return null;
  const states = [...session.kept.values(), session.latest].sort((a, b) => a.t - b.t);
  const points = thinned(states, 120).map(({ t: done, parameters }) => [done, at(parameters[name], row, col)]);
  const values = points.map(([, value]) => value);
  const [low, high] = [lowest(values), highest(values)];
  const x = (done) => (done / session.latest.t) * WIDE;
  const y = (value) => HIGH - 4 - ((value - low) / (high - low || 1)) * (HIGH - 8);
  const text = t("inspect.historyText", { first: number(values[0]), last: number(values.at(-1)), n: session.latest.t });
  return html`<figure class="history">
    <figcaption class="quiet note">${text}</figcaption>
    <svg viewBox=${`0 0 ${WIDE} ${HIGH}`} class="curve" role="img" aria-label=${text}>
      <path
        class="line"
        d=${points.map(([done, value], i) => `${i ? "L" : "M"}${x(done).toFixed(1)} ${y(value).toFixed(1)}`).join("")}
      />
      <line class="axis" x1=${x(k - 1)} x2=${x(k - 1)} y1="0" y2=${HIGH} />
    </svg>
  </figure>`;
}

export function Inspector() {
  const { cursor, session } = useApp();
  const [copied, setCopied] = useState("");
  const open = opened();
  const matrix = cursor && matrixOf(open.values, cursor.name);
  useEffect(() => setCopied(""), [cursor]);
  if (!matrix)
    return html`<section
      class="card inspector"
      aria-label=${t("inspect.title")}
    ><p class="quiet">${t("inspect.none")}</p></section>`;
  const { name } = cursor;
  const [row, col] = [Math.min(cursor.row, matrix.rows - 1), Math.min(cursor.col, matrix.cols - 1)];
  const value = at(matrix, row, col);
  const explanation = explain(open, name, row, col);
  const isParameter = PARAMETER.test(name);
  const elsewhere = step().id !== name && open.steps.some(({ id }) => id === name);
  const copy = async () => setCopied((await copyText(exact(value))) ? t("inspect.copied") : "");
  return html`<section class="card inspector" aria-labelledby="inspector-title">
    <h3 id="inspector-title">${t("inspect.title")}</h3>
    <p class="inspector-head"><${Name} name=${name} /><span class="index">[${row}, ${col}]</span><span class="inspector-value">${number(value, 6)}</span></p>
    ${
      explanation
        ? html`<dl>
          <dt>${t("inspect.formula")}</dt>
          <dd class="formula">${explanation.symbols}</dd>
          ${explanation.puts ? html`<dt>${t("inspect.puts")}</dt><dd class="formula">${explanation.puts} = <b>${number(value)}</b></dd>` : null}
        </dl>`
        : html`<p class="quiet">${t(isParameter ? "inspect.parameter" : session.isRecorded ? "inspect.recorded" : "inspect.given")}</p>`
    }
    <${Example} open=${open} name=${name} col=${col} />
    <${History} name=${name} row=${row} col=${col} />
    ${explanation?.terms ? html`<${Terms} explanation=${explanation} values=${open.values} result=${value} />` : null}
    <dl>
      <dt>${t("inspect.exact")}</dt>
      <dd class="exact">
        <code data-exact=${exact(value)}>${exact(value)}</code>
        <button type="button" class="button is-quiet is-small" onClick=${copy}>${copied || t("inspect.copy")}</button>
      </dd>
      ${explanation ? html`<dt>${t("inspect.code")}</dt><dd><code>${explanation.code}</code></dd>` : null}
    </dl>
    ${session.isRecorded ? null : html`<${Numeric} open=${open} name=${name} row=${row} col=${col} value=${value} />`}
    ${elsewhere && canMove() ? html`<button
      type="button"
      class="button is-quiet"
      data-making=${name}
      onClick=${() => showMaking({ name, row, col })}
    >${t("inspect.made")}</button>` : null}
  </section>`;
}
