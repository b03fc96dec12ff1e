/** Help: what the names mean, with the numbers of the network that is open, and the keys. */
import { html } from "./html.js";
import { set, useApp } from "./store.js";
import { opened } from "./walk.js";
import { Name } from "./symbol.js";
import { TourButton } from "./tour.js";
import { glossary } from "../engine/glossary.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const KEYS = [
  ["Space", "help.space"],
  ["←  →", "help.micro"],
  ["Shift ←  →", "help.layer"],
  ["[  ]", "help.update"],
  ["/", "help.find"],
  ["?", "help.help"],
];

const SCENE_KEYS = [
  ["n", "help.sceneNext"],
  ["p", "help.sceneBack"],
];

function Quantities() {
  const { session, micro } = useApp();
  const open = opened();
  const { activations, layer_dims } = session.network;
  const L = activations.length;
  const l = Math.min(Math.max(1, open.steps[micro]?.layer ?? 1), L);
  const parts = { l, L, m: open.problem.batch.length, n: layer_dims[l], before: layer_dims[l - 1], x: layer_dims[0], y: layer_dims[L], g: activations[l - 1] };
  return html`<h3>${t("help.names")}</h3>
    <p>${t("help.shapes", parts)}</p>
    <div class="table-scroll" tabindex="0" role="group" aria-label=${t("help.names")}>
      <table class="plain glossary">
        <thead><tr><th>${t("help.name")}</th><th>${t("help.shape")}</th><th>${t("help.first")}</th><th>${t("help.meaning")}</th></tr></thead>
        <tbody>${glossary(open, l, L).map(
          ({ key, name, shape: [rows, cols], value, change }) => html`<tr key=${key} data-glossary=${key}>
            <th scope="row"><${Name} name=${name} /></th>
            <td>${t("lab.shape", { rows, cols })}</td>
            <td data-value=${String(value)}>${number(value)}</td>
            <td>${t(`glossary.${key}`, parts)}${change === undefined ? "" : ` ${t("help.change", { l, change: number(change) })}`}</td>
          </tr>`,
        )}</tbody>
      </table>
    </div>`;
}

export function Help() {
  const { session, singleKeys, scenes } = useApp();
  return html`<p><${TourButton} text=${t("tour.start")} /></p>
    ${session ? html`<${Quantities} />` : null}
    <h3>${t("help.title")}</h3>
    <dl class="keys">${[...KEYS, ...(scenes ? SCENE_KEYS : [])].map(([keys, key]) => html`<dt><kbd>${keys}</kbd></dt><dd>${t(key)}</dd>`)}</dl>
    <p class="quiet">${t("help.grid")}</p>
    <p class="quiet">${t("help.count")}</p>
    <label class="choice"><input
      type="checkbox"
      checked=${singleKeys}
      onChange=${(event) => set({ singleKeys: event.target.checked })}
    /> ${t("help.single")}</label>`;
}
