/** A quantity as a table of numbers: a grid with one tab stop, and a strip of the whole where it is large. */
import { html, useLayoutEffect, useRef } from "./html.js";
import { app, useApp } from "./store.js";
import { pointAt, showMaking } from "./walk.js";
import { Heat } from "./heat.js";
import { Name } from "./symbol.js";
import { largest, tint } from "./colour.js";
import { axes } from "../engine/names.js";
import { cellFormat, exact, inCell, timesPower } from "../format.js";
import { t } from "../messages.js";

const MOST = 16; // rows and columns of a table that is shown whole
const SOME = 8; // rows of a window

/** The window of a side: whole where it is short, else the page that has the place in focus. */
function page(count, focus, size, whole = MOST) {
  if (count <= whole) return [0, count];
  const from = Math.min(Math.floor((focus ?? 0) / size) * size, count - size);
  return [from, from + size];
}

/**
 * How numbers are laid out: matrices of up to `whole` columns stand whole, others as windows of `few`.
 * @typedef {{whole: number, few: number, cell: number, decimals: number}} Size
 */
const [ROOMY, TIGHT] = [
  { cell: 57, decimals: 4 },
  { cell: 49, decimals: 3 },
];
/** @type {Size[]} from roomy to dense */
const SIZES = [
  { whole: 16, few: 6, ...ROOMY },
  { whole: 16, few: 4, ...ROOMY },
  { whole: 16, few: 4, ...TIGHT },
  { whole: 16, few: 3, ...TIGHT },
  { whole: 8, few: 5, ...ROOMY },
  { whole: 8, few: 4, ...TIGHT },
  { whole: 8, few: 3, ...TIGHT },
  { whole: 6, few: 5, ...TIGHT },
  { whole: 6, few: 4, ...TIGHT },
];
const WRAPPED = { whole: 4, few: 4, ...ROOMY };
const [INDEX, NARROWEST] = [26, 100]; // points beside the cells of a matrix, and of the narrowest one

/** The roomiest size with which these matrices stand in one row; where none does, they go below each other. */
export function fitting(width, columns, signs) {
  const between = signs.reduce((sum, sign) => sum + Math.max(14, 10 * sign.length) + 13, 0);
  const needs = ({ whole, few, cell }) =>
    between +
    columns.reduce((sum, count) => sum + Math.max(NARROWEST, INDEX + cell * (count <= whole ? count : few)), 0);
  const found = SIZES.find((size) => needs(size) <= width);
  if (found) return found;
  const room = Math.max(2, Math.floor((width - INDEX) / ROOMY.cell));
  return width < 560 ? { ...WRAPPED, whole: Math.max(WRAPPED.whole, room), few: room } : SIZES[5];
}

/** A quantity of the step as a matrix: numbers are 1 × 1, slots before the first step are zero. */
export function matrixOf(values, name) {
  const value = values.get(name);
  if (typeof value === "number") return { rows: 1, cols: 1, data: Float64Array.of(value) };
  if (value) return value;
  const like = values.get(name.replace(/^.+?_d|⁻$/gu, "").replace("⁻", ""));
  return like ? { rows: like.rows, cols: like.cols, data: new Float64Array(like.data.length) } : null;
}

const MOVES = {
  ArrowUp: (r, c) => [r - 1, c],
  ArrowDown: (r, c) => [r + 1, c],
  ArrowLeft: (r, c) => [r, c - 1],
  ArrowRight: (r, c) => [r, c + 1],
  Home: (r) => [r, 0],
  End: (r) => [r, Infinity],
  PageUp: (r, c) => [r - SOME, c],
  PageDown: (r, c) => [r + SOME, c],
};

/**
 * @param {{name: string, matrix: any, size: Size, transposed?: boolean, lit: import("../engine/explain.js").Region[], result?: boolean}} props
 */
