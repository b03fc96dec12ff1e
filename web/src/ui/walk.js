/** Going through a training: micro-steps, layers, updates, epochs; playing. */
import { checkGolden } from "../engine/golden.js";
import { RecordedSession, unknownParts } from "../engine/recorded.js";
import { Session } from "../engine/session.js";
import { canMove, canShow, locked } from "./locks.js";
import { app, changed, set } from "./store.js";
import { sentence } from "./sentences.js";

const MANY = 100_000; // updates that Python is asked for: until it is told to stop
/** Milliseconds between two steps, by speed. */
const PAUSES = { micro: [2400, 1400, 800, 350, 100], other: [500, 150, 40, 0, 0] };
/** Seconds between two updates in Python, by speed; the last one is as fast as it can. */
const PYTHON_PAUSES = [0.5, 0.15, 0.04, 1 / 60, 0];
const FRAME = 12; // milliseconds of a frame that training may take
const RHYTHM = 1000 / 60; // milliseconds of an update in Play at its usual speed, however slowly the page is drawn
const CATCH_UP = 6; // updates in one drawing, at most
const REDRAWN = 300; // milliseconds between two drawings of work that goes on

export const opened = () => app.session.open(app.k);
export const step = () => opened().steps[app.micro];

/** Another screen, as a reader asks for it. */
export function showScreen(screen) {
  if (canShow(screen)) openScreen(screen);
}

/** Another screen, whatever is locked; the Step lab plays by micro-steps, Play by updates. */
export function openScreen(screen) {
  if (app.playing) play(false);
  if (screen === "lab") app.unit = "micro";
  else if (app.unit === "micro") app.unit = "update";
  set({ screen });
}

/** What Python does not train is computed in the page. */
export function leaveServer() {
  if (app.server?.on) app.server.leave();
}

/** Begin with a lesson, at its first equation. */
export function begin(lesson, screen) {
  leaveServer();
  const session = unknownParts(lesson).length ? new RecordedSession(lesson) : new Session(lesson);
  if (session.isRecorded) screen = "lab";
  set({ session, k: 1, micro: 1, playing: false, job: null, born: null, ended: "", error: "", check: null, paint: null });
  app.firstUnit = {};
  app.unitOpen = [session.network.activations.length, 0];
  openScreen(screen);
  settle();
  if (!session.isRecorded) selfCheck(session);
}

/** Hold the page's arithmetic against all that Python recorded, a step at a time between drawings. */
function selfCheck(session) {
  const { lesson } = session;
  const goldens = [...(lesson.golden ?? [])];
  const total = { difference: 0, worst: "", compared: 0 };
  const next = () => {
    const golden = goldens.shift();
    if (!golden || session !== app.session) return;
    const check = checkGolden(lesson, golden);
    total.compared += check.compared;
    if (check.difference >= total.difference)
      Object.assign(total, { difference: check.difference, worst: check.worst });
    set({ check: { ...total } });
    setTimeout(next, 30);
  };
  setTimeout(next, 0);
}

/** The cursor lies on the result of the micro-step, as far as possible where it was. */
function settle(speak = true) {
  const { steps, values } = opened();
  app.micro = Math.max(0, Math.min(app.micro, steps.length - 1));
  const { id } = steps[app.micro];
  const value = values.get(id);
  const [rows, cols] = typeof value === "number" ? [1, 1] : [value.rows, value.cols];
  app.cursor = {
    name: id,
    row: Math.min(app.cursor?.row ?? 0, rows - 1),
    col: Math.min(app.cursor?.col ?? 0, cols - 1),
  };
  app.focusCursor = false;
  if (speak && !(app.playing && (app.speed > 2 || app.unit !== "micro")))
    app.live = sentence(app.session, steps[app.micro]);
  changed();
}

/**
 * Updates one after the other, in slices between which the page answers. Whoever goes elsewhere, or presses
 * pause, ends it.
 *
 * @param {Iterator<any>} updates
 * @param {() => void} then what comes after the last one
 * @param {boolean} [shown] whether the page goes along
 * @param {number} [k] the update that it leads to: who asks for the next one means the one after it
 */
export function work(updates, then, shown = false, k = undefined) {
  const job = (app.job = { k });
  let drawn = performance.now();
  const slice = () => {
    if (app.job !== job) return;
    const until = performance.now() + FRAME;
    do
      if (updates.next().done) {
        app.job = null;
        return then();
      }
    while (performance.now() < until);
    if (shown && until - drawn > REDRAWN) {
      app.k = app.session.latest.t + 1;
      settle(false);
      drawn = until;
    }
    setTimeout(slice);
  };
  slice();
  changed();
}

/** Update k, as a reader asks for it. */
export function goTo(k, micro = app.micro, then = undefined) {
  if (!locked("transport")) openUpdate(k, micro, then);
}

