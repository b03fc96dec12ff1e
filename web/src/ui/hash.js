/** The place in the page, in the hash of its address: screen, update, micro-step, cell; a toy network; changes by hand. */
import { Session } from "../engine/session.js";
import { checkLog } from "../lesson/check.js";
import { app, changed, set, subscribe } from "./store.js";
import { startRound } from "./bugs.js";
import { switchTo } from "./museum.js";
import { t } from "../messages.js";
import { openUpdate, opened, pointAt, openScreen, work } from "./walk.js";

const MOST = 1500; // characters of changes that a link carries

/** What tells one lesson from others: a number made of its parameters and examples. */
export function mark({ parameters, data }) {
  let sum = 0x811c9dc5;
  for (const { data: numbers } of [...Object.values(parameters), data.X, data.Y])
    for (const word of new Uint32Array(numbers.buffer)) sum = Math.imul(sum ^ word, 0x1000193);
  return (sum >>> 0).toString(36);
}

const isCarried = ({ parameters }) => parameters === app.carried?.parameters;
const logText = () => (app.session.log?.length ? JSON.stringify(app.session.log) : "");

/** What a link to here lacks, as a key of the catalogue; empty where it carries everything. */
export function linkLacks() {
  if (!isCarried(app.session.lesson) && !app.session.lesson.toy) return "share.linkNone";
  return logText().length > MOST ? "share.linkChanges" : "";
}

/** The state as text for a hash. */
export function hashText() {
  const { screen, session, k, micro, cursor } = app;
  const parts = { s: screen };
  if (screen === "museum" && app.exhibit) parts.x = app.exhibit;
  if (screen === "bugs") parts.r = app.bugs?.round.seed;
  else if (session) {
    const { lesson } = session;
    Object.assign(parts, { k, q: session.open(k).steps[micro]?.id });
    if (cursor?.row || cursor?.col) parts.c = `${cursor.row},${cursor.col}`;
    if (isCarried(lesson)) parts.l = mark(lesson);
    else if (lesson.toy) parts.n = JSON.stringify(lesson.toy);
    if (logText() && !linkLacks()) parts.e = logText();
  }
  return new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== undefined)).toString();
}

/** @throws where it is damaged */
export function readHash(hash = location.hash) {
  const { s, k, q, c, l, n, e, x, r } = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  const number = Number(k);
  return {
    screen: s ?? (q && "lab"),
    exhibit: x,
    round: Number(r),
    k: Number.isSafeInteger(number) && number > 0 ? number : 1,
    id: q,
    cell: c?.split(",").map(Number),
    mark: l,
    toy: n && JSON.parse(n),
    log: e && JSON.parse(e),
  };
}

/** Go to the place that a hash names, with its changes. */
export function goToHash({ screen, exhibit, round, k, id, cell, log }) {
  const { session } = app;
  const arrive = () => {
    if (screen === "museum" && app.carried?.museum) {
      switchTo(exhibit);
      openScreen(screen);
    }
    if (screen === "bugs" && app.game) {
      startRound(round);
      return openScreen(screen);
    }
    if (["play", "lab", "home"].includes(screen)) openScreen(session.isRecorded && screen === "play" ? "lab" : screen);
    openUpdate(k, 1, () => {
      const at = opened().steps.findIndex((step) => step.id === id);
      if (at >= 0) openUpdate(app.k, at);
      else if (id) set({ error: t("error.link", { why: t("error.quantity", { k: app.k, name: id }) }) });
      if (cell?.every(Number.isInteger)) pointAt({ ...app.cursor, row: cell[0], col: cell[1] });
      changed();
    });
  };
  if (!log || session.isRecorded || JSON.stringify(log) === logText()) return arrive();
  checkLog(log, session.lesson);
  const again = new Session({ ...session.lesson, resume: undefined });
  work(again.replaying(log), () => {
    set({ session: again });
    arrive();
  });
}

let timer = 0;

/**
 * Write the hash a moment after a change; inside a frame without an address it stays as it is. Where Python was left
 * it stays too: the page that is loaded again is the one that Python knows.
 */
export function keepHash() {
  addEventListener("hashchange", () => location.reload());
  subscribe(() => {
    clearTimeout(timer);
    if (app.playing) return;
    timer = setTimeout(() => {
      try {
        if (!app.job && !app.scenes && app.server?.on !== false) history.replaceState(null, "", `#${hashText()}`);
      } catch {
        /* a page inside a page may have no address of its own */
      }
    }, 300);
  });
}
