/** The network's answer over two inputs, with the examples on it. */
import { html, useEffect, useRef } from "./html.js";
import { useApp } from "./store.js";
import { coordinateNames, coordinates } from "../data/examples.js";
import { pictureShape } from "../data/pictures.js";
import { Gallery } from "./gallery.js";
import { addPoint } from "./editing.js";
import { targetsOf } from "./data-panel.js";
import { CLASS_COLOURS, dark, ramp } from "./colour.js";
import { FINE } from "./surface.js";
import { classOf, drawPoints } from "./scatter.js";
import { predict } from "../engine/forward.js";
import { columns } from "../engine/tensor.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const SIDE = 320;

/** The colour of an answer: [r, g, b]. */
function colourOf(A, p, kind, isDark) {
  if (kind === "numbers") return ramp(A.data[p], isDark);
  if (kind === "binary") return ramp((2 * A.data[p] - 1) * (isDark ? 0.6 : 0.75), isDark);
  let best = 0;
  for (let k = 1; k < A.rows; k++) if (A.data[k * A.cols + p] > A.data[best * A.cols + p]) best = k;
  const share = (isDark ? 0.5 : 0.65) * A.data[best * A.cols + p];
  const ground = isDark ? [20, 24, 30] : [255, 255, 255];
  return CLASS_COLOURS[best % CLASS_COLOURS.length].map((to, i) => Math.round(ground[i] + (to - ground[i]) * share));
}

function paintPlane(context, A, kind) {
  const isDark = dark();
  const small = document.createElement("canvas");
  small.width = small.height = FINE;
  const inner = small.getContext("2d");
  const image = inner.createImageData(FINE, FINE);
  for (let p = 0; p < FINE * FINE; p++) image.data.set([...colourOf(A, p, kind, isDark), 255], 4 * p);
  inner.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, 2 * SIDE, 2 * SIDE);
}

function paintLine(context, A, frame) {
  context.clearRect(0, 0, 2 * SIDE, 2 * SIDE);
  context.beginPath();
  for (let p = 0; p < A.cols; p++) {
    const y = 2 * SIDE * (1 - (A.data[p] - frame.y[0]) / (frame.y[1] - frame.y[0]));
    context[p ? "lineTo" : "moveTo"]((2 * SIDE * p) / (A.cols - 1), y);
  }
  context.lineWidth = 6;
  context.strokeStyle = dark() ? "#f0a860" : "#b34700";
  context.stroke();
}

const JUDGED = 4000; // examples, of more every so many-th

/** What the network gets right, in words; of the test set too, if there is one. */
function fitText(session, data, parameters) {
  const own = partText(session, data, parameters, data.kind);
  return data.test ? t("play.both", { own, test: partText(session, data.test, parameters, data.kind) }) : own;
}

function partText({ network }, whole, parameters, kind) {
  const data = thinned(whole);
  const A = predict(network, parameters, data.X);
  if (kind === "numbers") {
    let sum = 0;
    for (let i = 0; i < A.data.length; i++) sum += (A.data[i] - data.Y.data[i]) ** 2;
    return t("play.error", { value: number(sum / A.cols) });
  }
  let right = 0;
  for (let i = 0; i < A.cols; i++) right += classOf({ Y: A }, i) === classOf(data, i) ? 1 : 0;
  return t("play.accuracy", { n: right, m: A.cols });
}

const few = new WeakMap();

function thinned(data) {
  const every = Math.ceil(data.X.cols / JUDGED);
  if (every < 2) return data;
  const rows = Array.from({ length: Math.ceil(data.X.cols / every) }, (_, i) => i * every);
  if (!few.has(data)) few.set(data, { ...data, X: columns(data.X, rows), Y: columns(data.Y, rows) });
  return few.get(data);
}

export function DecisionMap({ parameters, surface }) {
  const { session, k, paint } = useApp();
  const canvas = useRef(null);
  const data = session.dataAt(k);
  const L = session.network.activations.length;
  const { frame, values } = surface;
  const count = coordinates(data).rows;
  useEffect(() => {
    if (!values) return;
    const context = canvas.current.getContext("2d");
    const A = values.get(`A${L}`);
    if (count === 1) {
      context.clearRect(0, 0, 2 * SIDE, 2 * SIDE);
      paintLine(context, A, frame);
    } else {
      paintPlane(context, A, data.kind);
    }
    drawPoints(context, data, frame, 2 * SIDE, 6);
    if (data.test) drawPoints(context, data.test, frame, 2 * SIDE, 7, data.kind, true);
  });
  const click = (event) => {
    if (paint === null || count !== 2) return;
    const box = canvas.current.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
    addPoint(
      [frame.x[0] + x * (frame.x[1] - frame.x[0]), frame.y[0] + y * (frame.y[1] - frame.y[0])],
      targetsOf(data, paint),
    );
  };
  const names = coordinateNames(data);
  const [x, y] = [names[0] ?? "x1", count === 1 ? "Y" : (names[1] ?? "x2")];
  const fit = fitText(session, data, parameters);
  if (pictureShape(data)) return html`<${Gallery} parameters=${parameters} fit=${fit} />`;
  return html`<section class="card" aria-labelledby="map-title">
    <div class="card-head"><h2 id="map-title">${t("play.map")}</h2><span class="quiet" data-fit>${fit}</span></div>
    ${
      values
        ? html`<canvas
          class=${`decision${paint === null ? "" : " is-painting"}`}
          ref=${canvas}
          width=${2 * SIDE}
          height=${2 * SIDE}
          role="img"
          aria-label=${`${t("play.mapText", { x, y })} ${fit}`}
          onClick=${click}
        ></canvas>`
        : null
    }
    ${data.test ? html`<p class="quiet note">${t("play.testMarks", { n: data.test.X.cols })}</p>` : null}
    ${count > 2 && values ? html`<p class="quiet note">${t("play.mapHint", { x, y })}</p>` : null}
  </section>`;
}
