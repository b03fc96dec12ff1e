/** First parameters, drawn by the page: W normal with variance 2/n (relu's kin) or 1/n, b zero. */
import { zeros, map } from "./tensor.js";
import { stream, normal } from "./random.js";

const RECTIFIED = new Set(["relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "mish", "softplus"]);

/** @returns {Record<string, import("./tensor.js").Tensor>} */
export function initialParameters({ layer_dims, activations }, seed) {
  const parameters = {};
  for (let l = 1; l < layer_dims.length; l++) {
    const uniform = stream(seed, 1, l);
    const deviation = Math.sqrt((RECTIFIED.has(activations[l - 1]) ? 2 : 1) / layer_dims[l - 1]);
    parameters[`W${l}`] = map(zeros(layer_dims[l], layer_dims[l - 1]), () => deviation * normal(uniform));
    parameters[`b${l}`] = zeros(layer_dims[l], 1);
  }
  return parameters;
}
