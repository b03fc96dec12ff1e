/**
 * Find the bug: a new network, its training with a mistake of the museum in one line, and what its reader asks and answers.
 *
 * A round is drawn from a seed: purpose 7 of the page's random numbers. Its program is the museum's, its numbers are its own.
 */
import { compile, numberOf } from "../engine/numpy.js";
import { normal, permutation, stream } from "../engine/random.js";
import { tensor } from "../engine/tensor.js";
import { need } from "./check.js";

export const UPDATES = 100;
const VISIBLE = 0.02; // of the largest entry: what a reader sees in three digits
const LEARNED = { L2: 0.8 }; // of the first cost, by base: what is left of it after a training that goes well; otherwise 0.4
const CHOICES = 5;
const MOST = 1000; // networks that are drawn for one that shows its mistake
/** What a hint or a wrong answer costs, of the points of a round. */
export const POINTS = 10;
export const COSTS = { quantity: 2, mistake: 2, recompute: 1, part: 2, check: 2 };

/** dW of dW2, W′ of W2′. */
export const symbolOf = (id) => id.replace(/\d/, "");
const layerOf = (id) => Number(/\d/.exec(id)?.[0] ?? 0);

/** The mistakes of a line of the step, in programs without random numbers: [exhibit, layer, its lines] for each layer. */
export function mistakes({ bases, exhibits }) {
  return exhibits.flatMap((exhibit) => {
    const { order } = bases[exhibit.base];
    const phases = Object.fromEntries(order.map(({ id, phase }) => [id, phase]));
    if ("mask1" in phases || exhibit.diff.some(([id]) => phases[id] === "given")) return [];
    const layers = [...new Set(exhibit.diff.map(([id]) => layerOf(id)))];
    return layers.map((layer) => ({ exhibit, layer, lines: exhibit.diff.filter(([id]) => layerOf(id) === layer) }));
  });
}

/** The lines of a step, compiled; with wrong ones in place of right ones. */
function program({ order }, lines = []) {
  const wrong = Object.fromEntries(lines.map(([id, code]) => [id, code]));
  return order
    .filter(({ phase }) => phase !== "given")
    .map((line) => ({ ...line, ...compile(wrong[line.id] ?? line.code), code: wrong[line.id] ?? line.code }));
}

/** One step from a scope, which it changes; every quantity by its name. */
function step(lines, scope) {
  const values = new Map();
  for (const { id, variable, value } of lines) values.set(id, (scope[variable] = value(scope)));
  return values;
}

/** J of each update; NumPy's error where shapes no longer fit. */
function train(lines, start) {
  const [scope, costs] = [{ ...start }, []];
  try {
    while (costs.length < UPDATES) costs.push(step(lines, scope).get("J").data[0]);
  } catch (error) {
    return { costs, stopped: error.message };
  }
  return { costs, stopped: "" };
}

export const fits = (a, b) => a.rank === b.rank && a.rows === b.rows && a.cols === b.cols;

/** Whether a reader can see that two values differ. */
export function differs(a, b, visible = VISIBLE) {
  if (!fits(a, b)) return true;
  const most = Math.max(...a.data.map(Math.abs));
  return a.data.some((x, i) => !Object.is(x, b.data[i]) && !(Math.abs(x - b.data[i]) <= visible * most));
}

const rounded = (x) => Math.round(100 * x) / 100;

/** Inputs, targets and first parameters, with two decimals, as a reader can compute with them. */
function drawn(u) {
  const [n, h, m] = [2 + Math.floor(2 * u()), 2 + Math.floor(2 * u()), 4 + Math.floor(2 * u())];
  const matrix = (rows, cols, scale) => ({
    ...tensor(rows, cols, Array.from({ length: rows * cols }, () => rounded(scale * normal(u)))),
    rank: 2,
  });
  const dims = [n, h, h, 1];
  const A0 = matrix(n, m, 1);
  const order = Array.from({ length: m }, (_, j) => j).sort((a, b) => A0.data[a] - A0.data[b]);
  const Y = { ...tensor(1, m, Array.from({ length: m }, (_, j) => Number(order.indexOf(j) >= m / 2))), rank: 2 };
  const start = { A0, Y, m: numberOf(m), learning_rate: numberOf(1) };
  for (const l of [1, 2, 3]) {
    start[`W${l}`] = matrix(dims[l], dims[l - 1], 1 / Math.sqrt(dims[l - 1]));
    start[`b${l}`] = matrix(dims[l], 1, 0.4);
  }
  return { dims, m, start };
}

