/**
 * How each layer does in an opened update: sizes of gradients and updates, units that are dead or saturated, as the
 * library's `training/health.py` defines them.
 */
import { ACTIVATIONS } from "./activations.js";

/** Derivatives below this are taken for flat. */
export const FLAT = 0.005;

/** Euclidean norm of all entries. */
function norm(...matrices) {
  let sum = 0;
  for (const { data } of matrices) for (const value of data) sum += value * value;
  return Math.sqrt(sum);
}

const rows = ({ rows, cols, data }) =>
  Array.from({ length: rows }, (_, i) => data.subarray(i * cols, (i + 1) * cols));
const share = (units) => units.filter(Boolean).length / units.length;

/**
 * `dead` is the share of units whose activation is 0 for every example of the batch; `saturated` that of the others
 * whose derivative is below `FLAT` on average: undefined for the output, and where units depend on each other.
 *
 * @returns {{dead: number, saturated?: number}}
 */
export function unitHealth(A, Z, activation, hidden) {
  const dead = rows(A).map((row) => row.every((value) => value === 0));
  const slope = ACTIVATIONS[activation].one?.backward;
  if (!hidden || !slope) return { dead: share(dead) };
  const flat = (row) => row.reduce((sum, z) => sum + Math.abs(slope(1, z)), 0) / row.length < FLAT;
  return { dead: share(dead), saturated: share(rows(Z).map((row, i) => !dead[i] && flat(row))) };
}

/**
 * @returns {{layer: number, units: number, gradient: number, ratio: number, dead: number, saturated?: number}[]}
 *   `gradient` is the norm of the layer's gradient, `ratio` that of the change of W over that of W
 */
export function layerHealth({ problem, values }) {
  const { activations } = problem.network;
  return activations.map((activation, i) => {
    const layer = i + 1;
    const [W, after] = [values.get(`W${layer}`), values.get(`W${layer}′`)];
    const change = { data: W.data.map((value, p) => after.data[p] - value) };
    const own = Object.keys(problem.parameters).filter((name) => name.match(/\d+$/)[0] === `${layer}`);
    const A = values.get(values.has(`mask${layer}`) ? `g(Z${layer})` : `A${layer}`);
    return {
      layer,
      units: W.rows,
      gradient: norm(...own.map((name) => values.get(`d${name}`))),
      ratio: norm(change) / (norm(W) || 1),
      ...unitHealth(A, values.get(`Z${layer}`), activation, layer < activations.length),
    };
  });
}
