/** A training that can be walked: any update can be opened, from any state that it has been in. */
import { highest } from "./curve.js";
import { OPTIMIZERS } from "./optimizers.js";
import { forward } from "./forward.js";
import { openStep } from "./step.js";
import { addTextbook } from "./textbook.js";
import { microSteps } from "./microsteps.js";
import { bornNonFinite } from "./watch.js";
import { columns, copy, map, withColumn, zeros } from "./tensor.js";
import { permutation, stream } from "./random.js";
import { compareGolden } from "./golden.js";

const KEPT_NUMBERS = 2_000_000; // of states that are kept for going back, about 16 MB

const FAR = 200; // updates that code does again

const rowOf = (values) => ({ rows: 1, cols: values.length, data: Float64Array.from(values, (value) => value ?? NaN) });

const hasDropout = ({ dropout }) => [dropout].flat().some((rate) => rate > 0);

export class Session {
  /** @param {any} lesson decoded, see lesson/codec.js */
  constructor(lesson) {
    this.lesson = lesson;
    this.network = lesson.network;
    this.isRecorded = false;
    /** Updates that alone can be opened; empty where all can. */
    this.numbers = [];
    this.trainings = [{ from: 1, training: lesson.training }];
    this.datas = [{ from: 1, data: lesson.data }];
    /** @type {{parameters: any, slots: any, t: number, forgotten?: boolean}} */
    const start = { parameters: lesson.parameters, slots: {}, t: 0 };
    this.kept = new Map([[0, start]]);
    this.pinned = new Set([0]);
    this.stride = 1;
    this.latest = start;
    /** J of each update done, from update 1; beside it the mean loss of the test set. */
    this.costs = [];
    this.testCosts = [];
    /** The first update that is not the recording's own: something was edited. */
    this.changedFrom = Infinity;
    /** What was changed by hand, and after how many updates: it makes this training again. */
    this.log = [];
    /** The last state that Python reached on command. */
    this.base = null;
    /** The training that this one took the place of, with where it stood. */
    this.former = undefined;
    this.opened = new Map();
    if (lesson.resume) this.resume(lesson.resume);
    this.stopped = null;
    /** How many updates the page can follow as Python made them: with its batches and its masks. */
    this.followed = Math.min(
      lesson.training.batch_size ? (lesson.batches?.length ?? 0) : Infinity,
      hasDropout(lesson.training) ? (lesson.masks?.length ?? 0) : Infinity,
    );
    this.size = Object.values(lesson.parameters).reduce((sum, { data }) => sum + data.length, 0);
  }

  trainingAt(k) {
    return this.trainings.findLast(({ from }) => from <= k).training;
  }

  /** The examples of update k. */
  dataAt(k) {
    return this.datas.findLast(({ from }) => from <= k).data;
  }

  examples(k = this.latest.t + 1) {
    return this.dataAt(k).X.cols;
  }

  updatesPerEpoch(k = this.latest.t + 1) {
    const size = this.trainingAt(k).batch_size;
    return size ? Math.ceil(this.examples(k) / size) : 1;
  }

  /** The epoch of update k, from 0. */
  epochOf(k) {
    return Math.floor((k - 1) / this.updatesPerEpoch(k));
  }

  /** The numbers of the examples of update k: the recording's, then the page's own draws. */
  batchOf(k) {
    const { lesson } = this;
    if (k < this.changedFrom && lesson.batches?.[k - 1]) return lesson.batches[k - 1];
    const { batch_size: size, seed } = this.trainingAt(k);
    const m = this.examples(k);
    if (!size || size >= m) return Array.from({ length: m }, (_, i) => i);
    const epoch = this.epochOf(k);
    if (this.order?.epoch !== epoch || this.order.seed !== seed || this.order.examples.length !== m) {
      this.order = { epoch, seed, examples: permutation(stream(seed, 2, epoch), m) };
    }
    const from = ((k - 1) % this.updatesPerEpoch(k)) * size;
    return this.order.examples.slice(from, from + size);
  }

  masksOf(k, m) {
    const { dropout, seed } = this.trainingAt(k);
    if (!hasDropout({ dropout })) return null;
    if (k < this.changedFrom && this.lesson.masks?.[k - 1]) return this.lesson.masks[k - 1];
    const masks = {};
    for (let l = 1; l < this.network.activations.length; l++) {
      const uniform = stream(seed, 3, k, l);
      const keep = 1 - (Array.isArray(dropout) ? dropout[l - 1] : dropout);
      if (keep < 1) masks[`A${l}`] = map(zeros(this.network.layer_dims[l], m), () => (uniform() < keep ? 1 / keep : 0));
    }
    return masks;
  }

