/** Prints, for each state of a list, Python that makes it again and what the page has there: for the tests in Python. */
import { readFileSync } from "node:fs";
import { Session } from "../src/engine/session.js";
import { makeLesson } from "../src/lesson/make.js";
import { decodeLesson, encodeArray, lessonText } from "../src/lesson/codec.js";
import { lessonNow } from "../src/lesson/export.js";
import { pythonCode } from "../src/lesson/python.js";
import { toySet } from "../src/data/toys.js";

const texts = (parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, encodeArray(value)]));

/** What a reader does, in order: goes to an update, changes something there. */
function walked({ toy, choice, lesson, actions }) {
  const session = new Session(lesson ? decodeLesson(lesson) : makeLesson(toySet(toy, 1, choice.noise), choice));
  for (const { t, edit, set, add, served } of actions) {
    session.reach(t + 1);
    if (served) session.arrive(t, session.state(t).parameters, NaN);
    if (edit) session.edit(t, ...edit);
    if (set) session.retrain(t, set);
    if (add) session.add(t, ...add);
  }
  return session;
}

const found = JSON.parse(readFileSync(process.argv[2], "utf8")).map((state) => {
  let session = walked(state);
  session.reach(state.done + 1);
  if (state.exported) session = new Session(decodeLesson(JSON.parse(lessonText(lessonNow(session, "")))));
  const { values, after } = session.open(state.done + 1);
  const { test } = session.dataAt(state.done + 1);
  return {
    code: pythonCode(session, state.done),
    J: values.get("J"),
    test: test && session.testCost(test, session.state(state.done).parameters),
    before: texts(session.state(state.done).parameters),
    after: texts(after.parameters),
  };
});
console.log(JSON.stringify(found));
