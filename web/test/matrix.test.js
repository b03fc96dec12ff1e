/** How matrices are laid out in a row. */
import test from "node:test";
import assert from "node:assert/strict";
import { fitting } from "../src/ui/matrix.js";

test("a window is never wider than a matrix that stands whole, in any width", () => {
  for (let width = 60; width < 1400; width += 10)
    for (let count = 1; count < 40; count++) {
      const { whole, few } = fitting(width, [count, count, 2], ["=", "1/m", "·"]);
      assert.ok(few <= whole && few >= 2, `${width} ${count}: ${few} of ${whole}`);
    }
});