export function Matrix({ name, matrix, size, transposed = false, lit, result = false }) {
  const { cursor } = useApp();
  const grid = useRef(null);
  const flip = (a, b) => (transposed ? [b, a] : [a, b]);
  const [rows, cols] = flip(matrix.rows, matrix.cols);
  const own = cursor?.name === name ? cursor : null;
  const region = lit.find((part) => part.name === name);
  const [focusRow, focusCol] = own ? flip(own.row, own.col) : region ? flip(region.row, region.col) : [0, 0];
  const [r0, r1] = page(rows, focusRow, SOME);
  const [c0, c1] = page(cols, focusCol, size.few, size.whole);
  const most = largest(matrix);
  const format = cellFormat(most, size.decimals);
  const power = timesPower(format.power);
  const windowed = [
    ...(r1 - r0 < rows ? [t("lab.rows", { from: r0, to: r1 - 1, of: rows })] : []),
    ...(c1 - c0 < cols ? [t("lab.columns", { from: c0, to: c1 - 1, of: cols })] : []),
  ];
  const small = windowed.length === 0;

  useLayoutEffect(() => {
    if (!own || !app.focusCursor) return;
    app.focusCursor = false;
    grid.current.querySelector('[tabindex="0"]')?.focus();
  });

  const go = (row, col, focus) => {
    const [r, c] = [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(cols - 1, col))];
    const [tensorRow, tensorCol] = flip(r, c);
    pointAt({ name, row: tensorRow, col: tensorCol }, focus);
  };
  const place = (target) => {
    const cell = target.closest("[data-tensor]");
    return cell && flip(Number(cell.dataset.row), Number(cell.dataset.col));
  };
  const onKeyDown = (event) => {
    const at = place(event.target);
    if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") return showMaking({ name, row: flip(...at)[0], col: flip(...at)[1] });
    const move = MOVES[event.key];
    if (!move || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    go(...move(...at), true);
  };
  const onClick = (event) => {
    const at = place(event.target);
    if (at) go(...at, true);
  };

  const [rowAxis, colAxis] = flip(...axes(name));
  const inRegion = (r, c) => {
    if (!region) return false;
    const [row, col] = flip(r, c);
    return (region.row === null || region.row === row) && (region.col === null || region.col === col);
  };
  const tabRow = own ? flip(own.row, own.col)[0] : r0;
  const tabCol = own ? flip(own.row, own.col)[1] : c0;
  const indices = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
  const title = transposed ? `${name}ᵀ` : name;

  return html`<figure
    class=${`matrix${result ? " is-result" : ""}`}
    style=${{ "--cell": `${size.cell}px`, width: `${Math.max(NARROWEST, INDEX + size.cell * (c1 - c0))}px` }}
  >
    <figcaption>
      <span class="matrix-name"><${Name} name=${name} />${transposed ? html`<sup>T</sup>` : null}</span>
      <span class="matrix-shape">${t("lab.shape", { rows, cols })}${power ? html`<b> ${power}</b>` : null}</span>
    </figcaption>
    <div class="matrix-scroll">
      <div
        class="grid"
        role="grid"
        ref=${grid}
        aria-label=${`${title}, ${t(rowAxis)} × ${t(colAxis)}, ${t("lab.shape", { rows, cols })}`}
        aria-rowcount=${rows}
        aria-colcount=${cols}
        onKeyDown=${onKeyDown}
        onClick=${onClick}
      >
        <div class="grid-head" aria-hidden="true">
          <span></span>${indices(c0, c1).map((c) => html`<span key=${c}>${c}</span>`)}
        </div>
        ${indices(r0, r1).map(
          (r) => html`<div class="grid-row" role="row" aria-rowindex=${r + 1} key=${r}>
            <span class="grid-index" aria-hidden="true">${r}</span>
            ${indices(c0, c1).map((c) => {
              const [row, col] = flip(r, c);
              const value = matrix.data[row * matrix.cols + col];
              const shown = inCell(value, format);
              const here = own && own.row === row && own.col === col;
              return html`<span
                key=${c}
                role="gridcell"
                class=${`cell${here ? " is-cursor" : ""}${inRegion(r, c) ? " is-lit" : ""}`}
                aria-colindex=${c + 1}
                aria-selected=${here ? "true" : "false"}
                aria-label=${t("lab.cell", { name, row, col, value: `${shown} ${power}` })}
                tabindex=${r === tabRow && c === tabCol ? 0 : -1}
                data-tensor=${name}
                data-row=${row}
                data-col=${col}
                data-value=${exact(value)}
                style=${{ backgroundColor: tint(value, most) }}
                >${shown}</span
              >`;
            })}
          </div>`,
        )}
      </div>
    </div>
    <div class="matrix-axes">
      ${t(rowAxis)} × ${t(colAxis)}
      ${windowed.map((text) => html`<br />${text}`)}
    </div>
    ${small ? null : html`<${Heat}
      matrix=${matrix}
      transposed=${transposed}
      window=${{ r0, r1, c0, c1 }}
      onPick=${(r, c) => go(r, c, false)}
    />`}
  </figure>`;
}
