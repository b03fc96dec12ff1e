"""How an estimator trains one network: its parameters become a `Fit`, with scikit-learn's rules."""

import inspect
import warnings
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from deepstep.engines import Session, SessionState, Settings, open_session
from deepstep.equations import get_optimizer
from deepstep.errors import ConfigurationError
from deepstep.estimators.checkpoints import checkpoint_to_resume, checkpoints_of
from deepstep.estimators.parameters import PLAIN
from deepstep.estimators.rates import AdaptiveRate, InverseScaling
from deepstep.estimators.rules import update_rule
from deepstep.model import Network
from deepstep.model.options import as_schedule, refuse_idle
from deepstep.network import Parameters
from deepstep.network.memory import check_memory_to_train
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, History, ModelCheckpoint, Plan, Progress
from deepstep.training.callbacks import as_callbacks
from deepstep.training.checkpoint import plain
from deepstep.training.fit import Fit, refuse_rates_by_course
from deepstep.training.interruption import blas_threads
from deepstep.training.lbfgs import OF_STEPS, Limits
from deepstep.training.plan import SCHEDULED
from deepstep.training.rate_finder import AUTO, RateSearch, find_rate
from deepstep.training.scoring import EpochScoring
from deepstep.training.stopping import EarlyStopping, Repeat
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.calls import FitCall

OF_BATCHES = (*OF_STEPS, *SCHEDULED, "time_budget", "checkpoint_dir", "resume")
"""Parameters that mean nothing to L-BFGS: it minimizes one cost of all examples, its state is SciPy's own."""


@dataclass(frozen=True)
class Carried:
    """Results of a training that the next one goes on from, beside the parameters.

    partial_fit goes on from ``state`` and from ``rate``, that of an adaptive learning rate. ``epochs`` done
    are counted since the order of the examples depends on them. ``best`` and ``stalled`` are those of the
    quantities that are watched.
    """

    state: SessionState | None = None
    rate: float | None = None
    epochs: int = 0
    best: Mapping[str, float] = field(default_factory=dict)
    stalled: int = 0


class Reached(NamedTuple):
    """Where a training ended; ``best_epochs`` early stopping kept, 0 where it kept none."""

    parameters: Parameters
    statistics: Mapping[str, Array]
    history: History
    cost: float
    examples_seen: int
    carried: Carried
    best_epochs: int = 0


def train(
    estimator: "DeepEstimator",
    network: Network,
    examples: Examples | StreamedExamples,
    held_out: Examples | None,
    call: "FitCall",
) -> Reached:
    """Train a network with an update rule: one epoch if incremental, else until it converges or max_iter."""
    early = held_out is not None and estimator._setting("early_stopping")
    asked = _asked(estimator, network, examples, held_out, call, early=early)
    _run(estimator, asked, call)
    history, patience, carried = asked.history, cast(EarlyStopping, asked.patience), estimator._carried
    if early and (blind := patience.blind(history)):
        _warn_of_scoring(estimator, blind)
    end, most = asked.session.state(), estimator._setting("max_iter")
    planned = call.incremental or call.epochs is not None or estimator.schedule is not None
    if len(history) == most and not (patience.over or planned):
        _warn_not_converged(f"{most} epochs (max_iter) are done")
    parameters, statistics = asked.session.outcome, end.statistics
    if early:
        parameters, statistics = network.parameters, network.statistics
        if patience.best_parameters is not None:
            parameters, statistics = patience.best_parameters, patience.best_statistics
    rate, best = asked.plan.learning_rate, dict(carried.best)
    if patience.best is not None:
        best[patience.quantity] = patience.best
    return Reached(
        parameters,
        statistics,
        history,
        asked.cost,
        sum(record.get("examples", len(examples)) for record in history),  # of a part of an epoch its own
        Carried(
            end,
            rate.rate if isinstance(rate, AdaptiveRate) else None,
            carried.epochs + len(history),
            best,
            patience.stalled,
        ),
        asked.best_epochs if early else 0,
    )


