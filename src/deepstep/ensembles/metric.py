"""The metric by which epochs, presets and weights are chosen: the loss, or a score of scikit-learn."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

LOSS = "loss"

FEW_ROWS = 100
"""Held-out rows of the rarest class, or of numbers in all, below which the loss is in place of a metric."""

FOR_NUMBERS = re.compile("error|deviance|r2|variance")
"""In the names of scikit-learn's metrics of numbers, and in no others."""

FEW = f"a metric needs {FEW_ROWS} held-out rows of each class, or of numbers in all"


class Metric:
    """Losses of outputs, of which smaller is better.

    ``scoring`` is None or 'loss', the name of a scorer of scikit-learn, or a ``scorer(estimator, X, y)``. A
    scorer sees a stand-in for the estimator, which has the outputs as its predictions, the labels y, and an X
    without columns. Named metrics see the positions of classes that are texts.
    """

    def __init__(self, targets: Targets, scoring: Any = None) -> None:
        self.targets = targets
        self._losses_of_rows = targets.losses()
        self._scoring = scoring
        self._weighs = True
        self._scorer: Callable[..., float] | None = None
        if scoring is None or (isinstance(scoring, str) and scoring == LOSS):
            return
        from sklearn.metrics import get_scorer

        if isinstance(scoring, str):
            self._refuse(scoring)
        self._scorer = get_scorer(scoring)
        # metrics of two classes are about the class 1, the position of the second one
        named = isinstance(scoring, str) and not FOR_NUMBERS.search(scoring)
        texts = any(labels.dtype.kind in "OSU" for labels in targets.classes)
        two = targets.is_classes and len(targets.classes[0]) == 2
        positions = targets.several or (named and (texts or two)) or (texts and isinstance(scoring, str))
        self._has_labels = targets.is_classes and not positions

    def _refuse(self, name: str) -> None:
        """Refuse a name that no metric has, and metrics of numbers for labels that are no numbers."""
        from sklearn.metrics import get_scorer_names

        numbers = not self.targets.is_classes
        known = get_scorer_names()
        both = not numbers and all(labels.dtype.kind in "biuf" for labels in self.targets.classes)
        if name not in known:
            suited = [metric for metric in known if both or bool(FOR_NUMBERS.search(metric)) is numbers]
            # first those that contain the name, or whose initials end with it: mae, auc
            initials = {metric: "".join(word[0] for word in metric.split("_")) for metric in suited}
            suited.sort(key=lambda metric: name not in metric and not initials[metric].endswith(name))
            raise unknown_name("scoring", name, [*suited, LOSS], setting="scoring")
        if bool(FOR_NUMBERS.search(name)) is not numbers and not both:
            kind = "numbers" if numbers else "classes"
            raise ConfigurationError.must_be("scoring", f"a metric of {kind}", repr(name))

    @property
    def is_known(self) -> bool:
        """Whether outputs alone tell the loss."""
        return self._scorer is not None or self._losses_of_rows is not None

    @property
    def is_loss(self) -> bool:
        """Whether it is the loss that networks learn."""
        return self._scorer is None

    def trusted(self, Y: Array) -> "Metric":
        """This metric, or the loss where the targets (m, n_outputs) of held-out rows are too few."""
        if self.is_loss or self._rarest(Y) >= FEW_ROWS:
            return self
        return Metric(self.targets)

    def with_loss(self) -> "tuple[Metric, ...]":
        """This metric, and beside it the loss where that is another one and known."""
        return (self,) if self.is_loss or self._losses_of_rows is None else (self, Metric(self.targets))

    def _rarest(self, Y: Array) -> int:
        """Rows of the rarest class of any column that has some; all rows where these are numbers."""
        if not self.targets.is_classes or not len(Y):
            return len(Y)
        return min(
            int(np.unique(column, return_counts=True)[1].min()) for column in self.targets.class_columns(Y)
        )

    def try_out(self, Y: Array, weight: Array | None) -> None:
        """Score targets as outputs: a metric that does not suit them is refused before the training."""
        if self._scorer is None:
            return
        A = Y if self.targets.is_classes else Y + 0.5  # predictions of whole numbers are no whole numbers
        if A.shape[1] != self.targets.n_outputs:
            A = np.repeat(A, self.targets.n_outputs, axis=1)
        y = self._answers(Y)
        try:
            if weight is not None:
                try:
                    self._score(A, y, weight)
                    return
                except TypeError:  # a scorer that takes no weights
                    self._weighs = False
            self._score(A, y, None)
        except ValueError as error:
            from sklearn.metrics import get_scorer_names

            others = [name for name in get_scorer_names() if name.startswith(f"{self._scoring}_")]
            others = [name for name in others if self.targets.several or not name.endswith("_samples")]
            hint = f"For these targets there are {', '.join(others)}" if others else str(error)
            value = f"{self._scoring!r:.60}"
            raise ConfigurationError.must_be(
                "scoring", "a metric that suits the targets", value, f"{hint.rstrip('.')}."
            ) from error

    def loss(self, A: Array, Y: Array, weight: Array | None) -> float:
        """The loss of outputs (m, n_outputs)."""
        if self._scorer is None:
            return float(np.average(self._losses_of_rows(A, Y), weights=weight))  # type: ignore[misc]
        return self._scored(A, self._answers(Y), weight)

    def losses(self, outputs: Array, Y: Array, weight: Array | None) -> NDArray[np.float64]:
        """The losses (n,) of several outputs (n, m, n_outputs)."""
        n, m = outputs.shape[:2]
        if self._scorer is not None:
            y = self._answers(Y)  # once: selection scores many outputs for the same rows
            return np.array([self._scored(A, y, weight) for A in outputs])
        losses = self._losses_of_rows(outputs.reshape(n * m, -1), np.concatenate([Y] * n))  # type: ignore[misc]
        return np.asarray(np.average(losses.reshape(n, m), axis=1, weights=weight))

    def _answers(self, Y: Array) -> AnyArray:
        """y as a scorer sees it: labels or their positions, or numbers."""
        return self.targets.decode(Y) if self._has_labels else self.targets.decide(Y)

    def _scored(self, A: Array, y: AnyArray, weight: Array | None) -> float:
        """Minus the score of outputs; infinity where it is undefined, as where a draw has one class."""
        try:
            score = self._score(A, y, weight)
        except ValueError:
            return np.inf
        return -score if np.isfinite(score) else np.inf

    def _score(self, A: Array, y: AnyArray, weight: Array | None) -> float:
        weights = {"sample_weight": weight} if weight is not None and self._weighs else {}
        predicted = _Predicted(self.targets, A, has_labels=self._has_labels)
        return float(self._scorer(predicted, np.empty((len(A), 0)), y, **weights))  # type: ignore[misc]


