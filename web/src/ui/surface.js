/** What every unit answers over the plane of two inputs (or along one): one forward pass for all pictures. */
import { forward } from "../engine/forward.js";
import { pictureShape } from "../data/pictures.js";
import { zeros } from "../engine/tensor.js";
import { coordinates, expanded } from "../data/examples.js";
import { frameOf } from "./scatter.js";

export const FINE = 44; // points along a side
const MOST_WEIGHTS = 60_000; // from here on a picture of every unit would cost too much

const means = new WeakMap();

function meansOf({ X }) {
  if (!means.has(X)) {
    const found = new Float64Array(X.rows);
    for (let i = 0; i < X.rows; i++) for (let j = 0; j < X.cols; j++) found[i] += X.data[i * X.cols + j] / X.cols;
    means.set(X, found);
  }
  return means.get(X);
}

const frames = new WeakMap();

function planeOf(data) {
  if (!frames.has(data)) {
    const frame = frameOf(data);
    const n = coordinates(data).rows;
    const grid = zeros(n, n === 1 ? FINE : FINE * FINE);
    const mean = meansOf(data);
    for (let p = 0; p < grid.cols; p++) {
      const [x, y] = [(p % FINE) / (FINE - 1), 1 - Math.floor(p / FINE) / (FINE - 1)];
      for (let i = 0; i < n; i++) {
        const at =
          i === 0
            ? frame.x[0] + x * (frame.x[1] - frame.x[0])
            : i === 1
              ? frame.y[0] + y * (frame.y[1] - frame.y[0])
              : mean[i];
        grid.data[i * grid.cols + p] = at;
      }
    }
    frames.set(data, { frame, grid: data.features ? expanded(grid, data.features) : grid });
  }
  return frames.get(data);
}

/**
 * @returns {{frame: any, values: Map<string, any> | null, high: number}} the activations of all units over the
 *   plane; values is null where the network is too large for that, or the examples are pictures
 */
export function mapOf(session, data, parameters) {
  if (session.size > MOST_WEIGHTS || pictureShape(data)) return { frame: null, values: null, high: 0 };
  const { frame, grid } = planeOf(data);
  const values = forward({ network: session.network, training: {}, parameters, X: grid, Y: null });
  return { frame, values, high: coordinates(data).rows === 1 ? 1 : FINE };
}
