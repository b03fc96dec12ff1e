"""From a table to what a network learns: the task, the preparation, and the rows of each part."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.cli.fitting import Part, as_part
from deepstep.cli.option_names import named_as_typed
from deepstep.cli.row_weights import check_some, row_weights
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError, unknown_name
from deepstep.preparation import ClassTarget, NumberTarget, Preparation, TablePreparation, guess_task
from deepstep.types import Array

if TYPE_CHECKING:
    import polars

QUANTILES = (0.1, 0.5, 0.9)
DEFAULT_VALIDATION = 0.1
"""The share of the training rows that patience watches, if nothing else is said."""


@dataclass(frozen=True)
class Goal:
    """What is asked of a table; the names are those of the command's options."""

    target: str
    task: str
    drop: Sequence[str]
    loss: str | None
    quantiles: tuple[float, ...] | None
    classes: tuple[str, ...] | None
    test_fraction: float
    validation_fraction: float | None
    seed: int
    sample_weight: str | None = None

    def check(self) -> None:
        """Refuse what fits no table.

        Raises
        ------
        ConfigurationError
        """
        from deepstep.estimators.losses import CLASS_LOSSES, NUMBER_LOSSES

        known = [*CLASS_LOSSES, *NUMBER_LOSSES]
        if self.loss is not None and self.loss not in known:
            raise unknown_name("--loss", "loss", self.loss, known)
        if self.quantiles is not None:
            if self.loss != "quantile":
                came = "got none" if self.loss is None else f"got --loss {self.loss}"
                raise ConfigurationError("--quantiles", "--loss quantile", came)
            with named_as_typed([]):
                get_head("quantile").with_settings(levels=self.quantiles)


@dataclass(frozen=True)
class TableTask:
    """What a network learns from a table.

    Attributes
    ----------
    kind, reason : str
        "binary", "multiclass" or "regression", and why.
    inputs : TablePreparation
    preparation : Preparation
        The inputs' and the target's, learned from the training rows alone.
    train, test : Part
    validation : Part or None
    notes : list of str
        What a person should know.
    """

    kind: str
    reason: str
    inputs: TablePreparation
    preparation: Preparation
    train: Part
    test: Part
    validation: Part | None
    notes: list[str]


def table_task(frame: "polars.DataFrame", goal: Goal, validation: "polars.DataFrame | None") -> TableTask:
    """Guess the task, split the rows, and prepare them.

    Parameters
    ----------
    frame : polars.DataFrame
    goal : Goal
    validation : polars.DataFrame or None
        A table of its own to validate on, with the same columns.

    Raises
    ------
    ConfigurationError
        If an option is unknown or does not fit the task.
    DataError
        If the table cannot be used.
    """
    from deepstep.data import column

    answers = column(frame, goal.target, "--target")
    for name in goal.drop:
        column(frame, name, "--drop")
    if goal.target in goal.drop:
        raise ConfigurationError("--drop", "a column that is no target", f"got {goal.target!r}, the target")
    kind, reason = _task(answers, goal)
    settings = _target_settings(goal, kind)
    target_kind = NumberTarget if kind == "regression" else ClassTarget
    # On the whole table first: what cannot be used is then named by its row in the file.
    target = target_kind.fit(answers, **settings)
    without: tuple[str, ...] = (goal.target, *goal.drop)
    weight = None
    if goal.sample_weight is not None:
        if goal.sample_weight == goal.target:
            raise ConfigurationError(
                "--sample-weight", "a column that is no target", f"got {goal.target!r}, the target"
            )
        weight = row_weights(frame, goal.sample_weight)
        without = (*without, goal.sample_weight)
    TablePreparation.fit(frame, exclude=without)

    notes: list[str] = []
    everything = np.arange(frame.height)
    rows, test_rows = _split(answers, everything, goal.test_fraction, goal, kind, "test", notes)
    held = everything[:0]
    if goal.validation_fraction is not None:
        rows, held = _split(answers, rows, goal.validation_fraction, goal, kind, "validation", notes)
    if isinstance(target, ClassTarget):
        _check_classes(answers[rows])
    else:
        target = NumberTarget.fit(answers[rows], **settings)
    inputs = TablePreparation.fit(frame[rows], exclude=without)
    preparation = Preparation(inputs, target)

    def part(table: "polars.DataFrame", weights: Array | None) -> Part:
        return as_part(preparation, inputs.transform(table), column(table, goal.target, "--target"), weights)

    def of(some: Any) -> Part:
        return part(frame[some], None if weight is None else weight[some])

    judged = of(held) if len(held) else None
    if validation is not None:
        with _of_the_validation_table():
            own = None if goal.sample_weight is None else row_weights(validation, goal.sample_weight)
            judged = part(validation, own)
    learned = of(rows)
    check_some(learned.weight, "learn from")
    check_some(None if judged is None else judged.weight, "validate on")
    return TableTask(kind, reason, inputs, preparation, learned, of(test_rows), judged, notes)


