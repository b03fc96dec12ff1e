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
    before, estimator._interrupted = vars(estimator).copy(), False
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


def validation_data(X: Any, y: Any, sample_weight: Any, eval_set: Any, where: str) -> RawData | None:
    """The validation data that a fit was given, as ``X_val`` and its kin or as ``eval_set``."""
    if eval_set is not None:
        if X is not None or y is not None:
            raise DataError(where, "X_val and y_val, or eval_set", "got both")
        pairs = [eval_set] if isinstance(eval_set, tuple) else eval_set
        if not (isinstance(pairs, list) and len(pairs) == 1 and isinstance(pairs[0], tuple | list)):
            got = f"got {type(eval_set).__name__}" + (f" of {len(pairs)}" if isinstance(pairs, list) else "")
            raise DataError(where, "eval_set is a tuple (X, y), or a list of one such tuple", got)
        if len(pairs[0]) != 2:
            raise DataError(where, "eval_set is a pair (X, y)", f"got {len(pairs[0])} entries")
        X, y = pairs[0]
    if X is None and y is None:
        if sample_weight is not None:
            raise DataError(where, "X_val and y_val", "got sample_weight_val alone")
        return None
    if X is None or y is None:
        raise DataError(where, "X_val and y_val", "got one of them alone")
    return RawData(X, y, sample_weight)


def named_columns(given: Any, names: Sequence[Any], where: str) -> tuple[str, ...]:
    """The columns that ``categorical_features`` names: by name, by number, or by a mask of all columns.

    >>> [named_columns(given, ["age", "size"], "fit") for given in (["size", 0], [False, True])]
    [('size', 'age'), ('size',)]
    """
    if given is None:
        return ()
    setting = "categorical_features"
    if not len(names):
        got = f"got {setting}={given!r:.60} and a sparse matrix"
        raise ConfigurationError(where, "X with columns of values", got, "Use X.toarray().", setting=setting)
    entries = np.asarray(given, dtype=object).ravel().tolist()
    if entries and all(isinstance(one, bool | np.bool_) for one in entries):
        if len(entries) != len(names):
            got = f"got {len(entries)} entries"
            raise ConfigurationError(where, f"a mask of {len(names)} columns", got, setting=setting)
        entries = np.flatnonzero(entries).tolist()
    known, found = list(map(str, names)), list[str]()
    for one in entries:
        if isinstance(one, str):
            if one not in known:
                raise unknown_name(where, "column", one, known, setting=setting)
            found.append(one)
        elif is_whole(one, -len(known)) and one < len(known):
            found.append(known[one])
        else:
            expected = f"names of columns, or numbers from 0 to {len(known) - 1}"
            raise ConfigurationError(where, expected, f"got {one!r}", setting=setting)
    return tuple(dict.fromkeys(found))


def check_kept(given: Sequence[str] | None, names: Sequence[Any], where: str) -> None:
    """Refuse names in ``keep_columns`` that no column has."""
    known = list(map(str, names))
    for name in given or () if known else ():
        if name not in known:
            raise unknown_name(where, "column", name, known, setting="keep_columns")


def checked_weight(weight: Any, X: Any) -> Array | None:
    """Weights of rows, numbers of at least 0."""
    if weight is None:
        return None
    found: Array = _check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
    return found


def with_named_columns(given: RawData, where: str) -> RawData:
    """Take the columns that y and the weights name out of X; where neither is a name, all as it is."""
    X, y, weight = given
    names = {name: value for name, value in (("y", y), ("sample_weight", weight)) if isinstance(value, str)}
    if not names:
        return given
    rest, columns = named_from(X, names, where)
    return RawData(rest, columns.get("y", y), columns.get("sample_weight", weight))


def named_from(X: Any, names: dict[str, str], where: str) -> tuple[Any, dict[str, Any]]:
    """X without the columns that arguments name, and the column of each argument."""
    if not is_frame(X):
        name, value = next(iter(names.items()))
        expected = f"{name} with a value for each row, where X is no table with names of columns"
        got = f"got the name {value!r} and X of type {type(X).__name__}"
        hint = "Pass an array; names are for columns of frames and of files."
        raise DataError(where, expected, got, hint)
    if nw.dependencies.is_polars_lazyframe(X):
        X = X.collect()
    elif type(X).__name__ == "RecordBatch":
        import pyarrow

        X = pyarrow.Table.from_batches([X])
    try:
        frame = nw.from_native(X, eager_only=True)
        known = {str(name): name for name in frame.columns}  # pandas takes numbers for names, too
    except nw.exceptions.DuplicateError:
        as_frame(X, where=f"{where}, X")  # which names the columns
        raise
    for name, value in names.items():
        if value not in known:
            raise unknown_name(f"{where}, {name}", "column", value, known)
    columns = {name: frame.get_column(known[value]).to_native() for name, value in names.items()}
    return frame.drop(*{known[value] for value in names.values()}).to_native(), columns


