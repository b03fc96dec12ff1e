"""Scores of validation data by scikit-learn's metrics, written into the records after each epoch."""

import warnings
from collections.abc import Callable, Mapping
from inspect import signature
from math import isfinite, nan
from numbers import Real
from typing import Any, Protocol

import numpy as np

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Parameters
from deepstep.training.callbacks import Callback
from deepstep.training.history import Record
from deepstep.training.identity import plain
from deepstep.training.shown import Training
from deepstep.types import Array

COST = "loss"
"""The scoring by minus the validation cost: as scikit-learn has it, greater is better."""


class Predicting(Protocol):
    """A network that predicts with the parameters of an epoch."""

    parameters: Parameters
    statistics: dict[str, Array]


class Judge(Callback):
    """Write the score of validation data into the records, which have their cost.

    ``scoring`` is the name of a scikit-learn metric, a ``scorer(estimator, X, y)``, None for the estimator's
    own ``score``, or "loss". ``network``, by which ``judged`` predicts, is given the parameters of each
    epoch.
    """

    adds_to_records = ("validation_score",)
    in_every_worker = True

    def __init__(
        self,
        scoring: Any,
        judged: Any,
        network: Predicting,
        X: Any,
        y: Any,
        weight: Array | None,
        where: str,
    ) -> None:
        self._scorer, self._scoring, self._where = _scorer(scoring, judged, where), scoring, where
        self._weights: dict[str, Array] = {}
        if weight is not None and self._scorer is not None and _takes_weights(self._scorer):
            self._weights = {"sample_weight": weight}
        self._judged, self._network, self._X, self._y = judged, network, X, y

    def try_out(self) -> None:
        """Find out before training whether a metric of scikit-learn can score such targets."""
        if not isinstance(self._scoring, str):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._score(0.0)
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                self._where,
                "scoring by a metric of such a target",
                f"{self._scoring!r} is none ({error!s:.200})",
            ) from error

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Judge."""
        if self._scorer is not None:
            self._network.parameters = training.outcome
            self._network.statistics = dict(training.state().statistics)
        record["validation_score"] = self._score(record["validation_cost"])

    def settings(self) -> Mapping[str, Any]:
        """The score: a training that is resumed compares with what it was before."""
        return {"scoring": plain(self._scoring)}

    def state(self) -> Mapping[str, Any]:
        """Nothing, but what keeps a state is asked for its settings when a training is resumed."""
        return {}

    def _score(self, cost: float) -> float:
        if not isfinite(cost):
            return nan
        if self._scorer is None:
            return -cost
        score: Any = self._scorer(self._judged, self._X, self._y, **self._weights)
        if np.ndim(score) or not isinstance(score, Real | np.ndarray):
            raise ConfigurationError(self._where, "scoring that gives one number", f"got {score!r:.60}")
        return float(score)


def check_name(scoring: str, where: str) -> None:
    """Refuse a name that no metric has."""
    from sklearn.metrics import get_scorer_names

    known = [COST, *get_scorer_names()]
    if scoring not in known:
        raise unknown_name(where, "scoring", scoring, known)


def check_kind(scoring: Any, where: str, *, classes: bool, or_else: str = "") -> None:
    """Refuse a metric's name where it is of numbers and the target holds classes, or the other way round.

    Callables and the cost fit any target. ``or_else`` is another remedy, after "Take another, such as …".
    """
    from sklearn.metrics import get_scorer

    if not isinstance(scoring, str) or scoring == COST:
        return
    check_name(scoring, where)
    if get_scorer(scoring)._score_func.__module__.endswith("_regression") != classes:
        return
    wanted, other = ("classes", "numbers") if classes else ("numbers", "classes")
    instead = "balanced_accuracy" if classes else "r2"
    raise ConfigurationError(
        where,
        f"a metric of {wanted}, which the target holds",
        f"got {scoring!r}, one of {other}",
        f"Take another, such as {instead}{or_else}.",
    )


def _scorer(scoring: Any, judged: Any, where: str) -> Callable[..., float] | None:
    from sklearn.metrics import check_scoring, get_scorer

    if isinstance(scoring, str):
        check_name(scoring, where)
        if scoring == COST:
            return None
        named: Callable[..., float] = get_scorer(scoring)
        return named
    scorer: Callable[..., float] = check_scoring(judged, scoring)
    return scorer


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer's metric has weights; those that have none score unweighted."""
    # scikit-learn's own: its signature always has it
    accepts = getattr(scorer, "_accept_sample_weight", None)
    return bool(accepts() if accepts is not None else "sample_weight" in signature(scorer).parameters)
