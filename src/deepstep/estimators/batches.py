"""Learning from batches, with scikit-learn's rules of stopping and of rates."""

import warnings
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.engines import Session, SessionState
from deepstep.estimators.checkpoints import checkpoint_to_resume, checkpoints_of
from deepstep.estimators.course import (
    Carried,
    Reached,
    open_for,
    progress_of,
    warn_interrupted,
    warn_not_converged,
    warn_of_scoring,
    watchers,
)
from deepstep.estimators.rates import AdaptiveRate, InverseScaling
from deepstep.model import Network
from deepstep.model.options import as_schedule
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import History, Plan, train
from deepstep.training.plan import SCHEDULED
from deepstep.training.refit import Repeat, epochs_to_the_best, refuse_rates_by_course
from deepstep.training.stopping import Patience

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.calls import FitCall


def learn_in_batches(
    estimator: "DeepEstimator",
    network: Network,
    examples: Examples | StreamedExamples,
    held_out: Examples | None,
    call: "FitCall",
) -> Reached:
    """Train with an update rule: one epoch if incremental, else until it converges or max_iter."""
    carried = estimator._carried
    early = estimator._setting("early_stopping") and held_out is not None
    size = _batch_size(estimator, len(examples))
    small = None if call.of_a_member else size
    session = open_for(estimator, network, network.parameters, call.where, small)
    resumed = _resumed(session, carried) if call.incremental else False
    rate = _learning_rate(estimator, carried, len(examples), resumed)
    adaptive = [rate] if isinstance(rate, AdaptiveRate) else []
    again = call.epochs is not None
    quantity = "validation_score" if early else "cost"
    patience = Patience(
        quantity,
        tolerance=estimator._setting("tol"),
        epochs=estimator._setting("n_iter_no_change"),
        larger_is_better=early,
        keep_best=early,
        instead=lambda: any(one.lower() for one in adaptive) or again,
        best=carried.best.get(quantity),
        stalled=carried.stalled,
    )
    most = estimator._setting("max_iter")
    full = not estimator.shuffle or size == len(examples)
    plan = Plan(
        epochs=1 if call.incremental else most,
        learning_rate=rate,
        batch_size=size,
        order=as_they_are if full else shuffled(network.seed),
        first_epoch=carried.epochs,
        time_budget=estimator.time_budget,
        deterministic=estimator.deterministic,
        **_schedules(estimator, call.where),
    )
    history = History()
    checkpoints = checkpoints_of(estimator, refit=again)
    callbacks = [
        *watchers(estimator, network, held_out, call),
        *adaptive,
        patience,
        *([] if call.epochs is None else [Repeat(call.epochs)]),
        *progress_of(estimator),
        *checkpoints,
        *call.callbacks,
    ]
    try:
        train(
            session,
            examples,
            plan,
            validation=held_out,
            callbacks=callbacks,
            history=history,
            resume=checkpoint_to_resume(estimator, call.where, refit=again),
            where=call.where,
        )
    except KeyboardInterrupt:
        if not call.keeps_interrupted:
            raise
        warn_interrupted(checkpoints)
    if early and (blind := patience.blind(history)):
        warn_of_scoring(estimator, blind)
    planned = call.incremental or again or estimator.schedule is not None
    if len(history) == most and not (patience.over or planned):
        warn_not_converged(f"{most} epochs (max_iter) are done")
    end = session.state()
    parameters, statistics = session.outcome, end.statistics
    if early:
        kept = patience.best_parameters
        parameters, statistics = (
            (network.parameters, network.statistics) if kept is None else (kept, patience.best_statistics)
        )
    return Reached(
        parameters,
        statistics,
        history,
        history[-1]["cost"] if len(history) else np.nan,
        sum(record.get("examples", len(examples)) for record in history),  # of a part of an epoch its own
        Carried(
            end,
            adaptive[0].rate if adaptive else None,
            carried.epochs + len(history),
            carried.best if patience.best is None else {**carried.best, quantity: patience.best},
            patience.stalled,
        ),
        epochs_to_the_best(history, patience) if early else 0,
    )


def scheduled(estimator: "DeepEstimator") -> list[str]:
    """The parameters given that need to know how much training there will be."""
    return [name for name in (*SCHEDULED, "time_budget") if getattr(estimator, name) is not None]


def learns_in_batches(estimator: "DeepEstimator") -> bool:
    """Whether it can go on with one batch after another, as partial_fit does; the error says why not."""
    if estimator.recipe != "plain":
        raise AttributeError("a committee needs all data at once; recipe='plain' has it")
    if estimator.solver == "lbfgs":
        raise AttributeError("it needs a solver that learns from batches; solver is 'lbfgs'")
    if estimator._setting("early_stopping"):
        raise AttributeError("it cannot hold a validation part out; early_stopping is True")
    if estimator.checkpoint_dir is not None:
        raise AttributeError("it goes on with what it is called with; checkpoint_dir is for fit")
    if scheduled(estimator):
        names = " and ".join(scheduled(estimator))
        raise AttributeError(f"it cannot tell {names} how much training will come")
    return True


def _resumed(session: Session, carried: Carried) -> bool:
    """Go on with the optimizer's state of an earlier session, where there is one of this kind."""
    now, state = session.state(), carried.state
    if state is None or state.step == 0 or set(state.slots) != set(now.slots):
        return False
    averaged = session.settings.average and state.average is not None
    theta = state.theta if averaged else now.theta  # without an average the user may have changed it
    session.load(
        SessionState(theta, state.slots, state.step, now.statistics, state.average if averaged else None)
    )
    return True


def _schedules(estimator: "DeepEstimator", where: str) -> dict[str, Any]:
    given = {name: getattr(estimator, name) for name in SCHEDULED}
    schedules = {
        # a plateau counts: each training has its own
        name: as_schedule(deepcopy(schedule), f"{where}, {name}")
        for name, schedule in given.items()
        if schedule is not None
    }
    if estimator.refit and estimator._setting("early_stopping"):
        refuse_rates_by_course(estimator.time_budget, schedules.items(), where)
    return schedules


def _learning_rate(
    estimator: "DeepEstimator", carried: Carried, examples: int, resumed: bool
) -> float | AdaptiveRate | InverseScaling:
    initial = estimator.learning_rate_
    if estimator.solver == "adam" or estimator.learning_rate == "constant":
        return initial
    if estimator.learning_rate == "adaptive":
        return AdaptiveRate(carried.rate if resumed and carried.rate is not None else initial)
    return InverseScaling(
        initial,
        power=estimator.power_t,
        examples=examples,
        first_epoch=carried.epochs,
        seen=estimator.t_,
        restart=not resumed,
    )


def _batch_size(estimator: "DeepEstimator", examples: int) -> int:
    if isinstance(estimator.batch_size, str):
        return min(200, examples)
    if estimator.batch_size > examples:
        warnings.warn(
            f"batch_size {estimator.batch_size} is larger than the {examples} examples; "
            "each epoch is one batch.",
            stacklevel=8,
        )
    return min(int(estimator.batch_size), examples)
