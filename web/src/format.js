/** Numbers as people read them, and as tests do. */

/** Four significant digits, a real minus, no needless zeros. */
export function number(x, digits = 4) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text =
    size >= 1e5 || size < 1e-3
      ? size
          .toExponential(digits - 2)
          .replace(/\.?0+e/, "e")
          .replace("e+", "e")
      : Number(size.toPrecision(digits)).toString();
  return (x < 0 ? "−" : "") + text.replace("e-", "e−");
}

/**
 * How the numbers of a matrix stand in its cells: all with the same power of ten taken out, where the largest
 * is small or large, and with the same number of decimals.
 *
 * @returns {{power: number, places: number}}
 */
export function cellFormat(largest, decimals) {
  const order = largest > 0 ? Math.floor(Math.log10(largest) + 1e-9) : 0;
  const power = order < -1 || order > 3 ? order : 0;
  return { power, places: Math.max(0, decimals - Math.max(0, order - power)) };
}

/** A number as `cellFormat` says. */
export function inCell(x, { power, places }) {
  if (x === 0 || !Number.isFinite(x)) return number(x);
  const scaled = Math.abs(power < 0 ? x * 10 ** -power : x / 10 ** power);
  const text = Number.isInteger(scaled) ? String(scaled) : scaled.toFixed(places);
  return (x < 0 ? "−" : "") + text;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** × 10⁻³; empty for the power 0. */
export const timesPower = (power) => (power ? `× 10${[...String(power)].map((sign) => RAISED[sign]).join("")}` : "");

/** All digits: the shortest text that gives the same float64. */
export const exact = (x) =>
  Object.is(x, -0) ? "-0" : Number.isFinite(x) ? String(x) : Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";

/** Bytes as people read them. */
export const size = (bytes) =>
  bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
