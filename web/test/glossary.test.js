/** The help has the shapes and numbers of the network that is open. */
import test from "node:test";
import assert from "node:assert/strict";
import { Session } from "../src/engine/session.js";
import { glossary } from "../src/engine/glossary.js";
import { makeLesson } from "../src/lesson/make.js";
import { hasText } from "../src/messages.js";
import { toySet } from "../src/data/toys.js";

test("each quantity of a layer with its shape, its first entry and what a weight does to J", () => {
  const session = new Session(makeLesson(toySet("arms"), { hidden: [5, 4], activations: ["tanh", "relu"], training: { batch_size: 16 } }));
  const open = session.open(2);
  const rows = glossary(open, 2, 3);
  assert.equal(rows.map(({ key }) => key).join(" "), "X W b Z A Y J dA dZ dW db");
  const shapes = Object.fromEntries(rows.map(({ key, shape }) => [key, shape.join("×")]));
  assert.deepEqual(shapes, { X: "2×16", W: "4×5", b: "4×1", Z: "4×16", A: "4×16", Y: "3×16", J: "1×1", dA: "4×16", dZ: "4×16", dW: "4×5", db: "4×1" });
  for (const { key, name, value } of rows) {
    assert.ok(hasText(`glossary.${key}`), key);
    const own = open.values.get(name);
    assert.equal(value, typeof own === "number" ? own : own.data[0]);
  }
  const batch = new Session({ ...session.lesson, training: { ...session.lesson.training, batch_size: null } });
  const whole = glossary(batch.open(1), 2, 3).find(({ key }) => key === "dW").change;
  const first = (by) => {
    const moved = new Session(batch.lesson);
    moved.edit(0, "W2", 0, 0, moved.lesson.parameters.W2.data[0] + by);
    return moved.open(1).values.get("J");
  };
  assert.ok(Math.abs(first(0.01) - first(0) - whole) < 0.05 * Math.abs(whole) + 1e-6);
});

test("outside of the layers the nearest one is shown", () => {
  const open = new Session(makeLesson(toySet("xor"))).open(1);
  assert.equal(glossary(open, 0, 3)[1].name, "W1");
  assert.equal(glossary(open, 9, 3)[1].name, "W3");
});
