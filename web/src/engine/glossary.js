/** What the names of a step mean, with the shapes and numbers of the open one: the rows of the help. */

const at00 = (value) => (typeof value === "number" ? value : value.data[0]);
const shapeOf = (value) => (typeof value === "number" ? [1, 1] : [value.rows, value.cols]);

/**
 * @param {{problem: any, values: Map<string, any>}} opened
 * @param {number} layer
 * @returns {{key: string, name: string, shape: number[], value: number, change?: number}[]} the quantities of this layer in the
 *   order of a step; `change` is about what J changes by, when the first weight grows by 0.01
 */
export function glossary({ values }, layer, L) {
  const l = Math.min(Math.max(1, layer), L);
  const rows = [
    ["X", "A0"],
    ["W", `W${l}`],
    ["b", `b${l}`],
    ["Z", `Z${l}`],
    ["A", `A${l}`],
    ["Y", "Y"],
    ["J", "J"],
    ["dA", `dA${l}`],
    ["dZ", `dZ${l}`],
    ["dW", `dW${l}`],
    ["db", `db${l}`],
  ];
  return rows
    .filter(([, name]) => values.has(name))
    .map(([key, name]) => {
      const value = values.get(name);
      const row = { key, name, shape: shapeOf(value), value: at00(value) };
      return key === "dW" ? { ...row, change: 0.01 * row.value } : row;
    });
}
