"""Calibration by rows of their own, and rows whose target may be wrong, of all estimators."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from deepstep.ensembles.calibrate import answers_of_rows, calibration_of_answers
from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.predictor import Predictor
from deepstep.ensembles.split import Rows
from deepstep.errors import ConfigurationError
from deepstep.estimators.inputs import RawData
from deepstep.estimators.label_issues import out_of_fold_outputs
from deepstep.targets import Targets
from deepstep.types import Array, is_number, is_whole


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


class Calibrated:
    """The part of the estimators that learns from rows which were held out."""

    predictor_: Predictor
    targets_: Targets
    _calibration: Calibration

    @abstractmethod
    def _checked_rows(self, rows: RawData, where: str) -> Rows:
        """Rows in the form of the fit, with encoded targets."""

    @abstractmethod
    def _outputs(self, X: Any, outputs: Callable[[Any], Array] | None = None) -> Array:
        """The outputs for rows, or what else a function gives for the rows that the ensemble takes."""

    @abstractmethod
    def _set_calibration(self, calibration: Calibration) -> None:
        """Take a calibration."""

    @abstractmethod
    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], Any]]:
        """How doubtful each target is, and the entry of a row with its gradient norm."""

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
        >>> from deepstep import NetworkRegressor
        >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
        >>> y = X[:, 0] + 0.1 * np.random.default_rng(1).standard_normal(200)
        >>> model = NetworkRegressor(4, solver="lbfgs", random_state=1).fit(X[::2], y[::2])
        >>> model.calibrate(X[1::2], y[1::2]).predict_interval(X[:5], alpha=0.2).shape
        (5, 2)
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.calibrate"
        self._refuse_quantiles(where)
        predictor, rows = self.predictor_, self._checked_rows(RawData(X, y, sample_weight), where)
        widths, targets = predictor.calibration.widths, predictor.targets
        answers = answers_of_rows(predictor.ensemble, targets, widths, rows.X)
        self._set_calibration(calibration_of_answers(targets, answers, rows.Y, rows.weight, widths, where))
        return self

    def label_issues(self, X: Any, y: Any, n: int | None = None) -> list[Any]:
        """Rows from the one whose target is most likely wrong on.

        The least probable label, or the number that is farthest from the answer, is first. With
        an ensemble, and where X are the rows of the fit in their order, each row is evaluated by
        the members that did not learn it; else by the whole model, which may have learned wrong targets by
        heart.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        y (array of shape (n_samples,) or (n_samples, n_outputs)): Targets to be looked at.
        n: How many rows; by default all.
        returns (list of LabelIssue, of a regressor of TargetIssue): ``pandas.DataFrame`` makes a table of it.
        ConfigurationError: If n is no whole number of at least 1, or with batch normalization, where rows
            have no gradients of their own.

        >>> from sklearn.datasets import load_iris
        >>> from deepstep import DeepClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> y[10] = 2
        >>> model = DeepClassifier(n_estimators=5, network_params={"epochs": 30}, random_state=1).fit(X, y)
        >>> first, = model.label_issues(X, y, n=1)
        >>> first.row, int(first.given), int(first.predicted)
        (10, 2, 0)
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.label_issues"
        rows = self._checked_rows(RawData(X, y, None), where)
        A, norms = out_of_fold_outputs(self.predictor_, rows)
        doubt, entry = self._issues(A, rows.Y)
        if n is not None and not is_whole(n, 1):
            expected = "a whole number of at least 1, or None"
            raise ConfigurationError(where, expected, f"got {n!r}", setting="n")
        first = np.lexsort((-norms, -doubt))[:n].tolist()  # gradient norms decide where doubts are equal
        return [entry(number, float(norms[number])) for number in first]

    def _refuse_quantiles(self, where: str) -> None:
        """Refuse a target for which there is nothing to calibrate."""
        if self.targets_.repeats and not self.targets_.is_classes:
            expected = "a loss whose answer lies in the middle of an interval"
            got = f"got loss={self.targets_.head!r}, whose quantiles are an interval themselves"
            raise ConfigurationError(where, expected, got, "Use predict, or loss='squared_error'.")

    def _scores(self, where: str, alpha: float) -> tuple[Array, ...]:
        """The scores of the held-out predictions; an error where nothing was held out."""
        if not (is_number(alpha) and 0 < alpha < 1):
            expected = "a number above 0 and below 1"
            raise ConfigurationError(where, expected, f"got {alpha!r}", setting="alpha")
        scores = self._calibration.scores
        if scores is None:
            expected = "rows that were not learned from, which tell how wrong answers are"
            got = "there were none in fit (it held no rows out)"
            hint = "Call calibrate(X, y) with rows of their own first."
            raise ConfigurationError(where, expected, got, hint)
        return scores
