/** Examples as points of two inputs: each class has a colour and a mark. */
import { html, useEffect, useRef } from "./html.js";
import { coordinates } from "../data/examples.js";
import { CLASS_COLOURS, dark, ramp } from "./colour.js";

/** The coordinates of the examples: two of them, or the one and the target. */
export function placesOf(data) {
  const X = coordinates(data);
  return [X.data.subarray(0, X.cols), X.rows > 1 ? X.data.subarray(X.cols, 2 * X.cols) : data.Y.data.subarray(0, X.cols)];
}

/** The range of two coordinates (of the one and the target, if there is one alone), of the test set too, with a margin. */
export function frameOf(data) {
  const places = [data, ...(data.test ? [data.test] : [])].map(placesOf);
  const range = (axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const place of places)
      for (const value of place[axis]) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const margin = (high - low || 1) * 0.1;
    return [low - margin, high + margin];
  };
  return { x: range(0), y: range(1) };
}

/** The class of an example: the largest target, or whether the one target is 1. */
export function classOf({ Y }, i) {
  if (Y.rows === 1) return Y.data[i] > 0.5 ? 1 : 0;
  let found = 0;
  for (let k = 1; k < Y.rows; k++) if (Y.data[k * Y.cols + i] > Y.data[found * Y.cols + i]) found = k;
  return found;
}

const MARKS = [
  (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
  (c, x, y, r) => c.rect(x - r * 0.9, y - r * 0.9, 1.8 * r, 1.8 * r),
  (c, x, y, r) => (c.moveTo(x, y - 1.2 * r), c.lineTo(x + 1.1 * r, y + r), c.lineTo(x - 1.1 * r, y + r), c.closePath()),
  (c, x, y, r) => (
    c.moveTo(x, y - 1.3 * r),
    c.lineTo(x + 1.3 * r, y),
    c.lineTo(x, y + 1.3 * r),
    c.lineTo(x - 1.3 * r, y),
    c.closePath()
  ),
];

/** Draw the examples into a canvas' context of this size: those of the test set as rings. */
export function drawPoints(context, data, frame, size, radius, kind = data.kind, hollow = false) {
  const isDark = dark();
  const numbers = kind === "numbers";
  const [xs, ys] = placesOf(data);
  let most = 1;
  if (numbers) for (const value of data.Y.data) most = Math.max(most, Math.abs(value));
  const every = Math.ceil(data.X.cols / 1500);
  for (let i = 0; i < data.X.cols; i += every) {
    const x = ((xs[i] - frame.x[0]) / (frame.x[1] - frame.x[0])) * size;
    const y = size - ((ys[i] - frame.y[0]) / (frame.y[1] - frame.y[0])) * size;
    const k = numbers ? 0 : classOf(data, i);
    const [r, g, b] = numbers ? ramp(data.Y.data[i] / most, isDark) : CLASS_COLOURS[k % CLASS_COLOURS.length];
    context.beginPath();
    MARKS[k % MARKS.length](context, x, y, radius);
    if (hollow) {
      context.lineWidth = radius / 2;
      context.strokeStyle = `rgb(${r},${g},${b})`;
      context.stroke();
      continue;
    }
    context.fillStyle = `rgb(${r},${g},${b})`;
    context.fill();
    context.lineWidth = Math.max(0.8, radius / 3);
    context.strokeStyle = isDark ? "rgba(255,255,255,.75)" : "rgba(255,255,255,.9)";
    context.stroke();
  }
}

export function Scatter({ data, size }) {
  const canvas = useRef(null);
  useEffect(() => {
    const context = canvas.current.getContext("2d");
    context.clearRect(0, 0, 2 * size, 2 * size);
    drawPoints(context, data, frameOf(data), 2 * size, 4.5);
  }, [data, dark()]);
  return html`<canvas class="scatter" ref=${canvas} width=${2 * size} height=${2 * size} aria-hidden="true"></canvas>`;
}
