/** The forward pass and the cost: every quantity by the name that the library's trace gives it. */
import { ACTIVATIONS } from "./activations.js";
import { HEADS, smoothed } from "./heads.js";
import { multiply, addColumn, scaleColumns, zip } from "./tensor.js";

/**
 * Z, A, loss and J, in order. With `moved`, a quantity of that name is replaced where it is made: so a
 * numeric derivative by any of them runs through the same pass.
 *
 * @param {{network: any, training: any, parameters: any, X: any, Y: any, masks?: any}} problem
 * @param {Map<string, any>} [into]
 * @param {{name: string, value: any}} [moved]
 * @returns {Map<string, any>}
 */
export function forward({ network, training, parameters, X, Y, masks }, into = new Map(), moved = undefined) {
  const put = (name, value) => {
    const kept = moved?.name === name ? moved.value : value;
    into.set(name, kept);
    return kept;
  };
  const { activations } = network;
  const L = activations.length;
  const of = (name) => (moved?.name === name ? moved.value : parameters[name]);
  let A = put("A0", X);
  let Z = A;
  for (let l = 1; l <= L; l++) {
    const mask = masks?.[`A${l}`];
    const W = l === 1 && parameters.s1 ? put("W_s1", scaleColumns(of("W1"), of("s1"))) : of(`W${l}`);
    Z = put(`Z${l}`, addColumn(multiply(W, A), of(`b${l}`)));
    A = ACTIVATIONS[activations[l - 1]].forward(Z);
    A = put(mask ? `g(Z${l})` : `A${l}`, A);
    if (mask) {
      into.set(`mask${l}`, mask);
      A = put(
        `A${l}`,
        zip(A, mask, (a, d) => a * d),
      );
    }
  }
  if (!Y) return into;
  into.set("Y", Y);
  const head = HEADS[network.output];
  const [from, way] = moved?.name === `A${L}` ? [A, head.textbook ?? head] : [Z, head];
  const loss = put("loss", way.loss(from, smoothed(network, Y)));
  let data = 0;
  for (const value of loss.data) data += value;
  data /= loss.cols;
  if (training.l2) {
    let squares = 0;
    for (let l = 1; l <= L; l++) for (const w of of(`W${l}`).data) squares += w * w;
    into.set("J_data", data);
    into.set("J_L2", (training.l2 / (2 * loss.cols)) * squares);
    into.set("J", data + into.get("J_L2"));
  } else {
    into.set("J", data);
  }
  return into;
}

/** AL for inputs alone: no dropout, as a network predicts. */
export function predict(network, parameters, X) {
  const values = forward({ network, training: {}, parameters, X, Y: null });
  return values.get(`A${network.activations.length}`);
}
