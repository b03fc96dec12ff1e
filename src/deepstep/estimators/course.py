"""Parts of every solver: a session, the callbacks, and the state in which it ended."""

import warnings
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from deepstep.engines import Session, SessionState, Settings, open_session
from deepstep.equations import get_optimizer
from deepstep.errors import ConfigurationError
from deepstep.estimators.rules import update_rule
from deepstep.model import Network
from deepstep.model.options import refuse_idle
from deepstep.network import Parameters
from deepstep.network.memory import check_memory_to_train
from deepstep.preparation.batches import Examples
from deepstep.training import Callback, Checkpoints, History, Progress
from deepstep.training.callbacks import as_callbacks
from deepstep.training.identity import plain
from deepstep.training.plan import SCHEDULED
from deepstep.training.scoring import Judge
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.calls import FitCall


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
    optimizer, hyperparameters = update_rule(estimator, where)
    dropout = estimator._setting("dropout")
    if isinstance(dropout, Sequence | np.ndarray):
        dropout = np.asarray(dropout, object).tolist()
    return Settings(
        optimizer,
        hyperparameters,
        l1=estimator.l1,
        l2=estimator._setting("alpha"),
        weight_decay=estimator.weight_decay,
        dropout=dropout,
        input_noise=estimator.input_noise,
        max_norm=estimator.max_norm,
        clip_norm=estimator.clip_norm,
        clip_value=estimator.clip_value,
        average=estimator.average,
        rate_factors=estimator.rate_factors or {},
        decay_factors=estimator.decay_factors or {},
        precision=estimator.precision,
        seed=seed,
    )


def watchers(
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
    judge = Judge(scoring, judged, judged.network_, held_out.X, y, held_out.weight, call.where)
    return [judge, *callbacks]


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


def progress_of(estimator: "DeepEstimator") -> list[Callback]:
    """The callback that shows the progress, if that is asked for."""
    return [Progress(type(estimator).__name__)] if estimator.verbose else []


def warn_interrupted(checkpoints: Sequence[Checkpoints] = ()) -> None:
    """Warn the caller of fit that Ctrl-C ended training, and say where it goes on from."""
    kept = [f" With resume=True fit goes on from {one.last}." for one in checkpoints if one.last is not None]
    warnings.warn(f"Training interrupted by user.{''.join(kept)}", stacklevel=8)


def warn_of_scoring(estimator: "DeepEstimator", blind: str) -> None:
    """Warn the caller of fit that early stopping had nothing to go by, and name the metric."""
    scoring = "the estimator's own score" if estimator.scoring is None else plain(estimator.scoring)
    warnings.warn(
        f"{blind}: early stopping found no best one, and the parameters are those from before. It is given "
        f"by scoring, here {scoring}: mend it, or look whether the validation data are all of one class or "
        "out of all proportion.",
        UndefinedMetricWarning,
        stacklevel=8,
    )


def warn_not_converged(limit: str) -> None:
    """Warn the caller of fit that a limit ended training."""
    warnings.warn(
        f"Training ended before it converged: {limit}. Raise max_iter or scale the inputs.",
        ConvergenceWarning,
        stacklevel=8,
    )
