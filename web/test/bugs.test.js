/** Find the bug: the program in NumPy's words, rounds, points. */
import test from "node:test";
import assert from "node:assert/strict";
import { compile, numberOf, shapeText } from "../src/engine/numpy.js";
import { fromRows } from "../src/engine/tensor.js";
import { check, COSTS, draw, mistakes, pointsOf, POINTS, recomputed, differs, stateOf } from "../src/lesson/bugs.js";

const matrix = (...rows) => ({ ...fromRows(rows), rank: 2 });
const value = (text, scope = {}) => {
  const { rows, cols, data, rank } = compile(`x = ${text}`).value(scope);
  return [shapeText({ rows, cols, rank }), ...data];
};

test("expressions are those of NumPy", () => {
  const scope = { A: matrix([1, 2], [3, 4]), b: matrix([10], [20]), m: numberOf(2) };
  const cases = {
    "2 + 3 * 4": ["()", 14],
    "-2**2": ["()", -4],
    "10 - 4 - 3": ["()", 3],
    "8 / 2 / m": ["()", 2],
    "A @ b": ["(2, 1)", 50, 110],
    "A + b": ["(2, 2)", 11, 12, 23, 24],
    "A.T": ["(2, 2)", 1, 3, 2, 4],
    "(A - 1).T * 2": ["(2, 2)", 0, 4, 2, 6],
    "A / A.shape[0]": ["(2, 2)", 0.5, 1, 1.5, 2],
    "(A > 2)": ["(2, 2)", 0, 0, 1, 1],
    "np.sum(A)": ["()", 10],
    "np.sum(A, keepdims=True)": ["(1, 1)", 10],
    "np.sum(A, axis=1, keepdims=True)": ["(2, 1)", 3, 7],
    "np.sum(A, axis=1)": ["(2,)", 3, 7],
    "b - np.sum(A, axis=1)": ["(2, 2)", 7, 3, 17, 13],
    "sum(np.sum(W**2) for W in (A, b))": ["()", 530],
    "np.exp(-A * 0)": ["(2, 2)", 1, 1, 1, 1],
  };
  for (const [text, expected] of Object.entries(cases)) assert.deepEqual(value(text, scope), expected, text);
  assert.throws(() => value("A @ A.T @ m", scope), /matmul: shapes \(2, 2\) and \(\) do not fit/);
  assert.throws(() => value("A + B", { ...scope, B: matrix([1, 2, 3]) }), /broadcast together with shapes \(2, 2\) \(1, 3\)/);
  for (const text of ["A $ b", "np.sum(A", "A b", "lambda x"]) assert.throws(() => value(text, scope), text);
});

const layers = (...make) => [3, 2, 1].flatMap((l) => make.map((line) => line(l)).filter(Boolean));
const line = (phase) => (code) => ({ id: code.split(" = ")[0] + (phase === "update" ? "′" : ""), phase, code });
const slopes = { 2: "dA2 * A2 * (1 - A2)", 1: "dA1 * (1 - A1**2)" };
const order = [
  ...["Z1 = W1 @ A0 + b1", "A1 = np.tanh(Z1)", "Z2 = W2 @ A1 + b2", "A2 = 1 / (1 + np.exp(-Z2))", "Z3 = W3 @ A2 + b3", "A3 = 1 / (1 + np.exp(-Z3))"].map(line("forward")),
  line("cost")("J = -np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)) / m"),
  ...layers(
    (l) => (l === 3 ? "dZ3 = A3 - Y" : `dZ${l} = ${slopes[l]}`),
    (l) => `dW${l} = dZ${l} @ A${l - 1}.T / m`,
    (l) => `db${l} = np.sum(dZ${l}, axis=1, keepdims=True) / m`,
    (l) => l > 1 && `dA${l - 1} = W${l}.T @ dZ${l}`,
  ).map(line("backward")),
  ...[1, 2, 3].flatMap((l) => [`W${l}`, `b${l}`]).map((name) => line("update")(`${name} = ${name} - learning_rate * d${name}`)),
];
const change = (id, symbols, from, to) => ({
  id,
  base: "plain",
  diff: order.filter((one) => symbols.includes(one.id.replace(/\d/, ""))).map((one) => [one.id, one.code.replace(from, to), one.code]),
});
const museum = {
  bases: { plain: { order: [{ id: "A0", phase: "given", code: "" }, ...order] } },
  exhibits: [
    change("lost", ["dW", "db"], " / m", ""),
    change("sign", ["db"], "np.sum", "-np.sum"),
    change("keepdims", ["db"], ", keepdims=True", ""),
    change("cost", ["J"], "-np.sum", "np.sum"),
    change("uphill", ["W′", "b′"], "-", "+"),
    change("bias", ["Z"], / \+ b\d/, ""),
    { id: "data", base: "plain", diff: [["A0", "", ""]] },
  ],
};

