/** What the page opens: toy sets, tables, lessons, exported pages. */
import { DEFAULTS, makeLesson, RATES } from "../lesson/make.js";
import { checkLesson } from "../lesson/check.js";
import { decodeLesson } from "../lesson/codec.js";
import { knowLibrary } from "../lesson/library.js";
import { readTable } from "../data/csv.js";
import { toySet } from "../data/toys.js";
import { FORMAT as SCENES } from "../lesson/scenes.js";
import { startScenes } from "./scenes.js";
import { begin } from "./walk.js";
import { app, set } from "./store.js";
import { hasText, t } from "../messages.js";

/**
 * A network for a toy set; the choice is small enough to stand in a link.
 *
 * @param {{data: string, noise?: number, hidden?: number[], activations?: string[], training?: any}} toy
 */
export function startToy(toy, screen = "play") {
  const data = toySet(toy.data, 1, toy.noise);
  const lesson = makeLesson(data, choice(toy, data));
  begin({ ...lesson, title: t(`toy.${toy.data}`), toy }, screen);
}

export function startData(data, given = {}, screen = "play") {
  begin(makeLesson(data, choice(given, data)), screen);
}

const LARGE = 20_000; // inputs from which on an update of all examples would take too long

/** @param {any} given as for makeLesson */
function choice({ hidden, activations, training, ...others }, data) {
  const small = data.X.rows > 64 ? [16, 8] : [8, 8];
  const rate = data.kind === "numbers" ? 0.03 : RATES[training?.optimizer ?? DEFAULTS.optimizer];
  return {
    ...others,
    hidden: hidden ?? small,
    activations: activations ?? (hidden ?? small).map(() => "tanh"),
    training: { learning_rate: rate, batch_size: data.X.data.length > LARGE ? 64 : null, ...training },
  };
}

export function startLesson(document_) {
  if (document_.format === SCENES) return startScenes(document_);
  begin(checkLesson(decodeLesson(document_)), "lab");
}

/** The lesson that came with the page, from the Python that wrote it. */
export function startCarried(document_) {
  const lesson = checkLesson(decodeLesson(document_));
  knowLibrary(lesson);
  app.carried = lesson;
  app.game = lesson.museum ?? null;
  begin(lesson, "lab");
}

const LESSON_TAG = /<script type="application\/json" id="deepstep-lesson">([\s\S]*?)<\/script>/;

/** What is wrong with something that came from outside, in a sentence. */
export function say({ message, parts }, mend = t("error.again")) {
  return hasText(`error.${message}`) ? t(`error.${message}`, { ...parts, mend }) : t("error.file", { why: message, mend });
}

/** A file by what is in it: a lesson, a page that carries one, or a table. */
export async function openText(name, text) {
  try {
    const inPage = LESSON_TAG.exec(text);
    if (inPage) return startLesson(JSON.parse(inPage[1]));
    if (/^\s*\{/.test(text)) return startLesson(JSON.parse(text));
    startData(readTable(text, name.replace(/\.\w+$/, "")));
  } catch (problem) {
    set({ error: say(problem) });
  }
}

/** Files that are dropped anywhere on the page. */
export function listenToDrops() {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    if (app.scenes) return;
    const [file] = event.dataTransfer?.files ?? [];
    if (file) await openText(file.name, await file.text());
  });
}
