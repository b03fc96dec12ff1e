/** Names of quantities, as the library's trace writes them, taken apart: "v_dW2" → prefix v_, d, W, layer 2. */

const PATTERN = /^(?:(v|s|v̂|ŝ)_)?(d)?(?:(g)\()?(A|Z|W_s|W|b|s|mask)(\d+)\)?(_decayed|_data|_L2|_chain|′|⁻)?$/u;

/**
 * @param {string} name
 * @returns {{slot?: string, derivative: boolean, before: string, letter: string, layer: number, suffix: string} | null}
 */
export function parse(name) {
  const found = PATTERN.exec(name);
  if (!found) return null;
  const [, slot, d, g, letter, layer, suffix] = found;
  return { slot, derivative: !!d, before: g ?? "", letter, layer: Number(layer), suffix: suffix ?? "" };
}

/**
 * What the rows and columns of a quantity are.
 * @returns {[string, string]} keys of the message catalogue
 */
export function axes(name) {
  const parts = parse(name);
  if (name.startsWith("loss")) return ["axis.one", "axis.examples"];
  if (name === "Y") return ["axis.outputs", "axis.examples"];
  if (name.startsWith("J")) return ["axis.one", "axis.one"];
  if (!parts) return ["axis.rows", "axis.columns"];
  const units = parts.layer === 0 ? "axis.inputs" : "axis.units";
  if (parts.letter === "s") return ["axis.inputs", "axis.one"];
  if (parts.letter[0] === "W") return [units, parts.layer === 1 ? "axis.inputs" : "axis.unitsBefore"];
  if (parts.letter === "b") return [units, "axis.one"];
  return [units, "axis.examples"];
}
