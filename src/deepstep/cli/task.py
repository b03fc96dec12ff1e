"""The task: the kind of the target, guessed or asked for, and the weights of its classes."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import click
import numpy as np

from deepstep.cli.option_types import once_each
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, unknown_name
from deepstep.preparation import guess_task
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.target_values import MOST_NUMBER_CLASSES, Label
from deepstep.targets import CLASS_LOSSES, NUMBER_LOSSES, Targets
from deepstep.types import AnyArray

TASKS = ("auto", "classification", "regression")
CLASS_WEIGHT, BALANCED = "--class-weight", "balanced"


class Task(NamedTuple):
    """A kind of target, the reason for it, and what can be learned of it, by all of its rows.

    Kinds are "binary", "multiclass", "regression"; of several columns "multilabel" and "multioutput".
    """

    kind: str
    reason: str
    targets: Targets

    @property
    def classes(self) -> Mapping[str, tuple[Label, ...]]:
        """The classes of each column by its name; the name of a single one is empty."""
        return dict(zip(self.targets.names or ("",), self.targets.labels, strict=False))

    @property
    def numbers(self) -> bool:
        """Whether numbers are learned."""
        return not self.targets.is_classes


def columns_in(frame: "polars.DataFrame", names: Sequence[str], where: str) -> Any:
    """The target in a table: a polars.Series, of several targets a polars.DataFrame."""
    from deepstep.data import column

    columns = [column(frame, name, where) for name in names]
    return columns[0] if len(names) == 1 else frame.select(names)


def as_columns(labels: Any) -> "list[polars.Series]":
    """The columns of what `columns_in` gives."""
    return labels.get_columns() if hasattr(labels, "get_columns") else [labels]


def without_target(labels: Any) -> AnyArray:
    """A mask of the rows (m,) that lack a target, or one of several."""
    return np.any([is_missing(column) for column in as_columns(labels)], axis=0)


def choose(
    labels: Any,
    *,
    task: str = "auto",
    loss: str | None = None,
    classes: Sequence[str] | None = None,
    rows: int | None = None,
) -> Task:
    """The kind of the target, and why: as --task says, else as --loss, else a guess.

    ``labels`` are as `columns_in` gives them; ``rows`` counts all rows where these are values of some.
    """
    columns = as_columns(labels)
    if task == "auto":
        numbers, reason = _guess(columns, loss)
    else:
        numbers, reason = task == "regression", "--task says so"
    several = len(columns) > 1
    if numbers:
        if classes is not None:
            problem = "--classes is for a target of classes, and this one holds numbers"
            raise ConfigurationError(problem, "See --task.")
        targets = Targets.from_numbers(labels, loss=loss or "squared_error")
        return Task("multioutput" if several else "regression", reason, targets)
    targets = Targets.from_labels(labels, loss=loss or "cross_entropy", order=classes)
    if several:
        return Task("multilabel", reason, targets)
    n_classes = len(targets.labels[0])
    m = len(columns[0]) if rows is None else rows
    if task == "auto" and n_classes > MOST_NUMBER_CLASSES and 2 * n_classes > m:
        raise DataError(
            f"Target {columns[0].name!r} has {n_classes:,} different values in {m:,} rows",
            "If each is to be a class of its own, add --task classification. Numbers are written without "
            "units. Else choose another target.",
        )
    return Task("binary" if n_classes == 2 else "multiclass", reason, targets)


def _guess(columns: "Sequence[polars.Series]", loss: str | None) -> tuple[bool, str]:
    """Whether columns hold numbers, and why."""
    guesses = [guess_task(column) for column in columns]
    numeric = all(column.dtype.is_numeric() for column in columns)
    if len(columns) > 1:
        numbers, reason = _guess_of_several(columns, [guess for guess, _ in guesses])
    else:
        numbers, reason = guesses[0][0] == "regression", guesses[0][1]
    if loss in NUMBER_LOSSES and numeric and not numbers:
        return True, f"--loss {loss} is one of numbers"
    if loss in CLASS_LOSSES and numbers:
        for column in columns:
            _refuse_decimals(column, f"--loss {loss}")
        return False, f"--loss {loss} is one of classes"
    return numbers, reason


def _refuse_decimals(column: "polars.Series", flag: str) -> None:
    if column.dtype.is_float() and (column != column.round()).any():
        raise DataError(
            f"{column.name} has {column.n_unique()} different decimal numbers, and {flag} learns classes",
            "Use a loss of numbers such as squared_error, or add --task classification.",
        )


def _guess_of_several(columns: "Sequence[polars.Series]", guesses: Sequence[str]) -> tuple[bool, str]:
    """Whether several columns hold numbers, and why: columns of two classes each, or else all of numbers."""
    names = ", ".join(column.name for column in columns)
    texts = [column.name for column in columns if not column.dtype.is_numeric()]
    more = [column.name for column, guess in zip(columns, guesses, strict=True) if guess != "binary"]
    if more and texts:
        raise DataError(
            f"Target {texts[0]!r} holds classes, and {more[0]!r} has more than two values",
            "Several targets all have two values, or all hold numbers: train a network for each of these.",
        )
    return bool(more), f"{names} hold numbers" if more else f"each of {names} has 2 different values"


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
            requirement = "balanced, or weights by name"
            raise ConfigurationError.must_be(CLASS_WEIGHT, requirement, " and ".join(values))
        return BALANCED
    return once_each(CLASS_WEIGHT, [pair for text in values for pair in _pairs(text)])


def _pairs(text: str) -> Iterable[tuple[str, float]]:
    """Names and weights; a comma before which there is no weight belongs to a name.

    >>> _pairs("rare=3,usual=0.5"), _pairs("a,b=2")
    ([('rare', 3.0), ('usual', 0.5)], [('a,b', 2.0)])
    """
    pairs = []
    before = ""
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
        raise ConfigurationError.must_be(CLASS_WEIGHT, "weights of at least 0", repr(text))
    return weight


def _unreadable(text: str) -> ConfigurationError:
    requirement = "balanced, or NAME=WEIGHT such as rare=3,usual=0.5"
    return ConfigurationError.must_be(CLASS_WEIGHT, requirement, repr(text))


def weights_by_label(weights: Any, task: Task) -> Any:
    """Weights of classes as an estimator takes them, by label; of several targets a mapping for each.

    They are typed by name, of several targets as ``COLUMN:CLASS``.
    """
    if isinstance(weights, str):
        return weights
    names: dict[str, tuple[int, Label]] = {}
    places: dict[str, tuple[int, Label]] = {}
    for column, (name, labels) in enumerate(task.classes.items()):
        prefix = f"{name}:" if len(task.classes) > 1 else ""
        names |= {prefix + _as_written(label): (column, label) for label in labels}
        places |= {prefix + str(label): (column, label) for label in labels}
    places = {**names, **places}  # 0 is a float's name, too, as people write it
    by_label: list[dict[Label, float]] = [{} for _ in task.classes]
    for name, value in weights.items():
        if name not in places:
            raise unknown_name("class", name, [*names], setting=CLASS_WEIGHT, inside=True)
        column, label = places[name]
        by_label[column][label] = value
    return by_label if len(by_label) > 1 else by_label[0]


def _as_written(label: Any) -> str:
    """A class as it is written in a file.

    >>> [_as_written(label) for label in ("a", 1.0, True)]
    ['a', '1', 'true']
    """
    if isinstance(label, bool):
        return str(label).lower()
    return f"{label:.15g}" if isinstance(label, float) else str(label)
