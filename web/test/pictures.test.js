/** Inputs that are pixels, and weights, as RGBA; what a lesson says about them is checked. */
import test from "node:test";
import assert from "node:assert/strict";
import { exampleImage, hasPixels, pictureShape, unitOf, weightsImage } from "../src/data/pictures.js";
import { checkLesson } from "../src/lesson/check.js";
import { decodeLesson, lessonText } from "../src/lesson/codec.js";
import { makeLesson } from "../src/lesson/make.js";
import { fromRows } from "../src/engine/tensor.js";

const X = fromRows([[0, 4], [1, 3], [2, 2], [3, 1]]);
const data = { X, Y: fromRows([[0, 1]]), names: ["a", "b", "c", "d"], classes: ["no", "yes"], kind: "binary", name: "p", image_shape: [2, 2] };

test("an example of one channel is grey, from the least to the largest input", () => {
  assert.deepEqual(pictureShape(data), { high: 2, wide: 2, channels: 1 });
  assert.deepEqual([...exampleImage(data, 1).slice(0, 8)], [255, 255, 255, 255, 191, 191, 191, 255]);
  assert.equal(pictureShape({ X }), null);
});

test("bytes of wide inputs have their colours", () => {
  const pictures = { shape: [2, 1, 1, 3], u8: btoa(String.fromCharCode(1, 2, 3, 250, 0, 9)) };
  assert.deepEqual([...exampleImage({ X, pictures }, 1)], [250, 0, 9, 255]);
  assert.equal(hasPixels({ pictures }), false);
});

test("weights have the shape of the picture and a colour by sign; channels are averaged", () => {
  const ramp = (share) => [100 * share, share > 0 ? 1 : 0, 0];
  const W = fromRows([[1, 1, 1, 1], [0, 2, -4, 0]]);
  assert.deepEqual([...weightsImage(W, 1, data, ramp)].filter((_, i) => i % 4 === 1), [0, 1, 0, 0]);
  const colour = { X, image_shape: [2, 1, 2] };
  assert.deepEqual([...weightsImage(W, 1, colour, ramp)].filter((_, i) => i % 4 === 1), [1, 0]);
});

test("a lesson keeps the shape, and a wrong one is refused", () => {
  const made = makeLesson(data, { hidden: [2], activations: ["tanh"] });
  const again = (change) => checkLesson(decodeLesson(JSON.parse(lessonText({ ...made, data: { ...made.data, ...change } }))));
  assert.deepEqual(again({}).data.image_shape, [2, 2]);
  for (const change of [{ image_shape: [3, 2] }, { image_shape: [4] }, { pictures: { shape: [1, 1, 1, 1], u8: "AA==" } }, { pictures: { shape: [2, 1, 1, 1], u8: "A" } }])
    assert.throws(() => again(change), (error) => /^data\.(image_shape|pictures)/.test(error.parts.where));
});

test("a unit of layer 1 is one of layer 1 alone", () => {
  for (const name of ["W1", "dW1", "v_W1", "b1", "Z1", "dg(Z1)"]) assert.equal(unitOf({ name, row: 3 }), 3, name);
  for (const name of ["W10", "dZ11", "A21", "s1", "A0", "J", ""]) assert.equal(unitOf({ name, row: 3 }), 0, name);
});
