/** What comes from outside, held against what it must be: an error says where it is not, what was expected, what came. */
import { ACTIVATIONS } from "../engine/activations.js";
import { unknownParts } from "../engine/recorded.js";
import { OPTIMIZERS } from "../engine/optimizers.js";
import { TOY_NAMES } from "../data/toys.js";
import { FEATURES } from "../data/examples.js";
import { INITIALIZATIONS } from "../engine/initialization.js";
import { DEFAULTS } from "./make.js";
import { checkMuseum } from "./museum.js";

const shown = (value) => (value?.data ? `${value.rows} × ${value.cols}` : String(JSON.stringify(value)).slice(0, 30));

/** @returns {asserts ok} */
export function need(ok, where, expected, came) {
  if (!ok) throw Object.assign(new Error("damaged"), { parts: { where, expected, came: shown(came) } });
}

export const isList = Array.isArray;
export const isCount = (value, least = 1) => Number.isSafeInteger(value) && value >= least;
const isPositive = (value) => Number.isFinite(value) && value >= 0;

function checkArray(A, rows, cols, where) {
  need(A?.data && A.rows === rows && A.cols === cols, where, `${rows} × ${cols} numbers`, A);
  const i = A.data.findIndex((x) => !Number.isFinite(x));
  need(i < 0, `${where}[${Math.floor(i / cols)}, ${i % cols}]`, "a finite number", String(A.data[i]));
}

function checkParameters(parameters, { layer_dims: dims, input_scale }, where) {
  if (input_scale) checkArray(parameters?.s1, dims[0], 1, `${where}.s1`);
  for (let l = 1; l < dims.length; l++) {
    checkArray(parameters?.[`W${l}`], dims[l], dims[l - 1], `${where}.W${l}`);
    checkArray(parameters[`b${l}`], dims[l], 1, `${where}.b${l}`);
  }
}

function checkTraining(training, depth, where = "training") {
  const { learning_rate, l2 = 0, weight_decay = 0, batch_size = null, dropout = 0, seed = 0 } = training ?? {};
  const factors = { ...training?.lr_multipliers, ...training?.weight_decay_multipliers };
  for (const [name, value] of Object.entries({ ...factors, learning_rate, l2, weight_decay }))
    need(isPositive(value), `${where}.${name}`, "a number from 0", value);
  need(batch_size === null || isCount(batch_size), `${where}.batch_size`, "a whole number or null", batch_size);
  const rates = [dropout].flat();
  const fit = !isList(dropout) || rates.length === depth;
  need(fit && rates.every((rate) => isPositive(rate) && rate < 1), `${where}.dropout`, "shares below 1", dropout);
  need(Number.isSafeInteger(seed), `${where}.seed`, "a whole number", seed);
}

/** What was changed by hand. */
export function checkLog(log, { network, training, parameters, data }) {
  let last = 0;
  need(isList(log), "log", "a list", log);
  log.forEach(({ t, edit, add, set }, i) => {
    const where = `log[${i}]`;
    need(isCount(t, last), `${where}.t`, `a whole number from ${last}`, t);
    last = t;
    if (edit) {
      const [name, row, col, value] = isList(edit) ? edit : [];
      const A = parameters[name];
      const there = A && isCount(row, 0) && isCount(col, 0) && row < A.rows && col < A.cols;
      need(there && Number.isFinite(value), where, "a parameter’s place and a number", edit);
    } else if (add) {
      const rows = [data.X.rows, data.Y.rows, ...(data.base ? [data.base.X.rows] : [])];
      const fits = rows.every((n, p) => add[p]?.length === n && add[p].every(Number.isFinite));
      need(fits, where, `${data.X.rows} inputs and ${data.Y.rows} targets`, add);
    } else {
      checkTraining({ ...training, ...set }, network.layer_dims.length - 2, where);
      need(set && (!set.optimizer || OPTIMIZERS[set.optimizer]), where, "settings", set);
    }
  });
}

const isSplit = (share) => Number.isFinite(share) && share >= 0 && share < 1;

function checkFeatures(features, where) {
  const known = isList(features) && features.length > 0 && features.every((name) => FEATURES[name]);
  need(known && new Set(features).size === features.length, where, Object.keys(FEATURES).join(", "), features);
}

/** Inputs that are pixels, or bytes of the pictures of wide inputs. */
function checkImages({ image_shape, pictures, X }) {
  const product = (shape) => shape.reduce((all, n) => all * n, 1);
  const isShape = (shape, least, most) =>
    isList(shape) && shape.length >= least && shape.length <= most && shape.every((n) => isCount(n));
  if (image_shape)
    need(isShape(image_shape, 2, 3) && product(image_shape) === X.rows, "data.image_shape", `a shape of ${X.rows} pixels`, image_shape);
  if (!pictures) return;
  need(isShape(pictures.shape, 4, 4) && pictures.shape[0] === X.cols, "data.pictures.shape", `${X.cols} pictures`, pictures.shape);
  const base64 = 4 * Math.ceil(product(pictures.shape) / 3);
  need(typeof pictures.u8 === "string" && pictures.u8.length === base64, "data.pictures.u8", `${base64} characters`, pictures.u8?.length);
}

