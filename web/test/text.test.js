/** Numbers and tables as text; the catalogue of messages. */
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { cellFormat, exact, inCell, number, timesPower } from "../src/format.js";
import { readTable } from "../src/data/csv.js";
import { hasText, t } from "../src/messages.js";
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
  assert.deepEqual([two.kind, two.classes, two.X.cols, two.left_out], ["binary", ["no", "yes"], 3, 1]);
  assert.deepEqual([...two.Y.data], [1, 0, 1]);
  const three = readTable("1;2;0\n2;3;1\n3;4;2");
  assert.deepEqual([three.kind, three.Y.rows, three.names], ["classes", 3, ["x1", "x2"]]);
  const numbers = readTable("1\t2.5\n2\t3.5\n3\t9");
  assert.equal(numbers.kind, "numbers");
  assert.ok(Math.abs(numbers.X.data.reduce((a, b) => a + b, 0)) < 1e-12);
});

test("tables that cannot be used are refused in words", () => {
  for (const text of ["", "a", "1,2", "1\n2\n3", "x,y\na,b\nc,d", "1,a\n2,a\n3,a"]) {
    assert.throws(
      () => readTable(text),
      ({ message }) => hasText(`error.${message}`),
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
