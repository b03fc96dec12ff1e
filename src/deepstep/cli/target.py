"""The target of a table: its columns, its kind, weights of rows and of classes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.cli.option_types import CLASS_WEIGHT, ClassWeight
from deepstep.cli.options import TrainOptions, flag_of
from deepstep.cli.screen import note
from deepstep.data.dialect import UTF_8, TextFormat
from deepstep.data.formats import ReadOptions, usual_separator
from deepstep.data.tables import table_in, told_missing_words
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError, spelled, unknown_name
from deepstep.preparation import guess_task
from deepstep.preparation.class_weights import class_weights
from deepstep.preparation.target_values import MOST_NUMBER_CLASSES
from deepstep.run import text_format
from deepstep.targets import CLASS_LOSSES, NUMBER_LOSSES, Targets
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

QUANTILES = (0.1, 0.5, 0.9)
NUMBERS = ("regression", "multioutput")
"""The tasks whose targets are numbers."""


def check_table_options(options: TrainOptions) -> None:
    """Refuse options that fit no table."""
    known = [*CLASS_LOSSES, *NUMBER_LOSSES]
    if options.loss is not None and options.loss not in known:
        raise unknown_name("--loss", "loss", options.loss, known)
    if options.quantiles is not None:
        if options.loss != "quantile":
            got = "got no --loss" if options.loss is None else f"got --loss {options.loss}"
            name = "--quantiles"
            raise ConfigurationError(name, "used with --loss quantile", got, setting=name)
        with spelled(flag_of):
            get_head("quantile").with_settings(levels=options.quantiles)
    if not 0 <= options.test_fraction < 1:
        raise ConfigurationError(
            "--test-fraction", "a share from 0, for none, to below 1", f"got {options.test_fraction:g}"
        )
    share = options.validation_fraction
    if share is not None and not 0 < share < 1:
        raise ConfigurationError("--validation-fraction", "a share above 0 and below 1", f"got {share:g}")
    weighing = [options.sample_weight] if options.sample_weight else []
    others = {"--exclude": options.drop, "--categorical": options.categorical, "--sample-weight": weighing}
    others |= {"--groups": [options.groups or ""], "--time-column": [options.time_column or ""]}
    for option, names in others.items():
        for name in {*names}.intersection(options.targets):
            raise ConfigurationError(
                option, "a column other than the target", f"got {name!r}", setting=option
            )
    for name in options.keep:
        if name in (*options.targets, *options.drop, options.sample_weight):
            raise ConfigurationError("--keep", "a column that is an input", f"{name!r} is none")
    if len(set(options.targets)) < len(options.targets):
        raise ConfigurationError("--target", "each column once", f"got {', '.join(options.targets)}")
    if len(options.targets) > 1:
        _check_several(options)


def _check_several(options: TrainOptions) -> None:
    """Refuse losses that are those of one target."""
    if options.loss in ("ordinal", "quantile"):
        raise ConfigurationError(
            "--loss",
            "a loss of several targets",
            f"got {options.loss!r}, which is one of a single target",
            "Train a network for each target.",
        )
    if options.classes is not None:
        raise ConfigurationError("--classes", "one target", f"got {len(options.targets)}", "Leave it out.")


class Choice(NamedTuple):
    """A kind of target, the reason for it, and the function from `columns_in` some rows to the target.

    Kinds are "binary", "multiclass", "regression"; of several targets "multilabel" and "multioutput".
    """

    kind: str
    reason: str
    fit: Callable[[Any], Targets]


def columns_in(frame: "polars.DataFrame", names: Sequence[str], where: str) -> Any:
    """The target in a table: a polars.Series, of several targets a polars.DataFrame."""
    from deepstep.data import column

    columns = [column(frame, name, where) for name in names]
    return columns[0] if len(names) == 1 else frame.select(names)


def as_columns(answers: Any) -> "list[polars.Series]":
    """The columns of what `columns_in` gives."""
    return answers.get_columns() if hasattr(answers, "get_columns") else [answers]


def choose(answers: Any, options: TrainOptions, rows: int | None = None) -> Choice:
    """The kind of the target, and why: as --task says, else as --loss, else a guess.

    ``answers`` are as `columns_in` gives them; ``rows`` counts all rows where these are values of some.
    """
    several, loss, columns = len(options.targets) > 1, options.loss, as_columns(answers)
    kind, numbers, reason = "", options.task == "regression", "--task says so"
    if options.task == "auto":
        guesses, numeric = list(map(guess_task, columns)), all(one.dtype.is_numeric() for one in columns)
        kind, reason = guesses[0]
        numbers = kind == "regression"
        if loss in NUMBER_LOSSES and numeric and (several or not numbers):
            numbers, reason = True, f"--loss {loss} is one of numbers"
        elif loss in CLASS_LOSSES and (several or numbers):
            kind, numbers, reason = "", False, f"--loss {loss} is one of classes"
            if not several:
                _refuse_decimals(answers, f"--loss {loss}")
        elif several:
            numbers, reason = _guess_of_several(columns, [guess for guess, _ in guesses])
    if several:
        kind = "multioutput" if numbers else "multilabel"
    elif numbers:
        kind = "regression"
    elif not kind:
        kind = "binary" if answers.n_unique() == 2 else "multiclass"
    if kind == "multiclass" and options.task == "auto":
        _refuse_mostly_different(answers, len(answers) if rows is None else rows)
    return Choice(kind, reason, partial(_numbers if numbers else _classes, options))


def _refuse_decimals(answers: "polars.Series", where: str) -> None:
    if answers.dtype.is_float() and (answers != answers.round()).any():
        raise DataError(
            where,
            "classes to learn: texts or whole numbers",
            f"{answers.name} has {answers.n_unique()} different decimal numbers",
            "Use a loss of numbers such as squared_error, or add --task classification.",
        )


def _refuse_mostly_different(answers: "polars.Series", m: int) -> None:
    """Refuse classes that are too many to be meant as such: names, free texts, numbers."""
    n = answers.n_unique()
    if n > MOST_NUMBER_CLASSES and 2 * n > m:
        raise DataError(
            f"target {answers.name!r}",
            "classes that come again",
            f"it has {n:,} different values in {m:,} rows",
            "If each is to be a class of its own add --task classification; numbers are learned with --task "
            "regression. Else choose another target.",
        )


def _guess_of_several(columns: "Sequence[polars.Series]", guesses: Sequence[str]) -> tuple[bool, str]:
    """Whether several columns hold numbers, and why: columns of two classes each, or else all of numbers."""
    names = ", ".join(column.name for column in columns)
    texts = [column.name for column in columns if not column.dtype.is_numeric()]
    more = [column.name for column, guess in zip(columns, guesses, strict=True) if guess != "binary"]
    if more and texts:
        raise DataError(
            "--target",
            "several columns that all have two values, or all hold numbers",
            f"{texts[0]} holds classes, and {more[0]} has more than two values",
            "Train a network for each target.",
        )
    return bool(more), f"{names} hold numbers" if more else f"each of {names} has 2 different values"


def _classes(options: TrainOptions, values: Any) -> Targets:
    """The classes of some rows."""
    return Targets.from_labels(
        values, "--loss", loss=_known_loss(options, CLASS_LOSSES, "classes"), order=options.classes
    )


def _numbers(options: TrainOptions, values: Any) -> Targets:
    """The numbers of some rows."""
    loss = _known_loss(options, NUMBER_LOSSES, "numbers")
    if options.classes is not None:
        raise ConfigurationError("--classes", "a target of classes", "it holds numbers", "See --task.")
    levels = (options.quantiles or QUANTILES) if loss == "quantile" else None
    return Targets.from_numbers(values, "--loss", loss=loss, quantiles=levels)


def _known_loss(options: TrainOptions, losses: Iterable[str], kind: str) -> str:
    """The loss, by default the first of those of such targets."""
    losses = tuple(losses)
    loss = options.loss or losses[0]
    if loss not in losses:
        raise unknown_name("--loss", f"loss of {kind}", loss, losses)
    return loss


def table_of(
    file: Path, options: TrainOptions, beside: Sequence[str] = ()
) -> "tuple[polars.DataFrame, TrainOptions]":
    """A table in memory, and the options with how it is written where its name does not say so.

    Words for a missing value are classes of the target where --classes names them.
    """
    how = ReadOptions(
        text_format(vars(options)),
        values=dict.fromkeys(options.targets, options.classes or ()),
        tell=note,
    )
    with spelled(flag_of):
        frame, written = table_in(file, beside, how)
    for name in options.targets:
        got = told_missing_words(file, frame, name, how._replace(given=written))
        if not got:
            continue
        hint = "If it is a class, name all of them with --classes"
        if len(options.targets) > 1:
            hint = "If it is a class, write another word"
        if not options.drop_missing_target:
            hint = f"{hint}; else drop these rows with --drop-missing-target."
            raise DataError(f"target {name!r}", "every row has a target", got, hint)
        note(f"Warning: target {name!r}: {got}. {hint}.")
    return frame, replace(options, **found_format(file, written))


def found_format(file: Path, written: TextFormat) -> dict[str, Any]:
    """The options that a text table needs: those that the name of the file does not say."""
    usual = {"sep": usual_separator(file), "decimal": ".", "encoding": UTF_8}
    found = {name: getattr(written, name) for name in usual}
    return {name: value if value != usual[name] else None for name, value in found.items()}


SAMPLE_WEIGHT = "--sample-weight"


def row_weights(frame: "polars.DataFrame", name: str, where: str = SAMPLE_WEIGHT) -> Array:
    """The weights (m,) in a column, finite and at least 0."""
    from deepstep.data import column
    from deepstep.environment import polars

    given = column(frame, name, where)
    # a number is a number, whatever kind the column is of; a text is none
    values = given.cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    wrong = ~(np.isfinite(values) & (values >= 0))
    if not given.dtype.is_numeric():
        # the first text that is no number, else the first of all
        wrong = wrong if wrong.any() else np.ones_like(wrong)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            where, f"weights of at least 0 in the column {name!r}", f"row {row + 1} is {_shown(given[row])}"
        )
    return values


def check_some(weight: Array | None, part: str) -> None:
    """Refuse rows that all have the weight 0."""
    if weight is not None and len(weight) and not weight.any():
        raise DataError(SAMPLE_WEIGHT, f"a weight above 0 among the rows to {part}", "they are all 0")


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "missing"
    return f"{value!r:.40}" if isinstance(value, str | bool) else f"{value}"


def weights_by_class(
    weights: ClassWeight, target: Targets, columns: AnyArray, weight: Array | None
) -> list[Array]:
    """For each target the weights of its classes, by position.

    Names are classes, of several targets ``COLUMN:CLASS``. ``columns`` (n_targets, m) are the classes'
    positions in the training rows, in which "balanced" counts by ``weight``.
    """
    number = len(target.labels[0])
    return class_weights(by_position(weights, target), columns, range(number), weight, CLASS_WEIGHT)


def columns_of(answers: AnyArray) -> AnyArray:
    """Answers as columns of each target: (n_targets, m)."""
    return np.atleast_2d(answers.T)


def by_position(weights: ClassWeight, target: Targets) -> str | list[dict[int, float]]:
    """As the library takes it: for each target a mapping of positions to weights, or "balanced"."""
    if isinstance(weights, str):
        return weights
    places: dict[str, tuple[int, int]] = {}
    for spell in (str, _as_written):  # 0 is a float's name, too, as people write it
        for column, (before, classes) in enumerate(_columns(target)):
            for position, label in enumerate(classes):
                places.setdefault(before + spell(label), (column, position))
    for name in weights:
        if name not in places:
            known = (before + _as_written(label) for before, classes in _columns(target) for label in classes)
            raise unknown_name(CLASS_WEIGHT, "class", name, known)
    found: list[dict[int, float]] = [{} for _ in _columns(target)]
    for name, value in weights.items():
        column, position = places[name]
        found[column][position] = value
    return found


def _columns(target: Targets) -> list[tuple[str, Sequence[Any]]]:
    """The prefix of a class's name, and the classes, for each target."""
    names = [f"{name}:" for name in target.names] if target.several else [""]
    return list(zip(names, target.labels, strict=True))


def _as_written(label: Any) -> str:
    """A class as it is written in a file.

    >>> [_as_written(label) for label in ("a", 1.0, True)]
    ['a', '1', 'true']
    """
    if isinstance(label, bool):
        return str(label).lower()
    return f"{label:.15g}" if isinstance(label, float) else str(label)
