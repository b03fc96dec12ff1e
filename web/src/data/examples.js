/**
 * Examples as a network takes them: input features made of one or two coordinates, and a test set that no update sees.
 *
 * Prepared data has `base` {X, names}, the coordinates, where `features` were chosen; `share` and `test` {X, Y, rows, base?},
 * where a share of the examples was split off.
 */
import { columns, zeros } from "../engine/tensor.js";
import { permutation, stream } from "../engine/random.js";

/** name → value of the coordinates, what it is called, its expression in Python. */
export const FEATURES = {
  x: { of: (x) => x, label: (a) => a, python: "x1" },
  y: { of: (_, y) => y, label: (_, b) => b, python: "x2", two: true },
  xx: { of: (x) => x * x, label: (a) => `${a}²`, python: "x1**2" },
  yy: { of: (_, y) => y * y, label: (_, b) => `${b}²`, python: "x2**2", two: true },
  xy: { of: (x, y) => x * y, label: (a, b) => `${a}·${b}`, python: "x1 * x2", two: true },
  sinx: { of: (x) => Math.sin(Math.PI * x), label: (a) => `sin π${a}`, python: "np.sin(np.pi * x1)" },
  siny: { of: (_, y) => Math.sin(Math.PI * y), label: (_, b) => `sin π${b}`, python: "np.sin(np.pi * x2)", two: true },
};

/** The features that can be made of so many coordinates; none of more than two. */
export const featuresOf = (count) =>
  count > 2 ? [] : Object.keys(FEATURES).filter((name) => count === 2 || !FEATURES[name].two);

/** The features of which the inputs are the coordinates as they are. */
export const plainFeatures = (count) => ["x", "y"].slice(0, count);

/** The inputs of points (1 or 2, m): a row for each feature. */
export function expanded(base, features) {
  const X = zeros(features.length, base.cols);
  features.forEach((name, i) => {
    for (let j = 0; j < base.cols; j++)
      X.data[i * base.cols + j] = FEATURES[name].of(base.data[j], base.data[base.cols + j]);
  });
  return X;
}

/** The coordinates of the examples: what a plane shows, and what is painted. */
export const coordinates = (data) => data.base?.X ?? data.X;
export const coordinateNames = (data) => (data.base ? data.base.names : data.names) ?? [];

const isPlain = (features, count) => !features || features.join() === plainFeatures(count).join();

/**
 * @param {any} data as a toy set or a table has it
 * @param {{features?: string[], test?: number}} choice
 */
export function prepared(data, { features = undefined, test = 0 } = {}) {
  let made = data;
  if (data.X.rows <= 2 && !isPlain(features, data.X.rows)) {
    const names = data.names ?? ["x1", "x2"];
    const labels = features.map((name) => FEATURES[name].label(...names));
    made = { ...data, X: expanded(data.X, features), names: labels, base: { X: data.X, names }, features };
  }
  return test ? split(made, test) : made;
}

/** A share of the examples apart: purpose 5 of the page's random numbers. */
function split(data, share) {
  const m = data.X.cols;
  const count = Math.min(m - 1, Math.max(1, Math.round(share * m)));
  const order = permutation(stream(1, 5), m);
  const part = (rows) => ({
    X: columns(data.X, rows),
    Y: columns(data.Y, rows),
    ...(data.base && { base: { ...data.base, X: columns(data.base.X, rows) } }),
  });
  const inOrder = (rows) => rows.sort((a, b) => a - b);
  const rows = inOrder(order.slice(0, count));
  return { ...data, ...part(inOrder(order.slice(count))), share, test: { ...part(rows), rows } };
}

/** The examples before they were prepared, each at its place. */
export function wholeOf({ base, features: _, share: _share, test, ...data }) {
  const own = { X: base?.X ?? data.X, Y: data.Y };
  const raw = { ...data, names: base?.names ?? data.names };
  if (!test) return { ...raw, ...own };
  const joined = (A, B) => {
    const whole = zeros(A.rows, A.cols + B.cols);
    const isTest = new Set(test.rows);
    let [a, b] = [0, 0];
    for (let j = 0; j < whole.cols; j++) {
      const [from, at] = isTest.has(j) ? [B, b++] : [A, a++];
      for (let i = 0; i < A.rows; i++) whole.data[i * whole.cols + j] = from.data[i * from.cols + at];
    }
    return whole;
  };
  return { ...raw, X: joined(own.X, test.base?.X ?? test.X), Y: joined(own.Y, test.Y) };
}
