/** Findings: each rule on a training that has the fault, and none on one that goes well. */
import test from "node:test";
import assert from "node:assert/strict";
import { costFindings, findings, layerFindings, movedShare, RULES } from "../src/engine/findings.js";
import { Session } from "../src/engine/session.js";
import { makeLesson } from "../src/lesson/make.js";
import { hasText } from "../src/messages.js";
import { toySet } from "../src/data/toys.js";

function kinds(set, choice, updates, noise = 0) {
  const session = new Session(makeLesson(toySet(set, 1, noise), choice));
  session.reach(updates + 1);
  const found = findings(session, session.open(Math.min(updates, session.latest.t) + 1));
  for (const { kind, name } of found) {
    for (const part of ["name", "says", "hint"]) assert.ok(hasText(`finding.${kind}.${part}`), kind);
    assert.ok(session.open(1).steps.some(({ id }) => id === name), name);
  }
  return found.map(({ kind }) => kind);
}
const layers = (activation, count, width = 8) => ({ hidden: Array(count).fill(width), activations: Array(count).fill(activation) });

test("a training that goes well has no finding", () => {
  assert.deepEqual(kinds("circles", {}, 300), []);
  assert.deepEqual(kinds("gaussians", { training: { batch_size: 32 } }, 140), []);
});

test("each fault is found where it is", () => {
  const cases = [
    ["symmetric", "circles", { initialization: "zeros" }, 20],
    ["vanishing", "circles", { ...layers("sigmoid", 5), initialization: "small" }, 20],
    ["rateLow", "circles", { training: { optimizer: "gd", learning_rate: 0.0001 } }, 40],
    ["rateHigh", "plane", { training: { optimizer: "gd", learning_rate: 1.2 }, initialization: "he" }, 40],
  ];
  for (const [kind, set, choice, updates] of cases)
    assert.ok(kinds(set, choice, updates).includes(kind), `${kind}: ${kinds(set, choice, updates)}`);
});

test("a gradient that explodes", () => {
  const session = new Session(makeLesson(toySet("circles"), layers("identity", 2, 2)));
  session.edit(0, "W3", 0, 0, 1e5);
  const [one] = layerFindings(session.open(1));
  assert.deepEqual([one.kind, one.parts.l], ["exploding", 1]);
});

test("saturated units", () => {
  const session = new Session(makeLesson(toySet("circles"), layers("tanh", 2, 4)));
  for (const row of [0, 2, 3]) session.edit(0, "b2", row, 0, 9);
  const [one] = layerFindings(session.open(1));
  assert.deepEqual([one.kind, one.parts, one.name], ["saturated", { l: 2, percent: 75, n: 4 }, "dZ2"]);
});

test("dead units are named with the first of them", () => {
  const session = new Session(makeLesson(toySet("circles"), layers("relu", 2, 4)));
  for (const row of [1, 3]) session.edit(0, "b1", row, 0, -50);
  const [one] = layerFindings(session.open(1));
  assert.deepEqual([one.kind, one.parts, one.name, one.row], ["dead", { l: 1, percent: 50, n: 4 }, "A1", 1]);
});

test("overfitting needs a test set whose cost rises while the other falls", () => {
  const falls = Array.from({ length: 60 }, (_, i) => Math.exp(-i / 20));
  const turns = falls.map((J, i) => Math.max(J, 0.3 + 0.02 * (i - 24)));
  const [one] = costFindings(falls, turns, 1, 1);
  assert.equal(one.kind, "overfitting");
  assert.equal(turns[one.k - 1], Math.min(...turns));
  assert.deepEqual(costFindings(falls, falls, 1, 1), []);
  assert.deepEqual(costFindings(falls, [], 1, 1), []);
  assert.ok(kinds("spirals", { ...layers("tanh", 2, 16), test: 0.5, training: { optimizer: "adam", learning_rate: 0.1 } }, 400, 0.2).includes("overfitting"));
});

test("the curve: rising, a peak, jumps, nothing", () => {
  const of = (costs, moved = 1) => costFindings(costs, [], 1, moved).map(({ kind }) => kind);
  assert.deepEqual(of([1, 2]), ["rising"]);
  assert.deepEqual(of([1, 1.6, 0.4]), ["rateHigh"]);
  assert.deepEqual(of(Array.from({ length: 200 }, () => 0.7)), ["nothing"]);
  assert.deepEqual(of(Array.from({ length: 199 }, () => 0.7)), []);
  assert.deepEqual(of([2, ...Array.from({ length: 20 }, (_, i) => (i % 2 ? 1 : 1.5))]), ["unsteady"]);
  const straight = Array.from({ length: 20 }, (_, i) => 1 - i / 1000);
  assert.deepEqual([of(straight, 0.01), of(straight, 1)], [["rateLow"], []]);
  assert.deepEqual(of([1, NaN]), []);
  const W = (data) => ({ W1: { rows: 1, cols: 2, data: Float64Array.from(data) } });
  assert.equal(movedShare(W([3, 4]), W([3, 9])), 1);
  assert.equal(RULES, 11);
});
