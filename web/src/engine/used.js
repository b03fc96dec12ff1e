/** Where a number goes: the part of a micro-step's result that it takes part in. */

const row = (name, r) => ({ name, row: r, col: null });
const column = (name, c) => ({ name, row: null, col: c });
const same = (name, r, c) => ({ name, row: r, col: c });

const sumOf = (name, r) => same(name, r, 0);
const ofExample = (name, _, c) => same(name, 0, c);
const ofColumn = (name, _, c) => same(name, c, 0);

/** By kind of the micro-step: how each operand, by its place in the equation, reaches the result. */
const WAYS = {
  linear: [row, (z, _, c) => column(z, c), row],
  weights: [row, column],
  bias: [sumOf],
  back: [(dA, _, c) => row(dA, c), (dA, _, c) => column(dA, c)],
  activation: [(A, r, c, { equation }) => (equation === "softmax" ? column(A, c) : same(A, r, c))],
  scale: [same, column],
  scale_back: [same, column],
  scale_sum: [ofColumn, ofColumn],
  loss: [ofExample, ofExample],
  loss_textbook: [ofExample, ofExample],
  chain: [0, 1].map(() => (dZ, r, c, { equation }) => (equation === "softmax_backward" ? column(dZ, c) : same(dZ, r, c))),
  cost: [(J) => same(J, 0, 0)],
};

/**
 * @param {import("./microsteps.js").MicroStep} step
 * @returns {import("./explain.js").Region[]} empty where the number is no operand of this step
 */
export function usedBy(step, name, r, c) {
  const [result, ...operands] = step.tokens.filter((token) => typeof token === "object");
  const place = operands.findIndex((operand) => operand.name === name);
  if (place < 0 || step.kind === "batch" || step.kind === "recorded") return [];
  const way = WAYS[step.kind]?.[place] ?? same;
  return [way(result.name, r, c, step)];
}
