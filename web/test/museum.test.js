/** The bug museum: what differs, and where. */
import test from "node:test";
import assert from "node:assert/strict";
import { checkMuseum, courseOf, curvesOf, exhibitOf, groupsOf, pairOf, statesOf } from "../src/lesson/museum.js";

const matrix = (rows, cols, ...data) => ({ rows, cols, data: Float64Array.from(data) });
const line = (id, phase) => ({ id, phase, code: `${id} = …` });

const museum = () => ({
  bases: {
    plain: {
      order: [line("Z1", "forward"), line("J", "cost"), line("dZ1", "backward"), line("dW1", "backward")],
      quantities: { Z1: matrix(1, 2, 1, 2), J: matrix(1, 1, 0.5), dZ1: matrix(1, 2, 3, 4), dW1: matrix(2, 1, 5, 6) },
      costs: matrix(1, 3, 1, 0.5, 0.25),
    },
  },
  exhibits: [
    { id: "a", group: "backward", base: "plain", first: "dZ1", shapes: {}, check: [], diff: [], costs: matrix(1, 3, 1, 9, NaN), quantities: { dZ1: matrix(1, 2, 3, -4), dW1: matrix(1, 2, 5, 6) } },
    { id: "b", group: "data", base: "plain", first: "Z1", shapes: { Z1: "(2,)" }, check: [], diff: [], costs: matrix(1, 1, 1), quantities: { Z1: matrix(1, 2, 1, 2) } },
    { id: "c", group: "backward", base: "plain", first: "J", shapes: {}, check: [], diff: [], costs: matrix(1, 1, 1), quantities: { J: matrix(1, 1, NaN) } },
  ],
});

test("exhibits stand in their groups, in order", () => {
  const found = groupsOf(museum()).map(([group, exhibits]) => [group, exhibits.map(({ id }) => id)]);
  assert.deepEqual(found, [["backward", ["a", "c"]], ["data", ["b"]]]);
  assert.equal(exhibitOf(museum(), "none"), null);
});

test("one quantity is the first that differs", () => {
  const states = (id) => statesOf(museum(), exhibitOf(museum(), id)).map(({ state }) => state);
  assert.deepEqual(states("a"), ["same", "same", "first", "differs"]);
  assert.deepEqual(states(null), ["same", "same", "same", "same"]);
});

test("cells that differ; all of them where the shapes do not fit", () => {
  const pair = (id, name) => pairOf(museum(), exhibitOf(museum(), id), name);
  assert.deepEqual(pair("a", "dZ1").differs, [false, true]);
  assert.deepEqual(pair("a", "dW1").differs, [true, true]);
  assert.deepEqual(pair("b", "Z1").differs, [true, true]);
  assert.deepEqual(pair("c", "J").differs, [true]);
  assert.deepEqual([pair("a", "Z1").wrong, pair("a", "Z1").differs], [null, []]);
});

test("curves are cut where they leave the right one, and say where they end", () => {
  const [right, wrong] = [museum().bases.plain.costs, museum().exhibits[0].costs];
  assert.deepEqual(curvesOf(right, wrong), { lines: [[[1, 1], [2, 0.5], [3, 0.25]], [[1, 1], [2, 2]]], cut: 2 });
  assert.equal(curvesOf(right, null).cut, null);
  assert.deepEqual(courseOf(wrong), { first: 1, last: 9, updates: 2, broken: 3 });
  assert.deepEqual(courseOf(right), { first: 1, last: 0.25, updates: 3, broken: 0 });
});

test("a damaged museum is refused with its place", () => {
  const refused = (change, where) => {
    const damaged = museum();
    change(damaged);
    assert.throws(() => checkMuseum(damaged), ({ message, parts }) => message === "damaged" && parts.where.startsWith(where));
  };
  checkMuseum(museum());
  refused((m) => delete m.bases.plain, "museum.bases");
  refused((m) => delete m.bases.plain.quantities.J, "museum.bases");
  refused((m) => (m.exhibits = []), "museum.exhibits");
  refused((m) => (m.exhibits[1].base = "other"), "museum.exhibits[1]");
  refused((m) => (m.exhibits[0].first = "dZ9"), "museum.exhibits[0].first");
  refused((m) => (m.exhibits[0].quantities.dZ1 = 3), "museum.exhibits[0].quantities");
  refused((m) => delete m.exhibits[2].costs, "museum.exhibits[2].costs");
});
