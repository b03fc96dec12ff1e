/*
 * Predictions for rows, without dependencies, in browsers, Node and Deno:
 *
 *   import { predict, predictProba } from "./model.js";
 *   predict([{ age: 31, colour: "red" }, { age: null, colour: "blue" }]); // rows by the names of columns
 *   predictProba([[31, "red"]]); // or in the order of `columns`
 *
 * null, undefined and NaN are missing values; a category "" is a text. Rows that the model refuses are a
 * RangeError.
 */
/* global program, constants, steps */

const MISSING = new Set(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"]);
const TRUTHS = new Map([["true", 1], ["false", 0], ["1", 1], ["0", 0], [1, 1], [0, 0], [true, 1], [false, 0]]);
const PLAIN = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)$/i;
const ISO =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]([01]?\d|2[0-3]):([0-5]?\d)(?::([0-5]?\d|60)(?:\.(\d+))?)?(?: ?(?:[Zz]|([+-](?:[01]\d|2[0-3])):?([0-5]\d)?))?)?$/;
const WORD = /[\p{L}\p{N}]+/gu;
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const AROUND = new RegExp(`^${SPACE}|${SPACE}$`, "g");
const DAY = 86_400_000;

function isMissing(value) {
  return value === null || value === undefined || Number.isNaN(value instanceof Date ? value.getTime() : value);
}

function expected(what, value) {
  throw new RangeError(`${what} is expected, got ${JSON.stringify(String(value))}`);
}

/** A value as Python writes it. */
function textOf(value) {
  const size = Math.abs(value);
  if (typeof value !== "number" || size === 0 || (1e-4 <= size && size < 1e16)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);
}

/** A text without spaces around it; null for what stands for a missing value, other values as they are. */
function stripped(value) {
  const bare = typeof value === "string" ? value.replace(AROUND, "") : value;
  return isMissing(bare) || MISSING.has(bare) ? null : bare;
}

function numberOf(value, settings) {
  let text = stripped(value);
  if (text === null) return NaN;
  if (["number", "boolean", "bigint"].includes(typeof text)) return Number(text);
  if (settings.number === undefined || typeof text !== "string") {
    if (!PLAIN.test(text)) expected("a number", value);
    return /inf/i.test(text) ? Infinity : Number(text); // of "nan" NaN
  }
  const pattern = (name) => new RegExp(settings[name].replace("(?s)", ""), "s"); // the flag stands beside it
  if (settings.signed) text = pattern("signed").test(text) ? text.replace(pattern("sign"), "") : "";
  if (settings.around) text = pattern("around").exec(text)?.[1] ?? "";
  if (!pattern("number").test(text)) return NaN;
  if (settings.thousands) text = text.replace(new RegExp(settings.thousands, "g"), "");
  return Number(text.replace(settings.decimal, "."));
}

function truthOf(value) {
  const bare = stripped(value);
  if (bare === null) return NaN;
  return TRUTHS.get(typeof bare === "string" ? bare.toLowerCase() : bare) ?? expected("true or false", value);
}

/** Days since 1970-01-01 in UTC, of a Date or a text. */
function daysOf(value, settings) {
  const bare = stripped(value);
  if (bare === null) return NaN;
  if (bare instanceof Date) return bare.getTime() / DAY;
  settings.patterns ??= settings.to_iso.map(([pattern, iso]) => [new RegExp(pattern, "s"), iso.replace(/\\(\d)/g, "$$$1")]); // \1 is $1 here
  const found = ISO.exec(settings.patterns.reduce((text, pair) => text.replace(...pair), String(bare)));
  const [year, month, day, hour, minute, second, part, zone, zoneMinutes] = (found ?? []).slice(1).map((text) => text ?? "0");
  const midnight = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (!(year >= 0) || new Date(midnight).getUTCMonth() !== month - 1) {
    return settings.lenient ? NaN : expected("an ISO date", value);
  }
  const minutes = (zone[0] === "-" ? -1 : 1) * Number(zoneMinutes);
  const seconds = (Number(hour) - Number(zone)) * 3600 + (Number(minute) - minutes) * 60 + Number(second);
  return midnight / DAY + (seconds * 1e6 + Number(part.slice(0, 6).padEnd(6, "0"))) / 86_400e6;
}

function wordsOf(value, settings) {
  const found = new Set(isMissing(value) ? [] : textOf(value).toLowerCase().match(WORD));
  return settings.words.map((word) => Number(found.has(word)));
}

function placeOf(value, settings) {
  settings.places ??= new Map(settings.values.map((text, at) => [text, at]));
  if (isMissing(value)) return NaN;
  const float = Number.isInteger(value) ? settings.places.get(`${value}.0`) : undefined; // Python's text of 1.0
  return float ?? settings.places.get(textOf(value)) ?? settings.values.length;
}

/** Kinds of inputs: a raw value as a number, NaN where missing. */
const READERS = {
  number: numberOf,
  boolean: truthOf,
  date: daysOf,
  category: placeOf,
  words: wordsOf,
  presence: (value, { blanks }) => (isMissing(blanks ? stripped(value) : value) ? NaN : 0),
};

