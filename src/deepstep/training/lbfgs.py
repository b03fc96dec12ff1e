"""L-BFGS: a quasi-Newton method over the flat θ, with all examples at once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isfinite, nan
from time import perf_counter
from typing import NamedTuple

import numpy as np

from deepstep.engines import Session
from deepstep.errors import DivergenceError
from deepstep.preparation.batches import Examples
from deepstep.training.callbacks import Callback, StopTraining, Training, naming_callback, tell_the_end
from deepstep.training.diagnosis import Evaluations, evaluation_divergence, keep
from deepstep.training.history import History, Record
from deepstep.training.scoring import Metric, check_metrics, score_names, scores
from deepstep.training.together import cost_and_gradient_of_all, ending_all, tell_all_of_the_epoch
from deepstep.training.watching import check_watched
from deepstep.types import Array

OF_STEPS = (
    "dropout",
    "input_noise",
    "weight_decay",
    "max_norm",
    "clip_norm",
    "clip_value",
    "average",
    "rate_factors",
    "decay_factors",
    "precision",
)
"""Settings that mean nothing to L-BFGS, which minimizes one cost of all examples and has no batches."""

OF_ITERATIONS = ("epoch", "step", "cost", "seconds")
"""The entries of every record."""


class Outcome(NamedTuple):
    """Where L-BFGS ended.

    ``cost`` is J there, NaN if a callback ended it before the first iteration; ``converged`` is False where a
    limit of iterations or evaluations, or a failed line search, ended it.
    """

    cost: float
    converged: bool


def train_lbfgs(
    session: Session,
    examples: Examples,
    *,
    iterations: int,
    evaluations: int,
    tolerance: float,
    history: History,
    validation: Examples | None = None,
    metrics: Mapping[str, Metric] | None = None,
    callbacks: Iterable[Callback] = (),
    where: str = "train_lbfgs",
) -> Outcome:
    """Train a session, in float64, with SciPy's L-BFGS-B; sparse inputs are made dense as a whole.

    ``tolerance`` is the greatest entry of the gradient at which training is done. A record has J after the
    iteration as ``cost`` and the evaluations so far as ``step``. After an error or an interrupt the session
    holds what the last whole iteration reached.
    """
    from scipy.optimize import OptimizeResult, minimize

    history.engine, history.why_engine = session.name, session.why
    callbacks, metrics = list(callbacks), metrics or {}
    check_metrics(metrics, validation, where)
    check_watched(callbacks, [*OF_ITERATIONS, *score_names(validation, metrics)])
    training = Training(session, history, iterations, examples, callbacks)
    X, Y, weight = examples.take(slice(None))
    first = reached = session.state()
    step, start = 0, perf_counter()
    finite: Array = first.theta  # the last θ where J and its gradient were finite
    broken: Array | None = None  # the one after it

    def cost_and_gradient(theta: Array) -> tuple[float, Array]:
        nonlocal step, finite, broken
        step += 1
        session.load(replace(reached, theta=theta))
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported below, once
            cost, gradient = cost_and_gradient_of_all(session, X, Y, weight)
        if isfinite(cost) and np.isfinite(gradient).all() and np.isfinite(theta).all():
            finite, broken = theta, None  # a line search may come back from where it overflowed
        elif broken is None:
            broken = theta
        return cost, gradient

    def on_iteration(intermediate_result: OptimizeResult) -> None:
        nonlocal reached
        reached = replace(reached, theta=intermediate_result.x.copy())
        session.load(reached)
        session.settle(X)  # an iteration has no batches whose statistics could run along
        reached = session.state()
        record: Record = {
            "epoch": len(history),
            "step": step,
            "cost": float(intermediate_result.fun),
            "seconds": perf_counter() - start,
            **scores(session, validation, metrics),
        }
        history.records.append(record)
        tell_all_of_the_epoch(session, callbacks, training, record)

    try:
        with ending_all(session):
            for callback in callbacks:
                with naming_callback(callback):
                    callback.on_train_begin(training)
        if iterations == 0:  # of which SciPy would make one
            history.stopped = "all epochs done"
            return Outcome(nan, converged=False)
        result = minimize(
            cost_and_gradient,
            reached.theta,
            method="L-BFGS-B",
            jac=True,
            callback=on_iteration,
            options={"maxfun": evaluations, "maxiter": iterations, "gtol": tolerance},
        )
        history.stopped = str(result.message)
        if not (isfinite(result.fun) and np.isfinite(result.x).all()):
            found = Evaluations(examples, first, finite, result.x if broken is None else broken)
            raise evaluation_divergence(session, found, where)
        session.load(replace(reached, theta=result.x))
        session.settle(X)
        reached = session.state()
        return Outcome(float(result.fun), bool(result.success))
    except StopTraining as stop:
        history.stopped = str(stop) or "stopped by a callback"
        return Outcome(history[-1]["cost"] if len(history) else nan, converged=True)
    except DivergenceError as error:
        session.load(reached)
        keep(error, session, history)
        raise
    except KeyboardInterrupt:
        history.stopped = "interrupted"
        raise
    finally:
        session.load(reached)
        tell_the_end(callbacks, training)
