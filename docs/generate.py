"""Write the pages that follow from the registries: ``python docs/generate.py``. Tests compare them."""

from itertools import groupby
from math import prod
from pathlib import Path

from deepstep.equations import ACTIVATIONS, EQUATIONS, FEATURES, HEADS, OPTIMIZERS, Equation

HEAD = """\
# The equations

The registry of `deepstep.equations` as a table, written by `python docs/generate.py`. The same functions
train and feed the trace, and are held against torch and finite differences. A column of a matrix is an
example; dZ and dA are derivatives of m·J, dW and db of J. Sections are those of the lecture (course 1 week 4)
unless said otherwise.

## Symbols

| symbol | shape | meaning |
|---|---|---|
| X, Y | (n_0, m), (n_L, m) | inputs and targets; m examples |
| W, b | (n_l, n_{l-1}), (n_l, 1) | weights and bias of layer l |
| A_prev, Z, A | (n_{l-1}, m), (n_l, m), (n_l, m) | activation before, pre-activation, activation |
| ZL, AL | (n_L, m) | logits and output of the network |
| g | – | the activation function of a layer, A = g(Z) |
| loss, J | (1, m), a number | loss of each example over its outputs; the cost, the mean of the losses |
| dQ | that of Q | derivative by Q: of m·J where columns are examples (dZ, dA), of J elsewhere (dW, db) |
| U, Û | (n_l, m) | W·A_prev; U with mean 0 and variance 1 |
| mean, variance, deviation | (n_l, 1) | of each unit; deviation = √(variance + ε) |
| gamma | (n_l, 1) | scale of a normalized unit |
| mask | (n_l, m) | dropout mask D / keep_prob |
| s | (n_0, 1) | factors of the inputs |
| θ, g | (n_parameters,) | all parameters as one vector; the gradient ∂J/∂θ |
| v, s | (n_parameters,) | moving averages of an update rule: of g, of g² |
| α, β, β₁, β₂, ε, t | numbers | learning rate; decays of averages; a small number; number of the step |
| δ, τ | numbers | where the Huber loss becomes a line; levels of quantiles |
"""


def equations_page() -> str:
    """The whole page: a table for each file of equations, in the order of the lecture."""
    topics = groupby(EQUATIONS.values(), key=lambda entry: entry.topic)
    return "\n".join([HEAD, *(_table(topic, list(entries)) for topic, entries in topics)])


def _table(topic: str, entries: list[Equation]) -> str:
    rows = (
        f"| `{entry.name}` | `{_cell(entry.formula)}` | {_cell(entry.source)} | {_cell(entry.summary)} |"
        for entry in entries
    )
    return "\n".join(
        [
            f"## {topic}\n",
            f"In [{topic}.py](../src/deepstep/equations/{topic}.py):\n",
            "| name | formula | source | what it does |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


REGULARIZERS: dict[str, dict[str, object]] = {
    "none": {},
    "L1": {"l1": 0.1},
    "L2": {"l2": 0.1},
    "weight decay": {"weight_decay": 0.1},
    "dropout": {"dropout": 0.5},
    "batch normalization": {"normalization": "batch"},
    "layer normalization": {"normalization": "layer"},
    "input scale": {"input_scale": True},
    "clipping by norm": {"clip_norm": 0.1},
    "clipping by value": {"clip_value": 0.01},
    **{
        name.replace("_", " "): {"features": {name: option.example}}
        for name, option in FEATURES.items()
        if option.example is not None
    },
}
"""Regularizers and other parts of a network, with the arguments that `Network` and
`Network.train` take for it.
"""

COMBINATIONS = """\
# What goes together

{activations} activations × {heads} heads × {optimizers} optimizers × {regularizers} regularizers and other
parts make {all:,} combinations. `tests/test_combinations.py` trains one step with each of them, and compares
the gradients of each activation × head × regularizer with finite differences. This page is written by
`python docs/generate.py` from the registries.

Rows are activations of the hidden layers, columns are heads. ● has a derivative everywhere; ○ has kinks, at
which nothing is compared.

{table}

Optimizers: {optimizer_names}.
L-BFGS supports the terms of the cost: no dropout, decay or clipping.

| regularizer, part | arguments of `Network` and `train`, for example |
|---|---|
{settings}
"""


def combinations_page() -> str:
    """The page that shows what is tested together."""
    rows = [f"| | {' | '.join(map(_code, HEADS))} |", f"|---|{'---|' * len(HEADS)}"]
    for name, activation in ACTIVATIONS.items():
        marks = ("○" if activation.kinks or head.kinks is not None else "●" for head in HEADS.values())
        rows.append(f"| {_code(name)} | {' | '.join(marks)} |")
    counts = len(ACTIVATIONS), len(HEADS), len(OPTIMIZERS), len(REGULARIZERS)
    return COMBINATIONS.format(
        **dict(zip(("activations", "heads", "optimizers", "regularizers"), counts, strict=True)),
        all=prod(counts),
        table="\n".join(rows),
        optimizer_names=", ".join(map(_code, OPTIMIZERS)),
        settings="\n".join(f"| {name} | {_arguments(given)} |" for name, given in REGULARIZERS.items()),
    )


def _arguments(given: dict[str, object]) -> str:
    return ", ".join(_code(f"{name}={value!r}") for name, value in given.items())


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {"equations.md": equations_page, "combinations.md": combinations_page}
"""Each page with what writes it."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(__file__).with_name(name).write_text(page(), encoding="utf-8")
