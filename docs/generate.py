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
