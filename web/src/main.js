/** The page begins: with the lesson that it carries, or at Home. */
import { html, render } from "./ui/html.js";
import { App } from "./ui/app.js";
import { listenToKeys } from "./ui/keyboard.js";
import { goToHash, keepHash, mark, readHash } from "./ui/hash.js";
import { listenToDrops, say, startCarried, startToy } from "./ui/opening.js";
import { connect, isServed } from "./ui/server.js";
import { startScenes } from "./ui/scenes.js";
import { app, set } from "./ui/store.js";
import { t } from "./messages.js";
import { checkToy } from "./lesson/check.js";
import { FORMAT as SCENES } from "./lesson/scenes.js";

function beginning() {
  const carried = document.getElementById("deepstep-lesson");
  try {
    const document_ = carried && JSON.parse(carried.textContent);
    if (document_?.format === SCENES) return startScenes(document_);
    if (document_) startCarried(document_);
  } catch (problem) {
    set({ session: null, screen: "home", error: say(problem) });
  }
  follow();
}

/** Where the hash leads; a link that leads nowhere is refused in words. */
function follow() {
  try {
    const place = readHash();
    if (place.toy) startToy(checkToy(place.toy), place.screen);
    else if (place.mark && app.session && place.mark !== mark(app.session.lesson)) throw new Error("other");
    const shown = place.screen ? place : readHash(`#${app.session?.lesson.place ?? ""}`);
    if (app.session && shown.screen) goToHash(shown);
  } catch (problem) {
    set({ error: t("error.link", { why: say(problem, t("error.copy")) }) });
  }
}

/** The served page asks for its lesson first. */
async function begin() {
  if (isServed()) {
    await connect().catch(() => set({ error: t("error.server.refused") }));
    if (app.session) follow();
  } else {
    beginning();
  }
}

begin().then(() => {
  render(html`<${App} />`, document.getElementById("app"));
  listenToKeys();
  listenToDrops();
  keepHash();
  globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", () => set({}));
  requestAnimationFrame(() => {
    globalThis.deepstepReady = true;
  });
});
