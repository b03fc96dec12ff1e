"""The rows of a table that are learned from, validated on and tested, and the target."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from deepstep.cli.groups_and_time import hold_out, how_split, row_groups, time_order
from deepstep.cli.options import TrainOptions
from deepstep.cli.target import NUMBERS, as_columns, check_some, choose, columns_in, row_weights
from deepstep.data import StoredRows
from deepstep.errors import ConfigurationError, DataError
from deepstep.inspection import Finding
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation import TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.data_checks import data_cautions
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.parsing import numbers as as_floats
from deepstep.preparation.statistics import MOST_CLASSES
from deepstep.preparation.survey import Survey, survey
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

DEFAULT_VALIDATION = 0.1
"""The default of --validation-fraction with --patience or --scoring."""
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
        weight, groups = (None if one is None else one[numbers] for one in (self.weight, self.groups))
        own = self.numbers[numbers] if len(self.numbers) else self.numbers
        return Rows(self.frame[numbers], self.labels[numbers], weight, own, groups)


@dataclass(frozen=True)
class TableSplit:
    """The target, the inputs and the rows of each part of a table.

    ``kind`` is that of `deepstep.cli.target.Choice`, with the ``reason`` for it. Inputs and target are
    fitted to the training rows alone, but all classes of the table are there. ``without`` are columns that
    are no inputs. ``notes`` are for the person at the terminal. With a ``survey`` the rows that are learned
    from stay in their files, and ``train`` is a sample of them.
    """

    kind: str
    reason: str
    inputs: TablePreparation
    target: Targets
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
        return float(self.target.scale_of(self.target.encode(self.train.labels), None)[1].max())

    @cached_property
    def leaks(self) -> list[Finding]:
        """Columns that alone tell the target."""
        rows = evenly_spread(self.train.frame.height, MOST_ROWS)
        labels, target = self.train.labels[rows], self.target
        answers: dict[str, AnyArray]
        if target.is_classes:
            found = target.values(labels).reshape(-1, target.n_columns)
            answers = dict(zip(target.names or ("",), found.T, strict=True))
        else:
            answers = {column.name: as_floats(column) for column in as_columns(labels)}
        columns = {column.name: column for column in self.inputs.columns}
        return list(leak_findings(self.train.frame[rows], columns, answers, classes=target.is_classes))


def table_split(
    frame: "polars.DataFrame", options: TrainOptions, validation: "polars.DataFrame | None"
) -> TableSplit:
    """Guess the task and split the rows; ``validation`` is a table of its own with the same columns."""
    from deepstep.data import column

    notes: list[str] = []
    without, whole = _no_inputs(options), frame
    frame, answers, present = _with_target(frame, options, notes)
    for option, names in _named(options).items():
        for name in names:
            column(frame, name, option)
    if options.time_column is not None:
        order = time_order(frame, options.time_column, present)
        frame, answers, present = frame[order], answers[order], present[order]
    groups = None if options.groups is None else row_groups(frame, options.groups, present)
    choice = choose(answers, options)
    target = choice.fit(answers)
    # On the whole table first: a value that cannot be used is named by its row in the file.
    weight = None if options.sample_weight is None else row_weights(whole, options.sample_weight)[present]
    TablePreparation.fit(whole, exclude=without, categorical=options.categorical)
    parts = dict.fromkeys(("test", "validation"), present[:0])
    learned, classes = np.arange(frame.height), None if choice.kind in NUMBERS else groups_of(answers)
    for part, share in _shares(options).items():
        if share and how_split(options):
            learned, parts[part] = hold_out(learned, classes, groups, share, options.seed, part)
        elif share:
            learned, parts[part] = _split(learned, classes, share, options.seed, part, notes)
    if choice.kind in NUMBERS:
        target = choice.fit(answers[learned])
    else:
        _check_classes(answers[learned])

    def rows(some: AnyArray) -> Rows | None:
        of_each = Rows(frame, answers, weight, present, groups)
        return of_each.take(some) if len(some) else None

    train = cast(Rows, rows(learned))  # at least one row stays
    check_some(train.weight, "learn from")
    inputs = TablePreparation.fit(
        train.frame, exclude=without, keep=options.keep, categorical=options.categorical
    )
    notes += _cautions(inputs, train.frame, train.labels, options, classes=choice.kind not in NUMBERS)
    validated = rows(parts["validation"])
    if validation is not None:
        validated = _of_another_table(validation, options, inputs, target, notes)
    check_some(None if validated is None else validated.weight, "validate on")
    test = rows(parts["test"])
    return TableSplit(choice.kind, choice.reason, inputs, target, train, test, validated, without, notes)


def _shares(options: TrainOptions) -> dict[str, float]:
    return {"test": options.test_fraction, "validation": options.validation_fraction or 0.0}


def _of_another_table(
    frame: "polars.DataFrame",
    options: TrainOptions,
    inputs: TablePreparation,
    target: Targets,
    notes: list[str],
) -> Rows:
    """The rows of the table to validate on, with the columns of the training table."""
    try:
        frame, labels, numbers = _with_target(frame, options, notes)
        weight = None if options.sample_weight is None else row_weights(frame, options.sample_weight)
        inputs.transform(frame)
        target.values(labels)
    except (ConfigurationError, DataError) as error:
        where = "--validation" if error.where == "table" else f"--validation, {error.where}"
        hint = f"{error.hint} The table to validate on needs the columns of the training table.".strip()
        raise type(error)(where, error.expected, error.got, hint) from None
    return Rows(frame, labels, weight, numbers)


def surveyed(
    rows: StoredRows,
    options: TrainOptions,
    validation: "polars.DataFrame | None",
    *,
    validation_fraction: float,
) -> TableSplit:
    """Read all rows once, and guess the task."""
    if len(options.targets) != 1:
        raise ConfigurationError(
            "--target",
            "one target where rows are streamed",
            f"got {len(options.targets)}",
            "Train a network for each, or read the table into memory with --no-stream.",
        )
    (target_name,), weighing = options.targets, options.sample_weight
    for option, names in {"--target": options.targets, **_named(options)}.items():
        rows.check_columns(names, option)

    def weights(frame: "polars.DataFrame") -> Array | None:
        return None if weighing is None else row_weights(frame, weighing)

    found = survey(
        rows,
        target_name,
        exclude=[weighing] if weighing else [],
        drop=options.drop,
        keep=options.keep,
        categorical=options.categorical,
        weights=None if weighing is None else weights,  # type: ignore[arg-type]  # there are some
        seed=options.seed,
        test_fraction=options.test_fraction,
        validation_fraction=validation_fraction,
        drop_missing_target=options.drop_missing_target,
    )
    answers = found.answers()
    choice = choose(answers, options, rows.n_rows - found.without_target)
    target = choice.fit(found.sample.get_column(target_name) if choice.kind in NUMBERS else answers)
    if not found.in_memory and choice.kind not in NUMBERS and not found.different.height:
        raise DataError(f"target {target_name!r}", f"at most {MOST_CLASSES:,} classes", "there are more")
    notes = _told(found, options, validation_fraction)
    notes += _cautions(
        found.inputs,
        found.sample,
        found.sample.get_column(target_name),
        options,
        classes=choice.kind not in NUMBERS,
        whole=found.in_memory,
    )

    def part(frame: "polars.DataFrame") -> Rows | None:
        labels = frame.get_column(target_name)
        return Rows(frame, labels, weights(frame), UNNUMBERED) if frame.height else None

    train = cast(Rows, part(found.sample))  # a survey without such rows is refused
    test, validated = part(found.test), part(found.validation)
    if validation is not None:
        validated = _of_another_table(validation, options, found.inputs, target, notes)
    without = _no_inputs(options)
    return TableSplit(
        choice.kind, choice.reason, found.inputs, target, train, test, validated, without, notes, found
    )


def _told(found: Survey, options: TrainOptions, validation_fraction: float) -> list[str]:
    notes = []
    if found.without_target:
        rows = f"{found.without_target:,} of {found.rows.n_rows:,} rows"
        notes.append(f"{rows} have no target and are left out.")
    asked = {"test": options.test_fraction, "validation": validation_fraction}
    for (name, share), taken in zip(asked.items(), found.shares, strict=False):
        if taken < share:
            notes.append(
                f"The {name} part is {taken:.2g} of the rows instead of {share:g}: it is held in memory."
            )
    if not found.in_memory:
        notes.append(f"Scores of what was learned are those of {found.sample.height:,} rows drawn from it.")
    return notes


def _cautions(
    inputs: TablePreparation,
    frame: "polars.DataFrame",
    labels: Any,
    options: TrainOptions,
    *,
    classes: bool,
    whole: bool = True,
) -> list[str]:
    """Warnings about the rows that are learned from, for a person who begins a training."""
    from deepstep.environment import polars

    columns = {column.name: column.to_numpy() for column in as_columns(labels)}
    rows, left_out = frame.height if whole else None, _no_inputs(options)
    # by columns, as drop takes a name such as ^a.*$ for a pattern
    used = polars.DataFrame([column for column in frame if column.name not in left_out])
    known = data_cautions(used, columns, classes=classes, rows=rows)
    return [f"Warning: {caution}" for caution in (*known, *inputs.cautions)]


def _with_target(
    frame: "polars.DataFrame", options: TrainOptions, notes: list[str]
) -> "tuple[polars.DataFrame, Any, AnyArray]":
    """The rows that count, their targets and their numbers from 0: all, or those with all targets if that is
    asked for; a note says how many have not.
    """
    answers = columns_in(frame, options.targets, "--target")
    if not options.drop_missing_target:
        return frame, answers, np.arange(frame.height)
    missing = np.any([is_missing(one) for one in as_columns(answers)], axis=0)
    if missing.any():
        notes.append(f"{missing.sum()} of {len(missing)} rows have no target and are left out.")
    return frame.filter(~missing), answers.filter(~missing), np.flatnonzero(~missing)


def _named(options: TrainOptions) -> dict[str, tuple[str, ...]]:
    """The columns that options name, which must be there."""
    return {"--exclude": options.drop, "--keep": options.keep, "--categorical": options.categorical}


def _no_inputs(options: TrainOptions) -> tuple[str, ...]:
    """The columns that are no inputs."""
    beside = (options.sample_weight, None if options.groups in options.keep else options.groups)
    return (*options.targets, *options.drop, *(name for name in beside if name))


def groups_of(answers: Any) -> AnyArray:
    """Groups that a split keeps in proportion: the classes, of several targets each combination of them.

    >>> import polars
    >>> groups_of(polars.DataFrame({"wet": ["no", "yes"], "warm": [0, 1]})).tolist()
    ['no, 0', 'yes, 1']
    """
    from deepstep.environment import polars

    if isinstance(answers, polars.DataFrame):
        return np.array([", ".join(map(str, row)) for row in answers.iter_rows()], dtype=object)
    return np.asarray(answers.to_numpy())


def _split(
    rows: AnyArray, classes: AnyArray | None, fraction: float, seed: int, part: str, notes: list[str]
) -> tuple[AnyArray, AnyArray]:
    """Some rows held out, classes in proportion where that is possible."""
    from deepstep.data import holdout, stratification_obstacle

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
    for column in as_columns(answers):
        if column.n_unique() < 2:
            raise DataError(
                "--test-fraction",
                "rows of at least two classes to learn from",
                f"got {column.len()} of {column[0]!r} alone",
                "Hold out fewer rows, or collect more.",
            )
