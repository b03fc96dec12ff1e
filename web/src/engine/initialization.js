/** First parameters, drawn by the page: W normal with the deviation of a method, b zero. */
import { zeros, map } from "./tensor.js";
import { stream, normal } from "./random.js";

const RECTIFIED = new Set(["relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "mish", "softplus"]);

/** method → deviation of W of a layer with n units after n_prev, as the library's methods of these names; auto by activation. */
export const INITIALIZATIONS = {
  auto: (before, n, activation) => Math.sqrt((RECTIFIED.has(activation) ? 2 : 1) / before),
  zeros: () => 0,
  small: () => 0.01,
  large: () => 10,
  he: (before) => Math.sqrt(2 / before),
  glorot: (before, n) => Math.sqrt(2 / (before + n)),
  lecun: (before) => Math.sqrt(1 / before),
};

/** @returns {Record<string, import("./tensor.js").Tensor>} */
export function initialParameters({ layer_dims, activations, initialization = "auto" }, seed) {
  const parameters = {};
  for (let l = 1; l < layer_dims.length; l++) {
    const uniform = stream(seed, 1, l);
    const deviation = INITIALIZATIONS[initialization](layer_dims[l - 1], layer_dims[l], activations[l - 1]);
    parameters[`W${l}`] = map(zeros(layer_dims[l], layer_dims[l - 1]), () => deviation * normal(uniform));
    parameters[`b${l}`] = zeros(layer_dims[l], 1);
  }
  return parameters;
}
