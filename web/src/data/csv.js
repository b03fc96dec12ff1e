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
const isWord = (text) => Number.isNaN(Number(text)) && !/^(na|nan|null|none|\?)$/i.test(text);

/** What is wrong with a table: a key of the message catalogue, with the parts of its sentence. */
const fault = (key, parts = {}) => Object.assign(new Error(`csv.${key}`), { parts });

/**
 * @param {string} text lines of numbers; the last column is the target: classes, or numbers
 * @returns {any} the data part of a lesson, inputs scaled to mean 0 and deviation 1
 * @throws {Error} with a key of the message catalogue
 */
export function readTable(text, name = "table") {
  const lines = text.split(/\r?\n/);
  const first = lines.find((line) => line.trim()) ?? "";
  const separator = ["\t", ";", ","].find((sign) => first.includes(sign)) ?? ",";
  const rows = lines.map((line, i) => ({ row: fields(line, separator), line: i + 1 })).filter((_, i) => lines[i].trim());
  const width = rows[0]?.row.length;
  if (width < 2) throw fault("narrow", { n: width ?? 0 });
  if (rows.length * width > MOST_CELLS) throw fault("large", { n: rows.length * width, most: MOST_CELLS });
  const headed = rows[0]?.row.slice(0, -1).some(isWord);
  const names = headed ? rows.shift().row : Array.from({ length: width }, (_, i) => `x${i + 1}`);
  if (rows.length < 2) throw fault("short", { n: rows.length });
  const last = rows.map(({ row }) => row[width - 1]).filter(isNumber);
  const some = new Set(last).size > MOST_CLASSES || last.some((text) => !Number.isInteger(Number(text)));
  const inNumbers = some && 2 * last.length > rows.length; // then a text among them is a gap
  const isWhole = ({ row }) =>
    row.length === width && row.every((field, i) => (i < width - 1 || inNumbers ? isNumber(field) : field !== ""));
  const whole = rows.filter(isWhole).map(({ row }) => row);
  const left_out = whole.length < rows.length && {
    n: rows.length - whole.length,
    of: rows.length,
    line: rows.find((row) => !isWhole(row)).line,
  };
  if (whole.length < 2) throw fault("numbers", left_out);
  const X = fromRows(Array.from({ length: width - 1 }, (_, j) => scaled(whole.map((row) => Number(row[j])))));
  return { X, ...target(whole.map((row) => row[width - 1])), names: names.slice(0, -1), name, left_out };
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
  if (classes.length < 2) throw fault("one", { value: classes[0] });
  if (classes.length > MOST_CLASSES) throw fault("target", { n: classes.length, most: MOST_CLASSES });
  return {
    Y: fromRows(classes.map((name) => values.map((value) => Number(value === name)))),
    classes,
    kind: "classes",
  };
}
