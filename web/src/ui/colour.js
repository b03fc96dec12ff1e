/** Colours of numbers: blue is positive, orange is negative (Okabe and Ito); classes have marks, too. */

export const dark = () => globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;

const POSITIVE = [0, 114, 178];
const NEGATIVE = [213, 94, 0];
const POSITIVE_DARK = [86, 180, 233];
const NEGATIVE_DARK = [240, 140, 60];

/** Tint behind a number, pale enough to read on. */
export function tint(value, most) {
  if (!Number.isFinite(value)) return "var(--alarm-tint)";
  const share = most > 0 ? Math.min(1, Math.abs(value) / most) : 0;
  const [r, g, b] = value < 0 ? NEGATIVE : POSITIVE;
  return `rgba(${r}, ${g}, ${b}, ${(0.34 * share).toFixed(3)})`;
}

/** A ramp from negative over neutral to positive, for canvases: share -1 … 1 → [r, g, b]. */
export function ramp(share, isDark = dark()) {
  const [positive, negative, neutral] = isDark
    ? [POSITIVE_DARK, NEGATIVE_DARK, [38, 43, 51]]
    : [POSITIVE, NEGATIVE, [246, 247, 249]];
  const end = share < 0 ? negative : positive;
  const part = Math.min(1, Math.abs(share));
  return neutral.map((from, i) => Math.round(from + (end[i] - from) * part));
}

/** Colours of classes, with a mark for each: never colour alone. */
export const CLASS_COLOURS = [
  [213, 94, 0], [0, 114, 178], [0, 158, 115], [204, 121, 167], [230, 159, 0],
  [86, 180, 233], [120, 94, 40], [90, 90, 90], [150, 60, 20], [20, 60, 140],
]; // prettier-ignore

const most = new WeakMap();

/** The largest finite size of a matrix' numbers. */
export function largest(matrix) {
  if (!most.has(matrix)) {
    let found = 0;
    for (const value of matrix.data) if (Math.abs(value) > found && Number.isFinite(value)) found = Math.abs(value);
    most.set(matrix, found);
  }
  return most.get(matrix);
}
