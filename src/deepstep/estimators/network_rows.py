"""Rows of numbers as an estimator of one network takes them, in memory or in files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.utils.validation import check_consistent_length, validate_data

from deepstep.data.frames import as_frame
from deepstep.ensembles.split import Rows
from deepstep.ensembles.streamed import StreamedTable, survey_rows
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.inputs import RawData, as_target, checked_weight, reraise_with_row
from deepstep.estimators.network_parameters import NetworkParameters
from deepstep.estimators.row_sources import NamedRows
from deepstep.preparation.batches import Examples, hold_out
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.survey import Survey
from deepstep.targets import Targets
from deepstep.types import Array

OF_TABLES = ("Input X contains NaN", "could not convert string")
"""First words of scikit-learn's errors about an X that is a table."""


class Scaling(NamedTuple):
    """The numbers that a network learns are (Y - center) / scale, arrays of shape (n_L,)."""

    center: Array
    scale: Array

    def scaled(self, examples: Examples) -> Examples:
        """Examples with the targets that the network learns, in the precision of the inputs."""
        Y = (examples.Y - self.center) / self.scale
        return replace(examples, Y=Y.astype(examples.X.dtype))

    def unscaled(self, A: Array) -> Array:
        """Outputs in the units of the target."""
        return A.astype(np.float64) * self.scale + self.center


@contextmanager
def numbers_alone(estimator: Any, X: Any) -> Iterator[None]:
    """While X is checked: a `DataError` that names the column, and says how a table becomes numbers."""
    try:
        yield
    except ValueError as error:
        problem = str(error).partition("\n")[0].rstrip(".")
        if not problem.startswith(OF_TABLES):
            raise
        if not issparse(X):
            problem = _what_is_no_number(as_frame(X)) or problem
        pipeline = f"make_pipeline(TableEncoder(), {type(estimator).__name__}(…))"
        raise DataError(problem, f"TableEncoder takes them: {pipeline}.") from error


def _what_is_no_number(frame: "polars.DataFrame") -> str:
    """The first column with texts or missing values, in words; empty where each has numbers."""
    for column in frame:
        values = column.drop_nulls()
        if len(values) and not (column.dtype.is_numeric() or column.dtype == polars.Boolean):
            refused = values.filter(values.cast(polars.String).cast(polars.Float64, strict=False).is_null())
            if len(refused):
                return (
                    f"X has values that are no numbers in column {column.name!r}, such as {refused[0]!r:.60}"
                )
        if missing := column.null_count():
            counted = "1 missing value" if missing == 1 else f"{missing:,} missing values"
            return f"X has {counted} (NaN) in column {column.name!r}"
    return ""


def checked_rows(estimator: Any, data: RawData, dtype: Any, *, reset: bool) -> Rows:
    """X as numbers of a type, or of one of several; y dense; weights of at least 0."""
    numbers = is_regressor(estimator)
    checks = {"accept_sparse": "csr", "dtype": dtype, "order": "C", "multi_output": True, "reset": reset}
    with (
        np.errstate(over="ignore"),  # what is too large for the dtype is refused in words
        reraise_with_row(data, numbers=numbers),
        numbers_alone(estimator, data.X),
    ):
        X, y = validate_data(estimator, data.X, data.y, y_numeric=numbers, **checks)
    y = as_target(y, numbers=numbers)
    check_consistent_length(X, y)
    return Rows(X, y, checked_weight(data.sample_weight, X))


def survey_numbers(named: NamedRows, dtype: Any, *, seed: int, validation_fraction: float) -> StreamedTable:
    """Look at all rows of numbers in files once; a part of them may be held out."""
    others = [name for name in (named.target, named.weighing) if name is not None]
    schema = {} if isinstance(named.rows, Survey) else named.rows.schema
    for name, kind in schema.items():
        if name not in others and not (kind.is_numeric() or str(kind) == "Boolean"):
            hint = "Rows of other kinds are for DeepClassifier and DeepRegressor, which encode them."
            raise DataError(f"Column {name!r} has values of type {kind}, not numbers", hint)
    return survey_rows(
        *named,
        check=lambda frame: _check_numbers(frame.drop(others), dtype),
        seed=seed,
        validation_fraction=validation_fraction,
    )


def streamed_examples(
    table: StreamedTable,
    targets: Targets,
    encode: Callable[..., Array],
    dtype: Any,
    *,
    class_weight: Any,
    scaling: Scaling | None,
) -> tuple[StreamedExamples, Examples | None]:
    """The rows as examples that are read again in each epoch, and those that are held out."""
    class_weights = table.class_weights(targets, class_weight)

    def as_examples(frame: "polars.DataFrame") -> Examples:
        Y = encode(table.y(frame), dtype if scaling is None else np.float64)
        weight = targets.row_weights(class_weights, Y, table.weight(frame))
        columns = [frame.get_column(name).to_numpy().astype(dtype, copy=False) for name in table.names]
        weight = None if weight is None else weight.astype(dtype)
        examples = Examples(np.column_stack(columns), Y, weight)
        return examples if scaling is None else scaling.scaled(examples)

    identity = {"columns read": list(table.survey.columns)}
    stream = table.survey.stream(as_examples, identity, buffer_rows=None)
    held_out = table.survey.validation
    return stream, as_examples(held_out) if held_out.height else None


def _check_numbers(frame: "polars.DataFrame", dtype: Any) -> None:
    """Refuse numbers that the network's precision does not have."""
    for column in frame.get_columns():
        with np.errstate(over="ignore"):
            values = column.to_numpy().astype(dtype)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            value = column[int(wrong[0])]
            hint = "Rows with missing values are for DeepClassifier and DeepRegressor, which encode them."
            raise DataError(
                f"Row {wrong[0] + 1} of column {column.name!r} is {value}, not a finite number of {dtype}",
                hint,
            )


def check_groups(params: Any, groups: Any, *, validated: bool, streamed: bool) -> None:
    """Refuse groups that would have no effect, or that no split can respect."""
    if groups is None:
        return
    hint = "Leave groups out."
    if streamed:
        raise ConfigurationError("groups cannot be used where rows are streamed", hint)
    if validated:
        raise ConfigurationError("groups cannot be used with validation data of your own", hint)
    if not params.early_stopping or params.solver == "lbfgs":
        settings = f"early_stopping={params.early_stopping} and solver={params.solver!r}"
        raise ConfigurationError(f"groups cannot be used with {settings}, which hold no rows out", hint)


def held_out_part(
    params: NetworkParameters, examples: Examples, targets: Targets, seed: int
) -> tuple[Examples, Examples]:
    """The examples to learn from, and those held out by early stopping, drawn as scikit-learn draws them."""
    strata = targets.strata(examples.Y)
    counts = np.empty(0, np.intp) if strata is None else np.bincount(strata)
    if len(counts) == 2 and counts.min() == 1:
        problem = (  # scikit-learn's words
            "The least populated classes in y have only 1 member. Classes with too few members are: "
            f"['{bool(counts.argmin())}'] (False is the first class, True the second)"
        )
        raise DataError(problem, "early_stopping holds a part out, which takes two examples of each class.")
    return hold_out(examples, strata, fraction=params.validation_fraction, seed=seed)
