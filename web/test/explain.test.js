/** What the inspector says adds up to the number that it explains. */
import test from "node:test";
import assert from "node:assert/strict";
import { explain } from "../src/engine/explain.js";
import { layerHealth } from "../src/engine/health.js";
import { usedBy } from "../src/engine/used.js";
import { at } from "../src/engine/tensor.js";
import { OPTIMIZERS } from "../src/engine/optimizers.js";
import { Session } from "../src/engine/session.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";

const SETS = ["circles", "arms", "plane"];
const near = (a, b) => Math.abs(a - b) <= 1e-12 * Math.max(1e-3, Math.abs(a), Math.abs(b));

/** A lesson whose inputs have factors, and whose labels are smoothed, where it has some. */
function withParts(lesson) {
  const { network, parameters } = lesson;
  network.input_scale = true;
  const some = (n) => ({ rows: n, cols: 1, data: Float64Array.from({ length: n }, (_, i) => 0.6 + 0.3 * i) });
  parameters.s1 = some(network.layer_dims[0]);
  if (network.output !== "identity") network.output_settings = { smoothing: 0.1 };
  lesson.training.lr_multipliers = { s1: 6, W1: 0.1 };
  lesson.training.weight_decay_multipliers = { b1: 0.5, W2: 0.5 };
  return lesson;
}

for (const optimizer of Object.keys(OPTIMIZERS)) {
  test(`every number of an update can be explained: ${optimizer}`, () => {
    for (const [set, parts] of SETS.flatMap((set) => [[set, false], [set, true]])) {
      const training = {
        optimizer,
        l2: 0.5,
        dropout: 0.2,
        batch_size: 16,
        learning_rate: 0.01,
        weight_decay: optimizer === "adamw" ? 0.01 : 0,
      };
      const plain = makeLesson(toySet(set), { hidden: [4, 3], activations: ["tanh", "gelu"], training });
      const session = new Session(parts ? withParts(plain) : plain);
      session.reach(3);
      const opened = session.open(3);
      for (const { id } of opened.steps) {
        const value = opened.values.get(id);
        const matrix = typeof value === "number" ? { rows: 1, cols: 1, data: [value] } : value;
        for (let row = 0; row < matrix.rows; row++) {
          for (const col of [0, matrix.cols - 1]) {
            const found = explain(opened, id, row, col);
            assert.ok(found && found.symbols && found.code, id);
            for (const { name } of found.lit) assert.ok(opened.values.has(name), `${id} lights ${name}`);
            if (!found.terms) continue;
            const sum = found.terms.reduce((total, term) => total + term.value, 0) / (found.scale ?? 1);
            const added = (found.added ?? []).reduce((total, more) => total + more.value, 0);
            assert.ok(near(sum + added, at(matrix, row, col)), `${set} ${id}[${row}, ${col}]`);
            for (const { factors, value: product } of found.terms) {
              const own = factors.reduce((all, { name, row: r, col: c }) => all * at(opened.values.get(name), r, c), 1);
              assert.ok(near(own, product), `${id}: a term is the product of its factors`);
            }
          }
        }
      }
    }
  });
}

test("what is given has no explanation", () => {
  const opened = new Session(makeLesson(toySet("xor"))).open(1);
  assert.equal(explain(opened, "W1", 0, 0), null);
});

for (const parts of [false, true])
test(`where a number goes is where it comes from, seen from the other side${parts ? ", scaled" : ""}`, () => {
  const lesson = makeLesson(toySet("arms"), {
    hidden: [3],
    activations: ["tanh"],
    training: { l2: 0.5, dropout: 0.2, optimizer: "adam" },
  });
  const session = new Session(parts ? withParts(lesson) : lesson);
  const opened = session.open(1);
  const covers = (region, { row, col }) =>
    (region.row === null || region.row === row) && (region.col === null || region.col === col);
  for (const step of opened.steps.filter(({ kind }) => kind !== "batch" && kind !== "slot")) {
    const value = opened.values.get(step.id);
    const [rows, cols] = typeof value === "number" ? [1, 1] : [value.rows, Math.min(value.cols, 4)];
    const places = Array.from({ length: rows * cols }, (_, i) => ({ row: Math.floor(i / cols), col: i % cols }));
    for (const token of step.tokens.slice(1).filter((part) => typeof part === "object")) {
      const operand = opened.values.get(token.name);
      if (typeof operand === "number") continue;
      for (const from of [
        { row: 0, col: 0 },
        { row: operand.rows - 1, col: Math.min(1, operand.cols - 1) },
      ]) {
        const [to] = usedBy(step, token.name, from.row, from.col);
        for (const place of places) {
          const lit = explain(opened, step.id, place.row, place.col).lit.filter(({ name }) => name === token.name);
          assert.equal(
            lit.some((region) => covers(region, from)),
            covers(to, place),
            `${step.id} from ${token.name}`,
          );
        }
      }
    }
  }
});

test("a dead layer and a saturated one are seen", () => {
  const session = new Session(makeLesson(toySet("circles"), { hidden: [3, 4], activations: ["relu", "tanh"] }));
  session.edit(0, "b1", 1, 0, -100);
  for (let row = 0; row < 4; row++) session.edit(0, "b2", row, 0, 50);
  const [one, two, last] = layerHealth(session.open(1));
  assert.equal(one.dead, 1 / 3);
  assert.equal(two.saturated, 1);
  assert.equal(last.saturated, undefined);
  assert.ok(two.gradient < 1e-12 && last.ratio > 0);
});
