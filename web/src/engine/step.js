/** One training step opened: every quantity in the order of the library's trace, then what it leads to. */
import { ACTIVATIONS } from "./activations.js";
import { HEADS, smoothed } from "./heads.js";
import { OPTIMIZERS } from "./optimizers.js";
import { forward } from "./forward.js";
import { map, multiplyByTransposed, scaleColumns, sumOfRows, transposedMultiply, zeros, zip } from "./tensor.js";

/** α of a parameter. */
export const rateOf = ({ learning_rate, lr_multipliers }, name) => learning_rate * (lr_multipliers?.[name] ?? 1);

/** λ of a parameter: by itself of weights alone. */
export const decayOf = ({ weight_decay, weight_decay_multipliers }, name) =>
  (weight_decay || 0) * (weight_decay_multipliers?.[name] ?? (name[0] === "W" ? 1 : 0));

const sum = (a, b) => a + b;
const product = (a, b) => a * b;

/** dZ, dW, db, dA from the last layer to the first, added to the values of the forward pass. */
export function backward({ network, training, parameters, masks = undefined }, values) {
  const { activations } = network;
  const L = activations.length;
  const Y = values.get("Y");
  const m = Y.cols;
  let dZ = HEADS[network.output].lossBackward(values.get(`Z${L}`), smoothed(network, Y));
  for (let l = L; l >= 1; l--) {
    const W = parameters[`W${l}`];
    values.set(`dZ${l}`, dZ);
    let dW = map(multiplyByTransposed(dZ, values.get(`A${l - 1}`)), (total) => total / m);
    if (l === 1 && parameters.s1) {
      values.set("dW_s1", dW);
      const ds = zeros(W.cols, 1);
      zip(W, dW, product).data.forEach((value, p) => (ds.data[p % W.cols] += value));
      values.set("ds1", ds);
      dW = scaleColumns(dW, parameters.s1);
    }
    if (training.l2) {
      values.set(`dW${l}_data`, dW);
      values.set(
        `dW${l}_L2`,
        map(W, (w) => (training.l2 / m) * w),
      );
      dW = zip(dW, values.get(`dW${l}_L2`), sum);
    }
    values.set(`dW${l}`, dW);
    values.set(
      `db${l}`,
      map(sumOfRows(dZ), (total) => total / m),
    );
    if (l === 1) break;
    let dA = transposedMultiply(W, dZ);
    values.set(`dA${l - 1}`, dA);
    const mask = masks?.[`A${l - 1}`];
    if (mask) values.set(`dg(Z${l - 1})`, (dA = zip(dA, mask, product)));
    dZ = ACTIVATIONS[activations[l - 2]].backward(dA, values.get(`Z${l - 1}`));
  }
  return values;
}

/**
 * The optimizer's part: its state, then θ′.
 *
 * @returns {{parameters: any, slots: any}} what the next step starts from
 */
export function update({ training, parameters, slots, t }, values) {
  const rule = OPTIMIZERS[training.optimizer];
  const after = { parameters: {}, slots: {} };
  for (const [name, given] of Object.entries(parameters)) {
    const [learning_rate, decay] = [rateOf(training, name), decayOf(training, name)];
    const settings = { ...rule.defaults, ...training.optimizer_params, learning_rate, t };
    let theta = given;
    if (decay) {
      theta = map(given, (w) => (1 - learning_rate * decay) * w);
      values.set(`${name}_decayed`, theta);
    }
    const g = values.get(`d${name}`);
    const own = Object.fromEntries(
      [...rule.state, ...Object.keys(rule.hats ?? {})].map((slot) => [slot, zeros(theta.rows, theta.cols)]),
    );
    const moved = zeros(theta.rows, theta.cols);
    for (let i = 0; i < theta.data.length; i++) {
      const before = {};
      for (const slot of rule.state) before[slot] = slots?.[`${slot}_d${name}`]?.data[i] ?? 0;
      const found = rule.one(theta.data[i], g.data[i], before, settings);
      moved.data[i] = found.theta;
      for (const slot of rule.state) own[slot].data[i] = found[slot];
      for (const hat in rule.hats) own[hat].data[i] = found.hats[hat];
    }
    for (const slot in own) values.set(`${slot}_d${name}`, own[slot]);
    for (const slot of rule.state) after.slots[`${slot}_d${name}`] = own[slot];
    values.set(`${name}′`, moved);
    after.parameters[name] = moved;
  }
  return after;
}

/**
 * The step number t from this state on this batch.
 *
 * @param {{network: any, training: any, parameters: any, slots: any, t: number, X: any, Y: any, masks?: any}} problem
 * @returns {{values: Map<string, any>, after: {parameters: any, slots: any, t: number}}}
 */
export function openStep(problem) {
  const values = new Map();
  forward(problem, values);
  for (const [name, value] of Object.entries(problem.parameters)) values.set(name, value);
  for (const [name, value] of Object.entries(problem.slots ?? {})) values.set(`${name}⁻`, value);
  backward(problem, values);
  const after = update(problem, values);
  return { values, after: { ...after, t: problem.t } };
}
