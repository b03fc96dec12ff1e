/**
 * The activations, each with its backward next to it, as in the library's `equations/activations.py`:
 * forward(z) gives a, backward(dA, z) gives dZ. The softmax goes across the units.
 */
import { zeros, map, zip } from "./tensor.js";
import { normalProbability } from "./normal.js";

export const SELU_SCALE = 1.0507009873554805;
export const SELU_ALPHA = 1.6732632423543772;
const SETTLED = 40; // from here on both kinds of gelu are 0 or z to the last bit
const ROOT = Math.sqrt(2 / Math.PI);

const near = (z) => Math.min(Math.max(z, -SETTLED), SETTLED);

export function sigmoid(z) {
  const t = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : t) / (1 + t);
}

function sigmoidBackward(dA, z) {
  const t = Math.exp(-Math.abs(z));
  return (dA * t) / ((1 + t) * (1 + t));
}

const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const elu = (z, alpha) => (z > 0 ? z : alpha * Math.expm1(Math.min(z, 0)));
const eluBackward = (dA, z, alpha) => dA * (z > 0 ? 1 : alpha * Math.exp(Math.min(z, 0)));
const cubic = (u) => 2 * ROOT * (u + 0.044715 * u * u * u);

function tanhBackward(dA, z) {
  const t = Math.exp(-Math.abs(z));
  const slope = (2 * t) / (1 + t * t);
  return dA * slope * slope;
}

function geluTanhBackward(dA, z) {
  const u = near(z);
  const steepness = 2 * ROOT * (1 + 3 * 0.044715 * u * u);
  return dA * (sigmoid(cubic(u)) + sigmoidBackward(u * steepness, cubic(u)));
}

function mishBackward(dA, z) {
  const T = Math.tanh(softplus(z));
  return dA * (T + z * (1 - T * T) * sigmoid(z));
}

/** name → {forward, backward} of one number. */
const ONE_BY_ONE = {
  identity: { forward: (z) => z, backward: (dA) => dA },
  relu: { forward: (z) => (z > 0 || z !== z ? z : 0), backward: (dA, z) => (z > 0 ? dA : 0) },
  leaky_relu: { forward: (z) => (z > 0 ? z : 0.01 * z), backward: (dA, z) => (z > 0 ? dA : 0.01 * dA) },
  elu: { forward: (z) => elu(z, 1), backward: (dA, z) => eluBackward(dA, z, 1) },
  selu: {
    forward: (z) => SELU_SCALE * elu(z, SELU_ALPHA),
    backward: (dA, z) => SELU_SCALE * eluBackward(dA, z, SELU_ALPHA),
  },
  gelu: {
    forward: (z) => z * normalProbability(z),
    backward: (dA, z) => {
      const u = near(z);
      return dA * (normalProbability(z) + (u * Math.exp((-u * u) / 2)) / Math.sqrt(2 * Math.PI));
    },
  },
  gelu_tanh: { forward: (z) => z * sigmoid(cubic(near(z))), backward: geluTanhBackward },
  silu: {
    forward: (z) => z * sigmoid(z),
    backward: (dA, z) => dA * sigmoid(z) * (1 + z * sigmoid(-z)),
  },
  mish: { forward: (z) => z * Math.tanh(softplus(z)), backward: mishBackward },
  softplus: { forward: softplus, backward: (dA, z) => dA * sigmoid(z) },
  tanh: { forward: Math.tanh, backward: tanhBackward },
  sigmoid: { forward: sigmoid, backward: sigmoidBackward },
};

export function softmax(Z) {
  const A = zeros(Z.rows, Z.cols);
  for (let j = 0; j < Z.cols; j++) {
    let most = -Infinity;
    let sum = 0;
    for (let i = 0; i < Z.rows; i++) most = Math.max(most, Z.data[i * Z.cols + j]);
    for (let i = 0; i < Z.rows; i++) sum += A.data[i * Z.cols + j] = Math.exp(Z.data[i * Z.cols + j] - most);
    for (let i = 0; i < Z.rows; i++) A.data[i * Z.cols + j] /= sum;
  }
  return A;
}

function softmaxBackward(dA, Z) {
  const A = softmax(Z);
  const dZ = zeros(Z.rows, Z.cols);
  for (let j = 0; j < Z.cols; j++) {
    let along = 0;
    for (let i = 0; i < Z.rows; i++) along += dA.data[i * Z.cols + j] * A.data[i * Z.cols + j];
    for (let i = 0, p = j; i < Z.rows; i++, p += Z.cols) dZ.data[p] = A.data[p] * (dA.data[p] - along);
  }
  return dZ;
}

/**
 * name → {forward(Z), backward(dA, Z)} of matrices; `one` where each entry stands for itself.
 * @type {Record<string, {forward: Function, backward: Function, one?: {forward: Function, backward: Function}}>}
 */
export const ACTIVATIONS = {
  ...Object.fromEntries(
    Object.entries(ONE_BY_ONE).map(([name, one]) => [
      name,
      { one, forward: (Z) => map(Z, one.forward), backward: (dA, Z) => zip(dA, Z, one.backward) },
    ]),
  ),
  softmax: { forward: softmax, backward: softmaxBackward },
};
