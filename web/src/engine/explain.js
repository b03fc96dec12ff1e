/**
 * One number explained: the sum or the expression that made it, with the numbers put in, and the places it
 * was made from.
 *
 * @typedef {{name: string, row: number, col: number}} Place
 * @typedef {{name: string, row: number|null, col: number|null}} Region a row, a column or a cell of a matrix
 * @typedef {{symbols: string, code: string, lit: Region[], terms?: {factors: Place[], value: number}[],
 *   scale?: number, added?: {place: Place|null, label: string, value: number}[], puts?: string}} Explanation
 */
import { at } from "./tensor.js";
import { parse } from "./names.js";
import { smoothing } from "./heads.js";
import { OPTIMIZERS } from "./optimizers.js";
import { decayOf, rateOf } from "./step.js";
import { number } from "../format.js";

const cell = (name, row, col) => ({ name, row, col });
const sub = (name, row, col) => `${name}[${row}, ${col}]`;

/** Explanation makers by the kind of the micro-step; each takes (context, row, col). */
const KINDS = {
  batch({ opened }, row, col) {
    return {
      symbols: `A0[${row}, ${col}] = X[${row}, ${opened.problem.batch[col]}]`,
      code: `X[${row}, ${opened.problem.batch[col]}]`,
      lit: [],
    };
  },
  linear({ values, step, layer: l }, row, col) {
    const [W, A, b] = [step.tokens[2].name, `A${l - 1}`, `b${l}`];
    const terms = products(values, W, A, values.get(W).cols, (k) => [cell(W, row, k), cell(A, k, col)]);
    const bias = at(values.get(b), row, 0);
    return {
      symbols: `Σₖ ${W}[${row}, k]·${A}[k, ${col}] + ${sub(b, row, 0)}`,
      code: `(${W} @ ${A} + ${b})[${row}, ${col}]`,
      lit: [{ name: W, row, col: null }, { name: A, row: null, col }, cell(b, row, 0)],
      terms,
      added: [{ place: cell(b, row, 0), label: b, value: bias }],
    };
  },
  activation({ values, step, opened, layer: l }, row, col) {
    const g = opened.problem.network.activations[l - 1];
    const z = at(values.get(`Z${l}`), row, col);
    const whole = g === "softmax";
    return {
      symbols: whole ? `e^Z${l}[${row}, ${col}] / Σₖ e^Z${l}[k, ${col}]` : `${g}(Z${l}[${row}, ${col}])`,
      puts: whole ? undefined : `${g}(${number(z)})`,
      code: `${g}(Z${l})[${row}, ${col}]`,
      lit: [whole ? { name: `Z${l}`, row: null, col } : cell(`Z${l}`, row, col)],
    };
  },
  loss({ values, opened, layer: L }, row, col) {
    const { output } = opened.problem.network;
    const [Z, y] = [values.get(`Z${L}`), values.get("Y")];
    const one = Z.rows === 1;
    const [z, target] = [number(at(Z, 0, col)), targetOf(opened, number(at(y, 0, col)))];
    const forms = {
      sigmoid: [
        `Σₖ (log(1 + e^Z${L}[k, ${col}]) − ${targetOf(opened, `Y[k, ${col}]`)}·Z${L}[k, ${col}])`,
        `log(1 + e^(${z})) − ${target}·(${z})`,
      ],
      softmax: [`log Σₖ e^Z${L}[k, ${col}] − Σₖ ${targetOf(opened, `Y[k, ${col}]`)}·Z${L}[k, ${col}]`, ""],
      identity: [`½ Σₖ (Z${L}[k, ${col}] − Y[k, ${col}])²`, `½·(${z} − (${target}))²`],
    };
    const [symbols, puts] = forms[output];
    return {
      symbols,
      puts: one && puts ? puts : undefined,
      code: `loss[0, ${col}]`,
      lit: [
        { name: `Z${L}`, row: null, col },
        { name: "Y", row: null, col },
      ],
    };
  },
  loss_textbook({ values, opened, layer: L }, row, col) {
    const [A, y] = [`A${L}`, (place) => targetOf(opened, place)];
    const [a, target] = [number(at(values.get(A), 0, col)), y(number(at(values.get("Y"), 0, col)))];
    const [T, Ak] = [y(`Y[k, ${col}]`), `${A}[k, ${col}]`];
    const yesNo = opened.problem.network.output === "sigmoid";
    return {
      symbols: yesNo
        ? `−Σₖ (${T}·log ${Ak} + (1 − ${T})·log(1 − ${Ak}))`
        : `−Σₖ ${T}·log ${Ak}`,
      puts: yesNo && values.get(A).rows === 1 ? `−(${target}·log ${a} + (1 − ${target})·log(1 − ${a}))` : undefined,
      code: `loss_A${L}[0, ${col}]`,
      lit: [A, "Y"].map((name) => ({ name, row: null, col })),
    };
  },
  chain({ values, opened, layer: L }, row, col) {
    const [A, dA] = [`A${L}`, `dA${L}`];
    const [a, d] = [A, dA].map((name) => number(at(values.get(name), row, col)));
    if (opened.problem.network.output === "softmax")
      return {
        symbols: `${sub(A, row, col)}·(${sub(dA, row, col)} − Σⱼ ${dA}[j, ${col}]·${A}[j, ${col}])`,
        code: `(${A} * (${dA} - (${dA} * ${A}).sum(axis=0)))[${row}, ${col}]`,
        lit: [A, dA].map((name) => ({ name, row: null, col })),
      };
    return {
      symbols: `${sub(dA, row, col)}·${sub(A, row, col)}·(1 − ${sub(A, row, col)})`,
      puts: `${d}·${a}·(1 − ${a})`,
      code: `(${dA} * ${A} * (1 - ${A}))[${row}, ${col}]`,
      lit: [A, dA].map((name) => cell(name, row, col)),
    };
  },
  cost({ values }) {
    const loss = values.get("loss");
    const added = values.has("J_L2") ? [{ place: null, label: "J_L2", value: values.get("J_L2") }] : [];
    return {
      symbols: `1/m Σᵢ loss[0, i]${added.length ? " + J_L2" : ""}`,
      code: `loss.mean()${added.length ? " + J_L2" : ""}`,
      lit: [{ name: "loss", row: 0, col: null }],
      terms: Array.from(loss.data, (value, i) => ({ factors: [cell("loss", 0, i)], value })),
      scale: loss.cols,
      added,
    };
  },
  scale_sum({ values }, row) {
    const [W, dW] = ["W1", "dW_s1"];
    return {
      symbols: `Σᵢ ${W}[i, ${row}]·${dW}[i, ${row}]`,
      code: `(${W} * ${dW}).sum(axis=0)[${row}]`,
      lit: [W, dW].map((name) => ({ name, row: null, col: row })),
      terms: products(values, W, dW, values.get(W).rows, (i) => [cell(W, i, row), cell(dW, i, row)]),
    };
  },
  weights({ values, step, layer: l, opened }, row, col) {
    const [dZ, A] = [`dZ${l}`, `A${l - 1}`];
    const m = values.get(dZ).cols;
    const terms = products(values, dZ, A, m, (i) => [cell(dZ, row, i), cell(A, col, i)]);
    const l2 = step.id === `dW${l}` && values.get(`dW${l}_L2`);
    const W = `W${l}`;
    return {
      symbols: `1/${m} Σᵢ ${dZ}[${row}, i]·${A}[${col}, i]${l2 ? ` + λ/${m}·${sub(W, row, col)}` : ""}`,
      code: `(${dZ} @ ${A}.T / ${m}${l2 ? ` + l2 / ${m} * ${W}` : ""})[${row}, ${col}]`,
      lit: [{ name: dZ, row, col: null }, { name: A, row: col, col: null }, ...(l2 ? [cell(W, row, col)] : [])],
      terms,
      scale: m,
      added: l2 ? [{ place: cell(W, row, col), label: `λ/m·${W}`, value: at(l2, row, col) }] : [],
    };
  },
  bias({ values, layer: l }, row) {
    const dZ = values.get(`dZ${l}`);
    return {
      symbols: `1/${dZ.cols} Σᵢ dZ${l}[${row}, i]`,
      code: `dZ${l}.sum(axis=1, keepdims=True)[${row}, 0] / ${dZ.cols}`,
      lit: [{ name: `dZ${l}`, row, col: null }],
      terms: Array.from({ length: dZ.cols }, (_, i) => ({ factors: [cell(`dZ${l}`, row, i)], value: at(dZ, row, i) })),
      scale: dZ.cols,
    };
  },
  back({ values, layer }, row, col) {
    const l = layer + 1;
    const [W, dZ] = [`W${l}`, `dZ${l}`];
    return {
      symbols: `Σₖ ${W}[k, ${row}]·${dZ}[k, ${col}]`,
      code: `(${W}.T @ ${dZ})[${row}, ${col}]`,
      lit: [
        { name: W, row: null, col: row },
        { name: dZ, row: null, col },
      ],
      terms: products(values, W, dZ, values.get(W).rows, (k) => [cell(W, k, row), cell(dZ, k, col)]),
    };
  },
  activation_back({ values, step, opened, layer: l }, row, col) {
    const g = opened.problem.network.activations[l - 1];
    const dA = step.tokens[2].name;
    const [d, z] = [at(values.get(dA), row, col), at(values.get(`Z${l}`), row, col)];
    const slope = d === 0 ? "" : `   (${g}′ = ${number(at(values.get(`dZ${l}`), row, col) / d)})`;
    return {
      symbols: `${sub(dA, row, col)} · ${g}′(Z${l}[${row}, ${col}])`,
      puts: `${number(d)} · ${g}′(${number(z)})${slope}`,
      code: `${g}_backward(${dA}, Z${l})[${row}, ${col}]`,
      lit: [cell(dA, row, col), cell(`Z${l}`, row, col)],
    };
  },
  decay({ values, step, opened }, row, col) {
    const W = step.tokens[3].name;
    const [alpha, lambda] = [rateOf, decayOf].map((of) => of(opened.problem.training, W));
    return {
      symbols: `(1 − α·λ)·${sub(W, row, col)}`,
      puts: `(1 − ${number(alpha)}·${number(lambda)})·${number(at(values.get(W), row, col))}`,
      code: `(1 - ${alpha} * ${lambda}) * ${W}[${row}, ${col}]`,
      lit: [cell(W, row, col)],
    };
  },
  slot({ values, step, opened }, row, col) {
    const { slot } = parse(step.id);
    const g = step.tokens[4].name;
    const before = values.has(`${step.id}⁻`) ? at(values.get(`${step.id}⁻`), row, col) : 0;
    const given = at(values.get(g), row, col);
    const { training } = opened.problem;
    const rule = { ...OPTIMIZERS[training.optimizer].defaults, ...training.optimizer_params };
    const power = slot === "s" ? "²" : "";
    if (training.optimizer === "nesterov") {
      return {
        symbols: `β·v − α·${sub(g, row, col)}`,
        puts: `${rule.beta}·${number(before)} − ${number(rateOf(training, g.slice(1)))}·${number(given)}`,
        code: `${rule.beta} * v - ${rateOf(training, g.slice(1))} * ${g}[${row}, ${col}]`,
        lit: [cell(g, row, col), cell(`${step.id}⁻`, row, col)],
      };
    }
    const lion = training.optimizer === "lion";
    const beta = rule.beta ?? (slot === "s" || lion ? rule.beta2 : rule.beta1);
    return {
      symbols: `β·${slot} + (1 − β)·${sub(g, row, col)}${power}`,
      puts: `${beta}·${number(before)} + ${number(1 - beta)}·(${number(given)})${power}`,
      code: `${beta} * ${slot} + (1 - ${beta}) * ${g}[${row}, ${col}]${power ? " ** 2" : ""}`,
      lit: [cell(g, row, col), cell(`${step.id}⁻`, row, col)],
    };
  },
  update({ values, step, opened }, row, col) {
    const { optimizer } = opened.problem.training;
    const alpha = rateOf(opened.problem.training, step.id.replace("′", ""));
    const operands = step.tokens
      .filter((token) => typeof token === "object")
      .slice(1)
      .map(({ name }) => name);
    const [from, ...rest] = operands;
    const value = (name) => number(at(values.get(name), row, col));
    const [v, s] = rest;
    const forms = {
      gd: [`${from} − α·${v}`, `${value(from)} − ${number(alpha)}·(${value(v)})`],
      momentum: [`${from} − α·v`, `${value(from)} − ${number(alpha)}·(${value(v)})`],
      nesterov: [`${from} + β·v − α·g`, `${value(from)} + β·(${value(v)}) − ${number(alpha)}·(${value(rest.at(-1))})`],
      rmsprop: [
        `${from} − α·g / (√s + ε)`,
        `${value(from)} − ${number(alpha)}·(${value(rest.at(-1))}) / (√${value(v)} + ε)`,
      ],
      lion: [`${from} − α·sign(β₁·v + (1 − β₁)·g)`, ""],
    };
    const adam = [
      `${from} − α·v̂ / (√ŝ + ε)`,
      s ? `${value(from)} − ${number(alpha)}·(${value(v)}) / (√${value(s)} + ε)` : "",
    ];
    const [symbols, puts] = forms[optimizer] ?? adam;
    return {
      symbols,
      puts: puts || undefined,
      code: `${step.equation}(…)[${row}, ${col}]`,
      lit: operands.map((name) => cell(name, row, col)),
    };
  },
};

