"""A call of fit, and X, y and weights as they are given to it: checked, and refused in words."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from deepstep.data.frames import as_frame
from deepstep.environment import narwhals as nw
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, DataWarning, unknown_name, warn_the_caller
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.data_checks import data_cautions
from deepstep.preparation.table import TablePreparation
from deepstep.preparation.target_values import reads_as_number
from deepstep.targets import Targets
from deepstep.training.interruption import deferred
from deepstep.types import AnyArray, Array, is_whole

MOST_LEAKS = 5
"""Columns that determine the target, of which a fit warns."""


@dataclass(frozen=True)
class FitContext:
    """One call of fit or of partial_fit, which is ``incremental``; ``going_on`` from the fitted network."""

    where: str
    going_on: bool = False
    incremental: bool = False
    classes: Any = None
    seed: int | None = None
    categorical: tuple[str, ...] = ()
    groups: Any = None
    targets: tuple[str, ...] = ()


@contextmanager
def whole_or_not_at_all(estimator: Any, where: str, trained: str) -> Iterator[None]:
    """A fit, after whose error the estimator is as before; Ctrl-C waits once something is trained.

    ``trained`` are the subject and the verb of the warning after Ctrl-C: 'the network is'.
    """
    before = vars(estimator).copy()
    estimator._interrupted = False
    try:
        with deferred(waits=False) as interruption:
            yield
        if interruption.pressed and not estimator.interrupted_:
            estimator._interrupted = True
            warn_the_caller(f"{where} was interrupted: {trained} trained and kept.")
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


class RawData(NamedTuple):
    """Rows as the user gave them: X, y and their weights."""

    X: Any
    y: Any
    sample_weight: Any


@contextmanager
def naming_validation() -> Iterator[None]:
    """Let an error about rows say that they are the validation data."""
    try:
        yield
    except ValueError as error:
        error.add_note("These rows are the validation data, X_val and y_val.")
        raise


def validation_data(X: Any, y: Any, sample_weight: Any) -> RawData | None:
    """The validation data that a fit was given as ``X_val``, ``y_val`` and ``sample_weight_val``."""
    if X is None and y is None:
        if sample_weight is not None:
            raise DataError("sample_weight_val is passed without X_val and y_val")
        return None
    if X is None or y is None:
        raise DataError(f"{'X_val' if X is None else 'y_val'} is missing", "Pass both X_val and y_val.")
    return RawData(X, y, sample_weight)


def named_columns(columns: Any, names: Sequence[Any]) -> tuple[str, ...]:
    """The columns that ``categorical_features`` names: by name, by number, or by a mask of all columns.

    >>> [named_columns(columns, ["age", "size"]) for columns in (["size", 0], [False, True])]
    [('size', 'age'), ('size',)]
    """
    if columns is None:
        return ()
    setting = "categorical_features"
    if not len(names):
        value = f"{columns!r:.60}"
        raise ConfigurationError.must_be(setting, "None for a sparse matrix", value, "Use X.toarray().")
    entries = np.asarray(columns, dtype=object).ravel().tolist()
    if entries and all(isinstance(entry, bool | np.bool_) for entry in entries):
        if len(entries) != len(names):
            value = f"{len(entries)} entries"
            raise ConfigurationError.must_be(setting, f"a mask of {len(names)} columns", value)
        entries = np.flatnonzero(entries).tolist()
    known = list(map(str, names))
    chosen = list[str]()
    for entry in entries:
        if isinstance(entry, str):
            if entry not in known:
                raise unknown_name("column", entry, known, setting=setting)
            chosen.append(entry)
        elif is_whole(entry, -len(known)) and entry < len(known):
            chosen.append(known[entry])
        else:
            requirement = f"names of columns, or numbers from 0 to {len(known) - 1}"
            raise ConfigurationError.must_be(setting, requirement, repr(entry))
    return tuple(dict.fromkeys(chosen))


def check_kept(keep_columns: Sequence[str] | None, names: Sequence[Any]) -> None:
    """Refuse names in ``keep_columns`` that no column has."""
    known = list(map(str, names))
    for name in keep_columns or () if known else ():
        if name not in known:
            raise unknown_name("column", name, known, setting="keep_columns")


def checked_weight(weight: Any, X: Any) -> Array | None:
    """Weights of rows, numbers of at least 0."""
    if weight is None:
        return None
    weights: Array = _check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
    return weights


def with_named_columns(data: RawData) -> RawData:
    """Take the columns that y and the weights name out of X; where neither is a name, all as it is."""
    X, y, weight = data
    names = {name: value for name, value in (("y", y), ("sample_weight", weight)) if isinstance(value, str)}
    if not names:
        return data
    rest, columns = named_from(X, names)
    return RawData(rest, columns.get("y", y), columns.get("sample_weight", weight))


def named_from(X: Any, names: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """X without the columns that arguments name, and the column of each argument."""
    if not is_frame(X):
        name, value = next(iter(names.items()))
        text = f"the name {value!r} and X of type {type(X).__name__}"
        hint = "Names are for columns of frames and of files."
        raise DataError.must_be(name, "an array where the columns of X have no names", text, hint)
    if nw.dependencies.is_polars_lazyframe(X):
        X = X.collect()
    elif type(X).__name__ == "RecordBatch":
        import pyarrow

        X = pyarrow.Table.from_batches([X])
    try:
        frame = nw.from_native(X, eager_only=True)
        known = {str(name): name for name in frame.columns}  # pandas takes numbers for names, too
    except nw.exceptions.DuplicateError:
        as_frame(X)  # which names the columns
        raise
    for name, value in names.items():
        if value not in known:
            raise unknown_name("column", value, known, setting=name)
    columns = {name: frame.get_column(known[value]).to_native() for name, value in names.items()}
    return frame.drop(*{known[value] for value in names.values()}).to_native(), columns


def checked_groups(groups: Any, n_samples: int, setting: str = "groups") -> AnyArray:
    """The number of each row's group, from 0 in the order of the rows; errors name ``setting``."""
    values = list(groups) if np.iterable(groups) else [groups]
    if len(values) != n_samples:
        requirement = f"have {n_samples} values, one for each row of X"
        raise DataError.must_be(setting, requirement, str(len(values)))
    for unhashable in [value for value in values if not isinstance(value, Hashable)][:1]:
        raise DataError.must_be(setting, "have hashable values", f"{unhashable!r:.60}")
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    if missing := rows_without_target(objects):
        hint = "Give each of these rows a group of its own, or leave the rows out."
        raise DataError(f"{_counted(missing, len(values))} no group", hint)
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.intp)


