"""Calibration, conformal sets and intervals, and rows whose target may be wrong, of both estimators."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.base import DeepEstimator
from deepstep.estimators.calibration import (
    Calibration,
    answered,
    ensemble_temperature,
    fit_temperature,
    interval_half_width,
    prediction_sets,
)
from deepstep.estimators.inputs import Dataset, RawData
from deepstep.estimators.label_issues import TrainingFingerprint, out_of_fold_scores
from deepstep.estimators.presets import ALONE
from deepstep.estimators.widths import fit_widths, outputs_and_sigma
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array, is_number, is_whole


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


class Calibrated(DeepEstimator):
    """The part of both estimators that learns from rows which were held out."""

    _calibration = Calibration()

    @abstractmethod
    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        """The calibration by `_answers` for rows and their targets (m, n_L)."""

    @abstractmethod
    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], Any]]:
        """How doubtful each target is, and the entry of a row with its gradient norm."""

    def _check_calibrated(self, where: str) -> None:
        """Refuse a target for which there is nothing to calibrate."""

    def calibrate(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows that were never trained on how sure the answers may be.

        The results of the fit are replaced: the temperature of `DeepClassifier`, and how far
        ``predict_set`` and ``predict_interval`` reach, which hold as often as asked from here on. The network
        or ensemble stays as it is.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): Rows that are drawn like those to
            come, and that no fit, no early stopping and no choice of parameters has seen.
        y (array of shape (n_samples,) or (n_samples, n_outputs)): Their targets.
        sample_weight (n_samples,): Counts for the temperature. For sets and intervals only whether it is 0:
            such a row is left out.
        returns (self): Calibrated.
        ConfigurationError: For ``loss='quantile'``, which has its own intervals.
        DataError: If the rows do not fit, or none has a weight above 0.

        >>> import numpy as np
        >>> from deepstep.estimators import DeepRegressor
        >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
        >>> y = X[:, 0] + 0.1 * np.random.default_rng(1).standard_normal(200)
        >>> model = DeepRegressor(4, solver="lbfgs", random_state=1, preset="mlp").fit(X[::2], y[::2])
        >>> model.calibrate(X[1::2], y[1::2]).predict_interval(X[:5], alpha=0.2).shape
        (5, 2)
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.calibrate"
        self._check_calibrated(where)
        rows = self._rows(RawData(X, y, sample_weight), where)
        self._calibration = self._read_known(rows, self._answers(rows.X), rows.weight, where)
        return self

    def label_issues(self, X: Any, y: Any, n: int | None = None) -> list[Any]:
        """Rows from the one whose target is most likely wrong on.

        The least probable label, or the number that is farthest from the answer, is first. With
        ``preset="tabular"``, and where X are the rows of the fit in their order, each row is evaluated by
        the members that did not learn it; else by the whole model, which may have learned wrong targets by
        heart.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        y (array of shape (n_samples,) or (n_samples, n_outputs)): Targets to be looked at.
        n: How many rows; by default all.
        returns (list of LabelIssue, of a regressor of TargetIssue): ``pandas.DataFrame`` makes a table of it.
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
        where = f"{type(self).__name__}.label_issues"
        A, Y, norms = out_of_fold_scores(self, RawData(X, y, None), where)
        doubt, row = self._issues(A, Y)
        if n is not None and not is_whole(n, 1):
            expected = "a whole number of at least 1, or None"
            raise ConfigurationError(where, expected, f"got {n!r}", setting="n")
        first = np.lexsort((-norms, -doubt))[:n].tolist()  # gradient norms decide where doubts are equal
        return [row(number, float(norms[number])) for number in first]

    def _finish(self, rows: Dataset, held_out: Dataset | None) -> None:
        """Calibrate an ensemble by what a fit held out: the rows of validation, or of each fold."""
        self._calibration, self._training_rows, ensemble = Calibration(), None, self.ensemble_
        if self.preset in ALONE:
            return
        A = ensemble.out_of_fold
        if A is not None:
            self._training_rows = TrainingFingerprint.of(ensemble, rows.X, rows.weight)
        kept = rows if rows.weight is None else rows.take(np.flatnonzero(rows.weight > 0))
        weight = self._class_weighted(kept, kept if held_out is None else held_out, "fit")
        if held_out is not None:
            answers = self._learn_widths(held_out, ensemble.outputs(held_out.X), None)
            self._calibration = self._read_known(held_out, answers, weight, "fit")
        elif A is not None:
            part, n = np.full(len(kept), -1), len(ensemble.preprocessors)
            for number, preprocessor in enumerate(ensemble.preprocessors):
                part[preprocessor.fold.held_out] = number
            answers = self._learn_widths(kept, A, part)
            found = self._read_known(kept, answers, weight, "fit")
            if n > 1 and not self.refit:  # which has no mean over folds
                found = replace(found, temperature=ensemble_temperature(found.temperature))
            self._calibration = found.parts(part[answered(answers, weight)], n)

    def _answers(self, X: Any) -> Array:
        """Outputs for rows, with what else their scores need."""
        return self.ensemble_.outputs(X)

    def _learn_widths(self, rows: Dataset, A: Array, part: AnyArray | None) -> Array:
        """`_answers` for rows that were held out, by the folds ``part`` (m,) or by the whole ensemble."""
        return A

    def _read_known(self, rows: Dataset, answers: Array, weight: Array | None, where: str) -> Calibration:
        """The calibration by the rows that have an answer and a weight."""
        used = answered(answers, weight)
        if not used.any():
            raise DataError(where, "at least one row of a weight above 0", "got none")
        of_used = None if weight is None else weight[used]
        return self._read(answers[used].astype(np.float64), rows.Y[used], of_used)

    def _scores(self, where: str, alpha: float) -> tuple[Array, ...]:
        """The scores of the held-out predictions; an error where nothing was held out."""
        if not (is_number(alpha) and 0 < alpha < 1):
            expected = "a number above 0 and below 1"
            raise ConfigurationError(where, expected, f"got {alpha!r}", setting="alpha")
        if self._calibration.scores is None:
            expected = "rows that were not learned from, which tell how wrong answers are"
            why = f"preset={self.preset!r} keeps none" if self.preset in ALONE else "it held no rows out"
            got = f"there were none in fit ({why})"
            hint = "Call calibrate(X, y) with rows of their own first."
            raise ConfigurationError(where, expected, got, hint)
        return self._calibration.scores


