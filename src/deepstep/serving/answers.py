"""Rows of a request as a table, and predictions as records of JSON and as columns of CSV."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np

from deepstep.data.frames import objects_as_series
from deepstep.data.tables import silent
from deepstep.data.text_formats import json_values
from deepstep.data.text_tables import SEPARATORS, read_text_table, typed
from deepstep.ensembles.explanation import Explanation
from deepstep.ensembles.predictor import Prediction
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError
from deepstep.run import Run
from deepstep.types import AnyArray

BODY = "the body"
"""The name of the table in errors of those who read it."""

FURTHER_COLUMNS = 1_000
"""Unused columns that a text table may have; the time to name them grows with the square of their number."""

LINES_OF_A_ROW = 10
"""Lines that a text table may have for each row, before it is read; those in quotes and empty ones count."""


class TooManyRowsError(DataError):
    """A request has more rows than one may have."""


class Answers(NamedTuple):
    """Predictions, and what was asked for beside them.

    With a coverage ``likely`` are the sets of classes (m, n_classes) or the intervals (m, …, 2). With an
    ``explanation`` so many columns are named that move each prediction most.
    """

    prediction: Prediction
    likely: AnyArray | None = None
    explanation: Explanation | None = None
    n_named: int = 0

    @property
    def strongest(self) -> list[tuple[tuple[str, float], ...]]:
        """The named columns of each row with their contributions; of nothing that was not explained."""
        return [] if self.explanation is None else self.explanation.strongest(self.n_named)


def table_of_json(body: bytes, run: Run, most: int) -> "polars.DataFrame":
    """A list of objects, or an object with "columns" and "rows", as a table of the known columns."""
    try:
        value = json_values(body)
    except ValueError as error:
        raise DataError(f"The body cannot be read as JSON ({error})") from error
    records, header = (value.get("rows"), value.get("columns")) if isinstance(value, dict) else (value, None)
    if not isinstance(records, list) or not (isinstance(value, list) or _are(str, header)):
        requirement = 'a list of objects, or an object with the lists "columns" and "rows"'
        raise DataError.must_be("The body", requirement, type(value).__name__)
    again = [name for name, times in Counter(header or ()).items() if times > 1]
    if again:
        raise DataError(f"The body has the column {again[0]!r:.60} more than once")
    _check_rows(len(records), most)
    kind, fits = (dict, "an object") if header is None else (list, f"a list of {len(header)} values")
    for number, row in enumerate(records, 1):
        if not isinstance(row, kind) or (header is not None and len(row) != len(header)):
            raise DataError(f"Row {number} of the body is not {fits}")
    records = records if header is None else [dict(zip(header, row, strict=True)) for row in records]
    there = set().union(*records)
    columns = {name: [row.get(name) for row in records] for name in run.predictor.needed if name in there}
    return polars.DataFrame([objects_as_series(*column) for column in columns.items()])


def _are(kind: type, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _check_rows(rows: int, most: int) -> None:
    if not rows:
        raise DataError("The body has no rows")
    if rows > most:
        raise TooManyRowsError(f"The body has {rows:,} rows, more than the {most:,} of a request")


def table_of_csv(body: bytes, run: Run, most: int) -> "polars.DataFrame":
    """A text table, read as that of the training."""
    how = run.reading()
    lines, most_lines = body.count(b"\n"), LINES_OF_A_ROW * (most + 1)
    if lines > most_lines:
        raise TooManyRowsError(f"The body has {lines:,} lines, more than the {most_lines:,} of a request")
    widest = max(line.count(sign.encode()) for line in body.split(b"\n") for sign in SEPARATORS)
    if widest > 2 * len(run.predictor.needed) + FURTHER_COLUMNS:
        hint = "Send the columns of the training table."
        raise DataError(f"A line of the body has {widest:,} separators", hint)
    try:
        cells, written = read_text_table(body, BODY, ",", explicit=how.explicit, usual=how.usual, tell=silent)
        frame = typed(cells, written, how.values)
    except polars.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"The body cannot be read as a text table ({reason})") from error
    _check_rows(frame.height, most)
    return frame if how.usual.header else run.with_numbers_of_training(frame)


def answers_for(run: Run, frame: "polars.DataFrame", coverage: float | None, explain: int) -> Answers:
    """Predictions, with a coverage their sets or intervals, and so many columns that explain each of them."""
    if explain and run.targets.several:
        raise ConfigurationError.must_be(
            "explain", "used with one target", f"{len(run.target_names)} targets"
        )
    predictor = run.predictor
    likely = None if coverage is None else predictor.likely(predictor.rows(frame), coverage)
    return Answers(run.predict(frame), likely, run.explain(frame) if explain else None, explain)


def records(run: Run, answers: Answers) -> list[dict[str, Any]]:
    """An object for each row; entries of several targets are objects by the names of the targets."""
    target, (prediction, likely, *_) = run.targets, answers
    names = target.names if target.several else ()
    columns = {"prediction": _by_target(names, prediction.values)}
    if target.is_classes and prediction.probabilities is not None:
        shares = target.by_column(prediction.probabilities)
        each = [_by_label(*pair) for pair in zip(target.labels, shares, strict=True)]
        columns["probabilities"] = _of_targets(names, zip(*each, strict=True)) if names else each[0]
    elif prediction.quantiles is not None:
        columns["quantiles"] = _by_label([f"{level:g}" for level in target.levels], prediction.quantiles)
    if likely is not None and target.is_classes:
        labels = np.array(target.labels[0], dtype=object)
        columns["set"] = [labels[row].tolist() for row in likely]
    elif likely is not None:
        columns["interval"] = _by_target(names, likely)
    if answers.explanation is not None:
        columns["contributions"] = [dict(row) for row in answers.strongest]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _by_target(names: Sequence[str], values: AnyArray) -> list[Any]:
    """A value of JSON for each row; null for what is not finite."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        infinite, values = ~np.isfinite(values), values.astype(object)
        values[infinite] = None
    return _of_targets(names, values.tolist()) if names else values.tolist()