def without_groups(X: Any, groups: Any) -> tuple[Any, Any]:
    """X without the column of the groups, and the groups, where they are named."""
    if not isinstance(groups, str):
        return X, groups
    rest, columns = named_from(X, {"groups": groups})
    return rest, columns["groups"]


def is_frame(X: Any) -> bool:
    """Whether X is a frame in memory, whose columns have names."""
    known = nw.dependencies.is_into_dataframe(X) or nw.dependencies.is_polars_lazyframe(X)
    return known or type(X).__name__ == "RecordBatch"


def as_target(y: Any, *, numbers: bool) -> AnyArray:
    """y dense, (m,) or (m, n); a single column as (m,), with scikit-learn's warning."""
    y = y if isinstance(y, np.ndarray) else y.toarray()
    if numbers:
        refuse_times(y)
    if y.ndim == 2 and y.shape[1] == 1:
        warn_the_caller(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
            "(n_samples, ), for example using ravel().",
            DataConversionWarning,
        )
        return np.asarray(column_or_1d(y))
    return y


def refuse_texts(y: AnyArray, *, in_order: bool = False) -> None:
    """Refuse texts as the targets of a regressor; ``in_order`` tells that rows are the user's.

    As scikit-learn's regressors do: numbers as texts pass among objects, an array of texts does not.
    """
    if y.dtype.kind not in "OSU":
        return
    has_text_type = y.dtype.kind != "O"
    for position, value in enumerate(y.flat):
        if isinstance(value, str | bytes) and (has_text_type or not reads_as_number(value)):
            hint = "Make numbers of them, as y.astype(float) does."
            if not reads_as_number(value):
                hint = "Use a classifier, which learns classes, or make numbers of them."
            place = f" in row {position * len(y) // y.size + 1}, counted from 1" if in_order else ""
            raise DataError(f"y has texts such as {str(value)[:40]!r}{place}", hint)


def times_in(y: AnyArray) -> str:
    """The dates or durations in the first row of y, in words; empty where there are none."""
    kinds = {"M": "dates", "m": "durations"}
    if y.dtype != object:
        return kinds.get(y.dtype.kind, "")
    times = (value for value in y[:1].flat if isinstance(value, date | time | timedelta))
    return next((f"values such as {value!r}" for value in times), "")


def refuse_times(y: AnyArray) -> None:
    """Refuse dates and durations, NumPy's or objects."""
    if times := times_in(y):
        hint = "Make numbers of them, as (y - y.min()) / np.timedelta64(1, 'D') does."
        raise DataError(f"y has {times}", hint)


