/** Examples that are images: pixels as RGBA, from the inputs or from the bytes of a wide lesson; weights of layer 1 in their shape. */
import { parse } from "../engine/names.js";
import { at } from "../engine/tensor.js";

/** @returns {{high: number, wide: number, channels: number} | null} the shape of the pictures of examples */
export function pictureShape({ image_shape, pictures }) {
  const [high, wide, channels = 1] = pictures ? pictures.shape.slice(1) : (image_shape ?? []);
  return high ? { high, wide, channels } : null;
}

/** Whether the inputs are the pixels themselves, so that weights of layer 1 are pictures, too. */
export const hasPixels = ({ image_shape }) => !!image_shape;

const ranges = new WeakMap();

function rangeOf(X) {
  if (!ranges.has(X)) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of X.data) [low, high] = [Math.min(low, value), Math.max(high, value)];
    ranges.set(X, [low, high - low || 1]);
  }
  return ranges.get(X);
}

const decoded = new WeakMap();

function bytesOf(pictures) {
  if (!decoded.has(pictures)) decoded.set(pictures, Uint8Array.from(atob(pictures.u8), (sign) => sign.charCodeAt(0)));
  return decoded.get(pictures);
}

/** Pixels of `count` channels each → RGBA; one channel is grey. */
function coloured(size, channels, level) {
  const rgba = new Uint8ClampedArray(4 * size);
  for (let p = 0; p < size; p++) {
    for (let c = 0; c < 3; c++) rgba[4 * p + c] = level(channels >= 3 ? channels * p + c : channels * p);
    rgba[4 * p + 3] = 255;
  }
  return rgba;
}

/** Example i as a picture. */
export function exampleImage(data, i) {
  const { high, wide, channels } = pictureShape(data);
  const size = high * wide;
  if (data.pictures) {
    const bytes = bytesOf(data.pictures);
    return coloured(size, channels, (p) => bytes[i * size * channels + p]);
  }
  const [low, range] = rangeOf(data.X);
  return coloured(size, channels, (p) => (255 * (at(data.X, p, i) - low)) / range);
}

/** A row of weights of layer 1 (or of their derivatives) in the shape of a picture, by a ramp of colours; channels are averaged. */
export function weightsImage(W, row, data, ramp) {
  const { high, wide, channels } = pictureShape(data);
  const size = high * wide;
  const means = Array.from({ length: size }, (_, p) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += at(W, row, channels * p + c);
    return sum / channels;
  });
  const most = means.reduce((all, value) => Math.max(all, Math.abs(value)), 0) || 1;
  const rgba = new Uint8ClampedArray(4 * size);
  means.forEach((value, p) => rgba.set([...ramp(value / most), 255], 4 * p));
  return rgba;
}

/** The unit of layer 1 that a cell belongs to, which is the row of the picture of its weights. */
export function unitOf({ name, row }) {
  const parts = parse(name);
  return parts?.layer === 1 && parts.letter !== "s" ? row : 0;
}
