/** Numbers as people read them, and as tests do. */

/** Four significant digits, a real minus, no needless zeros. */
export function number(x, digits = 4) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text =
    size >= 1e5 || size < 1e-3
      ? size.toExponential(digits - 2).replace(/\.?0+e/, "e").replace("e+", "e")
      : Number(size.toPrecision(digits)).toString();
  return (x < 0 ? "−" : "") + text.replace("e-", "e−");
}

/** A number for a cell: so many decimals, or a power of ten where they would say nothing. */
export function inCell(x, decimals) {
  const size = Math.abs(x);
  if (x === 0 || !Number.isFinite(x)) return number(x);
  const sign = x < 0 ? "−" : "";
  if (size < 5 * 10 ** -decimals || size >= 10 ** 4) return sign + size.toExponential(0).replace("e+", "e").replace("e-", "e−");
  if (Number.isInteger(x)) return sign + size;
  const places = Math.max(0, decimals - Math.max(0, Math.floor(Math.log10(size))));
  return sign + size.toFixed(places);
}

/** All digits: the shortest text that gives the same float64. */
export const exact = (x) => (Object.is(x, -0) ? "-0" : Number.isFinite(x) ? String(x) : Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");

/** Bytes as people read them. */
export const size = (bytes) => (bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
