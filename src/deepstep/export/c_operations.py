"""How each operation is written in C: an expression, or a function with its calls.

A function has the name ``do_NAME``; ``TYPE0``, ``TYPE1``, … in it are the types of its constants.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from deepstep.export.program import Step
from deepstep.types import AnyArray

ELEMENTWISE = {
    "missing": "isnan(x) ? 1.0 : 0.0",
    "single": "(double)(float)x",
    "relu": "x < 0.0 ? 0.0 : x",
    "leaky_relu": "x > 0.0 ? x : 0.01 * x",
    "elu": "x > 0.0 ? x : expm1(x)",
    "selu": "1.0507009873554805 * (x > 0.0 ? x : 1.6732632423543772 * expm1(x))",
    "gelu": "x * 0.5 * erfc(-x / 1.4142135623730951)",
    "gelu_tanh": "x / (1.0 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)))",
    "silu": "x / (1.0 + exp(-x))",
    "mish": "x * tanh((x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x))))",
    "softplus": "(x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)))",
    "tanh": "tanh(x)",
    "sigmoid": "1.0 / (1.0 + exp(-x))",
    "exponential": "exp(x)",
    "cosine": "cos(x)",
}
"""Expressions of a number x, by operation."""

_BLOCK = re.compile(r"/\* (\w+) \*/\n(.*)", re.DOTALL)
FUNCTIONS = {
    found[1]: found[2].rstrip()
    for block in (Path(__file__).parent / "c_functions.c").read_text(encoding="utf-8").split("\n\n")
    if (found := _BLOCK.fullmatch(block))
}
"""Functions of C by name, and the texts around them: those of ``c_functions.c``."""


def function(name: str, /, **texts: object) -> str:
    """A function of C with what the model has in it."""
    found = FUNCTIONS[name]
    for place, text in texts.items():
        found = found.replace(f"@{place}@", str(text))
    return found


Reads: TypeAlias = list[str]
Names: TypeAlias = Mapping[str, str]
Arrays: TypeAlias = Mapping[str, AnyArray]
Call: TypeAlias = Callable[[Step, Reads, Names, Arrays, list[int]], Iterator[str]]


def _plain(step: Step, reads: Reads, names: Names, arrays: Arrays, widths: list[int]) -> Iterator[str]:
    """The values, the constants, the settings, the place of what it gives, and its columns."""
    settings = [repr(float(value)) for value in step.settings.values()]
    n = widths[0] if step.op == "ordinal_probabilities" else step.n
    yield f"do_{step.op}({', '.join([*reads, *names.values(), *settings, 'OUT', str(n)])});"


def _concat(step: Step, reads: Reads, names: Names, arrays: Arrays, widths: list[int]) -> Iterator[str]:
    for read, n, begin in zip(reads, widths, accumulate([0, *widths]), strict=False):
        yield f"memcpy(OUT + {begin}, {read}, {n} * sizeof(double));"


def _weighted_sum(step: Step, reads: Reads, names: Names, arrays: Arrays, widths: list[int]) -> Iterator[str]:
    yield f"memset(OUT, 0, {step.n} * sizeof(double));"
    for read, weight in zip(reads, arrays["weights"].tolist(), strict=True):
        yield f"do_add({read}, {weight!r}, OUT, {step.n});"


def _lookup(step: Step, reads: Reads, names: Names, arrays: Arrays, widths: list[int]) -> Iterator[str]:
    k, n = arrays["table"].shape
    yield f"do_lookup(({reads[0]})[0], {names['table']}, OUT, {k - 2}, {n});"


def _interpolate(step: Step, reads: Reads, names: Names, arrays: Arrays, widths: list[int]) -> Iterator[str]:
    n = len(arrays["marks"])
    yield f"do_interpolate(({reads[0]})[0], {names['marks']}, {names['scores']}, OUT, {n});"


def _grouped(step: Step, reads: Reads, names: Names, arrays: Arrays, widths: list[int]) -> Iterator[str]:
    c, d, k = arrays["V"].shape
    yield f"do_grouped_linear({reads[0]}, {names['V']}, {names['a']}, OUT, {c}, {d}, {k});"


def _circle(part: int) -> Call:
    return lambda step, reads, *_: iter([f"do_circle(({reads[0]})[0], {part}, OUT);"])


def _in_steps(sign: str) -> Call:
    return lambda step, reads, *_: iter([f"do_in_steps({reads[0]}, {sign}, OUT, {step.n});"])


CALLS: dict[str, Call] = {
    "take": _plain,
    "concat": _concat,
    "standardize": _plain,
    "impute": _plain,
    "month": _circle(0),
    "weekday": _circle(1),
    "hour": _circle(2),
    "lookup": _lookup,
    "smooth_clip": _plain,
    "interpolate": _interpolate,
    "pieces": _plain,
    "grouped_linear": _grouped,
    "affine": _plain,
    "normalize_layer": _plain,
    "blend": _plain,
    "softmax": _plain,
    "increasing": _in_steps("1.0"),
    "ordinal": _in_steps("-1.0"),
    "weighted_sum": _weighted_sum,
    "temperature": _plain,
    "temperature_each": _plain,
    "ordinal_probabilities": _plain,
    "normalize": _plain,
}
"""The statements of each other operation, of the step, its values, constants and widths; OUT is its place."""
