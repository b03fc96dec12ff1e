"""The rows of a table that are learned from, validated on and tested, and the target."""

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np

from deepstep.cli.reading import TableOptions, check_some, row_groups, row_weights, time_order, with_target
from deepstep.cli.task import Task, as_columns, choose
from deepstep.data import StoredRows, stratification_obstacle
from deepstep.data.rows import Place, naming_rows
from deepstep.ensembles.split import hold_out
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, DataWarning
from deepstep.preparation import TablePreparation
from deepstep.preparation.statistics import MOST_CLASSES
from deepstep.preparation.survey import Survey, survey
from deepstep.training.rows import parts
from deepstep.types import AnyArray, Array

UNNUMBERED = np.empty(0, np.int64)
"""Numbers of rows that are not kept."""


class Rows(NamedTuple):
    """Rows as they are in the file: all columns, their targets, and weights (m,) if they have some.

    Their numbers (m,) are those of the rows of the file, from 0; there are none of rows that are streamed.
    Of groups that stay whole they have the number of each row's.
    """

    frame: "polars.DataFrame"
    labels: Any
    weight: Array | None
    numbers: AnyArray
    groups: AnyArray | None = None

    def take(self, numbers: AnyArray) -> "Rows":
        """The rows of these numbers, from 0."""
        weight = None if self.weight is None else self.weight[numbers]
        groups = None if self.groups is None else self.groups[numbers]
        in_file = self.numbers[numbers] if len(self.numbers) else self.numbers
        return Rows(self.frame[numbers], self.labels[numbers], weight, in_file, groups)


@dataclass(frozen=True)
class Parts:
    """The task, and the rows of each part of a table.

    ``inputs`` is how columns are read, of the rows that are learned from. ``without`` are columns that are no
    inputs. ``notes`` are for the person at the terminal. With a ``survey`` the rows that are learned from
    stay in their files, and ``train`` is a sample of them.
    """

    task: Task
    inputs: TablePreparation
    train: Rows
    test: Rows | None
    validation: Rows | None
    without: tuple[str, ...]
    notes: list[str]
    survey: Survey | None = None

    @property
    def deviation(self) -> float:
        """The largest standard deviation of the numbers that are learned, in a stream of all rows."""
        if self.survey is not None and not self.survey.in_memory:
            return self.survey.moments.moments(self.survey.target)[1]
        targets = self.task.targets
        return float(targets.scale_of(targets.encode(self.train.labels), None)[1].max())

    def X(self, rows: Rows) -> "polars.DataFrame":
        """The columns that may be inputs; those that no feature is made of may be missing."""
        names = [name for name in self.train.frame.columns if name not in self.without]
        missing = [polars.lit(None).alias(name) for name in names if name not in rows.frame.columns]
        return rows.frame.with_columns(missing)[names]

    def y(self, rows: Rows) -> AnyArray:
        """Labels or numbers as an estimator takes them, (m,) or (m, n_targets)."""
        targets = self.task.targets
        values = targets.values(rows.labels)
        return targets.labels_at(values) if targets.is_classes else values

    def warnings(self) -> list[DataWarning]:
        """Warnings about the rows that are learned from, for a person who begins a training."""
        from deepstep.estimators.inputs import table_warnings  # scikit-learn comes with it

        frame, task = self.X(self.train), self.task
        labels = {column.name: column.to_numpy() for column in as_columns(self.train.labels)}
        rows = frame.height if self.survey is None or self.survey.in_memory else None
        return [*table_warnings(frame, self.inputs, labels, classes=not task.numbers, rows=rows)]


def task_of(labels: Any, options: TableOptions, rows: int | None = None) -> Task:
    """The kind of the target."""
    return choose(labels, task=options.task, loss=options.loss, classes=options.classes, rows=rows)


