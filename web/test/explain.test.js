/** What the inspector says adds up to the number that it explains. */
import test from "node:test";
import assert from "node:assert/strict";
import { explain } from "../src/engine/explain.js";
import { at } from "../src/engine/tensor.js";
import { OPTIMIZERS } from "../src/engine/optimizers.js";
import { Session } from "../src/engine/session.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";

const SETS = ["circles", "arms", "plane"];
const near = (a, b) => Math.abs(a - b) <= 1e-12 * Math.max(1e-3, Math.abs(a), Math.abs(b));

for (const optimizer of Object.keys(OPTIMIZERS)) {
  test(`every number of an update can be explained: ${optimizer}`, () => {
    for (const set of SETS) {
      const training = { optimizer, l2: 0.5, dropout: 0.2, batch_size: 16, learning_rate: 0.01, weight_decay: optimizer === "adamw" ? 0.01 : 0 };
      const session = new Session(makeLesson(toySet(set), { hidden: [4, 3], activations: ["tanh", "gelu"], training }));
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
