/** Names of quantities as mathematics: "dW2" → dW with [2] above, and whole equations in MathML. */
import { html } from "./html.js";
import { parse } from "../engine/names.js";

/** J_L2 and loss_A2: what stands behind _ is set below. */
const withIndex = (name) => {
  const [base, index] = name.split("_");
  return index && /^(J|loss)$/.test(base) ? html`${base}<sub>${index}</sub>` : name;
};

/** A quantity's name in text: HTML with superscripts. */
export function Name({ name }) {
  const parts = parse(name);
  if (!parts)
    return html`<span class="name"><i>${withIndex(name)}</i></span>`;
  const { slot, derivative, before, letter, layer, suffix } = parts;
  const core = html`<i>${derivative ? "d" : ""}${before && `${before}(`}${letter}</i><sup>[${layer}]</sup>${before ? html`<i>)</i>` : ""}`;
  const tail = suffix === "′" ? "′" : suffix === "⁻" ? "" : suffix.replace("_", " ");
  return html`<span class="name">${slot ? html`<i>${slot}</i><sub>${core}</sub>` : core}${suffix === "⁻" ? html`<sub>before</sub>` : tail}</span>`;
}

const row = (...parts) => html`<mrow>${parts}</mrow>`;

function mathName(name, transposed) {
  const parts = parse(name);
  const above = (base, ...signs) => html`<msup>${base}<mrow>${signs}</mrow></msup>`;
  const T = transposed ? html`<mi>T</mi>` : null;
  if (!parts) {
    const [base, index] = name.split("_");
    if (index && /^(J|loss)$/.test(base)) return html`<msub><mi>${base}</mi><mi>${index}</mi></msub>`;
    return html`<mi>${name}</mi>`;
  }
  const { slot, derivative, before, letter, layer, suffix } = parts;
  const index = [html`<mo stretchy="false">[</mo>`, html`<mn>${layer}</mn>`, html`<mo stretchy="false">]</mo>`, T];
  const symbol = above(
    derivative ? row(html`<mi>d</mi>`, html`<mi>${letter}</mi>`) : html`<mi>${letter}</mi>`,
    ...index,
  );
  const whole = before
    ? row(
        html`<mi>${derivative ? "d" : ""}${before}</mi>`,
        html`<mo>(</mo>`,
        above(html`<mi>${letter}</mi>`, ...index),
        html`<mo>)</mo>`,
      )
    : symbol;
  if (slot) return html`<msub><mi>${slot}</mi>${row(whole)}</msub>`;
  return suffix === "′"
    ? row(whole, html`<mo>′</mo>`)
    : suffix.startsWith("_")
      ? html`<msub>${whole}<mi>${suffix.slice(1)}</mi></msub>`
      : whole;
}

const FRACTION = /^(.+)\/(.+)$/;

function mathSign(sign) {
  const fraction = FRACTION.exec(sign);
  if (fraction) return html`<mfrac><mi>${fraction[1]}</mi><mi>${fraction[2]}</mi></mfrac><mspace width="0.2em" />`;
  if (/^[a-zα-ω][a-z_α-ω₀-₉]*′?$/u.test(sign))
    return html`<mi mathvariant=${sign.length > 1 ? "normal" : undefined}>${sign}</mi>`;
  if (/^(\d+|log)$/.test(sign)) return html`<mn>${sign}</mn>`;
  return html`<mo stretchy="false">${sign}</mo>`;
}

function mathToken(token) {
  if (typeof token === "string") return mathSign(token);
  return token.power
    ? html`<msup><mi>e</mi>${row(mathName(token.power.name))}</msup>`
    : mathName(token.name, token.transposed);
}

/** Only two slots of a rule's equation in memory: written out where it is known. */
const MEMORY = {
  momentum: { v: ["β", "v", "+", "(1 − β)", "g"], theta: ["−", "α", "v"] },
  nesterov: { v: ["β", "v", "−", "α", "g"], theta: ["+", "β", "v", "−", "α", "g"] },
  rmsprop: { s: ["β", "s", "+", "(1 − β)", "g²"], theta: ["−", "α", "g / (√s + ε)"] },
  adam: {
    v: ["β₁", "v", "+", "(1 − β₁)", "g"],
    s: ["β₂", "s", "+", "(1 − β₂)", "g²"],
    theta: ["−", "α", "v̂ / (√ŝ + ε)"],
  },
  lion: { v: ["β₂", "v", "+", "(1 − β₂)", "g"], theta: ["−", "α", "sign(β₁v + (1 − β₁)g)"] },
};
MEMORY.adamw = MEMORY.adam;

/** The loss of one example, by head: Z stands for the logits, Y for the targets' tokens. */
const LOSSES = {
  sigmoid: (Z, Y) => ["Σ", "(", "log", "(", "1", "+", { power: Z }, ")", "−", ...Y, "∘", Z, ")"],
  softmax: (Z, Y) => ["log", "Σ", { power: Z }, "−", "Σ", ...Y, "∘", Z],
  identity: (Z, Y) => ["1/2", "Σ", "(", Z, "−", ...Y, ")", "²"],
};

/** The same from the output A, and its derivative. */
const TEXTBOOK = {
  sigmoid: (A, Y) => ["−", "Σ", "(", ...Y, "∘", "log", A, "+", "(1 −", ...Y, ")", "∘", "log", "(1 −", A, ")", ")"],
  softmax: (A, Y) => ["−", "Σ", ...Y, "∘", "log", A],
};
const TEXTBOOK_BACK = {
  sigmoid: (A, Y) => ["−", "(", ...Y, "/", A, "−", "(1 −", ...Y, ")", "/", "(1 −", A, ")", ")"],
  softmax: (A, Y) => ["−", ...Y, "/", A],
  identity: (A, Y) => [A, "−", ...Y],
};

/** The micro-step's equation in one line. */
export function Equation({ step, optimizer, output }) {
  if (step.formula) return html`<span class="equation is-text">${step.formula}</span>`;
  let { tokens } = step;
  const rule = MEMORY[optimizer];
  if (step.kind === "slot" && rule) tokens = [tokens[0], "=", ...rule[parse(step.id).slot]];
  if (step.kind === "update" && rule) tokens = [tokens[0], "=", tokens[2], ...rule.theta];
  const gradient = { name: `d${parse(step.id)?.letter}${step.layer}` };
  if (step.phase === "update")
    tokens = tokens.flatMap((token) => (token === "g" ? [gradient] : token === "g²" ? [gradient, "²"] : [token]));
  if (step.kind === "loss") tokens = [tokens[0], "=", ...LOSSES[output](tokens[4], tokens.slice(6, -1))];
  if (step.kind === "loss_textbook") tokens = [tokens[0], "=", ...TEXTBOOK[output](tokens[4], tokens.slice(6, -1))];
  if (step.kind === "output_back" && output !== "identity")
    tokens = [tokens[0], "=", ...TEXTBOOK_BACK[output](tokens[4], tokens.slice(6, -1))];
  if (step.kind === "batch") tokens = [tokens[0], "=", { name: "X" }];
  return html`<math class="equation" display="block">
    <mrow>${tokens.map(mathToken)}</mrow>
  </math>`;
}