/**
 * The round of a seed: its mistake shows first in the line that is wrong.
 *
 * @returns {any} `first` is the quantity to find; `values` those of the wrong step, `right` those of the right one; `choices`
 *   exhibits, of which one is right
 */
export function draw(museum, seed) {
  const all = mistakes(museum);
  for (let attempt = 0; ; attempt++) {
    need(all.length && attempt < MOST, "museum.exhibits", "mistakes that show in a step", all.length);
    const u = stream(seed, 7, attempt);
    const { exhibit, layer, lines } = all[Math.floor(u() * all.length)];
    const base = museum.bases[exhibit.base];
    const { dims, m, start } = drawn(u);
    const [right, wrong] = [program(base), program(base, lines)];
    const [before, values] = [step(right, { ...start }), step(wrong, { ...start })];
    const first = right.find(({ id }) => differs(before.get(id), values.get(id)))?.id;
    if (first !== lines[0][0]) continue;
    const trainings = { right: train(right, start), wrong: train(wrong, start) };
    const { costs } = trainings.right;
    if (costs.at(-1) > (LEARNED[exhibit.base] ?? 0.4) * costs[0]) continue; // beside such a curve no mistake would show
    if (String(costs) === String(trainings.wrong.costs)) continue; // a shape alone, which NumPy mends
    return {
      ...{ seed, exhibit, layer, lines, dims, m, start, order: right, values, right: before, first, trainings },
      l2: exhibit.base === "L2",
      choices: choicesOf(all, { exhibit, first }, u),
      wrong,
    };
  }
}

/** The mistake among others that show first in such a quantity, and then any. */
function choicesOf(all, { exhibit, first }, u) {
  const isNear = ({ lines }) => symbolOf(lines[0][0]) === symbolOf(first);
  const mixed = permutation(u, all.length).map((i) => all[i]);
  const sorted = [...mixed.filter(isNear), ...mixed.filter((mistake) => !isNear(mistake))];
  const chosen = [...new Set([exhibit, ...sorted.map((mistake) => mistake.exhibit)])];
  return permutation(u, CHOICES).map((i) => chosen[i]);
}

/** Whether a quantity is equal to the right one, the first that is not, or wrong after it. */
export const stateOf = ({ right, values, first }, id) =>
  id === first ? "first" : differs(right.get(id), values.get(id), 1e-9) ? "differs" : "same";

/** What the right line makes of the numbers that the page shows. */
export function recomputed({ order, start, values }, id) {
  const scope = { ...start };
  for (const line of order) if (line.phase !== "update") scope[line.variable] = values.get(line.id);
  return order.find((line) => line.id === id).value(scope);
}

const [DISTANCE, CLOSE] = [1e-5, 1e-4];

/** The gradient check: each derivative beside differences of the program's own J, "good", "wrong", "shape" or "nan". */
export function check({ wrong, start, values }) {
  const forward = wrong.filter(({ phase }) => ["forward", "cost"].includes(phase));
  const cost = (name, i, by) => {
    const moved = { ...start[name], data: start[name].data.map((x, j) => (i === j ? x + by : x)) };
    return step(forward, { ...start, [name]: moved }).get("J").data[0];
  };
  return Object.keys(start)
    .filter((name) => /^[Wb]\d/.test(name))
    .map((name) => {
      const gradient = values.get(`d${name}`);
      if (!fits(gradient, start[name])) return { of: name, verdict: "shape" };
      const slopes = start[name].data.map((_, i) => (cost(name, i, DISTANCE) - cost(name, i, -DISTANCE)) / (2 * DISTANCE));
      const size = Math.max(...slopes.map(Math.abs), ...gradient.data.map(Math.abs));
      const apart = Math.max(...slopes.map((slope, i) => Math.abs(slope - gradient.data[i])));
      const verdict = Number.isFinite(apart) ? (apart <= CLOSE * size + 1e-9 ? "good" : "wrong") : "nan";
      return { of: name, verdict };
    });
}

/** The points of a round that are left after what its reader asked and answered. */
export const pointsOf = (asked) => Math.max(0, asked.reduce((left, name) => left - COSTS[name], POINTS));
