"""From a table to what a network learns: the task, the preparation, and the rows of each part."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.cli.parts import Part, as_part
from deepstep.cli.row_weights import check_some, row_weights
from deepstep.cli.target_choice import NUMBERS, Goal, choose, columns_in
from deepstep.errors import ConfigurationError, DataError
from deepstep.inspection import Finding
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation import (
    ClassTarget,
    LabelTargets,
    NumberTarget,
    Preparation,
    TablePreparation,
    Target,
)
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.values import is_missing
from deepstep.preparation.values import numbers as as_floats
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

DEFAULT_VALIDATION = 0.1
"""The share of the training rows that patience watches, if nothing else is said."""


class Rows(NamedTuple):
    """Rows as they are in the file: all columns, their targets, and weights (m,) if they have some.

    Their numbers (m,) are those of the rows of the file, from 0.
    """

    frame: "polars.DataFrame"
    labels: Any
    weight: Array | None
    numbers: AnyArray


@dataclass(frozen=True)
class TableSplit:
    """The target, the inputs and the rows of each part of a table.

    ``kind`` is that of `deepstep.cli.target_choice.Choice`, with the ``reason`` for it. Inputs and target are
    fitted to the training rows alone, but all classes of the table are there. ``without`` are columns that
    are no inputs, ``keep`` columns that are inputs even if they look as if they named the rows. ``notes`` are
    for the person at the terminal.
    """

    kind: str
    reason: str
    inputs: TablePreparation
    target: Target
    train: Rows
    test: Rows | None
    validation: Rows | None
    without: tuple[str, ...]
    keep: tuple[str, ...]
    notes: list[str]

    @cached_property
    def leaks(self) -> list[Finding]:
        """Columns that alone tell the target."""
        rows = evenly_spread(self.train.frame.height, MOST_ROWS)
        labels, target = self.train.labels[rows], self.target
        answers: dict[str, AnyArray]
        if isinstance(target, ClassTarget):
            answers = {"": target.positions(labels)}
        elif isinstance(target, LabelTargets):
            answers = dict(zip(target.names, target.positions(labels).T, strict=True))
        else:
            columns = [labels] if isinstance(target, NumberTarget) else labels.get_columns()
            answers = {column.name: as_floats(column) for column in columns}
        classes = self.kind not in NUMBERS
        columns = {column.name: column for column in self.inputs.columns}
        return list(leak_findings(self.train.frame[rows], columns, answers, classes=classes))


@dataclass(frozen=True)
class TableTask:
    """The parts of a table as one network learns them.

    With a ``stream``, the rows that are learned from stay in their files, and ``train`` is a sample of them.
    """

    split: TableSplit
    preparation: Preparation
    train: Part
    test: Part | None
    validation: Part | None
    stream: StreamedExamples | None = None


def table_task(frame: "polars.DataFrame", goal: Goal, validation: "polars.DataFrame | None") -> TableTask:
    """Guess the task, split the rows, and prepare them, see `table_split`."""
    split = table_split(frame, goal, validation)
    preparation = Preparation(split.inputs, split.target)

    def part(rows: Rows) -> Part:
        return as_part(preparation, split.inputs.transform(rows.frame), rows.labels, rows.weight)

    with nullcontext() if validation is None else _of_the_validation_table():
        judged = None if split.validation is None else part(split.validation)
    test = None if split.test is None else part(split.test)
    return TableTask(split, preparation, part(split.train), test, judged)


def table_split(frame: "polars.DataFrame", goal: Goal, validation: "polars.DataFrame | None") -> TableSplit:
    """Guess the task and split the rows; ``validation`` is a table of its own with the same columns."""
    from deepstep.data import column

    notes: list[str] = []
    answers = columns_in(frame, goal.targets, "--target")
    for option, names in (("--exclude", goal.drop), ("--keep", goal.keep)):
        for name in names:
            column(frame, name, option)
    without, weight = _no_inputs(goal), None
    present = with_target(frame, goal)
    if goal.drop_missing_target and missing_target(frame, goal.targets).any():
        TablePreparation.fit(frame, exclude=without)  # what cannot be used is named by its row in the file
        if goal.sample_weight is not None:
            row_weights(frame, goal.sample_weight)
        frame = _with_target(frame, goal, notes)
        answers = columns_in(frame, goal.targets, "--target")
    choice = choose(answers, goal)
    # On the whole table first, for the same reason.
    target = choice.fit(answers)
    if goal.sample_weight is not None:
        weight = row_weights(frame, goal.sample_weight)
    TablePreparation.fit(frame, exclude=without)

    learned, tested, held = split_rows(answers, choice.kind, goal, notes)
    if choice.kind in NUMBERS:
        target = choice.fit(answers[learned])
    else:
        _check_classes(answers[learned])

    def rows(some: AnyArray) -> Rows:
        own = None if weight is None else weight[some]
        return Rows(frame[some], answers[some], own, present[some])

    judged = rows(held) if len(held) else None
    if validation is not None:
        with _of_the_validation_table():
            numbers = with_target(validation, goal)
            if goal.drop_missing_target:
                validation = _with_target(validation, goal, notes)
            labels = columns_in(validation, goal.targets, "--target")
            own = None if goal.sample_weight is None else row_weights(validation, goal.sample_weight)
            judged = Rows(validation, labels, own, numbers)
    train = rows(learned)
    check_some(train.weight, "learn from")
    check_some(None if judged is None else judged.weight, "validate on")
    inputs = TablePreparation.fit(train.frame, exclude=without, keep=goal.keep)
    notes += [f"Warning: {caution}" for caution in inputs.cautions]
    test = rows(tested) if len(tested) else None
    return TableSplit(
        choice.kind, choice.reason, inputs, target, train, test, judged, without, goal.keep, notes
    )


def split_rows(answers: Any, kind: str, goal: Goal, notes: list[str]) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Rows that are learned from, held out for the test, and validated on; the same in every call.

    ``answers`` are the targets of all rows that have some. ``notes`` gets lines for the person at the
    terminal.
    """
    classes = groups_of(answers) if kind not in NUMBERS else None
    everything = np.arange(len(answers))
    learned, tested = _split(everything, classes, goal.test_fraction, goal.seed, "test", notes)
    learned, held = _split(learned, classes, goal.validation_fraction or 0, goal.seed, "validation", notes)
    return learned, tested, held


