/**
 * The doctor's main rules, with the limits of the library's `inspection/findings`: from the curve of the cost, from the layers of an
 * opened update. Causes come before what they lead to.
 *
 * @typedef {{kind: string, parts: Record<string, number>, k?: number, name: string, row?: number}} Finding `name` is the quantity
 *   that shows it, in update k or the open one
 */
import { byEpoch, highest, places } from "./curve.js";
import { layerHealth } from "./health.js";

const SHARE = 0.4; // of the units of a layer: dead, or saturated
const VANISHED = 1e-3; // of the largest gradient above
const EXPLODED = 1e3; // times the gradient of the output's layer
const ROSE = 1.5; // times the cost at the beginning
const FEWEST = 10; // epochs that the shape of a curve needs
const LITTLE = 0.1; // of the first cost, or of ‖W‖
const [STEADY, STRAIGHT] = [0.9, 0.25]; // epochs in which the cost falls; its fall in the second half
const NOTHING = 0.01; // of the first cost …
const PLATEAU = 200; // … after so many epochs: a training may begin with a plateau
const JUMPS = 0.1; // of the whole fall, from epoch to epoch
const SAMPLE = 500; // epochs that the shape of a long curve is read from
const [TENTH, RISEN, DOUBLED, SLIGHTLY] = [0.1, 0.1, 2, 0.02]; // the end of the curve of the test set

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const percent = (share) => Math.round(100 * share);

function isStraight(values, fall) {
  const half = Math.floor(values.length / 2);
  const at = places(values.length, SAMPLE).slice(1);
  const falls = at.filter((i) => values[i] < values[i - 1]).length;
  return fall > 0 && falls >= STEADY * at.length && values[half] - values.at(-1) >= STRAIGHT * fall;
}

/** The usual jump of the curve's second half, from epoch to epoch. */
function jumpOf(values) {
  const from = Math.floor(values.length / 2) + 1;
  return median(places(values.length, SAMPLE, from).map((i) => Math.abs(values[i] - values[i - 1])));
}

/** @returns {Finding[]} from the costs by epoch; `moved` is how far the weights are from their beginning, of their size */
export function costFindings(costs, testCosts, each, moved) {
  const curve = byEpoch(costs, each);
  const { ends, values } = curve;
  if (values.length < 2) return [];
  const [first, last, most] = [values[0], values.at(-1), values[curve.peak]];
  const k = ends[curve.peak];
  if (last > first) return [{ kind: "rising", parts: { first, last }, k: ends.at(-1), name: "J" }];
  if (most > ROSE * Math.abs(first)) return [{ kind: "rateHigh", parts: { first, peak: most, k }, k, name: "J" }];
  if (values.length < FEWEST) return [];
  const fall = first - values[curve.low];
  const parts = { percent: Number(((100 * fall) / Math.abs(first)).toPrecision(2)), n: values.length };
  if (fall < LITTLE * Math.abs(first) && moved < LITTLE && isStraight(values, fall))
    return [{ kind: "rateLow", parts, name: "J" }];
  if (fall < NOTHING * Math.abs(first) && values.length >= PLATEAU) return [{ kind: "nothing", parts, name: "J" }];
  const jump = jumpOf(values);
  const unsteady = jump > JUMPS * fall ? [{ kind: "unsteady", parts: { jump, percent: percent(jump / fall) }, name: "J" }] : [];
  return [...overfitting(byEpoch(testCosts, each), values), ...unsteady];
}

/** The cost of the test set rises while that of the training set falls. */
function overfitting({ ends, values: tests, low: best }, values) {
  const { length } = tests;
  if (length < FEWEST || length !== values.length) return [];
  const window = Math.max(3, Math.round(TENTH * length));
  const atEnd = places(length, SAMPLE, length - window);
  const [low, end] = [tests[best], mean(atEnd.map((i) => tests[i]))];
  const [rise, fall] = [end - low, tests[0] - low];
  const far = rise > RISEN * Math.max(fall, Math.abs(tests[0]) / 10) || (end > DOUBLED * low && low > 0 && rise > SLIGHTLY * fall);
  const learnsOn = mean(atEnd.map((i) => values[i])) < values[best];
  if (!far || !learnsOn || best >= length - window) return [];
  const k = ends[best];
  return [{ kind: "overfitting", parts: { k, best: low, last: tests.at(-1) }, k, name: "J" }];
}