  problem(k, state) {
    const batch = this.batchOf(k);
    const { X, Y } = this.dataAt(k);
    const whole = batch.length === X.cols && batch.every((number, i) => number === i);
    return {
      network: this.network,
      training: this.trainingAt(k),
      ...state,
      t: k,
      batch,
      X: whole ? X : columns(X, batch),
      Y: whole ? Y : columns(Y, batch),
      masks: this.masksOf(k, batch.length),
    };
  }

  /** The state after t updates: kept, or made again from the nearest one that is. */
  state(t) {
    for (const _ of this.making(t));
    return this.made;
  }

  /** The same update by update, for who has no time to wait; the state is `made` then. */
  *making(t) {
    if (t === this.latest.t) this.made = this.latest;
    if (this.made?.t === t) return;
    let from = t;
    while (!this.kept.has(from) && from !== this.base?.t) from--;
    let state = this.kept.get(from) ?? this.base;
    while (state.t < t) {
      state = openStep(this.problem(state.t + 1, state)).after;
      if (state.t < t) yield;
    }
    this.made = state;
  }

  /** Update k opened: its micro-steps and all values; Python's own where it recorded them. */
  open(k) {
    if (this.opened.has(k)) return this.opened.get(k);
    const state = this.state(k - 1);
    const problem = this.problem(k, state);
    const { values, after } = openStep(problem);
    addTextbook(problem, values);
    const unknown = state.forgotten && OPTIMIZERS[problem.training.optimizer].state.length > 0;
    const steps = microSteps(this.network, problem.training, problem.masks).filter(
      ({ phase }) => !unknown || phase !== "update",
    );
    const golden = k < this.changedFrom && k <= this.followed && this.lesson.golden?.find(({ step }) => step === k);
    const check = golden ? compareGolden(values, golden) : null;
    const names = steps.filter(({ aside }) => !aside).map(({ id }) => id);
    const opened = { k, problem, values, after, steps, check, born: bornNonFinite(names, values) };
    if (this.opened.size > 3) this.opened.delete(this.opened.keys().next().value);
    this.opened.set(k, opened);
    return opened;
  }

  /** One more update; false where it would leave the finite numbers, which stops the training there. */
  advance() {
    const k = this.latest.t + 1;
    const { values, after } = openStep(this.problem(k, this.latest));
    const J = values.get("J");
    const parts = Object.values(after.parameters).every(({ data }) => data.every(Number.isFinite));
    if (!Number.isFinite(J) || !parts) {
      this.stopped = this.open(k).born ?? { name: "J", row: 0, col: 0, value: J };
      this.stopped.k = k;
      return false;
    }
    this.costs[k - 1] = J;
    const { test } = this.dataAt(k);
    if (test) this.testCosts[k - 1] = this.testCost(test, this.latest.parameters);
    this.latest = after;
    if (k % this.stride === 0) this.keep(after);
    return true;
  }

  /** The mean loss of a test set: no dropout, no regularization. */
  testCost(test, parameters) {
    return forward({ network: this.network, training: {}, parameters, X: test.X, Y: test.Y }).get("J");
  }

  /** Train on so that update k can be opened; the update that can be, which is less where training stops. */
  reach(k, _from = 1) {
    for (const _ of this.going(k));
    return Math.max(1, Math.min(k, this.latest.t + 1));
  }

  /** The way to update k, forward or back, update by update; one update alone is done at once. */
  *going(k) {
    if (k <= this.latest.t) yield* this.making(k - 1);
    else while (this.latest.t < k - 1 && this.advance()) if (this.latest.t < k - 1) yield;
  }

  /** A state that Python reached: the training goes on from there; without slots its next update is unknown. */
  arrive(t, parameters, cost, slots) {
    this.latest = { parameters, slots: slots ?? {}, t, forgotten: !slots && t > 0 };
    this.base = this.latest;
    this.forget();
    if (t && Number.isFinite(cost)) this.costs[t - 1] = cost;
    if (t % this.stride === 0) this.keep(this.latest);
  }

  /** What Python reached in another session of this lesson, without what was changed after it. */
  startFrom({ base, kept, costs }) {
    for (const [t, state] of kept) if (t < base.t) this.kept.set(t, state);
    this.costs = costs.slice(0, base.t);
    this.arrive(base.t, base.parameters, NaN);
    this.kept.set(base.t, this.latest);
  }

