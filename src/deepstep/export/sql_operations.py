"""How each operation is written in SQL, for SQLite, DuckDB and PostgreSQL.

NULL is what NaN is elsewhere. PostgreSQL refuses numbers that are too large or too small, so exponents are
kept within ±300.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from deepstep.export.program import erfcx_coefficients
from deepstep.types import AnyArray

Texts: TypeAlias = list[str]
Compute: TypeAlias = Callable[[Texts], Texts]
"""Adds a step that computes expressions; returns the names of their columns."""

TERMS = 30
"""Terms of a sum side by side: the depth of expressions is limited."""


def number(value: float) -> str:
    """A number that DuckDB, too, takes for one of double precision."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def total(terms: Sequence[str]) -> str:
    """A sum whose depth grows with the logarithm of the number of terms."""
    while len(terms) > 1:
        terms = [f"({' + '.join(terms[at : at + TERMS])})" for at in range(0, len(terms), TERMS)]
    return terms[0]


def within(x: str, low: float, high: float) -> str:
    """An expression between two numbers."""
    ends = [(sign, number(one)) for sign, one in (("<", low), (">", high)) if math.isfinite(one)]
    cases = "".join(f"WHEN {x} {sign} {end} THEN {end} " for sign, end in ends)
    return f"CASE {cases}ELSE {x} END" if cases else x


def exponential(x: str) -> str:
    """e^x, of x within ±300."""
    return f"exp({within(x, -300, 300)})"


def sigmoid(x: str) -> str:
    """σ(x)."""
    return f"(1e0 / (1e0 + {exponential(f'-({x})')}))"


def softplus(x: str) -> str:
    """log(1 + e^x)."""
    return f"(CASE WHEN {x} < 0 THEN 0e0 ELSE {x} END + ln(1e0 + {exponential(f'-abs({x})')}))"


def elu(x: str, alpha: float = 1.0) -> str:
    """x, or alpha·(e^x - 1) below 0."""
    return f"CASE WHEN {x} < 0 THEN {number(alpha)} * ({exponential(x)} - 1e0) ELSE {x} END"


CUBIC = "1.5957691216057308e0 * ({x} + 0.044715e0 * {x} * {x} * {x})"

ELEMENTWISE: dict[str, Callable[[str], str]] = {
    "missing": lambda x: f"CASE WHEN {x} IS NULL THEN 1e0 ELSE 0e0 END",
    "single": lambda x: f"(536870913e0 * {x} - (536870913e0 * {x} - {x}))",  # 24 bits remain
    "relu": lambda x: f"CASE WHEN {x} < 0 THEN 0e0 ELSE {x} END",
    "leaky_relu": lambda x: f"CASE WHEN {x} < 0 THEN 0.01e0 * {x} ELSE {x} END",
    "elu": elu,
    "selu": lambda x: f"1.0507009873554805e0 * {elu(x, 1.6732632423543772)}",
    "gelu_tanh": lambda x: f"{x} * {sigmoid(CUBIC.format(x=x))}",
    "silu": lambda x: f"{x} * {sigmoid(x)}",
    "mish": lambda x: f"{x} * (2e0 * {sigmoid(f'2e0 * {softplus(x)}')} - 1e0)",
    "softplus": softplus,
    "tanh": lambda x: f"2e0 * {sigmoid(f'2e0 * {x}')} - 1e0",
    "sigmoid": sigmoid,
    "exponential": lambda x: f"CASE WHEN {x} < -300 THEN 0e0 WHEN {x} < 709.78e0 THEN exp({x}) END",
    "cosine": lambda x: f"cos({x})",
    "logarithm": lambda x: f"ln(CASE WHEN {x} < 1e-12 THEN 1e-12 ELSE {x} END)",
}
"""How each is written, x is a column."""


def _gelu(compute: Compute, x: Texts) -> Texts:
    z = compute([f"abs({one}) * {number(math.sqrt(0.5))}" for one in x])
    s = compute([f"({one} - 3.75e0) / ({one} + 3.75e0)" for one in z])
    first, *others = map(number, erfcx_coefficients()[::-1])
    tails = []
    for one, at in zip(s, z, strict=True):
        text = first
        for c in others:
            text = f"({text} * {one} + {c})"
        tails.append(f"0.5e0 * {exponential(f'-{at} * {at}')} * {text} / (1e0 + 2e0 * {at})")
    tails = compute(tails)
    return [
        f"CASE WHEN {a} < 0 THEN {a} * {q} ELSE {a} - {a} * {q} END" for a, q in zip(x, tails, strict=True)
    ]


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


def _smooth_clip(compute: Compute, x: Texts, center: AnyArray, factor: AnyArray) -> Texts:
    scaled = [f"({a} - {number(c)}) * {number(f)}" for a, c, f in zip(x, center, factor, strict=True)]
    u = compute([within(one, -1e100, 1e100) for one in compute(scaled)])
    return [f"{one} / sqrt(1e0 + {one} * {one} / 9e0)" for one in u]


