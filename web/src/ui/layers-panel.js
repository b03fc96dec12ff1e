/** The layers now: gradients, updates, units that no longer learn. */
import { html } from "./html.js";
import { opened } from "./walk.js";
import { layerHealth } from "../engine/health.js";
import { number } from "../format.js";
import { t } from "../messages.js";

/** @param {{units: number, dead: number, saturated?: number}} row */
function remark({ units, dead, saturated }) {
  if (dead) return html`<span class="is-bad">${t("layers.dead", { n: Math.round(dead * units) })}</span>`;
  if (saturated)
    return html`<span class="is-bad">${t("layers.saturated", { share: Math.round(100 * saturated) })}</span>`;
  return html`<span class="is-good">✓</span>`;
}

export function LayersPanel() {
  const rows = layerHealth(opened());
  const most = Math.max(...rows.map(({ gradient }) => gradient)) || 1;
  return html`<section class="card" aria-labelledby="layers-title">
    <h2 id="layers-title">${t("layers.title")}</h2>
    <div class="table-scroll">
      <table class="plain layers">
        <thead><tr><th>${t("layers.layer")}</th><th>${t("layers.gradient")}</th><th>${t("layers.ratio")}</th><th>${t("layers.units")}</th></tr></thead>
        <tbody>
          ${rows.map(
            (row) => html`<tr key=${row.layer}>
              <th scope="row">${row.layer}</th>
              <td><span
                class="layers-bar"
                style=${{ width: `${Math.max(2, 44 * (row.gradient / most))}px` }}
              ></span>${number(row.gradient, 2)}</td>
              <td>${number(row.ratio, 2)}</td>
              <td>${remark(row)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
