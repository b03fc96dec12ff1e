"""Rows that an export is tried on: drawn from the stored statistics of the columns, and unusual ones."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.export import numpy_runtime
from deepstep.export.program import Input, Program
from deepstep.types import Array

RUNTIME: Any = numpy_runtime
"""Without types, as it is copied out."""

ROWS = 200
"""Rows of a certificate."""

STORED = 100
"""Rows of a certificate that a run has kept, at most."""

LARGE = (1e30, -1e30, 1e6, -1e6, 0.0)
"""Numbers that are tried in place of usual ones."""

TYPES = {"number": "Float64", "boolean": "Boolean"}
"""Types of polars by the kind of an input, where they are no texts."""


def drawn_rows(program: Program, seed: int = 0, m: int = ROWS) -> dict[str, list[Any]]:
    """Rows as columns of numbers and texts in JSON's types, None where missing.

    A third of the rows is as in training, a third has a missing, unseen or large value in some columns, and a
    third in most of them. All numbers are float32's, so that a format that takes these gets the same ones.
    """
    rng = np.random.default_rng(seed)
    share = np.repeat([0.0, 0.1, 0.7], -(-m // 3))[:m]
    columns: dict[str, list[Any]] = {}
    for one in program.inputs:
        values = DRAWN[one.kind](rng, one, m)
        odd = rng.random(m) < share
        for at in np.flatnonzero(odd):
            values[at] = _odd(rng, one, needs_all=program.needs_all)
        if one.kind == "words" and one.column in columns:  # a text of words is a category, too
            values = [
                old if at % 2 else new
                for at, (old, new) in enumerate(zip(columns[one.column], values, strict=True))
            ]
        columns[one.column] = values
    return columns


def stored_rows(program: Program, cells: Mapping[str, Sequence[str]]) -> dict[str, list[Any]]:
    """At most 100 rows that a run has kept as texts, as `drawn_rows` has rows.

    There are none where the run has not kept all columns, or where spans of time are among them.
    """
    if any(one.column not in cells or one.kind == "duration" for one in program.inputs):
        return {}
    found: dict[str, list[Any]] = {}
    for one in program.inputs:
        values: list[Any] = [text or None for text in cells[one.column][:STORED]]
        if one.kind in ("number", "boolean", "date"):
            read = np.array([RUNTIME.READERS[one.kind](value, one.settings) for value in values])
            known = np.isfinite(read)
            kept = (
                _moments(read[known])
                if one.kind == "date"
                else np.float32(read[known]).astype(float).tolist()
            )
            texts = iter(kept)
            values = [next(texts) if there else None for there in known]
        if one.kind == "boolean":
            values = [None if value is None else bool(value) for value in values]
        found[one.column] = values
    return found


def _odd(rng: np.random.Generator, one: Input, *, needs_all: bool) -> Any:
    if one.kind in ("category", "words") and rng.random() < 0.5:
        return str(rng.choice(["", "unseen", " x ", "ÄÖ 9"]))
    if one.kind == "number" and (needs_all or rng.random() < 0.5):
        return float(np.float32(rng.choice(LARGE)))
    return None if not needs_all else 0.0


def _normal(rng: np.random.Generator, one: Input, m: int) -> list[float]:
    mean, std = one.like
    return np.float32(rng.normal(mean, std, m)).astype(float).tolist()


def _dates(rng: np.random.Generator, one: Input, m: int) -> list[str]:
    return _moments(np.clip(rng.normal(*one.like, m), -700_000, 2_900_000))


def _moments(days: Array) -> list[str]:
    """The nearest quarters of days, which float32 has, as ISO texts."""
    quarters = np.rint(4 * days).astype(int) * np.timedelta64(6, "h")
    return [str(moment) for moment in np.datetime64("1970-01-01T00:00:00") + quarters]


def _texts(rng: np.random.Generator, one: Input, m: int) -> list[str]:
    values = one.settings["values"] or ["text"]
    return [values[at] for at in rng.integers(len(values), size=m)]


def _words(rng: np.random.Generator, one: Input, m: int) -> list[str]:
    words = one.settings["words"]
    return [
        ", ".join(words[at] for at in rng.integers(len(words), size=rng.integers(1, 6))) for _ in range(m)
    ]


DRAWN: dict[str, Callable[[np.random.Generator, Input, int], list[Any]]] = {
    "number": _normal,
    "boolean": lambda rng, one, m: (rng.random(m) < 0.5).tolist(),
    "date": _dates,
    "duration": lambda rng, one, m: np.float32(np.rint(_normal(rng, one, m))).astype(float).tolist(),
    "category": _texts,
    "words": _words,
    "presence": lambda rng, one, m: ["text"] * m,
}
"""Usual values by the kind of an input."""


def as_raw(program: Program, rows: Mapping[str, list[Any]]) -> Array:
    """Rows as the numbers of ``raw``, (m, n), NaN where missing: what a format of numbers alone takes."""
    return RUNTIME.read(json.loads(program.to_json()), rows)
