"""From a table to what a network learns: the task, the preprocessing, and the rows of each part."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.cli.options import TrainOptions
from deepstep.cli.target import NUMBERS, check_some, choose, columns_in, row_weights, weights_by_class
from deepstep.errors import ConfigurationError, DataError
from deepstep.inspection import Finding
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation import (
    Preparation,
    TablePreparation,
    Target,
)
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.class_weights import example_weights as weights_by_answers
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.parsing import numbers as as_floats
from deepstep.preparation.streams import StreamedExamples
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars


class Part(NamedTuple):
    """Training or test rows: inputs (m, n_x), targets (m, n_L), and the right answers.

    Answers are positions of classes, or numbers in the target's units: (m,), of several targets
    (m, n_targets). The weight (m,) is that of each row; None for equal weights.
    """

    X: Array
    Y: Array
    answers: AnyArray
    weight: Array | None = None


def as_part(preparation: Preparation, X: Array, labels: Any, weight: Array | None = None) -> Part:
    """Prepared inputs with the raw target beside them."""
    target = preparation.target
    return Part(X, target.encode(labels), answers_of(target, labels), weight)


def joined(first: Part, second: Part) -> Part:
    """The rows of both; either both have weights or neither."""
    weight = None
    if first.weight is not None and second.weight is not None:
        weight = np.concatenate([first.weight, second.weight])
    X, Y, answers = (np.concatenate(pair) for pair in zip(first[:3], second[:3], strict=True))
    return Part(X, Y, answers, weight)


def answers_of(target: Target, labels: Any) -> AnyArray:
    """Raw targets as `score` takes them: positions of classes, or numbers."""
    return target.answers(labels)


def weights_of_classes(settings: TrainOptions, target: Target, part: Part) -> list[Array] | None:
    """For each target the weights of its classes by position, where the settings ask for some."""
    if settings.class_weight is None or not target.is_classification:
        return None
    return weights_by_class(settings.class_weight, target, columns_of(part.answers), part.weight)


def example_weights(part: Part, of_classes: Sequence[Array] | None) -> Array | None:
    """The weight of each row (m,): its own times that of its class; None for equal weights."""
    if of_classes is None:
        return part.weight
    weights = weights_by_answers(of_classes, columns_of(part.answers))
    return weights if part.weight is None else weights * part.weight


def columns_of(answers: AnyArray) -> AnyArray:
    """Answers as columns of each target: (n_targets, m)."""
    return np.atleast_2d(answers.T)


DEFAULT_VALIDATION = 0.1
"""The default of --validation-fraction with --patience or --scoring."""


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

    ``kind`` is that of `deepstep.cli.target.Choice`, with the ``reason`` for it. Inputs and target are
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
        if target.is_classification:
            found = target.answers(labels).reshape(-1, target.n_columns)
            answers = dict(zip(target.names or ("",), found.T, strict=True))
        else:
            whole = labels.get_columns() if target.several else [labels]
            answers = {column.name: as_floats(column) for column in whole}
        columns = {column.name: column for column in self.inputs.columns}
        return list(leak_findings(self.train.frame[rows], columns, answers, classes=target.is_classification))


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


def table_task(
    frame: "polars.DataFrame", options: TrainOptions, validation: "polars.DataFrame | None"
) -> TableTask:
    """Guess the task, split the rows, and prepare them, see `table_split`."""
    split = table_split(frame, options, validation)
    preparation = Preparation(split.inputs, split.target)

    def part(rows: Rows) -> Part:
        return as_part(preparation, split.inputs.transform(rows.frame), rows.labels, rows.weight)

    with nullcontext() if validation is None else _of_the_validation_table():
        validated = None if split.validation is None else part(split.validation)
    test = None if split.test is None else part(split.test)
    return TableTask(split, preparation, part(split.train), test, validated)


def table_split(
    frame: "polars.DataFrame", options: TrainOptions, validation: "polars.DataFrame | None"
) -> TableSplit:
    """Guess the task and split the rows; ``validation`` is a table of its own with the same columns."""
    from deepstep.data import column

    notes: list[str] = []
    answers = columns_in(frame, options.targets, "--target")
    named = {"--exclude": options.drop, "--keep": options.keep, "--categorical": options.categorical}
    for option, names in named.items():
        for name in names:
            column(frame, name, option)
    without, weight = _no_inputs(options), None
    present = with_target(frame, options)
    if options.drop_missing_target and missing_target(frame, options.targets).any():
        TablePreparation.fit(
            frame, exclude=without, categorical=options.categorical
        )  # what cannot be used is named by its row in the file
        if options.sample_weight is not None:
            row_weights(frame, options.sample_weight)
        frame = _with_target(frame, options, notes)
        answers = columns_in(frame, options.targets, "--target")
    choice = choose(answers, options)
    # On the whole table first, for the same reason.
    target = choice.fit(answers)
    if options.sample_weight is not None:
        weight = row_weights(frame, options.sample_weight)
    TablePreparation.fit(frame, exclude=without, categorical=options.categorical)

    learned, tested, held = split_rows(answers, choice.kind, options, notes)
    if choice.kind in NUMBERS:
        target = choice.fit(answers[learned])
    else:
        _check_classes(answers[learned])

    def rows(some: AnyArray) -> Rows:
        own = None if weight is None else weight[some]
        return Rows(frame[some], answers[some], own, present[some])

    validated = rows(held) if len(held) else None
    if validation is not None:
        with _of_the_validation_table():
            numbers = with_target(validation, options)
            if options.drop_missing_target:
                validation = _with_target(validation, options, notes)
            labels = columns_in(validation, options.targets, "--target")
            own = None if options.sample_weight is None else row_weights(validation, options.sample_weight)
            validated = Rows(validation, labels, own, numbers)
    train = rows(learned)
    check_some(train.weight, "learn from")
    check_some(None if validated is None else validated.weight, "validate on")
    inputs = TablePreparation.fit(
        train.frame, exclude=without, keep=options.keep, categorical=options.categorical
    )
    notes += [f"Warning: {caution}" for caution in inputs.cautions]
    test = rows(tested) if len(tested) else None
    return TableSplit(
        choice.kind, choice.reason, inputs, target, train, test, validated, without, options.keep, notes
    )


def split_rows(
    answers: Any, kind: str, options: TrainOptions, notes: list[str]
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Rows that are learned from, held out for the test, and validated on; the same in every call.

    ``answers`` are the targets of all rows that have some. ``notes`` gets lines for the person at the
    terminal.
    """
    classes = groups_of(answers) if kind not in NUMBERS else None
    everything = np.arange(len(answers))
    learned, tested = _split(everything, classes, options.test_fraction, options.seed, "test", notes)
    learned, held = _split(
        learned, classes, options.validation_fraction or 0, options.seed, "validation", notes
    )
    return learned, tested, held


