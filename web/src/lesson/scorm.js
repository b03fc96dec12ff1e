/** SCORM 1.2: the score of a lesson for the learning platform that shows the page, if one does. */

const MOST_PARENTS = 10;
const MOST_TEXT = 4096; // characters that a platform keeps

/** The platform's interface among the windows around one; null without a platform. */
function above(from) {
  for (let i = 0, view = from; view && i < MOST_PARENTS; i++) {
    if (view.API) return view.API;
    if (!view.parent || view.parent === view) return null;
    view = view.parent;
  }
  return null;
}

/** The interface around this window, or around the one that opened it. */
export function findApi(view) {
  try {
    return above(view) ?? (view.top?.opener ? above(view.top.opener) : null);
  } catch {
    return null; // a window of another origin answers no question
  }
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
 * A connection to the platform.
 *
 * @param {any} api the platform's, or null: then nothing is sent
 * @param {() => number} now milliseconds
 */
export function connectScorm(api, now = () => Date.now()) {
  let open = !!api && String(api.LMSInitialize("")) === "true";
  const began = now();
  const set = (name, value) => api.LMSSetValue(`cmi.core.${name}`, String(value));
  return {
    isOpen: () => open,
    /** What was kept at the last visit. */
    kept: () => (open ? String(api.LMSGetValue("cmi.suspend_data") ?? "") : ""),
    /** @param {{status: string, percent: number, questions: number, at: number, text: string}} now_ */
    report({ status, percent, questions, at, text }) {
      if (!open) return;
      set("lesson_status", status);
      set("lesson_location", at);
      if (questions) {
        set("score.raw", percent);
        set("score.min", 0);
        set("score.max", 100);
      }
      if (text.length <= MOST_TEXT) api.LMSSetValue("cmi.suspend_data", text);
      api.LMSCommit("");
    },
    /** The end: the time of this visit; nothing is sent after it. */
    finish(isDone) {
      if (!open) return;
      open = false;
      set("session_time", timeText(now() - began));
      set("exit", isDone ? "" : "suspend");
      api.LMSCommit("");
      api.LMSFinish("");
    },
  };
}
