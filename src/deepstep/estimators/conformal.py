"""Conformal prediction of both estimators: sets of labels and intervals, and rows whose target may be wrong.

Scores say how wrong predictions were for rows that the model has not learned from.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError
from deepstep.estimators.calibration import Calibration, CalibrationMixin
from deepstep.estimators.ensemble import calibrate_proba
from deepstep.estimators.inputs import RawData
from deepstep.estimators.label_issues import out_of_fold_scores, rank_label_issues
from deepstep.estimators.presets import ALONE
from deepstep.estimators.targets import Labels
from deepstep.estimators.temperature import fit_temperature, with_temperature
from deepstep.types import AnyArray, Array, is_number


def conformal_rank(n: int, alpha: float) -> int:
    """The place, from the smallest of n scores, that a further one exceeds with at most the probability α.

    It is ⌈(n + 1)(1 - α)⌉, or n + 1, so that there is none, where n rows are too few: fewer than 1/α - 1. The
    rows are exchangeable with the further one, as in a shuffled sample: Vovk, Gammerman & Shafer, Algorithmic
    Learning in a Random World, 2005; Lei et al., Journal of the American Statistical Association 113, 2018.
    """
    return max(1, ceil((n + 1) * (1 - alpha) - 1e-9 * n))  # 10·(1 - 0.1) is 9, and a bit more in floats


def prediction_sets(scores: Sequence[Array], strangeness: Sequence[Array], alpha: float) -> NDArray[np.bool_]:
    """Which labels are no stranger than the right ones of all but a share alpha of other rows were.

    Each model has scores (n_k,) of rows that it did not learn from, and a strangeness (m, n_classes) of each
    label.
    """
    n = sum(map(len, scores))
    as_strange = np.zeros(strangeness[0].shape, np.intp)
    for known, new in zip(scores, strangeness, strict=True):
        as_strange += len(known) - np.searchsorted(np.sort(known), new)
    return np.asarray(as_strange >= n + 1 - conformal_rank(n, alpha))


def interval_half_width(scores: Array, alpha: float) -> Array:
    """The distance of a number from its answer that a share alpha of other rows exceeded.

    Each column of scores (n, k), distances in rows that were not learned from, counts by itself. Infinite for
    too few rows.
    """
    last = conformal_rank(len(scores), alpha)
    if last > len(scores):
        return np.full(scores.shape[1:], np.inf)
    return np.asarray(np.partition(scores, last - 1, axis=0)[last - 1])


def check_alpha(alpha: Any, where: str) -> float:
    """Alpha as a float, between 0 and 1."""
    if not (is_number(alpha) and 0 < alpha < 1):
        raise ConfigurationError(where, "alpha is a number above 0 and below 1", f"got {alpha!r}")
    return float(alpha)


class LabelIssue(NamedTuple):
    """A row whose label may be wrong.

    row: Its number, from 0.
    given, predicted (label): The label in y, and that of the model; arrays of 0 and 1 for a target of several
        columns.
    probability: Of the given label, as the model sees it; of several columns that all of them are as given.
    gradient_norm: How far this row alone would move the parameters, see `deepstep.Network.gradient_norms`.

    >>> LabelIssue(7, "cat", "dog", 0.02, 3.1).predicted
    'dog'
    """

    row: int
    given: Any
    predicted: Any
    probability: float
    gradient_norm: float


class TargetIssue(NamedTuple):
    """A row whose target may be wrong.

    row: Its number, from 0.
    given, predicted (float or array): The number in y, and that of the model; arrays for several targets.
    deviations: given - predicted in standard deviations, which the median distance of all rows tells (1.4826
        times it, so that wrong targets have no say); of several targets that of the largest size.
    gradient_norm: How far this row alone would move the parameters, see `deepstep.Network.gradient_norms`.

    >>> TargetIssue(7, 100.0, 10.0, 9.0, 3.1).deviations
    9.0
    """

    row: int
    given: Any
    predicted: Any
    deviations: float
    gradient_norm: float


class ConformalClassifierMixin(CalibrationMixin):
    """Temperature, conformal prediction sets and label issues of `DeepClassifier`."""

    _labels: Labels
    classes_: Any

    @property
    def temperature_(self) -> float:
        """T of `predict_proba`: above 1 the network was too sure of itself, below 1 not sure enough."""
        if "_calibration" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no temperature_ before it is fitted")
        return self._calibration.temperature

    def predict_set(self, X: Any, alpha: float = 0.1) -> NDArray[np.bool_]:
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
        return prediction_sets(
            scores, [self._strangeness(A) for A in self._outputs_of_judges(X, where)], alpha
        )

    def label_issues(self, X: Any, y: Any, n: int | None = None) -> list[LabelIssue]:
        """Rows from the one whose label is most likely wrong on.

        The least probable label is first. With ``preset="tabular"``, and where X are the rows of the fit in
        their order, each row is evaluated by the members that did not learn it; else by the whole model,
        which may have learned wrong labels by heart.

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
        A, Y, norms = out_of_fold_scores(self, RawData(X, y, None), where)
        P = self._tempered(labels.probabilities(A))
        of_given = _of_given(labels, P, Y)
        given, predicted = labels.decode(Y), labels.decode(A)

        def row(i: int) -> LabelIssue:
            return LabelIssue(i, given[i], predicted[i], float(of_given[i]), float(norms[i]))

        return rank_label_issues(n, 1 - of_given, norms, row, where)

    def _tempered(self, P: Array) -> Array:
        """Probabilities at the temperature."""
        several = self._labels.several
        if self.ensemble_.members[0].preset.name not in ALONE:
            return calibrate_proba(P, self._calibration.temperature, each=several)
        return with_temperature(P, self._calibration.temperature, each=several)

    def _strangeness(self, A: Array) -> Array:
        """How little each class fits each row, (m, n_classes)."""
        strangeness: Array = 1 - self._labels.probabilities(A)
        return strangeness

    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        labels, P = self._labels, self._labels.probabilities(A)
        temperature = fit_temperature(P, labels.probabilities(Y), weight, each=labels.several)
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


