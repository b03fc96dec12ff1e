/** A lesson of scenes: answers, score, locks, what a learning platform is told. */
import test from "node:test";
import assert from "node:assert/strict";
import * as scenes from "../src/lesson/scenes.js";
import { connectScorm, findApi, timeText } from "../src/lesson/scorm.js";
import { lessonText } from "../src/lesson/codec.js";
import { makeLesson } from "../src/lesson/make.js";
import { toySet } from "../src/data/toys.js";

const question = (answers, more = {}) => ({
  text: ["?"],
  choices: [["a"], ["b"], ["c"]],
  answers,
  several: answers.length > 1,
  explanation: [],
  points: 1,
  predict_first: false,
  ...more,
});
const scene = (more = {}) => ({ title: ["T"], text: [], network: 0, place: "s=play", locked: [], ...more });

const LESSON = {
  passing_score: 60,
  scenes: [
    scene({ question: question([0], { predict_first: true, then: "s=lab&k=2" }) }),
    scene({ locked: ["data", "find"] }),
    scene({ question: question([0, 2], { points: 3 }) }),
  ],
};

function answered(...answers) {
  let state = scenes.beginning();
  answers.forEach((chosen, at) => {
    state = scenes.goToScene(LESSON, state, at);
    if (chosen) state = scenes.giveAnswer(LESSON, state, chosen);
  });
  return state;
}

test("the first answer counts", () => {
  const state = answered([1]);
  assert.deepEqual(state.answers, { 0: [1] });
  assert.equal(scenes.giveAnswer(LESSON, state, [0]), state);
});

for (const [name, chosen] of Object.entries({ none: [], beyond: [3], negative: [-1], fraction: [0.5], text: ["0"] }))
  test(`an answer that is no choice changes nothing: ${name}`, () => {
    const state = scenes.beginning();
    assert.equal(scenes.giveAnswer(LESSON, state, chosen), state);
  });

test("there is no answer where there is no question", () => {
  const state = scenes.goToScene(LESSON, scenes.beginning(), 1);
  assert.equal(scenes.giveAnswer(LESSON, state, [0]), state);
});

test("scenes beyond the ends are not opened", () => {
  const state = scenes.beginning();
  for (const at of [-1, 3, 0.5, NaN, 0]) assert.equal(scenes.goToScene(LESSON, state, at), state);
});

const SCORES = [
  ["nothing", [], { points: 0, percent: 0, answered: 0, done: false }, "incomplete"],
  ["first right", [[0], null], { points: 1, percent: 25, answered: 1, done: false }, "incomplete"],
  ["all right", [[0], null, [2, 0]], { points: 4, percent: 100, answered: 2, done: true, passed: true }, "passed"],
  ["one of two", [[1], null, [0, 2]], { points: 3, percent: 75, answered: 2, done: true, passed: true }, "passed"],
  ["half an answer", [[0], null, [0]], { points: 1, percent: 25, done: true, passed: false }, "failed"],
  ["too many", [[0], null, [0, 1, 2]], { points: 1, percent: 25, done: true, passed: false }, "failed"],
];
for (const [name, answers, expected, status] of SCORES)
  test(`score and status: ${name}`, () => {
    const state = answered(...answers);
    const score = scenes.scoreOf(LESSON, state);
    for (const [key, value] of Object.entries(expected)) assert.equal(score[key], value, key);
    assert.deepEqual([score.of, score.questions], [4, 2]);
    assert.equal(scenes.statusOf(LESSON, state), status);
  });

test("a lesson without questions is completed when all of it was seen", () => {
  const plain = { passing_score: 60, scenes: [scene(), scene()] };
  assert.equal(scenes.statusOf(plain, scenes.beginning()), "incomplete");
  assert.equal(scenes.statusOf(plain, scenes.goToScene(plain, scenes.beginning(), 1)), "completed");
});

test("locks are those of the scene, and the training's until it is predicted", () => {
  const first = scenes.beginning();
  assert.equal(scenes.isLocked(LESSON, first, "transport"), true);
  assert.equal(scenes.isLocked(LESSON, first, "find"), true);
  assert.equal(scenes.isLocked(LESSON, answered([1]), "find"), false);
  assert.equal(scenes.isLocked(LESSON, answered([1]), "transport"), false);
  assert.equal(scenes.isLocked(LESSON, first, "data"), false);
  assert.equal(scenes.isLocked(LESSON, answered([1], null), "data"), true);
  assert.equal(scenes.isLocked(LESSON, answered([1], null), "home"), true);
});

test("an answer opens the other place", () => {
  assert.equal(scenes.placeOf(LESSON, scenes.beginning()), "s=play");
  assert.equal(scenes.placeOf(LESSON, answered([1])), "s=lab&k=2");
});

test("a state goes through text", () => {
  const state = answered([1], null, [0, 2]);
  assert.deepEqual(scenes.readState(LESSON, scenes.stateText(state)), state);
});

for (const text of ["", "{", "null", '{"at":9,"seen":[7],"answers":{"0":[9]}}', '{"at":0,"seen":3,"answers":{}}'])
  test(`a text of something else begins anew: ${text || "empty"}`, () => {
    assert.deepEqual(scenes.readState(LESSON, text), scenes.beginning());
  });

