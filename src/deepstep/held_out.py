"""Rows that a run keeps with its predictions: those held out in training, from which a report is made."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.text_formats import json_values
from deepstep.errors import DataError, FileError
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.run_folder import DIVERGED
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array, is_whole

if TYPE_CHECKING:
    import polars

    from deepstep.run import Run

NAME = "held_out.safetensors"

MOST_ROWS = 10_000
"""Rows that are kept, evenly spread over all."""

MOST_COLUMNS, LONGEST = 12, 60
"""Columns of a table that are kept beside the targets, and characters of a cell."""

MOST_FEATURES = 8
"""Features of a training row that are shown: the largest ones."""

DESCRIPTIONS = {
    "test": "These are {rows} that were held out for the test: nothing was learned from them.",
    "validation": "These are {rows} that were validated on: no step was made by them, but they may have "
    "decided when the training ended.",
    "out_of_fold": "No rows were held out for the test: these are {rows}, each predicted by the members that "
    "did not learn from it.",
    "train": "No rows were held out: these are {rows} that were learned from, so predictions for new rows "
    "are worse.",
    "data": "These are {rows}.",
    "kept": "These are {rows} that the run keeps, as the network sees them. Predictions for new rows are "
    "worse. deepstep report RUN --data FILE shows the predictions for a table of your choice.",
}
"""A sentence about the rows of each part; the first of "test", "validation", … that there is, is kept."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows with their true values and the outputs of a run.

    part: A key of ``DESCRIPTIONS``.
    source: Where the rows come from, for people.
    total: How many rows the part has, of which these are at most 10,000, evenly spread.
    numbers (k,): Numbers of the rows in the source, from 1.
    outputs (k, n_outputs): Of the run; NaN where those of a training that diverged overflow.
    answers (k,) or (k, n_targets): Positions of classes, or numbers.
    cells: The columns that are shown, as texts.
    written: The true values as they are written, by the name of the target.
    left_out: How many columns are not kept.
    weight (k,): Sample weights; None for equal ones.
    pictures (k, height, width, channels): Instead of cells.
    """

    part: str
    source: str
    total: int
    numbers: AnyArray
    outputs: Array
    answers: AnyArray
    cells: Mapping[str, Sequence[str]]
    written: Mapping[str, Sequence[str]]
    left_out: int = 0
    weight: Array | None = None
    pictures: AnyArray | None = None

    @classmethod
    def of(
        cls,
        run: "Run",
        raw: "polars.DataFrame | AnyArray",
        labels: Any,
        *,
        part: str,
        source: str,
        numbers: AnyArray | None = None,
        cells: "polars.DataFrame | None" = None,
        outputs: Array | None = None,
        weight: Array | None = None,
    ) -> "HeldOut":
        """The rows with the outputs of a run, at most 10,000 of them.

        raw (polars.DataFrame or array): The rows, as in `Run.outputs`.
        labels (array-like (m,), for several targets a table): True values.
        part: "test", "validation", "out_of_fold", "train" or "data".
        source: Where the rows come from, for people: the name of a file.
        numbers (array of shape (m,), int): Numbers of the rows in their source, from 1; default: 1, 2, ….
        cells (polars.DataFrame): The same rows as they are written in the file; default: ``raw``.
        outputs (m, n_outputs): The run's, where they are known; default: `Run.outputs`.
        weight (m,): Sample weights.
        DataError, ShapeError: If the rows do not fit the run.
        """
        target, m = run.preparation.target, len(raw)
        kept = evenly_spread(m, MOST_ROWS)
        labels = chosen(target, labels, kept)
        raw = raw[kept] if len(kept) < m else raw
        found = _or_nan(run, len(raw), lambda: run.outputs(raw)) if outputs is None else outputs[kept]
        answers, weight = target.values(labels), None if weight is None else weight[kept]
        rows = kept + 1 if numbers is None else np.asarray(numbers)[kept]
        if isinstance(raw, np.ndarray):
            return cls(part, source, m, rows, found, answers, {}, {}, pictures=_as_pictures(run, raw))
        frame = raw if cells is None else cells[kept] if len(kept) < m else cells
        names, left_out = _shown(run, frame)
        shown = {name: _texts(frame[name]) for name in names}
        written = {name: _texts(frame[name]) for name in run.target_names if name in frame.columns}
        return cls(part, source, m, rows, found, answers, shown, written, left_out, weight)

    @classmethod
    def kept_by(cls, run: "Run") -> "HeldOut":
        """The training rows that the run keeps, at most 16; of a run that keeps none, no rows."""
        target = run.preparation.target
        if run.examples is None:
            nothing = np.empty((0, target.n_outputs))
            return cls("kept", "", 0, np.arange(0), nothing, target.decide(nothing), {}, {})
        (X, *_), Y = features, _ = run.examples
        outputs = _or_nan(run, len(Y), lambda: run.ensemble.outputs_of(features))
        first, numbers = run.ensemble.preprocessors[0].preparation, np.arange(1, len(X) + 1)
        inputs = run.preparation.inputs
        answers = target.decide(Y)
        if isinstance(inputs, ImagePreparation):
            pictures = _as_pictures(run, X)
            return cls("kept", "", len(X), numbers, outputs, answers, {}, {}, pictures=pictures)
        names = (first or inputs).feature_names

        def largest(row: Array) -> str:
            at = sorted(np.argsort(-np.abs(row), kind="stable")[:MOST_FEATURES])
            return ", ".join(f"{_short(names[feature])}={row[feature]:.4g}" for feature in at)

        return cls("kept", "", len(X), numbers, outputs, answers, {"input": [*map(largest, X)]}, {})

    @property
    def finite(self) -> bool:
        """Whether all outputs are finite, as those of a training that diverged may not be."""
        return bool(np.isfinite(self.outputs).all())

    @property
    def description(self) -> str:
        """Sentences about the rows."""
        k, what = len(self.outputs), "rows" if self.pictures is None else "pictures"
        if self.part == "kept":
            return DESCRIPTIONS["kept"].format(rows=f"the {k} training {what}")
        rows = (
            f"the {k:,} {what}" if k == self.total else f"{k:,} of the {self.total:,} {what}, evenly spread,"
        )
        text = DESCRIPTIONS[self.part].format(rows=f"{rows} of {self.source}")
        if self.source.endswith((".csv", ".tsv")) and self.part != "data":
            text += " They are counted from 1, below the header."
        if self.left_out:
            text += f" {len(self.cells)} of their {len(self.cells) + self.left_out} columns are shown."
        return text

    def write(self, folder: Path) -> list[str]:
        """Write the file into the folder of a run; its name."""
        texts = {
            "part": self.part,
            "source": self.source,
            "total": self.total,
            "left_out": self.left_out,
            "cells": {name: [*column] for name, column in self.cells.items()},
            "written": {name: [*column] for name, column in self.written.items()},
        }
        arrays = {"numbers": self.numbers, "outputs": self.outputs, "answers": self.answers}
        arrays["texts"] = np.frombuffer(json.dumps(texts, ensure_ascii=False).encode(), np.uint8)
        others = {"weight": self.weight, "pictures": self.pictures}
        arrays |= {name: array for name, array in others.items() if array is not None}
        write_arrays(folder / NAME, arrays, {})
        return [NAME]

    @classmethod
    def read(cls, folder: Path, run: "Run") -> "HeldOut":
        """The data that `write` wrote into the folder of a run."""
        path = folder / NAME
        _, arrays = read_arrays(path, "the rows of a run that were held out")
        try:
            texts = json_values(arrays.pop("texts").astype(np.uint8).tobytes())
            given: dict[str, Any] = {**texts, **arrays}
            found = cls(**given)
            _check(found, run)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
            got = f"it cannot be used ({error!s:.300})"
            raise FileError(
                str(path), "the file as it was saved", got, "Restore it, or train again."
            ) from None
        return found


def chosen(target: Targets, labels: Any, rows: AnyArray) -> Any:
    """The true values of some rows, from an array or a list; of several targets as a table."""
    from deepstep.environment import polars

    found = labels[rows] if hasattr(labels, "shape") else [labels[row] for row in rows]
    is_table = isinstance(found, np.ndarray) and found.ndim == 2
    return polars.DataFrame(found, schema=list(target.names)) if is_table else found


def _or_nan(run: "Run", m: int, compute: Callable[[], Array]) -> Array:
    """The outputs for m rows; NaN if those of a training that diverged overflow."""
    if DIVERGED not in run.config:
        return compute()
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            return compute()
        except DataError:
            return np.full((m, run.preparation.target.n_outputs), np.nan)


def _check(found: HeldOut, run: "Run") -> None:
    """Refuse rows of another run."""
    target, k = run.preparation.target, len(found.numbers)
    of_targets = (k, target.n_columns) if target.several else (k,)
    expected = {"numbers": ("iu", (k,)), "outputs": ("f", (k, target.n_outputs)), "weight": ("f", (k,))}
    expected["answers"] = ("i" if target.is_classes else "f", of_targets)
    for name, (kind, shape) in expected.items():
        array = getattr(found, name)
        if array is not None and (array.dtype.kind not in kind or array.shape != shape):
            raise ValueError(f"{name} are {array.dtype} {array.shape}")
    answers = found.answers.reshape(k, -1)
    if not np.isfinite(answers).all() or (target.is_classes and answers.min(initial=0) < 0):
        raise ValueError("answers are finite numbers, or positions of classes")
    if any((column >= len(one)).any() for column, one in zip(answers.T, target.labels, strict=False)):
        raise ValueError("answers are positions of classes")
    if found.part not in DESCRIPTIONS or not is_whole(found.total, k) or not is_whole(found.left_out, 0):
        raise ValueError("there is no such part")
    columns = [*found.cells.values(), *found.written.values(), [found.source] * k]
    texts = all(isinstance(cell, str) for column in columns for cell in column)
    if not texts or {len(column) for column in columns} != {k}:
        raise ValueError("cells are texts of all rows")
    if found.pictures is not None and len(found.pictures) != k:
        raise ValueError("pictures of all rows are expected")


def _as_pictures(run: "Run", raw: AnyArray) -> AnyArray:
    """Pictures (k, height, width, channels) of their own range."""
    inputs = run.preparation.inputs
    if not isinstance(inputs, ImagePreparation):
        raise DataError("HeldOut", "a table, as in training", f"got an array of shape {raw.shape}")
    return raw.reshape(len(raw), inputs.height, inputs.width, inputs.channels)


def _shown(run: "Run", frame: "polars.DataFrame") -> tuple[list[str], int]:
    """The columns of a table that are shown, inputs first, and the number of others."""
    names = [name for name in frame.columns if name not in run.target_names]
    inputs = run.preparation.inputs
    used: set[str] = set()
    if isinstance(inputs, TablePreparation):
        used = {column.name for column in inputs.columns if column.feature_names}
    kept = set(sorted(names, key=lambda name: name not in used)[:MOST_COLUMNS])
    return [name for name in names if name in kept], len(names) - len(kept)


def _texts(column: "polars.Series") -> list[str]:
    return ["" if value is None else _short(str(value)) for value in column]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
