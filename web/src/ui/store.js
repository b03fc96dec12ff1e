/** What the page shows: one object, and who wants to hear of its changes. */
import { useLayoutEffect, useState } from "./html.js";

/** @typedef {{name: string, row: number, col: number}} Cursor */

export const app = {
  screen: "home",
  /** @type {import("../engine/session.js").Session | null} */
  session: null,
  /** Number of the update that is open, from 1: updates before it are done. */
  k: 1,
  /** Place among its micro-steps. */
  micro: 0,
  /** @type {Cursor | null} */
  cursor: null,
  /** Whether the number under the cursor is to get the focus after drawing. */
  focusCursor: false,
  playing: false,
  /** The work that goes on in slices. */
  job: null,
  unit: "update",
  speed: 3,
  /** @type {string | null} */
  dialog: null,
  singleKeys: true,
  /** What a screen reader is to say. */
  live: "",
  error: "",
  /** The lesson that came with the page. */
  carried: null,
  /** The self-check against Python's numbers, if the lesson has any. */
  check: null,
  /** The place that a training stopped at. */
  born: null,
  /** Why the training in Python ended. */
  ended: "",
  /** The unit whose weights can be edited: [layer, unit]. */
  unitOpen: null,
  /** By layer the first unit that is drawn, where not all of them are. */
  firstUnit: {},
  /** The stop of the tour. */
  tour: null,
  paint: null,
  /** The mistake that is on in the bug museum, and the quantity that is shown. */
  exhibit: null,
  quantity: null,
  /** Programs and mistakes for Find the bug: those of the museum, or of a lesson; null where the page has none. */
  game: null,
  /** The round of Find the bug, with what its reader asked and answered; and the points of all rounds. */
  bugs: null,
  score: { points: 0, rounds: 0 },
  /** Whether the curve of the cost has a logarithmic axis. */
  logCost: false,
  server: null,
  /** A lesson of scenes and where its reader is in it: {lesson, state}. */
  scenes: null,
  /** Whether a learning platform stopped answering. */
  platformLost: false,
};

const listeners = new Set();
let asked = false;

/** Draw soon: many changes make one drawing. */
export function changed() {
  if (asked) return;
  asked = true;
  queueMicrotask(() => {
    asked = false;
    for (const listener of listeners) listener();
  });
}

export function set(changes) {
  Object.assign(app, changes);
  changed();
}

/** Draw this component again whenever something changes. */
export function useApp() {
  const [, again] = useState(0);
  // at once, and not after the drawing: a change between the two would never be seen
  useLayoutEffect(() => {
    const listener = () => again((n) => n + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return app;
}

export function subscribe(listener) {
  listeners.add(listener);
}
