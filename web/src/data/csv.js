/** Tables of numbers with a target in the last column, pasted or dropped. */
import { fromRows } from "../engine/tensor.js";

const MOST_CELLS = 2_000_000;
const MOST_CLASSES = 10;

/** A line taken apart at its separators, with quotes heeded. */
function fields(line, separator) {
  const found = [];
  const pattern = new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${separator}]*))(?:${separator}|$)`, "y");
  while (pattern.lastIndex <= line.length) {
    const [whole, quoted, plain] = pattern.exec(line) ?? [];
    if (whole === undefined) break;
    found.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    if (!whole.endsWith(separator) || pattern.lastIndex > line.length) break;
  }
  return found;
}

const isNumber = (text) => text !== "" && Number.isFinite(Number(text));

/**
 * @param {string} text lines of numbers; the last column is the target: classes, or numbers
 * @returns {any} the data part of a lesson, inputs scaled to mean 0 and deviation 1
 * @throws {Error} with a key of the message catalogue
 */
export function readTable(text, name = "table") {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  if (lines.length < 2) throw new Error("csv.short");
  const separator = ["\t", ";", ","].find((sign) => lines[0].includes(sign)) ?? ",";
  const rows = lines.map((line) => fields(line, separator));
  const width = rows[0].length;
  if (width < 2) throw new Error("csv.narrow");
  if (rows.length * width > MOST_CELLS) throw new Error("csv.large");
  const headed = rows[0].slice(0, -1).some((field) => !isNumber(field));
  const names = headed ? rows.shift() : Array.from({ length: width }, (_, i) => `x${i + 1}`);
  const whole = rows.filter((row) => row.length === width && row.slice(0, -1).every(isNumber) && row[width - 1] !== "");
  if (whole.length < 2) throw new Error("csv.numbers");
  const X = fromRows(Array.from({ length: width - 1 }, (_, j) => scaled(whole.map((row) => Number(row[j])))));
  return {
    X,
    ...target(whole.map((row) => row[width - 1])),
    names: names.slice(0, -1),
    name,
    left_out: rows.length - whole.length,
  };
}

function scaled(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
  return values.map((value) => (value - mean) / deviation);
}

function target(values) {
  const classes = [...new Set(values)].sort((a, b) => (isNumber(a) && isNumber(b) ? a - b : a < b ? -1 : 1));
  const whole = values.every((value) => Number.isInteger(Number(value)));
  if (classes.length === 2)
    return { Y: fromRows([values.map((value) => classes.indexOf(value))]), classes, kind: "binary" };
  if (values.every(isNumber) && !(whole && classes.length <= MOST_CLASSES)) {
    return { Y: fromRows([scaled(values.map(Number))]), classes: null, kind: "numbers" };
  }
  if (classes.length > MOST_CLASSES || classes.length < 2) throw new Error("csv.target");
  return {
    Y: fromRows(classes.map((name) => values.map((value) => Number(value === name)))),
    classes,
    kind: "classes",
  };
}
