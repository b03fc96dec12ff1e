/** Numbers and tables as text; the catalogue of messages. */
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { cellFormat, exact, inCell, number, timesPower } from "../src/format.js";
import { readTable } from "../src/data/csv.js";
import { hasText, t } from "../src/messages.js";
import { Session } from "../src/engine/session.js";
import { toySet } from "../src/data/toys.js";
import { makeLesson } from "../src/lesson/make.js";
import { pythonCode, readable } from "../src/lesson/python.js";
import { axes, parse } from "../src/engine/names.js";

test("numbers for people", () => {
  const cases = {
    0: 0,
    "−0.0417": -0.0417,
    "1.23e5": 123400,
    "8.3e−5": 0.000083,
    NaN: NaN,
    "−∞": -Infinity,
    12.35: 12.3456,
    1: 1,
  };
  for (const [text, value] of Object.entries(cases)) assert.equal(number(value), text);
});

test("numbers for cells have a fixed width", () => {
  const cases = [
    [0.12345, 0.2, "0.1235"],
    [-1.5, 1.5, "−1.5000"],
    [-0.0004, 0.0123, "−0.0400"],
    [0.0123, 0.0123, "1.2300"],
    [12.3456, 20, "12.346"],
    [3, 3, "3"],
    [0, 9, "0"],
    [12345.6, 20000, "1.2346"],
    [NaN, 1, "NaN"],
  ];
  for (const [value, most, text] of cases) assert.equal(inCell(value, cellFormat(most, 4)), text);
  for (let i = 0; i < 2000; i++) {
    const value = (i % 2 ? -1 : 1) * Math.exp((i - 1000) / 60);
    for (const decimals of [3, 4]) {
      const text = inCell(value, cellFormat(Math.abs(value), decimals));
      assert.ok(text.length <= decimals + 3, text);
    }
  }
  assert.equal(timesPower(cellFormat(0.0123, 4).power), "× 10⁻²");
});

test("numbers for tests are the float64 itself", () => {
  for (const value of [0.1, -0, 5e-324, 1.7976931348623157e308, 1 / 3])
    assert.ok(Object.is(Number(exact(value)), value));
});

test("tables: separators, quotes, headings, gaps, kinds of targets", () => {
  const two = readTable('a,"b, c",class\n1,2,yes\n3,4,no\n,5,no\n"5",6,yes');
  assert.deepEqual(two.names, ["a", "b, c"]);
  assert.deepEqual([two.kind, two.classes, two.X.cols, two.left_out], ["binary", ["no", "yes"], 3, { n: 1, of: 4, line: 4 }]);
  assert.deepEqual([...two.Y.data], [1, 0, 1]);
  const three = readTable("1;2;0\n2;3;1\n3;4;2");
  assert.deepEqual([three.kind, three.Y.rows, three.names], ["classes", 3, ["x1", "x2"]]);
  const numbers = readTable("1\t2.5\n2\t3.5\n3\t9");
  assert.equal(numbers.kind, "numbers");
  assert.ok(Math.abs(numbers.X.data.reduce((a, b) => a + b, 0)) < 1e-12);
});

test("rows with gaps are left out, counted and placed; the first line need not be a heading", () => {
  const gaps = readTable("1,,a\n2,3,b\n\n3,NaN,b\n4,5\n6,7,\n8,9,a");
  assert.deepEqual([gaps.X.cols, gaps.names, gaps.left_out], [2, ["x1", "x2"], { n: 4, of: 6, line: 1 }]);
  const told = t("csv.left", gaps.left_out);
  assert.match(told, /^4 of 6 rows were left out: .* line 1\.$/);
  const numbers = readTable(["x,y", ...Array.from({ length: 20 }, (_, i) => `${i},${i === 7 ? "?" : i}`)].join("\n"));
  assert.deepEqual([numbers.kind, numbers.X.cols, numbers.left_out], ["numbers", 19, { n: 1, of: 20, line: 9 }]);
  assert.equal(readTable("1,a\n2,b").left_out, false);
});

test("tables that cannot be used are refused in words, for the right reason", () => {
  const eleven = Array.from({ length: 11 }, (_, i) => `${i},c${i}`).join("\n");
  for (const [text, why] of [
    ["", /two examples/],
    ["a", /two columns/],
    ["1,2", /two examples/],
    ["a,b\n1,2", /two examples/],
    ["1\n2\n3", /two columns/],
    ["x,y\na,b\nc,d", /two usable rows\. In 2 of 2 .* line 2/],
    ["x,y\n1,b\n1e999,d", /two usable rows\. In 1 of 2 .* line 3/],
    ["1,a\n2,a\n3,a", /at least two values, got only “a”/],
    ["a,b,c\n1,2,x\n1e999,3,y\n3,3,x", /at least two values, got only “x”/],
    [eleven, /at most 10 classes, got 11/],
  ]) {
    assert.throws(
      () => readTable(text),
      ({ message, parts }) => hasText(`error.${message}`) && why.test(t(`error.${message}`, parts)),
      text,
    );
  }
});

test("names of quantities", () => {
  assert.deepEqual(parse("v_dW12"), { slot: "v", derivative: true, before: "", letter: "W", layer: 12, suffix: "" });
  assert.equal(parse("dg(Z1)").before, "g");
  assert.equal(parse("J"), null);
  assert.deepEqual(axes("dA0"), ["axis.inputs", "axis.examples"]);
});

test("every text that the page asks for is in the catalogue", () => {
  const folder = new URL("../src/", import.meta.url);
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".js"));
  const asked = files.flatMap((name) =>
    [...readFileSync(new URL(name, folder), "utf8").matchAll(/\bt\("([\w.]+)"/g)].map(([, key]) => key),
  );
  assert.ok(asked.length > 80);
  for (const key of asked) assert.ok(hasText(key), key);
  const text = files.map((name) => readFileSync(new URL(name, folder), "utf8")).join("");
  const made = [...text.matchAll(/\bt\(`([\w.]+\.)\$\{/g)].map(([, start]) => start);
  const own = [...readFileSync(new URL("messages.js", folder), "utf8").matchAll(/^ {2}"([\w.]+)":/gm)].map(
    ([, key]) => key,
  );
  const without = text.replace(readFileSync(new URL("messages.js", folder), "utf8"), "");
  for (const key of own)
    assert.ok(without.includes(`"${key}"`) || made.some((start) => key.startsWith(start)), `${key} is unused`);
  assert.equal(t("bar.done", { n: 3 }), "3 updates done");
});

test("code is shown to be read: numbers shortened, all else whole", () => {
  const session = new Session(makeLesson(toySet("circles")));
  session.edit(0, "b1", 0, 0, 0.5);
  const code = pythonCode(session, 0);
  const shown = readable(code);
  assert.ok(shown.length < 2500 && code.length > 8000);
  const plain = code.split("\n").filter((line) => !line.includes("unpacked("));
  for (const line of plain) assert.ok(shown.includes(line), line);
  assert.match(shown, /^X = unpacked\(\{"shape":\[2,\d+\],"f8":"[\w+/]{24}…"\}\)$/m);
  const list = `X = np.array([[${Array(40).fill(0.125).join(", ")}]])\nshown = 1\n`;
  assert.match(readable(list), /^X = np.array\(.{60}…\nshown = 1\n$/);
  assert.equal(readable("network = Network([2, 8, 8, 1], activation='tanh', output='sigmoid', seed=1)"), "network = Network([2, 8, 8, 1], activation='tanh', output='sigmoid', seed=1)");
});
