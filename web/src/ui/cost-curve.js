/** Curves over training: J of each update done here, and what the run before recorded; each as a table too. */
import { html } from "./html.js";
import { set, useApp } from "./store.js";
import { goTo } from "./walk.js";
import { locked } from "./locks.js";
import { byEpoch, highest, lowest, places, thinned } from "../engine/curve.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const [WIDE, HIGH, LEFT, BOTTOM] = [320, 132, 40, 20];
const MOST = 300;

/** Lines of points [x, y] over one axis, the second one dashed; `here` is the point that is marked. */
export function Curve({ lines, here = null, text, log = false }) {
  const drawn = lines.map((points) => thinned(points, MOST).filter(([, y]) => !log || y > 0));
  const all = drawn.flat();
  const [ys, xs] = [all.map(([, y]) => y), all.map(([x]) => x)];
  const scale = log ? Math.log10 : (value) => value;
  const [low, high] = log ? [lowest(ys), highest(ys) * 1.0001] : [lowest(ys, 0), highest(ys, 1e-12)];
  const [first, last] = [lowest(xs), highest(xs)];
  const x = (at) => LEFT + ((WIDE - LEFT - 6) * (at - first)) / Math.max(1, last - first);
  const y = (value) => 8 + (HIGH - BOTTOM - 8) * (1 - (scale(value) - scale(low)) / (scale(high) - scale(low)));
  return html`<svg class="curve" viewBox=${`0 0 ${WIDE} ${HIGH}`} role="img" aria-label=${text}>
    <path class="axis" d=${`M${LEFT} 8V${HIGH - BOTTOM}H${WIDE - 6}`} />
    ${
      all.length
        ? html`<text x=${LEFT - 5} y="13" text-anchor="end">${number(high, 3)}</text>
          <text x=${LEFT - 5} y=${HIGH - BOTTOM} text-anchor="end">${number(low, 3)}</text>
          <text x=${LEFT} y=${HIGH - 5}>${first}</text>
          <text x=${WIDE - 6} y=${HIGH - 5} text-anchor="end">${last}</text>
          ${drawn.map(
            (points, i) => html`<path
              key=${i}
              class=${`line${i ? " is-second" : ""}`}
              d=${points.map(([at, value], p) => `${p ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("")}
            />`,
          )}
          ${here && (!log || here[1] > 0) ? html`<circle class="dot" cx=${x(here[0])} cy=${y(here[1])} r="4" />` : null}`
        : null
    }
  </svg>`;
}

function Table({ names, rows, press }) {
  return html`<details>
    <summary>${t("play.table")}</summary>
    <div class="table-scroll"><table class="plain">
      <thead><tr>${names.map((name) => html`<th key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${rows.map(([at, ...values]) => html`<tr key=${at}><th scope="row">${
        press ? html`<button type="button" class="link" onClick=${() => press(at)}>${at}</button>` : at
      }</th>${values.map((value) => html`<td data-value=${String(value)}>${value === null ? "" : number(value)}</td>`)}</tr>`)}</tbody>
    </table></div>
  </details>`;
}

/** At most so many finite costs of a curve, as [update, J]. */
function pointsOf(costs, most = MOST) {
  const { ends, values } = byEpoch(costs, 1);
  return places(values.length, most).map((i) => [ends[i], values[i]]);
}

/** The cost of update k, or the nearest finite one: the last before it, else the first. */
function pointAt(costs, k) {
  let at = Math.min(k, costs.length);
  while (at > 0 && !Number.isFinite(costs[at - 1])) at -= 1;
  return at ? [at, costs[at - 1]] : pointsOf(costs)[0];
}

export function CostCurve() {
  const { session, k, logCost } = useApp();
  const { costs, testCosts } = session;
  const [points, tested] = [costs, testCosts].map((values) => pointsOf(values));
  const both = tested.length > 0;
  const { values, low } = byEpoch(costs, 1);
  const about = points.length
    ? t("play.costText", { first: number(points[0][1]), last: number(costs.at(-1)), low: number(values[low]), n: costs.length })
    : t("play.costNone");
  const text = both ? `${about} ${t("play.costTest", { last: number(tested.at(-1)[1]) })}` : about;
  const here = pointAt(costs, k);
  return html`<section class="card" aria-labelledby="cost-title">
    <div class="card-head"><h2 id="cost-title">${t("play.cost")}</h2>${here ? html`<span class="quiet">${number(here[1])}</span>` : null}</div>
    <${Curve} lines=${both ? [points, tested] : [points]} here=${here} text=${text} log=${logCost} />
    <p class="quiet note">${text}</p>
    ${both ? html`<p class="quiet note">${t("play.costLegend")}</p>` : null}
    <label class="choice"><input
      type="checkbox"
      data-setting="log"
      checked=${logCost}
      onChange=${(event) => set({ logCost: event.target.checked })}
    /> ${t("play.log")}</label>
    ${here ? html`<${Table}
      names=${[t("bar.unit.update"), "J", ...(both ? [t("play.testCost")] : [])]}
      rows=${pointsOf(costs, 12).map(([at, J]) => (both ? [at, J, testCosts[at - 1]] : [at, J]))}
      press=${locked("transport") ? null : goTo}
    />` : null}
  </section>`;
}

const words = (name) => name.replaceAll("_", " ");

/** Cost and metrics as they were recorded: of the run that the lesson goes on from, or of updates that the page cannot do. */
export function RunCurve() {
  const { session } = useApp();
  const { history } = session.lesson;
  const isOfUpdates = history?.unit === "step";
  if (!history || (isOfUpdates && !(session.isRecorded && history.cost.length > 1))) return null;
  const { unit: _, at: rows, text: written, ...columns } = history;
  const at = isOfUpdates ? rows.map((row) => row + 1) : rows;
  const finite = (columns.cost ?? []).filter(Number.isFinite);
  const text = written ?? t("play.costText", {
    first: number(finite[0]),
    last: number(finite.at(-1)),
    low: number(Math.min(...finite)),
    n: at.at(-1),
  });
  const names = Object.keys(columns);
  const points = (name) => (columns[name] ?? []).map((value, i) => [at[i], value]).filter(([, y]) => Number.isFinite(y));
  return html`<section class="card" aria-labelledby="run-title" data-run>
    <h2 id="run-title">${t("run.title")}</h2>
    ${[...new Set(names.map((name) => name.replace("validation_", "")))].map((name) => html`<div key=${name}>
      <p class="quiet">${words(name)}${columns[`validation_${name}`] ? ` · ${t("run.legend")}` : ""}</p>
      <${Curve} lines=${[points(name), points(`validation_${name}`)]} text=${`${words(name)}. ${text}`} />
    </div>`)}
    <p class="quiet note">${text}</p>
    <${Table}
      names=${[t(`bar.unit.${isOfUpdates ? "update" : "epoch"}`), ...names.map(words)]}
      rows=${thinned(
        at.map((epoch, i) => [epoch, ...names.map((name) => columns[name][i])]),
        12,
      )}
    />
  </section>`;
}
