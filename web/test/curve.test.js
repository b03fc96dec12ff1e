/** Long trainings: the time of a call and the points of a curve stay bounded. */
import test from "node:test";
import assert from "node:assert/strict";
import { byEpoch, highest, lowest, places, thinned } from "../src/engine/curve.js";
import { costFindings, movedShare } from "../src/engine/findings.js";
import { Session } from "../src/engine/session.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";

const LONG = 300_000;
const falling = () => Array.from({ length: LONG }, (_, i) => 0.5 + 0.5 * Math.exp(-i / 2000));

test("a curve of 300,000 costs has its findings, and each further update takes little time", () => {
  const [costs, testCosts] = [falling(), falling().map((J, i) => Math.max(J, 0.6 + i / LONG))];
  const [one] = costFindings(costs, testCosts, 1, 1);
  assert.equal(one.kind, "overfitting");
  assert.equal(testCosts[one.k - 1], lowest(testCosts));
  const began = performance.now();
  for (let i = 0; i < 100; i++) {
    costs.push(0.5);
    testCosts.push(1.6);
    assert.equal(costFindings(costs, testCosts, 1, 1)[0].kind, "overfitting");
  }
  assert.ok(performance.now() - began < 300, `${performance.now() - began} ms for 100 calls`);
});

test("a peak between the sampled updates is found in a long curve", () => {
  const costs = falling();
  costs[123_457] = 2;
  assert.deepEqual(costFindings(costs, [], 1, 1)[0].parts, { first: 1, peak: 2, k: 123_458 });
});

test("weights of any size are measured", () => {
  const of = (w) => ({ W1: { rows: 1, cols: LONG, data: new Float64Array(LONG).fill(w) } });
  assert.ok(Math.abs(movedShare(of(2), of(3)) - 0.5) < 1e-12);
});

test("means of epochs are those of a curve computed at once, however it grew", () => {
  const costs = [];
  for (const J of [3, 1, NaN, NaN, 5, 7, 2, 4, 9]) {
    costs.push(J);
    byEpoch(costs, 2);
  }
  const { ends, values, low, peak } = byEpoch(costs, 2);
  assert.deepEqual([ends, values, values[low], values[peak]], [[2, 6, 8], [2, 6, 3], 2, 6]);
  assert.deepEqual(byEpoch([...costs], 2), byEpoch(costs, 2));
});

test("what goes another way is another curve", () => {
  const session = new Session(makeLesson(toySet("circles")));
  session.reach(31);
  byEpoch(session.costs, 1);
  session.edit(10, "b1", 0, 0, 3);
  session.reach(41);
  assert.deepEqual(byEpoch(session.costs, 1).values, session.costs);
});

test("a sample has its bounds, first and last", () => {
  for (const length of [0, 1, 2, 299, 300, 301, 12_345]) {
    const found = places(length, 300);
    assert.ok(found.length <= 300);
    assert.equal(found.length, Math.min(length, found.length));
    if (length) assert.deepEqual([found[0], found.at(-1)], [0, length - 1]);
    const list = Array.from({ length }, (_, i) => i);
    assert.deepEqual(thinned(thinned(list, 300), 300), thinned(list, 300));
  }
  assert.deepEqual(places(10, 3, 4), [4, 7, 9]);
  assert.deepEqual([lowest([], 0), highest(new Array(LONG).fill(2), 1)], [0, 2]);
});
