"""A fit on X that stands in files: in memory where there are few rows, else streamed."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data import ArrayRows, StoredRows
from deepstep.data.array_rows import INPUTS, NUMPY
from deepstep.data.stored_tables import stored, table_in
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.calls import FitCall, Given, is_given
from deepstep.estimators.stored_inputs import is_stored
from deepstep.estimators.streamed_fits import TABLE_RECIPE, StreamedFit, StreamedFits, labels_in, weights_in
from deepstep.preparation.survey import survey


class Stored(StreamedFits):
    """The part of the estimators that takes files."""

    def _fit_stored(self: Any, given: Given, validation: Given | None, call: FitCall) -> None:
        """Fit on rows in files: in memory where they are few, else streamed."""
        where = call.where
        if not isinstance(given.X, str | PathLike | StoredRows):
            given = _as_rows(given, where)
        target = given.y
        if call.incremental or call.going_on:
            raise ConfigurationError(where, "rows in memory to go on with", f"got {given.X!r:.60}")
        if not isinstance(target, str) or not isinstance(given.sample_weight, str | None):
            raise ConfigurationError(
                where,
                "the names of the columns of y and sample_weight, where X stands in files",
                f"got y={target!r:.60} and sample_weight={given.sample_weight!r:.60}",
            )
        rows = given.X
        if not isinstance(rows, StoredRows):
            rows = stored(Path(given.X), self.stream, where, _beside(given))
        if validation is not None and is_stored(validation.X):
            validation = _in_memory(validation, where)
        if rows is None:
            memory = _in_memory(given, where)
            if self.recipe != "plain":
                self._convene(memory, validation, call)
            else:
                examples = self._examples(memory, call)
                held_out = None if validation is None else self._held_out(validation, examples.X.dtype, call)
                self._train(examples, held_out, call)
            return
        table, own = self.recipe != "plain", validation is not None and is_given(validation, call)
        judged = not own and (table or self._setting("early_stopping"))
        weighing = given.sample_weight
        seed = self._seed(call)
        call = replace(call, seed=seed)  # of the parts and of the network, where it is drawn
        if not table:
            _refuse_other_kinds(rows, (target, weighing), where)
        found = survey(
            rows,
            target,
            exclude=[weighing] if weighing else [],
            weights=None if weighing is None else lambda frame: weights_in(frame, weighing, where),
            check=None if table else lambda frame: self._check_numbers(frame, (target, weighing)),
            seed=seed,
            validation_fraction=self._setting("validation_fraction") if judged else 0.0,
        )
        self._fit_surveyed(StreamedFit(found, weighing, validation if own else None, call))


def _as_rows(given: Given, where: str) -> Given:
    """Arrays that stay in their files as rows, with names for y and the weights."""
    arrays = {INPUTS: given.X, "y": given.y, "weight": given.sample_weight}
    if given.y is None:
        raise DataError(where, "y", "got none")
    rows = ArrayRows(
        {
            name: array if hasattr(array, "shape") else np.asarray(array)
            for name, array in arrays.items()
            if array is not None
        },
        f"{where}, X and y",
    )
    return Given(rows, "y", None if given.sample_weight is None else "weight")


def _refuse_other_kinds(rows: StoredRows, without: tuple[str | None, ...], where: str) -> None:
    """Refuse columns that hold no numbers."""
    for name, kind in rows.schema.items():
        if name not in without and not (kind.is_numeric() or str(kind) == "Boolean"):
            raise DataError(
                where, "columns of numbers with recipe='plain'", f"{name!r} holds {kind}", TABLE_RECIPE
            )


def refuse_names(y: Any, sample_weight: Any) -> None:
    """Refuse the names of columns where `score` compares answers with arrays.

    Raises
    ------
    DataError
    """
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if isinstance(given, str):
            raise DataError(
                f"score, {name}",
                "an array with a value for each row",
                f"got the name {given!r}",
                f"Read that column: polars.read_parquet(X, columns=[{given!r}])[{given!r}].to_numpy().",
            )


def _beside(given: Given) -> list[str]:
    return [name for name in (given.y, given.sample_weight) if name is not None]


def _in_memory(given: Given, where: str) -> Given:
    """Rows of files as frames and arrays."""
    frame, names = table_in(Path(given.X), _beside(given)), [given.y, given.sample_weight]
    for name in names:
        if name is not None and name not in frame.columns:
            raise DataError(where, f"the column {name!r} in {given.X}", f"it has {', '.join(frame.columns)}")
    rest = [column for column in frame.get_columns() if column.name not in names]
    weight = None if given.sample_weight is None else frame.get_column(given.sample_weight).to_numpy()
    X: Any = frame.select(rest)
    if Path(given.X).suffix.lower() in NUMPY:
        X = X.to_numpy()
    return Given(X, labels_in(frame.get_column(given.y)), weight)
