"""Validation data: judged after each epoch, joined again for the refit."""

from collections.abc import Callable, Mapping
from copy import copy
from inspect import signature
from math import isfinite, nan
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse, vstack
from sklearn.metrics import check_scoring, get_scorer_names

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.model import Network
from deepstep.preparation.batches import Examples
from deepstep.training import Callback, Training
from deepstep.training.history import Record
from deepstep.training.identity import plain
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

COST = "loss"
"""The scoring by minus the validation cost: as scikit-learn has it, greater is better."""


class Validation(Callback):
    """Write the score of validation data into the records, which have their cost.

    Parameters
    ----------
    estimator : DeepEstimator
        What is being fitted; a scorer sees a copy of it that predicts with the parameters of the epoch.
    network : Network
        The network that it trains.
    held_out : Examples
    where : str
        Name for error messages.

    Raises
    ------
    ConfigurationError
        If there is no such metric.
    """

    adds_to_records = ("validation_score",)

    def __init__(self, estimator: "DeepEstimator", network: Network, held_out: Examples, where: str) -> None:
        self._scorer, self._where = _scorer(estimator, where), where
        self._weights: dict[str, Array] = {}
        if held_out.weight is not None and self._scorer is not None and _takes_weights(self._scorer):
            self._weights = {"sample_weight": held_out.weight}
        self._held_out, self._y = held_out, estimator._taught(held_out.Y)
        self._network, self._judged = copy(network), copy(estimator)
        self._judged.network_ = self._network
        if hasattr(self._judged, "feature_names_in_"):
            del self._judged.feature_names_in_  # the rows have been stripped of theirs

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Judge."""
        self._network.parameters = training.outcome
        self._network.statistics = dict(training.state().statistics)
        record["validation_score"] = self._score(record["validation_cost"])

    def settings(self) -> Mapping[str, Any]:
        """The score: a training that is resumed compares with what it was before."""
        return {"scoring": plain(self._judged.scoring)}

    def state(self) -> Mapping[str, Any]:
        """Nothing, but what keeps a state is asked for its settings when a training is resumed."""
        return {}

    def _score(self, cost: float) -> float:
        if not isfinite(cost):
            return nan
        if self._scorer is None:
            return -cost
        score: Any = self._scorer(self._judged, self._held_out.X, self._y, **self._weights)
        if np.ndim(score) or not isinstance(score, Real | np.ndarray):
            raise ConfigurationError(self._where, "scoring that gives one number", f"got {score!r:.60}")
        return float(score)


def refuse_without_validation(estimator: "DeepEstimator", held_out: Examples | None, where: str) -> None:
    """Refuse parameters that would do nothing, for lack of validation data or of early stopping.

    Raises
    ------
    ConfigurationError
    """
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
    if estimator.refit and not estimator.early_stopping:
        raise ConfigurationError(
            where,
            "early_stopping=True, where refit=True",
            "got early_stopping=False",
            "It counts the epochs.",
        )
    if estimator.scoring is not None and held_out is None and not estimator.early_stopping:
        raise ConfigurationError(
            where,
            "validation data, where scoring is given",
            f"got scoring={estimator.scoring!r} alone",
            "Use early_stopping=True, or fit(…, X_val=…, y_val=…).",
        )


def together(first: Examples, second: Examples) -> Examples:
    """The examples of both.

    Examples
    --------
    >>> rows = Examples(np.eye(2), np.eye(2)), Examples(np.eye(2), np.eye(2), np.array([2.0, 3.0]))
    >>> together(*rows).weight
    array([1., 1., 2., 3.])
    """
    sparse = issparse(first.X) or issparse(second.X)
    weight = None
    if first.weight is not None or second.weight is not None:
        weights = [
            np.ones(len(part), part.Y.dtype) if part.weight is None else part.weight
            for part in (first, second)
        ]
        weight = np.concatenate(weights)
    return Examples(
        vstack([first.X, second.X], format="csr") if sparse else np.concatenate([first.X, second.X]),
        np.concatenate([first.Y, second.Y]),
        weight,
    )


def _scorer(estimator: "DeepEstimator", where: str) -> Callable[..., float] | None:
    scoring: Any = estimator.scoring
    if isinstance(scoring, str):
        if scoring == COST:
            return None
        known = [COST, *get_scorer_names()]
        if scoring not in known:
            raise unknown_name(where, "scoring", scoring, known)
    scorer: Callable[..., float] = check_scoring(estimator, scoring)
    return scorer


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer's metric has weights; those that have none score unweighted."""
    accepts = getattr(
        scorer, "_accept_sample_weight", None
    )  # scikit-learn's: its own signature always has it
    return bool(accepts() if accepts is not None else "sample_weight" in signature(scorer).parameters)
