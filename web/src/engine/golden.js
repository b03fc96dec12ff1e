/** The page's numbers against those that Python recorded: compared, then replaced by Python's own. */

import { openStep } from "./step.js";
import { addTextbook } from "./textbook.js";

const difference = (a, b) => (Object.is(a, b) || a === b ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b)));

/** The largest difference of two values, relative to numbers above 1; Infinity where one is not finite. */
export function largestDifference(ours, theirs) {
  if (typeof theirs === "number") return notNaN(difference(ours, theirs));
  if (!ours || ours.data.length !== theirs.data.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < ours.data.length; i++)
    largest = Math.max(largest, notNaN(difference(ours.data[i], theirs.data[i])));
  return largest;
}

const notNaN = (value) => (Number.isNaN(value) ? Infinity : value);

/** All that Python recorded of a step, by name: parameters before, slots before, quantities, parameters after. */
export function recordedValues({ parameters, slots, quantities, after }) {
  /** @returns {[string, any][]} */
  const named = (values, sign) => Object.entries(values ?? {}).map(([name, value]) => [`${name}${sign}`, value]);
  return new Map([...named(parameters, ""), ...named(slots, "⁻"), ...named(quantities, ""), ...named(after, "′")]);
}

/** The step's problem as it was recorded: it needs no step before it. */
export function recordedProblem({ network, training }, { step, parameters, slots, quantities, learning_rate }) {
  const masks = Object.entries(quantities).filter(([name]) => name.startsWith("mask"));
  return {
    network,
    training: { ...training, learning_rate: learning_rate ?? training.learning_rate },
    parameters,
    slots: slots ?? {},
    t: step,
    X: quantities.A0,
    Y: quantities.Y,
    masks: masks.length ? Object.fromEntries(masks.map(([name, value]) => [name.replace("mask", "A"), value])) : null,
  };
}

/**
 * Compare what the golden step has with `values`, and put its numbers in.
 *
 * @param {Map<string, any>} values
 * @returns {{difference: number, worst: string, compared: number}}
 */
export function compareGolden(values, golden) {
  const check = { difference: 0, worst: "", compared: 0 };
  const L = Object.keys(golden.parameters).filter((name) => /^W\d+$/.test(name)).length;
  const amplified = [`loss_A${L}`, `dA${L}`, `dZ${L}_chain`]; // the last digit of an output near 1 decides over 1 − A
  for (const [name, theirs] of recordedValues(golden)) {
    if (theirs == null || !values.has(name)) continue;
    const found = largestDifference(values.get(name), theirs);
    check.compared += 1;
    if (found > check.difference && !amplified.includes(name)) Object.assign(check, { difference: found, worst: name });
    values.set(name, theirs);
  }
  return check;
}

/** A golden step computed anew from what it started from, and compared. */
export function checkGolden(lesson, golden) {
  const problem = recordedProblem(lesson, golden);
  return compareGolden(addTextbook(problem, openStep(problem).values), golden);
}
