/**
 * The part of NumPy that the museum's program is written in: a line of it as a function of its variables.
 *
 * A value is a matrix with its rank, {rows, cols, data, rank}: a number is 1 × 1 of rank 0, a vector a row of rank 1, and both
 * are repeated as NumPy repeats them.
 */
import { map, multiply, sumOfRows, tensor, zeros } from "./tensor.js";

const TOKEN = /\s*(\d+\.?\d*|np\.\w+|\w+|\*\*|\.T|\.shape|[-+*/@>()[\],=])/gy;

export const numberOf = (x) => ({ ...tensor(1, 1, [x]), rank: 0 });
export const shapeText = ({ rows, cols, rank }) => (rank === 2 ? `(${rows}, ${cols})` : rank ? `(${cols},)` : "()");

/** f(a, b) of the entries; a side of length 1 is repeated. */
function broadcast(a, b, f) {
  const fits = (n, m) => n === m || n === 1 || m === 1;
  if (!fits(a.rows, b.rows) || !fits(a.cols, b.cols))
    throw new Error(`operands could not be broadcast together with shapes ${shapeText(a)} ${shapeText(b)}`);
  const result = { ...zeros(Math.max(a.rows, b.rows), Math.max(a.cols, b.cols)), rank: Math.max(a.rank, b.rank) };
  const entry = (A, r, c) => A.data[(A.rows === 1 ? 0 : r) * A.cols + (A.cols === 1 ? 0 : c)];
  result.data.forEach((_, i) => {
    const [r, c] = [Math.floor(i / result.cols), i % result.cols];
    result.data[i] = f(entry(a, r, c), entry(b, r, c));
  });
  return result;
}

function product(a, b) {
  if (a.cols !== b.rows) throw new Error(`matmul: shapes ${shapeText(a)} and ${shapeText(b)} do not fit`);
  return { ...multiply(a, b), rank: 2 };
}

function transposed(A) {
  if (A.rank < 2) return A;
  const data = Array.from(A.data, (_, i) => A.data[(i % A.rows) * A.cols + Math.floor(i / A.rows)]);
  return { ...tensor(A.cols, A.rows, data), rank: 2 };
}

/** np.sum: of everything, or along the rows. */
function sum(A, { axis = undefined, keepdims = undefined }) {
  const rows = sumOfRows(A);
  if (axis) return keepdims ? { ...rows, rank: 2 } : { rows: 1, cols: A.rows, data: rows.data, rank: 1 };
  const total = numberOf(rows.data.reduce((a, b) => a + b, 0));
  return keepdims ? { ...total, rank: 2 } : total;
}

const OPERATORS = {
  "+": (a, b) => broadcast(a, b, (x, y) => x + y),
  "-": (a, b) => broadcast(a, b, (x, y) => x - y),
  "*": (a, b) => broadcast(a, b, (x, y) => x * y),
  "/": (a, b) => broadcast(a, b, (x, y) => x / y),
  "**": (a, b) => broadcast(a, b, (x, y) => x ** y),
  ">": (a, b) => broadcast(a, b, (x, y) => Number(x > y)),
  "@": product,
};
/** Operators by how weakly they bind. */
const LEVELS = [[">"], ["+", "-"], ["*", "/", "@"]];

/** The expression as a function of a scope, name → value. */
function expression(tokens) {
  const take = (token) => tokens[0] === token && tokens.shift() !== undefined;
  const need = (token) => {
    if (!take(token)) throw new Error(`${token} must stand before ${tokens.join(" ")}`);
  };
  const binary = (level) => {
    if (level === LEVELS.length) return signed();
    let left = binary(level + 1);
    while (LEVELS[level].includes(tokens[0])) {
      const [f, a, b] = [OPERATORS[tokens.shift()], left, binary(level + 1)];
      left = (scope) => f(a(scope), b(scope));
    }
    return left;
  };
  const each = (f, inner) => (scope) => {
    const value = inner(scope);
    return { ...map(value, f), rank: value.rank };
  };
  const signed = () => (take("-") ? each((x) => -x, signed()) : power());
  const power = () => {
    const base = postfix();
    if (!take("**")) return base;
    const exponent = signed();
    return (scope) => OPERATORS["**"](base(scope), exponent(scope));
  };
  const postfix = () => {
    const inner = atom();
    if (take(".T")) return (scope) => transposed(inner(scope));
    if (!take(".shape")) return inner;
    need("[");
    const side = tokens.shift() === "0" ? "rows" : "cols";
    need("]");
    return (scope) => numberOf(inner(scope)[side]);
  };
  const atom = () => {
    const token = tokens.shift();
    if (token === "(") {
      const inner = binary(0);
      need(")");
      return inner;
    }
    if (/^\d/.test(token)) return () => numberOf(Number(token));
    if (token === "sum") return total();
    if (token.startsWith("np.")) return call(token.slice(3));
    return (scope) => scope[token];
  };
  const call = (name) => {
    need("(");
    const [inner, settings] = [binary(0), {}];
    while (take(",")) {
      const setting = tokens.shift();
      need("=");
      settings[setting] = Number(tokens.shift().replace("True", "1"));
    }
    need(")");
    return name === "sum" ? (scope) => sum(inner(scope), settings) : each(Math[name], inner);
  };
  /** sum(… for name in (a, b)) */
  const total = () => {
    need("(");
    const inner = binary(0);
    need("for");
    const name = tokens.shift();
    need("in");
    need("(");
    const names = [];
    do names.push(tokens.shift());
    while (take(","));
    need(")");
    need(")");
    return (scope) => names.map((term) => inner({ ...scope, [name]: scope[term] })).reduce(OPERATORS["+"]);
  };
  const whole = binary(0);
  if (tokens.length) throw new Error(`the line must end before ${tokens.join(" ")}`);
  return whole;
}

/** A line `name = expression`: the name, and the value in a scope. */
export function compile(code) {
  const at = code.indexOf(" = ");
  const text = code.slice(at + 3);
  const tokens = [...text.matchAll(TOKEN)].map(([, token]) => token);
  if (tokens.join("") !== text.replaceAll(" ", "")) throw new Error(`no line of the museum's program: ${code}`);
  return { variable: code.slice(0, at), value: expression(tokens) };
}