function products(values, left, right, count, places) {
  const [A, B] = [values.get(left), values.get(right)];
  return Array.from({ length: count }, (_, k) => {
    const [a, b] = places(k);
    return { factors: [a, b], value: at(A, a.row, a.col) * at(B, b.row, b.col) };
  });
}

/** The target as the loss has it, smoothed or not. */
function targetOf({ problem }, y) {
  const T = smoothing(problem.network);
  return T ? `(${T.keep}·${y} + ${T.even})` : y;
}

const operandsOf = ({ tokens }) => tokens.filter((token) => token.name).slice(1);

const times = ([a, b]) => `${a} · ${b}`;

/** What is made entry by entry: a formula of the operands, as symbols or as numbers. */
const FORMS = {
  dropout: times,
  dropout_back: times,
  scale: times,
  scale_back: ([dW, s, W]) => times([dW, s]) + (W ? ` + λ/m·${W}` : ""),
  output_back: ([a, y], { opened }) => {
    const { output } = opened.problem.network;
    const T = targetOf(opened, y);
    if (output === "identity") return `${a} − ${T}`;
    return output === "softmax" ? `−${T} / ${a}` : `−(${T} / ${a} − (1 − ${T}) / (1 − ${a}))`;
  },
  output: ([a, y], { opened }) => `${a} − ${targetOf(opened, y)}`,
};

/** The form with the operands put in; a column has one entry in each row, a transposed one in each column. */
function written({ values, opened, step }, row, col) {
  const lit = operandsOf(step).map(({ name, transposed }) =>
    cell(name, transposed ? col : row, values.get(name).cols === 1 ? 0 : col),
  );
  const form = (put) =>
    FORMS[step.kind](
      lit.map(({ name, row: r, col: c }) => put(name, r, c)),
      { opened },
    );
  const symbols = form(sub);
  const code = symbols.replace(/ ?· ?/g, " * ").replaceAll("−", "-");
  return { symbols, puts: form((name, r, c) => number(at(values.get(name), r, c))), code, lit };
}

/**
 * How a number of an opened step was made.
 *
 * @returns {Explanation | null} null for what is given: inputs, targets, parameters before the step
 */
export function explain(opened, name, row, col) {
  const step = opened.steps.find(({ id }) => id === name);
  const make = step && (KINDS[step.kind] ?? (FORMS[step.kind] && written));
  return make ? make({ opened, values: opened.values, step, layer: step.layer }, row, col) : null;
}
