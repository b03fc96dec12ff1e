/** Numeric derivatives: a quantity is moved where it stands and the rest of the step runs from there. */
import { forward } from "./forward.js";
import { copy } from "./tensor.js";

const PER_EXAMPLE = /^d(A|Z|g|p)/; // derivatives of m·J; the others are of J

/** The name of what a derivative is by: "dW2" → "W2", "dg(Z1)" → "g(Z1)"; the textbook's dZ is by the same Z. */
export const movedName = (derivative) => derivative.slice(1).replace("_chain", "");

/**
 * Central differences at distances that shrink by 2, extrapolated to 0 (Ridders): the value where two
 * neighbours agree best, with that disagreement.
 *
 * @returns {{value: number, error: number}}
 */
export function numericDerivative(problem, values, derivative, row, col) {
  const name = movedName(derivative);
  const given = values.get(name);
  const factor = PER_EXAMPLE.test(derivative) ? values.get("Y").cols : 1;
  const place = row * given.cols + col;
  const cost = (x) => {
    const value = copy(given);
    value.data[place] = x;
    return forward(problem, new Map(), { name, value }).get("J");
  };
  const x = given.data[place];
  let h = 0.02 * Math.max(1, Math.abs(x));
  let best = { value: NaN, error: Infinity };
  let above = [];
  for (let i = 0; i < 9; i++, h /= 2) {
    const row = [((cost(x + h) - cost(x - h)) / (2 * h)) * factor];
    for (let j = 1, power = 4; j <= i; j++, power *= 4) {
      row.push((power * row[j - 1] - above[j - 1]) / (power - 1));
      const error = Math.max(Math.abs(row[j] - row[j - 1]), Math.abs(row[j] - above[j - 1]));
      if (error < best.error) best = { value: row[j], error };
    }
    above = row;
  }
  return best;
}

/** Indices of at most `most` entries, evenly spread. */
function spread(count, most) {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}

/**
 * Every derivative of the step against its numeric twin, a quantity at a time (a generator, so that a page
 * can draw in between).
 *
 * @returns {Generator<{name: string, checked: number, of: number, difference: number, passed: boolean}>}
 */
export function* checkGradients(problem, values, names, most = 24) {
  for (const name of names) {
    const found = values.get(name);
    let difference = 0;
    const places = spread(found.data.length, most);
    let passed = true;
    for (const place of places) {
      const row = Math.floor(place / found.cols);
      const numeric = numericDerivative(problem, values, name, row, place % found.cols);
      const scale = Math.max(Math.abs(found.data[place]), Math.abs(numeric.value), 1e-4);
      const relative = Math.abs(found.data[place] - numeric.value) / scale;
      difference = Math.max(difference, relative);
      if (!(relative < 1e-6 || Math.abs(found.data[place] - numeric.value) <= 10 * numeric.error)) passed = false;
    }
    yield { name, checked: places.length, of: found.data.length, difference, passed };
  }
}