class ConformalClassifier(Calibrated):
    """Temperature, conformal prediction sets and label issues of `DeepClassifier`."""

    targets_: Targets

    @property
    def temperature_(self) -> float:
        """T of `predict_proba`: above 1 the network was too sure of itself, below 1 not sure enough."""
        self._fitted("temperature_")
        return self._calibration.temperature

    def predict_set(
        self, X: Any, alpha: float = 0.1, *, per_class: bool = True, allow_empty: bool = False
    ) -> NDArray[np.bool_]:
        """All labels that are likely enough: the true one is among them for about 1 - alpha of the rows.

        A label is in the set where it is at least as probable as the right label was for all but a share
        alpha of rows that were not learned from (split-conformal prediction; the temperature has no say).
        With ``per_class`` these rows are those of the same class, so that a rare class is in the sets of
        about 1 - alpha of its rows (class-conditional prediction: Vovk, Machine Learning 92, 2013).
        The threshold of a class is drawn towards that of all classes with the weight of 5 rows.

        After `calibrate` the share is at least 1 - alpha on average over the draws of those rows, whatever
        the network and the data, if rows to come are exchangeable with them (Sadinle, Lei & Wasserman,
        Journal of the American Statistical Association 114, 2019). With ``per_class`` it is at least
        1 - alpha·(1 + 5/(n + 1)) for a class of which n rows were given to `calibrate`.

        Before it, the rows are those that each fold of ``preset="tabular"`` held out, and each is compared
        with what the members say that did not learn it: cross-conformal prediction, for which 1 - 2·alpha is
        proven and about 1 - alpha seen (Vovk, Annals of Mathematics and Artificial Intelligence 74, 2015;
        Barber et al., Annals of Statistics 49, 2021). The proof asks more than is given here: held out rows
        (and likewise those of ``X_val``, which the whole ensemble is compared with) also chose the best
        epochs and the weights of the presets.

        Sample weights do not count, but that rows of weight 0 are left out.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        alpha: Share of the rows whose label may be missed, between 0 and 1.
        per_class: Whether the share is that of each class, else of all rows together. Sets are larger where a
            class is difficult. A model of an older release does not know the classes of its rows: its sets
            are of all rows until `calibrate`.
        allow_empty: Whether a set may be empty: the row is like none that the model knows, and it counts
            among the missed ones. Else the most probable label is in the set.
        returns (array of bool of shape (n_samples, n_classes)): Whether each of ``classes_`` is in the set.
            All labels are in all sets where fewer than 1/alpha - 1 rows were held out, which is too few to
            exclude one; likewise a label of 1 to 1/alpha - 6 rows. Of none, the rows of all labels decide.
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
        if self.targets_.several:
            got = f"this estimator has {self.targets_.n_columns} columns of 0 and 1"
            hint = "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier."
            raise ConfigurationError(where, "one column of labels", got, hint)
        scores = self._scores(where, alpha)
        if self._calibration.by_fold:
            rows = self._table(X, reset=False, where=where)
            outputs = [self.ensemble_.mean_and_spread_of_fold(k, rows)[0] for k in range(len(scores))]
        else:
            outputs = [self._outputs(X).astype(np.float64)]
        strangeness = [1 - self.targets_.probabilities(A) for A in outputs]
        classes = self._calibration.classes if per_class else None
        sets = prediction_sets(scores, strangeness, alpha, classes)
        if not allow_empty:
            whole = self._outputs(X) if self._calibration.by_fold else outputs[0]
            sets[np.arange(len(sets)), self.targets_.decide(whole)] = True
        return sets

    def _tempered(self, P: Array) -> Array:
        return self.ensemble_.tempered(P, self._calibration.temperature, each=self.targets_.several)

    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], LabelIssue]]:
        labels, P = self.targets_, self._tempered(self.targets_.probabilities(A))
        if labels.several:
            of_given = np.prod(np.where(Y > 0.5, P, 1 - P), axis=1)
        else:
            of_given = np.take_along_axis(P, labels.decide(Y)[:, np.newaxis], axis=1)[:, 0]
        given, found, p = labels.decode(Y), labels.decode(A), of_given.tolist()
        return 1 - of_given, lambda at, norm: LabelIssue(at, given[at], found[at], p[at], norm)

    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        labels, P = self.targets_, self.targets_.probabilities(A)
        temperature = fit_temperature(P, labels.probabilities(Y), weight, each=labels.several)
        if labels.several:
            return Calibration(temperature)
        right = labels.decide(Y)
        return Calibration(temperature, (1 - P[np.arange(len(P)), right],), classes=(right,))


class ConformalRegressor(Calibrated):
    """Conformal prediction intervals and issues of targets of `DeepRegressor`."""

    targets_: Targets

    def predict_interval(self, X: Any, alpha: float = 0.1) -> Array:
        """The numbers between which the target is for about 1 - alpha of the rows.

        `predict`, and as much to both sides as it was wrong for all but a share alpha of rows that were not
        learned from (split-conformal prediction).

        The width follows how difficult a row is: residuals are divided by their expected size, a function of
        the spread of the members, of the prediction and of the columns (`deepstep.estimators.widths`), which
        is learned from the rows that the folds held out. Where it does not shorten intervals, and with one
        network (``preset`` 'single' or 'mlp'), all intervals of a target are equally wide.

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
        most = interval_half_width(np.concatenate(self._scores(where, alpha)), alpha)
        A, sigma = np.split(self._outputs(X, self._answers), 2, axis=1)
        ends = np.stack([A - most * sigma, A + most * sigma], axis=-1)
        if self.targets_.kind == "counts":
            ends = np.maximum(ends, 0)
        return ends[:, 0] if A.shape[1] == 1 else ends

    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], TargetIssue]]:
        if self.targets_.repeats:  # the quantile next to the median
            levels = np.asarray(self.targets_.levels or (0.5,))
            Y, A = Y[:, :1], A[:, [int(np.argmin(np.abs(levels - 0.5)))]]
        deviations = _in_deviations(Y.astype(np.float64) - A)
        given, found = (rows[:, 0] if rows.shape[1] == 1 else rows for rows in (Y, A))
        by = deviations.tolist()
        return np.abs(deviations), lambda at, norm: TargetIssue(at, given[at], found[at], by[at], norm)

    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        if self.targets_.repeats:
            return Calibration()
        outputs, sigma = np.split(A, 2, axis=1)
        return Calibration(scores=(np.abs(Y - outputs) / sigma,), widths=self._calibration.widths)

    def _answers(self, X: Any) -> Array:
        """Outputs, and the expected sizes of their residuals, (m, 2 n_L)."""
        return outputs_and_sigma(self.ensemble_, self._calibration.widths, X)

    def _learn_widths(self, rows: Dataset, A: Array, part: AnyArray | None) -> Array:
        if self.targets_.repeats:
            return A
        widths, sigma = fit_widths(self.ensemble_, rows, A, part)
        self._calibration = Calibration(widths=widths)
        return np.hstack([A, sigma])

    def _check_calibrated(self, where: str) -> None:
        if self.targets_.repeats:
            expected = "a loss whose answer lies in the middle of an interval"
            got = f"got loss={self.targets_.head!r}, whose quantiles are an interval themselves"
            raise ConfigurationError(where, expected, got, "Use predict, or loss='squared_error'.")


def _in_deviations(residuals: Array) -> AnyArray:
    """Residuals (m, n) in robust standard deviations, of each row the largest, (m,)."""
    deviation = 1.4826 * np.median(np.abs(residuals), axis=0)
    deviation = np.where(deviation > 0, deviation, residuals.std(axis=0))
    scaled = residuals / np.where(deviation > 0, deviation, 1.0)
    largest = np.abs(scaled).argmax(axis=1)[:, np.newaxis]
    return np.take_along_axis(scaled, largest, axis=1)[:, 0]
