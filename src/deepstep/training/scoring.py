"""Scores of validation data in the records of epochs: the cost, metrics of a user, and scikit-learn's."""

import warnings
from collections.abc import Callable, Mapping
from copy import copy
from inspect import signature
from math import isfinite, nan
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from deepstep.engines import Session
from deepstep.environment import naming_packages, package
from deepstep.equations import answers, get_head, probabilities
from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError, naming, unknown_name
from deepstep.preparation.batches import Examples
from deepstep.training.callbacks import Callback, Training, read_only
from deepstep.training.checkpoint import plain
from deepstep.training.history import Record
from deepstep.training.plan import require
from deepstep.training.rows import cost_and_outputs_of_all, cost_of_all
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from deepstep.model import Network

COST = "loss"  # the scoring by minus the validation cost: as scikit-learn has it, greater is better

Metric: TypeAlias = Callable[[Array, Array], float]
"""``metric(Y, AL)``: targets and outputs, columns as examples, to a number."""

EXAMPLE = "Such as metrics={'error': lambda Y, AL: abs(AL - Y).mean()}."


def check_metrics(metrics: Mapping[str, Metric], validation: Examples | None) -> None:
    """Refuse metrics that could not be computed, before the first step."""
    named = isinstance(metrics, Mapping)
    require(named, "metrics", "a mapping of names to functions (Y, AL)", metrics, EXAMPLE)
    for name, metric in metrics.items():
        require(isinstance(name, str), "The name of a metric", "a text", name, EXAMPLE)
        require(callable(metric), f"metrics[{name!r}]", "a function (Y, AL)", metric)
        if name == "cost":
            raise ConfigurationError("A metric cannot be called 'cost', which is recorded in any case")
    if metrics and validation is None:
        raise ConfigurationError("metrics needs validation data", "Pass validation=(X, Y).")


def score_names(validation: Examples | None, metrics: Mapping[str, Metric]) -> list[str]:
    """The entries that `scores` gives."""
    return [] if validation is None else [f"validation_{name}" for name in ("cost", *metrics)]


def scores(session: Session, validation: Examples, metrics: Mapping[str, Metric]) -> Record:
    """The cost of validation data and the metrics, as entries of a record; the forward pass is done once."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is recorded as it is
        if not metrics:
            return {"validation_cost": cost_of_all(session, validation)}
        cost, outputs = cost_and_outputs_of_all(session, validation)
    record: Record = {"validation_cost": cost}
    for name, metric in metrics.items():
        with naming(f"the metric {name!r}"):
            value: Any = metric(read_only(validation.Y.T), outputs.T)
        record[f"validation_{name}"] = _number(
            value, f"metrics[{name!r}]", "a function that gives one number"
        )
    return record


def _number(value: Any, setting: str, expected: str) -> float:
    require(not np.ndim(value) and isinstance(value, Real | np.ndarray), setting, expected, value)
    return float(value)


class EpochScoring(Callback):
    """Write the score of validation data into the records; ``estimator`` predicts by ``network``."""

    adds_to_records = ("validation_score",)
    in_every_worker = True

    def __init__(self, scoring: Any, estimator: Any, network: "Network", X: Any, y: Any, weight: Any) -> None:
        if isinstance(scoring, str):
            check_name(scoring)
        self._scoring, self._network = scoring, network
        self._arguments = estimator, X, y
        self._scorer: Any = None
        if scoring != COST:
            self._scorer = package("sklearn.metrics").check_scoring(estimator, scoring)
        weighted = weight is not None and self._scorer is not None and _takes_weights(self._scorer)
        self._weights = {"sample_weight": weight} if weighted else {}

    def try_out(self) -> None:
        """Find out before training whether a metric of scikit-learn can score such targets."""
        if not isinstance(self._scoring, str):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._score(0.0)
        except (ValueError, TypeError, AttributeError) as error:
            problem = f"{self._scoring!r}, which is none ({error!s:.200})"
            raise ConfigurationError.must_be("scoring", "a metric of such a target", problem) from error

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Score the parameters of the epoch."""
        if self._scorer is not None:
            self._network.parameters = training.parameters
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
        score = self._scorer(*self._arguments, **self._weights)
        return _number(score, "scoring", "a metric that gives one number")


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer's metric has weights; those that have none score unweighted."""
    # scikit-learn's own: its signature always has it
    accepts = getattr(scorer, "_accept_sample_weight", None)
    return bool(accepts() if accepts is not None else "sample_weight" in signature(scorer).parameters)


def judge_of(
    network: "Network",
    scoring: Any,
    held_out: Examples,
    classes: tuple[AnyArray, int],
    *,
    decode: Callable[[Array], AnyArray] | None = None,
) -> EpochScoring:
    """The callback that scores validation data; ``decode`` turns outputs (m, n_L) to the target's numbers."""
    columns, number = classes  # those of the examples, (n_columns, m), and how many; 0 for numbers
    check_kind(scoring, classes=bool(number))
    predicting, Y = copy(network), held_out.Y.T
    estimator = _as_estimator(predicting, decode)
    if number:  # two columns under the names 0 and 1 would pass for a single one of two classes
        several = np.tile(np.arange(number), (len(columns), 1))
        estimator.classes_ = several if len(columns) > 1 else several[0]
    elif decode is None:
        columns = Y[:1] if TARGETS[get_head(network.architecture).targets].repeats else Y
    y = _rows(columns) if decode is None else decode(held_out.Y)
    judge = EpochScoring(scoring, estimator, predicting, held_out.X, y, held_out.weight)
    judge.try_out()
    return judge


def _as_estimator(network: "Network", decode: Callable[[Array], AnyArray] | None) -> Any:
    """A network as scikit-learn's scorers see one: rows are examples."""
    with naming_packages():
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    shape = network.architecture

    class Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, X: Array, y: AnyArray) -> "Estimator":
            return self

        def predict(self, X: Array) -> AnyArray:
            A = network.forward(X.T)
            return _rows(answers(shape, A)) if decode is None else decode(A.T)

    class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
        pass

    class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
        def predict_proba(self, X: Array) -> Array:
            p = cast(Array, probabilities(shape, network.forward(X.T)))
            return np.column_stack([1 - p[0], p[0]]) if len(p) == 1 else p.T

    return Regressor() if TARGETS[get_head(shape).targets].probabilities is None else Classifier()


def _rows(columns: AnyArray) -> AnyArray:
    """Columns turned to rows; an only one as it is."""
    return columns[0] if len(columns) == 1 else columns.T


def check_name(scoring: str) -> None:
    """Refuse a name that no metric has."""
    known = [COST, *package("sklearn.metrics").get_scorer_names()]
    if scoring not in known:
        raise unknown_name("metric", scoring, known, setting="scoring")


def check_kind(scoring: Any, *, classes: bool, or_else: str = "") -> None:
    """Refuse a metric's name where it is of numbers and the target holds classes, or the other way round."""
    if not isinstance(scoring, str) or scoring == COST:
        return
    check_name(scoring)
    scorer = package("sklearn.metrics").get_scorer(scoring)
    if scorer._score_func.__module__.endswith("_regression") != classes:
        return
    wanted, other = ("classes", "numbers") if classes else ("numbers", "classes")
    instead = "balanced_accuracy" if classes else "r2"
    raise ConfigurationError.must_be(
        "scoring",
        f"a metric of {wanted}, which the target holds",
        f"{scoring!r}, one of {other}",
        f"Take another, such as {instead}{or_else}.",
    )
