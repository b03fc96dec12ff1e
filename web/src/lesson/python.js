/** Python that makes a state of the page again, to the last bit of its parameters. */
import { encodeArray } from "./codec.js";

const MOST = 400_000; // numbers that code may carry

const literal = (value) =>
  value === null ? "None" : value === true ? "True" : value === false ? "False" : JSON.stringify(value);

/**
 * @param {import("../engine/session.js").Session} session
 * @param {number} done updates
 * @returns {string} code; the lesson's own where nothing was changed since it was made
 */
export function pythonCode(session, done) {
  const { lesson, network } = session;
  const training = session.trainingAt(done + 1);
  const { parameters } = session.state(done);
  const { X, Y } = lesson.data;
  const carried = X.data.length + Y.data.length + session.size;
  const head =
    lesson.code && session.changedFrom === Infinity && (done === 0 || session.isRecorded)
      ? `${lesson.code.trimEnd()}\n`
      : "";
  if (head) return head;
  if (carried > MOST) return `# ${carried} numbers are too many for code: save the lesson instead.\n`;
  const matrix = (value) => {
    const { shape, f8 } = encodeArray(value);
    return `matrix(${shape.join(", ")}, "${f8}")`;
  };
  const options = {
    learning_rate: training.learning_rate,
    optimizer: training.optimizer,
    ...(Object.keys(training.hyperparameters ?? {}).length ? { hyperparameters: training.hyperparameters } : {}),
    ...(training.batch_size ? { batch_size: training.batch_size } : {}),
    ...(training.l2 ? { l2: training.l2 } : {}),
    ...(training.dropout ? { dropout: training.dropout } : {}),
    weight_decay: training.weight_decay ?? 0,
  };
  return `"""The network as it was after ${done} updates, with its data; then one step of it, opened."""
from base64 import b64decode

import numpy as np

from deepstep import Network


def matrix(rows, columns, text):
    return np.frombuffer(b64decode(text), dtype="<f8").reshape(rows, columns).copy()


X = ${matrix(X)}
Y = ${matrix(Y)}
parameters = {
${Object.entries(parameters)
  .map(([name, value]) => `    "${name}": ${matrix(value)},`)
  .join("\n")}
}
net = Network(
    ${literal(network.layer_dims)},
    activation=${literal(network.activations.slice(0, -1))},
    output=${literal(network.output)},
    parameters=parameters,
    seed=${training.seed ?? 1},
)
${Object.keys(session.state(done).slots).length ? "# The optimizer's memory begins at zero here.\n" : ""}options = {${Object.entries(
    options,
  )
    .map(([name, value]) => `"${name}": ${literal(value)}`)
    .join(", ")}}
step = next(net.steps(X, Y, **options))
print(step.trace())
`;
}
