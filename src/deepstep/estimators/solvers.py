"""The solvers: batches with an update rule, or L-BFGS, with scikit-learn's rules of when to stop."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from deepstep.engines import Session, SessionState, Settings, open_session
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.estimators.rates import AdaptiveRate, inverse_scaling
from deepstep.estimators.validation import Validation, watched
from deepstep.model import Network
from deepstep.network import Parameters
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import Callback, History, Plan, Progress, StopTraining, Training, get_schedule, train
from deepstep.training.callbacks import as_callbacks
from deepstep.training.history import Record
from deepstep.training.lbfgs import train_lbfgs
from deepstep.training.stopping import Patience
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator, FitCall

SCHEDULES = ("schedule", "decay_schedule", "dropout_schedule")

OF_BATCHES = (
    "dropout",
    "input_noise",
    "weight_decay",
    "max_norm",
    "clip_norm",
    "clip_value",
    "average",
    "rate_factors",
    "decay_factors",
    *SCHEDULES,
    "time_budget",
)
"""Parameters that mean nothing to L-BFGS, which minimizes one cost of all examples."""


@dataclass(frozen=True)
class Carried:
    """What a training that goes on takes along, beside the parameters.

    Attributes
    ----------
    state : SessionState or None
        Where the session ended; partial_fit goes on with it.
    rate : float or None
        Where an adaptive learning rate stands; partial_fit goes on with it.
    epochs : int
        Epochs done: the order of the examples is a function of the epoch's number.
    best : mapping
        Best value of each quantity that was watched.
    stalled : int
        Epochs in a row without improvement.
    """

    state: SessionState | None = None
    rate: float | None = None
    epochs: int = 0
    best: Mapping[str, float] = field(default_factory=dict)
    stalled: int = 0


class Reached(NamedTuple):
    """Where a solver ended.

    ``cost`` is J of the last epoch, NaN if there was no whole one; ``best_epochs`` how many epochs early
    stopping kept, 0 where it kept none.
    """

    parameters: Parameters
    statistics: Mapping[str, Array]
    history: History
    cost: float
    examples_seen: int
    carried: Carried
    best_epochs: int = 0


def learn_in_batches(
    estimator: "DeepEstimator",
    network: Network,
    examples: Examples,
    held_out: Examples | None,
    call: "FitCall",
) -> Reached:
    """Train with an update rule: one epoch if incremental, else until it converges or max_iter."""
    carried = estimator._carried
    early = estimator.early_stopping and held_out is not None
    session = _open(estimator, network, network.parameters, call.where)
    resumed = _resumed(session, carried) if call.incremental else False
    rate = _learning_rate(estimator, carried, len(examples), resumed)
    quantity = watched(estimator) if early else "cost"
    patience = Patience(
        quantity,
        tolerance=estimator.tol,
        epochs=estimator.n_iter_no_change,
        larger_is_better=quantity == "validation_score",
        keep_best=early,
        instead=rate.lower if isinstance(rate, AdaptiveRate) else None,
        best=carried.best.get(quantity),
        stalled=carried.stalled,
    )
    size = _batch_size(estimator, len(examples))
    full = not estimator.shuffle or size == len(examples)
    schedules: dict[str, Any] = {
        name: get_schedule(getattr(estimator, name), f"{call.where}, {name}")
        for name in _given_schedules(estimator)
    }
    plan = Plan(
        epochs=1 if call.incremental else estimator.max_iter,
        learning_rate=rate,
        batch_size=size,
        order=as_they_are if full else shuffled(network.seed),
        first_epoch=carried.epochs,
        time_budget=_time_budget(estimator, call),
        **schedules,
    )
    history = History()
    callbacks = [
        *_callbacks(estimator, network, held_out, call),
        patience if call.epochs is None else _Repeat(call.epochs, patience),
        *_progress(estimator),
    ]
    try:
        train(session, examples, plan, callbacks=callbacks, history=history, where=call.where)
    except KeyboardInterrupt:
        _warn_interrupted()
    planned = call.incremental or call.epochs is not None or estimator.schedule is not None
    if len(history) == estimator.max_iter and not (patience.over or planned):
        _warn_not_converged(f"{estimator.max_iter} epochs (max_iter) are done")
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
        len(history) * len(examples),
        Carried(
            end,
            rate.rate if isinstance(rate, AdaptiveRate) else None,
            carried.epochs + len(history),
            carried.best if patience.best is None else {**carried.best, quantity: patience.best},
            patience.stalled,
        ),
        _epochs_to_the_best(history, quantity, patience) if early else 0,
    )


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
    weight = examples.weight
    wide = Examples(
        examples.X.astype(np.float64, copy=False),
        examples.Y.astype(np.float64, copy=False),
        None if weight is None else weight.astype(np.float64, copy=False),
    )
    session = _open(estimator, network, network.parameters.astype(np.float64), call.where)
    history = History()
    cost = np.nan
    try:
        cost, converged = train_lbfgs(
            session,
            wide,
            iterations=estimator.max_iter,
            evaluations=estimator.max_fun,
            tolerance=estimator.tol,
            history=history,
            callbacks=[*_callbacks(estimator, network, held_out, call), *_progress(estimator)],
            where=call.where,
        )
        if not converged:
            _warn_not_converged(history.stopped)
    except KeyboardInterrupt:
        _warn_interrupted()
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


class Solver(NamedTuple):
    """How to train, and the update rule with its settings."""

    learn: Callable[["DeepEstimator", Network, Examples, Examples | None, "FitCall"], Reached]
    rule: Callable[["DeepEstimator"], tuple[str, Mapping[str, Any]]]

    @property
    def in_batches(self) -> bool:
        """Whether it learns from batches."""
        return self.learn is learn_in_batches


def _adam(estimator: "DeepEstimator") -> tuple[str, Mapping[str, Any]]:
    decay = {"beta1": estimator.beta_1, "beta2": estimator.beta_2}
    return "adam", {**decay, "epsilon": estimator.epsilon, "epsilon_at": "hat"}


def _sgd(estimator: "DeepEstimator") -> tuple[str, Mapping[str, Any]]:
    return "nesterov" if estimator.nesterovs_momentum else "heavy_ball", {"beta": estimator.momentum}


def _none(estimator: "DeepEstimator") -> tuple[str, Mapping[str, Any]]:
    return "gd", {}


def _by_name(estimator: "DeepEstimator") -> tuple[str, Mapping[str, Any]]:
    return estimator.solver, estimator.hyperparameters or {}


SOLVERS: dict[str, Solver] = {
    "adam": Solver(learn_in_batches, _adam),
    "sgd": Solver(learn_in_batches, _sgd),
    "lbfgs": Solver(learn_by_lbfgs, _none),
}
"""The solvers under scikit-learn's names, with scikit-learn's reading of Adam and of momentum."""


def get_solver(estimator: "DeepEstimator", where: str) -> Solver:
    """The estimator's solver: scikit-learn's, or an update rule of ``OPTIMIZERS``.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or it has parameters of its own and ``hyperparameters`` are given.
    """
    name = estimator.solver
    if name in SOLVERS:
        if estimator.hyperparameters:
            raise ConfigurationError(
                where,
                "hyperparameters of a solver that is an update rule, such as 'adamw'",
                f"got {dict(estimator.hyperparameters)} for {name!r}",
                "scikit-learn's solvers have parameters of their own: beta_1, beta_2, epsilon, momentum.",
            )
        return SOLVERS[name]
    if name not in OPTIMIZERS:
        raise unknown_name(where, "solver", name, {**SOLVERS, **OPTIMIZERS})
    return Solver(learn_in_batches, _by_name)


def scheduled(estimator: "DeepEstimator") -> list[str]:
    """The parameters given that need to know how much training there will be."""
    return [name for name in (*SCHEDULES, "time_budget") if getattr(estimator, name) is not None]


class _Repeat(Callback):
    """End a refit after so many epochs; patience counts only to lower an adaptive rate."""

    def __init__(self, epochs: int, patience: Patience) -> None:
        self._epochs, self._patience = epochs, patience

    def on_epoch_end(self, training: Training, record: Record) -> None:
        if len(training.history) >= self._epochs:
            raise StopTraining(f"refitted for {self._epochs} epochs")
        try:
            self._patience.on_epoch_end(training, record)
        except StopTraining:
            self._patience.stalled = 0


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


def _open(estimator: "DeepEstimator", network: Network, parameters: Parameters, where: str) -> Session:
    optimizer, hyperparameters = get_solver(estimator, where).rule(estimator)
    dropout = estimator.dropout
    settings = Settings(
        optimizer,
        hyperparameters,
        l1=estimator.l1,
        l2=estimator.alpha,
        weight_decay=estimator.weight_decay,
        dropout=[*map(float, dropout)] if isinstance(dropout, Sequence | np.ndarray) else dropout,
        input_noise=estimator.input_noise,
        max_norm=estimator.max_norm,
        clip_norm=estimator.clip_norm,
        clip_value=estimator.clip_value,
        average=estimator.average,
        rate_factors=estimator.rate_factors or {},
        decay_factors=estimator.decay_factors or {},
        seed=network.seed,
    )
    return open_session(
        estimator.engine,
        network.architecture,
        parameters,
        settings,
        statistics=network.statistics,
        where=where,
    )


def _callbacks(
    estimator: "DeepEstimator", network: Network, held_out: Examples | None, call: "FitCall"
) -> list[Callback]:
    """What judges the validation data, then the user's callbacks, which find the scores in the records."""
    judges = [] if held_out is None else [Validation(estimator, network, held_out, call.where)]
    return [*judges, *as_callbacks(estimator.callbacks or [], call.where)]


