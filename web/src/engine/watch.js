/** The watch for what is not finite: the first quantity of a step, in order, and the place in it. */

/**
 * @param {Iterable<string>} names quantities in the order in which they are made
 * @param {Map<string, any>} values
 * @returns {{name: string, row: number, col: number, value: number} | null}
 */
export function bornNonFinite(names, values) {
  for (const name of names) {
    const value = values.get(name);
    if (typeof value === "number") {
      if (!Number.isFinite(value)) return { name, row: 0, col: 0, value };
    } else if (value) {
      const index = value.data.findIndex((x) => !Number.isFinite(x));
      if (index >= 0) {
        return { name, row: Math.floor(index / value.cols), col: index % value.cols, value: value.data[index] };
      }
    }
  }
  return null;
}
