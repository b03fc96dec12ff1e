/** The learner's way beside the stable one: loss, dA[L] and dZ[L] from the output A[L], by the chain rule of a textbook. */
import { HEADS, smoothed } from "./heads.js";
import { at } from "./tensor.js";

/** Add loss_A[L], dA[L] and dZ[L]_chain to the values of an opened step. */
export function addTextbook({ network }, values) {
  const L = network.activations.length;
  const { textbook, lossBackward } = HEADS[network.output];
  const [A, T] = [values.get(`A${L}`), smoothed(network, values.get("Y"))];
  if (textbook) values.set(`loss_A${L}`, textbook.loss(A, T));
  values.set(`dA${L}`, (textbook?.lossBackward ?? lossBackward)(A, T));
  if (textbook) values.set(`dZ${L}_chain`, textbook.chain(values.get(`dA${L}`), A, values.get(`Z${L}`)));
  return values;
}

/** The kind of a quantity that stands beside those that train, to be compared; undefined for others. */
export const wayOf = (id, L) => ({ [`loss_A${L}`]: "loss_textbook", [`dA${L}`]: "output_back", [`dZ${L}_chain`]: "chain" })[id];

const CLOSE = 1e-12; // of the larger number: differences by rounding alone

const differs = (a, b) => a !== b && !(Math.abs(a - b) <= CLOSE * Math.max(1, Math.min(Math.abs(a), Math.abs(b))));

/** The two quantities that an open micro-step computes in two ways: [from the logits, from the output]; else null. */
export function pairOf({ id, kind, layer }, values) {
  const names = kind.startsWith("loss") ? ["loss", `loss_A${layer}`] : [`dZ${layer}`, `dZ${layer}_chain`];
  const isPart = names.includes(id) || kind === "output_back";
  return isPart && values.has(names[1]) ? names : null;
}

/**
 * The numbers of one entry by both ways, and the entries at which the ways differ by more than rounding.
 *
 * @returns {{names: string[], stable: number, textbook: number, differ: number, of: number, first: number} | null} `first` is the
 *   column of the first such entry, or -1
 */
export function twoWays({ values }, step, row, col) {
  const names = pairOf(step, values);
  if (!names) return null;
  const [stable, textbook] = names.map((name) => values.get(name));
  const apart = Array.from(stable.data, (value, i) => differs(value, textbook.data[i]));
  const first = apart.indexOf(true);
  return {
    names,
    stable: at(stable, row, col),
    textbook: at(textbook, row, col),
    differ: apart.filter(Boolean).length,
    of: apart.length,
    first: first < 0 ? -1 : first % stable.cols,
  };
}
