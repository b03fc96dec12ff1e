"""Calibration of both estimators by rows that they have not trained on: how sure they may be."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.ensemble import Ensemble
from deepstep.estimators.inputs import Dataset, RawData
from deepstep.estimators.temperature import ensemble_temperature
from deepstep.types import Array


@dataclass(frozen=True, eq=False)
class Calibration:
    """Temperature and scores from rows that were not learned from.

    ``scores`` (n,) or (n, n_outputs) tell how wrong the answers to these rows were; None without such rows.
    With ``by_fold`` each array is of the rows that a fold held out, by the members of that fold; else one
    array is by the whole model.
    """

    temperature: float = 1.0
    scores: tuple[Array, ...] | None = None
    by_fold: bool = False


class CalibrationMixin:
    """The part of the estimators that is calibrated."""

    _calibration = Calibration()
    ensemble_: Ensemble
    preset: str

    @abstractmethod
    def _read(self, A: Array, Y: Array, weight: Array | None) -> Calibration:
        """The calibration by outputs for rows and their targets, both (m, n_L)."""

    @abstractmethod
    def _rows(self, given: RawData, where: str) -> Dataset:
        """Rows with targets, checked as those of the fit and encoded."""

    @abstractmethod
    def _class_weighted(self, learned: Dataset, rows: Dataset, where: str) -> Array | None:
        """The weight of each row that judges, with that of its class."""

    @abstractmethod
    def _outputs(self, X: Any) -> Array:
        """The outputs for rows, (m, n_L)."""

    @abstractmethod
    def _table(self, X: Any, *, reset: bool, where: str) -> Any:
        """X as a frame, or sparse."""

    @abstractmethod
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
        outputs = self.ensemble_.outputs(rows.X)
        self._calibration = self._read_known(outputs, rows.Y, rows.weight, where)
        return self

    def _calibrate_by_held_out(self, rows: Dataset, validation: Dataset | None) -> None:
        """Learn from what a fit held out: the rows of validation, or of each fold."""
        ensemble = self.ensemble_
        kept = rows if rows.weight is None else rows.take(np.flatnonzero(rows.weight > 0))
        weight = self._class_weighted(kept, kept if validation is None else validation, "fit")
        if validation is not None:
            outputs = ensemble.outputs(validation.X)
            self._calibration = self._read_known(outputs, validation.Y, weight, "fit")
        elif ensemble.out_of_fold is not None:
            found = self._read_known(ensemble.out_of_fold, kept.Y, weight, "fit")
            if len(ensemble.preprocessors) > 1:
                found = replace(found, temperature=ensemble_temperature(found.temperature))
            if found.scores is not None:
                fold_of = np.full(len(kept.Y), -1)
                for number, preprocessor in enumerate(ensemble.preprocessors):
                    fold_of[preprocessor.fold.held_out] = number
                fold_of = fold_of[np.isfinite(ensemble.out_of_fold).all(axis=1)]
                folds = range(len(ensemble.preprocessors))
                scores = tuple(found.scores[0][fold_of == number] for number in folds)
                found = replace(found, scores=scores, by_fold=True)
            self._calibration = found

    def _read_known(self, A: Array, Y: Array, weight: Array | None, where: str) -> Calibration:
        """The calibration by the rows that have an answer and a weight."""
        used = np.isfinite(A).all(axis=1)
        if weight is not None:
            used &= weight > 0
        if not used.any():
            raise DataError(where, "at least one row of a weight above 0", "got none")
        return self._read(A[used].astype(np.float64), Y[used], None if weight is None else weight[used])

    def _scores(self, where: str) -> tuple[Array, ...]:
        """How wrong answers were, refused in words where nobody knows."""
        if self._calibration.scores is None:
            raise ConfigurationError(
                where,
                "rows that were not learned from, which tell how wrong answers are",
                f"there were none in fit (preset={self.preset!r} keeps none for this)",
                "Call calibrate(X, y) with rows of their own first.",
            )
        return self._calibration.scores

    def _outputs_of_judges(self, X: Any, where: str) -> list[Array]:
        """The outputs for rows of the models that the scores are of, (m, n_L) each."""
        if self._calibration.by_fold:
            return self.ensemble_.outputs_of_folds(self._table(X, reset=False, where=where))
        return [self._outputs(X).astype(np.float64)]
