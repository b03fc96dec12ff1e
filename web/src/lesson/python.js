/** Python that makes a state of the page again: its updates are done once more, with the same draws and changes. */
import { encodeArray } from "./codec.js";
import { FEATURES } from "../data/examples.js";
import { OPTIMIZERS } from "../engine/optimizers.js";

const MOST = 400_000; // numbers that code may carry
const WORDS = { null: "None", true: "True", false: "False" };

const literal = (value) => JSON.stringify(value).replace(/\b(null|true|false)\b/g, (word) => WORDS[word]);
const array = (value) => `unpacked(${literal(encodeArray(value))})`;

/** Code to be read: of long numbers the beginnings. */
export const readable = (code) => code.replace(/("[\w+/]{24}|(?:array\(|rows = ).{60})[^"\n]{24,}("?)/g, "$1…$2");

/** The inputs as features of the coordinates. */
const inputsCode = (features, base) => `
def inputs(${base.X.rows === 1 ? "x1" : "x1, x2"}):
    """The features of coordinates that are the inputs of the network."""
    return np.vstack([${features.map((name) => FEATURES[name].python).join(", ")}])


X = inputs(*${array(base.X)})`.trimStart();

/** The cost of the test set with the parameters before the update. */
const testCode = (test, features) => `
X_test = ${features ? `inputs(*${array(test.base.X)})` : array(test.X)}
Y_test = ${array(test.Y)}
trained = Network(
    network.architecture.layer_dims,
    **network.architecture.network_arguments(),
    parameters=step.before,
)
print("test cost", trained.cost(X_test, Y_test))
`;

/**
 * @param {any} session
 * @param {number} done updates
 * @returns {string} code, the lesson's own where nothing was changed; a comment alone where none can be right
 */
export function pythonCode(session, done) {
  const { lesson, network } = session;
  const unchanged = session.changedFrom === Infinity && done < (lesson.recorded?.at(-1)?.step ?? 0);
  if (session.isRecorded || (unchanged && lesson.code && !session.beginning(done))) return lesson.code.replace(/^shown = 1\b/m, `shown = ${done + 1}`);
  const from = session.beginning(done);
  const start = session.state(from);
  const { X, Y, base, features, test } = session.dataAt(from + 1);
  const carried = X.data.length + Y.data.length + session.size;
  if (carried > MOST) return `# ${carried} numbers are too many for code: save the lesson instead.\n`;
  const training = session.trainingAt(from + 1);
  const changes = session.log
    .filter(({ t }) => t > from && t <= done)
    .map((change) => (change.add ? { ...change, add: change.add.slice(0, 2) } : change));
  const hidden = network.activations.slice(0, -1);
  const forgotten = start.forgotten && OPTIMIZERS[training.optimizer].state.length;
  const slots = Object.entries(start.slots);
  const drawn = Math.min(session.changedFrom - 1, lesson.batches?.length ?? 0);
  return `"""The network after ${done} updates of the page, ${
    from ? `those after the first ${from} done again` : "done again"
  }; then the next one, opened."""
${features ? "import numpy as np\n\n" : ""}from deepstep import Network
from deepstep.explorer import replay, unpacked

${features ? inputsCode(features, base) : `X = ${array(X)}`}
Y = ${array(Y)}
parameters = {
${Object.entries(start.parameters)
  .map(([name, value]) => `    "${name}": ${array(value)},`)
  .join("\n")}
}
network = Network(
    ${literal(network.layer_dims)},
    activation=${literal(hidden.length ? hidden : "relu")},
    output=${literal(network.output)},
    parameters=parameters,
${["output_settings", "input_scale"]
  .filter((name) => /True|:/.test(literal(network[name] ?? 0)))
  .map((name) => `    ${name}=${literal(network[name])},\n`)
  .join("")}    seed=${network.seed ?? 1},
)
step = replay(
    network,
    X,
    Y,
    updates=${done},
    training=${literal({ ...training, beyond: undefined })},
${changes.length ? `    changes=[\n${changes.map((change) => `        ${literal(change)},\n`).join("")}    ],\n` : ""}${
    drawn ? `    drawn=${drawn},\n` : ""
  }${from ? `    start=${from},\n` : ""}${
    slots.length ? `    slots={\n${slots.map(([name, value]) => `        "${name}": ${array(value)},\n`).join("")}    },\n` : ""
  })
${forgotten ? "# Python trained up to there: the memory of its optimizer is not known here, and begins at zero.\n" : ""}print(step.trace())  # every quantity; step.before are the parameters before it
${test ? testCode(test, features) : ""}`;
}
