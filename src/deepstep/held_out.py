"""Rows that a run keeps with its predictions: those held out in training, from which a report is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.environment import polars
from deepstep.errors import DataError
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from deepstep.run import Run

MOST_ROWS = 10_000
"""Rows that are kept, evenly spread over all."""

MOST_COLUMNS = 12
"""Columns that a page shows beside the targets; so many are always kept."""

MOST_CHARACTERS, LONGEST = 2_000_000, 60
"""Characters of all cells that are kept, as ``run.json`` holds them, and of one of them."""

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
    cells: The columns that are kept, as texts: all of them, of a large table the first ones that are used.
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
        m = len(raw)
        indices = evenly_spread(m, MOST_ROWS)
        labels = chosen(run.targets, labels, indices)
        if len(indices) < m:
            raw = raw[indices]
            cells = None if cells is None else cells[indices]
        outputs = _or_nan(run, len(raw), lambda: run.outputs(raw)) if outputs is None else outputs[indices]
        answers = run.targets.values(labels)
        weight = None if weight is None else weight[indices]
        rows = indices + 1 if numbers is None else np.asarray(numbers)[indices]
        if isinstance(raw, np.ndarray):
            return cls(part, source, m, rows, outputs, answers, {}, {}, pictures=_as_pictures(run, raw))
        frame = raw if cells is None else cells
        texts, left_out = _cells(run, frame)
        written = {name: _texts(frame[name]) for name in run.target_names if name in frame.columns}
        return cls(part, source, m, rows, outputs, answers, texts, written, left_out, weight)

    @classmethod
    def kept_by(cls, run: "Run") -> "HeldOut":
        """The training rows that the run keeps, at most 16; of a run that keeps none, no rows."""
        target = run.targets
        if run.examples is None:
            nothing = np.empty((0, target.n_outputs))
            return cls("kept", "", 0, np.arange(0), nothing, target.decide(nothing), {}, {})
        features, Y = run.examples.features, run.examples.Y
        X = features[0]
        outputs = _or_nan(run, len(Y), lambda: run.ensemble.outputs_of_features(features))
        numbers = np.arange(1, len(X) + 1)
        inputs = run.predictor.preparation
        answers = target.decide(Y)
        if isinstance(inputs, ImagePreparation):
            pictures = _as_pictures(run, X)
            return cls("kept", "", len(X), numbers, outputs, answers, {}, {}, pictures=pictures)
        names = inputs.feature_names

        def largest(row: Array) -> str:
            features = sorted(np.argsort(-np.abs(row), kind="stable")[:MOST_FEATURES])
            return ", ".join(f"{_short(names[feature])}={row[feature]:.4g}" for feature in features)

        return cls("kept", "", len(X), numbers, outputs, answers, {"input": [*map(largest, X)]}, {})

    @property
    def finite(self) -> bool:
        """Whether all outputs are finite, as those of a training that diverged may not be."""
        return bool(np.isfinite(self.outputs).all())

    @property
    def description(self) -> str:
        """Sentences about the rows."""
        k = len(self.outputs)
        what = "rows" if self.pictures is None else "pictures"
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

    @property
    def fault(self) -> str:
        """The condition that stored rows do not meet; empty for valid ones."""
        k = len(self.numbers)
        if self.part not in DESCRIPTIONS or self.total < k or self.left_out < 0:
            return "rows of a part"
        columns = [*self.cells.values(), *self.written.values()]
        if any(len(column) != k for column in columns) or len(self.outputs) != k or len(self.answers) != k:
            return "values of all rows"
        others = (self.weight, self.pictures)
        return "" if all(array is None or len(array) == k for array in others) else "values of all rows"

    def fault_for(self, targets: Targets) -> str:
        """The condition on rows of a model with these targets that is not met; empty where all are."""
        k = len(self.numbers)
        shape = (k, targets.n_columns) if targets.several else (k,)
        if self.outputs.shape != (k, targets.n_outputs) or self.answers.shape != shape:
            return "outputs and true values of the targets"
        answers = self.answers.reshape(k, -1)
        if not np.isfinite(answers).all():
            return "answers that are finite"
        sizes = [len(labels) for labels in targets.labels]
        if targets.is_classes and not ((answers >= 0) & (answers < sizes)).all():
            return "answers that are positions of classes"
        return ""


def chosen(target: Targets, labels: Any, rows: AnyArray) -> Any:
    """The true values of some rows, from an array or a list; of several targets as a table."""
    values = labels[rows] if hasattr(labels, "shape") else [labels[row] for row in rows]
    is_table = target.several and isinstance(values, np.ndarray) and values.ndim == 2
    return polars.DataFrame(values, schema=list(target.names)) if is_table else values


def _or_nan(run: "Run", m: int, compute: Callable[[], Array]) -> Array:
    """The outputs for m rows; NaN if those of a training that diverged overflow."""
    if "diverged" not in run.config:
        return compute()
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            return compute()
        except DataError:
            return np.full((m, run.targets.n_outputs), np.nan)


def _as_pictures(run: "Run", raw: AnyArray) -> AnyArray:
    """Pictures (k, height, width, channels) of their own range."""
    inputs = run.predictor.preparation
    if not isinstance(inputs, ImagePreparation):
        raise DataError.must_be("The rows", "a table, as in training", f"an array of shape {raw.shape}")
    return raw.reshape(len(raw), inputs.height, inputs.width, inputs.channels)


def _cells(run: "Run", frame: "polars.DataFrame") -> tuple[dict[str, list[str]], int]:
    """The columns of a table that are kept, inputs first, and the number of others."""
    names = [name for name in frame.columns if name not in run.target_names]
    inputs = run.predictor.preparation
    columns = inputs.columns if isinstance(inputs, TablePreparation) else ()
    used = {column.name for column in columns if column.feature_names}
    cells, size = dict[str, list[str]](), 0
    for name in sorted(names, key=lambda name: name not in used):
        if size < MOST_CHARACTERS or len(cells) < MOST_COLUMNS:
            cells[name] = _texts(frame[name])
            size += sum(len(text) + len('"", ') for text in cells[name])
    return {name: cells[name] for name in names if name in cells}, len(names) - len(cells)


def _texts(column: "polars.Series") -> list[str]:
    return ["" if value is None else _short(str(value)) for value in column]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
