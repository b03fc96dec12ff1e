/** A tour of the page: a few stops, each beside the part that it is about; it begins by a button and ends at any time. */
import { html, useLayoutEffect, useRef } from "./html.js";
import { locked } from "./locks.js";
import { app, set, useApp } from "./store.js";
import { showScreen } from "./walk.js";
import { startToy } from "./opening.js";
import { t } from "../messages.js";

/** Screen, the part of it, and the key of its text. */
export const STOPS = [
  { screen: "play", part: ".play-left", key: "data" },
  { screen: "play", part: ".play-network", key: "network" },
  { screen: "play", part: ".transport", key: "transport" },
  { screen: "play", part: ".play-right", key: "result" },
  { screen: "play", part: ".findings", key: "findings" },
  { screen: "lab", part: ".ribbon", key: "steps" },
  { screen: "lab", part: ".lab-matrices", key: "numbers" },
];

/** The stops that this page can show: Play is off where only recorded steps can be seen. */
const stops = () => STOPS.filter(({ screen }) => screen === "lab" || !app.session.isRecorded);

/** The way into the tour, where its screens may be opened. */
export function TourButton({ look = "", text }) {
  if (locked("screens")) return null;
  return html`<button type="button" class=${`button${look}`} data-action="tour" onClick=${startTour}>${text}</button>`;
}

function goToStop(at) {
  const { screen } = stops()[at];
  showScreen(screen);
  set({ tour: at, dialog: null });
}

let before = null;

function startTour() {
  before = /** @type {HTMLElement} */ (document.activeElement);
  if (!app.session) startToy({ data: "circles" });
  goToStop(0);
}

function end() {
  set({ tour: null });
  (before?.isConnected ? before : document.getElementById("main")).focus({ preventScroll: true });
}

export function Tour() {
  const { tour } = useApp();
  const panel = useRef(null);
  const stop = tour === null || !app.session ? null : stops()[tour];
  useLayoutEffect(() => {
    if (!stop) return;
    const part = document.querySelector(stop.part);
    part?.classList.add("is-toured");
    const isWide = part && part.getBoundingClientRect().height > innerHeight * 0.6;
    part?.scrollIntoView({ block: isWide ? "start" : "center" });
    panel.current.querySelector('[data-action="tour-next"]').focus({ preventScroll: true });
    return () => part?.classList.remove("is-toured");
  }, [stop]);
  if (!stop) return null;
  const last = stops().length - 1;
  const next = () => (tour === last ? end() : goToStop(tour + 1));
  const onKeyDown = (event) => {
    const act = { Escape: end, ArrowRight: next, ArrowLeft: () => tour && goToStop(tour - 1) }[event.key];
    if (event.key !== "Tab") event.stopPropagation();
    if (!act) return;
    event.preventDefault();
    act();
  };
  return html`<section class="tour" role="dialog" aria-labelledby="tour-title" aria-describedby="tour-text" ref=${panel} onKeyDown=${onKeyDown}>
    <p class="quiet">${t("tour.place", { n: tour + 1, of: last + 1 })}</p>
    <h2 id="tour-title">${t(`tour.${stop.key}.title`)}</h2>
    <p id="tour-text">${t(`tour.${stop.key}.text`)}</p>
    <div class="row">
      <button type="button" class="button is-quiet" disabled=${tour === 0} onClick=${() => goToStop(tour - 1)}>${t("tour.back")}</button>
      <button type="button" class="button" data-action="tour-next" onClick=${next}>${t(tour === last ? "tour.done" : "tour.next")}</button>
      ${tour === last ? null : html`<button type="button" class="button is-quiet" data-action="tour-skip" onClick=${end}>${t("tour.skip")}</button>`}
    </div>
  </section>`;
}