@contextmanager
def reraise_with_row(data: RawData, *, numbers: bool) -> Iterator[None]:
    """While rows are checked: a `DataError` that names rows without a target."""
    try:
        yield
    except ValueError as error:
        problem = str(error).partition("\n")[0].rstrip(".")
        if numbers:
            refuse_texts(np.asarray(data.y, dtype=object), in_order=True)
        if "NaN" in problem and rows_without_target(data.y):
            raise without_target(data.y, f"{problem}: ") from error
        raise
    except TypeError:
        if numbers:
            refuse_times(np.asarray(data.y, dtype=object))
        raise


def without_target(y: Any, begin: str = "") -> DataError:
    """The error for targets of which some are missing."""
    return DataError(f"{begin}{_counted(rows_without_target(y), len(y))} no target", "Leave these rows out.")


def _counted(rows: list[int], n: int) -> str:
    """The subject and the verb of a sentence about some of n rows; rows are counted from 0 here."""
    first = f"row {rows[0] + 1}, counted from 1"
    if len(rows) == 1:
        return f"1 of {n} rows ({first}) has"
    return f"{len(rows)} of {n} rows (the first is {first}) have"


def rows_without_target(y: Any) -> list[int]:
    """Numbers, from 0, of the rows in which a target is None, NaN, NaT or pandas' NA.

    >>> rows_without_target(["a", None, "b", float("nan")])
    [1, 3]
    """
    values = np.asarray(y, dtype=object)
    rows = values.reshape(len(values), -1) if values.size else values.reshape(0, 1)
    return [number for number, row in enumerate(rows) if any(map(_is_missing, row))]


def _is_missing(value: Any) -> bool:
    # pandas' NA is neither equal nor unequal to itself; it is known by name, as pandas need not be here.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def warn_of_table(
    frame: "polars.DataFrame",
    preparation: TablePreparation,
    targets: Targets,
    Y: Array,
    context: FitContext,
    *,
    header: Iterable[Any],
    rows: int | None,
) -> None:
    """Warn of a table as `table_warnings` does, of the rows that have the encoded targets Y."""
    names = context.targets or ("",)
    if len(names) != targets.n_columns:
        names = tuple(f"target {number}" for number in range(1, targets.n_columns + 1))
    labels = dict(zip(names, targets.decode(Y).reshape(len(Y), -1).T, strict=True))
    leaks = 0
    for warning in table_warnings(
        frame, preparation, labels, classes=targets.is_classes, rows=rows, surely=True, header=header
    ):
        finding = warning.finding
        leaks += finding is not None
        if leaks <= MOST_LEAKS:
            says = warning if finding is None else f"{finding.says}."
            warn_the_caller(DataWarning(f"{context.where}: {says}", finding))


def table_warnings(
    frame: "polars.DataFrame",
    preparation: TablePreparation,
    targets: Mapping[str, AnyArray],
    *,
    classes: bool,
    rows: int | None,
    surely: bool = False,
    header: Iterable[Any] = (),
) -> Iterator[DataWarning]:
    """Warnings about rows that are learned from, all of them or some, in the order in which they are shown.

    ``targets`` are labels or numbers of the same rows by the names of their columns. ``rows`` counts all
    rows; None where that is not known. With ``surely`` a column that determines the target leaves no other
    explanation. ``header`` are the names of the columns as they came.
    """
    few = evenly_spread(frame.height, MOST_ROWS)
    sample = frame[few]
    # column names that are numbers rather than texts are those of a frame without names: no header had them
    unnamed = {str(name): f"column_{name}" for name in header if not isinstance(name, str)}
    for sentence in data_cautions(sample.rename(unnamed), targets, classes=classes, rows=rows):
        yield DataWarning(sentence)
    for sentence in preparation.cautions:
        yield DataWarning(sentence)
    prepared = {column.name: column for column in preparation.columns}
    answers = {name: values[few] for name, values in targets.items()}
    for finding in leak_findings(sample, prepared, answers, classes=classes, surely=surely):
        yield DataWarning(str(finding), finding)


def target_names(y: Any) -> tuple[str, ...]:
    """The names of the columns of y, one of which it may be itself; none where it has none."""
    columns = getattr(y, "column_names", getattr(y, "columns", None))  # of pyarrow, and of others
    name = y if isinstance(y, str) else getattr(y, "name", None)
    names = [name] if columns is None else [*columns]
    texts = tuple(name for name in names if isinstance(name, str))
    return texts if len(texts) == len(names) else ()
