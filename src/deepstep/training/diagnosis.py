"""When numbers go wrong: which step, layer, quantity and example, and why."""

from typing import NamedTuple

from deepstep.engines import Session
from deepstep.errors import DivergenceError
from deepstep.preparation.batches import Examples
from deepstep.training.plan import Rates
from deepstep.types import AnyArray


class Walk(NamedTuple):
    """Steps that can be done again: the batches of an epoch and what they run at."""

    examples: Examples
    order: AnyArray | None
    batch_size: int | None
    numbers: range
    rates: Rates
    epoch: int


def divergence(session: Session, walk: Walk, where: str) -> DivergenceError:
    """The error for steps that left the finite numbers, found by doing them again.

    Parameters
    ----------
    session : Session
        With the state before the steps.
    walk : Walk
    where : str
        Name for error messages.
    """
    return DivergenceError(
        where,
        "the cost and the parameters stay finite",
        f"they did not in epoch {walk.epoch} at learning rate {walk.rates.learning_rate[0]:g}",
        "Lower the learning rate, or scale the inputs to mean 0 and standard deviation 1.",
    )
