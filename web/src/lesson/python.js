/** Python that makes a state of the page again: its updates are done once more, with the same draws and changes. */
import { encodeArray } from "./codec.js";
import { OPTIMIZERS } from "../engine/optimizers.js";

const MOST = 400_000; // numbers that code may carry
const WORDS = { null: "None", true: "True", false: "False" };

const literal = (value) => JSON.stringify(value).replace(/\b(null|true|false)\b/g, (word) => WORDS[word]);
const array = (value) => `unpacked(${literal(encodeArray(value))})`;

/**
 * @param {any} session
 * @param {number} done updates
 * @returns {string} code, the lesson's own where nothing was changed; a comment alone where none can be right
 */
export function pythonCode(session, done) {
  const { lesson, network, base } = session;
  const unchanged = session.changedFrom === Infinity && done < (lesson.recorded?.at(-1)?.step ?? 0);
  if (session.isRecorded || (unchanged && lesson.code)) return lesson.code.replace(/^shown = 1\b/m, `shown = ${done + 1}`);
  const { X, Y } = lesson.data;
  const carried = X.data.length + Y.data.length + session.size;
  if (carried > MOST) return `# ${carried} numbers are too many for code: save the lesson instead.\n`;
  // what Python trained on command is not done again: the code begins with what it reached
  const start = base && (done < base.t ? session.state(done) : base);
  const from = start?.t ?? 0;
  const training = start ? session.trainingAt(from) : lesson.training;
  const changes = session.log.filter(({ t }) => t >= from && t <= done);
  const hidden = network.activations.slice(0, -1);
  const memory = start && OPTIMIZERS[training.optimizer].state.length;
  const drawn = Math.min(session.changedFrom - 1, lesson.batches?.length ?? 0);
  return `"""The network after ${done} updates of the page, which are done again; then the next one, opened."""
from deepstep import Network
from deepstep.explorer import replay, unpacked

X = ${array(X)}
Y = ${array(Y)}
parameters = {
${Object.entries((start ?? lesson).parameters)
  .map(([name, value]) => `    "${name}": ${array(value)},`)
  .join("\n")}
}
network = Network(
    ${literal(network.layer_dims)},
    activation=${literal(hidden.length ? hidden : "relu")},
    output=${literal(network.output)},
    parameters=parameters,
    seed=${network.seed ?? 1},
)
step = replay(
    network,
    X,
    Y,
    updates=${done},
    training=${literal({ ...training, beyond: undefined })},
${changes.length ? `    changes=[\n${changes.map((change) => `        ${literal(change)},\n`).join("")}    ],\n` : ""}${
    drawn ? `    drawn=${drawn},\n` : ""
  }${from ? `    start=${from},\n` : ""})
${memory ? "# Python trained up to there: the memory of its optimizer is not known here, and begins at zero.\n" : ""}print(step.trace())  # every quantity; step.before are the parameters before it
`;
}