  /**
   * After how many updates code may begin, that makes the state after `done` again: at the beginning, where Python
   * left the training, or, if that is far, at a state that is kept. Rounding grows in long trainings.
   */
  beginning(done) {
    const from = this.base ? Math.min(done, this.base.t) : 0;
    return done - from > FAR ? highest([...this.kept.keys()].filter((t) => t < done), from) : from;
  }

  keep(state) {
    this.kept.set(state.t, state);
    const slots = 1 + Object.keys(state.slots).length / Math.max(1, Object.keys(state.parameters).length);
    if (this.kept.size * this.size * slots <= KEPT_NUMBERS || this.kept.size < 16) return;
    this.stride *= 2;
    for (const t of this.kept.keys()) if (t % this.stride && !this.pinned.has(t)) this.kept.delete(t);
  }

  /** Forget what lies after t updates: from there on the training goes another way. */
  branch(t) {
    this.latest = this.state(t);
    for (const kept of [...this.kept.keys()]) if (kept > t) this.kept.delete(kept);
    this.kept.set(t, this.latest);
    this.pinned.add(t);
    this.costs = this.costs.slice(0, t); // other lists: what is known of a curve holds for its list
    this.testCosts = this.testCosts.slice(0, t);
    this.trainings = this.trainings.filter(({ from }) => from <= t + 1);
    this.datas = this.datas.filter(({ from }) => from <= t + 1);
    this.log = this.log.filter((change) => change.t <= t);
    this.changedFrom = Math.min(this.changedFrom, t + 1);
    this.forget();
    this.order = undefined;
    this.stopped = null;
  }

  /** What was opened or made of another way. */
  forget() {
    this.opened.clear();
    this.made = undefined;
  }

  /** Another number for one parameter after t updates. */
  edit(t, name, row, col, value) {
    this.branch(t);
    this.log.push({ t, edit: [name, row, col, value] });
    const changed = copy(this.latest.parameters[name]);
    changed.data[row * changed.cols + col] = value;
    this.latest = { ...this.latest, parameters: { ...this.latest.parameters, [name]: changed } };
    this.kept.set(t, this.latest);
    this.forget();
  }

  /** One more example after t updates. */
  add(t, ...example) {
    this.branch(t);
    this.log.push({ t, add: example });
    this.grow(t, ...example);
  }

  /** With features an example has its coordinates, too: `place`. */
  grow(t, inputs, targets, place = undefined) {
    const data = this.dataAt(t + 1);
    const grown = { ...data, X: withColumn(data.X, inputs), Y: withColumn(data.Y, targets) };
    if (place && data.base) grown.base = { ...data.base, X: withColumn(data.base.X, place) };
    this.datas = [...this.datas.filter(({ from }) => from <= t), { from: t + 1, data: grown }];
  }

  /** Where the training stands, with all that its way back needs: for a page that goes on from here. */
  standing() {
    const pinned = [...this.pinned].filter((t) => t > 0 || this.log.length).map((t) => this.kept.get(t));
    return {
      states: [...pinned.filter(({ t }) => t !== this.latest.t), this.latest],
      costs: rowOf(this.costs),
      test_costs: this.testCosts.length ? rowOf(this.testCosts) : undefined,
      log: this.log,
      trainings: this.trainings,
      changedFrom: this.changedFrom,
      base: this.base,
    };
  }

  resume({ states, costs, test_costs, log, trainings, changedFrom, base = null }) {
    for (const state of states) {
      this.kept.set(state.t, state);
      this.pinned.add(state.t);
    }
    Object.assign(this, { latest: states.at(-1), costs: Array.from(costs.data), log, trainings, changedFrom, base });
    this.testCosts = Array.from(test_costs?.data ?? []);
    for (const { t, add } of log) if (add) this.grow(t, ...add);
  }

  /** Do again what a log says, update by update. */
  *replaying(log) {
    for (const { t, edit, set, add } of log) {
      yield* this.going(t + 1);
      if (this.latest.t < t) return;
      if (edit) this.edit(t, ...edit);
      else if (add) this.add(t, ...add);
      else this.retrain(t, set);
    }
  }

  /** Other settings of training after t updates. */
  retrain(t, changes) {
    const before = this.trainingAt(t + 1);
    this.branch(t);
    this.log.push({ t, set: changes });
    const training = { ...before, ...changes };
    this.trainings = [...this.trainings.filter(({ from }) => from <= t), { from: t + 1, training }];
    if (changes.optimizer && changes.optimizer !== before.optimizer) {
      this.latest = { ...this.latest, slots: {} };
      this.kept.set(t, this.latest);
      this.forget();
    }
  }
}
