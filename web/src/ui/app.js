/** The page: its head, the screen, the transport bar, dialogs. */
import { html, useEffect } from "./html.js";
import { set, useApp } from "./store.js";
import { ScenePanel } from "./scene-panel.js";
import { locked } from "./locks.js";
import { showScreen } from "./walk.js";
import { Home } from "./home.js";
import { Play } from "./play.js";
import { Lab } from "./lab.js";
import { Museum } from "./museum.js";
import { Bugs } from "./bugs.js";
import { Transport } from "./transport.js";
import { Dialogs } from "./dialogs.js";
import { Tour, TourButton } from "./tour.js";
import { Server } from "./server.js";
import { unknownParts } from "../engine/recorded.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const SCREENS = { home: Home, play: Play, lab: Lab, museum: Museum, bugs: Bugs };
const OF_TRAINING = ["play", "lab"];

function Check() {
  const { check } = useApp();
  if (!check) return null;
  const good = check.difference < 1e-9;
  const difference = number(check.difference, 2);
  return html`<p
    class=${`check ${good ? "is-good" : "is-bad"}`}
    title=${t("golden.explain", { n: check.compared })}
    data-difference=${String(check.difference)}
  >
    ${good ? t("golden.good", { difference }) : t("golden.bad", { name: check.worst, difference })}
  </p>`;
}

function Notes() {
  const { session } = useApp();
  const { notes = [], data } = session.lesson;
  const faults = unknownParts(session.lesson).filter((part) => part.startsWith("fault="));
  const unknown = faults.length
    ? [t("scene.fault", { fault: faults[0].slice(6), numbers: session.numbers.join(", ") })]
    : session.isRecorded
    ? [t("app.recorded", { parts: unknownParts(session.lesson).join(", "), numbers: session.numbers.join(", ") })]
    : [];
  const left = data.left_out?.n ? [t("csv.left", data.left_out)] : [];
  const all = [...unknown, ...left, ...notes];
  return all.length ? html`<ul class="notes">${all.map((note) => html`<li key=${note}>${note}</li>`)}</ul>` : null;
}

export function App() {
  const { screen, session, live, error, carried, game } = useApp();
  const parts = { museum: carried?.museum, bugs: game }; // screens that not every page has
  const Screen = session ? SCREENS[screen] : Home;
  useEffect(() => {
    document.title = `${session ? `${session.lesson.title} · ` : ""}${t(`screen.${screen}`)} · ${t("app.name")}`;
    globalThis.scrollTo?.(0, 0);
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  }, [screen, session]);
  return html`
    <a
      class="skip"
      href="#main"
      onClick=${(event) => (event.preventDefault(), document.getElementById("main").focus())}
    >${t("app.skip")}</a>
    <header class="top">
      <p class="brand"><span class="brand-mark" aria-hidden="true"></span>${t("app.name")}</p>
      <nav aria-label=${t("app.screens")} class="tabs">
        ${Object.keys(SCREENS).filter((name) => !(name in parts) || parts[name]).map(
          (name) =>
            html`<button
              type="button"
              key=${name}
              data-screen=${name}
              aria-current=${screen === name ? "page" : undefined}
              hidden=${screen !== name && locked(name === "home" ? name : "screens")}
              disabled=${name !== "home" && (!session || (name === "play" && session.isRecorded))}
              onClick=${() => showScreen(name)}
            >${t(`screen.${name}`)}</button>`,
        )}
      </nav>
      ${screen === "bugs" ? null : html`<${Check} />`}
      <${Server} />
      <div class="top-actions">
        ${
          session && screen !== "bugs"
            ? html`<button
              type="button"
              class="button is-quiet"
              hidden=${locked("find")}
              data-open="find"
              onClick=${() => set({ dialog: "find" })}
              title=${`${t("app.find")} (/)`}
            ><span aria-hidden="true">⌕</span><span class="hide-narrow"> ${t("app.find")}</span><span class="only-narrow visually-hidden">${t("app.find")}</span></button>
              ${session.isRecorded || locked("check") ? null : html`<button
                type="button"
                class="button is-quiet"
                data-open="check"
                onClick=${() => set({ dialog: "check", playing: false })}
              >${t("check.button")}</button>`}
              <button
                type="button"
                class="button"
                hidden=${locked("share")}
                data-open="share"
                onClick=${() => set({ dialog: "share", playing: false })}
              >${t("app.share")}</button>`
            : null
        }
        <${TourButton} look=" is-quiet hide-narrow" text=${t("tour.button")} />
        <button
          type="button"
          class="button is-quiet is-round"
          aria-label=${t("app.help")}
          title=${`${t("app.help")} (?)`}
          onClick=${() => set({ dialog: "help" })}
        >?</button>
      </div>
    </header>
    <${ScenePanel} />
    <main
      id="main"
      tabindex="-1"
      class=${`screen-${screen}`}
    >${error ? html`<p class="error" role="alert" data-error>${error}</p>` : null}${session && OF_TRAINING.includes(screen) ? html`<${Notes} />` : null}<${Screen} /></main>
    ${session && OF_TRAINING.includes(screen) ? html`<${Transport} />` : null}
    <${Tour} />
    <${Dialogs} />
    <p class="visually-hidden" aria-live="polite" role="status">${live}</p>
  `;
}
