"""Calibration by rows of their own, and rows whose target may be wrong, of all estimators."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from deepstep.ensembles.calibrate import answers_of_rows, calibration_of_answers
from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.explanation import Explanation, explanation_of_rows, joined
from deepstep.ensembles.predictor import Predictor
from deepstep.ensembles.split import Rows
from deepstep.errors import ConfigurationError
from deepstep.estimators.inputs import RawData
from deepstep.estimators.labels import encoded_labels
from deepstep.estimators.row_sources import score_of
from deepstep.model import Network
from deepstep.targets import Targets
from deepstep.training.rows import parts
from deepstep.types import AnyArray, Array, is_whole


def out_of_fold_outputs(predictor: Predictor, rows: Rows) -> tuple[Array, Array]:
    """Outputs (m, n_outputs) for rows, by members that did not learn them, and gradient norms (m,)."""
    ensemble, learned = predictor.ensemble, predictor.rows_of_fit
    m = len(rows)
    A, norms = np.full(rows.Y.shape, np.nan), np.full(m, np.nan)
    if learned is not None and ensemble.out_of_fold is not None and learned.match(ensemble, rows.X):
        A[learned.rows] = ensemble.out_of_fold
        for fold, held_out in enumerate(ensemble.held_out):
            numbers = learned.rows[held_out]
            if numbers.size:
                norms[numbers] = _norms_by_members(ensemble, rows.take(numbers), [fold])
    rest = np.flatnonzero(~np.isfinite(A).all(axis=1))
    if rest.size:
        A[rest] = ensemble.outputs(rows.take(rest).X)
    rest = np.flatnonzero(np.isnan(norms))  # of a refit all rows
    if rest.size:
        norms[rest] = _norms_by_members(ensemble, rows.take(rest), range(len(ensemble.preprocessors)))
    return A, norms


def _norms_by_members(ensemble: Ensemble, rows: Rows, folds: Iterable[int]) -> Array:
    """The weighted mean of the gradient norms of the networks of these folds; the mean where none counts."""
    total, count = np.zeros(len(rows)), 0.0
    shares = ensemble.shares if any(ensemble.shares) else [1.0] * len(ensemble.members)
    for fold in folds:
        preprocessor = ensemble.preprocessors[fold]
        inputs = preprocessor.inputs(preprocessor.features(rows.X))
        Y = preprocessor.scaled(rows.Y)
        for member, share in zip(ensemble.members, shares, strict=True):
            if member.fold == fold and share > 0:
                total += share * _norms(member.network, inputs[member.inputs], Y)
                count += share
    return total / count


def _norms(network: Network, X: Any, Y: Array) -> Array:
    """`Network.gradient_norms` of rows; of sparse rows only the part at hand is made dense."""
    norms = []
    for part in parts(X.shape[0], network.architecture.layer_dims):
        rows = X[part] if isinstance(X, np.ndarray) else X[part].toarray()
        norms.append(network.gradient_norms(rows.T, Y[part].T)[0])
    return np.concatenate(norms)


class LabelIssue(NamedTuple):
    """A row whose label may be wrong.

    Attributes
    ----------
    row : int
        Its number, from 0.
    given, predicted : label
        The label in y, and that of the model; arrays for a target of several columns.
    probability : float
        Of the given label, as the model sees it; of several columns that all of them are as given.
    gradient_norm : float
        How far this row alone would move the parameters, see `deepstep.Network.gradient_norms`.

    Examples
    --------
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

    Attributes
    ----------
    row : int
        Its number, from 0.
    given, predicted : float or array
        The number in y, and that of the model; arrays for several targets.
    deviations : float
        given - predicted in standard deviations, which the median distance of all rows tells (1.4826 times
        it, so that wrong targets have no say); of several targets that of the largest size.
    gradient_norm : float
        How far this row alone would move the parameters, see `deepstep.Network.gradient_norms`.

    Examples
    --------
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
    def _checked_rows(self, rows: RawData) -> Rows:
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

    def explain(self, X: Any) -> Explanation:
        """The contribution of each column to each prediction, see `deepstep.explain`.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            A row is an example.

        Returns
        -------
        Explanation
            Contributions that add up to each prediction minus that for an average row.
        """
        check_is_fitted(self)
        explanations = list[Explanation]()

        def explained(rows: Any) -> Array:
            explanations.append(explanation_of_rows(self.predictor_, rows))
            return explanations[-1].predictions

        self._outputs(X, explained)
        return joined(explanations)

    def calibrate(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows that were never trained on how sure the answers may be.

        The results of the fit are replaced: the temperature of `DeepClassifier`, and how far
        ``predict_set`` and ``predict_interval`` reach, which hold as often as asked from here on. The network
        or ensemble stays as it is.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            Rows that are drawn like those to come, and that no fit, no early stopping and no choice of
            parameters has seen.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array of shape (n_samples,), optional
            Counts for the temperature. For sets and intervals only whether it is 0: such a row is left out.

        Returns
        -------
        self
            Calibrated.

        Raises
        ------
        ConfigurationError
            For ``loss='quantile'``, which has its own intervals.
        DataError
            If the rows do not fit, or none has a weight above 0.

        Examples
        --------
        >>> import numpy as np
        >>> from deepstep import NetworkRegressor
        >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
        >>> y = X[:, 0] + 0.1 * np.random.default_rng(1).standard_normal(200)
        >>> model = NetworkRegressor(4, solver="lbfgs", random_state=1).fit(X[::2], y[::2])
        >>> model.calibrate(X[1::2], y[1::2]).predict_interval(X[:5], coverage=0.8).shape
        (5, 2)
        """
        check_is_fitted(self)
        predictor = self.predictor_
        predictor.refuse_quantiles()
        rows = self._checked_rows(RawData(X, y, sample_weight))
        widths, targets = predictor.calibration.widths, predictor.targets
        answers = answers_of_rows(predictor.ensemble, targets, widths, rows.X)
        self._set_calibration(calibration_of_answers(targets, answers, rows.Y, rows.weight, widths))
        return self

    def label_issues(self, X: Any, y: Any, n: int | None = None) -> list[Any]:
        """Rows from the one whose target is most likely wrong on.

        The least probable label, or the number that is farthest from the answer, is first. With
        an ensemble, and where X are the rows of the fit in their order, each row is evaluated by
        the members that did not learn it; else by the whole model, which may have learned wrong targets by
        heart.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            A row is an example.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Targets to be looked at.
        n : int, optional
            Number of rows in the list; by default all.

        Returns
        -------
        list of LabelIssue or TargetIssue
            Labels of a classifier, numbers of a regressor; ``pandas.DataFrame`` makes a table of it.

        Raises
        ------
        ConfigurationError
            If n is no whole number of at least 1, or with batch normalization, where rows have no gradients
            of their own.

        Examples
        --------
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
        rows = self._checked_rows(RawData(X, y, None))
        A, norms = out_of_fold_outputs(self.predictor_, rows)
        doubt, entry = self._issues(A, rows.Y)
        if n is not None and not is_whole(n, 1):
            raise ConfigurationError.must_be("n", "a whole number of at least 1, or None", repr(n))
        first = np.lexsort((-norms, -doubt))[:n].tolist()  # gradient norms decide where doubts are equal
        return [entry(number, float(norms[number])) for number in first]


class ClassPredictions(Calibrated):
    """The predictions of both families of classifiers."""

    soft_targets: bool

    @property
    def classes_(self) -> AnyArray | list[AnyArray]:
        """The labels; of a target of several columns those of each."""
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
        """The label of each row: the most probable one, or of two that which a threshold decides for.

        Parameters
        ----------
        X : array, frame, sparse matrix or file of shape (n_samples, n_features)
            A row is an example.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels, in columns if the target had several.
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
        X, y, sample_weight = score_of(X, y, sample_weight)
        y = np.asarray(y)
        if self.soft_targets and y.ndim == 2:  # the most probable labels count
            y = self.targets_.decode(encoded_labels(self, self.targets_, y, np.float64))
        return self.targets_.score(y, self.predict(X), sample_weight)

    def predict_set(
        self, X: Any, coverage: float = 0.9, *, per_class: bool = True, allow_empty: bool = False
    ) -> NDArray[np.bool_]:
        """All labels that are likely enough: the true one is among them for a share of the rows.

        A label is in the set where it is at least as probable as the right label was for a share ``coverage``
        of rows that were not learned from (split-conformal prediction; the temperature has no say).
        With ``per_class`` these rows are those of the same class, so that a rare class is in the sets of
        about that share of its rows (class-conditional prediction: Vovk, Machine Learning 92, 2013).
        The threshold of a class is drawn towards that of all classes with the weight of 5 rows.

        After `calibrate` the share is at least ``coverage`` on average over the draws of those rows, whatever
        the network and the data, if rows to come are exchangeable with them (Sadinle, Lei & Wasserman,
        Journal of the American Statistical Association 114, 2019). With ``per_class`` it is at least
        1 - (1 - coverage)·(1 + 5/(n + 1)) for a class of which n rows were given to `calibrate`.

        Before it, the rows are those that each fold of an ensemble held out, and each is compared
        with what the members say that did not learn it: cross-conformal prediction, for which 2·coverage - 1
        is proven and about ``coverage`` seen (Vovk, Annals of Mathematics and Artificial Intelligence 74,
        2015; Barber et al., Annals of Statistics 49, 2021). The proof asks more than is given here: held out
        rows (and likewise those of ``X_val``, which the whole ensemble is compared with) also chose the best
        epochs and the weights of the presets.

        Sample weights do not count, but that rows of weight 0 are left out.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            A row is an example.
        coverage : float, default=0.9
            Share of the rows whose label is in the set, between 0 and 1.
        per_class : bool, default=True
            Whether the share is that of each class, else of all rows together. Sets are larger where a class
            is difficult.
        allow_empty : bool, default=False
            Whether a set may be empty: the row is like none that the model knows, and it counts among the
            missed ones. Else the most probable label is in the set.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), bool
            Whether each of ``classes_`` is in the set. All labels are in all sets where fewer than
            1/(1 - coverage) - 1 rows were held out, which is too few to exclude one; likewise a label of 1 to
            1/(1 - coverage) - 6 rows. Of none, the rows of all labels decide.

        Raises
        ------
        ConfigurationError
            If no rows were held out: call `calibrate` first. For a target of several columns.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from deepstep import NetworkClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = NetworkClassifier(4, solver="lbfgs", max_iter=500, alpha=1.0, random_state=1)
        >>> model = model.fit(X[::2], y[::2])
        >>> sets = model.calibrate(X[1::2], y[1::2]).predict_set(X[:4], coverage=0.95)
        >>> sets.shape, sets.any(axis=1).tolist()
        ((4, 3), [True, True, True, True])
        """
        check_is_fitted(self)
        likely = partial(
            self.predictor_.likely, coverage=coverage, per_class=per_class, allow_empty=allow_empty
        )
        return np.asarray(self._outputs(X, likely), np.bool_)

    def _reported(self, outputs: Array) -> Array:
        P = self.targets_.probabilities(outputs)
        return self._calibration.tempered(P, several=self.targets_.several)

    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], LabelIssue]]:
        targets = self.targets_
        P = self._reported(A)
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
        # float32 for rows of float32, as scikit-learn's network predicts
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
        X, y, sample_weight = score_of(X, y, sample_weight)
        return self.targets_.score(y, self.predict(X), sample_weight)

    @property
    def quantiles_(self) -> tuple[float, ...]:
        """The quantiles of the columns of `predict`."""
        if not _is_fitted(self):
            raise AttributeError(f"{type(self).__name__} has no quantiles_ before it is fitted")
        if not self.targets_.levels:
            raise AttributeError(f"{type(self).__name__} has no quantiles_ with loss={self.loss!r}")
        return self.targets_.levels

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """The numbers between which the target is for a share of the rows.

        `predict`, and as much to both sides as it was wrong at most for a share ``coverage`` of rows that
        were not learned from (split-conformal prediction).

        The width follows how difficult a row is: residuals are divided by their expected size, a function of
        the spread of the members, of the prediction and of the columns (`deepstep.ensembles.calibrate`); it
        is learned from the rows that the folds held out. Where it does not shorten intervals, and with one
        network all intervals of a target are equally wide.

        After `calibrate` the share is at least ``coverage`` on average over the draws of those rows, whatever
        the network and the data, if rows to come are exchangeable with them (Lei et al., Journal of the
        American Statistical Association 113, 2018). It holds over all rows, not for each kind of them.

        Before it, the rows are those that each fold of an ensemble held out (or ``X_val``), answered
        by members that did not learn them. That covers about that share, or more, as the mean of all folds is
        nearer to the target than the folds are on average; but it is not proven. For intervals around the
        predictions of each fold, CV+, 2·coverage - 1 is (Barber et al., Annals of Statistics 49, 2021; Vovk,
        Annals of Mathematics and Artificial Intelligence 74, 2015), if nothing else has looked at what they
        held out, which here also chose the best epochs and the weights of the presets.

        Sample weights do not count, but that rows of weight 0 are left out.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            A row is an example.
        coverage : float, default=0.9
            Share of the rows whose target is in the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2), float64
            Lower and upper end; of several targets each for itself. Counts (``loss='poisson'``) end at 0.
            Infinite where fewer than 1/(1 - coverage) - 1 rows were held out, which is too few.

        Raises
        ------
        ConfigurationError
            If no rows were held out: call `calibrate` first. For ``loss='quantile'``, whose quantiles are an
            interval.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from deepstep import NetworkRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = NetworkRegressor(5, solver="lbfgs", alpha=10.0, random_state=1)
        >>> model = model.fit(X[::2], y[::2])
        >>> lower, upper = model.calibrate(X[1::4], y[1::4]).predict_interval(X[3::4], coverage=0.8).T
        >>> share = np.mean((lower <= y[3::4]) & (y[3::4] <= upper))
        >>> bool(0.7 < share < 0.9)
        True
        """
        check_is_fitted(self)
        return self._outputs(X, partial(self.predictor_.likely, coverage=coverage))

    def _reported(self, outputs: Array) -> Array:
        return self.targets_.predictions(outputs)

    def _issues(self, A: Array, Y: Array) -> tuple[Array, Callable[[int, float], TargetIssue]]:
        if self.targets_.repeats:  # the quantile next to the median
            Y, A = Y[:, :1], A[:, self.targets_.predicted_output(np.zeros((1, 1)))]
        deviations = _in_deviations(Y.astype(np.float64) - A)
        numbers, predicted = (rows[:, 0] if rows.shape[1] == 1 else rows for rows in (Y, A))
        listed = deviations.tolist()

        def entry(row: int, norm: float) -> TargetIssue:
            return TargetIssue(row, numbers[row], predicted[row], listed[row], norm)

        return np.abs(deviations), entry


def _in_deviations(residuals: Array) -> AnyArray:
    """Residuals (m, n) in robust standard deviations, of each row the largest, (m,)."""
    deviation = 1.4826 * np.median(np.abs(residuals), axis=0)
    # the median is 0 where most targets are met exactly, and all residuals may be 0
    deviation = np.where(deviation > 0, deviation, residuals.std(axis=0))
    scaled = residuals / np.where(deviation > 0, deviation, 1.0)
    largest = np.abs(scaled).argmax(axis=1)[:, np.newaxis]
    return np.take_along_axis(scaled, largest, axis=1)[:, 0]
