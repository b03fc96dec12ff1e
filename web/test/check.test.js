/** What comes from outside: a sound lesson passes, and whatever is wrong in one is named with its place. */
import test from "node:test";
import assert from "node:assert/strict";
import { Session } from "../src/engine/session.js";
import { checkLesson } from "../src/lesson/check.js";
import { lessonNow } from "../src/lesson/export.js";
import { decodeLesson, lessonText } from "../src/lesson/codec.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";
import { recordedValues } from "../src/engine/golden.js";

/** A lesson with all parts, as a page would save it. */
function sound() {
  const session = new Session(makeLesson(toySet("circles"), { hidden: [3], activations: ["tanh"] }));
  session.add(2, [0.1, 0.2], [1]);
  session.edit(2, "W1", 0, 0, 1);
  session.reach(6);
  const { problem, values, after } = session.open(1);
  const golden = { step: 1, parameters: problem.parameters, quantities: Object.fromEntries(values), after: after.parameters };
  assert.ok(recordedValues(golden).has("Z1"));
  const lesson = {
    ...lessonNow(session, "s=lab"),
    golden: [golden],
    recorded: [{ step: 5, parameters: session.latest.parameters }],
    batches: [[0, 1, 2]],
    masks: [{ A1: { rows: 3, cols: 3, data: new Float64Array(9) } }],
    history: { unit: "epoch", at: [0, 1], cost: [1, 0.5] },
  };
  return decodeLesson(JSON.parse(lessonText(lesson)));
}

test("a sound lesson passes as it is", () => {
  const lesson = sound();
  assert.equal(checkLesson(lesson), lesson);
});

const matrix = (rows, cols) => ({ rows, cols, data: new Float64Array(rows * cols) });

/** How a lesson is damaged: the place, what stands there instead, where the sentence says that it is. */
const DAMAGE = [
  ["title", 3, "title"],
  ["notes", {}, "notes"],
  ["network", null, "network.layer_dims"],
  ["network.layer_dims", [2, 0, 1], "network.layer_dims"],
  ["network.activations", ["tanh"], "network.activations"],
  ["training", undefined, "training.learning_rate"],
  ["training.learning_rate", NaN, "training.learning_rate"],
  ["training.batch_size", 0.5, "training.batch_size"],
  ["training.dropout", 1, "training.dropout"],
  ["training.dropout", [0.1, 0.1], "training.dropout"],
  ["training.l2", "much", "training.l2"],
  ["training.seed", 1.5, "training.seed"],
  ["parameters", {}, "parameters.W1"],
  ["parameters.b1", matrix(2, 1), "parameters.b1"],
  ["parameters.W1.data.4", NaN, "parameters.W1[2, 0]"],
  ["data", undefined, "data.X"],
  ["data.X", matrix(3, 200), "data.X"],
  ["data.X.data.0", Infinity, "data.X[0, 0]"],
  ["data.Y", matrix(1, 199), "data.Y"],
  ["data.kind", "other", "data.kind"],
  ["data.classes", "ab", "data.classes"],
  ["batches", [[0, 200]], "batches"],
  ["masks.0.A1", matrix(3, 2), "masks[0].A1"],
  ["golden", 1, "golden"],
  ["golden.0.step", "1", "golden[0].step"],
  ["golden.0.parameters.b2", undefined, "golden[0].parameters.b2"],
  ["golden.0.after.W1", matrix(1, 1), "golden[0].after.W1"],
  ["golden.0.quantities", null, "golden[0].quantities.A0"],
  ["golden.0.quantities.Y", matrix(2, 200), "golden[0].quantities.Y"],
  ["recorded.0.parameters", null, "recorded[0].parameters.W1"],
  ["history.cost", [1], "history"],
  ["resume.states", [], "resume"],
  ["resume.log.0.add", [[0], [0]], "log[0]"],
  ["resume.states.0.parameters.W1", matrix(1, 1), "resume.states.W1"],
];

for (const [place, value, where] of DAMAGE) {
  test(`damage of ${place} is named`, () => {
    const lesson = sound();
    const parts = place.split(".");
    const last = parts.pop();
    const owner = parts.reduce((inner, part) => inner[part], lesson);
    owner[last] = value;
    assert.throws(() => checkLesson(lesson), (problem) => {
      assert.equal(problem.message, "damaged");
      assert.equal(problem.parts.where, where);
      return true;
    });
  });
}

test("an array whose numbers are too few is refused where it is read", () => {
  const text = lessonText(makeLesson(toySet("xor")));
  const document_ = JSON.parse(text);
  document_.parameters.W1.shape = [8, 3];
  assert.throws(() => decodeLesson(document_), /array/);
  document_.parameters.W1 = { shape: [8, 2], f8: "@@" };
  assert.throws(() => decodeLesson(document_));
});
