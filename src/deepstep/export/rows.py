"""Rows that an export is tried on: drawn from the stored statistics of the columns, and unusual ones."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.data.text_tables import typed_column
from deepstep.environment import polars
from deepstep.errors import DataError
from deepstep.export.program import RUNTIME, Input, Program
from deepstep.preparation.parsing import days, numbers, truths
from deepstep.types import Array

ROWS = 200
"""Rows of a certificate."""

STORED = 100
"""Rows of a certificate that a run has kept, at most."""

MOST_WRITTEN = 1e15
"""The largest number that is tried as a text."""

LARGE = (1e30, -1e30, 1e6, -1e6, 0.0)
"""Numbers that are tried in place of usual ones."""

INFINITE = [float("inf"), float("-inf")]
"""Numbers of the last two rows, which are refused."""


def _by_column(program: Program) -> dict[str, list[Input]]:
    """The inputs of each raw column; whether there is a value is left to another one."""
    columns: dict[str, list[Input]] = {}
    for source in sorted(program.inputs, key=lambda source: source.kind != "presence"):
        known = columns.setdefault(source.column, [])
        known[:] = [*(other for other in known if other.kind != "presence"), source]
    return columns


def drawn_rows(
    program: Program, seed: int = 0, m: int = ROWS, *, infinite: bool = False
) -> dict[str, list[Any]]:
    """Rows as columns of numbers and texts in JSON's types, None where missing.

    A third of the rows is as in training, a third has a missing, unseen or large value in some columns, and a
    third in most of them. Numbers are float64 and moments have microseconds, as in files of users. Numbers of
    a written format are texts; a column that folds see as several kinds has texts of each. With ``infinite``
    the last two rows have ±∞.
    """
    rng = np.random.default_rng(seed)
    share = np.repeat([0.0, 0.1, 0.7], -(-m // 3))[:m]
    columns: dict[str, list[Any]] = {}
    for name, inputs in _by_column(program).items():
        drawn = [DRAWN[source.kind](rng, source, m) for source in inputs]
        values = drawn[0]
        if len(inputs) > 1:
            values = [str(drawn[row % len(drawn)][row]) for row in range(m)]
        for row in np.flatnonzero(rng.random(m) < share):
            values[row] = _odd(rng, inputs[-1], needs_all=program.needs_all)
        columns[name] = values
        if is_written(inputs):
            columns[name] = [_written(value, inputs[0]) for value in values]
    plain = [name for name, (source, *_) in _by_column(program).items() if source.kind == "number"]
    texts = {name for name in plain if any(isinstance(value, str) for value in columns[name])}
    number = next((name for name in plain if name not in texts), None)
    if infinite and number is not None:
        columns[number][-2:] = INFINITE
    return columns


def is_written(inputs: Sequence[Input]) -> bool:
    """Whether a column holds texts of numbers in a format, such as 45.2%."""
    return len(inputs) == 1 and inputs[0].kind == "number" and bool(inputs[0].settings)


def _written(value: float | None, source: Input) -> str | None:
    """A number as the texts of its column; a large one as a text that is none of them."""
    if value is None or abs(value) > MOST_WRITTEN:
        return None if value is None else "many"
    thousands, decimal = source.settings["thousands"][1:2], source.settings["decimal"]
    text = f"{value:,.2f}".translate(str.maketrans({",": thousands, ".": decimal}))
    return re.sub(r"1\D?234\D5", text, source.settings["example"], count=1)


def stored_rows(
    program: Program, cells: Mapping[str, Sequence[str]], *, decimal_comma: bool = False
) -> dict[str, list[Any]]:
    """At most 100 rows that a run has kept as texts, read as its table, as `drawn_rows` has rows with texts.

    There are none where the run has not kept all columns, or where one cannot be read, as texts of durations.
    """
    if any(source.column not in cells for source in program.inputs):
        return {}
    columns: dict[str, list[Any]] = {}
    for name, inputs in _by_column(program).items():
        columns[name] = [text or None for text in cells[name][:STORED]]
        if len(inputs) == 1 and inputs[0].kind in TYPED and not is_written(inputs):
            try:
                columns[name] = _values(inputs[0], columns[name], decimal_comma=decimal_comma)
            except DataError:
                return {}
    return columns


def _values(source: Input, texts: list[Any], *, decimal_comma: bool) -> list[Any]:
    """Texts of a column as values."""
    read, convert = TYPED[source.kind]
    if source.settings.get("lenient"):
        raw = np.array([RUNTIME.days_of(text, source.settings) for text in texts])
    else:
        series = polars.Series(source.column, texts, polars.String)
        raw = read(typed_column(series, decimal_comma=decimal_comma))
    values = iter(convert(raw[np.isfinite(raw)]))
    return [next(values) if there else None for there in np.isfinite(raw)]


def _odd(rng: np.random.Generator, source: Input, *, needs_all: bool) -> Any:
    """An unseen text, a large number, or a missing value."""
    if source.kind in ("category", "words") and rng.random() < 0.5:
        return str(rng.choice(["", "unseen", " x ", "ÄÖ 9"]))
    if source.kind == "number" and (needs_all or rng.random() < 0.5):
        return float(rng.choice(LARGE))
    return None if not needs_all else 0.0


def _normal(rng: np.random.Generator, source: Input, m: int) -> list[float]:
    mean, std = source.like
    return rng.normal(mean, std, m).tolist()


def _dates(rng: np.random.Generator, source: Input, m: int) -> list[str]:
    return _moments(np.clip(rng.normal(*source.like, m), -700_000, 2_900_000))  # days of the years 53 to 9909


def _moments(since: Array) -> list[str]:
    """Days since 1970 as ISO texts with microseconds."""
    microseconds = np.rint(since * 86_400e6).astype("m8[us]")
    return [str(moment) for moment in np.datetime64("1970-01-01T00:00:00") + microseconds]


TYPED: dict[str, tuple[Callable[[Any], Array], Callable[[Array], list[Any]]]] = {
    "number": (numbers, lambda values: values.tolist()),
    "boolean": (truths, lambda values: (values == 1).tolist()),
    "date": (days, _moments),
}
"""How a column that a run has kept as texts gets its type, by the kind of an input: from the column to
numbers, and from numbers to values."""


def _texts(rng: np.random.Generator, source: Input, m: int) -> list[str]:
    values = source.settings["values"] or ["text"]
    return [values[index] for index in rng.integers(len(values), size=m)]


def _words(rng: np.random.Generator, source: Input, m: int) -> list[str]:
    words = source.settings["words"]
    draws = (rng.integers(len(words), size=rng.integers(1, 6)) for _ in range(m))
    return [", ".join(words[index] for index in draw) for draw in draws]


DRAWN: dict[str, Callable[[np.random.Generator, Input, int], list[Any]]] = {
    "number": _normal,
    "boolean": lambda rng, source, m: (rng.random(m) < 0.5).tolist(),
    "date": _dates,
    "category": _texts,
    "words": _words,
    "presence": lambda rng, source, m: ["text"] * m,
}
"""Usual values by the kind of an input."""


def as_raw(program: Program, rows: Mapping[str, list[Any]]) -> Array:
    """Rows as the numbers of ``raw``, (m, n), NaN where missing: what a format of numbers alone takes."""
    parts = []
    for source in program.inputs:
        reader, settings = RUNTIME.READERS[source.kind], dict(source.settings)
        values = [reader(value, settings) for value in rows[source.column]]
        parts.append(np.reshape(np.array(values, np.float64), (-1, source.width)))
    return np.concatenate(parts, axis=1)
