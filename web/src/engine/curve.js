/** Curves that grow with a training: extremes, a bounded sample, means by epoch that are computed once. */

export const lowest = (values, start = Infinity) => values.reduce((least, value) => Math.min(least, value), start);
export const highest = (values, start = -Infinity) => values.reduce((most, value) => Math.max(most, value), start);

/** At most so many places of a list from `first` on, evenly, the last one among them. */
export function places(length, most, first = 0) {
  const last = length - 1;
  const every = Math.max(1, Math.ceil((last - first) / (most - 1)));
  const found = [];
  for (let i = first; i < last; i += every) found.push(i);
  return last < first ? [] : [...found, last];
}

/** The list at these places. */
export const thinned = (list, most) => places(list.length, most).map((i) => list[i]);

const known = new WeakMap();

/**
 * The mean of each epoch that is whole, from its finite costs. A curve grows at its end alone, so that only new epochs are
 * computed; what makes a training again gives it another list.
 *
 * @param {number[]} costs of each update
 * @param {number} each updates in an epoch
 * @returns {{ends: number[], values: number[], low: number, peak: number}} the update at the end of each epoch and its mean;
 *   the first places of the lowest and of the highest mean
 */
export function byEpoch(costs, each) {
  const kept = known.get(costs) ?? new Map();
  known.set(costs, kept);
  const curve = kept.get(each) ?? { done: 0, ends: [], values: [], low: 0, peak: 0 };
  kept.set(each, curve);
  for (; curve.done + each <= costs.length; curve.done += each) add(curve, costs, each);
  return curve;
}

function add(curve, costs, each) {
  const { done, ends, values } = curve;
  let [sum, count] = [0, 0];
  for (let i = done; i < done + each; i++) {
    if (!Number.isFinite(costs[i])) continue;
    sum += costs[i];
    count += 1;
  }
  if (!count) return;
  const value = sum / count;
  ends.push(done + each);
  values.push(value);
  if (value < values[curve.low]) curve.low = values.length - 1;
  if (value > values[curve.peak]) curve.peak = values.length - 1;
}
