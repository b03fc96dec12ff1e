"""How far a classifier may be trusted: its temperature, sets of labels, suspect labels."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from deepstep.errors import ConfigurationError
from deepstep.estimators.calibrating import Calibrating, Calibration
from deepstep.estimators.calls import Given
from deepstep.estimators.conformal import check_alpha, conforming
from deepstep.estimators.ensemble import told
from deepstep.estimators.labels import Labels
from deepstep.estimators.suspicion import judged_rows, most_suspect
from deepstep.estimators.temperature import fitted_temperature, tempered
from deepstep.types import AnyArray, Array


class LabelIssue(NamedTuple):
    """A row whose label may be wrong.

    row: Its number, from 0.
    given, predicted (label): The label in y, and that of the model; arrays of 0 and 1 for a target of several
        columns.
    probability: Of the given label, as the model sees it; of several columns that all of them are as given.
    gradient_norm: How far this row alone would move the parameters, see `deepstep.Network.gradient_norms`.

    >>> SuspectLabel(7, "cat", "dog", 0.02, 3.1).predicted
    'dog'
    """

    row: int
    given: Any
    predicted: Any
    probability: float
    gradient_norm: float


class TrustedClasses(Calibrating):
    """The part of `DeepClassifier` that says how far to trust it."""

    _labels: Labels

    @property
    def temperature_(self) -> float:
        """T of `predict_proba`: above 1 the network was too sure of itself, below 1 not sure enough."""
        if "_calibration" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no temperature_ before it is fitted")
        return self._calibration.temperature

    def predict_set(self: Any, X: Any, alpha: float = 0.1) -> NDArray[np.bool_]:
        """All labels that are likely enough: the true one is among them for about 1 - alpha of the rows.

        A label is in the set where it is at least as probable as the right label was for all but a share
        alpha of rows that were not learned from (split-conformal prediction; the temperature has no say).

        After `calibrate` the share is at least 1 - alpha on average over the draws of those rows, whatever
        the network and the data, if rows to come are exchangeable with them (Sadinle, Lei & Wasserman,
        Journal of the American Statistical Association 114, 2019). It holds over all rows, not within each
        class.

        Before it, the rows are those that each fold of ``preset="tabular"`` held out, and each is compared
        with what the members say that did not learn it: cross-conformal prediction, for which 1 - 2·alpha is
        proven and about 1 - alpha seen (Vovk, Annals of Mathematics and Artificial Intelligence 74, 2015;
        Barber et al., Annals of Statistics 49, 2021). The proof asks more than is given here: held out rows
        (and likewise those of ``X_val``, which the whole ensemble is compared with) also chose the best
        epochs and the weights of the presets.

        Sample weights do not count, but that rows of weight 0 are left out.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        alpha: Share of the rows whose label may be missed, between 0 and 1.
        returns (array of bool of shape (n_samples, n_classes)): Whether each of ``classes_`` is in the set. A
            set may be empty: the row is like none that the model knows, and it counts among the missed ones.
            All labels are in all sets where fewer than 1/alpha - 1 rows were held out, which is too few to
            exclude one.
        ConfigurationError: If no rows were held out: call `calibrate` first. For a target of several columns.

        >>> from sklearn.datasets import load_iris
        >>> from deepstep.estimators import DeepClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = DeepClassifier(4, solver="lbfgs", max_iter=500, alpha=1.0, random_state=1, preset="mlp")
        >>> model = model.fit(X[::2], y[::2])
        >>> sets = model.calibrate(X[1::2], y[1::2]).predict_set(X[:4], alpha=0.05)
        >>> sets.shape, sets.any(axis=1).tolist()
        ((4, 3), [True, True, True, True])
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.predict_set"
        if self._labels.several:
            raise ConfigurationError(
                where,
                "one column of labels",
                f"this estimator has {len(self.classes_)} columns of 0 and 1",
                "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier.",
            )
        alpha = check_alpha(alpha, where)
        scores = self._scores(where)
        return conforming(scores, [self._strangeness(A) for A in self._judges(X, where)], alpha)

    def label_issues(self: Any, X: Any, y: Any, n: int | None = None) -> list[LabelIssue]:
        """Rows from the one whose label is most likely wrong on.

        The least probable label is first. With ``preset="tabular"``, and where X are the rows of the fit in
        their order, each row is judged by the members that did not learn it; else by the whole model, which
        may have learned wrong labels by heart.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        y (array of shape (n_samples,) or (n_samples, n_outputs)): Labels to be looked at.
        n: How many rows; by default all.
        returns: ``pandas.DataFrame`` makes a table of it.
        ConfigurationError: If n is no whole number of at least 1, or with batch normalization, where rows
            have no gradients of their own.

        >>> from sklearn.datasets import load_iris
        >>> from deepstep.estimators import DeepClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> y[10] = 2
        >>> model = DeepClassifier(preset="tabular", n_estimators=5, max_iter=30, random_state=1).fit(X, y)
        >>> first, = model.label_issues(X, y, n=1)
        >>> first.row, int(first.given), int(first.predicted)
        (10, 2, 0)
        """
        check_is_fitted(self)
        where, labels = f"{type(self).__name__}.label_issues", self._labels
        A, Y, norms = judged_rows(self, Given(X, y, None), where)
        P = self._tempered(labels.probabilities(A))
        of_given = _of_given(labels, P, Y)
        given, predicted = labels.decode(Y), labels.decode(A)

        def row(i: int) -> LabelIssue:
            return LabelIssue(i, given[i], predicted[i], float(of_given[i]), float(norms[i]))

        return most_suspect(n, 1 - of_given, norms, row, where)

    def _tempered(self, P: Array) -> Array:
        """Probabilities as they are told."""
        several = self._labels.several
        if "ensemble_" in vars(self):
            return told(P, self._calibration.temperature, each=several)
        return tempered(P, self._calibration.temperature, each=several)

    def _strangeness(self, A: Array) -> Array:
        """How little each class fits each row, (m, n_classes)."""
        strangeness: Array = 1 - self._labels.probabilities(A)
        return strangeness

    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        labels, P = self._labels, self._labels.probabilities(A)
        temperature = fitted_temperature(P, labels.probabilities(Y), weight, each=labels.several)
        if labels.several:
            return Calibration(temperature)
        right = labels.decide(Y)[:, np.newaxis]
        scores = np.take_along_axis(self._strangeness(A), right, axis=1)[:, 0]
        return Calibration(temperature, (scores,))

    def _check_calibrated(self, where: str) -> None:
        """All targets of classes are calibrated."""


def _of_given(labels: Labels, P: Array, Y: AnyArray) -> Array:
    """The probability of what y says, (m,)."""
    if labels.several:
        return np.asarray(np.prod(np.where(Y > 0.5, P, 1 - P), axis=1))
    return np.take_along_axis(P, labels.decide(Y)[:, np.newaxis], axis=1)[:, 0]