def checked_groups(groups: Any, n_samples: int, where: str) -> AnyArray:
    """The number of each row's group, from 0 in the order of the rows."""
    values = list(groups) if np.iterable(groups) else [groups]
    if len(values) != n_samples:
        expected = f"an array of {n_samples} values, one for each row of X"
        raise DataError(where, expected, f"got {len(values)}", setting="groups")
    for unhashable in [value for value in values if not isinstance(value, Hashable)][:1]:
        expected, got = "an array (n_samples,) of hashable values", f"got {unhashable!r:.60}"
        raise DataError(where, expected, got, setting="groups")
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    if missing := rows_without_target(objects):
        got = f"got row {missing[0] + 1} without one, {len(missing)} row(s) in all"
        hint = "Give each of these rows a group of its own, or leave the rows out."
        raise DataError(where, "an array without missing values", got, hint, setting="groups")
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.intp)


def without_groups(X: Any, groups: Any, where: str) -> tuple[Any, Any]:
    """X without the column of the groups, and the groups, where they are named."""
    if not isinstance(groups, str):
        return X, groups
    rest, columns = named_from(X, {"groups": groups}, where)
    return rest, columns["groups"]


def is_frame(X: Any) -> bool:
    """Whether X is a frame in memory, whose columns have names."""
    known = nw.dependencies.is_into_dataframe(X) or nw.dependencies.is_polars_lazyframe(X)
    return known or type(X).__name__ == "RecordBatch"


def as_target(y: Any, *, numbers: bool, where: str) -> AnyArray:
    """y dense, (m,) or (m, n); a single column as (m,), with scikit-learn's warning."""
    y = y if isinstance(y, np.ndarray) else y.toarray()
    if numbers:
        refuse_times(y, where)
    if y.ndim == 2 and y.shape[1] == 1:
        warn_the_caller(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
            "(n_samples, ), for example using ravel().",
            DataConversionWarning,
        )
        return np.asarray(column_or_1d(y))
    return y


def refuse_texts(y: AnyArray, where: str, *, in_order: bool = False) -> None:
    """Refuse texts as the targets of a regressor; ``in_order`` tells that rows are the user's.

    As scikit-learn's regressors do: numbers as texts pass among objects, an array of texts does not.
    """
    if y.dtype.kind not in "OSU":
        return
    of_texts = y.dtype.kind != "O"
    for at, value in enumerate(y.flat):
        if isinstance(value, str | bytes) and (of_texts or not reads_as_number(value)):
            hint = "Make numbers of them, as y.astype(float) does."
            if not reads_as_number(value):
                hint = "Use a classifier, which learns classes, or make numbers of them."
            place = f" in row {at * len(y) // y.size + 1}" if in_order else ""
            raise DataError(where, "y of numbers", f"got texts such as {str(value)[:40]!r}{place}", hint)


def times_in(y: AnyArray) -> str:
    """The dates or durations in the first row of y, in words; empty where there are none."""
    kinds = {"M": "got dates", "m": "got durations"}
    if y.dtype != object:
        return kinds.get(y.dtype.kind, "")
    times = (value for value in y[:1].flat if isinstance(value, date | time | timedelta))
    return next((f"got such as {value!r}" for value in times), "")


def refuse_times(y: AnyArray, where: str) -> None:
    """Refuse dates and durations, NumPy's or objects."""
    if got := times_in(y):
        hint = "Count in a unit of yours, as in (y - y.min()) / np.timedelta64(1, 'D')."
        raise DataError(where, "y of numbers", got, hint)


@contextmanager
def reraise_with_row(given: RawData, where: str, *, numbers: bool) -> Iterator[None]:
    """While rows are checked: a `DataError` that names rows without a target."""
    try:
        yield
    except ValueError as error:
        got = str(error).partition("\n")[0].rstrip(".")
        if numbers:
            refuse_texts(np.asarray(given.y, dtype=object), where, in_order=True)
        if "NaN" in got and rows_without_target(given.y):
            raise without_target(given.y, where, f"{got}: ") from error
        raise
    except TypeError:
        if numbers:
            refuse_times(np.asarray(given.y, dtype=object), where)
        raise


def without_target(y: Any, where: str, got: str = "") -> DataError:
    """The error for targets of which some are missing."""
    missing = rows_without_target(y)
    got += f"row {missing[0] + 1} has none, {len(missing)} row(s) in all"
    return DataError(where, "a target in every row", got, "Leave these rows out.")


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
    # names that are numbers, and no texts, are those of a frame without names: no header had them
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
    names = [y if isinstance(y, str) else getattr(y, "name", None)] if columns is None else [*columns]
    texts = tuple(name for name in names if isinstance(name, str))
    return texts if len(texts) == len(names) else ()
