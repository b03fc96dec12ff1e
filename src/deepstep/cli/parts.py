"""The rows of a table that are learned from, validated on and tested, and the target."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from deepstep.cli.reading import TableOptions, check_some, row_groups, row_weights, time_order, with_target
from deepstep.cli.task import Choice, as_columns, choose
from deepstep.data import StoredRows, stratification_obstacle
from deepstep.ensembles.split import FRACTION, hold_out
from deepstep.errors import ConfigurationError, DataError
from deepstep.inspection import Finding
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation import TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.data_checks import data_cautions
from deepstep.preparation.parsing import numbers as as_floats
from deepstep.preparation.statistics import MOST_CLASSES
from deepstep.preparation.survey import Survey, survey
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

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
    """The target, the inputs and the rows of each part of a table.

    Inputs and targets are fitted to the training rows alone, but all classes of the table are there.
    ``without`` are columns that are no inputs. ``notes`` are for the person at the terminal. With a
    ``survey`` the rows that are learned from stay in their files, and ``train`` is a sample of them.
    """

    choice: Choice
    inputs: TablePreparation
    targets: Targets
    train: Rows
    test: Rows | None
    validation: Rows | None
    without: tuple[str, ...]
    notes: list[str]
    survey: Survey | None = None

    @property
    def n_learned(self) -> int:
        """How many rows are learned from."""
        return self.train.frame.height if self.survey is None else sum(self.survey.kept)

    @property
    def deviation(self) -> float:
        """The largest standard deviation of the numbers that are learned, in a stream of all rows."""
        if self.survey is not None and not self.survey.in_memory:
            return self.survey.moments.moments(self.survey.target)[1]
        return float(self.targets.scale_of(self.targets.encode(self.train.labels), None)[1].max())

    @cached_property
    def leaks(self) -> list[Finding]:
        """Columns that alone tell the target."""
        rows = evenly_spread(self.train.frame.height, MOST_ROWS)
        labels, targets = self.train.labels[rows], self.targets
        answers: dict[str, AnyArray]
        if targets.is_classes:
            positions = targets.values(labels).reshape(-1, targets.n_columns)
            answers = dict(zip(targets.names or ("",), positions.T, strict=True))
        else:
            answers = {column.name: as_floats(column) for column in as_columns(labels)}
        columns = {column.name: column for column in self.inputs.columns}
        return list(leak_findings(self.train.frame[rows], columns, answers, classes=targets.is_classes))

    def X(self, rows: Rows) -> "polars.DataFrame":
        """The columns that may be inputs; those that no feature is made of may be missing."""
        from deepstep.environment import polars

        names = [name for name in self.train.frame.columns if name not in self.without]
        missing = [polars.lit(None).alias(name) for name in names if name not in rows.frame.columns]
        return rows.frame.with_columns(missing)[names]

    def y(self, rows: Rows) -> AnyArray:
        """Labels as an estimator takes them, of several columns 0 and 1; or numbers."""
        targets = self.targets
        values = targets.values(rows.labels)
        return np.asarray(targets.labels[0])[values] if targets.is_classes and not targets.several else values


def choice_of(answers: Any, options: TableOptions, rows: int | None = None) -> Choice:
    """The kind of the target."""
    return choose(
        answers,
        task=options.task,
        loss=options.loss,
        classes=options.classes,
        quantiles=options.quantiles,
        rows=rows,
    )


def parts_in_memory(
    frame: "polars.DataFrame", options: TableOptions, validation: "polars.DataFrame | None" = None
) -> Parts:
    """Guess the task and split the rows; ``validation`` is a table of its own with the same columns."""
    from deepstep.data import column

    notes: list[str] = []
    without, whole = options.no_inputs, frame
    frame, answers, numbers = with_target(frame, options, notes)
    for flag, names in options.named.items():
        for name in names:
            column(frame, name, flag)
    if options.time_column is not None:
        order = time_order(frame, options.time_column, numbers)
        frame, answers, numbers = frame[order], answers[order], numbers[order]
    groups = None if options.groups is None else row_groups(frame, options.groups, numbers)
    choice = choice_of(answers, options)
    targets = choice.fit(answers)
    # On the whole table first: a value that cannot be used is named by its row in the file.
    weight = None if options.sample_weight is None else row_weights(whole, options.sample_weight)[numbers]
    TablePreparation.fit(whole, exclude=without, categorical=options.categorical)
    rows = Rows(frame, answers, weight, numbers, groups)
    learned, strata = np.arange(frame.height), None if choice.numbers else strata_of(answers)
    tested = validated = learned[:0]
    if options.test_fraction:
        learned, tested = _held_out(rows, learned, strata, options.test_fraction, options, "test", notes)
    if options.validation_fraction and validation is None:
        share = options.validation_fraction
        learned, validated = _held_out(rows, learned, strata, share, options, "validation", notes)
    if choice.numbers:
        targets = choice.fit(answers[learned])
    else:
        _check_classes(answers[learned])
    train = rows.take(learned)
    check_some(train.weight, "learn from")
    inputs = TablePreparation.fit(
        train.frame, exclude=without, keep=options.keep, categorical=options.categorical
    )
    notes += _cautions(inputs, train.frame, train.labels, options, classes=not choice.numbers)
    judges = rows.take(validated) if len(validated) else None
    if validation is not None:
        judges = _of_another_table(validation, options, inputs, targets, notes)
    check_some(None if judges is None else judges.weight, "validate on")
    test = rows.take(tested) if len(tested) else None
    return Parts(choice, inputs, targets, train, test, judges, without, notes)


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
        fold = hold_out(len(learned), some, groups, fraction, options.seed, part, by_time=options.in_time)
    except DataError as error:
        expected, got, hint = error.expected, error.got, error.hint
        if options.how_split:
            one_group = error.setting == "groups"
            expected = (
                "rows of at least two groups" if one_group else "rows of two classes beside those held out"
            )
            got, hint = f"got one {'group' if one_group else 'class'}", "Hold out fewer rows."
        where = "--test-fraction" if part == "test" else "--set validation_fraction"
        raise DataError(where, expected, got, hint) from None
    if some is not None and not options.how_split:
        obstacle = stratification_obstacle(some, fraction=fraction)
        if obstacle:
            notes.append(f"The {part} part does not keep the classes' shares: {obstacle}.")
    return learned[fold.learned], learned[fold.held_out]


def _of_another_table(
    frame: "polars.DataFrame",
    options: TableOptions,
    inputs: TablePreparation,
    targets: Targets,
    notes: list[str],
) -> Rows:
    """The rows of the table to validate on, with the columns of the training table."""
    try:
        frame, labels, numbers = with_target(frame, options, notes)
        weight = None if options.sample_weight is None else row_weights(frame, options.sample_weight)
        inputs.transform(frame)
        targets.values(labels)
    except (ConfigurationError, DataError) as error:
        where = "--validation" if error.where == "table" else f"--validation, {error.where}"
        hint = f"{error.hint} The table to validate on needs the columns of the training table.".strip()
        raise type(error)(where, error.expected, error.got, hint) from None
    return Rows(frame, labels, weight, numbers)


def parts_of_a_stream(
    rows: StoredRows, options: TableOptions, validation: "polars.DataFrame | None" = None
) -> Parts:
    """Read all rows once, and guess the task."""
    if len(options.targets) != 1:
        raise ConfigurationError(
            "--target",
            "one target where rows are streamed",
            f"got {len(options.targets)}",
            "Train a network for each, or read the table into memory with --no-stream.",
        )
    (target_name,), weighing = options.targets, options.sample_weight
    for flag, names in {"--target": options.targets, **options.named}.items():
        rows.check_columns(names, flag)

    def weights(frame: "polars.DataFrame") -> Array | None:
        return None if weighing is None else row_weights(frame, weighing)

    share = FRACTION if validation is None else 0.0
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
    answers, sample = surveyed.answers(), surveyed.sample.get_column(target_name)
    choice = choice_of(answers, options, rows.n_rows - surveyed.without_target)
    targets = choice.fit(sample if choice.numbers else answers)
    if not surveyed.in_memory and not choice.numbers and not surveyed.different.height:
        raise DataError(f"target {target_name!r}", f"at most {MOST_CLASSES:,} classes", "there are more")
    notes = _told(surveyed, options, share)
    in_memory = surveyed.in_memory
    notes += _cautions(
        surveyed.inputs, surveyed.sample, sample, options, classes=not choice.numbers, whole=in_memory
    )

    def part(frame: "polars.DataFrame") -> Rows | None:
        labels = frame.get_column(target_name)
        return Rows(frame, labels, weights(frame), UNNUMBERED) if frame.height else None

    train = cast(Rows, part(surveyed.sample))  # a survey without such rows is refused
    judges = part(surveyed.validation)
    if validation is not None:
        judges = _of_another_table(validation, options, surveyed.inputs, targets, notes)
    test, without = part(surveyed.test), options.no_inputs
    return Parts(choice, surveyed.inputs, targets, train, test, judges, without, notes, surveyed)


def _told(surveyed: Survey, options: TableOptions, validation_fraction: float) -> list[str]:
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


def _cautions(
    inputs: TablePreparation,
    frame: "polars.DataFrame",
    labels: Any,
    options: TableOptions,
    *,
    classes: bool,
    whole: bool = True,
) -> list[str]:
    """Warnings about the rows that are learned from, for a person who begins a training."""
    from deepstep.environment import polars

    columns = {column.name: column.to_numpy() for column in as_columns(labels)}
    rows, left_out = frame.height if whole else None, options.no_inputs
    # by columns, as drop takes a name such as ^a.*$ for a pattern
    used = polars.DataFrame([column for column in frame if column.name not in left_out])
    known = data_cautions(used, columns, classes=classes, rows=rows)
    return [f"Warning: {caution}" for caution in (*known, *inputs.cautions)]


def strata_of(answers: Any) -> AnyArray:
    """The strata that a split keeps in proportion: the classes, of several targets each combination of them.

    >>> import polars
    >>> strata_of(polars.DataFrame({"wet": ["no", "yes"], "warm": [0, 1]})).tolist()
    ['no, 0', 'yes, 1']
    """
    from deepstep.environment import polars

    if isinstance(answers, polars.DataFrame):
        return np.array([", ".join(map(str, row)) for row in answers.iter_rows()], dtype=object)
    return np.asarray(answers.to_numpy())


def _check_classes(answers: Any) -> None:
    """Refuse training rows that lost all classes but one to the other parts."""
    for column in as_columns(answers):
        if column.n_unique() < 2:
            raise DataError(
                "--test-fraction",
                "rows of at least two classes to learn from",
                f"got {column.len()} of {column[0]!r} alone",
                "Hold out fewer rows, or collect more.",
            )
