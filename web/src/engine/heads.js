/** Heads: the loss of each example from the logits, and its derivative, as in the library's `losses.py`. */
import { map, zeros, zip } from "./tensor.js";
import { ACTIVATIONS, sigmoid, softmax } from "./activations.js";

/** Σ over the outputs of term(z, y), a row. */
function sumOverOutputs(ZL, Y, term) {
  const loss = zeros(1, ZL.cols);
  for (let i = 0, p = 0; i < ZL.rows; i++)
    for (let j = 0; j < ZL.cols; j++, p++) loss.data[j] += term(ZL.data[p], Y.data[p]);
  return loss;
}

/** Terms of the textbook that count as 0 where their weight is 0, as in the library. */
const surprise = (weight, a) => (weight === 0 ? 0 : -weight * Math.log(a));
const quotient = (weight, a) => (weight === 0 ? 0 : weight / a);

/** A ∘ (dA − Σⱼ dAⱼ Aⱼ), the derivative of softmax by the logits. */
function softmaxBackward(dA, A) {
  const dZ = zeros(A.rows, A.cols);
  for (let j = 0; j < A.cols; j++) {
    let sum = 0;
    for (let p = j; p < A.data.length; p += A.cols) sum += dA.data[p] * A.data[p];
    for (let p = j; p < A.data.length; p += A.cols) dZ.data[p] = A.data[p] * (dA.data[p] - sum);
  }
  return dZ;
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

/**
 * name → output activation, loss(ZL, Y) as a row, lossBackward(ZL, Y), and the equations' names; `textbook` has the same
 * from the output AL, and chain(dA, A, Z) for dZ. For identity AL is ZL.
 */
export const HEADS = {
  sigmoid: {
    activation: "sigmoid",
    equation: "sigmoid_cross_entropy",
    loss: (ZL, Y) => sumOverOutputs(ZL, Y, (z, y) => Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z)))),
    lossBackward: (ZL, Y) => zip(ZL, Y, (z, y) => sigmoid(z) - y),
    textbook: {
      equation: "cross_entropy",
      loss: (AL, Y) => sumOverOutputs(AL, Y, (a, y) => surprise(y, a) + surprise(1 - y, 1 - a)),
      lossBackward: (AL, Y) => zip(AL, Y, (a, y) => quotient(1 - y, 1 - a) - quotient(y, a)),
      chain: (dA, A, Z) => ACTIVATIONS.sigmoid.backward(dA, Z),
    },
  },
  softmax: {
    activation: "softmax",
    equation: "softmax_cross_entropy",
    loss: softmaxCrossEntropy,
    lossBackward: (ZL, Y) => zip(softmax(ZL), Y, (a, y) => a - y),
    textbook: {
      equation: "categorical_cross_entropy",
      loss: (AL, Y) => sumOverOutputs(AL, Y, (a, y) => surprise(y, a)),
      lossBackward: (AL, Y) => zip(AL, Y, (a, y) => -quotient(y, a)),
      chain: softmaxBackward,
    },
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
