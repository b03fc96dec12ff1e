/** The network: each unit a small picture of what it answers, links coloured and dashed by sign. */
import { html, useEffect, useRef } from "./html.js";
import { set, useApp } from "./store.js";
import { rebuild } from "./editing.js";
import { FINE } from "./surface.js";
import { dark, largest, ramp } from "./colour.js";
import { Picture } from "./picture.js";
import { hasPixels } from "../data/pictures.js";
import { ACTIVATIONS } from "../engine/activations.js";
import { at } from "../engine/tensor.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const MOST = 8; // units of a layer that are drawn
const ENDING = 6; // characters of a name that stay where it is cut
const [UNIT, GAP, TOP] = [38, 10, 88];
export const HIDDEN = Object.keys(ACTIVATIONS).filter((name) => name !== "softmax");

function Thumbnail({ A, row, high }) {
  const canvas = useRef(null);
  useEffect(() => {
    if (!A) return;
    const context = canvas.current.getContext("2d");
    const image = context.createImageData(FINE, high);
    const isDark = dark();
    let most = 1;
    for (let p = 0; p < A.cols; p++) most = Math.max(most, Math.abs(A.data[row * A.cols + p]));
    for (let p = 0; p < A.cols; p++) image.data.set([...ramp(A.data[row * A.cols + p] / most, isDark), 255], 4 * p);
    context.putImageData(image, 0, 0);
  });
  return html`<canvas ref=${canvas} width=${FINE} height=${Math.max(1, high)} aria-hidden="true"></canvas>`;
}

function LayerHead({ l, dims, activations, output }) {
  if (l === 0) return html`<div class="layer-head"><b>${t("play.inputs")}</b></div>`;
  const last = l === dims.length - 1;
  const hidden = dims.slice(1, -1);
  const units = (change) => rebuild({ hidden: hidden.map((n, i) => (i === l - 1 ? n + change : n)) });
  const bend = (name) => rebuild({ activations: activations.slice(0, -1).map((g, i) => (i === l - 1 ? name : g)) });
  return html`<div class="layer-head">
    <b>${last ? t("play.outputLayer") : t("play.layer", { l })}</b>
    ${
      last
        ? html`<span class="quiet">${output}</span>`
        : html`<span class="stepper">
            <button
              type="button"
              aria-label=${t("play.fewerUnits", { l })}
              disabled=${dims[l] <= 1}
              onClick=${() => units(-1)}
            >−</button>
            <span>${dims[l]}</span>
            <button
              type="button"
              aria-label=${t("play.moreUnits", { l })}
              disabled=${dims[l] >= 16}
              onClick=${() => units(1)}
            >+</button>
          </span>
          <select
            aria-label=${t("play.activation", { l })}
            value=${activations[l - 1]}
            onChange=${(event) => bend(event.target.value)}
          >
            ${HIDDEN.map((name) => html`<option value=${name}>${name}</option>`)}
          </select>`
    }
  </div>`;
}