test("each layer of a mistake is one of its own; mistakes of the data are not played", () => {
  const all = mistakes(museum).map(({ exhibit, layer }) => `${exhibit.id} ${layer}`);
  assert.deepEqual(all.filter((one) => one.startsWith("lost")), ["lost 3", "lost 2", "lost 1"]);
  assert.ok(all.includes("cost 0"));
  assert.ok(!all.some((one) => one.startsWith("data")));
  assert.throws(() => draw({ ...museum, exhibits: museum.exhibits.slice(-1) }, 1), /damaged/);
});

test("the first wrong quantity is the one that its equation does not give, and the right network learns", () => {
  const seen = new Set();
  for (let seed = 1; seed <= 16; seed++) {
    const round = draw(museum, seed);
    const wrong = round.order.filter(({ id }) => differs(recomputed(round, id), round.values.get(id), 1e-9));
    assert.equal(wrong[0].id, round.first, String(seed));
    assert.equal(stateOf(round, round.first), "first");
    const before = round.order.slice(0, round.order.findIndex(({ id }) => id === round.first));
    assert.ok(before.every(({ id }) => stateOf(round, id) === "same"));
    assert.equal(new Set(round.choices).size, 5);
    assert.ok(round.choices.includes(round.exhibit));
    const { costs } = round.trainings.right;
    assert.ok(costs.at(-1) < 0.4 * costs[0]);
    seen.add(`${round.exhibit.id} ${round.layer}`);
    const again = draw(museum, seed);
    assert.deepEqual([again.first, [...again.values.get("Z1").data]], [round.first, [...round.values.get("Z1").data]]);
  }
  assert.ok(seen.size > 8, [...seen].join());
});

test("the gradient check fails where the mistake is one of the gradient, and nowhere else", () => {
  const verdicts = {};
  for (let seed = 1; Object.keys(verdicts).length < 6; seed++) {
    const round = draw(museum, seed);
    const bad = check(round).filter(({ verdict }) => verdict !== "good");
    verdicts[round.exhibit.id] ??= [round.layer, bad.map(({ of, verdict }) => `${of} ${verdict}`).sort()];
  }
  const { lost, sign, keepdims, uphill, cost } = verdicts;
  assert.deepEqual(lost[1], [`W${lost[0]} wrong`, `b${lost[0]} wrong`]);
  assert.deepEqual(sign[1], [`b${sign[0]} wrong`]);
  assert.deepEqual(keepdims[1], [`b${keepdims[0]} shape`]);
  assert.deepEqual(uphill[1], []);
  assert.equal(cost[1].length, 6);
});

test("points go down with what is asked, and not below 0", () => {
  assert.equal(pointsOf([]), POINTS);
  assert.equal(pointsOf(["check", "recompute"]), POINTS - COSTS.check - COSTS.recompute);
  assert.equal(pointsOf(Array(9).fill("quantity")), 0);
});
