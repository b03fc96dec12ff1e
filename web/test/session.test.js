/** Walking through a training: back and forth, edits, links, what is not finite. */
import test from "node:test";
import assert from "node:assert/strict";
import { Session } from "../src/engine/session.js";
import { microSteps } from "../src/engine/microsteps.js";
import { makeLesson } from "../src/lesson/make.js";
import { decodeLesson, lessonText } from "../src/lesson/codec.js";
import { toySet, TOY_NAMES } from "../src/data/toys.js";

const lessonOf = (training = {}, set = "circles") => makeLesson(toySet(set), { training });
const flat = ({ parameters }) => Object.values(parameters).flatMap(({ data }) => [...data]);

test("the order of the micro-steps is that of the lecture", () => {
  const names = microSteps(
    { activations: ["tanh", "sigmoid"], output: "sigmoid" },
    { optimizer: "momentum", l2: 0 },
  ).map(({ id }) => id);
  assert.deepEqual(names.slice(0, 8), ["A0", "Z1", "A1", "Z2", "A2", "loss", "loss_A2", "J"]);
  assert.deepEqual(names.slice(8, 17), ["dA2", "dZ2_chain", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"]);
  assert.deepEqual(names.slice(17, 21), ["v_dW1", "W1′", "v_db1", "b1′"]);
});

test("going back makes the same numbers again, to the last bit", () => {
  const session = new Session(lessonOf({ optimizer: "adam", batch_size: 32, dropout: 0.1 }));
  session.reach(60);
  const there = flat(session.state(37));
  session.kept = new Map([[0, session.kept.get(0)]]);
  session.made = undefined;
  assert.deepEqual(flat(session.state(37)), there);
});

test("every epoch visits every example once", () => {
  const session = new Session(lessonOf({ batch_size: 32 }));
  const each = session.updatesPerEpoch();
  for (const epoch of [0, 3]) {
    const seen = Array.from({ length: each }, (_, i) => session.batchOf(epoch * each + i + 1)).flat();
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      Array.from({ length: session.examples() }, (_, i) => i),
    );
  }
  assert.notDeepEqual(session.batchOf(1), session.batchOf(each + 1));
});

test("an edit begins another way, and its log makes it again", () => {
  const session = new Session(lessonOf());
  session.reach(11);
  session.edit(10, "b3", 0, 0, 2.5);
  session.retrain(10, { learning_rate: 0.01 });
  assert.equal(session.state(10).parameters.b3.data[0], 2.5);
  session.reach(21);
  const again = new Session(lessonOf());
  for (const _ of again.replaying(JSON.parse(JSON.stringify(session.log))));
  again.reach(21);
  assert.deepEqual(flat(again.state(20)), flat(session.state(20)));
  assert.equal(session.changedFrom, 11);
});

test("training stops at the first number that is not finite, and says where", () => {
  const lesson = makeLesson(toySet("plane"), {
    activations: ["identity", "identity"],
    training: { optimizer: "gd", learning_rate: 50 },
  });
  const session = new Session(lesson);
  const reached = session.reach(500);
  assert.ok(reached < 50);
  assert.equal(session.stopped.k, reached);
  assert.ok(flat(session.state(reached - 1)).every(Number.isFinite));
  assert.ok(!Number.isFinite(session.open(reached).values.get(session.stopped.name).data?.[0] ?? NaN));
});

test("toy sets are the same for the same seed, and of the kind that they say", () => {
  for (const name of TOY_NAMES) {
    const [one, two, other] = [toySet(name), toySet(name), toySet(name, 2)];
    assert.deepEqual(one, two);
    assert.notDeepEqual(one.Y.data.join() + one.X.data.join(), other.Y.data.join() + other.X.data.join());
    assert.ok(one.X.data.every(Number.isFinite));
    assert.equal(one.X.cols, one.Y.cols);
  }
});

test("J of the toy sets is below 0.1 after 100 updates with the page's defaults, two seconds of Play; spirals take longer", () => {
  for (const [name, updates, most] of [...TOY_NAMES.filter((name) => name !== "spirals").map((name) => [name, 100, 0.1]), ["spirals", 1000, 0.1]]) {
    const session = new Session(lessonOf({}, name));
    session.reach(updates + 1);
    assert.ok(session.costs.at(-1) < most, `${name}: ${session.costs.at(-1)}`);
  }
});

test("a lesson survives its text to the last bit, whatever stands in it", () => {
  const lesson = lessonOf();
  lesson.title = "</script><b>nan";
  lesson.data.names = ["nan", "inf"];
  lesson.parameters.W1.data[0] = -0;
  lesson.parameters.b1.data[0] = NaN;
  const text = lessonText(lesson);
  assert.ok(!text.includes("<"));
  const again = decodeLesson(JSON.parse(text));
  assert.equal(again.title, lesson.title);
  assert.deepEqual(again.data.names, lesson.data.names);
  assert.ok(Object.is(again.parameters.W1.data[0], -0) && Number.isNaN(again.parameters.b1.data[0]));
  assert.deepEqual(again.data.X, lesson.data.X);
});

test("what is no lesson is refused with a key of the catalogue", () => {
  assert.throws(() => decodeLesson({}), /notALesson/);
  assert.throws(() => decodeLesson(null), /notALesson/);
  assert.throws(() => decodeLesson({ format: "deepstep-lesson", version: 2 }), /newerLesson/);
});

test("a page that is exported goes on where it stood", () => {
  const session = new Session(lessonOf({ optimizer: "adam" }));
  session.reach(31);
  session.edit(20, "W1", 0, 0, 1.5);
  session.reach(41);
  const again = new Session(decodeLesson(JSON.parse(lessonText({ ...session.lesson, resume: session.standing() }))));
  assert.deepEqual(flat(again.state(40)), flat(session.state(40)));
  assert.deepEqual(flat(again.state(20)), flat(session.state(20)));
  assert.deepEqual(again.costs, session.costs);
  again.reach(51);
  session.reach(51);
  assert.deepEqual(flat(again.latest), flat(session.latest));
});