def _of_targets(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _by_label(labels: Sequence[Any], values: AnyArray) -> list[dict[str, Any]]:
    return _of_targets([*map(str, labels)], _by_target((), values))


def csv_of(
    run: Run, answers: Answers, *, header: bool = True, carried: "polars.DataFrame | None" = None
) -> str:
    """A CSV table, columns that are carried along first.

    Names that come again, as "a" with "b_c" and "a_b" with "c" do, get a number.
    """
    columns: dict[str, Any] = {}
    carried_columns = () if carried is None else carried.get_columns()
    for name, values in [*_columns(run, answers), *((column.name, column) for column in carried_columns)]:
        names = chain([name], (f"{name}_{number}" for number in count(2)))
        columns[next(name for name in names if name not in columns)] = values
    names_in_order = [*columns]
    first = len(columns) - len(carried_columns)
    frame = polars.DataFrame(columns, strict=False)
    return frame[names_in_order[first:] + names_in_order[:first]].write_csv(include_header=header)


def _columns(run: Run, answers: Answers) -> Iterator[tuple[str, Any]]:
    """The columns of the table with their names, all predictions first."""
    target, (prediction, likely, *_) = run.targets, answers
    values, several = prediction.values, target.several
    beside = prediction.probabilities if target.is_classes else prediction.quantiles
    columns: list[Any] = values.reshape(len(values), -1).T.tolist()
    columns += [] if beside is None else map(np.ascontiguousarray, beside.T)
    yield from zip(target.prediction_columns, columns, strict=True)
    if likely is not None and target.is_classes:
        for label, there in zip(target.labels[0], likely.T, strict=True):
            yield f"in_set_{label}", there.tolist()
    elif likely is not None:
        ends = likely.reshape(len(values), -1, 2).transpose(1, 2, 0)
        for name, both in zip(target.names or ("",), ends, strict=True):
            for end, column in zip(("lower", "upper"), both, strict=True):
                yield f"{end}_{name}" if several else end, np.ascontiguousarray(column)
    for rank, row in enumerate(zip(*answers.strongest, strict=True), 1):
        strongest, contributions = zip(*row, strict=True)
        yield f"strongest_{rank}", [*strongest]
        yield f"contribution_{rank}", np.array(contributions)
