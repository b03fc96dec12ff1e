/** A lesson of scenes on the page: where it stands, what it locks, what it tells a learning platform. */
import { app, changed, set } from "./store.js";
import { begin } from "./walk.js";
import { goToHash, readHash } from "./hash.js";
import { knowLibrary } from "../lesson/library.js";
import { connectScorm, findApi } from "../lesson/scorm.js";
import { decodeScenes, giveAnswer, goToScene, placeOf, readState, scoreOf, stateText, statusOf } from "../lesson/scenes.js";

let platform = connectScorm(null);

/** To the next scene, or the one before, by a key; undefined for other keys. */
export function sceneKey(key) {
  const way = { n: 1, p: -1 }[key];
  return app.scenes && way && !app.dialog ? () => showScene(app.scenes.state.at + way) : undefined;
}

function report() {
  const { lesson, state } = app.scenes;
  const { percent, questions, done } = scoreOf(lesson, state);
  platform.report({ status: statusOf(lesson, state), percent, questions, done, at: state.at, text: stateText(state) });
}

function openPlace() {
  goToHash(readHash(`#${placeOf(app.scenes.lesson, app.scenes.state)}`));
}

/** The scene's network, anew, at the scene's place. */
function openScene() {
  const { lesson, state } = app.scenes;
  begin(lesson.networks[lesson.scenes[state.at].network], "lab");
  openPlace();
  report();
  try {
    history.replaceState(null, "", `#scene=${state.at + 1}`);
  } catch {
    /* a page inside a page may have no address of its own */
  }
}

/** Begin with the first scene, with the one in the address, or where the platform says that the reader was. */
export function startScenes(document_) {
  const lesson = decodeScenes(document_);
  knowLibrary(lesson);
  app.game = lesson.bugs ?? null;
  platform = connectScorm(findApi(globalThis), undefined, () => set({ platformLost: true }));
  const state = readState(lesson, platform.kept());
  const asked = Number(new URLSearchParams(location.hash.slice(1)).get("scene")) - 1;
  app.scenes = { lesson, state: goToScene(lesson, state, asked) };
  openScene();
  addEventListener("pagehide", () => platform.finish(scoreOf(app.scenes.lesson, app.scenes.state).done));
}

export function showScene(at) {
  const { lesson, state } = app.scenes;
  const next = goToScene(lesson, state, at);
  if (next === state) return;
  set({ scenes: { lesson, state: next }, dialog: null, live: "" });
  openScene();
}

export function answerScene(chosen) {
  const { lesson, state } = app.scenes;
  const next = giveAnswer(lesson, state, chosen);
  if (next === state) return;
  set({ scenes: { lesson, state: next } });
  if (lesson.scenes[state.at].question.then) openPlace();
  report();
  changed();
}
