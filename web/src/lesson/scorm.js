/** SCORM 1.2: the score of a lesson for the learning platform that shows the page, if one does. */

const MOST_PARENTS = 10;
const MOST_TEXT = 4096; // characters that a platform keeps

/** A part of another window; undefined where its origin forbids to read it. */
function part(view, name) {
  try {
    return view[name];
  } catch {
    return undefined;
  }
}

/** The platform's interface among the windows around one; null without a platform. */
function above(from) {
  for (let i = 0, view = from; view && i < MOST_PARENTS; i++) {
    const api = part(view, "API");
    if (api) return api;
    const parent = part(view, "parent");
    view = parent === view ? null : parent;
  }
  return null;
}

/** The interface around this window, or around the one that opened it; windows of another origin are passed over. */
export function findApi(view) {
  return above(view) ?? above(part(part(view, "top") ?? view, "opener"));
}

/** Milliseconds as SCORM has them: HHHH:MM:SS.SS. */
export function timeText(milliseconds) {
  const hundredths = Math.max(0, Math.floor(milliseconds / 10));
  const two = (n) => String(n).padStart(2, "0");
  const seconds = Math.floor(hundredths / 100);
  const hours = Math.min(9999, Math.floor(seconds / 3600));
  return `${String(hours).padStart(4, "0")}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`;
}

/**
 * A connection to the platform. A call that throws, or a refusal at the beginning, ends it: the lesson goes on as without a platform.
 *
 * @param {any} api the platform's, or null: then nothing is sent
 * @param {() => number} now milliseconds
 * @param {() => void} lost what comes after that, once
 */
export function connectScorm(api, now = () => Date.now(), lost = () => {}) {
  let open = !!api;
  const began = now();
  const drop = () => {
    open = false;
    lost();
  };
  const call = (name, ...values) => {
    if (!open) return "";
    try {
      return String(api[name](...values) ?? "");
    } catch {
      drop();
      return "";
    }
  };
  const set = (name, value) => call("LMSSetValue", `cmi.core.${name}`, String(value));
  const answer = call("LMSInitialize", "");
  if (open && answer !== "true") drop();
  return {
    isOpen: () => open,
    /** What was kept at the last visit. */
    kept: () => call("LMSGetValue", "cmi.suspend_data"),
    /**
     * The score is sent when the lesson is done: a platform may decide by it alone whether the lesson is passed.
     *
     * @param {{status: string, percent: number, questions: number, done: boolean, at: number, text: string}} now_
     */
    report({ status, percent, questions, done, at, text }) {
      set("lesson_status", status);
      set("lesson_location", at);
      if (questions && done) {
        set("score.raw", percent);
        set("score.min", 0);
        set("score.max", 100);
      }
      if (text.length <= MOST_TEXT) call("LMSSetValue", "cmi.suspend_data", text);
      call("LMSCommit", "");
    },
    /** The end: the time of this visit; nothing is sent after it. */
    finish(isDone) {
      set("session_time", timeText(now() - began));
      set("exit", isDone ? "" : "suspend");
      call("LMSCommit", "");
      call("LMSFinish", "");
      open = false;
    },
  };
}
