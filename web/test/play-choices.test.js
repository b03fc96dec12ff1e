/** Play: initialization, input features, noise, a test set with its own cost. */
import test from "node:test";
import assert from "node:assert/strict";
import { Session } from "../src/engine/session.js";
import { forward } from "../src/engine/forward.js";
import { initialParameters, INITIALIZATIONS } from "../src/engine/initialization.js";
import { expanded, featuresOf, prepared, wholeOf } from "../src/data/examples.js";
import { decodeLesson, lessonText } from "../src/lesson/codec.js";
import { checkLesson, checkToy } from "../src/lesson/check.js";
import { lessonNow } from "../src/lesson/export.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet, TOY_NAMES } from "../src/data/toys.js";

const choice = { features: ["x", "xx", "xy"], test: 0.3, initialization: "he" };

test("an exported lesson goes on with features, test set and both curves", () => {
  const session = new Session(makeLesson(toySet("circles", 1, 0.1), choice));
  session.reach(6);
  session.add(5, [0.5, 0.25, 0.1], [1], [0.5, 0.2]);
  session.reach(9);
  const again = new Session(checkLesson(decodeLesson(JSON.parse(lessonText(lessonNow(session, ""))))));
  assert.deepEqual(again.testCosts, session.testCosts);
  assert.equal(again.testCosts.length, 8);
  assert.deepEqual([...again.dataAt(9).base.X.data], [...session.dataAt(9).base.X.data]);
  again.reach(15);
  session.reach(15);
  assert.deepEqual([...again.latest.parameters.W1.data], [...session.latest.parameters.W1.data]);
  again.branch(3);
  assert.equal(again.testCosts.length, 3);
});

test("the cost of the test set is the mean loss of examples that no update uses", () => {
  const lesson = makeLesson(toySet("moons"), { ...choice, training: { l2: 3, dropout: 0.3 } });
  const { X, test: part } = lesson.data;
  assert.deepEqual([X.cols, part.X.cols, X.rows], [140, 60, 3]);
  const session = new Session(lesson);
  session.reach(2);
  const { network, parameters } = lesson;
  const J = forward({ network, training: {}, parameters, X: part.X, Y: part.Y }).get("J");
  assert.equal(session.testCosts[0], J);
  assert.notEqual(session.testCosts[0], session.costs[0]);
});

test("a choice taken back gives the examples as they were", () => {
  for (const name of TOY_NAMES) {
    const data = toySet(name);
    const features = featuresOf(data.X.rows).slice(-2);
    const back = wholeOf(prepared(data, { features, test: 0.2 }));
    assert.deepEqual([...back.X.data, ...back.Y.data], [...data.X.data, ...data.Y.data], name);
    assert.deepEqual(back.names, data.names);
    assert.equal(prepared(data, {}), data);
  }
  assert.deepEqual(featuresOf(3), []);
  assert.deepEqual([...expanded({ rows: 2, cols: 1, data: [3, 4] }, ["yy", "xy"]).data], [16, 12]);
});

test("every method draws other weights of the same pattern; zeros none", () => {
  const shape = { layer_dims: [4, 3, 1], activations: ["relu", "sigmoid"] };
  const of = (initialization) => initialParameters({ ...shape, initialization }, 5).W1.data;
  assert.ok(of("zeros").every((w) => w === 0));
  for (const method of Object.keys(INITIALIZATIONS).slice(2))
    of(method).forEach((w, i) => assert.ok(Math.abs(w / of("small")[i] / (of(method)[0] / of("small")[0]) - 1) < 1e-12));
  assert.deepEqual(of("auto"), of("he"));
});

test("a link with a choice that is none is refused, and says where", () => {
  const toy = { data: "xor", hidden: [2], activations: ["tanh"] };
  assert.equal(checkToy({ ...toy, ...choice, noise: 0.2 }).noise, 0.2);
  for (const [part, value] of Object.entries({ initialization: "best", test: 1, noise: -1, features: ["z"] })) {
    assert.throws(() => checkToy({ ...toy, [part]: value }), (error) => error.parts.where === `n.${part}`);
  }
  assert.throws(() => checkToy({ ...toy, features: [] }), /damaged/);
  const lesson = makeLesson(toySet("xor"), choice);
  const damaged = (change) => ({ ...lesson, data: { ...lesson.data, ...change } });
  for (const change of [
    { test: { ...lesson.data.test, rows: [] } },
    { features: ["x"] },
    { base: { ...lesson.data.base, X: lesson.data.test.base.X } },
    { test: { ...lesson.data.test, X: lesson.data.X, Y: lesson.data.test.Y } },
  ])
    assert.throws(() => checkLesson(damaged(change)), (error) => error.parts.where.startsWith("data."));
});
