/**
 * The micro-steps of one update: what is made, from which quantities, by which equation of the library.
 *
 * `phase` is given, forward, cost, backward or update; `tokens` is the equation as matrices in a row: strings are signs, {name, transposed} are quantities; the
 * first one is the result.
 *
 * `aside` marks the textbook's way beside the one that trains: it may have no finite value.
 *
 * @typedef {{id: string, phase: string, layer: number, kind: string, aside?: boolean,
 *   equation: string, tokens: (string|{name: string, transposed?: boolean})[]}} MicroStep
 */
import { HEADS, smoothing } from "./heads.js";
import { OPTIMIZERS } from "./optimizers.js";
import { decayOf } from "./step.js";

const of = (name) => ({ name });
const transposed = (name) => ({ name, transposed: true });

/** The targets, smoothed or not, as they stand in an equation. */
function targets(network) {
  const T = smoothing(network);
  return T ? ["(", `${T.keep}`, "·", of("Y"), "+", `${T.even}`, ")"] : [of("Y")];
}

function* forwardSteps(network, masked) {
  const { activations, input_scale } = network;
  for (let l = 1; l <= activations.length; l++) {
    const g = activations[l - 1];
    const step = (id, kind, equation, ...tokens) => ({ id, phase: "forward", layer: l, kind, equation, tokens });
    const scaled = l === 1 && input_scale;
    if (scaled) yield step("W_s1", "scale", "scaled_weights", of("W_s1"), "=", of("W1"), "∘", transposed("s1"));
    yield step(
      `Z${l}`,
      "linear",
      "linear_forward",
      of(`Z${l}`),
      "=",
      of(scaled ? "W_s1" : `W${l}`),
      "·",
      of(`A${l - 1}`),
      "+",
      of(`b${l}`),
    );
    const made = masked(l) ? `g(Z${l})` : `A${l}`;
    yield step(made, "activation", g, of(made), "=", g, "(", of(`Z${l}`), ")");
    if (masked(l)) yield step(`A${l}`, "dropout", "dropout_forward", of(`A${l}`), "=", of(made), "∘", of(`mask${l}`));
  }
}

function* costSteps(network, l2) {
  const { activations, output } = network;
  const L = activations.length;
  const { equation, textbook } = HEADS[output];
  const step = (id, kind, equation, ...tokens) => ({ id, phase: "cost", layer: L, kind, equation, tokens });
  yield step("loss", "loss", equation, of("loss"), "=", "loss", "(", of(`Z${L}`), ",", ...targets(network), ")");
  if (textbook) {
    const way = [of(`loss_A${L}`), "=", "loss", "(", of(`A${L}`), ",", ...targets(network), ")"];
    yield { ...step(`loss_A${L}`, "loss_textbook", textbook.equation, ...way), aside: true };
  }
  const mean = ["1/m", "Σ", of("loss")];
  yield l2
    ? step("J", "cost", "l2_cost", of("J"), "=", ...mean, "+", of("J_L2"))
    : step("J", "cost", "cost_from_logits", of("J"), "=", ...mean);
}

/** dA[L] and dZ[L] by the chain rule. */
function* textbookSteps(network, step, L) {
  const { output } = network;
  const { equation, textbook } = HEADS[output];
  const [A, dA] = [of(`A${L}`), of(`dA${L}`)];
  const by = textbook ? ["loss′", "(", A, ",", ...targets(network), ")"] : [A, "−", ...targets(network)];
  yield { ...step(dA.name, "output_back", `${textbook?.equation ?? equation}_backward`, dA, "=", ...by), aside: true };
  if (!textbook) return;
  const chain = [of(`dZ${L}_chain`), "=", dA, "∘", `${output}′`, "(", A, ")"];
  yield { ...step(`dZ${L}_chain`, "chain", `${output}_backward`, ...chain), aside: true };
}