def parts_in_memory(
    frame: "polars.DataFrame", name: str, options: TableOptions, validation: "polars.DataFrame | None" = None
) -> Parts:
    """Guess the task and split the rows; ``validation`` is a table of its own with the same columns.

    ``name`` is that of the file, for messages.
    """
    from deepstep.data import column

    notes: list[str] = []
    table = frame
    frame, labels, numbers = with_target(frame, options, notes)
    for flag, columns in options.named.items():
        for each in columns:
            column(frame, each, flag)
    if options.time_column is not None:
        order = time_order(frame, options.time_column, numbers)
        frame, labels, numbers = frame[order], labels[order], numbers[order]
    groups = None if options.groups is None else row_groups(frame, options.groups, numbers)
    task = task_of(labels, options)
    # of the whole table: a value that cannot be used is named by its row in the file
    weight = None if options.sample_weight is None else row_weights(table, options.sample_weight)[numbers]
    rows = Rows(frame, labels, weight, numbers, groups)
    learned = np.arange(frame.height)
    strata = None if task.numbers else strata_of(labels)
    tested = validated = learned[:0]
    if options.test_fraction:
        learned, tested = _held_out(rows, learned, strata, options.test_fraction, options, "test", notes)
    if options.validation_fraction and validation is None:
        share = options.validation_fraction
        learned, validated = _held_out(rows, learned, strata, share, options, "validation", notes)
    train = rows.take(learned)
    test = rows.take(tested) if len(tested) else None
    judges = rows.take(validated) if len(validated) else None
    with naming_rows(Place(name, 0), train.numbers):
        inputs = TablePreparation.fit(
            train.frame, exclude=options.no_inputs, keep=options.keep, categorical=options.categorical
        )
    if test is not None:  # what cannot be read there ends the command before the training, not after it
        for block in parts(test.frame.height, (inputs.n_features,)):
            with naming_rows(Place(name, 0), test.numbers[block]):
                inputs.transform(test.frame[block])
    if validation is not None:
        judges = _of_another_table(validation, options, inputs, task, notes)
    check_some(train.weight, "learn from")
    check_some(None if judges is None else judges.weight, "validate on")
    if not task.numbers:
        _check_classes(train.labels)
    return Parts(task, inputs, train, test, judges, options.no_inputs, notes)


def _held_out(
    rows: Rows,
    learned: AnyArray,
    strata: AnyArray | None,
    fraction: float,
    options: TableOptions,
    part: str,
    notes: list[str],
) -> tuple[AnyArray, AnyArray]:
    """Rows to learn from, and rows held out, of those that have been learned from until now."""
    some = None if strata is None else strata[learned]
    groups = None if rows.groups is None else rows.groups[learned]
    try:
        fold = hold_out(len(learned), some, groups, fraction, options.seed, by_time=options.in_time)
    except DataError as error:
        flag = "--test-fraction" if part == "test" else "--set validation_fraction"
        if not options.how_split:
            raise DataError(f"{flag}: {error.problem}", error.hint) from None
        if error.setting == "groups":
            problem = f"{options.groups!r} has one group alone, of which no rows can be held out"
            raise DataError(problem, "Leave --groups out.") from None
        raise DataError("The rows to learn from have one class alone", f"Lower {flag}.") from None
    if some is not None and not options.how_split:
        obstacle = stratification_obstacle(some, fraction=fraction)
        if obstacle:
            notes.append(f"The {part} part does not keep the classes' shares: {obstacle}.")
    return learned[fold.learned], learned[fold.held_out]


def _of_another_table(
    frame: "polars.DataFrame", options: TableOptions, inputs: TablePreparation, task: Task, notes: list[str]
) -> Rows:
    """The rows of the table to validate on, with the columns of the training table."""
    try:
        frame, labels, numbers = with_target(frame, options, notes)
        weight = None if options.sample_weight is None else row_weights(frame, options.sample_weight)
        inputs.transform(frame)
        task.targets.values(labels)
    except (ConfigurationError, DataError) as error:
        hint = f"{error.hint} The table to validate on needs the columns of the training table.".strip()
        raise type(error)(f"--validation: {error.problem}", hint) from None
    return Rows(frame, labels, weight, numbers)


