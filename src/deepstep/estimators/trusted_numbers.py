"""How far a regressor may be trusted: intervals, suspect targets."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError
from deepstep.estimators.calibrating import Calibrating, Calibration
from deepstep.estimators.calls import Given
from deepstep.estimators.conformal import check_alpha, reach
from deepstep.estimators.suspicion import judged_rows, most_suspect
from deepstep.types import Array


class TargetIssue(NamedTuple):
    """A row whose target may be wrong.

    row: Its number, from 0.
    given, predicted (float or array): The number in y, and that of the model; arrays for several targets.
    deviations: given - predicted in standard deviations, which the median distance of all rows tells (1.4826
        times it, so that wrong targets have no say); of several targets that of the largest size.
    gradient_norm: How far this row alone would move the parameters, see `deepstep.Network.gradient_norms`.

    >>> SuspectNumber(7, 100.0, 10.0, 9.0, 3.1).deviations
    9.0
    """

    row: int
    given: Any
    predicted: Any
    deviations: float
    gradient_norm: float


class TrustedNumbers(Calibrating):
    """The part of `DeepRegressor` that says how far to trust it."""

    _learned: Any

    def predict_interval(self: Any, X: Any, alpha: float = 0.1) -> Array:
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
        answers of each fold, CV+, 1 - 2·alpha is (Barber et al., Annals of Statistics 49, 2021; Vovk, Annals
        of Mathematics and Artificial Intelligence 74, 2015), if nothing else has looked at what they held
        out, which here also chose the best epochs and the weights of the presets.

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
        most = reach(np.concatenate(self._scores(where)), alpha)
        A = self._outputs(X).astype(np.float64)
        ends = np.stack([A - most, A + most], axis=-1)
        if self._learned.targets == "counts":
            ends = np.maximum(ends, 0)
        return ends[:, 0] if A.shape[1] == 1 else ends

    def label_issues(self: Any, X: Any, y: Any, n: int | None = None) -> list[TargetIssue]:
        """Rows from the one whose target is most likely wrong on.

        The target that is farthest from the answer is first. With ``preset="tabular"``, and where X are the
        rows of the fit in their order, each row is judged by the members that did not learn it; else by the
        whole model, which may have learned wrong targets by heart.

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
        A, Y, norms = judged_rows(self, Given(X, y, None), where)
        if TARGETS[self._learned.targets].repeats:
            Y, A = Y[:, :1], A[:, [_middle(self._learned.settings.get("levels", (0.5,)))]]
        deviations = _in_deviations(Y.astype(np.float64) - A)
        given, predicted = (rows[:, 0] if rows.shape[1] == 1 else rows for rows in (Y, A))

        def row(i: int) -> TargetIssue:
            return TargetIssue(i, given[i], predicted[i], float(deviations[i]), float(norms[i]))

        return most_suspect(n, np.abs(deviations), norms, row, where)

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


def _middle(levels: Any) -> int:
    """Number of the quantile next to the median."""
    return int(np.argmin(np.abs(np.asarray(levels) - 0.5)))


def _in_deviations(residuals: Array) -> Array:
    """Residuals (m, n) in robust standard deviations, of each row the largest, (m,)."""
    deviation = 1.4826 * np.median(np.abs(residuals), axis=0)
    deviation = np.where(deviation > 0, deviation, residuals.std(axis=0))
    scaled = residuals / np.where(deviation > 0, deviation, 1.0)
    largest = np.abs(scaled).argmax(axis=1)[:, np.newaxis]
    return np.asarray(np.take_along_axis(scaled, largest, axis=1)[:, 0])