const each = (f) => (given, x) => x.map((v) => f(v));

function onCircle(position, length) {
  return (given, [days]) => {
    if (Number.isNaN(days)) return new Float64Array(2);
    const angle = (2 * Math.PI * (position(days) % length)) / length;
    return Float64Array.of(Math.sin(angle), Math.cos(angle));
  };
}

function lookup({ table, n }, [x]) {
  const last = table.length / n - 2;
  const code = x + 2 ** 52 * 1.5 - 2 ** 52 * 1.5; // the nearest whole number, an even one where two are
  const row = Number.isNaN(x) ? last + 1 : 0 <= code && code < last ? code : last;
  return table.subarray(row * n, (row + 1) * n);
}

function interpolate({ marks, scores }, [x]) {
  const last = marks.length - 1;
  if (!(x > marks[0])) return Float64Array.of(Number.isNaN(x) ? NaN : scores[0]);
  if (x >= marks[last]) return Float64Array.of(scores[last]);
  const at = marks.findIndex((mark) => mark > x) - 1;
  const slope = (scores[at + 1] - scores[at]) / (marks[at + 1] - marks[at]);
  return Float64Array.of(slope * (x - marks[at]) + scores[at]);
}

/** W has a row for each input here. */
function linear({ W, b }, x) {
  const y = new Float64Array(b.length);
  for (let j = 0, at = 0; j < x.length; j++, at += y.length) {
    const v = x[j];
    if (v !== 0) for (let i = 0; i < y.length; i++) y[i] += v * W[at + i];
  }
  return y.map((v, i) => v + b[i]);
}

function groupedLinear({ V, a }, x) {
  const K = V.length / a.length;
  const D = a.length / (x.length / K);
  return a.map((bias, at) => {
    let sum = bias;
    for (let k = 0; k < K; k++) sum += V[at * K + k] * x[Math.floor(at / D) * K + k];
    return sum;
  });
}

function concat({ n }, ...parts) {
  const y = new Float64Array(n);
  let at = 0;
  for (const part of parts) {
    y.set(part, at);
    at += part.length;
  }
  return y;
}

const sum = (x) => x.reduce((total, v) => total + v, 0);

function normalizeLayer({ epsilon }, x) {
  const mean = sum(x) / x.length;
  const variance = sum(x.map((v) => (v - mean) ** 2)) / x.length;
  return x.map((v) => (v - mean) / Math.sqrt(variance + epsilon));
}

function sigmoid(v) {
  const t = Math.exp(-Math.abs(v));
  return (v >= 0 ? 1 : t) / (1 + t);
}

const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const elu = (v, alpha) => (v > 0 ? v : alpha * Math.expm1(v));

/** The complementary error function: by its series near 0, by its continued fraction beyond. */
function erfc(z) {
  const size = Math.abs(z);
  const factor = Math.exp(-z * z) / Math.sqrt(Math.PI);
  if (size < 2.5) {
    let [term, total] = [z, z];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) total += term *= (2 * z * z) / (2 * n + 1);
    return 1 - 2 * factor * total;
  }
  let rest = 0;
  for (let n = 50; n > 0; n--) rest = n / 2 / (size + rest);
  const tail = factor / (size + rest);
  return z > 0 ? tail : 2 - tail;
}

function softmax(x) {
  const most = x.reduce((a, b) => Math.max(a, b));
  const E = x.map((v) => Math.exp(v - most));
  const total = sum(E);
  return E.map((v) => v / total);
}

function cumulativeSum(x) {
  let total = 0;
  return x.map((v) => (total += v));
}

/** The operations: what is given, and values of one row → a value. */
const OPERATIONS = {
  take: ({ index }, x) => index.map((at) => x[at]),
  concat,
  standardize: ({ mean, std }, x) => x.map((v, i) => (Number.isNaN(v) ? 0 : (v - mean[i]) / std[i])),
  missing: each((v) => Number(Number.isNaN(v))),
  impute: ({ value }, x) => x.map((v, i) => (Number.isNaN(v) ? value[i] : v)),
  month: onCircle((days) => new Date(Math.floor(days) * DAY).getUTCMonth(), 12),
  weekday: onCircle((days) => Math.floor(days) + 3, 7),
  hour: onCircle((days) => (days - Math.floor(days)) * 24, 24),
  lookup,
  smooth_clip: ({ center, factor }, x) =>
    x.map((v, i) => {
      const u = Math.min(Math.max((v - center[i]) * factor[i], -1e100), 1e100);
      return u / Math.hypot(1, u / 3);
    }),
  interpolate,
  pieces: ({ begins, widths, low, high }, x) =>
    x.map((v, i) => Math.min(Math.max((v - begins[i]) / widths[i], low[i]), high[i]) - 0.5),
  single: each(Math.fround),
  linear,
  grouped_linear: groupedLinear,
  affine: ({ scale, shift }, x) => x.map((v, i) => v * scale[i] + shift[i]),
  normalize_layer: normalizeLayer,
  relu: each((v) => Math.max(v, 0)),
  leaky_relu: each((v) => (v > 0 ? v : 0.01 * v)),
  elu: each((v) => elu(v, 1)),
  selu: each((v) => 1.0507009873554805 * elu(v, 1.6732632423543772)),
  gelu: each((v) => 0.5 * v * erfc(-v * Math.SQRT1_2)),
  gelu_tanh: each((v) => v * sigmoid(2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))),
  silu: each((v) => v * sigmoid(v)),
  mish: each((v) => v * Math.tanh(softplus(v))),
  softplus: each(softplus),
  tanh: each(Math.tanh),
  sigmoid: each(sigmoid),
  exponential: each(Math.exp),
  cosine: each(Math.cos),
  logarithm: each((v) => Math.log(Math.max(v, 1e-12))),
  softmax: (given, x) => softmax(x),
  cumulative_sum: (given, x) => cumulativeSum(x),
  weighted_sum: ({ weights, divisor }, ...parts) =>
    parts[0].map((_, i) => sum(parts.map((x, k) => weights[k] * x[i])) / divisor),
  normalize: (given, x) => x.map((v) => v / sum(x)),
};

