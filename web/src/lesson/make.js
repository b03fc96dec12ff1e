/** A lesson made in the page: data, a network for them, its training and its first parameters. */
import { HEADS } from "../engine/heads.js";
import { OPTIMIZERS } from "../engine/optimizers.js";
import { initialParameters } from "../engine/initialization.js";
import { FORMAT } from "./codec.js";
import { library } from "./library.js";
import { prepared } from "../data/examples.js";

export const HEAD_OF = { binary: "sigmoid", classes: "softmax", numbers: "identity" };

/** A training that a reader sees succeed in a few seconds: J of the circles is below 0.1 after 100 updates. */
export const DEFAULTS = {
  optimizer: "adam",
  optimizer_params: {},
  learning_rate: 0.03,
  l2: 0,
  weight_decay: 0,
  batch_size: null,
  dropout: 0,
  seed: 1,
};

/** Learning rates with which each rule is good on the toy sets. */
export const RATES = { gd: 0.3, momentum: 0.3, nesterov: 0.1, rmsprop: 0.01, adam: 0.03, adamw: 0.03, lion: 0.01 };

/**
 * @param {any} given
 * @param {{hidden?: number[], activations?: string[], training?: any, initialization?: string, features?: string[],
 *   test?: number}} [choice]
 */
export function makeLesson(given, choice = {}) {
  const { hidden = [8, 8], activations = ["tanh", "tanh"], training = {}, initialization = "auto" } = choice;
  const data = prepared(given, choice);
  const output = HEAD_OF[data.kind];
  const network = {
    layer_dims: [data.X.rows, ...hidden, data.Y.rows],
    activations: [...activations, HEADS[output].activation],
    output,
    initialization,
  };
  const whole = { ...DEFAULTS, ...training };
  whole.optimizer_params = { ...OPTIMIZERS[whole.optimizer].defaults, ...whole.optimizer_params };
  return {
    format: FORMAT,
    version: 1,
    title: data.name,
    network,
    training: whole,
    parameters: initialParameters(network, whole.seed),
    data,
    batches: [],
    masks: null,
    golden: [],
    recorded: [],
    ...library,
    code: "",
    origin: "page",
    wide: false,
  };
}