/** The coordinates of the examples, where their features are the inputs, and the test set. */
function checkParts({ base, features, test, X, Y }) {
  if (features || base) {
    checkFeatures(features, "data.features");
    checkArray(base?.X, base?.X?.rows === 1 ? 1 : 2, X.cols, "data.base.X");
    need(isList(base.names), "data.base.names", "a list", base.names);
    need(features.length === X.rows, "data.features", `${X.rows} names`, features);
  }
  if (!test) return;
  const m = test.X?.cols;
  checkArray(test.X, X.rows, m, "data.test.X");
  checkArray(test.Y, Y.rows, m, "data.test.Y");
  if (base) checkArray(test.base?.X, base.X.rows, m, "data.test.base.X");
  need(isList(test.rows) && test.rows.length === m, "data.test.rows", `${m} numbers`, test.rows);
}

/** A toy network, as it stands in a link. */
export function checkToy(toy) {
  need(TOY_NAMES.includes(toy?.data), "n.data", TOY_NAMES.join(", "), toy?.data);
  const { hidden = [], activations = [], training } = toy;
  need(isList(hidden) && hidden.length < 9 && hidden.every((n) => isCount(n) && n < 65), "n.hidden", "layers", hidden);
  const known = isList(activations) && activations.every((name) => ACTIVATIONS[name]?.one);
  need(known && activations.length === hidden.length, "n.activations", "one for each layer", activations);
  const { initialization = "auto", test = 0, noise = 0, features } = toy;
  const methods = Object.keys(INITIALIZATIONS);
  need(methods.includes(initialization), "n.initialization", methods.join(", "), initialization);
  need(isSplit(test), "n.test", "a share below 1", test);
  need(isPositive(noise) && noise <= 2, "n.noise", "a number from 0 to 2", noise);
  if (features) checkFeatures(features, "n.features");
  const whole = { ...DEFAULTS, ...training };
  checkTraining(whole, hidden.length, "n.training");
  need(OPTIMIZERS[whole.optimizer], "n.training.optimizer", Object.keys(OPTIMIZERS).join(", "), whole.optimizer);
  return toy;
}

/** A whole lesson, decoded; it is given back. */
export function checkLesson(lesson) {
  const { title, notes = [], network, training, parameters, data, batches, masks, golden, recorded, history, resume } =
    lesson;
  need(typeof title === "string", "title", "a text", title);
  need(isList(notes), "notes", "a list", notes);
  const dims = network?.layer_dims;
  need(isList(dims) && dims.length > 1 && dims.every((n) => isCount(n)), "network.layer_dims", "sizes", dims);
  const named = isList(network.activations) && network.activations.length === dims.length - 1;
  need(named, "network.activations", `${dims.length - 1} names`, network.activations);
  checkTraining(training, dims.length - 2);
  checkParameters(parameters, network, "parameters");
  const m = data?.X?.cols;
  checkArray(data?.X, dims[0], m, "data.X");
  checkArray(data.Y, dims.at(-1), m, "data.Y");
  need(m > 0, "data.X", "examples", data.X);
  for (const name of ["names", "classes"])
    need(isList(data[name] ?? []), `data.${name}`, "a list or null", data[name]);
  checkParts(data);
  checkImages(data);
  need(["binary", "classes", "numbers"].includes(data.kind), "data.kind", "binary, classes or numbers", data.kind);
  const within = (rows) => isList(rows) && rows.length > 0 && rows.every((row) => isCount(row, 0) && row < m);
  need(isList(batches ?? []) && (batches ?? []).every(within), "batches", `lists of numbers below ${m}`, batches);
  (masks ?? []).forEach((mask, i) => {
    for (const [name, A] of Object.entries(mask))
      checkArray(A, dims[name.slice(1)], batches[i]?.length, `masks[${i}].${name}`);
  });
  for (const [name, list] of Object.entries({ golden: golden ?? [], recorded: recorded ?? [] })) {
    need(isList(list), name, "a list", list);
    list.forEach((part, i) => {
      need(isCount(part?.step, 0), `${name}[${i}].step`, "a whole number", part?.step);
      checkParameters(part.parameters, network, `${name}[${i}].parameters`);
    });
  }
  (golden ?? []).forEach(({ quantities, after }, i) => {
    const where = `golden[${i}]`;
    checkParameters(after, network, `${where}.after`);
    for (let l = 0; l < dims.length; l++)
      checkArray(quantities?.[`A${l}`], dims[l], quantities?.A0?.cols, `${where}.quantities.A${l}`);
    checkArray(quantities.Y, dims.at(-1), quantities.A0.cols, `${where}.quantities.Y`);
  });
  if (unknownParts(lesson).length) {
    need(golden?.length, "golden", "recorded steps", golden);
    need(isList(lesson.entries) && lesson.entries.every((e) => e?.formula?.split), "entries", "formulas", lesson.entries);
  }
  if (history) {
    need(isList(history.at) && typeof (history.text ?? "") === "string", "history", "epochs and a text", history.at);
    for (const list of Object.values(history).filter(isList))
      need(list.length === history.at.length, "history", `${history.at.length} numbers in each curve`, list.length);
  }
  if (lesson.toy) checkToy(lesson.toy);
  if (lesson.museum) checkMuseum(lesson.museum);
  if (resume) {
    const { states, costs, log, trainings } = resume;
    need(isList(states) && states.length && costs?.data && isList(trainings), "resume", "states", states);
    for (const { t, parameters: theta } of states) {
      need(isCount(t, 0), "resume.states.t", "a whole number", t);
      checkParameters(theta, network, "resume.states");
    }
    checkLog(log, lesson);
  }
  return lesson;
}