/** Whether all units of a layer have the same weights. */
function isSymmetric(W, b) {
  const same = (A) => A.data.every((value, p) => value === A.data[p % A.cols]);
  return W.rows > 1 && same(W) && same(b);
}

const rowWhere = ({ rows, cols, data }, is) =>
  Math.max(0, Array.from({ length: rows }, (_, i) => data.subarray(i * cols, (i + 1) * cols)).findIndex(is));

/** @returns {Finding[]} from the layers of an opened update */
export function layerFindings(opened) {
  const { values } = opened;
  const health = layerHealth(opened);
  const hidden = health.slice(0, -1);
  const symmetric = hidden
    .filter(({ layer: l }) => isSymmetric(values.get(`W${l}`), values.get(`b${l}`)))
    .map(({ layer: l, units: n }) => ({ kind: "symmetric", parts: { l, n }, name: `dW${l}` }));
  const of = (kind, /** @type {"dead" | "saturated"} */ share) =>
    hidden
      .filter((row) => row[share] >= SHARE && !symmetric.some(({ parts }) => parts.l === row.layer))
      .map((row) => {
        const { layer: l, units: n } = row;
        const part = share === "dead" ? row.dead : row.saturated;
        const name = share === "dead" ? `A${l}` : `dZ${l}`;
        const isIt = share === "dead" ? (row) => row.every((a) => a === 0) : undefined;
        return { kind, parts: { l, percent: percent(part), n }, name, row: isIt ? rowWhere(values.get(name), isIt) : 0 };
      });
  return [...symmetric, ...gradientFindings(health), ...of("dead", "dead"), ...of("saturated", "saturated")];
}

/** A gradient that vanishes before the first layer, or explodes: the first such layer from below. */
function gradientFindings(health) {
  const norms = health.map(({ gradient }) => gradient);
  const isOpen = norms.every(Number.isFinite) && norms.at(-1) > 0 && health.slice(0, -1).every(({ dead }) => dead < SHARE);
  if (!isOpen) return [];
  for (let i = 0; i < norms.length - 1; i++) {
    const above = norms[i] / highest(norms.slice(i + 1));
    if (above < VANISHED) return [{ kind: "vanishing", parts: { l: i + 1, ratio: above }, name: `dW${i + 1}` }];
    const ofLast = norms[i] / norms.at(-1);
    if (ofLast > EXPLODED) return [{ kind: "exploding", parts: { l: i + 1, ratio: ofLast }, name: `dW${i + 1}` }];
  }
  return [];
}

/** ‖W − W at the beginning‖ of its size, of the layer that moved farthest. */
export function movedShare(first, now) {
  const norm = (data, from = undefined) => Math.sqrt(data.reduce((sum, w, p) => sum + (from ? w - from[p] : w) ** 2, 0));
  const shares = Object.keys(first)
    .filter((name) => name[0] === "W")
    .map((name) => norm(now[name].data, first[name].data) / (norm(first[name].data) || 1e-12));
  return highest(shares);
}

const ORDER = ["symmetric", "exploding", "rising", "rateHigh", "dead", "vanishing", "saturated", "rateLow", "nothing", "overfitting", "unsteady"];

/** Number of the rules. */
export const RULES = ORDER.length;

/** @returns {Finding[]} all of them, causes first */
export function findings(session, opened) {
  const { lesson, latest, costs, testCosts } = session;
  const moved = movedShare(lesson.parameters, latest.parameters);
  const found = [...layerFindings(opened), ...costFindings(costs, testCosts, session.updatesPerEpoch(), moved)];
  return found.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}
