/** The ribbon of micro-steps: all of an update, in order, the present one large. */
import { html, useLayoutEffect, useRef } from "./html.js";
import { useApp } from "./store.js";
import { goToMicro, opened } from "./walk.js";
import { Name } from "./symbol.js";
import { locked } from "./locks.js";
import { sentence } from "./sentences.js";
import { t } from "../messages.js";

/** Neighbours of one phase together. */
function groups(steps) {
  const found = [];
  steps.forEach((step, at) => {
    if (found.at(-1)?.phase !== step.phase) found.push({ phase: step.phase, steps: [] });
    found.at(-1).steps.push({ ...step, at });
  });
  return found;
}

export function Ribbon() {
  const { micro, session } = useApp();
  const list = useRef(null);
  const { steps } = opened();
  const fixed = locked("transport");
  useLayoutEffect(() => {
    const box = list.current;
    const drawn = requestAnimationFrame(() => {
      const current = box.querySelector('[aria-current="step"]');
      if (current) box.scrollLeft = current.offsetLeft - box.clientWidth / 2 + current.offsetWidth / 2;
    });
    return () => cancelAnimationFrame(drawn);
  }, [micro, steps]);
  const tab = (event) => {
    const move = { Home: 0, End: steps.length - 1 }[event.key];
    if (move === undefined || fixed) return;
    event.preventDefault();
    goToMicro(move);
  };
  return html`<nav class="ribbon" ref=${list} aria-label=${t("lab.steps")} onKeyDown=${tab}>
    ${groups(steps).map(
      ({ phase, steps: own }) => html`<div class=${`ribbon-group phase-${phase}`} key=${own[0].id}>
        <span class="ribbon-phase" id=${`phase-${own[0].at}`}>${t(`phase.${phase}`)}</span>
        <ol aria-labelledby=${`phase-${own[0].at}`}>
          ${own.map(
            ({ at, ...step }) => html`<li key=${step.id}>
              <button
                type="button"
                class=${`ribbon-step${step.aside ? " is-aside" : ""}`}
                data-micro=${step.id}
                title=${step.aside ? sentence(session, step) : undefined}
                tabindex=${at === micro ? 0 : -1}
                aria-disabled=${fixed ? "true" : undefined}
                aria-current=${at === micro ? "step" : undefined}
                onClick=${() => goToMicro(at)}
              >
                <${Name} name=${step.id} />${step.aside ? html`<small> ${t("lab.aside")}</small>` : null}
              </button>
            </li>`,
          )}
        </ol>
      </div>`,
    )}
  </nav>`;
}
