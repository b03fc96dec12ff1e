"""What a call of fit or partial_fit is, and what it is given."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from deepstep.errors import DataError
from deepstep.training import Callback


@dataclass(frozen=True)
class FitCall:
    """One call of fit or partial_fit.

    Attributes
    ----------
    where : str
        Name for error messages.
    going_on : bool
        Whether it goes on from the fitted network.
    incremental : bool
        Whether it is partial_fit: one epoch.
    classes : array or None
        All labels, where they are known beforehand: partial_fit announces them.
    epochs : int or None
        How many epochs a refit has.
    label : str
        What the progress is called; empty for the estimator's name.
    seed : int or None
        The seed of everything, where it is drawn already.
    callbacks : tuple of Callback
        Further ones of the training, told after all others.
    keep : tuple of str
        Columns of a table that are inputs even if they look as if they named the rows.
    keeps_interrupted : bool
        Whether what Ctrl-C interrupts becomes a model; else KeyboardInterrupt goes on.
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
