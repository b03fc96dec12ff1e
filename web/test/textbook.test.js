/** Loss, dA[L] and dZ[L] from the output beside those from the logits. */
import test from "node:test";
import assert from "node:assert/strict";
import { Session } from "../src/engine/session.js";
import { numericDerivative } from "../src/engine/numeric.js";
import { twoWays } from "../src/engine/textbook.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";

const opened = (set) => new Session(makeLesson(toySet(set))).open(1);
const stepOf = (open, id) => open.steps.find((step) => step.id === id);

test("both ways agree where nothing is saturated, and dA[L] with its numeric twin", () => {
  for (const set of ["circles", "arms", "plane"]) {
    const open = opened(set);
    const L = open.problem.network.activations.length;
    for (const id of set === "plane" ? [] : ["loss", `loss_A${L}`, `dA${L}`, `dZ${L}_chain`, `dZ${L}`]) {
      const found = twoWays(open, stepOf(open, id), 0, 3);
      assert.equal(found.differ, 0, `${set} ${id}`);
      assert.ok(Math.abs(found.stable - found.textbook) < 1e-12);
    }
    const numeric = numericDerivative(open.problem, open.values, `dA${L}`, 0, 3);
    assert.ok(Math.abs(numeric.value - open.values.get(`dA${L}`).data[3]) < 1e-6, set);
    assert.equal(twoWays(open, stepOf(open, "J"), 0, 0), null);
  }
});

test("a saturated output loses the way by the output, and the watch does not stop there", () => {
  const session = new Session(makeLesson(toySet("circles")));
  session.edit(0, "b3", 0, 0, 60);
  const open = session.open(1);
  const wrong = twoWays(open, stepOf(open, "loss"), 0, 0);
  assert.ok(wrong.differ > 50 && wrong.first >= 0);
  assert.equal(open.values.get("loss_A3").data.some(Number.isFinite), true);
  assert.equal(open.values.get("loss_A3").data.includes(Infinity), true);
  assert.equal(open.born, null);
});