def with_target(frame: "polars.DataFrame", goal: Goal) -> AnyArray:
    """The rows of a table that count, from 0: all, or those that have all targets where that is asked for."""
    if not goal.drop_missing_target:
        return np.arange(frame.height)
    return np.flatnonzero(~missing_target(frame, goal.targets))


def missing_target(frame: "polars.DataFrame", targets: Sequence[str]) -> AnyArray:
    """Where one of the targets has no value, (m,)."""
    return np.any([is_missing(frame[name]) for name in targets], axis=0)


def _with_target(frame: "polars.DataFrame", goal: Goal, notes: list[str]) -> "polars.DataFrame":
    """The rows that have all targets; a note says how many have not."""
    missing = missing_target(frame, goal.targets)
    if missing.any():
        notes.append(f"{missing.sum()} of {len(missing)} rows have no target and are left out.")
    return frame.filter(~missing)


def _no_inputs(goal: Goal) -> tuple[str, ...]:
    """The columns that are no inputs."""
    others = {
        "--exclude": list(goal.drop),
        "--sample-weight": [goal.sample_weight] if goal.sample_weight else [],
    }
    for option, names in others.items():
        for name in names:
            if name in goal.targets:
                raise ConfigurationError(option, "a column that is no target", f"got {name!r}, the target")
    return (*goal.targets, *(name for names in others.values() for name in names))


def groups_of(answers: Any) -> AnyArray:
    """Groups that a split keeps in proportion: the classes, of several targets each combination of them.

    >>> import polars
    >>> groups_of(polars.DataFrame({"wet": ["no", "yes"], "warm": [0, 1]})).tolist()
    ['no, 0', 'yes, 1']
    """
    import polars

    if isinstance(answers, polars.DataFrame):
        return np.array([", ".join(map(str, row)) for row in answers.iter_rows()], dtype=object)
    return np.asarray(answers.to_numpy())


@contextmanager
def _of_the_validation_table() -> Iterator[None]:
    """Let errors of the block say of which table they are, and how to mend it."""
    try:
        yield
    except (ConfigurationError, DataError) as error:
        where = "--validation" if error.where == "table" else f"--validation, {error.where}"
        hint = f"{error.hint} The table to validate on needs the columns of the training table.".strip()
        raise type(error)(where, error.expected, error.got, hint) from None


def _split(
    rows: AnyArray, classes: AnyArray | None, fraction: float, seed: int, part: str, notes: list[str]
) -> tuple[AnyArray, AnyArray]:
    """Some rows held out, none for a fraction of 0; classes in proportion where that is possible."""
    from deepstep.data import holdout, stratification_obstacle

    if fraction == 0:
        return rows, rows[:0]
    y = rows if classes is None else classes[rows]
    try:
        kept, held = holdout(y, fraction=fraction, seed=seed, stratify=classes is not None)
    except (ConfigurationError, DataError) as error:
        raise type(error)(f"--{part}-fraction", error.expected, error.got, error.hint) from None
    obstacle = "" if classes is None else stratification_obstacle(y, fraction=fraction)
    if obstacle:
        notes.append(f"The {part} part does not keep the classes' shares: {obstacle}.")
    return rows[kept], rows[held]


def _check_classes(answers: Any) -> None:
    """Refuse training rows that lost all classes but one to the other parts."""
    import polars

    for column in answers if isinstance(answers, polars.DataFrame) else [answers]:
        if column.n_unique() < 2:
            raise DataError(
                "--test-fraction",
                "rows of at least two classes to learn from",
                f"got {column.len()} of {column[0]!r} alone",
                "Hold out fewer rows, or collect more.",
            )
