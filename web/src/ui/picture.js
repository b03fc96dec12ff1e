/** A picture of pixels: an example, or weights in its shape. */
import { html, useEffect, useRef } from "./html.js";
import { dark, ramp } from "./colour.js";
import { exampleImage, pictureShape, weightsImage } from "../data/pictures.js";

/** @param {{data: any, label?: string, example?: number, W?: any, row?: number}} props an example's number, or a row of W */
export function Picture({ data, label = "", example = 0, W = undefined, row = 0 }) {
  const canvas = useRef(null);
  const { high, wide } = pictureShape(data);
  useEffect(() => {
    const isDark = dark();
    const rgba = W ? weightsImage(W, row, data, (share) => ramp(share, isDark)) : exampleImage(data, example);
    canvas.current.getContext("2d").putImageData(new ImageData(rgba, wide, high), 0, 0);
  });
  return html`<canvas
    class="picture"
    ref=${canvas}
    width=${wide}
    height=${high}
    role=${label ? "img" : undefined}
    aria-label=${label || undefined}
    aria-hidden=${label ? undefined : "true"}
  ></canvas>`;
}
