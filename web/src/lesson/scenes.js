/** A lesson of scenes: its check, the answers, the score. Functions without a page. */
import { checkLesson, isList, need } from "./check.js";
import { decodeLesson } from "./codec.js";
import { checkPrograms } from "./museum.js";

export const FORMAT = "deepstep-scenes";

const isText = (value) => typeof value === "string";
function checkQuestion({ text, choices, answers, points, explanation }, where) {
  need(isList(text) && isList(explanation), `${where}.text`, "texts", text);
  need(isList(choices) && choices.length > 1 && choices.every(isList), `${where}.choices`, "two texts or more", choices);
  const known = isList(answers) && answers.length && answers.every((i) => Number.isInteger(i) && i >= 0 && i < choices.length);
  need(known, `${where}.answers`, "numbers of choices", answers);
  need(Number.isFinite(points) && points >= 0, `${where}.points`, "a number from 0", points);
}

/**
 * The lesson of scenes with its networks decoded.
 *
 * @param {any} document_ parsed JSON
 */
export function decodeScenes(document_) {
  const { version, title, passing_score, scenes, networks, sources, formulas } = document_;
  if (version !== 1) throw Object.assign(new Error("newerLesson"), { parts: { version } });
  need(isText(title), "title", "a text", title);
  need(Number.isFinite(passing_score), "passing_score", "a number", passing_score);
  need(isList(networks) && networks.length, "networks", "a list", networks);
  need(isList(scenes) && scenes.length, "scenes", "a list", scenes);
  scenes.forEach(({ title: own, text, place, locked, network, question }, i) => {
    const where = `scenes[${i}]`;
    need(isList(own) && isList(text), `${where}.text`, "texts", text);
    need(isText(place), `${where}.place`, "a text", place);
    need(isList(locked) && locked.every(isText), `${where}.locked`, "names", locked);
    need(networks[network], `${where}.network`, `a number below ${networks.length}`, network);
    if (question) checkQuestion(question, `${where}.question`);
  });
  if (document_.bugs) checkPrograms(document_.bugs, "bugs");
  const lessons = networks.map((one) => checkLesson(decodeLesson({ ...one, sources, formulas })));
  return { ...document_, networks: lessons };
}

/** Where a reader begins: the first scene, no answer. */
export const beginning = () => ({ at: 0, seen: [0], answers: {} });

/** @returns the state in another scene; the same state where there is none */
export function goToScene(lesson, state, at) {
  if (!Number.isInteger(at) || at < 0 || at >= lesson.scenes.length || at === state.at) return state;
  return { ...state, at, seen: [...new Set([...state.seen, at])].sort((a, b) => a - b) };
}

/** The first answer to a question counts; later ones change nothing. */
export function giveAnswer(lesson, state, chosen) {
  const { question } = lesson.scenes[state.at];
  const fits = chosen.length && chosen.every((i) => Number.isInteger(i) && i >= 0 && i < question?.choices.length);
  if (!fits || state.answers[state.at]) return state;
  return { ...state, answers: { ...state.answers, [state.at]: [...chosen].sort((a, b) => a - b) } };
}

export const isRight = ({ answers }, chosen) =>
  chosen.length === answers.length && answers.every((answer) => chosen.includes(answer));

/**
 * @returns {{points: number, of: number, percent: number, answered: number, questions: number, done: boolean,
 *   passed: boolean}}
 */
export function scoreOf({ scenes, passing_score }, { answers, seen }) {
  const score = { points: 0, of: 0, answered: 0, questions: 0 };
  scenes.forEach(({ question }, i) => {
    if (!question) return;
    score.questions += 1;
    score.of += question.points;
    if (answers[i]) score.answered += 1;
    if (answers[i] && isRight(question, answers[i])) score.points += question.points;
  });
  const percent = score.of ? Math.round((10_000 * score.points) / score.of) / 100 : 100;
  const done = seen.length === scenes.length && score.answered === score.questions;
  return { ...score, percent, done, passed: percent >= passing_score };
}

/** The status of SCORM 1.2. */
export function statusOf(lesson, state) {
  const { questions, done, passed } = scoreOf(lesson, state);
  if (!done) return "incomplete";
  return questions ? (passed ? "passed" : "failed") : "completed";
}

/** Whether a scene keeps a control from its reader; a question to be predicted first keeps the training. */
export function isLocked(lesson, state, name) {
  const { locked, question } = lesson.scenes[state.at];
  if (name === "home" || locked.includes(name)) return true;
  if (name === "find") return isLocked(lesson, state, "transport"); // it goes to micro-steps
  return name === "transport" && !!question?.predict_first && !state.answers[state.at];
}

/** The place that a scene opens now: another one after the answer, if the question says so. */
export function placeOf(lesson, state) {
  const { place, question } = lesson.scenes[state.at];
  return (state.answers[state.at] && question?.then) || place;
}

/** The state as text for a learning platform, and back; a text of another lesson begins anew. */
export const stateText = ({ at, seen, answers }) => JSON.stringify({ at, seen, answers });

export function readState(lesson, text) {
  try {
    const { at, seen, answers } = JSON.parse(text);
    let state = beginning();
    for (const scene of seen) state = goToScene(lesson, state, scene);
    for (const [scene, chosen] of Object.entries(answers))
      state = giveAnswer(lesson, goToScene(lesson, state, Number(scene)), chosen);
    return goToScene(lesson, state, at);
  } catch {
    return beginning(); // no text, or one of another program
  }
}
