/** A scene's locks hold for every way to another screen, update or micro-step. */
import test from "node:test";
import assert from "node:assert/strict";
import { app } from "../src/ui/store.js";
import * as walk from "../src/ui/walk.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";

const place = () => [app.screen, app.k, app.micro, app.playing];
const ways = {
  screens: [() => walk.showScreen("lab"), () => walk.showScreen("home"), () => walk.showMaking({ name: "A0", row: 0, col: 0 })],
  transport: [
    () => walk.goTo(2),
    () => walk.goToMicro(3),
    () => walk.byMicro(1),
    () => walk.byLayer(1),
    () => walk.byUpdate(1),
    () => walk.byEpoch(),
    () => walk.play(),
    () => walk.showMaking({ name: "J", row: 0, col: 0 }),
  ],
};

function openScene(locked, screen, question = null) {
  app.scenes = { lesson: { scenes: [{ locked, question }] }, state: { at: 0, answers: {} } };
  walk.begin(makeLesson(toySet("circles")), screen);
}

test("locked screens and a locked transport stay where they are", () => {
  openScene(["screens"], "play");
  assert.equal(app.screen, "play"); // the scene itself may open any
  for (const [name, lock, screen] of [["screens", ["screens"], "play"], ["transport", ["transport"], "lab"]]) {
    for (const way of ways[name]) {
      openScene(lock, screen);
      const before = place();
      way();
      assert.deepEqual(place(), before, `${name}: ${way}`);
    }
  }
});

test("a prediction to be made first locks the training, an answer unlocks it", () => {
  openScene([], "lab", { predict_first: true });
  walk.goTo(2);
  assert.equal(app.k, 1);
  walk.openUpdate(2);
  assert.equal(app.k, 2);
  app.scenes.state.answers[0] = [0];
  walk.goTo(3);
  assert.equal(app.k, 3);
  walk.showScreen("play");
  assert.equal(app.screen, "play");
  walk.showScreen("home");
  assert.equal(app.screen, "play");
});
