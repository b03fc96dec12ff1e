"""What a call of fit or partial_fit is, and what it is given."""

from dataclasses import dataclass
from typing import Any, NamedTuple


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
    """

    where: str
    going_on: bool
    incremental: bool
    classes: Any = None
    epochs: int | None = None
    label: str = ""


class Given(NamedTuple):
    """Rows as the user gave them: X, y and their weights."""

    X: Any
    y: Any
    sample_weight: Any