def with_target(frame: "polars.DataFrame", options: TrainOptions) -> AnyArray:
    """The rows of a table that count, from 0: all, or those that have all targets where that is asked for."""
    if not options.drop_missing_target:
        return np.arange(frame.height)
    return np.flatnonzero(~missing_target(frame, options.targets))


def missing_target(frame: "polars.DataFrame", targets: Sequence[str]) -> AnyArray:
    """Where one of the targets has no value, (m,)."""
    return np.any([is_missing(frame[name]) for name in targets], axis=0)


def _with_target(frame: "polars.DataFrame", options: TrainOptions, notes: list[str]) -> "polars.DataFrame":
    """The rows that have all targets; a note says how many have not."""
    missing = missing_target(frame, options.targets)
    if missing.any():
        notes.append(f"{missing.sum()} of {len(missing)} rows have no target and are left out.")
    return frame.filter(~missing)


def _no_inputs(options: TrainOptions) -> tuple[str, ...]:
    """The columns that are no inputs."""
    others = {
        "--exclude": list(options.drop),
        "--sample-weight": [options.sample_weight] if options.sample_weight else [],
    }
    for option, names in others.items():
        for name in names:
            if name in options.targets:
                raise ConfigurationError(
                    option, "a column other than the target", f"got {name!r}", setting=option
                )
    return (*options.targets, *(name for names in others.values() for name in names))


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