def minimize(
    estimator: "DeepEstimator",
    network: Network,
    examples: Examples,
    held_out: Examples | None,
    call: "FitCall",
) -> Reached:
    """Train with L-BFGS, which asks for float64 whatever the data's precision is."""
    _refuse_what_is_of_batches(estimator, call.where)
    asked = Fit(
        open_for(estimator, network, network.parameters.astype(np.float64), call.where),
        _wide(examples),
        Plan(estimator._setting("max_iter"), 1.0, deterministic=estimator.deterministic),
        validation=None if held_out is None else _wide(held_out),
        callbacks=[*_watchers(estimator, network, held_out, call), *_progress(estimator)],
        limits=Limits(estimator.max_fun, estimator._setting("tol")),
        where=call.where,
    )
    if _run(estimator, asked, call) and not asked.converged:
        _warn_not_converged(asked.history.stopped)
    carried, costs = estimator._carried, [record["cost"] for record in asked.history]
    best = dict(carried.best)
    if costs:
        best["cost"] = min(*costs, best.get("cost", np.inf))
    return Reached(
        asked.session.parameters.astype(network.dtype),
        network.statistics,
        asked.history,
        asked.cost,
        0,
        Carried(epochs=carried.epochs + len(costs), best=best),
    )


def _run(estimator: "DeepEstimator", asked: Fit, call: "FitCall") -> bool:
    """Train; whether that was not ended by Ctrl-C, of which the caller of fit is told."""
    try:
        asked.run()
    except KeyboardInterrupt:
        if not call.keeps_interrupted:
            raise
        ours = asked.callbacks if estimator.checkpoint_dir is not None else []
        last = [one.last for one in ours if isinstance(one, ModelCheckpoint) and one.last is not None]
        kept = [f" With resume=True fit goes on from {one}." for one in last]
        warn_the_caller(f"Training interrupted by user.{''.join(kept)}")
        return False
    return True


def _asked(
    estimator: "DeepEstimator",
    network: Network,
    examples: Examples | StreamedExamples,
    held_out: Examples | None,
    call: "FitCall",
    *,
    early: bool,
) -> Fit:
    """The training that the parameters ask for, with scikit-learn's rules of stopping and of rates."""
    carried, again = estimator._carried, call.epochs is not None
    size = _batch_size(estimator, len(examples))
    small = None if call.of_a_member else size
    session = open_for(estimator, network, network.parameters, call.where, small)
    resumed = _resumed(session, carried) if call.incremental else False
    rate = _learning_rate(estimator, carried, len(examples), resumed)
    adaptive = [rate] if isinstance(rate, AdaptiveRate) else []
    quantity = "validation_score" if early else "cost"
    patience = EarlyStopping(
        quantity,
        tolerance=estimator._setting("tol"),
        epochs=estimator._setting("n_iter_no_change"),
        larger_is_better=early,
        keep_best=early,
        instead=lambda: any(one.lower() for one in adaptive) or again,
        best=carried.best.get(quantity),
        stalled=carried.stalled,
    )
    full = not estimator.shuffle or size == len(examples)
    plan = Plan(
        epochs=1 if call.incremental else estimator._setting("max_iter"),
        learning_rate=rate,
        batch_size=size,
        order=as_they_are if full else shuffled(network.seed),
        first_epoch=carried.epochs,
        time_budget=estimator.time_budget,
        deterministic=estimator.deterministic,
        **_schedules(estimator, call.where),
    )
    if estimator.refit and estimator._setting("early_stopping"):
        refuse_rates_by_course(plan, call.where)
    return Fit(
        session,
        examples,
        plan,
        validation=held_out,
        callbacks=[
            *_watchers(estimator, network, held_out, call),
            *adaptive,
            patience,
            *([] if call.epochs is None else [Repeat(call.epochs)]),
            *_progress(estimator),
            *checkpoints_of(estimator, refit=again),
            *call.callbacks,
        ],
        patience=patience,
        resume=checkpoint_to_resume(estimator, call.where, refit=again),
        where=call.where,
    )


