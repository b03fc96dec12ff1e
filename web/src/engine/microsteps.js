/**
 * The micro-steps of one update: what is made, from which quantities, by which equation of the library.
 *
 * `phase` is given, forward, cost, backward or update; `tokens` is the equation as matrices in a row: strings are signs, {name, transposed} are quantities; the
 * first one is the result.
 *
 * @typedef {{id: string, phase: string, layer: number, kind: string,
 *   equation: string, tokens: (string|{name: string, transposed?: boolean})[]}} MicroStep
 */
import { HEADS } from "./heads.js";
import { OPTIMIZERS } from "./optimizers.js";

const of = (name) => ({ name });
const transposed = (name) => ({ name, transposed: true });

function* forwardSteps({ activations }, masked) {
  for (let l = 1; l <= activations.length; l++) {
    const g = activations[l - 1];
    const step = (id, kind, equation, ...tokens) => ({ id, phase: "forward", layer: l, kind, equation, tokens });
    yield step(
      `Z${l}`,
      "linear",
      "linear_forward",
      of(`Z${l}`),
      "=",
      of(`W${l}`),
      "·",
      of(`A${l - 1}`),
      "+",
      of(`b${l}`),
    );
    const handed = masked(l) ? `g(Z${l})` : `A${l}`;
    yield step(handed, "activation", g, of(handed), "=", g, "(", of(`Z${l}`), ")");
    if (masked(l)) yield step(`A${l}`, "dropout", "dropout_forward", of(`A${l}`), "=", of(handed), "∘", of(`mask${l}`));
  }
}

function* costSteps({ activations, output }, l2) {
  const L = activations.length;
  const { equation } = HEADS[output];
  const step = (id, kind, equation, ...tokens) => ({ id, phase: "cost", layer: L, kind, equation, tokens });
  yield step("loss", "loss", equation, of("loss"), "=", "loss", "(", of(`Z${L}`), ",", of("Y"), ")");
  const mean = ["1/m", "Σ", of("loss")];
  yield l2
    ? step("J", "cost", "l2_cost", of("J"), "=", ...mean, "+", of("J_L2"))
    : step("J", "cost", "cost_from_logits", of("J"), "=", ...mean);
}

function* backwardSteps({ activations, output }, l2, masked) {
  const L = activations.length;
  for (let l = L; l >= 1; l--) {
    const step = (id, kind, equation, ...tokens) => ({ id, phase: "backward", layer: l, kind, equation, tokens });
    if (l === L) {
      const A = masked(l) ? `g(Z${l})` : `A${l}`;
      yield step(`dZ${l}`, "output", `${HEADS[output].equation}_backward`, of(`dZ${l}`), "=", of(A), "−", of("Y"));
    } else {
      const dA = masked(l) ? `dg(Z${l})` : `dA${l}`;
      if (masked(l)) yield step(dA, "dropout_back", "dropout_backward", of(dA), "=", of(`dA${l}`), "∘", of(`mask${l}`));
      const g = activations[l - 1];
      yield step(
        `dZ${l}`,
        "activation_back",
        `${g}_backward`,
        of(`dZ${l}`),
        "=",
        of(dA),
        "∘",
        `${g}′`,
        "(",
        of(`Z${l}`),
        ")",
      );
    }
    const decay = l2 ? ["+", "λ/m", of(`W${l}`)] : [];
    yield step(
      `dW${l}`,
      "weights",
      "linear_backward",
      of(`dW${l}`),
      "=",
      "1/m",
      of(`dZ${l}`),
      "·",
      transposed(`A${l - 1}`),
      ...decay,
    );
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

function* updateSteps({ activations }, { optimizer, weight_decay }) {
  const rule = OPTIMIZERS[optimizer];
  for (let l = 1; l <= activations.length; l++) {
    for (const name of [`W${l}`, `b${l}`]) {
      const step = (id, kind, equation, ...tokens) => ({ id, phase: "update", layer: l, kind, equation, tokens });
      const decayed = weight_decay && name[0] === "W" ? `${name}_decayed` : name;
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
