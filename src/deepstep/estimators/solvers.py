"""The solvers: batches with adam or sgd, or L-BFGS, with scikit-learn's rules of stopping and scheduling."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from deepstep.engines import Session, SessionState, Settings, open_session
from deepstep.errors import DataError
from deepstep.estimators.rates import AdaptiveRate, inverse_scaling
from deepstep.model import Network
from deepstep.model.rows import forward_rows
from deepstep.network import Parameters
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import Callback, History, Plan, Progress, train
from deepstep.training.callbacks import as_callbacks
from deepstep.training.history import Record
from deepstep.training.lbfgs import train_lbfgs
from deepstep.training.stopping import Patience
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator, FitCall


@dataclass(frozen=True)
class Carried:
    """What a training that goes on takes along, beside the parameters.

    Attributes
    ----------
    slots, step
        Of the optimizer; partial_fit goes on with them.
    rate : float or None
        Where an adaptive learning rate stands; partial_fit goes on with it.
    epochs : int
        Epochs done: the order of the examples is a function of the epoch's number.
    best : mapping
        Best value of each quantity that was watched.
    stalled : int
        Epochs in a row without improvement.
    """

    slots: Mapping[str, Array] = field(default_factory=dict)
    step: int = 0
    rate: float | None = None
    epochs: int = 0
    best: Mapping[str, float] = field(default_factory=dict)
    stalled: int = 0


class Reached(NamedTuple):
    """Where a solver ended: ``cost`` is J of the last epoch, NaN if there was no whole one."""

    parameters: Parameters
    history: History
    cost: float
    examples_seen: int
    carried: Carried


def learn_in_batches(
    estimator: "DeepEstimator", network: Network, examples: Examples, call: "FitCall"
) -> Reached:
    """Train with adam or sgd: one epoch if incremental, else until it converges or max_iter."""
    carried: Carried = estimator._carried
    early = estimator.early_stopping
    held_out = None
    if early:
        examples, held_out = _hold_out(estimator, examples, network.seed, call.where)
    session = _open(estimator, network, network.parameters)
    state = session.state()
    resumed = call.incremental and carried.step > 0 and set(carried.slots) == set(state.slots)
    if resumed:
        session.load(SessionState(state.theta, carried.slots, carried.step))
    rate = _learning_rate(estimator, carried, len(examples), resumed)
    quantity = "validation_score" if early else "cost"
    patience = Patience(
        quantity,
        tolerance=estimator.tol,
        epochs=estimator.n_iter_no_change,
        larger_is_better=early,
        keep_best=early,
        instead=rate.lower if isinstance(rate, AdaptiveRate) else None,
        best=carried.best.get(quantity),
        stalled=carried.stalled,
    )
    size = _batch_size(estimator, len(examples))
    full = not estimator.shuffle or size == len(examples)
    plan = Plan(
        epochs=1 if call.incremental else estimator.max_iter,
        learning_rate=rate,
        batch_size=size,
        order=as_they_are if full else shuffled(network.seed),
        first_epoch=carried.epochs,
    )
    watchers = as_callbacks([*_scores(estimator, session, network, held_out), patience], call.where)
    history = History()
    try:
        train(
            session,
            examples,
            plan,
            callbacks=[*watchers, *_progress(estimator)],
            history=history,
            where=call.where,
        )
    except KeyboardInterrupt:
        _warn_interrupted()
    if len(history) == estimator.max_iter and not (call.incremental or patience.over):
        _warn_not_converged(f"{estimator.max_iter} epochs (max_iter) are done")
    end = session.state()
    parameters = (patience.best_parameters or network.parameters) if early else session.parameters
    return Reached(
        parameters,
        history,
        history[-1]["cost"] if len(history) else np.nan,
        len(history) * len(examples),
        Carried(
            end.slots,
            end.step,
            rate.rate if isinstance(rate, AdaptiveRate) else None,
            carried.epochs + len(history),
            carried.best if patience.best is None else {**carried.best, quantity: patience.best},
            patience.stalled,
        ),
    )


def learn_by_lbfgs(
    estimator: "DeepEstimator", network: Network, examples: Examples, call: "FitCall"
) -> Reached:
    """Train with L-BFGS, which asks for float64 whatever the data's precision is."""
    carried: Carried = estimator._carried
    weight = examples.weight
    wide = Examples(
        examples.X.astype(np.float64, copy=False),
        examples.Y.astype(np.float64, copy=False),
        None if weight is None else weight.astype(np.float64, copy=False),
    )
    session = _open(estimator, network, network.parameters.astype(np.float64))
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
            callbacks=_progress(estimator),
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
    parameters = session.parameters.astype(network.dtype)
    return Reached(parameters, history, cost, 0, Carried(epochs=carried.epochs + len(history), best=best))