def open_for(
    estimator: "DeepEstimator",
    network: Network,
    parameters: Parameters,
    where: str,
    examples: int | None = None,
) -> Session:
    """A session with the estimator's settings, from these parameters, for updates with so many examples."""
    settings = settings_of(estimator, network.seed, where)
    kept = len(get_optimizer(settings.optimizer).state)
    check_memory_to_train(network.architecture, parameters.dtype, kept, where)
    refuse_idle({name: getattr(estimator, name) for name in SCHEDULED}, settings, where)
    return open_session(
        estimator.engine,
        network.architecture,
        parameters,
        settings,
        statistics=network.statistics,
        examples=examples,
        where=where,
    )


def settings_of(estimator: "DeepEstimator", seed: int, where: str) -> Settings:
    """The settings of its steps."""
    optimizer, optimizer_params = update_rule(estimator, where)
    dropout = estimator._setting("dropout")
    if isinstance(dropout, Sequence | np.ndarray):
        dropout = np.asarray(dropout, object).tolist()
    same = ("l1", "weight_decay", "input_noise", "max_norm", "clip_norm", "clip_value", "ema_decay")
    return Settings(
        optimizer,
        optimizer_params,
        l2=estimator._setting("alpha"),
        dropout=dropout,
        lr_multipliers=estimator.lr_multipliers or {},
        weight_decay_multipliers=estimator.weight_decay_multipliers or {},
        precision=estimator.precision,
        seed=seed,
        **{name: getattr(estimator, name) for name in same},
    )


def first_rate(
    estimator: "DeepEstimator", network: Network, learned: Examples, call: "FitCall"
) -> tuple[float, RateSearch | None]:
    """The learning rate that a fit begins with, and the search that found it.

    It is of the rows that are learned from, in the batches and in the order of the fit, so that the same
    ``random_state`` finds the same; the network stays as it is. A fit that goes on keeps what an earlier one
    found: the search is for the beginning, where the cost falls.
    """
    given = estimator._setting("learning_rate_init")
    if given != AUTO:
        return float(given), None
    before = getattr(estimator, "rate_search_", None) if call.going_on else None
    if before is not None:
        return float(estimator.learning_rate_), before
    size = 200 if isinstance(estimator.batch_size, str) else int(estimator.batch_size)
    whole = size >= len(learned)
    with blas_threads(estimator.deterministic):
        search = find_rate(
            open_for(estimator, network, network.parameters, call.where),
            learned,
            batch_size=None if whole else size,
            order=as_they_are if whole or not estimator.shuffle else shuffled(network.seed),
            where=f"{call.where}, learning_rate_init='auto'",
        )
    if search.suggestion is not None:
        return search.suggestion, search
    instead = float(PLAIN["learning_rate_init"])
    warn_the_caller(f"learning_rate_init='auto' found no rate that lowers the cost; {instead:g} is taken.")
    return instead, search


def scheduled(estimator: "DeepEstimator") -> list[str]:
    """The parameters given that need to know how much training there will be."""
    return [name for name in (*SCHEDULED, "time_budget") if getattr(estimator, name) is not None]


def learns_in_batches(estimator: "DeepEstimator") -> bool:
    """Whether it can go on with one batch after another, as partial_fit does; the error says why not."""
    if estimator.preset != "mlp":
        raise AttributeError("an ensemble needs all data at once; preset='mlp' has it")
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


