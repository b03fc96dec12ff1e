"""The training loop."""

from collections.abc import Iterable, Iterator
from math import isfinite
from time import perf_counter
from typing import NamedTuple

import numpy as np

from deepstep.engines import Session, SessionState
from deepstep.errors import DivergenceError
from deepstep.preparation.batches import Examples, batches
from deepstep.training.callbacks import Callback, StopTraining, Training, tell_the_end
from deepstep.training.history import History, Record
from deepstep.training.plan import Plan
from deepstep.types import Array


def train(
    session: Session,
    examples: Examples,
    plan: Plan,
    *,
    validation: Examples | None = None,
    callbacks: Iterable[Callback] = (),
    history: History | None = None,
    where: str = "train",
) -> History:
    """Train a session.

    Parameters
    ----------
    session : Session
        Where the updates are done; holds the parameters afterwards.
    examples : Examples
        Training data.
    plan : Plan
        Epochs, learning rate, batches.
    validation : Examples, optional
        Data whose cost is recorded after each epoch.
    callbacks : iterable of Callback
    history : History, optional
        Where the records go; a new one by default.
    where : str
        Name for error messages.

    Returns
    -------
    History

    Raises
    ------
    DivergenceError
        If the cost or a parameter is not finite any more.
    """
    history = History() if history is None else history
    history.engine = session.name
    training = Training(session, history, plan.epochs)
    callbacks = list(callbacks)
    start = perf_counter()
    try:
        for callback in callbacks:
            callback.on_train_begin(training)
        for epoch in plan.numbers:
            rate = plan.rate(epoch)
            order = plan.visit(epoch, len(examples))
            with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported below, once
                cost = session.epoch(examples, order=order, batch_size=plan.batch_size, learning_rate=rate)
            _check_finite("cost", cost, session, epoch, rate, where)
            record: Record = {
                "epoch": epoch,
                "step": session.state().step,
                "cost": cost,
                "learning_rate": rate,
                "seconds": perf_counter() - start,
            }
            if validation is not None:
                X, Y, weight = validation.take(slice(None))
                with np.errstate(over="ignore", invalid="ignore"):
                    cost = session.cost(X, Y, sample_weight=weight)
                _check_finite("validation cost", cost, session, epoch, rate, where)
                record["validation_cost"] = cost
            history.records.append(record)
            for callback in callbacks:
                callback.on_epoch_end(training, record)
        history.stopped = "all epochs done"
    except StopTraining as stop:
        history.stopped = str(stop) or "stopped by a callback"
    except KeyboardInterrupt:
        history.stopped = "interrupted"
        raise
    finally:
        tell_the_end(callbacks, training)
    return history


class Update(NamedTuple):
    """One update of `updates`: number from 1, epoch from 0, J before it, the batch, the state before it."""

    number: int
    epoch: int
    cost: float
    X: Array
    Y: Array
    before: SessionState
    learning_rate: float


def updates(session: Session, examples: Examples, plan: Plan, *, where: str = "updates") -> Iterator[Update]:
    """The same training as `train`, one update at a time.

    Raises
    ------
    DivergenceError
        If the cost or a parameter is not finite any more.
    """
    number = 0
    for epoch in plan.numbers:
        rate = plan.rate(epoch)
        for rows in batches(plan.visit(epoch, len(examples)), len(examples), plan.batch_size):
            X, Y, weight = examples.take(rows)
            before = session.state()
            number += 1
            with np.errstate(over="ignore", invalid="ignore"):
                cost = session.step(X, Y, learning_rate=rate, sample_weight=weight)
            _check_finite("cost", cost, session, epoch, rate, where)
            yield Update(number, epoch, cost, X, Y, before, rate)


def _check_finite(
    name: str, cost: float, session: Session, epoch: int, learning_rate: float, where: str
) -> None:
    """Refuse what is not finite; of the parameters too, as training may end before a cost shows it."""
    if isfinite(cost) and np.isfinite(session.parameters.flat).all():
        return
    what = "a parameter is not finite" if isfinite(cost) else f"the {name} became {cost}"
    raise DivergenceError(
        where,
        "the cost and the parameters stay finite",
        f"{what} in epoch {epoch} at learning rate {learning_rate:g}",
        "Lower the learning rate, or scale the inputs to mean 0 and standard deviation 1.",
    )
