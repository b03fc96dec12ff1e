"""The intermediate form of an export: a program, a list of plain operations on the rows of one batch.

A value is an array (m, n) of m rows by its name; ``raw`` holds the raw columns as numbers, NaN where missing.
Constants are arrays by name. `OPERATIONS` has every operation; a format writes each of them.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from deepstep.data import dialect
from deepstep.types import AnyArray

WITH_COMMA = {"number": dialect.WITH_COMMA, "thousands": f"[{dialect.GROUPS}]", "decimal": ","}
"""How a plain number with a decimal comma is read, as the settings of an input."""

RAW = "raw"
"""The name of the raw columns, (m, n)."""

ERFCX = (
    1.2375126308378273,
    -0.1402405985855442,
    0.003585415485484675,
    0.08227673848992881,
    -0.10880393014265763,
    0.09230432116576968,
    -0.05869339857382462,
    0.028362277356458368,
    -0.009746579700438303,
    0.0017556262560459975,
    0.00029371442880142664,
    -0.00029015566988549284,
    5.1646475171430984e-05,
    2.238826117341507e-05,
    -1.1438128926008895e-05,
    -9.80224190827812e-07,
    1.742304980307723e-06,
    -5.003060683341075e-08,
    -2.4898245644983443e-07,
    1.8405974638151848e-08,
    3.222462797808396e-08,
    -1.8773665796644573e-09,
    -2.6808352808104137e-09,
)
"""Coefficients of (1 + 2z)·e^(z²)·erfc(z) by powers of (z - 3.75) / (z + 3.75), for z from 0 on."""

Width = Callable[[list[int], Mapping[str, AnyArray]], int]


class Operation(NamedTuple):
    """An operation: its meaning, row by row, and how many columns it gives."""

    meaning: str
    width: Width = lambda reads, constants: reads[0]


ELEMENTWISE = {
    "relu": "max(0, x)",
    "leaky_relu": "x, or 0.01·x below 0",
    "elu": "x, or e^x - 1 below 0",
    "selu": "1.0507009873554805·x, or 1.7580993408473766·(e^x - 1) below 0",
    "gelu": "x·Φ(x)",
    "gelu_tanh": "x·σ(2·√(2/π)·(x + 0.044715·x³))",
    "silu": "x·σ(x)",
    "mish": "x·tanh(softplus(x))",
    "softplus": "log(1 + e^x)",
    "tanh": "tanh(x)",
    "sigmoid": "1 / (1 + e^-x)",
    "identity": "x",
    "exponential": "e^x",
    "cosine": "cos(x)",
}
"""Operations on each number by itself."""

OPERATIONS: dict[str, Operation] = {
    "take": Operation("columns x[:, index]", lambda reads, constants: len(constants["index"])),
    "concat": Operation("the values side by side", lambda reads, constants: sum(reads)),
    "standardize": Operation("(x - mean) / std, 0 where x is NaN"),
    "missing": Operation("1 where x is NaN, else 0"),
    "impute": Operation("value where x is NaN, else x"),
    "month": Operation("sine and cosine of the month of days since 1970-01-01, 0 where NaN", lambda *_: 2),
    "weekday": Operation("the same of the day of the week, Monday first", lambda *_: 2),
    "hour": Operation("the same of the hour of the day", lambda *_: 2),
    "lookup": Operation(
        "row rint(x) of a table of k + 2 rows: row k where it is none of the k first, row k + 1 where NaN",
        lambda reads, constants: constants["table"].shape[1],
    ),
    "smooth_clip": Operation("u / √(1 + (u/3)²), u = (x - center)·factor, within ±1e100"),
    "interpolate": Operation("linear between (marks, scores), constant beyond; x has one column"),
    "pieces": Operation("(x - begins) / widths, within low and high, - ½"),
    "single": Operation("x rounded to float32"),
    "linear": Operation("x·Wᵀ + b", lambda reads, constants: len(constants["W"])),
    "grouped_linear": Operation(
        "for c groups of K columns: Σₖ V[c, d, k]·x[c·K + k] + a[c·D + d]",
        lambda reads, constants: len(constants["a"]),
    ),
    "affine": Operation("x·scale + shift"),
    "normalize_layer": Operation("(x - mean) / √(variance + epsilon) over the columns of each row"),
    "blend": Operation("(1 - alpha)·x + alpha·y of two values"),
    **{name: Operation(meaning) for name, meaning in ELEMENTWISE.items()},
    "softmax": Operation("e^x / Σ e^x over the columns"),
    "increasing": Operation("sums of x₁, softplus(x₂), softplus(x₃), … from the left"),
    "ordinal": Operation("σ of sums of x₁, -softplus(x₂), -softplus(x₃), … from the left"),
    "weighted_sum": Operation("Σ weights[i]·xᵢ of several values"),
    "temperature": Operation("softmax(log(max(x, 1e-12)) / T) over the columns"),
    "temperature_each": Operation("of each number by itself, the second of temperature(1 - x, x)"),
    "ordinal_probabilities": Operation(
        "1 - x₁, x₁ - x₂, …, xₙ: from P(y > k) the probability of each class",
        lambda reads, constants: reads[0] + 1,
    ),
    "normalize": Operation("x / Σ x over the columns"),
}
"""All operations by name."""


@dataclass(frozen=True)
class Input:
    """How a raw column becomes numbers, columns ``start`` to ``start + width`` of ``raw``.

    ========= ================================================================================
    kind      number
    ========= ================================================================================
    number    itself; a text is read by the settings, without them as plain digits alone
    boolean   0 or 1
    date      days since 1970-01-01, in UTC; a time of day: since midnight
    duration  seconds
    category  its place among ``values``, their number where it is none of them
    words     for each of ``words`` 1 where the text has it, else 0
    presence  0 where there is a value
    ========= ================================================================================

    ``like`` are mean and deviation of the training rows.
    """

    column: str
    kind: str
    start: int
    width: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    like: tuple[float, float] = (0.0, 1.0)


class Step(NamedTuple):
    """An operation of a program: values it reads, constants by their role, the value (m, n) it makes."""

    op: str
    out: str
    n: int
    reads: tuple[str, ...]
    constants: Mapping[str, str]
    settings: Mapping[str, Any]


class Result(NamedTuple):
    """The meaning of the last value.

    kind: "classes", probabilities of ``classes``; "labels", a probability for each of several yes or no
        answers; or "numbers".
    names: A name for each column.
    """

    kind: str
    names: tuple[str, ...]
    classes: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class Program:
    """From raw rows to outputs in terms of the target.

    columns: Names of the columns in their order, those that are not read among them.
    needs_all: Whether a missing number is refused.
    written: Separator and decimal sign of text tables.
    """

    columns: tuple[str, ...]
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    constants: Mapping[str, AnyArray]
    output: str
    result: Result
    needs_all: bool = False
    title: str = ""
    written: tuple[str, str] = (",", ".")

    @property
    def n_raw(self) -> int:
        """Columns of ``raw``."""
        return sum(one.width for one in self.inputs)

    @property
    def widths(self) -> dict[str, int]:
        """Columns of each value."""
        return {RAW: self.n_raw, **{step.out: step.n for step in self.steps}}

    @property
    def n_numbers(self) -> int:
        """How many numbers the constants hold."""
        return sum(value.size for value in self.constants.values())

    def arrays(self, step: Step) -> dict[str, AnyArray]:
        """The constants of a step by their role."""
        return {role: self.constants[name] for role, name in step.constants.items()}

    def to_json(self) -> str:
        """All but the constants."""
        record = {
            "columns": self.columns,
            "inputs": [{**vars(one), "settings": dict(one.settings)} for one in self.inputs],
            "steps": [
                [one.op, one.out, one.reads, dict(one.constants), dict(one.settings)] for one in self.steps
            ],
            "output": self.output,
            "result": self.result._asdict(),
            "needs_all": self.needs_all,
            "separator": self.written[0],
            "comma": WITH_COMMA if self.written[1] == "," else {},
        }
        return json.dumps(record, ensure_ascii=False, allow_nan=False)


def free_texts(program: Program, column: str) -> tuple[str, str]:
    """A missing value, the empty text where that is no category, and a text that is none."""
    taken = {
        text for one in program.inputs if one.column == column for text in one.settings.get("values", ())
    }
    free = (text for n in count() if (text := "?" * n) not in taken)
    return next(free), next(free)


class Builder:
    """Collects steps and constants; the same step or constant stands once."""

    def __init__(self, n_raw: int) -> None:
        self.steps: list[Step] = []
        self.constants: dict[str, AnyArray] = {}
        self.widths = {RAW: n_raw}
        self._known: dict[Any, str] = {}

    def add(self, op: str, *reads: str, settings: Mapping[str, Any] | None = None, **constants: Any) -> str:
        """The value that an operation makes."""
        arrays = {role: np.asarray(value) for role, value in constants.items()}
        names = {role: self._constant(value) for role, value in arrays.items()}
        given = dict(settings or {})
        key = (op, reads, tuple(names.items()), tuple(given.items()))
        if key not in self._known:
            n = OPERATIONS[op].width([self.widths[name] for name in reads], arrays)
            out = self._known[key] = f"v{len(self.steps)}"
            self.steps.append(Step(op, out, n, reads, names, given))
            self.widths[out] = n
        return self._known[key]

    def take(self, value: str, index: Any) -> str:
        """Columns of a value; the value itself where they are all in their order."""
        index = np.asarray(index, np.int64)
        whole = np.array_equal(index, np.arange(self.widths[value]))
        return value if whole else self.add("take", value, index=index)

    def concat(self, *values: str) -> str:
        """Values side by side; one alone is itself."""
        return values[0] if len(values) == 1 else self.add("concat", *values)

    def _constant(self, value: AnyArray) -> str:
        value = np.ascontiguousarray(value)
        key = value.dtype.str, value.shape, hashlib.blake2b(value.tobytes()).digest()
        if key not in self._known:
            self._known[key] = name = f"c{len(self.constants)}"
            self.constants[name] = value
        return self._known[key]
