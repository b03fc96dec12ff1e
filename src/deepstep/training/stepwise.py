"""The same training as that of the loop, one update at a time."""

from collections.abc import Iterator
from math import isfinite
from time import perf_counter

import numpy as np

from deepstep.engines import Session
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Examples, batch, n_batches
from deepstep.training.callbacks import Update, update_done
from deepstep.training.diagnosis import Walk, all_finite, divergence
from deepstep.training.interruption import blas_threads
from deepstep.training.plan import Plan


def updates(session: Session, examples: Examples, plan: Plan, *, where: str = "updates") -> Iterator[Update]:
    """The same training as `train`, one update at a time.

    session, examples, plan, where: As in `train`.
    returns: Done when it comes; the next one is done when it is asked for.
    ConfigurationError: If a schedule waits for the end of epochs; at once, before the first update.
    DivergenceError: If the cost or a parameter is not finite any more; the session holds the state before.

    >>> import numpy as np
    >>> from deepstep import Architecture, Parameters
    >>> from deepstep.engines import open_session
    >>> line = Architecture((1, 1), ("identity",))
    >>> session = open_session("reference", line, Parameters(np.zeros(2), [1, 1]))
    >>> x = np.array([[-1.0], [1.0]])
    >>> walk = updates(session, Examples(x, 3 * x), Plan(epochs=2, learning_rate=0.5))
    >>> [update.cost for update in walk]
    [4.5, 1.125]
    """
    if plan.listeners:
        raise ConfigurationError(
            where, "schedules that are functions of the fraction done", "got a plateau", "Use train."
        )
    return _walk(session, examples, plan, where)


def _walk(session: Session, examples: Examples, plan: Plan, where: str) -> Iterator[Update]:
    of, begun = n_batches(len(examples), plan.batch_size), perf_counter()
    first = session.state()
    for epoch in plan.numbers:
        order = plan.visit(epoch, len(examples))
        for number in range(of):
            numbers = range(number, number + 1)
            elapsed = perf_counter() - begun
            if plan.time_budget is not None and elapsed >= plan.time_budget:
                return
            rates = plan.rates(epoch, numbers, of, elapsed=elapsed)
            X, Y, weight = examples.take(batch(order, len(examples), plan.batch_size, number))
            if weight is not None and not weight.any():
                continue  # as in train: a batch whose weights are all 0 teaches nothing
            before = session.state()
            with np.errstate(over="ignore", invalid="ignore"), blas_threads(plan.deterministic):
                cost = session.step(
                    X,
                    Y,
                    learning_rate=float(rates.learning_rate[0]),
                    sample_weight=weight,
                    weight_decay=float(rates.weight_decay[0]),
                    dropout=float(rates.dropout[0]),
                )
            if not (isfinite(cost) and all_finite(session.state())):
                session.load(before)
                walk = Walk(examples, order, plan.batch_size, numbers, rates, epoch, first)
                raise divergence(session, walk, where)
            yield update_done(before, epoch, cost, X, Y, weight, rates)
