/** A training that the page cannot compute: the steps that Python recorded, opened as they are. */
import { ACTIVATIONS } from "./activations.js";
import { HEADS } from "./heads.js";
import { OPTIMIZERS } from "./optimizers.js";
import { wayOf } from "./textbook.js";
import { recordedProblem, recordedValues } from "./golden.js";

/** What of a lesson the page's engine does not know; empty where it can compute everything. */
export function unknownParts({ network, training }) {
  const names = network.activations.slice(0, -1).filter((name) => !ACTIVATIONS[name]?.one);
  return [
    ...(training.beyond ?? []),
    ...names,
    ...(HEADS[network.output] ? [] : [network.output]),
    ...(OPTIMIZERS[training.optimizer] ? [] : [training.optimizer]),
  ];
}

const PHASES = { input: "given" };

export class RecordedSession {
  constructor(lesson) {
    this.lesson = lesson;
    this.network = lesson.network;
    this.isRecorded = true;
    this.costs = [];
    this.testCosts = [];
    this.changedFrom = Infinity;
    this.numbers = lesson.golden.map(({ step }) => step).sort((a, b) => a - b);
    this.latest = { t: this.numbers.at(-1) - 1, parameters: lesson.golden.at(-1).parameters, slots: {} };
    this.size = Object.values(lesson.parameters).reduce((sum, { data }) => sum + data.length, 0);
    this.opened = new Map();
    for (const { step, quantities } of lesson.golden) this.costs[step - 1] = quantities.J;
  }

  trainingAt() {
    return this.lesson.training;
  }

  dataAt() {
    return this.lesson.data;
  }

  updatesPerEpoch() {
    return 1;
  }

  golden(k) {
    return this.lesson.golden.find(({ step }) => step === k);
  }

  epochOf(k) {
    return this.golden(k).epoch;
  }

  batchOf(k) {
    return Array.from({ length: this.golden(k).quantities.Y.cols }, (_, i) => this.lesson.batches?.[k - 1]?.[i] ?? i);
  }

  state(t) {
    return { parameters: this.golden(t + 1).parameters, slots: {}, t };
  }

  open(k) {
    if (!this.opened.has(k)) this.opened.set(k, this.openRecorded(k));
    return this.opened.get(k);
  }

  openRecorded(k) {
    const golden = this.golden(k);
    const values = recordedValues(golden);
    const steps = this.lesson.entries
      .filter(({ name }) => values.has(name) && name !== "t" && !(name in golden.parameters))
      .map(({ name, layer, phase, formula, equation }) => ({
        id: name,
        layer,
        phase: PHASES[phase] ?? phase,
        kind: "recorded",
        aside: !!wayOf(name, this.network.activations.length),
        equation,
        formula,
        tokens: [{ name }, ...operands(formula, name, values)],
      }));
    const problem = { ...recordedProblem(this.lesson, golden), batch: this.batchOf(k) };
    return { k, problem, values, after: { parameters: golden.after }, steps, check: null, born: null };
  }

  /** The nearest recorded update on the way from one to another. */
  reach(k, from = 1) {
    const onTheWay = this.numbers.filter((number) => (k >= from ? number >= k : number <= k));
    return k >= from ? (onTheWay[0] ?? this.numbers.at(-1)) : (onTheWay.at(-1) ?? this.numbers[0]);
  }
}

/** Quantities that a formula names on its right side: up to three, shown beside the result. */
function operands(formula, result, values) {
  const right = formula.split("=").slice(1).join("=");
  const found = [...new Set(right.match(/[A-Za-z_]+\d+/g) ?? [])].filter((name) => name !== result && values.has(name));
  return found
    .slice(0, 3)
    .flatMap((name) => [",", { name }])
    .slice(0, 6)
    .map((token, i) => (i === 0 ? "←" : token));
}
