"""A table as the command line reads it: its format, its target, the weights, groups and times of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.cli.option_types import READ, word_of_reading
from deepstep.cli.screen import note
from deepstep.cli.task import columns_in, without_target
from deepstep.data.tables import ReadOptions, table_in, told_missing_words, usual_separator
from deepstep.data.text_tables import UTF_8, TextFormat
from deepstep.environment import polars
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError, spelled, unknown_name
from deepstep.preparation.parsing import as_iso, infer_date_format, is_missing, iso_moments, stripped
from deepstep.run import text_format
from deepstep.targets import CLASS_LOSSES, NUMBER_LOSSES
from deepstep.types import AnyArray, Array

SAMPLE_WEIGHT = "--sample-weight"


@dataclass(frozen=True)
class TableOptions:
    """The options of a table: its columns, its target, how it is read, and which rows are held out.

    ``validation_fraction`` is the share of the rows that a network's early stopping watches.
    """

    targets: tuple[str, ...] = ()
    task: str = "auto"
    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    loss: str | None = None
    quantiles: Any = None
    sample_weight: str | None = None
    groups: str | None = None
    time_order: bool = False
    time_column: str | None = None
    test_fraction: float = 0.2
    validation_fraction: float = 0.0
    drop_missing_target: bool = False
    read: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1

    @property
    def in_time(self) -> bool:
        """Whether the newest rows are held out."""
        return self.time_order or self.time_column is not None

    @property
    def how_split(self) -> str:
        """How rows are held out, in words; empty where it is at random."""
        if self.groups is not None:
            return f"whole groups of {self.groups!r}"
        if self.time_column is not None:
            return f"the newest rows by {self.time_column!r}"
        return "the last rows, in the order of time" if self.time_order else ""

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """The columns that flags name, which must be there."""
        return {"--exclude": self.exclude, "--keep": self.keep, "--categorical": self.categorical}

    @property
    def no_inputs(self) -> tuple[str, ...]:
        """The columns that are no inputs."""
        groups = None if self.groups in self.keep else self.groups
        return (*self.targets, *self.exclude, *(name for name in (self.sample_weight, groups) if name))

    def check(self) -> None:
        """Refuse what fits no table."""
        known = [*CLASS_LOSSES, *NUMBER_LOSSES]
        if self.loss is not None and self.loss not in known:
            raise unknown_name("loss", self.loss, known, setting="--loss")
        if self.quantiles is not None:
            if self.loss != "quantile":
                value = "no --loss" if self.loss is None else f"--loss {self.loss}"
                raise ConfigurationError.must_be("--set quantiles", "used with --loss quantile", value)
            get_head("quantile").with_settings(levels=self.quantiles)
        if not 0 <= self.test_fraction < 1:
            requirement = "a share from 0, for none, to below 1"
            raise ConfigurationError.must_be("--test-fraction", requirement, f"{self.test_fraction:g}")
        single = {
            SAMPLE_WEIGHT: self.sample_weight,
            "--groups": self.groups,
            "--time-column": self.time_column,
        }
        others = {**self.named, **{flag: (name,) for flag, name in single.items() if name}}
        for flag, names in others.items():
            for name in {*names}.intersection(self.targets):
                raise ConfigurationError.must_be(flag, "a column other than the target", repr(name))
        for name in self.keep:
            if name in (*self.exclude, self.sample_weight):
                raise ConfigurationError.must_be("--keep", "a column that is an input", repr(name))
        if len(set(self.targets)) < len(self.targets):
            raise ConfigurationError.must_be("--target", "have each column once", ", ".join(self.targets))
        if len(self.targets) > 1 and self.classes is not None:
            value = f"{len(self.targets)} targets"
            raise ConfigurationError.must_be("--classes", "used with one target", value, "Leave it out.")

    def check_held_out(self, *, held_out: bool, streamed: bool) -> None:
        """Refuse groups and an order of time that no split can respect, or that would have no effect."""
        name = "--time-column" if self.time_column is not None else "--time-order"
        name = "--groups" if self.groups is not None else name
        hint = f"Leave {name} out"
        if not self.how_split:
            return
        if self.groups and self.in_time:
            requirement = "used without --time-order and --time-column"
            hint = f"{hint}, or hold out later rows without groups."
            raise ConfigurationError.must_be(name, requirement, "both", hint)
        if streamed:
            hint = f"{hint}, or add --no-stream."
            raise ConfigurationError.must_be(name, "used with rows in memory", "streamed ones", hint)
        if not held_out:
            value = "--test-fraction 0 and a network without early stopping"
            hint = f"{hint}, or hold rows out."
            raise ConfigurationError.must_be(name, "used where rows are held out", value, hint)


def read_table(
    file: Path, options: TableOptions, beside: Sequence[str] = ()
) -> "tuple[polars.DataFrame, dict[str, Any]]":
    """A table in memory, and how it is written where its name does not say so.

    Words for a missing value are classes of the target where --classes names them.
    """
    values = dict.fromkeys(options.targets, options.classes or ())
    how = ReadOptions(text_format(options.read), values=values, tell=note)
    with spelled(word_of_reading):
        frame, written, _ = table_in(file, beside, how)
    for name in options.targets:
        missing = told_missing_words(file, frame, name, how._replace(explicit=written))
        if not missing:
            continue
        hint = "If it is a class, name all of them with --classes"
        if len(options.targets) > 1:
            hint = "If it is a class, write another word"
        if not options.drop_missing_target:
            hint = f"{hint}; else drop these rows with --drop-missing-target."
            raise DataError(f"Target {name!r}: {missing}", hint)
        note(f"Warning: target {name!r}: {missing}. {hint}.")
    return frame, {**options.read, **unusual_format(file, written)}


def unusual_format(file: Path, written: TextFormat) -> dict[str, Any]:
    """How a text table is written, as --read has it: what the name of the file does not say."""
    usual = {"sep": usual_separator(file), "decimal": ".", "encoding": UTF_8, "header": True}
    return {
        name: getattr(written, name) for name in READ if getattr(written, name) not in (usual[name], None)
    }


def with_target(
    frame: "polars.DataFrame", options: TableOptions, notes: list[str]
) -> "tuple[polars.DataFrame, Any, AnyArray]":
    """The rows that count, their targets and their numbers from 0: all, or those with all targets if that is
    asked for; a note says how many have not.
    """
    answers = columns_in(frame, options.targets, "--target")
    missing = without_target(answers)
    if missing.any():
        names = ", ".join(map(repr, options.targets))
        problem = f"{missing.sum():,} of {len(missing):,} rows have no target {names}"
        if not options.drop_missing_target:
            raise DataError(problem, "Leave these rows out: --drop-missing-target.")
        notes.append(f"{problem} and are left out.")
    return frame.filter(~missing), answers.filter(~missing), np.flatnonzero(~missing)


def row_weights(frame: "polars.DataFrame", name: str, where: str = SAMPLE_WEIGHT) -> Array:
    """The weights (m,) in a column, finite and at least 0."""
    from deepstep.data import column

    cells = column(frame, name, where)
    # a number is a number, whatever kind the column is of; a text is none
    values = cells.cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    wrong = ~(np.isfinite(values) & (values >= 0))
    if not cells.dtype.is_numeric():
        # the first text that is no number, else the first of all
        wrong = wrong if wrong.any() else np.ones_like(wrong)
    if wrong.any():
        row = int(wrong.argmax())
        problem = f"Row {row + 1} of the weights {name!r} is {_shown(cells[row])}"
        raise DataError(problem, "Weights are numbers of at least 0.")
    return values


def check_some(weight: Array | None, part: str) -> None:
    """Refuse rows that all have the weight 0."""
    if weight is not None and len(weight) and not weight.any():
        raise DataError(f"The rows to {part} all have the weight 0 in {SAMPLE_WEIGHT}")


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "missing"
    return f"{value!r:.40}" if isinstance(value, str | bool) else f"{value}"


def row_groups(frame: "polars.DataFrame", name: str, numbers: AnyArray) -> AnyArray:
    """The number (m,) of each row's group; ``numbers`` are those of the rows in the file, from 0."""
    from deepstep.estimators.inputs import checked_groups  # scikit-learn comes with it

    cells = _complete_column(frame, name, "--groups", "group", numbers)
    return checked_groups(cells.to_list(), len(cells), "--groups")


