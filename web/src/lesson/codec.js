/** The lesson document: JSON in which arrays are base64 of little-endian float64. */

export const FORMAT = "deepstep-lesson";

const isArray = (value) => value && typeof value === "object" && typeof value.f8 === "string";

function decodeArray({ shape, f8 }) {
  const bytes = Uint8Array.from(atob(f8), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  if (8 * shape.reduce((product, n) => product * n, 1) !== bytes.length) throw new Error("array");
  const data = new Float64Array(bytes.length / 8);
  for (let i = 0; i < data.length; i++) data[i] = view.getFloat64(8 * i, true);
  const [rows, cols] = shape.length === 2 ? shape : shape.length === 1 ? [1, shape[0]] : [1, 1];
  return { rows, cols, data };
}

/** A matrix as the document has it. */
export function encodeArray({ rows, cols, data }) {
  const bytes = new Uint8Array(8 * data.length);
  const view = new DataView(bytes.buffer);
  data.forEach((value, i) => view.setFloat64(8 * i, value, true));
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return { shape: [rows, cols], f8: btoa(text) };
}

const SPECIAL = { nan: NaN, inf: Infinity, "-inf": -Infinity };

const TEXTS = new Set([
  "title",
  "sources",
  "formulas",
  "code",
  "origin",
  "names",
  "classes",
  "name",
  "kind",
  "place",
  "toy",
  "log",
]);

/** Arrays and named numbers decoded, at any depth; texts stay as they are, even one that says "nan". */
function decoded(value) {
  if (isArray(value)) return decodeArray(value);
  if (Array.isArray(value)) return value.map(decoded);
  if (value && typeof value === "object") {
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([name, part]) => [name, TEXTS.has(name) ? part : decoded(part)]));
  }
  return typeof value === "string" && value in SPECIAL ? SPECIAL[value] : value;
}

/**
 * @param {any} document_ parsed JSON
 * @returns {any} the lesson with matrices in place of base64
 * @throws {Error} with a key of the message catalogue, if it is none
 */
export function decodeLesson(document_) {
  if (document_?.format !== FORMAT) throw new Error("notALesson");
  if (document_.version !== 1) throw Object.assign(new Error("newerLesson"), { parts: { version: document_.version } });
  return decoded(document_);
}

function encoded(value) {
  if (value?.data instanceof Float64Array) return encodeArray(value);
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  if (Array.isArray(value)) return value.map(encoded);
  if (value && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, part]) => part !== undefined)
        .map(([name, part]) => [name, encoded(part)]),
    );
  }
  return value;
}

/** The document of a lesson, as text that may stand inside a script element. */
export const lessonText = (lesson) => JSON.stringify(encoded(lesson)).replaceAll("<", "\\u003c");
