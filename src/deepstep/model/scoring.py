"""A `Network` as scikit-learn's scorers see one: rows are examples, classes their numbers from 0."""

from copy import copy
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from deepstep.equations import answers, get_head, probabilities
from deepstep.equations.targets import TARGETS
from deepstep.network.border import classes_in
from deepstep.preparation.batches import Examples
from deepstep.training.judging import Judge, check_kind
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from deepstep.model.network import Network


class _Fitted(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What scikit-learn takes for an estimator."""

    def fit(self, X: Array, y: AnyArray) -> Self:
        return self


class _Numbers(RegressorMixin, _Fitted):  # type: ignore[misc]
    """Outputs (m, n_L), or (m,) of a single one."""

    def __init__(self, network: "Network") -> None:
        self.network = network

    def predict(self, X: Array) -> Array:
        outputs = self.network.forward(X.T).T
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs


class _Classes(ClassifierMixin, _Fitted):  # type: ignore[misc]
    """Classes (m,), or a column of 0 and 1 for each of several yes/no outputs."""

    def __init__(self, network: "Network", classes: AnyArray) -> None:
        self.network, self.classes = network, classes
        self.classes_ = classes

    def predict(self, X: Array) -> AnyArray:
        return _alone(answers(self.network.architecture, self.network.forward(X.T)))

    def predict_proba(self, X: Array) -> Array:
        found = cast(Array, probabilities(self.network.architecture, self.network.forward(X.T)))
        yes_or_no = len(found) == 1
        return np.column_stack([1 - found[0], found[0]]) if yes_or_no else found.T


def judge(network: "Network", scoring: Any, held_out: Examples, where: str) -> Judge:
    """What scores the validation data of a network.

    Raises
    ------
    ConfigurationError
        If there is no such metric, or it is of other targets.
    """
    judging, Y = copy(network), held_out.Y.T
    shape = network.architecture
    columns, number = classes_in(shape, Y)
    check_kind(scoring, where, classes=bool(number))
    judged: BaseEstimator = _Numbers(judging)
    if number:  # two columns under the names 0 and 1 would pass for a single one of two classes
        several = np.tile(np.arange(number), (len(columns), 1))
        judged = _Classes(judging, several[0] if len(columns) == 1 else several)
    if not number:
        columns = Y[:1] if TARGETS[get_head(shape).targets].repeats else Y
    y = _alone(columns)
    found = Judge(scoring, judged, judging, held_out.X, y, held_out.weight, where)
    found.try_out()
    return found


def _alone(rows: AnyArray) -> AnyArray:
    """Columns turned to rows; an only row as it is."""
    return rows[0] if len(rows) == 1 else rows.T
