"""The task: the kind of the target, guessed or asked for, and the weights of its classes."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from deepstep.cli.option_types import once_each
from deepstep.errors import ConfigurationError, DataError, unknown_name
from deepstep.preparation import guess_task
from deepstep.preparation.target_values import MOST_NUMBER_CLASSES
from deepstep.targets import CLASS_LOSSES, NUMBER_LOSSES, Targets

if TYPE_CHECKING:
    import polars

TASKS = ("auto", "classification", "regression")
QUANTILES = (0.1, 0.5, 0.9)
NUMBERS = ("regression", "multioutput")
"""The kinds of targets that are numbers."""

CLASS_WEIGHT, BALANCED = "--class-weight", "balanced"


class Choice(NamedTuple):
    """A kind of target, the reason for it, and the function from `columns_in` some rows to the targets.

    Kinds are "binary", "multiclass", "regression"; of several columns "multilabel" and "multioutput".
    """

    kind: str
    reason: str
    fit: Callable[[Any], Targets]

    @property
    def numbers(self) -> bool:
        """Whether numbers are learned."""
        return self.kind in NUMBERS


def columns_in(frame: "polars.DataFrame", names: Sequence[str], where: str) -> Any:
    """The target in a table: a polars.Series, of several targets a polars.DataFrame."""
    from deepstep.data import column

    columns = [column(frame, name, where) for name in names]
    return columns[0] if len(names) == 1 else frame.select(names)


def as_columns(answers: Any) -> "list[polars.Series]":
    """The columns of what `columns_in` gives."""
    return answers.get_columns() if hasattr(answers, "get_columns") else [answers]


def choose(
    answers: Any,
    *,
    task: str = "auto",
    loss: str | None = None,
    classes: Sequence[str] | None = None,
    quantiles: Any = None,
    rows: int | None = None,
) -> Choice:
    """The kind of the target, and why: as --task says, else as --loss, else a guess.

    ``answers`` are as `columns_in` gives them; ``rows`` counts all rows where these are values of some.
    """
    columns = as_columns(answers)
    several = len(columns) > 1
    kind, numbers, reason = "", task == "regression", "--task says so"
    if task == "auto":
        guesses = [guess_task(column) for column in columns]
        kind, reason = guesses[0]
        numbers = kind == "regression"
        numeric = all(column.dtype.is_numeric() for column in columns)
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
    if kind == "multiclass" and task == "auto":
        _refuse_mostly_different(answers, len(answers) if rows is None else rows)
    if numbers:
        return Choice(kind, reason, partial(_numbers, loss, classes, quantiles))
    return Choice(kind, reason, partial(_classes, loss, classes))


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


def _classes(loss: str | None, classes: Sequence[str] | None, values: Any) -> Targets:
    """The classes of some rows."""
    loss = _known_loss(loss, CLASS_LOSSES, "classes")
    return Targets.from_labels(values, "--loss", loss=loss, order=classes)


def _numbers(loss: str | None, classes: Sequence[str] | None, quantiles: Any, values: Any) -> Targets:
    """The numbers of some rows."""
    loss = _known_loss(loss, NUMBER_LOSSES, "numbers")
    if classes is not None:
        raise ConfigurationError("--classes", "a target of classes", "it holds numbers", "See --task.")
    levels = (QUANTILES if quantiles is None else quantiles) if loss == "quantile" else None
    return Targets.from_numbers(values, "--loss", loss=loss, quantiles=levels)


def _known_loss(loss: str | None, losses: Iterable[str], kind: str) -> str:
    """The loss, by default the first of those of such targets."""
    losses = tuple(losses)
    loss = loss or losses[0]
    if loss not in losses:
        raise unknown_name("--loss", f"loss of {kind}", loss, losses)
    return loss


def class_names(context: click.Context, parameter: click.Parameter, value: Any) -> tuple[str, ...] | None:
    """Names of classes between commas, as texts."""
    if value is None:
        return None
    names = value.split(",") if isinstance(value, str) else value
    return tuple(str(name).strip() for name in names)


def typed_weights(context: click.Context, parameter: click.Parameter, values: Any) -> Any:
    """Typed weights: ``balanced``, or ``rare=3,usual=0.5`` in one or several pieces; None without them."""
    if not values:
        return None
    if BALANCED in values:
        if len(values) > 1:
            got = f"got {' and '.join(values)}"
            raise ConfigurationError(CLASS_WEIGHT, "balanced, or weights by name", got)
        return BALANCED
    return once_each(CLASS_WEIGHT, [pair for text in values for pair in _pairs(text)])


def _pairs(text: str) -> Iterable[tuple[str, float]]:
    """Names and weights; a comma before which there is no weight belongs to a name.

    >>> _pairs("rare=3,usual=0.5"), _pairs("a,b=2")
    ([('rare', 3.0), ('usual', 0.5)], [('a,b', 2.0)])
    """
    pairs, before = [], ""
    for part in text.split(","):
        name, sign, number = part.rpartition("=")
        if sign:
            pairs.append(((before + name).strip(), _weight(number, text)))
            before = ""
        else:
            before += f"{part},"
    if before or not all(name for name, _ in pairs):
        raise _unreadable(text)
    return pairs


def _weight(number: str, text: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        raise _unreadable(text) from None
    if not (isfinite(weight) and weight >= 0):
        raise ConfigurationError(CLASS_WEIGHT, "weights of at least 0", f"got {text!r}")
    return weight


def _unreadable(text: str) -> ConfigurationError:
    expected = "balanced, or NAME=WEIGHT such as rare=3,usual=0.5"
    return ConfigurationError(CLASS_WEIGHT, expected, f"got {text!r}")


def _weights_by_position(weights: Any, targets: Targets) -> str | list[dict[int, float]]:
    """Weights of classes by name, of several targets ``COLUMN:CLASS``: for each target by position."""
    if isinstance(weights, str):
        return weights
    columns = _columns(targets)
    places: dict[str, tuple[int, int]] = {}
    for spell in (str, _as_written):  # 0 is a float's name, too, as people write it
        for column, (before, labels) in enumerate(columns):
            for position, label in enumerate(labels):
                places.setdefault(before + spell(label), (column, position))
    for name in weights:
        if name not in places:
            known = (before + _as_written(label) for before, labels in columns for label in labels)
            raise unknown_name(CLASS_WEIGHT, "class", name, known)
    by_position: list[dict[int, float]] = [{} for _ in columns]
    for name, value in weights.items():
        column, position = places[name]
        by_position[column][position] = value
    return by_position


def weights_by_label(weights: Any, targets: Targets) -> Any:
    """Weights of classes as an estimator takes them, by label; by 0 and 1 of several columns."""
    by_position = _weights_by_position(weights, targets)
    if targets.several or isinstance(by_position, str):
        return by_position
    return {targets.labels[0][position]: weight for position, weight in by_position[0].items()}


def _columns(targets: Targets) -> list[tuple[str, Sequence[Any]]]:
    """The prefix of a class's name, and the classes, for each target."""
    names = [f"{name}:" for name in targets.names] if targets.several else [""]
    return list(zip(names, targets.labels, strict=True))


def _as_written(label: Any) -> str:
    """A class as it is written in a file.

    >>> [_as_written(label) for label in ("a", 1.0, True)]
    ['a', '1', 'true']
    """
    if isinstance(label, bool):
        return str(label).lower()
    return f"{label:.15g}" if isinstance(label, float) else str(label)