class ConformalRegressorMixin(CalibrationMixin):
    """Conformal prediction intervals and issues of targets of `DeepRegressor`."""

    _learned: Any

    def predict_interval(self, X: Any, alpha: float = 0.1) -> Array:
        """The numbers between which the target is for about 1 - alpha of the rows.

        `predict`, and as much to both sides as it was wrong for all but a share alpha of rows that were not
        learned from (split-conformal prediction). All intervals of a target are equally wide: where some rows
        are easier to tell than others, they are too wide for those and too narrow for these.

        After `calibrate` the share is at least 1 - alpha on average over the draws of those rows, whatever
        the network and the data, if rows to come are exchangeable with them (Lei et al., Journal of the
        American Statistical Association 113, 2018). It holds over all rows, not for each kind of them.

        Before it, the rows are those that each fold of ``preset="tabular"`` held out (or ``X_val``), answered
        by members that did not learn them. That covers about 1 - alpha, or more, as the mean of all folds is
        nearer to the target than the folds are on average; but it is not proven. For intervals around the
        predictions of each fold, CV+, 1 - 2·alpha is (Barber et al., Annals of Statistics 49, 2021; Vovk,
        Annals of Mathematics and Artificial Intelligence 74, 2015), if nothing else has looked at what they
        held out, which here also chose the best epochs and the weights of the presets.

        Sample weights do not count, but that rows of weight 0 are left out.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        alpha: Share of the rows whose target may be missed, between 0 and 1.
        returns (array of float64 of shape (n_samples, 2) or (n_samples, n_outputs, 2)): Lower and upper end;
            of several targets each for itself. Counts (``loss='poisson'``) end at 0. Infinite where fewer
            than 1/alpha - 1 rows were held out, which is too few to say so much.
        ConfigurationError: If no rows were held out: call `calibrate` first. For ``loss='quantile'``, whose
            quantiles are an interval.

        >>> from sklearn.datasets import load_diabetes
        >>> from deepstep.estimators import DeepRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = DeepRegressor(5, solver="lbfgs", alpha=10.0, random_state=1, preset="mlp")
        >>> model = model.fit(X[::2], y[::2])
        >>> lower, upper = model.calibrate(X[1::4], y[1::4]).predict_interval(X[3::4], alpha=0.2).T
        >>> share = np.mean((lower <= y[3::4]) & (y[3::4] <= upper))
        >>> bool(0.7 < share < 0.9)
        True
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.predict_interval"
        self._check_calibrated(where)
        alpha = check_alpha(alpha, where)
        most = interval_half_width(np.concatenate(self._scores(where)), alpha)
        A = self._outputs(X).astype(np.float64)
        ends = np.stack([A - most, A + most], axis=-1)
        if self._learned.targets == "counts":
            ends = np.maximum(ends, 0)
        return ends[:, 0] if A.shape[1] == 1 else ends

    def label_issues(self, X: Any, y: Any, n: int | None = None) -> list[TargetIssue]:
        """Rows from the one whose target is most likely wrong on.

        The target that is farthest from the answer is first. With ``preset="tabular"``, and where X are the
        rows of the fit in their order, each row is evaluated by the members that did not learn it; else by
        the whole model, which may have learned wrong targets by heart.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        y (array of shape (n_samples,) or (n_samples, n_outputs)): Targets to be looked at.
        n: How many rows; by default all.
        returns: ``pandas.DataFrame`` makes a table of it.
        ConfigurationError: If n is no whole number of at least 1, or with batch normalization, where rows
            have no gradients of their own.

        >>> from deepstep.estimators import DeepRegressor
        >>> X = np.linspace(-1, 1, 50)[:, np.newaxis]
        >>> y = 3 * X[:, 0]
        >>> y[20] += 1
        >>> model = DeepRegressor(2, solver="lbfgs", alpha=1.0, random_state=1, preset="mlp").fit(X, y)
        >>> model.label_issues(X, y, n=1)[0].row
        20
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.label_issues"
        A, Y, norms = out_of_fold_scores(self, RawData(X, y, None), where)
        if TARGETS[self._learned.targets].repeats:
            Y, A = Y[:, :1], A[:, [_nearest_to_median(self._learned.settings.get("levels", (0.5,)))]]
        deviations = _in_deviations(Y.astype(np.float64) - A)
        given, predicted = (rows[:, 0] if rows.shape[1] == 1 else rows for rows in (Y, A))

        def row(i: int) -> TargetIssue:
            return TargetIssue(i, given[i], predicted[i], float(deviations[i]), float(norms[i]))

        return rank_label_issues(n, np.abs(deviations), norms, row, where)

    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        return Calibration(scores=None if TARGETS[self._learned.targets].repeats else (np.abs(Y - A),))

    def _check_calibrated(self, where: str) -> None:
        if TARGETS[self._learned.targets].repeats:
            raise ConfigurationError(
                where,
                "a loss whose answer lies in the middle of an interval",
                f"got loss={self._learned.name!r}, whose quantiles are an interval themselves",
                "Use predict, or loss='squared_error'.",
            )


def _nearest_to_median(levels: Any) -> int:
    """Number of the quantile next to the median."""
    return int(np.argmin(np.abs(np.asarray(levels) - 0.5)))


def _in_deviations(residuals: Array) -> Array:
    """Residuals (m, n) in robust standard deviations, of each row the largest, (m,)."""
    deviation = 1.4826 * np.median(np.abs(residuals), axis=0)
    deviation = np.where(deviation > 0, deviation, residuals.std(axis=0))
    scaled = residuals / np.where(deviation > 0, deviation, 1.0)
    largest = np.abs(scaled).argmax(axis=1)[:, np.newaxis]
    return np.asarray(np.take_along_axis(scaled, largest, axis=1)[:, 0])
