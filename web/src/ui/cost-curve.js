/** J of each update done, with the present one marked, and the same as a table. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { goTo } from "./walk.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const [WIDE, HIGH, LEFT, BOTTOM] = [320, 132, 40, 20];
const MOST = 300;

/** At most so many of the numbers, evenly, the last one among them: [update, J]. */
function thinned(costs, most) {
  const every = Math.max(1, Math.ceil(costs.length / most));
  const found = [];
  for (let i = 0; i < costs.length; i += every) if (costs[i] !== undefined) found.push([i + 1, costs[i]]);
  if (costs.length && found.at(-1)?.[0] !== costs.length) found.push([costs.length, costs.at(-1)]);
  return found;
}

export function CostCurve() {
  const { session, k } = useApp();
  const { costs } = session;
  const points = thinned(costs, MOST);
  const high = Math.max(...points.map(([, J]) => J), 1e-12);
  const low = points.reduce((least, [, J]) => Math.min(least, J), Infinity);
  const x = (update) => LEFT + ((WIDE - LEFT - 6) * (update - 1)) / Math.max(1, costs.length - 1);
  const y = (J) => 8 + (HIGH - BOTTOM - 8) * (1 - J / high);
  const text = costs.length
    ? t("play.costText", { first: number(points[0][1]), last: number(costs.at(-1)), low: number(low), n: costs.length })
    : t("play.costNone");
  const at = points.findLast(([update]) => update <= k) ?? points[0];
  const here = costs[k - 1] === undefined ? at : [k, costs[k - 1]];
  return html`<section class="card" aria-labelledby="cost-title">
    <div class="card-head"><h2 id="cost-title">${t("play.cost")}</h2>${costs.length ? html`<span class="quiet">${number(here[1])}</span>` : null}</div>
    <svg class="curve" viewBox=${`0 0 ${WIDE} ${HIGH}`} role="img" aria-label=${text}>
      <path class="axis" d=${`M${LEFT} 8V${HIGH - BOTTOM}H${WIDE - 6}`} />
      ${
        costs.length
          ? html`<text x=${LEFT - 5} y="13" text-anchor="end">${number(high, 3)}</text>
            <text x=${LEFT - 5} y=${HIGH - BOTTOM} text-anchor="end">0</text>
            <text x=${LEFT} y=${HIGH - 5}>1</text>
            <text x=${WIDE - 6} y=${HIGH - 5} text-anchor="end">${costs.length}</text>
            <path
              class="line"
              d=${points.map(([update, J], i) => `${i ? "L" : "M"}${x(update).toFixed(1)} ${y(J).toFixed(1)}`).join("")}
            />
            <circle class="dot" cx=${x(here[0])} cy=${y(here[1])} r="4" />`
          : null
      }
    </svg>
    <p class="quiet note">${text}</p>
    ${
      costs.length
        ? html`<details>
          <summary>${t("play.table")}</summary>
          <table class="plain">
            <thead><tr><th>${t("bar.unit.update")}</th><th>J</th></tr></thead>
            <tbody>${thinned(costs, 12).map(([update, J]) => html`<tr key=${update}><th scope="row"><button
              type="button"
              class="link"
              onClick=${() => goTo(update)}
            >${update}</button></th><td data-value=${String(J)}>${number(J)}</td></tr>`)}</tbody>
          </table>
        </details>`
        : null
    }
  </section>`;
}