export function NetworkMap({ parameters, surface }) {
  const { session, unitOpen, firstUnit } = useApp();
  const { layer_dims: dims, activations, output } = session.network;
  const { data } = session.lesson;
  const { names } = data;
  const count = (n) => Math.min(n, MOST);
  const from = (l) => Math.min(firstUnit[l] ?? 0, dims[l] - count(dims[l]));
  const tallest = Math.max(...dims.map(count));
  const high = tallest * (UNIT + GAP);
  const y = (l, j) => (high - count(dims[l]) * (UNIT + GAP)) / 2 + (j - from(l)) * (UNIT + GAP) + UNIT / 2;
  const x = (l) => (100 * (l + 0.5)) / dims.length;
  const each = (l, make) => Array.from({ length: count(dims[l]) }, (_, i) => make(from(l) + i));
  const further = (l, by) => () => set({ firstUnit: { ...firstUnit, [l]: Math.max(0, from(l) + by) } });
  const links = dims.slice(1).flatMap((_, i) => {
    const W = parameters[`W${i + 1}`];
    const most = largest(W) || 1;
    return each(i, (a) =>
      each(i + 1, (b) => {
        const w = at(W, b, a);
        return html`<line
          key=${`${i}.${a}.${b}`}
          class=${w < 0 ? "is-negative" : "is-positive"}
          x1=${`${x(i)}%`} y1=${y(i, a)} x2=${`${x(i + 1)}%`} y2=${y(i + 1, b)}
          stroke-width=${(0.5 + (3.5 * Math.abs(w)) / most).toFixed(2)}
          stroke-opacity=${(0.25 + (0.65 * Math.abs(w)) / most).toFixed(2)}
        />`;
      }),
    );
  });
  const hidden = dims.slice(1, -1);
  const names_ = activations.slice(0, -1);
  return html`<div class="depth">
      <span id="depth-label">${t("play.layers")}</span>
      <span class="stepper" role="group" aria-labelledby="depth-label">
        <button
          type="button"
          aria-label=${t("play.fewerLayers")}
          disabled=${hidden.length <= 1}
          onClick=${() => rebuild({ hidden: hidden.slice(0, -1), activations: names_.slice(0, -1) })}
        >−</button>
        <span>${hidden.length}</span>
        <button
          type="button"
          aria-label=${t("play.moreLayers")}
          disabled=${hidden.length >= 5}
          onClick=${() => rebuild({ hidden: [...hidden, 4], activations: [...names_, names_.at(-1) ?? "tanh"] })}
        >+</button>
      </span>
    </div>
    <div class="network-scroll" tabindex="0" role="group" aria-label=${t("play.network")}>
      <div
        class="network"
        style=${{ height: `${TOP + high + (Math.max(...dims) > MOST ? 50 : 8)}px`, minWidth: `${dims.length * 62}px` }}
      >
        <svg class="links" aria-hidden="true" style=${{ top: `${TOP}px`, height: `${high}px` }}>${links}</svg>
        ${dims.map(
          (
            n,
            l,
          ) => html`<div class="layer" key=${l} style=${{ left: `${(100 * l) / dims.length}%`, width: `${100 / dims.length}%` }}>
            <${LayerHead} l=${l} dims=${dims} activations=${activations} output=${output} />
            ${each(l, (j) => {
              const open = unitOpen?.[0] === l && unitOpen?.[1] === j;
              const style = { top: `${TOP + y(l, j) - UNIT / 2}px` };
              const name = names?.[j] ?? `x${j + 1}`;
              if (l === 0)
                return html`<span class="unit is-input" role="img" aria-label=${name} key=${j} style=${style} title=${name}><${Thumbnail}
                  A=${surface.values?.get("A0")}
                  row=${j}
                  high=${surface.high}
                /><span class="unit-name"><span>${name.slice(0, -ENDING)}</span>${name.slice(-ENDING)}</span></span>`;
              const b = number(at(parameters[`b${l}`], j, 0), 2);
              return html`<button
                type="button"
                key=${j}
                class=${`unit${open ? " is-open" : ""}`}
                style=${style}
                aria-pressed=${open ? "true" : "false"}
                aria-label=${t("play.unitLabel", { j, l, b })}
                onClick=${() => set({ unitOpen: [l, j] })}
              >
                ${l === 1 && hasPixels(data)
                  ? html`<${Picture} data=${data} W=${parameters.W1} row=${j} />`
                  : html`<${Thumbnail} A=${surface.values?.get(`A${l}`)} row=${j} high=${surface.high} />`}
                <span class="unit-bias" aria-hidden="true">${b}</span>
              </button>`;
            })}
            ${n > MOST ? html`<div class="unit-more" style=${{ top: `${TOP + high - 4}px` }}>
              <span class="stepper">
                <button
                  type="button"
                  aria-label=${t("play.unitsBack", { l })}
                  disabled=${from(l) === 0}
                  onClick=${further(l, -MOST)}
                >‹</button>
                <button
                  type="button"
                  aria-label=${t("play.unitsOn", { l })}
                  disabled=${from(l) === n - MOST}
                  onClick=${further(l, MOST)}
                >›</button>
              </span>
              <br />${t("play.units", { from: from(l), to: from(l) + MOST - 1, n })}
            </div>` : null}
          </div>`,
        )}
      </div>
    </div>
    <p class="quiet note">${t("play.legend")}${hasPixels(data) ? ` ${t("pictures.units")}` : ""}</p>`;
}