function* backwardSteps(network, l2, masked) {
  const { activations, output, input_scale } = network;
  const L = activations.length;
  for (let l = L; l >= 1; l--) {
    const step = (id, kind, equation, ...tokens) => ({ id, phase: "backward", layer: l, kind, equation, tokens });
    if (l === L) {
      yield* textbookSteps(network, step, L);
      const A = masked(l) ? `g(Z${l})` : `A${l}`;
      yield step(`dZ${l}`, "output", `${HEADS[output].equation}_backward`, of(`dZ${l}`), "=", of(A), "−", ...targets(network));
    } else {
      const dA = masked(l) ? `dg(Z${l})` : `dA${l}`;
      if (masked(l)) yield step(dA, "dropout_back", "dropout_backward", of(dA), "=", of(`dA${l}`), "∘", of(`mask${l}`));
      const g = activations[l - 1];
      const slope = ["∘", `${g}′`, "(", of(`Z${l}`), ")"];
      yield step(`dZ${l}`, "activation_back", `${g}_backward`, of(`dZ${l}`), "=", of(dA), ...slope);
    }
    const decay = l2 ? ["+", "λ/m", of(`W${l}`)] : [];
    const scaled = l === 1 && input_scale;
    const dW = scaled ? "dW_s1" : `dW${l}`;
    const sums = ["1/m", of(`dZ${l}`), "·", transposed(`A${l - 1}`)];
    yield step(dW, "weights", "linear_backward", of(dW), "=", ...sums, ...(scaled ? [] : decay));
    if (scaled) {
      const way = (id, kind, ...tokens) => step(id, kind, "scaled_weights_backward", of(id), "=", ...tokens);
      yield way("dW1", "scale_back", of(dW), "∘", transposed("s1"), ...decay);
      yield way("ds1", "scale_sum", "Σ", of("W1"), "∘", of(dW));
    }
    yield step(`db${l}`, "bias", "linear_backward", of(`db${l}`), "=", "1/m", "Σ", of(`dZ${l}`));
    if (l > 1) {
      const back = step(
        `dA${l - 1}`,
        "back",
        "linear_backward",
        of(`dA${l - 1}`),
        "=",
        transposed(`W${l}`),
        "·",
        of(`dZ${l}`),
      );
      yield { ...back, layer: l - 1 };
    }
  }
}

function* updateSteps(network, training) {
  const { activations, input_scale } = network;
  const { optimizer } = training;
  const rule = OPTIMIZERS[optimizer];
  for (let l = 1; l <= activations.length; l++) {
    const own = [`W${l}`, `b${l}`];
    if (l === 1 && input_scale) own.push("s1");
    for (const name of own) {
      const step = (id, kind, equation, ...tokens) => ({ id, phase: "update", layer: l, kind, equation, tokens });
      const decayed = decayOf(training, name) ? `${name}_decayed` : name;
      if (decayed !== name) yield step(decayed, "decay", "decoupled_decay", of(decayed), "=", "(1 − α·λ)", of(name));
      for (const slot of rule.state) {
        const id = `${slot}_d${name}`;
        yield step(id, "slot", rule.equation, of(id), "←", of(`${id}⁻`), ",", of(`d${name}`));
      }
      const from = rule.hats ? Object.keys(rule.hats).map((hat) => of(`${hat}_d${name}`)) : [of(`d${name}`)];
      const how =
        optimizer === "gd"
          ? ["−", "α", of(`d${name}`)]
          : [",", ...(rule.hats ? from : rule.state.map((slot) => of(`${slot}_d${name}`)).concat(from))].flatMap(
              (token, i) => (i > 1 ? [",", token] : [token]),
            );
      yield step(
        `${name}′`,
        "update",
        rule.equation,
        of(`${name}′`),
        optimizer === "gd" ? "=" : "←",
        of(decayed),
        ...how,
      );
    }
  }
}

/** @returns {MicroStep[]} */
export function microSteps(network, training, masks) {
  const masked = (l) => !!masks?.[`A${l}`];
  return [
    { id: "A0", phase: "given", layer: 0, kind: "batch", equation: "", tokens: [of("A0"), "→", of("Y")] },
    ...forwardSteps(network, masked),
    ...costSteps(network, training.l2),
    ...backwardSteps(network, training.l2, masked),
    ...updateSteps(network, training),
  ];
}
