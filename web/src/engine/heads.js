/** Heads: the loss of each example from the logits, and its derivative, as in the library's `losses.py`. */
import { map, zeros, zip } from "./tensor.js";
import { sigmoid, softmax } from "./activations.js";

/** Σ over the outputs of term(z, y), a row. */
function sumOverOutputs(ZL, Y, term) {
  const loss = zeros(1, ZL.cols);
  for (let i = 0, p = 0; i < ZL.rows; i++)
    for (let j = 0; j < ZL.cols; j++, p++) loss.data[j] += term(ZL.data[p], Y.data[p]);
  return loss;
}

function softmaxCrossEntropy(ZL, Y) {
  const loss = zeros(1, ZL.cols);
  for (let j = 0; j < ZL.cols; j++) {
    let most = -Infinity;
    let sum = 0;
    let told = 0;
    for (let p = j; p < ZL.data.length; p += ZL.cols) most = Math.max(most, ZL.data[p]);
    for (let p = j; p < ZL.data.length; p += ZL.cols) {
      const shifted = ZL.data[p] - most;
      sum += Math.exp(shifted);
      told += Y.data[p] * shifted;
    }
    loss.data[j] = Math.log(sum) - told;
  }
  return loss;
}

/**
 * Label smoothing: T = keep·Y + even stands for the targets in loss and derivative.
 * @returns {{keep: number, even: number} | null}
 */
export function smoothing({ output, output_settings, layer_dims }) {
  const share = output_settings?.smoothing;
  return share ? { keep: 1 - share, even: share / (output === "sigmoid" ? 2 : layer_dims.at(-1)) } : null;
}

/** The targets that the loss is of. */
export function smoothed(network, Y) {
  const T = smoothing(network);
  return T ? map(Y, (y) => T.keep * y + T.even) : Y;
}

/** name → output activation, loss(ZL, Y) as a row, lossBackward(ZL, Y), and the equations' names. */
export const HEADS = {
  sigmoid: {
    activation: "sigmoid",
    equation: "sigmoid_cross_entropy",
    loss: (ZL, Y) => sumOverOutputs(ZL, Y, (z, y) => Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z)))),
    lossBackward: (ZL, Y) => zip(ZL, Y, (z, y) => sigmoid(z) - y),
  },
  softmax: {
    activation: "softmax",
    equation: "softmax_cross_entropy",
    loss: softmaxCrossEntropy,
    lossBackward: (ZL, Y) => zip(softmax(ZL), Y, (a, y) => a - y),
  },
  identity: {
    activation: "identity",
    equation: "squared_error",
    loss: (ZL, Y) => {
      const loss = sumOverOutputs(ZL, Y, (z, y) => (z - y) ** 2);
      return { ...loss, data: loss.data.map((value) => value / 2) };
    },
    lossBackward: (ZL, Y) => zip(ZL, Y, (z, y) => z - y),
  },
};
