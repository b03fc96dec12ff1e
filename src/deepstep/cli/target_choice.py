"""The choice of a table's target: which columns, as classes or as numbers, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from deepstep.cli.option_names import named_as_typed
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError, unknown_name
from deepstep.preparation import (
    ClassificationTarget,
    RegressionTarget,
    Target,
    guess_task,
)
from deepstep.preparation.tasks import MOST_NUMBER_CLASSES

if TYPE_CHECKING:
    import polars

QUANTILES = (0.1, 0.5, 0.9)
NUMBERS = ("regression", "multioutput")
"""The tasks whose targets are numbers."""


@dataclass(frozen=True)
class Goal:
    """Settings of the target; the names are those of the command's options."""

    targets: tuple[str, ...]
    task: str
    drop: Sequence[str]
    loss: str | None
    quantiles: tuple[float, ...] | None
    classes: tuple[str, ...] | None
    test_fraction: float
    validation_fraction: float | None
    seed: int
    sample_weight: str | None = None
    drop_missing_target: bool = False
    keep: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse options that fit no table."""
        from deepstep.estimators.targets import CLASS_LOSSES, NUMBER_LOSSES

        known = [*CLASS_LOSSES, *NUMBER_LOSSES]
        if self.loss is not None and self.loss not in known:
            raise unknown_name("--loss", "loss", self.loss, known)
        if self.quantiles is not None:
            if self.loss != "quantile":
                got = "got none" if self.loss is None else f"got --loss {self.loss}"
                raise ConfigurationError("--quantiles", "--loss quantile", got)
            with named_as_typed([]):
                get_head("quantile").with_settings(levels=self.quantiles)
        if not 0 <= self.test_fraction < 1:
            raise ConfigurationError(
                "--test-fraction", "a share from 0, for none, to below 1", f"got {self.test_fraction:g}"
            )
        share = self.validation_fraction
        if share is not None and not 0 < share < 1:
            raise ConfigurationError("--validation-fraction", "a share above 0 and below 1", f"got {share:g}")
        for name in self.keep:
            if name in (*self.targets, *self.drop, self.sample_weight):
                raise ConfigurationError("--keep", "a column that is an input", f"{name!r} is none")
        if len(set(self.targets)) < len(self.targets):
            raise ConfigurationError("--target", "each column once", f"got {', '.join(self.targets)}")
        if len(self.targets) > 1:
            self._check_several()

    @property
    def target(self) -> str | list[str]:
        """As a run's config has it."""
        return self.targets[0] if len(self.targets) == 1 else list(self.targets)

    def _check_several(self) -> None:
        """Refuse losses that are those of one target."""
        if self.loss in ("ordinal", "quantile"):
            raise ConfigurationError(
                "--loss",
                "a loss of several targets",
                f"got {self.loss!r}, which is one of a single target",
                "Train a network for each target.",
            )
        if self.classes is not None:
            raise ConfigurationError("--classes", "one target", f"got {len(self.targets)}", "Leave it out.")


class Choice(NamedTuple):
    """A kind of target, the reason for it, and the function from `columns_in` some rows to the target.

    Kinds are "binary", "multiclass", "regression"; of several targets "multilabel" and "multioutput".
    """

    kind: str
    reason: str
    fit: Callable[[Any], Target]


def columns_in(frame: "polars.DataFrame", names: Sequence[str], where: str) -> Any:
    """The target in a table: a polars.Series, of several targets a polars.DataFrame."""
    from deepstep.data import column
    from deepstep.data.frames import with_old_names

    frame = with_old_names(frame, names)
    columns = [column(frame, name, where) for name in names]
    return columns[0] if len(names) == 1 else frame.select(names)


def choose(answers: Any, goal: Goal, rows: int | None = None) -> Choice:
    """The kind of the target, and why: as --task says, else as --loss, else a guess.

    ``answers`` are as `columns_in` gives them; ``rows`` counts all rows where these are values of some.
    """
    if len(goal.targets) > 1:
        return _choose_several(answers, goal)
    kind, reason = _task(answers, goal)
    if kind == "multiclass" and goal.task == "auto":
        _refuse_mostly_different(answers, len(answers) if rows is None else rows)
    settings = _target_settings(goal, kind)
    of_kind: Any = RegressionTarget if kind in NUMBERS else ClassificationTarget
    return Choice(kind, reason, partial(of_kind.fit, **settings))


def _task(answers: "polars.Series", goal: Goal) -> tuple[str, str]:
    """Kind and reason for one column."""
    from deepstep.estimators.targets import CLASS_LOSSES, NUMBER_LOSSES

    if goal.task == "auto":
        kind, reason = guess_task(answers)
        if goal.loss in NUMBER_LOSSES and kind != "regression" and answers.dtype.is_numeric():
            return "regression", f"--loss {goal.loss} is one of numbers"
        if goal.loss in CLASS_LOSSES and kind == "regression":
            if answers.dtype.is_float() and (answers != answers.round()).any():
                raise DataError(
                    f"--loss {goal.loss}",
                    "classes to learn: texts or whole numbers",
                    f"{answers.name} has {answers.n_unique()} different decimal numbers",
                    "Use a loss of numbers such as squared_error, or add --task classification.",
                )
            return "multiclass", f"--loss {goal.loss} is one of classes"
        return kind, reason
    if goal.task == "regression":
        return "regression", "--task says so"
    return ("binary" if answers.n_unique() == 2 else "multiclass"), "--task says so"


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


def _choose_several(answers: "polars.DataFrame", goal: Goal) -> Choice:
    """Columns of two classes each, or else of numbers."""
    kind, reason = _task_of_several(answers, goal)
    settings = _target_settings(goal, kind)
    if kind == "multilabel":
        return Choice(kind, reason, ClassificationTarget.fit)
    return Choice(kind, reason, partial(RegressionTarget.fit, output=settings["output"]))


def _task_of_several(answers: "polars.DataFrame", goal: Goal) -> tuple[str, str]:
    from deepstep.estimators.targets import CLASS_LOSSES, NUMBER_LOSSES

    if goal.task != "auto":
        return ("multilabel" if goal.task == "classification" else "multioutput"), "--task says so"
    guesses = {column.name: guess_task(column)[0] for column in answers}
    texts = [name for name in answers.columns if not answers[name].dtype.is_numeric()]
    if goal.loss in NUMBER_LOSSES and not texts:
        return "multioutput", f"--loss {goal.loss} is one of numbers"
    if goal.loss in CLASS_LOSSES:
        return "multilabel", f"--loss {goal.loss} is one of classes"
    if all(guess == "binary" for guess in guesses.values()):
        return "multilabel", f"each of {', '.join(guesses)} has 2 different values"
    if texts:
        more = [name for name, guess in guesses.items() if guess != "binary"]
        raise DataError(
            "--target",
            "several columns that all have two values, or all hold numbers",
            f"{texts[0]} holds classes, and {more[0]} has more than two values",
            "Train a network for each target.",
        )
    return "multioutput", f"{', '.join(guesses)} hold numbers"


def _target_settings(goal: Goal, kind: str) -> Mapping[str, Any]:
    """How the target is coded, as the loss asks for it."""
    from deepstep.estimators.targets import CLASS_LOSSES, NUMBER_LOSSES

    numbers = kind in NUMBERS
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