class _Predicted:
    """Outputs of some rows as scorers see an estimator; its classes are labels, or their positions."""

    def __init__(self, targets: Targets, A: Array, *, has_labels: bool) -> None:
        self._targets, self._A, self._has_labels = targets, A, has_labels
        self._estimator_type = "classifier" if targets.is_classes else "regressor"
        if targets.is_classes:
            labels = targets.classes[0]
            self.classes_: AnyArray = labels if has_labels else np.arange(len(labels))

    def fit(self, X: Any, y: Any) -> None:
        """Nothing: scorers ask whether it is there."""

    def predict(self, X: Any) -> AnyArray:
        """Labels or their positions, or numbers."""
        if self._targets.is_classes and not self._has_labels:
            return self._targets.decide(self._A)
        return self._targets.predictions(self._A)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of classes, whose sum is 1 to the last digit in one column."""
        if not self._targets.is_classes:
            raise ValueError("The targets are numbers, which have no probabilities")
        P = self._targets.probabilities(self._A).astype(np.float64)
        return P if self._targets.several else P / P.sum(axis=1, keepdims=True)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classes = {"classifier_tags": ClassifierTags()}
        tags = classes if self._targets.is_classes else {"regressor_tags": RegressorTags()}
        return Tags(estimator_type=self._estimator_type, target_tags=TargetTags(required=True), **tags)
