"""The predictions of fitted regressors: numbers, quantiles, intervals, and targets that may be wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from deepstep.ensembles.calibrate import answers_of_rows
from deepstep.ensembles.calibration import interval_half_width
from deepstep.estimators.calibrated import Calibrated, TargetIssue
from deepstep.estimators.row_sources import score_of
from deepstep.types import AnyArray, Array


class NumberPredictions(Calibrated):
    """The predictions of both families of regressors."""

    loss: str

    def predict(self, X: Any) -> Array:
        """The numbers of each row: for 'poisson' the means, for 'quantile' a column for each quantile.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of shape (n_samples, n_features)
            A row is an example.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            One dimension for one target (with a single quantile, too). float64, or float32 where X is an
            array of float32 and the network has that precision.
        """
        A = self._outputs(X)
        if A.dtype == np.float32 and getattr(X, "dtype", None) != np.float32:
            A = A.astype(np.float64)
        return self.targets_.predictions(A)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions; for 'quantile' the mean over the quantiles of D², its counterpart for them.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of n_samples rows
            A row is an example.
        y : array of shape (n_samples,) or (n_samples, n_outputs), or str
            Numbers, or the name of their column in a frame or file.
        sample_weight : array of shape (n_samples,) or str, optional
            Weight of each row, at least 0, or its column.

        Returns
        -------
        float
            At most 1; 0 for always the same best number.
        """
        X, y, sample_weight = score_of(X, y, sample_weight, f"{type(self).__name__}.score")
        return self.targets_.score(y, self.predict(X), sample_weight)

    @property
    def quantiles_(self) -> tuple[float, ...]:
        """The quantiles of the columns of `predict`."""
        if not any(attribute in vars(self) for attribute in ("predictor_", "network_")):
            raise AttributeError(f"{type(self).__name__} has no quantiles_ before it is fitted")
        if not self.targets_.levels:
            raise AttributeError(f"{type(self).__name__} has no quantiles_ with loss={self.loss!r}")
        return self.targets_.levels

    def predict_interval(self, X: Any, alpha: float = 0.1) -> Array:
        """The numbers between which the target is for about 1 - alpha of the rows.

        `predict`, and as much to both sides as it was wrong for all but a share alpha of rows that were not
        learned from (split-conformal prediction).

        The width follows how difficult a row is: residuals are divided by their expected size, a function of
        the spread of the members, of the prediction and of the columns (`deepstep.ensembles.widths`), which
        is learned from the rows that the folds held out. Where it does not shorten intervals, and with one
        network all intervals of a target are equally wide.

        After `calibrate` the share is at least 1 - alpha on average over the draws of those rows, whatever
        the network and the data, if rows to come are exchangeable with them (Lei et al., Journal of the
        American Statistical Association 113, 2018). It holds over all rows, not for each kind of them.

        Before it, the rows are those that each fold of an ensemble held out (or ``X_val``), answered
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
        >>> from deepstep import NetworkRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = NetworkRegressor(5, solver="lbfgs", alpha=10.0, random_state=1)
        >>> model = model.fit(X[::2], y[::2])
        >>> lower, upper = model.calibrate(X[1::4], y[1::4]).predict_interval(X[3::4], alpha=0.2).T
        >>> share = np.mean((lower <= y[3::4]) & (y[3::4] <= upper))
        >>> bool(0.7 < share < 0.9)
        True
        """
        check_is_fitted(self)
        where, targets = f"{type(self).__name__}.predict_interval", self.targets_
        self._refuse_quantiles(where)
        most = interval_half_width(np.concatenate(self._scores(where, alpha)), alpha)
        ensemble, widths = self.predictor_.ensemble, self._calibration.widths
        answers = self._outputs(X, lambda rows: answers_of_rows(ensemble, targets, widths, rows))
        A, sigma = np.split(answers, 2, axis=1)
        ends = np.stack([A - most * sigma, A + most * sigma], axis=-1)
        if targets.kind == "counts":
            ends = np.maximum(ends, 0)
        return ends[:, 0] if A.shape[1] == 1 else ends

    def _reported(self, outputs: Array) -> Array:
        return self.targets_.predictions(outputs)

    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], TargetIssue]]:
        if self.targets_.repeats:  # the quantile next to the median
            levels = np.asarray(self.targets_.levels or (0.5,))
            Y, A = Y[:, :1], A[:, [int(np.argmin(np.abs(levels - 0.5)))]]
        deviations = _in_deviations(Y.astype(np.float64) - A)
        numbers, predicted = (rows[:, 0] if rows.shape[1] == 1 else rows for rows in (Y, A))
        listed = deviations.tolist()

        def entry(row: int, norm: float) -> TargetIssue:
            return TargetIssue(row, numbers[row], predicted[row], listed[row], norm)

        return np.abs(deviations), entry


def _in_deviations(residuals: Array) -> AnyArray:
    """Residuals (m, n) in robust standard deviations, of each row the largest, (m,)."""
    deviation = 1.4826 * np.median(np.abs(residuals), axis=0)
    deviation = np.where(deviation > 0, deviation, residuals.std(axis=0))
    scaled = residuals / np.where(deviation > 0, deviation, 1.0)
    largest = np.abs(scaled).argmax(axis=1)[:, np.newaxis]
    return np.take_along_axis(scaled, largest, axis=1)[:, 0]