@contextmanager
def _of_the_validation_table() -> Iterator[None]:
    """Let errors of the block say of which table they are, and how to mend it."""
    try:
        yield
    except (ConfigurationError, DataError) as error:
        where = "--validation" if error.where == "table" else f"--validation, {error.where}"
        mend = f"{error.mend} The table to validate on needs the columns of the training table.".strip()
        raise type(error)(where, error.expected, error.came, mend) from None


def _task(answers: "polars.Series", goal: Goal) -> tuple[str, str]:
    """What is to be learned, and why: as --task says, else as --loss, else a guess."""
    from deepstep.estimators.losses import CLASS_LOSSES, NUMBER_LOSSES

    if goal.task == "auto":
        kind, reason = guess_task(answers)
        if goal.loss in NUMBER_LOSSES and kind != "regression" and answers.dtype.is_numeric():
            return "regression", f"--loss {goal.loss} is one of numbers"
        if goal.loss in CLASS_LOSSES and kind == "regression":
            if answers.dtype.is_float() and (answers != answers.round()).any():
                raise DataError(
                    f"--loss {goal.loss}",
                    "classes to learn: texts or whole numbers",
                    f"{goal.target} has {answers.n_unique()} different decimal numbers",
                    "Use a loss of numbers such as squared_error, or add --task classification.",
                )
            return "multiclass", f"--loss {goal.loss} is one of classes"
        return kind, reason
    if goal.task == "regression":
        return "regression", "--task says so"
    return ("binary" if answers.n_unique() == 2 else "multiclass"), "--task says so"


def _target_settings(goal: Goal, kind: str) -> Mapping[str, Any]:
    """How the target is coded, as the loss asks for it."""
    from deepstep.estimators.losses import CLASS_LOSSES, NUMBER_LOSSES

    numbers = kind == "regression"
    known = NUMBER_LOSSES if numbers else CLASS_LOSSES
    loss = goal.loss or next(iter(known))
    if loss not in known:
        raise unknown_name("--loss", f"loss of {'numbers' if numbers else 'classes'}", loss, known)
    if not numbers:
        return {"ordered": loss == "ordinal", "order": goal.classes}
    if goal.classes is not None:
        raise ConfigurationError("--classes", "a target of classes", "it holds numbers", "See --task.")
    levels = (goal.quantiles or QUANTILES) if loss == "quantile" else ()
    return {"output": NUMBER_LOSSES[loss], "levels": levels}


def _split(
    answers: "polars.Series", rows: Any, fraction: float, goal: Goal, kind: str, part: str, notes: list[str]
) -> tuple[Any, Any]:
    """Some rows held out, classes in proportion where that is possible."""
    from deepstep.data import holdout, stratification_obstacle

    y, classes = answers[rows].to_numpy(), kind != "regression"
    try:
        kept, held = holdout(y, fraction=fraction, seed=goal.seed, stratify=classes)
    except (ConfigurationError, DataError) as error:
        raise type(error)(f"--{part}-fraction", error.expected, error.came, error.mend) from None
    obstacle = stratification_obstacle(y, fraction=fraction) if classes else ""
    if obstacle:
        notes.append(f"The {part} part does not keep the classes' shares: {obstacle}.")
    return rows[kept], rows[held]


def _check_classes(answers: "polars.Series") -> None:
    """Refuse training rows that lost all classes but one to the other parts."""
    if answers.n_unique() < 2:
        raise DataError(
            "--test-fraction",
            "rows of at least two classes to learn from",
            f"got {answers.len()} of {answers[0]!r} alone",
            "Hold out fewer rows, or collect more.",
        )
