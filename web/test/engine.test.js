/** The engine against the library's numbers, which tests/explorer/vectors.py writes (DEEPSTEP_VECTORS). */
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ACTIVATIONS } from "../src/engine/activations.js";
import { FLAT, layerHealth, unitHealth } from "../src/engine/health.js";
import { Session } from "../src/engine/session.js";
import { checkGradients } from "../src/engine/numeric.js";
import { decodeLesson } from "../src/lesson/codec.js";

const path = process.env.DEEPSTEP_VECTORS;
const skip = path ? false : "DEEPSTEP_VECTORS is not set";
const vectors = path ? JSON.parse(readFileSync(path, "utf8")) : { cases: [], edges: null };
const lessonOf = (value) => decodeLesson({ format: "deepstep-lesson", version: 1, ...value });

/** The largest difference over the largest entry. */
function difference(ours, theirs) {
  const a = typeof ours === "number" ? [ours] : ours.data;
  let [most, size] = [0, 0];
  theirs.data.forEach((value, i) => {
    most = Math.max(most, Math.abs(a[i] - value));
    size = Math.max(size, Math.abs(value));
  });
  assert.equal(a.length, theirs.data.length);
  return most / Math.max(size, 1e-12);
}

test("activations where numbers are small, large or at a bend", { skip }, () => {
  const { Z, dA, activations } = lessonOf({ ...vectors.edges });
  for (const [name, theirs] of Object.entries(activations)) {
    const ours = { A: ACTIVATIONS[name].forward(Z), dZ: ACTIVATIONS[name].backward(dA, Z) };
    for (const key of ["A", "dZ"]) {
      theirs[key].data.forEach((value, i) => {
        const off = Math.abs(ours[key].data[i] - value);
        // the derivative of mish cancels far below 0, in the library as here
        const near = off <= 1e-12 * Math.abs(value) || off < 1e-300 || (name === "mish" && off < 1e-15);
        assert.ok(near, `${name} ${key}(${Z.data[i]}): ${ours[key].data[i]} and ${value}`);
      });
    }
  }
});

test("units are dead or saturated as the library says, layer by layer", { skip }, () => {
  assert.equal(FLAT, vectors.health.flat);
  for (const { name, Z, A, hidden, dead, saturated } of lessonOf({ ...vectors.health }).layers) {
    const ours = unitHealth(A, Z, name, hidden);
    assert.deepEqual([ours.dead, ours.saturated ?? null], [dead, saturated], name);
  }
});

test("every derivative of scaled and smoothed networks agrees with its numeric twin", { skip }, () => {
  const few = vectors.cases.filter(({ name }) => /^(scaled|smoothed)/.test(name) && !/relu|elu|lion/.test(name));
  assert.ok(few.length > 8);
  for (const vector of few) {
    const { problem, values, steps } = new Session(lessonOf(vector)).open(1);
    const names = steps.filter(({ id, phase }) => phase === "backward" && id[0] === "d").map(({ id }) => id);
    assert.ok(names.includes("dZ2") && (vector.network.input_scale ? names.includes("ds1") : true));
    for (const { name, passed, difference: off } of checkGradients(problem, values, names, 6))
      assert.ok(passed, `${vector.name}, ${name}: ${off}`);
  }
});

for (const vector of vectors.cases) {
  test(`step by step: ${vector.name}`, () => {
    const lesson = lessonOf(vector);
    const session = new Session(lesson);
    const { values, after } = session.open(1);
    let compared = 0;
    for (const [name, theirs] of Object.entries(lesson.first.quantities)) {
      if (name === "t" || name === "dA0") continue;
      assert.ok(values.has(name), `the page has no ${name}`);
      assert.ok(difference(values.get(name), theirs) < 1e-12, `${name}: ${difference(values.get(name), theirs)}`);
      compared += 1;
    }
    assert.ok(compared > 8);
    layerHealth(session.open(1)).forEach((ours, i) => {
      const theirs = lesson.first.health[i];
      for (const [one, other] of [[ours.gradient, theirs.gradient_norm], [ours.ratio, theirs.update_ratio]]) {
        assert.ok(Math.abs(one - other) <= 1e-12 * other, `layer ${i + 1}: ${one} and ${other}`);
      }
    });
    for (const [name, theirs] of Object.entries(lesson.first.after)) {
      assert.ok(difference(after.parameters[name], theirs) < 1e-12, `${name}′`);
    }
    while (session.latest.t < vector.steps) assert.ok(session.advance());
    for (const [name, theirs] of Object.entries(lesson.last)) {
      const off = difference(session.latest.parameters[name], theirs);
      assert.ok(off < 1e-9, `${name} after ${vector.steps} steps: ${off}`);
    }
  });
}

test("every derivative of a step agrees with its numeric twin", { skip }, () => {
  for (const vector of vectors.cases.filter(({ name }) => /dropout|l2|batches/.test(name))) {
    const { problem, values } = new Session(lessonOf(vector)).open(1);
    const names = [...values.keys()].filter((name) => /^d/.test(name) && !/_/.test(name));
    for (const row of checkGradients(problem, values, names, 6))
      assert.ok(row.passed, `${vector.name}: ${row.name} ${row.difference}`);
  }
});
