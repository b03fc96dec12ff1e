"""A call of fit or partial_fit, and its arguments."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from deepstep.errors import DataError
from deepstep.training import Callback


@dataclass(frozen=True)
class FitCall:
    """One call of fit or partial_fit.

    ``going_on`` tells that it starts from the fitted network, ``incremental`` that it is partial_fit: one
    epoch, with all ``classes`` announced. ``epochs`` is set for a refit, ``seed`` where it is drawn already.
    ``label`` replaces the estimator's name in the progress. ``callbacks`` are called after all others.
    ``keep`` names columns that are inputs even if they look as if they named the rows. ``keeps_interrupted``
    makes a model of a training that Ctrl-C ended; else KeyboardInterrupt is raised. ``of_a_member`` tells
    that others are trained beside it, so that kernels are worth loading for the smallest work, too.
    """

    where: str
    going_on: bool
    incremental: bool
    classes: Any = None
    epochs: int | None = None
    label: str = ""
    seed: int | None = None
    callbacks: tuple[Callback, ...] = ()
    keep: tuple[str, ...] = ()
    keeps_interrupted: bool = True
    of_a_member: bool = False


class Given(NamedTuple):
    """Rows as the user gave them: X, y and their weights."""

    X: Any
    y: Any
    sample_weight: Any


def is_given(validation: Given, call: FitCall) -> bool:
    """Whether there are validation data of one's own; parts of them are refused."""
    if validation.X is None and validation.y is None:
        if validation.sample_weight is not None:
            raise DataError(call.where, "X_val and y_val", "got sample_weight_val alone")
        return False
    if validation.X is None or validation.y is None:
        raise DataError(call.where, "X_val and y_val", "got one of them alone")
    return True
