"""The intermediate form of an export: a program, a list of plain operations on the rows of one batch.

A value is an array (m, n) of m rows by its name; ``raw`` holds the raw columns as numbers, NaN where missing.
Constants are arrays by name. `numpy_runtime.OPERATIONS` defines the operations; a format writes each.
"""

import hashlib
import json
from codecs import lookup
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.data import text_tables
from deepstep.data.tables import usual_separator
from deepstep.export import numpy_runtime
from deepstep.types import AnyArray

WITH_COMMA = {"number": text_tables.WITH_COMMA, "thousands": f"[{text_tables.GROUPS}]", "decimal": ","}
"""How a plain number with a decimal comma is read, as the settings of an input."""

RAW = "raw"
"""The name of the raw columns, (m, n)."""

RUNTIME: Any = numpy_runtime
"""Without types, as it is copied out; its `OPERATIONS` define every operation."""

MEANINGS = {
    "number": "a number",
    "boolean": "0 or 1",
    "date": "days since 1970-01-01 (a time of day: since midnight)",
    "presence": "any number where there is a value",
}
"""Kinds of inputs as numbers of ``raw``, beside those of texts."""


@dataclass(frozen=True)
class Input:
    """How a raw column becomes numbers, columns ``start`` to ``start + width`` of ``raw``.

    kind: Of the number, one of ``MEANINGS``; ``category``, the place of a text among ``values``, their number
        where it is none of them; or ``words``, for each of ``words`` 1 where the text has it, else 0.
    settings: How texts are read, plain digits alone without any.
    like: Mean and deviation of the training rows.
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
    factors: What probabilities of classes are multiplied by before the largest decides; empty for 1.
    header: The columns of a table of predictions, as ``deepstep predict`` names them.
    point: The column that is the prediction, of several quantiles; else empty.
    """

    kind: str
    names: tuple[str, ...]
    classes: tuple[Any, ...] = ()
    factors: tuple[float, ...] = ()
    header: tuple[str, ...] = ()
    point: tuple[int, ...] = ()


class Written(NamedTuple):
    """How text tables are written.

    unnamed: The names of columns of a table without a header, with the target and without; empty with one.
    """

    separator: str = ","
    decimal: str = "."
    encoding: str = text_tables.WINDOWS
    unnamed: tuple[list[str], ...] = ()

    @classmethod
    def of(
        cls, source: Path, usual: text_tables.TextFormat, unnamed: tuple[list[str], ...] = ()
    ) -> "Written":
        """As the table of training; an encoding beside UTF-8, in which tables are read anyway."""
        encoding = usual.encoding if usual.encoding not in (None, text_tables.UTF_8) else text_tables.WINDOWS
        sep = usual.sep or usual_separator(source) or ","
        return cls(sep, usual.decimal or ".", lookup(encoding).name, unnamed)


USUAL = Written()


@dataclass(frozen=True, eq=False)
class Program:
    """From raw rows to outputs in terms of the target.

    columns: Names of the columns in their order, those that are not read among them.
    needs_all: Whether a missing number is refused.
    """

    columns: tuple[str, ...]
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    constants: Mapping[str, AnyArray]
    output: str
    result: Result
    needs_all: bool = False
    title: str = ""
    written: Written = USUAL

    @property
    def n_raw(self) -> int:
        """Columns of ``raw``."""
        return sum(source.width for source in self.inputs)

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
            "inputs": [{**vars(source), "settings": dict(source.settings)} for source in self.inputs],
            "steps": self.steps,
            "output": self.output,
            "result": self.result._asdict(),
            "needs_all": self.needs_all,
            "separator": self.written.separator,
            "encoding": self.written.encoding,
            "unnamed": self.written.unnamed,
            "comma": WITH_COMMA if self.written.decimal == "," else {},
        }
        return json.dumps(record, ensure_ascii=False, allow_nan=False)


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
        options = dict(settings or {})
        key = (op, reads, tuple(names.items()), tuple(options.items()))
        if key not in self._known:
            no_rows = [np.empty((0, self.widths[name])) for name in reads]  # the operation itself says n
            n = RUNTIME.OPERATIONS[op](*no_rows, **arrays, **options).shape[1]
            out = self._known[key] = f"v{len(self.steps)}"
            self.steps.append(Step(op, out, n, reads, names, options))
            self.widths[out] = n
        return self._known[key]

    def take(self, value: str, index: Any) -> str:
        """Columns of a value; the value itself where they are all in their order."""
        index = np.asarray(index, np.int64)
        is_all = np.array_equal(index, np.arange(self.widths[value]))
        return value if is_all else self.add("take", value, index=index)

    def concat(self, *values: str) -> str:
        """Values side by side; one alone is itself."""
        return values[0] if len(values) == 1 else self.add("concat", *values)

    def affine(self, value: str, scale: Any, shift: Any = 0.0) -> str:
        """A value times a scale and with a shift, of all columns or of each."""
        n = self.widths[value]
        return self.add("affine", value, scale=np.resize(scale, n), shift=np.resize(shift, n))

    def warmed(self, P: str, T: float, *, each: bool = False) -> str:
        """Probabilities at a temperature: of classes, or ``each`` by itself."""
        logits = self.affine(self.add("logarithm", P), 1 / T)
        if not each:
            return self.add("softmax", logits)
        others = self.affine(self.add("logarithm", self.affine(P, -1.0, 1.0)), -1 / T)
        return self.add("sigmoid", self.weighted_sum([logits, others], [1.0, 1.0]))

    def weighted_sum(self, values: Sequence[str], weights: Sequence[float], divisor: float = 1.0) -> str:
        """The sum of values times weights, from the first to the last, divided by a number."""
        settings = {"divisor": divisor}
        return self.add("weighted_sum", *values, settings=settings, weights=np.array(weights))

    def weighted_mean(self, values: Sequence[str], weights: Sequence[float]) -> str:
        """Both sums have the same order, so that the mean of numbers up to 1 is at most 1."""
        return self.weighted_sum(values, weights, divisor=reduce(add, weights))

    def class_probabilities(self, P: str) -> str:
        """The probability of each class 1 - P₁, P₁ - P₂, …, Pₙ, of those that it is a later one."""
        n = self.widths[P]
        k = np.arange(n + 1)  # the classes: P₀ = 1 before the first, Pₙ₊₁ = 0 after the last
        before = self.affine(self.take(P, np.maximum(k - 1, 0)), 1.0 * (k > 0), 1.0 * (k == 0))
        after = self.affine(self.take(P, np.minimum(k, n - 1)), 1.0 * (k < n))
        falls = self.weighted_sum([before, after], [1.0, -1.0])
        return falls if n == 1 else self.add("relu", falls)  # rounding can make P₂ larger than an equal P₁

    def steps_of(self, output: str) -> tuple[tuple[Step, ...], dict[str, AnyArray]]:
        """The steps that an output needs, and their constants."""
        needed, steps = {output}, list[Step]()
        for step in reversed(self.steps):
            if step.out in needed:
                needed.update(step.reads)
                steps.insert(0, step)
        used = {name for step in steps for name in step.constants.values()}
        return tuple(steps), {name: value for name, value in self.constants.items() if name in used}

    def _constant(self, value: AnyArray) -> str:
        value = np.ascontiguousarray(value)
        key = value.dtype.str, value.shape, hashlib.blake2b(value.tobytes()).digest()
        if key not in self._known:
            self._known[key] = name = f"c{len(self.constants)}"
            self.constants[name] = value
        return self._known[key]
