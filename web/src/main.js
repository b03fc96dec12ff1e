/** The page begins: with the lesson that it carries, or at Home. */
import { html, render } from "./ui/html.js";
import { App } from "./ui/app.js";
import { listenToKeys } from "./ui/keyboard.js";
import { goToHash, keepHash, readHash } from "./ui/hash.js";
import { listenToDrops, startCarried, startToy } from "./ui/opening.js";
import { connect, isServed } from "./ui/server.js";
import { app, set } from "./ui/store.js";
import { t } from "./messages.js";
import { TOY_NAMES } from "./data/toys.js";

function beginning() {
  const place = readHash();
  const carried = document.getElementById("deepstep-lesson");
  try {
    if (carried) startCarried(JSON.parse(carried.textContent));
    else if (TOY_NAMES.includes(place.toy?.data)) startToy(place.toy, place.screen);
    const shown = place.screen ? place : readHash(`#${app.session?.lesson.place ?? ""}`);
    if (app.session && shown.screen) goToHash(shown);
  } catch (problem) {
    set({ session: null, screen: "home", error: t(`error.${problem.message}`) });
  }
}

/** The served page asks for its lesson first. */
async function begin() {
  if (isServed()) {
    await connect().catch(() => set({ error: t("error.server.refused") }));
    if (app.session && readHash().screen) goToHash(readHash());
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