def _interpolate(compute: Compute, x: Texts, marks: AnyArray, scores: AnyArray) -> Texts:
    (a,), slopes = x, np.diff(scores) / np.diff(marks)
    cases = [f"WHEN {a} <= {number(marks[0])} THEN {number(scores[0])}"]
    for low, high, score, slope in zip(marks, marks[1:], scores, slopes, strict=False):
        cases.append(
            f"WHEN {a} < {number(high)} THEN {number(slope)} * ({a} - {number(low)}) + {number(score)}"
        )
    return [f"CASE {' '.join(cases)} WHEN {a} >= {number(marks[-1])} THEN {number(scores[-1])} END"]


def _pieces(
    compute: Compute, x: Texts, begins: AnyArray, widths: AnyArray, low: AnyArray, high: AnyArray
) -> Texts:
    u = compute([f"({a} - {number(b)}) / {number(w)}" for a, b, w in zip(x, begins, widths, strict=True)])
    return [f"{within(a, *ends)} - 0.5e0" for a, *ends in zip(u, low, high, strict=True)]


def _weighted(x: Iterable[str], weights: AnyArray, bias: Sequence[float] = ()) -> str:
    return total([*map(number, bias), *(f"{a} * {number(w)}" for a, w in zip(x, weights, strict=True))])


def _linear(compute: Compute, x: Texts, W: AnyArray, b: AnyArray) -> Texts:
    return [_weighted(x, weights, [bias]) for weights, bias in zip(W, b, strict=True)]


def _grouped_linear(compute: Compute, x: Texts, V: AnyArray, a: AnyArray) -> Texts:
    groups = np.array(x, object).reshape(len(V), -1)
    rows = [(group, weights) for group, maps in zip(groups, V, strict=True) for weights in maps]
    return [_weighted(group, weights, [bias]) for (group, weights), bias in zip(rows, a, strict=True)]


def _normalize_layer(compute: Compute, x: Texts, epsilon: float) -> Texts:
    (mean,) = compute([f"{total(x)} / {number(len(x))}"])
    u = compute([f"{one} - {mean}" for one in x])
    (deviation,) = compute(
        [f"sqrt({total([f'{one} * {one}' for one in u])} / {number(len(x))} + {number(epsilon)})"]
    )
    return [f"{one} / {deviation}" for one in u]


def _softmax(compute: Compute, x: Texts) -> Texts:
    """1 / Σ e^(xⱼ - xᵢ): no largest x is needed."""
    return [f"1e0 / {total([exponential(f'({other} - {one})') for other in x])}" for one in x]


def _normalize(compute: Compute, x: Texts) -> Texts:
    (whole,) = compute([total(x)])
    return [f"{one} / {whole}" for one in x]


def _pairwise(text: str) -> Callable[..., Texts]:
    """An expression of x and the constants a and b of its column."""

    def written(compute: Compute, x: Texts, a: AnyArray, b: AnyArray | None = None) -> Texts:
        both = zip(x, a, a if b is None else b, strict=True)
        return [text.format(x=one, a=number(first), b=number(second)) for one, first, second in both]

    return lambda compute, x, **constants: written(compute, x, *constants.values())


OPERATIONS: Mapping[str, Callable[..., Texts]] = {
    "take": lambda compute, x, index: [x[at] for at in index],
    "concat": lambda compute, *x: [one for part in x for one in part],
    "standardize": _pairwise("CASE WHEN {x} IS NULL THEN 0e0 ELSE ({x} - {a}) / {b} END"),
    "impute": _pairwise("coalesce({x}, {a})"),
    "affine": _pairwise("{x} * {a} + {b}"),
    "lookup": _lookup,
    "smooth_clip": _smooth_clip,
    "interpolate": _interpolate,
    "pieces": _pieces,
    "linear": _linear,
    "grouped_linear": _grouped_linear,
    "normalize_layer": _normalize_layer,
    "blend": lambda compute, x, y, alpha: [
        f"{a} + {number(w)} * ({b} - {a})" for a, b, w in zip(x, y, alpha, strict=True)
    ],
    **{
        name: lambda compute, x, write=write: [write(one) for one in x] for name, write in ELEMENTWISE.items()
    },
    "gelu": _gelu,
    "softmax": _softmax,
    "cumulative_sum": lambda compute, x: [total(x[: at + 1]) for at in range(len(x))],
    "weighted_sum": lambda compute, *x, weights: [
        _weighted(parts, weights) for parts in zip(*x, strict=True)
    ],
    "normalize": _normalize,
}
"""The operations: what adds a step, the columns of values, constants and settings → expressions."""
