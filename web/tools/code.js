/** Prints Python that makes a state of the page again, and what the page computes there: for the tests in Python. */
import { Session } from "../src/engine/session.js";
import { makeLesson } from "../src/lesson/make.js";
import { encodeArray } from "../src/lesson/codec.js";
import { pythonCode } from "../src/lesson/python.js";
import { toySet } from "../src/data/toys.js";

const [set, optimizer, updates] = process.argv.slice(2);
const training = { optimizer, learning_rate: 0.01, l2: 0.3 };
const session = new Session(makeLesson(toySet(set), { hidden: [5, 4], activations: ["tanh", "mish"], training }));
const done = Number(updates);
session.reach(done + 1);
const fresh = new Session({ ...session.lesson, parameters: session.state(done).parameters });
const { values } = fresh.open(1);
const after = Object.fromEntries(
  Object.keys(session.lesson.parameters).map((name) => [name, encodeArray(values.get(`${name}′`))]),
);
console.log(JSON.stringify({ code: pythonCode(session, done), J: values.get("J"), after }));
