/** The bar at the bottom: walking and playing. */
import { html } from "./html.js";
import { locked } from "./locks.js";
import { app, set, useApp } from "./store.js";
import { byEpoch, byLayer, byMicro, byUpdate, goTo, goToMicro, opened, play, setPace, showBorn } from "./walk.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const PATHS = {
  start: "M5 4v12M16 4l-8 6 8 6z",
  updateBack: "M10 4l-7 6 7 6zM17 4l-7 6 7 6z",
  back: "M14 4l-8 6 8 6z",
  play: "M6 3l11 7-11 7z",
  pause: "M6 3h3v14H6zM12 3h3v14h-3z",
  next: "M6 4l8 6-8 6z",
  updateNext: "M3 4l7 6-7 6zM10 4l7 6-7 6z",
  epochNext: "M3 4l8 6-8 6zM15 4v12",
};

function Icon({ name }) {
  return html`<svg viewBox="0 0 20 20" aria-hidden="true" class="icon"><path d=${PATHS[name]} /></svg>`;
}

function Press({ name, label, onClick, strong, disabled, keys, text }) {
  return html`<button
    type="button"
    class=${`press${strong ? " is-strong" : ""}`}
    aria-label=${label}
    title=${keys ? `${label} (${keys})` : label}
    data-action=${name}
    disabled=${disabled}
    onClick=${onClick}
  >
    <${Icon} name=${name} />${text ? html`<span class="press-text">${text}</span>` : null}
  </button>`;
}

/** Why the training stopped, and the way back to its beginning. */
function Stopped() {
  const { born, ended, server } = useApp();
  if (!born && !ended) return null;
  const again = () => {
    set({ born: null, ended: "" });
    if (ended) server.send({ do: "restart" });
    else goTo(1);
  };
  return html`<div class="born" role="alert" data-stopped>
    ${
      born
        ? html`<p><b>${t("born.title", { name: born.name })}</b> ${t("born.text", { ...born, value: number(born.value) })}</p>
          <button type="button" class="button" onClick=${showBorn}>${t("born.show")}</button>`
        : html`<p><b>${t("born.ended")}</b> ${ended}</p>`
    }
    <button type="button" class="button" data-action="again" onClick=${again}>${t("born.again")}</button>
  </div>`;
}

export function Transport() {
  const { session, k, micro, unit, speed, screen, job } = useApp();
  if (locked("transport")) return null;
  const playing = app.playing || job;
  const lab = screen === "lab";
  const { steps } = opened();
  const J = opened().values.get("J");
  const scrub = lab
    ? {
        label: t("bar.scrub"),
        max: steps.length - 1,
        value: micro,
        on: (value) => goToMicro(value),
        text: steps[micro].id,
      }
    : {
        label: t("bar.scrubUpdates"),
        max: Math.max(1, session.latest.t),
        value: k - 1,
        on: (value) => goTo(value + 1),
        text: t("bar.done", { n: k - 1 }),
      };
  return html`<section class="transport" aria-busy=${job ? "true" : undefined} aria-label=${t("bar.label")}>
    <${Stopped} />
    <div class="transport-scrub">
      <input
        type="range"
        min="0"
        max=${scrub.max}
        value=${scrub.value}
        aria-label=${scrub.label}
        aria-valuetext=${scrub.text}
        onInput=${(event) => scrub.on(Number(event.target.value))}
      />
    </div>
    <div class="transport-state">
      <b data-updates=${k - 1}>${t("bar.done", { n: k - 1 })}</b>
      <span>${t("bar.cost", { value: number(J) })}</span>
    </div>
    <div class="transport-presses">
      <${Press}
        name="start"
        label=${t("bar.start")}
        onClick=${() => goTo(1, lab ? 0 : micro)}
        disabled=${k === 1 && (micro === 0 || !lab)}
      />
      <${Press} name="updateBack" label=${t("bar.updateBack")} keys="[" onClick=${() => byUpdate(-1)} disabled=${k === 1} />
      ${lab ? html`<${Press}
        name="back"
        label=${t("bar.back")}
        keys="←"
        onClick=${() => byMicro(-1)}
        disabled=${k === 1 && micro === 0}
      />` : null}
      <${Press}
        name=${playing ? "pause" : "play"}
        label=${t(playing ? "bar.pause" : "bar.play")}
        keys="Space"
        strong=${true}
        onClick=${() => play()}
      />
      ${lab ? html`<${Press} name="next" label=${t("bar.next")} keys="→" onClick=${() => byMicro(1)} />` : null}
      ${lab ? html`<${Press}
        name="epochNext"
        label=${t("bar.layerNext")}
        keys="Shift →"
        onClick=${() => byLayer(1)}
        text=${t("bar.layerNext")}
      />` : null}
      <${Press}
        name="updateNext"
        label=${t("bar.updateNext")}
        keys="]"
        onClick=${() => byUpdate(1)}
        text=${t("bar.updateNext")}
      />
      ${lab ? null : html`<${Press}
        name="epochNext"
        label=${t("bar.epochNext")}
        onClick=${byEpoch}
        text=${t("bar.epochNext")}
      />`}
    </div>
    <div class="transport-choices">
      <label>${t("bar.unit")}
        <select value=${unit} onChange=${(event) => setPace({ unit: event.target.value })}>
          ${(lab ? ["micro", "update", "epoch"] : ["update", "epoch"]).map((name) => html`<option value=${name}>${t(`bar.unit.${name}`)}</option>`)}
        </select>
      </label>
      <label>${t("bar.speed")}
        <input type="range" min="0" max="4" value=${speed} onInput=${(event) => setPace({ speed: Number(event.target.value) })} />
      </label>
    </div>
  </section>`;
}
