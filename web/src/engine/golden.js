/** The page's numbers against those that Python recorded: compared, then replaced by Python's own. */

const difference = (a, b) => (Object.is(a, b) || a === b ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b)));

/** The largest difference of two values, relative to numbers above 1; Infinity where one is not finite. */
export function largestDifference(ours, theirs) {
  if (typeof theirs === "number") return notNaN(difference(ours, theirs));
  if (!ours || ours.data.length !== theirs.data.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < ours.data.length; i++) largest = Math.max(largest, notNaN(difference(ours.data[i], theirs.data[i])));
  return largest;
}

const notNaN = (value) => (Number.isNaN(value) ? Infinity : value);

/**
 * Compare what the golden step has with `values`, and put its numbers in.
 *
 * @param {Map<string, any>} values
 * @param {{parameters: any, quantities: any, after: any}} golden
 * @returns {{difference: number, worst: string, compared: number}}
 */
export function compareGolden(values, { parameters, quantities, after }) {
  const primed = Object.fromEntries(Object.entries(after ?? {}).map(([name, value]) => [`${name}′`, value]));
  const check = { difference: 0, worst: "", compared: 0 };
  for (const [name, theirs] of Object.entries({ ...parameters, ...quantities, ...primed })) {
    if (theirs == null || !values.has(name)) continue;
    const found = largestDifference(values.get(name), theirs);
    check.compared += 1;
    if (found > check.difference) Object.assign(check, { difference: found, worst: name });
    values.set(name, theirs);
  }
  return check;
}
