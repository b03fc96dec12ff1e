/** How each layer does in an opened update: sizes of gradients and updates, units that are dead or saturated. */

/** Root of the mean square. */
function size({ data }) {
  let sum = 0;
  for (const value of data) sum += value * value;
  return Math.sqrt(sum / data.length);
}

const DEAD = new Set(["relu"]);
const SATURATED = { tanh: 0.97, sigmoid: 0.97 };

/** Units that answer 0 for every example of the batch. */
function dead(A) {
  let found = 0;
  for (let i = 0; i < A.rows; i++)
    if (A.data.subarray(i * A.cols, (i + 1) * A.cols).every((value) => value === 0)) found += 1;
  return found;
}

/** The share of activations near the ends of their range. */
function saturated(A, activation) {
  const end = SATURATED[activation];
  let found = 0;
  for (const value of A.data)
    if (activation === "tanh" ? Math.abs(value) > end : value > end || value < 1 - end) found += 1;
  return found / A.data.length;
}

/**
 * @returns {{layer: number, activation: string, gradient: number, ratio: number, dead?: number, saturated?: number}[]}
 *   `gradient` is the root mean square of dW, `ratio` that of the change of W over that of W
 */
export function layerHealth({ problem, values }) {
  const { activations } = problem.network;
  return activations.map((activation, i) => {
    const layer = i + 1;
    const [W, after] = [values.get(`W${layer}`), values.get(`W${layer}′`)];
    const change = { data: W.data.map((value, p) => after.data[p] - value) };
    const A = values.get(`g(Z${layer})`) ?? values.get(`A${layer}`);
    return {
      layer,
      activation,
      gradient: size(values.get(`dW${layer}`)),
      ratio: size(change) / (size(W) || 1),
      ...(DEAD.has(activation) ? { dead: dead(A) } : {}),
      ...(activation in SATURATED && layer < activations.length ? { saturated: saturated(A, activation) } : {}),
    };
  });
}