def refuse_without_validation(estimator: "DeepEstimator", held_out: Examples | None, where: str) -> None:
    """Refuse parameters that would do nothing, for lack of validation data or of early stopping."""
    if estimator.solver == "lbfgs":
        useless = ["refit"] if estimator.refit else []
        useless += ["scoring"] if estimator.scoring is not None and held_out is None else []
        if useless:
            raise ConfigurationError(
                where,
                "what belongs to early stopping left out for solver='lbfgs', which holds nothing out",
                f"got {', '.join(useless)}",
                "Use another solver; for scores alone fit(…, X_val=…, y_val=…).",
            )
    if estimator.refit and not estimator._setting("early_stopping"):
        raise ConfigurationError(
            where,
            "early_stopping=True, where refit=True",
            "got early_stopping=False",
            "It counts the epochs.",
        )
    if estimator.scoring is not None and held_out is None and not estimator._setting("early_stopping"):
        raise ConfigurationError(
            where,
            "validation data, where scoring is given",
            f"got scoring={estimator.scoring!r} alone",
            "Use early_stopping=True, or fit(…, X_val=…, y_val=…).",
        )


def _watchers(
    estimator: "DeepEstimator", network: Network, held_out: Examples | None, call: "FitCall"
) -> list[Callback]:
    """The judge of the validation data, then the user's callbacks, which find the scores in the records.

    A scorer sees a copy of the estimator that predicts with the parameters of the epoch.
    """
    callbacks = as_callbacks(estimator.callbacks or [], call.where)
    if held_out is None:
        return callbacks
    judged, scoring = copy(estimator), estimator.scoring
    judged.network_ = copy(network)
    if hasattr(judged, "feature_names_in_"):
        del judged.feature_names_in_  # the rows have been stripped of theirs
    y = estimator._taught(held_out.Y)
    judge = EpochScoring(scoring, judged, judged.network_, held_out.X, y, held_out.weight, call.where)
    return [judge, *callbacks]


def _progress(estimator: "DeepEstimator") -> list[Callback]:
    """The callback that shows the progress, if that is asked for."""
    return [Progress(type(estimator).__name__)] if estimator.verbose else []


def _resumed(session: Session, carried: Carried) -> bool:
    """Go on with the optimizer's state of an earlier session, where there is one of this kind."""
    now, state = session.state(), carried.state
    if state is None or state.step == 0 or set(state.slots) != set(now.slots):
        return False
    averaged = session.settings.ema_decay and state.average is not None
    theta = state.theta if averaged else now.theta  # without an average the user may have changed it
    session.load(
        SessionState(theta, state.slots, state.step, now.statistics, state.average if averaged else None)
    )
    return True


def _schedules(estimator: "DeepEstimator", where: str) -> dict[str, Any]:
    given = {name: getattr(estimator, name) for name in SCHEDULED}
    return {
        # a plateau counts: each training has its own
        name: as_schedule(deepcopy(schedule), f"{where}, {name}")
        for name, schedule in given.items()
        if schedule is not None
    }


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
        warn_the_caller(
            f"batch_size {estimator.batch_size} is larger than the {examples} examples; "
            "each epoch is one batch."
        )
    return min(int(estimator.batch_size), examples)


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


def _warn_of_scoring(estimator: "DeepEstimator", blind: str) -> None:
    """Say that early stopping had nothing to go by, and name the metric."""
    scoring = "the estimator's own score" if estimator.scoring is None else plain(estimator.scoring)
    warn_the_caller(
        f"{blind}: early stopping found no best one, and the parameters are those from before. It is given "
        f"by scoring, here {scoring}: mend it, or look whether the validation data are all of one class or "
        "out of all proportion.",
        UndefinedMetricWarning,
    )


def _warn_not_converged(limit: str) -> None:
    warn_the_caller(
        f"Training ended before it converged: {limit}. Raise max_iter or scale the inputs.",
        ConvergenceWarning,
    )


def warn_the_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn whoever called fit: the first frame outside this package and scikit-learn, which wraps fit."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in (
        "deepstep",
        "sklearn",
    ):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