def _given_schedules(estimator: "DeepEstimator") -> list[str]:
    return [name for name in SCHEDULES if getattr(estimator, name) is not None]


def _time_budget(estimator: "DeepEstimator", call: "FitCall") -> float | None:
    if estimator.time_budget is not None and estimator.refit and estimator.early_stopping:
        raise ConfigurationError(
            call.where,
            "refit=True without a time_budget",
            f"got time_budget={estimator.time_budget!r}",
            "A refit repeats epochs, which the clock does not bring again: use max_iter.",
        )
    return estimator.time_budget


def _refuse_what_is_of_batches(estimator: "DeepEstimator", where: str) -> None:
    given = [name for name in OF_BATCHES if _asks_for_something(getattr(estimator, name))]
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


def _epochs_to_the_best(history: History, quantity: str, patience: Patience) -> int:
    """How many epochs it took to the best one, which patience kept; 0 where none beat an earlier fit's."""
    if patience.best_parameters is None:
        return 0
    values = history.column(quantity).tolist()
    return values.index(patience.best) + 1


def _learning_rate(
    estimator: "DeepEstimator", carried: Carried, examples: int, resumed: bool
) -> float | AdaptiveRate | Callable[[int], float]:
    initial = float(estimator.learning_rate_init)
    if estimator.solver == "adam" or estimator.learning_rate == "constant":
        return initial
    if estimator.learning_rate == "adaptive":
        return AdaptiveRate(carried.rate if resumed and carried.rate is not None else initial)
    return inverse_scaling(
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
            stacklevel=7,
        )
    return min(int(estimator.batch_size), examples)


def _progress(estimator: "DeepEstimator") -> list[Callback]:
    return [Progress(type(estimator).__name__)] if estimator.verbose else []


def _warn_interrupted() -> None:
    warnings.warn("Training interrupted by user.", stacklevel=7)


def _warn_not_converged(limit: str) -> None:
    warnings.warn(
        f"Training ended before it converged: {limit}. Raise max_iter or scale the inputs.",
        ConvergenceWarning,
        stacklevel=7,
    )