/** Open update k, whatever is locked, training up to it where that is still to be done. */
export function openUpdate(k, micro = app.micro, then = undefined) {
  const { session, server } = app;
  if (server?.on && k - 1 > session.latest.t) {
    server.send({ do: "step", steps: k - 1 - session.latest.t });
    return;
  }
  const from = app.k;
  const arrive = () => {
    app.k = session.reach(k, from);
    if (session.stopped && app.k < k) set({ playing: false, born: session.stopped });
    app.micro = app.k === k || session.isRecorded ? micro : app.micro;
    settle();
    then?.();
  };
  app.job = null;
  if (session.isRecorded) arrive();
  else work(session.going(k), arrive, k > session.latest.t, k);
}

export function goToMicro(micro) {
  if (locked("transport")) return;
  app.micro = micro;
  settle();
}

/** Forward or back by one micro-step, into the next or the last update. */
export function byMicro(direction) {
  const next = app.micro + direction;
  if (next < 0) {
    if (app.k > 1) goTo(app.k - 1, Infinity);
  } else if (next >= opened().steps.length) {
    goTo(app.k + 1, 0);
  } else {
    goToMicro(next);
  }
}

/** To the next micro-step that belongs to another layer or phase. */
export function byLayer(direction) {
  const { steps } = opened();
  const group = ({ phase, layer }) => `${phase} ${layer}`;
  const here = group(steps[app.micro]);
  let at = app.micro;
  while (at >= 0 && at < steps.length && group(steps[at]) === here) at += direction;
  if (at < 0 || at >= steps.length) return byMicro(at < 0 ? -(app.micro + 1) : steps.length - app.micro);
  if (direction < 0) while (at > 0 && group(steps[at - 1]) === group(steps[at])) at -= 1;
  goToMicro(at);
}

/** The update that is open, or will be when the work that goes on is done. */
const heading = () => app.job?.k ?? app.k;

export const byUpdate = (direction) => goTo(heading() + direction);

export function byEpoch() {
  const each = app.session.updatesPerEpoch(heading());
  goTo(heading() + each - ((heading() - 1) % each));
}

export function play(on = !app.playing) {
  if (on && locked("transport")) return;
  if (app.job) {
    set({ job: null, playing: false });
    return goTo(app.session.latest.t + 1);
  }
  if (app.playing === on || !app.session) return;
  set({ playing: on, born: on ? null : app.born });
  if (app.server?.on && app.unit !== "micro")
    return app.server.send(on ? { do: "train", steps: MANY, pause: pythonPause() } : { do: "stop" });
  if (on) requestAnimationFrame(frame);
  else settle();
}

/** By epochs the pause is shared among the updates of one. */
const pythonPause = () =>
  PYTHON_PAUSES[app.speed] / (app.unit === "epoch" ? app.session.updatesPerEpoch(heading()) : 1);

/** Another speed or unit of playing, of the training in Python too. */
export function setPace(changes) {
  set(changes);
  if (app.server?.on && app.playing && app.unit !== "micro") app.server.send({ do: "set", pause: pythonPause() });
}

let last = 0;

function frame(now) {
  if (!app.playing) return;
  requestAnimationFrame(frame);
  if (app.job || now - last < PAUSES[app.unit === "micro" ? "micro" : "other"][app.speed]) return;
  const due = Math.round((now - last) / RHYTHM);
  last = now;
  if (app.unit === "micro") return byMicro(1);
  if (app.unit === "epoch") return byEpoch();
  const until = performance.now() + FRAME;
  const most = [1, 1, 1, Math.max(1, Math.min(due, CATCH_UP))][app.speed] ?? Infinity;
  for (let done = 0; done < most && performance.now() < until && app.playing && !app.job; done++) {
    if (app.session.latest.t >= app.k) goTo(app.k + 1);
    else if (!advance()) break;
  }
  settle(false);
}

/** One update at the end of what is done, without opening it. */
function advance() {
  const { session } = app;
  if (session.latest.t < app.k && !session.advance()) {
    set({ playing: false, born: session.stopped });
    return false;
  }
  app.k = session.latest.t + 1;
  return true;
}

/** Put the cursor on a number; with focus, from the keyboard. */
export function pointAt(cursor, focus = false) {
  set({ cursor, focusCursor: focus });
}

/** To the micro-step that made a quantity, with the cursor on the number. */
export function showMaking({ name, row, col }) {
  const at = opened().steps.findIndex(({ id }) => id === name);
  if (at < 0 || !canMove()) return;
  app.micro = at;
  app.cursor = { name, row, col };
  settle();
  if (app.screen !== "lab") openScreen("lab");
  set({ dialog: null });
}

/** To where a number stopped being finite. */
export function showBorn() {
  if (!canMove()) return;
  const { k, name, row, col } = app.born;
  app.k = k;
  showMaking({ name, row, col });
}