class Solver(NamedTuple):
    """How to train, and the update rule with its settings."""

    learn: Callable[["DeepEstimator", Network, Examples, "FitCall"], Reached]
    rule: Callable[["DeepEstimator"], tuple[str, dict[str, object]]]


def _adam(estimator: "DeepEstimator") -> tuple[str, dict[str, object]]:
    decay = {"beta1": estimator.beta_1, "beta2": estimator.beta_2}
    return "adam", {**decay, "epsilon": estimator.epsilon, "epsilon_at": "hat"}


def _sgd(estimator: "DeepEstimator") -> tuple[str, dict[str, object]]:
    return "nesterov" if estimator.nesterovs_momentum else "heavy_ball", {"beta": estimator.momentum}


def _none(estimator: "DeepEstimator") -> tuple[str, dict[str, object]]:
    return "gd", {}


SOLVERS: dict[str, Solver] = {
    "adam": Solver(learn_in_batches, _adam),
    "sgd": Solver(learn_in_batches, _sgd),
    "lbfgs": Solver(learn_by_lbfgs, _none),
}
"""The solvers under scikit-learn's names, with scikit-learn's reading of Adam and of momentum."""


def _open(estimator: "DeepEstimator", network: Network, parameters: Parameters) -> Session:
    optimizer, hyperparameters = SOLVERS[estimator.solver].rule(estimator)
    settings = Settings(optimizer, hyperparameters, l2=estimator.alpha)
    return open_session(estimator.engine, network.architecture, parameters, settings)


def _hold_out(
    estimator: "DeepEstimator", examples: Examples, seed: int, where: str
) -> tuple[Examples, Examples]:
    """The examples to learn from, and the validation part."""
    n = len(examples)
    if n < 4:
        raise DataError(
            where, "at least 4 examples for early stopping", f"got n_samples={n}", "Use early_stopping=False."
        )
    learn, held = train_test_split(
        np.arange(n),
        test_size=max(2, ceil(n * estimator.validation_fraction)),
        random_state=seed,
        stratify=estimator._strata(examples.Y),
    )
    weight = examples.weight
    parts = [
        Examples(examples.X[rows], examples.Y[rows], None if weight is None else weight[rows])
        for rows in (learn, held)
    ]
    if any(part.weight is not None and not part.weight.any() for part in parts):
        raise DataError(
            where,
            "a weight above 0 in both the learning and the validation part",
            "got a part whose weights are all 0",
            "Use another random_state or validation_fraction.",
        )
    return parts[0], parts[1]


def _scores(
    estimator: "DeepEstimator", session: Session, network: Network, held_out: Examples | None
) -> list[Callable[[Record], None]]:
    """The callback that writes the validation score into the records, if there is a validation part."""
    if held_out is None:
        return []

    def score(record: Record) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # the next epoch's cost reports divergence
            outputs = forward_rows(session.forward, held_out.X, network.architecture.layer_dims)
        finite = np.isfinite(outputs).all()
        record["validation_score"] = (
            estimator._validation_score(outputs, held_out.Y, held_out.weight) if finite else np.nan
        )

    return [score]


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
            stacklevel=6,
        )
    return min(int(estimator.batch_size), examples)


def _progress(estimator: "DeepEstimator") -> list[Callback]:
    return [Progress(type(estimator).__name__)] if estimator.verbose else []


def _warn_interrupted() -> None:
    warnings.warn("Training interrupted by user.", stacklevel=6)


def _warn_not_converged(limit: str) -> None:
    warnings.warn(
        f"Training ended before it converged: {limit}. Raise max_iter or scale the inputs.",
        ConvergenceWarning,
        stacklevel=6,
    )
