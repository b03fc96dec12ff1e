/** One training step opened: every quantity in the order of the library's trace, then what it leads to. */
import { ACTIVATIONS } from "./activations.js";
import { HEADS } from "./heads.js";
import { OPTIMIZERS } from "./optimizers.js";
import { forward } from "./forward.js";
import { map, multiplyByTransposed, sumOfRows, transposedMultiply, zeros, zip } from "./tensor.js";

/** dZ, dW, db, dA from the last layer to the first, added to the values of the forward pass. */
export function backward({ network, training, parameters, masks = undefined }, values) {
  const { activations } = network;
  const L = activations.length;
  const Y = values.get("Y");
  const m = Y.cols;
  let dZ = HEADS[network.output].lossBackward(values.get(`Z${L}`), Y);
  for (let l = L; l >= 1; l--) {
    const W = parameters[`W${l}`];
    values.set(`dZ${l}`, dZ);
    let dW = map(multiplyByTransposed(dZ, values.get(`A${l - 1}`)), (sum) => sum / m);
    if (training.l2) {
      values.set(`dW${l}_data`, dW);
      values.set(
        `dW${l}_L2`,
        map(W, (w) => (training.l2 / m) * w),
      );
      dW = zip(dW, values.get(`dW${l}_L2`), (a, b) => a + b);
    }
    values.set(`dW${l}`, dW);
    values.set(
      `db${l}`,
      map(sumOfRows(dZ), (sum) => sum / m),
    );
    if (l === 1) break;
    let dA = transposedMultiply(W, dZ);
    values.set(`dA${l - 1}`, dA);
    const mask = masks?.[`A${l - 1}`];
    if (mask) values.set(`dg(Z${l - 1})`, (dA = zip(dA, mask, (a, d) => a * d)));
    dZ = ACTIVATIONS[activations[l - 2]].backward(dA, values.get(`Z${l - 1}`));
  }
  return values;
}

/**
 * The optimizer's part: its state, then θ′. Weights alone decay.
 *
 * @returns {{parameters: any, slots: any}} what the next step starts from
 */
export function update({ training, parameters, slots, t }, values) {
  const rule = OPTIMIZERS[training.optimizer];
  const settings = { ...rule.defaults, ...training.hyperparameters, learning_rate: training.learning_rate, t };
  const after = { parameters: {}, slots: {} };
  for (const [name, given] of Object.entries(parameters)) {
    let theta = given;
    if (training.weight_decay && name[0] === "W") {
      theta = map(given, (w) => (1 - training.learning_rate * training.weight_decay) * w);
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