def parts_of_a_stream(
    rows: StoredRows, options: TableOptions, validation: "polars.DataFrame | None", share: float
) -> Parts:
    """Read all rows once, and guess the task; without ``validation`` a share of them is held out."""
    if len(options.targets) != 1:
        hint = "Train a network for each, or read the table into memory with --no-stream."
        value = ", ".join(options.targets)
        raise ConfigurationError.must_be("--target", "one column where rows are streamed", value, hint)
    (target_name,), weighing = options.targets, options.sample_weight
    for flag, names in {"--target": options.targets, **options.named}.items():
        rows.check_columns(names, flag)

    def weights(frame: "polars.DataFrame") -> Array | None:
        return None if weighing is None else row_weights(frame, weighing)

    share = share if validation is None else 0.0
    surveyed = survey(
        rows,
        target_name,
        exclude=[weighing] if weighing else [],
        drop=options.exclude,
        keep=options.keep,
        categorical=options.categorical,
        weights=None if weighing is None else weights,  # type: ignore[arg-type]  # there are some
        seed=options.seed,
        test_fraction=options.test_fraction,
        validation_fraction=share,
        drop_missing_target=options.drop_missing_target,
    )
    task = task_of(surveyed.answers(), options, rows.n_rows - surveyed.without_target)
    if not surveyed.in_memory and not task.numbers and not surveyed.different.height:
        raise DataError(f"Target {target_name!r} has more than {MOST_CLASSES:,} classes")
    notes = _notes_on_parts(surveyed, options, share)

    def part(frame: "polars.DataFrame") -> Rows | None:
        labels = frame.get_column(target_name)
        return Rows(frame, labels, weights(frame), UNNUMBERED) if frame.height else None

    train = cast(Rows, part(surveyed.sample))  # a survey without such rows is refused
    judges = part(surveyed.validation)
    if validation is not None:
        judges = _of_another_table(validation, options, surveyed.inputs, task, notes)
    test = part(surveyed.test)
    without = options.no_inputs
    return Parts(task, surveyed.inputs, train, test, judges, without, notes, surveyed)


def _notes_on_parts(surveyed: Survey, options: TableOptions, validation_fraction: float) -> list[str]:
    """Sentences about parts of a stream that are other than was asked for."""
    notes = []
    if surveyed.without_target:
        rows = f"{surveyed.without_target:,} of {surveyed.rows.n_rows:,} rows"
        notes.append(f"{rows} have no target and are left out.")
    shares = {"test": options.test_fraction, "validation": validation_fraction}
    for (name, share), taken in zip(shares.items(), surveyed.shares, strict=False):
        if taken < share:
            held = f"{taken:.2g} of the rows instead of {share:g}: it is held in memory."
            notes.append(f"The {name} part is {held}")
    if not surveyed.in_memory:
        drawn = f"{surveyed.sample.height:,} rows drawn from it"
        notes.append(f"Scores of what was learned are those of {drawn}.")
    return notes


def strata_of(labels: Any) -> AnyArray:
    """The strata that a split keeps in proportion: the classes, of several targets each combination of them.

    >>> import polars
    >>> strata_of(polars.DataFrame({"wet": ["no", "yes"], "warm": [0, 1]})).tolist()
    ['no, 0', 'yes, 1']
    """
    if isinstance(labels, polars.DataFrame):
        return np.array([", ".join(map(str, row)) for row in labels.iter_rows()], dtype=object)
    return np.asarray(labels.to_numpy())


def _check_classes(labels: Any) -> None:
    """Refuse training rows that lost all classes but one to the other parts."""
    for column in as_columns(labels):
        if column.n_unique() < 2:
            problem = f"The {column.len():,} rows to learn from are all of the class {column[0]!r}"
            raise DataError(problem, "Lower --test-fraction, or collect more rows.")
