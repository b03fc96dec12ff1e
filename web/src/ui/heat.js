/** A matrix of any size as a picture, made smaller where it has more numbers than the picture has points. */
import { html, useEffect, useRef } from "./html.js";
import { largest, ramp, dark } from "./colour.js";

const WIDE = 320;
const HIGH = 112;

/** Image data of a matrix: each point is the mean of the numbers that fall on it. */
function paint(context, matrix, transposed, width, height) {
  const image = context.createImageData(width, height);
  const most = largest(matrix) || 1;
  const isDark = dark();
  const [rows, cols] = transposed ? [matrix.cols, matrix.rows] : [matrix.rows, matrix.cols];
  for (let y = 0; y < height; y++) {
    const [r0, r1] = [
      Math.floor((y * rows) / height),
      Math.max(Math.floor(((y + 1) * rows) / height), Math.floor((y * rows) / height) + 1),
    ];
    for (let x = 0; x < width; x++) {
      const [c0, c1] = [
        Math.floor((x * cols) / width),
        Math.max(Math.floor(((x + 1) * cols) / width), Math.floor((x * cols) / width) + 1),
      ];
      let sum = 0;
      let count = 0;
      const rowStep = Math.ceil((r1 - r0) / 4);
      const colStep = Math.ceil((c1 - c0) / 4);
      for (let r = r0; r < r1; r += rowStep)
        for (let c = c0; c < c1; c += colStep, count++)
          sum += transposed ? matrix.data[c * matrix.cols + r] : matrix.data[r * matrix.cols + c];
      const [red, green, blue] = ramp(sum / count / most, isDark);
      image.data.set([red, green, blue, 255], 4 * (y * width + x));
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * @param {{matrix: any, transposed?: boolean, window: {r0: number, r1: number, c0: number, c1: number},
 *   onPick: (row: number, col: number) => void}} props
 */
export function Heat({ matrix, transposed = false, window: seen, onPick }) {
  const canvas = useRef(null);
  const [rows, cols] = transposed ? [matrix.cols, matrix.rows] : [matrix.rows, matrix.cols];
  const width = Math.min(cols, WIDE);
  const height = Math.min(rows, HIGH);
  useEffect(
    () => paint(canvas.current.getContext("2d"), matrix, transposed, width, height),
    [matrix, transposed, dark()],
  );
  const shownHeight = Math.max(18, Math.min(HIGH, height * (rows > 24 ? 1 : 5)));
  const pick = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const part = (at, from, size, count) => Math.max(0, Math.min(count - 1, Math.floor(((at - from) / size) * count)));
    onPick(part(event.clientY, box.top, box.height, rows), part(event.clientX, box.left, box.width, cols));
  };
  const percent = (value, of) => `${(100 * value) / of}%`;
  return html`<div class="heat" aria-hidden="true" onClick=${pick} style=${{ height: `${shownHeight}px` }}>
    <canvas ref=${canvas} width=${width} height=${height}></canvas>
    <span
      class="heat-window"
      style=${{
        left: percent(seen.c0, cols),
        top: percent(seen.r0, rows),
        width: percent(seen.c1 - seen.c0, cols),
        height: percent(seen.r1 - seen.r0, rows),
      }}
    ></span>
  </div>`;
}