def time_order(frame: "polars.DataFrame", name: str, numbers: AnyArray) -> AnyArray:
    """The rows, from 0, from the oldest to the newest one; those of the same time stay in order."""
    flag = "--time-column"
    times = _complete_column(frame, name, flag, "time", numbers)
    if times.dtype == polars.String:
        written = infer_date_format(times)
        times = times if written is None else iso_moments(as_iso(times, written))
    if not (times.dtype.is_numeric() or times.dtype.is_temporal()):
        value = f"{name!r} with {times.dtype} such as {times[0]!r:.40}"
        hint = "Write dates as 2020-12-31, or sort the rows and use --time-order."
        raise DataError.must_be(flag, "a column of dates or numbers", value, hint)
    return np.argsort(times.rank("dense").to_numpy(), kind="stable")


def _complete_column(
    frame: "polars.DataFrame", name: str, flag: str, what: str, numbers: AnyArray
) -> "polars.Series":
    """A column, with texts stripped, in which no value is missing."""
    from deepstep.data import column

    cells = column(frame, name, flag)
    if cells.dtype in (polars.String, polars.Categorical, polars.Enum):
        cells = stripped(cells)
    missing = is_missing(cells)
    if missing.any():
        counted = f"{missing.sum():,} of {len(missing):,} rows have no {what} in {flag} {name}"
        hint = "Fill the column, or leave these rows out."
        raise DataError(f"{counted}; the first is row {numbers[missing.argmax()] + 1}", hint)
    return cells
