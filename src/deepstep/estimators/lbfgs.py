"""Learning by L-BFGS, from all examples at once."""

from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.estimators.course import (
    Carried,
    Reached,
    open_for,
    progress_of,
    warn_interrupted,
    warn_not_converged,
    watchers,
)
from deepstep.model import Network
from deepstep.preparation.batches import Examples
from deepstep.training import History
from deepstep.training.interruption import blas_threads
from deepstep.training.lbfgs import OF_STEPS, train_lbfgs
from deepstep.training.plan import SCHEDULED
from deepstep.training.rate_finder import AUTO

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.calls import FitCall

OF_BATCHES = (*OF_STEPS, *SCHEDULED, "time_budget", "checkpoint_dir", "resume")
"""Parameters that mean nothing to L-BFGS: it minimizes one cost of all examples, its state is SciPy's own."""


def learn_by_lbfgs(
    estimator: "DeepEstimator",
    network: Network,
    examples: Examples,
    held_out: Examples | None,
    call: "FitCall",
) -> Reached:
    """Train with L-BFGS, which asks for float64 whatever the data's precision is."""
    _refuse_what_is_of_batches(estimator, call.where)
    carried = estimator._carried
    session = open_for(estimator, network, network.parameters.astype(np.float64), call.where)
    history = History()
    cost = np.nan
    try:
        with blas_threads(estimator.deterministic):
            cost, converged = train_lbfgs(
                session,
                _wide(examples),
                iterations=estimator._setting("max_iter"),
                evaluations=estimator.max_fun,
                tolerance=estimator._setting("tol"),
                history=history,
                validation=None if held_out is None else _wide(held_out),
                callbacks=[*watchers(estimator, network, held_out, call), *progress_of(estimator)],
                where=call.where,
            )
        if not converged:
            warn_not_converged(history.stopped)
    except KeyboardInterrupt:
        warn_interrupted()
        cost = history[-1]["cost"] if len(history) else np.nan
    costs = [record["cost"] for record in history]
    best = dict(carried.best)
    if costs:
        best["cost"] = min(*costs, best.get("cost", np.inf))
    return Reached(
        session.parameters.astype(network.dtype),
        network.statistics,
        history,
        cost,
        0,
        Carried(epochs=carried.epochs + len(history), best=best),
    )


def _wide(examples: Examples) -> Examples:
    weight = examples.weight
    return Examples(
        examples.X.astype(np.float64, copy=False),
        examples.Y.astype(np.float64, copy=False),
        None if weight is None else weight.astype(np.float64, copy=False),
    )


def _refuse_what_is_of_batches(estimator: "DeepEstimator", where: str) -> None:
    given = [name for name in OF_BATCHES if _asks_for_something(getattr(estimator, name))]
    if estimator.learning_rate_init == AUTO:
        given.append(f"learning_rate_init={AUTO!r}")
    if "batch" in np.ravel(estimator.normalization):
        given.append("normalization='batch'")
    if given:
        raise ConfigurationError(
            where,
            "what belongs to batches left out for solver='lbfgs', which minimizes one cost of all examples",
            f"got {', '.join(given)}",
            "Use another solver, such as 'adam'.",
        )


def _asks_for_something(value: Any) -> bool:
    return bool(np.any(value) if isinstance(value, float | list | tuple | np.ndarray) else value)
