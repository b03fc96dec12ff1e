"""Decisions and sums of all workers of one training; one that is alone makes them by itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from deepstep.engines import Session, Sharing
from deepstep.preparation.batches import Examples
from deepstep.training.callbacks import Callback, StopTraining, Training, tell_of_the_epoch
from deepstep.training.history import Record
from deepstep.training.rows import cost_and_outputs, cost_of_rows
from deepstep.types import Array


def total(session: Session, *values: float) -> Array:
    """The sums of numbers over all workers."""
    numbers = np.array(values, float)
    return session.summed(numbers) if isinstance(session, Sharing) else numbers


def tell_all_of_the_epoch(
    session: Session, callbacks: Sequence[Callback], training: Training, record: Record
) -> None:
    """Tell callbacks of an epoch; where that of one worker ends the training, it ends in all."""
    if not isinstance(session, Sharing):
        tell_of_the_epoch(callbacks, training, record)
        return
    with ending_all(session):
        tell_of_the_epoch(callbacks, training, record)


@contextmanager
def ending_all(session: Session) -> Iterator[None]:
    """End training in all workers where the block of one raises `StopTraining`.

    All workers come here, and none goes on before all have.

    >>> from deepstep.engines import open_session
    >>> from deepstep import Architecture, Parameters
    >>> alone = open_session("auto", Architecture((1, 1), ("identity",)), Parameters(np.zeros(2), [1, 1]))
    >>> with ending_all(alone):
    ...     raise StopTraining("enough")
    Traceback (most recent call last):
    deepstep.training.callbacks.StopTraining: enough
    """
    stop = None
    try:
        yield
    except StopTraining as asked:
        stop = asked
    if total(session, stop is not None)[0]:
        raise stop or StopTraining("stopped by a callback")


def cost_and_gradient_of_all(
    session: Session, X: Array, Y: Array, weight: Array | None
) -> tuple[float, Array]:
    """J and ∂J/∂θ of columns that all have: each worker does its part of them."""
    if not isinstance(session, Sharing):
        return session.cost_and_gradient(X, Y, sample_weight=weight)
    return session.cost_and_gradient_of_all(X, Y, sample_weight=weight)


def cost_of_all(session: Session, examples: Examples) -> float:
    """The cost of examples by the network that predicts: each worker does its part of them."""
    layer_dims = session.architecture.held_dims
    if not isinstance(session, Sharing):
        return cost_of_rows(session.cost, examples, layer_dims)
    here = _rows(examples, session.share().part(len(examples)))
    weight = _weight(here)
    J = cost_of_rows(session.cost, here, layer_dims) if weight else 0.0
    sums = session.summed(np.array([J * weight, weight]))
    return float(sums[0] / sums[1])


def cost_and_outputs_of_all(session: Session, examples: Examples) -> tuple[float, Array]:
    """The same with the outputs of all examples, as rows (m, n_L), from one forward pass."""
    if not isinstance(session, Sharing):
        return cost_and_outputs(session, examples)
    part = session.share().part(len(examples))
    here, A = _rows(examples, part), np.zeros(examples.Y.shape)
    weight = J = 0.0
    if len(here):
        weight = _weight(here)
        J, A[part] = cost_and_outputs(session, here)
    sums = session.summed(np.concatenate([[J * weight if weight else 0.0, weight], A.ravel()]))
    outputs = sums[2:].reshape(A.shape).astype(session.parameters.dtype)
    return float(sums[0] / sums[1]), outputs


def _rows(examples: Examples, part: slice) -> Examples:
    weight = None if examples.weight is None else examples.weight[part]
    return Examples(examples.X[part], examples.Y[part], weight)


def _weight(examples: Examples) -> float:
    """The sum of the weights; 0 where there are no examples."""
    return float(len(examples) if examples.weight is None else examples.weight.sum(dtype=float))
