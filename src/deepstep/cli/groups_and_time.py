"""Rows that are held out as whole groups, or as the newest ones."""

from typing import TYPE_CHECKING

import numpy as np

from deepstep.cli.options import TrainOptions
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation.number_formats import stripped
from deepstep.preparation.parsing import as_iso, infer_date_format, is_missing, iso_moments
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars


def in_time(options: TrainOptions) -> bool:
    """Whether the newest rows are held out."""
    return options.time_order or options.time_column is not None


def how_split(options: TrainOptions) -> str:
    """How rows are held out, in words; empty where it is at random."""
    if options.groups is not None:
        return f"whole groups of {options.groups!r}"
    if options.time_column is not None:
        return f"the newest rows by {options.time_column!r}"
    return "the last rows, in the order of time" if options.time_order else ""


def check_held_out(options: TrainOptions, *, single: bool, streamed: bool) -> None:
    """Refuse groups and an order of time that no split can respect, or that would have no effect."""
    name = "--time-column" if options.time_column is not None else "--time-order"
    name = "--groups" if options.groups is not None else name
    held_out = options.test_fraction or options.validation_fraction or not single
    hint = f"Leave {name} out"
    for refused, expected, got, help_ in (
        (
            options.groups is not None and in_time(options),
            "used without --time-order and --time-column",
            "got both",
            f"{hint}, or hold out later rows without groups.",
        ),
        (streamed, "used with rows in memory", "got streamed ones", f"{hint}, or add --no-stream."),
        (
            not held_out,
            "used where rows are held out",
            "got --test-fraction 0 and no --validation-fraction",
            f"{hint}, or hold rows out.",
        ),
    ):
        if refused and how_split(options):
            raise ConfigurationError(name, expected, got, help_, setting=name)


def row_groups(frame: "polars.DataFrame", name: str, numbers: AnyArray) -> AnyArray:
    """The number (m,) of each row's group; ``numbers`` are those of the rows in the file, from 0."""
    from deepstep.estimators.splits import checked_groups

    given = _whole_column(frame, name, "--groups", "a group", numbers)
    return checked_groups(given.to_list(), len(given), "--groups")


def time_order(frame: "polars.DataFrame", name: str, numbers: AnyArray) -> AnyArray:
    """The rows, from 0, from the oldest to the newest one; those of the same time stay in order."""
    from deepstep.environment import polars

    where = "--time-column"
    given = _whole_column(frame, name, where, "a time", numbers)
    if given.dtype == polars.String:
        written = infer_date_format(given)
        given = given if written is None else iso_moments(as_iso(given, written))
    if not (given.dtype.is_numeric() or given.dtype.is_temporal()):
        got = f"got {name!r} with {given.dtype} such as {given[0]!r:.40}"
        hint = "Write dates as 2020-12-31, or sort the rows and use --time-order."
        raise DataError(where, "a column of dates or numbers", got, hint, setting=where)
    return np.argsort(given.rank("dense").to_numpy(), kind="stable")


def _whole_column(
    frame: "polars.DataFrame", name: str, where: str, what: str, numbers: AnyArray
) -> "polars.Series":
    """A column, with texts stripped, in which no value is missing."""
    from deepstep.data import column
    from deepstep.environment import polars

    given = column(frame, name, where)
    if given.dtype in (polars.String, polars.Categorical, polars.Enum):
        given = stripped(given)
    missing = is_missing(given)
    if missing.any():
        expected = f"a column with {what} in every row"
        row, n = numbers[missing.argmax()] + 1, missing.sum()
        got = f"got {name!r}, of which row {row} has none, {n} row(s) in all"
        raise DataError(where, expected, got, "Fill the column, or leave these rows out.", setting=where)
    return given


def hold_out(
    rows: AnyArray, classes: AnyArray | None, groups: AnyArray | None, fraction: float, seed: int, part: str
) -> tuple[AnyArray, AnyArray]:
    """Rows to learn from, and whole groups or the last rows that are held out, about a fraction of all."""
    from deepstep.estimators.inputs import Dataset
    from deepstep.estimators.splits import structured_folds

    given = Dataset(rows, rows, None, None if groups is None else groups[rows])
    try:
        (fold,) = structured_folds(given, None if classes is None else classes[rows], 1, fraction, seed, part)
    except DataError as error:
        one_group = error.setting == "groups"
        expected = "rows of at least two groups" if one_group else "rows of two classes beside those held out"
        got = f"got one {'group' if one_group else 'class'}"
        raise DataError(f"--{part}-fraction", expected, got, "Hold out fewer rows.") from None
    return rows[fold.learned], rows[fold.held_out]
