/** The network in small, with the part at work lit. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { t } from "../messages.js";

const MOST = 7;
const [WIDE, HIGH] = [220, 96];

export function SmallNetwork({ step }) {
  const { session } = useApp();
  const { layer_dims: dims } = session.network;
  const x = (l) => 14 + (l * (WIDE - 28)) / (dims.length - 1);
  const count = (l) => Math.min(dims[l], MOST);
  const y = (l, j) => HIGH / 2 + (j - (count(l) - 1) / 2) * Math.min(13, (HIGH - 14) / count(l));
  const linksOf = {
    linear: step.layer,
    weights: step.layer,
    back: step.layer + 1,
    update: step.layer,
    slot: step.layer,
    decay: step.layer,
  };
  const litLinks = linksOf[step.kind];
  const litUnits = step.kind === "loss" || step.kind === "cost" ? dims.length - 1 : step.layer;
  const units = (l) => Array.from({ length: count(l) }, (_, j) => j);
  return html`<svg
    class="small-network"
    viewBox=${`0 0 ${WIDE} ${HIGH}`}
    role="img"
    aria-label=${t("lab.network", { part: `${t(`phase.${step.phase}`)}, ${t("play.layer", { l: step.layer })}` })}
  >
    ${dims
      .slice(1)
      .map((_, i) =>
        units(i).map((a) =>
          units(i + 1).map(
            (b) =>
              html`<line
                class=${litLinks === i + 1 ? "is-lit" : ""}
                x1=${x(i)}
                y1=${y(i, a)}
                x2=${x(i + 1)}
                y2=${y(i + 1, b)}
              />`,
          ),
        ),
      )}
    ${dims.map((_, l) => units(l).map((j) => html`<circle
      class=${litUnits === l ? "is-lit" : ""}
      cx=${x(l)}
      cy=${y(l, j)}
      r="4.5"
    />`))}
  </svg>`;
}
