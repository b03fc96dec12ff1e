/** The place in the page, in the hash of its address: screen, update, micro-step, cell, and a toy network. */
import { app, changed, subscribe } from "./store.js";
import { goTo, opened, pointAt, showScreen } from "./walk.js";

/** The state as text for a hash. */
export function hashText() {
  const { screen, session, k, micro, cursor } = app;
  const parts = { s: screen };
  if (session) {
    Object.assign(parts, { k, q: session.open(k).steps[micro]?.id });
    if (cursor?.row || cursor?.col) parts.c = `${cursor.row},${cursor.col}`;
    const { lesson } = session;
    if (lesson.toy) parts.n = JSON.stringify({ ...lesson.toy, log: session.log.length ? session.log : undefined });
  }
  return new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== undefined)).toString();
}

export function readHash(hash = location.hash) {
  const parts = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  let toy = null;
  try {
    toy = parts.n ? JSON.parse(parts.n) : null;
  } catch {
    toy = null;
  }
  const k = Number(parts.k);
  return { screen: parts.s, k: Number.isSafeInteger(k) && k > 0 ? k : 1, id: parts.q, cell: parts.c?.split(",").map(Number), toy };
}

const MOST_UPDATES = 3_000; // that a link may make the page do before it opens

/** Go to the place that a hash names. */
export function goToHash({ screen, k, id, cell, toy }) {
  if (!app.session) return;
  if (app.session.lesson.toy && Array.isArray(toy?.log) && !app.session.lesson.resume)
    app.session.replay(toy.log.filter(({ t }) => t <= MOST_UPDATES));
  if (["play", "lab", "home"].includes(screen)) showScreen(screen);
  goTo(Math.max(1, Math.min(k, MOST_UPDATES)));
  const at = opened().steps.findIndex((step) => step.id === id);
  if (at >= 0) goTo(app.k, at);
  if (cell?.every(Number.isInteger)) pointAt({ ...app.cursor, row: cell[0], col: cell[1] });
  changed();
}

let timer = 0;

/** Write the hash a moment after a change; inside a frame without an address it stays as it is. */
export function keepHash() {
  subscribe(() => {
    clearTimeout(timer);
    if (app.playing) return;
    timer = setTimeout(() => {
      try {
        history.replaceState(null, "", `#${hashText()}`);
      } catch {
        /* a page inside a page may have no address of its own */
      }
    }, 300);
  });
}
