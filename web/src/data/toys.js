/** The built-in toy sets, drawn by the page's own random numbers: name → points(seed) → {X, Y, classes, kind}. */
import { stream, normal } from "../engine/random.js";
import { fromRows, map } from "../engine/tensor.js";

const COUNT = 200;

/** Columns of points [x1, x2, class] as a set of two classes or more. */
function classes(points, names) {
  const X = fromRows([points.map(([x]) => x), points.map(([, y]) => y)]);
  if (names.length === 2) {
    return { X, Y: fromRows([points.map(([, , c]) => c)]), names: ["x1", "x2"], classes: names, kind: "binary" };
  }
  return {
    X,
    Y: fromRows(names.map((_, k) => points.map(([, , c]) => Number(c === k)))),
    names: ["x1", "x2"],
    classes: names,
    kind: "classes",
  };
}

const repeat = (make) => Array.from({ length: COUNT }, (_, i) => make(i));
const TWO = ["orange", "blue"];

const SETS = {
  circles: (u) =>
    classes(
      repeat((i) => {
        const [radius, angle] = [(i % 2 ? 1 : 0.45) + 0.09 * normal(u), 2 * Math.PI * u()];
        return [radius * Math.cos(angle), radius * Math.sin(angle), i % 2];
      }),
      TWO,
    ),
  xor: (u) =>
    classes(
      repeat(() => {
        const place = () => (u() < 0.5 ? -1 : 1) * (0.12 + 0.9 * u());
        const [x, y] = [place(), place()];
        return [x, y, x * y > 0 ? 1 : 0];
      }),
      TWO,
    ),
  gaussians: (u) =>
    classes(
      repeat((i) => [(i % 2 ? 0.55 : -0.55) + 0.3 * normal(u), (i % 2 ? 0.5 : -0.5) + 0.3 * normal(u), i % 2]),
      TWO,
    ),
  moons: (u) =>
    classes(
      repeat((i) => {
        const angle = Math.PI * u();
        const [x, y] = i % 2 ? [1 - Math.cos(angle), 0.45 - Math.sin(angle)] : [Math.cos(angle), Math.sin(angle)];
        return [(x - 0.5) / 1.3 + 0.07 * normal(u), (y - 0.22) / 1.0 + 0.07 * normal(u), i % 2];
      }),
      TWO,
    ),
  spirals: (u) =>
    classes(
      repeat((i) => {
        const along = Math.floor(i / 2) / (COUNT / 2);
        const angle = 1.75 * 2 * Math.PI * along + (i % 2) * Math.PI;
        const radius = 0.08 + along;
        return [radius * Math.sin(angle) + 0.025 * normal(u), radius * Math.cos(angle) + 0.025 * normal(u), i % 2];
      }),
      TWO,
    ),
  arms: (u) =>
    classes(
      repeat((i) => {
        const radius = Math.sqrt(u());
        const angle = ((2 * Math.PI) / 3) * (i % 3) + 3.2 * radius + 0.14 * normal(u);
        return [radius * Math.cos(angle), radius * Math.sin(angle), i % 3];
      }),
      ["orange", "blue", "green"],
    ),
  plane: (u) => {
    const points = repeat(() => [2 * u() - 1, 2 * u() - 1]);
    const Y = fromRows([points.map(([x, y]) => (x + y) / 2 + 0.03 * normal(u))]);
    return {
      X: fromRows([points.map(([x]) => x), points.map(([, y]) => y)]),
      Y,
      names: ["x1", "x2"],
      classes: null,
      kind: "numbers",
    };
  },
  wave: (u) => {
    const xs = repeat((i) => -1 + (2 * i) / (COUNT - 1));
    return {
      X: fromRows([xs]),
      Y: fromRows([xs.map((x) => Math.sin(4 * x) / 1.5 + 0.06 * normal(u))]),
      names: ["x"],
      classes: null,
      kind: "numbers",
    };
  },
};

export const TOY_NAMES = Object.keys(SETS);

/** @returns {any} the data part of a lesson */
export function toySet(name, seed = 1, noise = 0) {
  const data = { ...SETS[name](stream(seed, 4, TOY_NAMES.indexOf(name))), name };
  return noise ? noisy(data, noise, stream(seed, 6, TOY_NAMES.indexOf(name))) : data;
}

/** Normal noise of this deviation: on the inputs of classes, on the targets of numbers; purpose 6. */
function noisy(data, deviation, uniform) {
  const moved = (A) => map(A, (value) => value + deviation * normal(uniform));
  return data.kind === "numbers" ? { ...data, Y: moved(data.Y) } : { ...data, X: moved(data.X) };
}
