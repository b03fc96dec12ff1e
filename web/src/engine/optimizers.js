/**
 * Update rules, entry by entry, as in the library's `equations/updates.py`.
 *
 * `state` names the vectors that begin at 0; `one(theta, g, slots, settings)` gives what one entry becomes:
 * its new theta and its new slots by name, with bias-corrected averages under `hats` for who looks.
 * @typedef {{learning_rate: number, t: number, [name: string]: number|string}} Settings
 */

const corrected = (value, beta, t) => value / (1 - beta ** t);

function adam(theta, g, { v, s }, { learning_rate, beta1, beta2, epsilon, epsilon_at, t }) {
  v = beta1 * v + (1 - beta1) * g;
  s = beta2 * s + (1 - beta2) * g * g;
  const hats = { v̂: corrected(v, beta1, t), ŝ: corrected(s, beta2, t) };
  const root =
    epsilon_at === "hat"
      ? (Math.sqrt(s) + epsilon) / Math.sqrt(1 - beta2 ** t)
      : epsilon_at === "inside"
        ? Math.sqrt(hats["ŝ"] + epsilon)
        : Math.sqrt(hats["ŝ"]) + epsilon;
  return { theta: theta - learning_rate * (hats["v̂"] / root), v, s, hats };
}

const ADAM = {
  equation: "adam_update",
  state: ["v", "s"],
  hats: { v̂: "v", ŝ: "s" },
  defaults: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsilon_at: "outside" },
  one: adam,
};

export const OPTIMIZERS = {
  gd: {
    equation: "gradient_descent_update",
    state: [],
    defaults: {},
    one: (theta, g, _, { learning_rate }) => ({ theta: theta - learning_rate * g }),
  },
  momentum: {
    equation: "momentum_update",
    state: ["v"],
    defaults: { beta: 0.9 },
    one(theta, g, { v }, { learning_rate, beta }) {
      v = beta * v + (1 - beta) * g;
      return { theta: theta - learning_rate * v, v };
    },
  },
  nesterov: {
    equation: "nesterov_update",
    state: ["v"],
    defaults: { beta: 0.9 },
    one(theta, g, { v }, { learning_rate, beta }) {
      v = beta * v - learning_rate * g;
      return { theta: theta + beta * v - learning_rate * g, v };
    },
  },
  rmsprop: {
    equation: "rmsprop_update",
    state: ["s"],
    defaults: { beta: 0.99, epsilon: 1e-8 },
    one(theta, g, { s }, { learning_rate, beta, epsilon }) {
      s = beta * s + (1 - beta) * g * g;
      return { theta: theta - learning_rate * (g / (Math.sqrt(s) + epsilon)), s };
    },
  },
  adam: ADAM,
  adamw: { ...ADAM, weight_decay: 0.01 },
  lion: {
    equation: "lion_update",
    state: ["v"],
    defaults: { beta1: 0.9, beta2: 0.99 },
    one(theta, g, { v }, { learning_rate, beta1, beta2 }) {
      const direction = Math.sign(beta1 * v + (1 - beta1) * g);
      return { theta: theta - learning_rate * direction, v: beta2 * v + (1 - beta2) * g };
    },
  },
};
