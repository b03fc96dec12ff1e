"""How each operation is written in SQL, for SQLite, DuckDB and PostgreSQL.

NULL is what NaN is elsewhere. PostgreSQL refuses numbers that are too large or too small, so exponents are
kept within ±300.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from deepstep.export.program import erfcx_coefficients
from deepstep.types import AnyArray

Texts: TypeAlias = list[str]
Compute: TypeAlias = Callable[[Texts], Texts]
"""Adds a step that computes expressions; returns the names of their columns."""

TERMS = 30
"""Terms of a sum side by side: the depth of expressions is limited."""

LARGEST = 1e300


def number(value: float) -> str:
    """A number that DuckDB, too, takes for one of double precision; a large one for an infinite one."""
    text = repr(min(max(float(value), -LARGEST), LARGEST))
    return text if "e" in text else f"{text}e0"


def total(terms: Sequence[str]) -> str:
    """A sum whose depth grows with the logarithm of the number of terms."""
    while len(terms) > 1:
        terms = [f"({' + '.join(terms[at : at + TERMS])})" for at in range(0, len(terms), TERMS)]
    return terms[0]


def within(x: str, low: str, high: str) -> str:
    """An expression between two numbers."""
    return f"CASE WHEN {x} < {low} THEN {low} WHEN {x} > {high} THEN {high} ELSE {x} END"


def exponential(x: str) -> str:
    """e^x, of x within ±300."""
    return f"exp({within(x, '-300', '300')})"


def sigmoid(x: str) -> str:
    """σ(x)."""
    return f"(1e0 / (1e0 + {exponential(f'-({x})')}))"


def softplus(x: str) -> str:
    """log(1 + e^x)."""
    return f"(CASE WHEN {x} < 0 THEN 0e0 ELSE {x} END + ln(1e0 + {exponential(f'-abs({x})')}))"


def elu(alpha: float = 1.0) -> str:
    """x, or alpha·(e^x - 1) below 0."""
    return f"CASE WHEN {{x}} < 0 THEN {number(alpha)} * ({exponential('{x}')} - 1e0) ELSE {{x}} END"


def _gelu() -> tuple[str, ...]:
    z, polynomial = f"(abs({{x}}) * {number(math.sqrt(0.5))})", "0e0"
    for coefficient in erfcx_coefficients()[::-1]:
        polynomial = f"({polynomial} * {{0}} + {number(coefficient)})"
    tail = f"0.5e0 * {exponential(f'-{z} * {z}')} * {polynomial} / (1e0 + 2e0 * {z})"
    return (
        f"({z} - 3.75e0) / ({z} + 3.75e0)",
        tail,
        "CASE WHEN {x} < 0 THEN {x} * {0} ELSE {x} - {x} * {0} END",
    )


CUBIC = "1.5957691216057308e0 * ({x} + 0.044715e0 * {x} * {x} * {x})"

EACH: dict[str, tuple[str, ...]] = {
    "standardize": ("CASE WHEN {x} IS NULL THEN 0e0 ELSE ({x} - {mean}) / {std} END",),
    "missing": ("CASE WHEN {x} IS NULL THEN 1e0 ELSE 0e0 END",),
    "impute": ("coalesce({x}, {value})",),
    "smooth_clip": (
        "({x} - {center}) * {factor}",
        within("{0}", "-1e100", "1e100"),
        "{0} / sqrt(1e0 + {0} * {0} / 9e0)",
    ),
    "pieces": ("({x} - {begins}) / {widths}", within("{0}", "{low}", "{high}") + " - 0.5e0"),
    "single": ("(536870913e0 * {x} - (536870913e0 * {x} - {x}))",),  # 24 bits remain
    "affine": ("{x} * {scale} + {shift}",),
    "relu": ("CASE WHEN {x} < 0 THEN 0e0 ELSE {x} END",),
    "leaky_relu": ("CASE WHEN {x} < 0 THEN 0.01e0 * {x} ELSE {x} END",),
    "elu": (elu(),),
    "selu": (f"1.0507009873554805e0 * {elu(1.6732632423543772)}",),
    "gelu": _gelu(),
    "gelu_tanh": (f"{{x}} * {sigmoid(CUBIC)}",),
    "silu": (f"{{x}} * {sigmoid('{x}')}",),
    "mish": (softplus("{x}"), f"{{x}} * (2e0 * {sigmoid('2e0 * {0}')} - 1e0)"),
    "softplus": (softplus("{x}"),),
    "tanh": (f"2e0 * {sigmoid('2e0 * {x}')} - 1e0",),
    "sigmoid": (sigmoid("{x}"),),
    "exponential": ("CASE WHEN {x} < -300 THEN 0e0 WHEN {x} < 709.78e0 THEN exp({x}) END",),
    "cosine": ("cos({x})",),
    "logarithm": ("ln(CASE WHEN {x} < 1e-12 THEN 1e-12 ELSE {x} END)",),
}
"""Operations on each column: expressions of x, a second value y, the constants, and 0, the step before."""


def _written(steps: tuple[str, ...], compute: Compute, x: Texts, *y: Texts, **constants: AnyArray) -> Texts:
    columns = {"x": x, **dict(zip("y", y, strict=False))}
    columns |= {role: [*map(number, value)] for role, value in constants.items()}
    given, made = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], x
    for at, text in enumerate(steps):
        made = compute(made) if at else made
        made = [text.format(one, **row) for one, row in zip(made, given, strict=True)]
    return made


def _lookup(compute: Compute, x: Texts, table: AnyArray) -> Texts:
    """The row of an unseen value is the rule, and rows that differ from it are cases."""
    k, (code,) = len(table) - 2, x
    found = []
    for column in table.T:
        cases = [f"WHEN {code} IS NULL THEN {number(column[k + 1])}"]
        for at in np.flatnonzero(column[:k] != column[k]):
            sign = "<" if at % 2 else "<="  # halves are rounded to even numbers
            cases.append(f"WHEN abs({code} - {at}) {sign} 0.5e0 THEN {number(column[at])}")
        found.append(f"CASE {' '.join(cases)} ELSE {number(column[k])} END")
    return found


def _interpolate(compute: Compute, x: Texts, marks: AnyArray, scores: AnyArray) -> Texts:
    (a,), slopes = x, np.diff(scores) / np.diff(marks)
    cases = [f"WHEN {a} <= {number(marks[0])} THEN {number(scores[0])}"]
    for low, high, score, slope in zip(marks, marks[1:], scores, slopes, strict=False):
        piece = f"{number(slope)} * ({a} - {number(low)}) + {number(score)}"
        cases.append(f"WHEN {a} < {number(high)} THEN {piece}")
    return [f"CASE {' '.join(cases)} WHEN {a} >= {number(marks[-1])} THEN {number(scores[-1])} END"]


def _weighted(x: Iterable[str], weights: AnyArray, *bias: float) -> str:
    return total([*map(number, bias), *(f"{a} * {number(w)}" for a, w in zip(x, weights, strict=True))])


def _grouped_linear(compute: Compute, x: Texts, V: AnyArray, a: AnyArray) -> Texts:
    groups = np.array(x, object).reshape(len(V), -1)
    rows = [(group, weights) for group, maps in zip(groups, V, strict=True) for weights in maps]
    return [_weighted(group, weights, bias) for (group, weights), bias in zip(rows, a, strict=True)]


def _normalize_layer(compute: Compute, x: Texts, epsilon: float) -> Texts:
    (mean,) = compute([f"{total(x)} / {number(len(x))}"])
    u = compute([f"{one} - {mean}" for one in x])
    squares = total([f"{one} * {one}" for one in u])
    (deviation,) = compute([f"sqrt({squares} / {number(len(x))} + {number(epsilon)})"])
    return [f"{one} / {deviation}" for one in u]


def _softmax(compute: Compute, x: Texts) -> Texts:
    """1 / Σ e^(xⱼ - xᵢ): no largest x is needed."""
    return [f"1e0 / {total([exponential(f'({other} - {one})') for other in x])}" for one in x]


def _normalize(compute: Compute, x: Texts) -> Texts:
    (whole,) = compute([total(x)])
    return [f"{one} / {whole}" for one in x]


OPERATIONS: Mapping[str, Callable[..., Texts]] = {
    **{name: partial(_written, steps) for name, steps in EACH.items()},
    "take": lambda compute, x, index: [x[at] for at in index],
    "concat": lambda compute, *x: [one for part in x for one in part],
    "lookup": _lookup,
    "interpolate": _interpolate,
    "linear": lambda compute, x, W, b: [_weighted(x, *each) for each in zip(W, b, strict=True)],
    "grouped_linear": _grouped_linear,
    "normalize_layer": _normalize_layer,
    "softmax": _softmax,
    "cumulative_sum": lambda compute, x: [total(x[: at + 1]) for at in range(len(x))],
    "weighted_sum": lambda compute, *x, weights, divisor: [
        f"({_weighted(one, weights)}) / {number(divisor)}" for one in zip(*x, strict=True)
    ],
    "normalize": _normalize,
}
"""The operations: what adds a step, the columns of values, constants and settings → expressions."""