function document_(changes = {}) {
  const network = JSON.parse(lessonText(makeLesson(toySet("xor"))));
  return { format: scenes.FORMAT, version: 1, title: "T", language: "en", ...LESSON, networks: [network], ...changes };
}

test("a sound document is read", () => {
  assert.ok(scenes.decodeScenes(document_()).networks[0].parameters.W1.data instanceof Float64Array);
});

const DAMAGE = {
  title: { title: 3 },
  networks: { networks: [] },
  scenes: { scenes: "" },
  "scenes[0].network": { scenes: [scene({ network: 1 })] },
  "scenes[0].locked": { scenes: [scene({ locked: [1] })] },
  "scenes[0].question.answers": { scenes: [scene({ question: question([3]) })] },
  "scenes[0].question.points": { scenes: [scene({ question: question([0], { points: -1 }) })] },
};
for (const [where, changes] of Object.entries(DAMAGE))
  test(`damage is named: ${where}`, () => {
    assert.throws(
      () => scenes.decodeScenes(document_(changes)),
      (error) => error.message === "damaged" && error.parts.where === where,
    );
  });

test("a newer document is refused", () => {
  assert.throws(() => scenes.decodeScenes(document_({ version: 2 })), { message: "newerLesson" });
});

/** A platform that keeps what it is told. */
function platform(initialized = "true") {
  const told = {};
  const calls = [];
  return {
    told,
    calls,
    LMSInitialize: () => (calls.push("initialize"), initialized),
    LMSGetValue: (name) => told[name] ?? "",
    LMSSetValue: (name, value) => ((told[name] = value), "true"),
    LMSCommit: () => (calls.push("commit"), "true"),
    LMSFinish: () => (calls.push("finish"), "true"),
  };
}

test("the interface is found above, and at the opener", () => {
  const api = platform();
  const top = { API: api };
  assert.equal(findApi({ parent: { parent: top } }), api);
  const opened = { top: { opener: { parent: top } } };
  assert.equal(findApi(opened), api);
  const alone = {};
  Object.assign(alone, { parent: alone, top: alone });
  assert.equal(findApi(alone), null);
  const strange = Object.defineProperty({}, "parent", { get: () => { throw new Error("another origin"); } });
  assert.equal(findApi(strange), null);
});

test("windows of another origin are passed over, up and to the opener", () => {
  const api = platform();
  const foreign = (parent) => Object.defineProperty({ parent }, "API", { get: () => { throw new Error("another origin"); } });
  assert.equal(findApi({ parent: foreign({ API: api }) }), api);
  const closed = foreign();
  closed.parent = closed;
  assert.equal(findApi({ parent: closed, top: { opener: foreign({ API: api }) } }), api);
  assert.equal(findApi({ parent: closed, top: closed }), null);
});

const REPORT = { status: "passed", percent: 75, questions: 2, done: true, at: 1, text: "{}" };

test("the platform is told status, score, place and time", () => {
  const api = platform();
  let clock = 0;
  const scorm = connectScorm(api, () => clock);
  scorm.report(REPORT);
  clock = 3_723_450;
  scorm.finish(true);
  scorm.report({ ...REPORT, percent: 0 });
  scorm.finish(true);
  assert.deepEqual(api.told, {
    "cmi.core.lesson_status": "passed",
    "cmi.core.lesson_location": "1",
    "cmi.core.score.raw": "75",
    "cmi.core.score.min": "0",
    "cmi.core.score.max": "100",
    "cmi.suspend_data": "{}",
    "cmi.core.session_time": "0001:02:03.45",
    "cmi.core.exit": "",
  });
  assert.deepEqual(api.calls, ["initialize", "commit", "commit", "finish"]);
});

test("the score is sent when the lesson is done", () => {
  const api = platform();
  connectScorm(api).report({ ...REPORT, status: "incomplete", percent: 0, done: false });
  assert.deepEqual(Object.keys(api.told), ["cmi.core.lesson_status", "cmi.core.lesson_location", "cmi.suspend_data"]);
});

for (const name of ["LMSInitialize", "LMSGetValue", "LMSSetValue", "LMSCommit", "LMSFinish"])
  test(`a platform whose ${name} throws is left, which is said once`, () => {
    for (const broken of [{ [name]: () => { throw new Error("closed"); } }, { [name]: undefined }]) {
      let lost = 0;
      const scorm = connectScorm({ ...platform(), ...broken }, () => 0, () => (lost += 1));
      assert.equal(scorm.kept(), "");
      for (let i = 0; i < 2; i++) scorm.report(REPORT);
      scorm.finish(true);
      assert.deepEqual([scorm.isOpen(), lost], [false, 1]);
    }
  });

test("without a platform, or with one that refuses, nothing is told", () => {
  connectScorm(null).report(REPORT);
  const api = platform("false");
  let lost = 0;
  const scorm = connectScorm(api, () => 0, () => (lost += 1));
  scorm.report(REPORT);
  scorm.finish(false);
  assert.deepEqual([api.told, lost], [{}, 1]);
  assert.equal(scorm.isOpen(), false);
});

test("times have the form of SCORM", () => {
  assert.equal(timeText(0), "0000:00:00.00");
  assert.equal(timeText(59_999), "0000:00:59.99");
  assert.equal(timeText(36_000_000), "0010:00:00.00");
});
