"""The predictions of fitted classifiers: labels, probabilities, sets of labels, doubtful labels."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from deepstep.ensembles.calibration import prediction_sets
from deepstep.errors import ConfigurationError
from deepstep.estimators.calibrated import Calibrated, LabelIssue
from deepstep.estimators.labels import encoded_labels
from deepstep.estimators.row_sources import score_of
from deepstep.types import AnyArray, Array


class ClassPredictions(Calibrated):
    """The predictions of both families of classifiers."""

    soft_targets: bool

    @property
    def classes_(self) -> AnyArray | list[AnyArray]:
        """The labels; of a target of several columns those of each, 0 and 1."""
        if not _is_fitted(self):
            raise AttributeError(f"{type(self).__name__} has no classes_ before it is fitted")
        classes = self.targets_.classes
        return [*classes] if self.targets_.several else classes[0]

    @property
    def temperature_(self) -> float:
        """T of `predict_proba`: above 1 the networks were too sure of themselves, below 1 not sure enough."""
        if not _is_fitted(self):
            raise AttributeError(f"{type(self).__name__} has no temperature_ before it is fitted")
        return self._calibration.temperature

    def predict(self, X: Any) -> AnyArray:
        """The most probable label of each row.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of shape (n_samples, n_features)
            A row is an example.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels, or columns of 0 and 1 if the target had several.
        """
        A = self._outputs(X)
        return self.targets_.predictions(A)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each label, at the temperature of the calibration.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of shape (n_samples, n_features)
            A row is an example.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. Rows sum to 1, except for a target of several columns.
        """
        A = self._outputs(X)
        return self._reported(A)

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of the probability of each label.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of shape (n_samples, n_features)
            A row is an example.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            As of `predict_proba`; -inf where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of the predictions.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of n_samples rows
            A row is an example.
        y : array of shape (n_samples,) or (n_samples, n_outputs), or str
            Labels, or the name of their column in a frame or file; with ``soft_targets`` probabilities, too,
            whose largest counts.
        sample_weight : array of shape (n_samples,) or str, optional
            Weight of each row, at least 0, or its column.

        Returns
        -------
        float
            At most 1.
        """
        where = f"{type(self).__name__}.score"
        X, y, sample_weight = score_of(X, y, sample_weight, where)
        y = np.asarray(y)
        if self.soft_targets and y.ndim == 2:  # the most probable labels count
            y = self.targets_.decode(encoded_labels(self, self.targets_, y, np.float64, where))
        return self.targets_.score(y, self.predict(X), sample_weight)

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

        Before it, the rows are those that each fold of an ensemble held out, and each is compared
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
        >>> from deepstep import NetworkClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = NetworkClassifier(4, solver="lbfgs", max_iter=500, alpha=1.0, random_state=1)
        >>> model = model.fit(X[::2], y[::2])
        >>> sets = model.calibrate(X[1::2], y[1::2]).predict_set(X[:4], alpha=0.05)
        >>> sets.shape, sets.any(axis=1).tolist()
        ((4, 3), [True, True, True, True])
        """
        check_is_fitted(self)
        where, targets = f"{type(self).__name__}.predict_set", self.targets_
        if targets.several:
            got = f"this estimator has {targets.n_columns} columns of 0 and 1"
            hint = "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier."
            raise ConfigurationError(where, "one column of labels", got, hint)
        scores = self._scores(where, alpha)
        calibration, ensemble = self._calibration, self.predictor_.ensemble
        if calibration.by_fold:

            def mean_of_fold(k: int, rows: Any) -> Array:
                return ensemble.mean_and_spread_of_fold(k, rows)[0]

            outputs = [self._outputs(X, partial(mean_of_fold, k)) for k in range(len(scores))]
        else:
            outputs = [self._outputs(X).astype(np.float64)]
        strangeness = [1 - targets.probabilities(A) for A in outputs]
        sets = prediction_sets(scores, strangeness, alpha, calibration.classes if per_class else None)
        if not allow_empty:
            together = self._outputs(X) if calibration.by_fold else outputs[0]
            sets[np.arange(len(sets)), targets.decide(together)] = True
        return sets

    def _reported(self, outputs: Array) -> Array:
        P = self.targets_.probabilities(outputs)
        return self._calibration.tempered(P, several=self.targets_.several)

    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], LabelIssue]]:
        targets, P = self.targets_, self._reported(A)
        if targets.several:
            p_of_label = np.prod(np.where(Y > 0.5, P, 1 - P), axis=1)
        else:
            p_of_label = np.take_along_axis(P, targets.decide(Y)[:, np.newaxis], axis=1)[:, 0]
        labels, predicted, p = targets.decode(Y), targets.decode(A), p_of_label.tolist()

        def entry(row: int, norm: float) -> LabelIssue:
            return LabelIssue(row, labels[row], predicted[row], p[row], norm)

        return 1 - p_of_label, entry


def _is_fitted(estimator: Any) -> bool:
    return any(name in vars(estimator) for name in ("predictor_", "network_"))
