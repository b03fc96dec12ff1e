/** Keys for the whole page; what is typed into a field, or moves within a matrix, stays there. */
import { app, set } from "./store.js";
import { undo } from "./editing.js";
import { keyLocked, locked } from "./locks.js";
import { sceneKey } from "./scenes.js";
import { byLayer, byMicro, byUpdate, play } from "./walk.js";

const FIELDS = "input, select, textarea, [contenteditable]";
const TYPED = "input[type=number], textarea"; // these take back what is typed by themselves
const PRESSED_BY_SPACE = `${FIELDS}, button, summary, a`;

function act(event) {
  const { key, shiftKey, target } = event;
  if (key === "?") return () => set({ dialog: app.dialog === "help" ? null : "help" });
  if (app.dialog || !app.session || !["play", "lab"].includes(app.screen)) return null;
  if (key === " ") return target.closest(PRESSED_BY_SPACE) ? null : () => play();
  if (key === "/") return () => set({ dialog: "find" });
  if (key === "[") return () => byUpdate(-1);
  if (key === "]") return () => byUpdate(1);
  if (app.screen !== "lab") return null;
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!direction || target.closest("pre")) return null;
  return () => (shiftKey ? byLayer(direction) : byMicro(direction));
}

export function listenToKeys() {
  document.body.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      if (app.screen !== "play" || app.dialog || locked("training") || /** @type {Element} */ (event.target).closest(TYPED)) return;
      event.preventDefault();
      return undo();
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !app.singleKeys) return;
    if (/** @type {Element} */ (event.target).closest(FIELDS)) return;
    const action = sceneKey(event.key) ?? (keyLocked(event.key) ? null : act(event));
    if (!action) return;
    event.preventDefault();
    action();
  });
}
