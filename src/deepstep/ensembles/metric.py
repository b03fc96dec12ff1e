"""The metric by which epochs, presets and weights are chosen: the loss, or a score of scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import unknown_name
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

LOSS = "loss"


class Metric:
    """Losses of outputs, of which smaller is better.

    ``scoring`` is None or 'loss', the name of a scorer of scikit-learn, or a ``scorer(estimator, X, y)``. It
    is called with a stand-in for the estimator, which has the outputs as its predictions, and with the
    positions of the classes as y. ``X`` are the rows that are scored, for scorers that look at them.
    """

    def __init__(self, targets: Targets, scoring: Any = None, where: str = "fit") -> None:
        self.targets, self._losses_of_rows = targets, targets.losses()
        self._scorer: Callable[..., float] | None = None
        if scoring is None or (isinstance(scoring, str) and scoring == LOSS):
            return
        from sklearn.metrics import get_scorer, get_scorer_names

        if isinstance(scoring, str) and scoring not in get_scorer_names():
            raise unknown_name(where, "scoring", scoring, [LOSS, *get_scorer_names()], setting="scoring")
        self._scorer = get_scorer(scoring)

    @property
    def is_known(self) -> bool:
        """Whether outputs alone tell the loss."""
        return self._scorer is not None or self._losses_of_rows is not None

    @property
    def is_loss(self) -> bool:
        """Whether it is the loss that networks learn."""
        return self._scorer is None

    def loss(self, A: Array, Y: Array, weight: Array | None) -> float:
        """The loss of outputs (m, n_outputs)."""
        if self._scorer is None:
            return float(np.average(self._losses_of_rows(A, Y), weights=weight))  # type: ignore[misc]
        return -self._score(A, Y, weight)

    def losses(self, outputs: Array, Y: Array, weight: Array | None) -> NDArray[np.float64]:
        """The losses (n,) of several outputs (n, m, n_outputs)."""
        n, m = outputs.shape[:2]
        if self._scorer is not None:
            return np.array([-self._score(A, Y, weight) for A in outputs])
        losses = self._losses_of_rows(outputs.reshape(n * m, -1), np.concatenate([Y] * n))  # type: ignore[misc]
        return np.asarray(np.average(losses.reshape(n, m), axis=1, weights=weight))

    def _score(self, A: Array, Y: Array, weight: Array | None) -> float:
        """The score of outputs; minus infinity where it is undefined, as where a draw has one class."""
        y = self.targets.decide(Y) if self.targets.is_classes else self.targets.decode(Y)
        weights = {} if weight is None else {"sample_weight": weight}
        try:
            score = self._scorer(_Predicted(self.targets, A), A, y, **weights)  # type: ignore[misc]
        except ValueError:
            return -np.inf
        return float(score) if np.isfinite(score) else -np.inf


class _Predicted:
    """Outputs of some rows as scorers see an estimator; labels are the positions of the classes."""

    def __init__(self, targets: Targets, A: Array) -> None:
        self._targets, self._A = targets, A
        self._estimator_type = "classifier" if targets.is_classes else "regressor"
        if targets.is_classes:
            self.classes_: AnyArray = np.arange(len(targets.classes[0]))

    def fit(self, X: Any, y: Any) -> None:
        """Nothing: scorers ask whether it is there."""

    def predict(self, X: Any) -> AnyArray:
        """Positions of classes, or numbers."""
        return (
            self._targets.decide(self._A) if self._targets.is_classes else self._targets.predictions(self._A)
        )

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of classes, whose sum is 1 to the last digit in one column."""
        P = self._targets.probabilities(self._A).astype(np.float64)
        return P if self._targets.several else P / P.sum(axis=1, keepdims=True)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        tags = {"classifier_tags": ClassifierTags()} if self._targets.is_classes else {}
        if not self._targets.is_classes:
            tags = {"regressor_tags": RegressorTags()}
        return Tags(estimator_type=self._estimator_type, target_tags=TargetTags(required=True), **tags)