/** Numbers of a base64 text, little-endian whatever the machine is. */
function decoded(type, text) {
  const letters = atob(text);
  const view = new DataView(new ArrayBuffer(letters.length));
  for (let at = 0; at < letters.length; at++) view.setUint8(at, letters.charCodeAt(at));
  const size = type === "Float64" ? 8 : 4;
  return new Float64Array(letters.length / size).map((_, at) => view[`get${type}`](at * size, true));
}

/** The raw values of a row as numbers, NaN where missing. */
function rawOf(valueOf, place) {
  const raw = program.inputs.map(({ column, kind, settings }) => {
    let found;
    try {
      found = READERS[kind](valueOf(column), settings);
    } catch (error) {
      if (error instanceof RangeError) error.message = `column ${JSON.stringify(column)}, row ${place}: ${error.message}`;
      throw error;
    }
    if (Math.abs(found) === Infinity || (program.needs_all && Number.isNaN(found))) {
      throw new RangeError(`column ${JSON.stringify(column)}: a finite number is expected in row ${place}`);
    }
    return found;
  });
  return Float64Array.from(raw.flat());
}

/** A step with its constants; W of a linear one has a row for each input. */
function prepared([op, out, n, reads, roles, settings]) {
  const given = { n, ...settings };
  for (const [role, name] of Object.entries(roles)) given[role] = constants[name];
  if (op === "linear") {
    const k = given.W.length / n;
    given.W = given.W.map((_, at) => given.W[(at % n) * k + Math.floor(at / n)]);
  }
  return [op, out, reads, given];
}

function outputsOfRow(raw, place) {
  const values = { raw };
  for (const [op, out, reads, given] of steps) {
    values[out] = OPERATIONS[op](given, ...reads.map((name) => values[name]));
  }
  const found = Array.from(values[program.output]);
  if (found.every(Number.isFinite)) return found;
  throw new RangeError(`row ${place} has values with which the model gives no finite number`);
}

/**
 * Probabilities, or numbers in the units of the target: an array of numbers for each row.
 *
 * @param {(Object<string, any> | any[])[]} rows objects by the names of columns, or arrays in their order
 * @returns {number[][]}
 */
export function outputs(rows) {
  if (!Array.isArray(rows)) throw new TypeError("rows must be an array of objects or of arrays");
  const known = new Set(rows.flatMap((row) => (Array.isArray(row) ? [] : Object.keys(row))));
  return rows.map((row, at) => {
    const place = at + 1;
    if (Array.isArray(row)) {
      if (row.length === columns.length) return outputsOfRow(rawOf((name) => row[columns.indexOf(name)], place), place);
      throw new RangeError(`row ${place} must have ${columns.length} values, got ${row.length}`);
    }
    const missing = program.inputs.find(({ column }) => !known.has(column));
    if (missing) throw new RangeError(`column ${JSON.stringify(missing.column)} is missing`);
    return outputsOfRow(rawOf((name) => (Object.hasOwn(row, name) ? row[name] : null), place), place);
  });
}

/** The class of each row, an array of 0 and 1 for several labels, or numbers. */
export function predict(rows) {
  return outputs(rows).map((found) => {
    if (program.result.kind === "classes") {
      const weighed = found.map((p, k) => p * (program.result.factors[k] ?? 1));
      return classes[weighed.indexOf(Math.max(...weighed))];
    }
    if (program.result.kind === "labels") return found.map((p) => Number(p > 0.5));
    return found.length === 1 ? found[0] : found;
  });
}

/** The probabilities of each row, in the order of `classes`. */
export function predictProba(rows) {
  if (program.result.kind !== "numbers") return outputs(rows);
  throw new TypeError("the model has no probabilities, it predicts numbers: use predict");
}
