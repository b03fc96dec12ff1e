"""DeepRegressor: a deep network as a scikit-learn regressor."""

from dataclasses import dataclass
from numbers import Real
from typing import Annotated, Any, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils._param_validation import Interval

from deepstep.equations import Head
from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError, DataError, spelled
from deepstep.estimators.base import Incremental
from deepstep.estimators.conformal import ConformalRegressor
from deepstep.estimators.inputs import FitContext, RawData, refuse_texts
from deepstep.estimators.options import documented
from deepstep.estimators.presets import SINGLE
from deepstep.estimators.row_sources import score_of
from deepstep.estimators.targets import merged, number_head, outputs_of_one_number
from deepstep.estimators.training import NetworkFit
from deepstep.types import AnyArray, Array


@documented
@dataclass(eq=False, repr=False, match_args=False)
class DeepRegressor(MultiOutputMixin, RegressorMixin, ConformalRegressor):
    """Deep fully-connected networks that predict numbers.

    By default the output is the identity, the cost half the mean squared error, summed over the outputs.

    By default (``preset='tabular'``) X is a table as it is, from which an ensemble learns. ``ensemble_``
    holds the networks, in which every step can be opened.

    With ``preset='mlp'`` J, in ``loss_`` and ``loss_curve_``, is for one output that of
    `sklearn.neural_network.MLPRegressor`. For several it is the sum of their costs, whose derivative the
    gradient is; there it is their mean, though the gradient is that of the sum, so what goes by the cost
    (``tol``, 'adaptive', ``best_loss_``) differs.

    It learns targets in their own units: scale them, for example with
    `sklearn.compose.TransformedTargetRegressor`, if they are far from 1. The other presets scale them.

    Parameters
    ----------
    loss : str, default='squared_error'
        'squared_error' (half of it: the mean is learned), 'absolute_error' (the median), 'huber' (in
        between: ``loss_params={"delta": …}``), 'poisson' (means of counts of at least 0, by half the
        deviance), 'quantile' (see ``quantiles``), or a loss of numbers that was registered with
        `deepstep.equations.register_head`. By keyword only (in MLPRegressor: the first argument).
    quantiles : float or sequence of float, default=None
        The quantiles, increasing, that 'quantile' learns of a single target, all at once so that they never
        cross; None for 0.1, 0.5 and 0.9.

    Attributes
    ----------
    quantiles_ : tuple of float
        The quantiles of the columns of `predict`; for 'quantile' alone.

    See Also
    --------
    DeepClassifier : The same for classes.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = DeepRegressor((20, 20), "tanh", solver="lbfgs", random_state=1, preset="mlp").fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    >>> [coef.shape for coef in model.coefs_]
    [(1, 20), (20, 20), (20, 1)]

    Quantiles of one number are columns:

    >>> plain = {"preset": "mlp", "solver": "lbfgs", "random_state": 1}
    >>> model = DeepRegressor(20, loss="quantile", quantiles=(0.25, 0.75), **plain)
    >>> low, high = model.fit(X, y).predict(X).T
    >>> bool((low <= high).all())
    True
    """

    loss: Annotated[str, str] = "squared_error"
    quantiles: Annotated[Any, Interval(Real, 0, 1, closed="neither"), "array-like", None] = None

    @Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Continue training with one epoch of these rows, and with the optimizer's state.

        X, y, sample_weight: As in `fit`.
        returns (self): Fitted.
        ValueError: As in `fit`.
        AttributeError: With early stopping (a ValueError, too) or 'lbfgs', which need all data at once, with
            schedules or a time budget, which need to know how much training will come, and with
            ``checkpoint_dir``.

        >>> model = DeepRegressor(4, random_state=1, preset="mlp")
        >>> for X, y in (([[-1.0], [1.0]], [-2.0, 2.0]), ([[2.0]], [4.0])):
        ...     model = model.partial_fit(X, y)
        >>> len(model.loss_curve_)
        2
        """
        return self._fit(RawData(X, y, sample_weight), incremental=True)

    def predict(self, X: Any) -> Array:
        """The numbers of each row: for 'poisson' the means, for 'quantile' a column for each quantile.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        returns (n_samples,) or (n_samples, n_outputs): One dimension for one target (with a single quantile,
            too). float64, or float32 where X is an array of float32 and the network has that precision.
        """
        A = self._outputs(X)
        if A.dtype == np.float32 and getattr(X, "dtype", None) != np.float32:
            A = A.astype(np.float64)
        return self._predicted(A)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions; for 'quantile' the mean over the quantiles of D², its counterpart for them.

        X (array, frame, sparse matrix or file of n_samples rows): A row is an example.
        y (array of shape (n_samples,) or (n_samples, n_outputs), or str): Numbers, or the name of their
            column in a frame or file.
        sample_weight (array of shape (n_samples,) or str): Weight of each row, at least 0, or its column.
        returns: At most 1; 0 for always the same best number.
        """
        X, y, sample_weight = score_of(X, y, sample_weight, f"{type(self).__name__}.score")
        return self._metric(y, self.predict(X), sample_weight)

    @property
    def quantiles_(self) -> tuple[float, ...]:
        """The quantiles of the columns of `predict`."""
        if "_learned" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no quantiles_ before it is fitted")
        settings = self._learned.settings
        if "levels" not in settings:
            raise AttributeError(f"{type(self).__name__} has no quantiles_ with loss={self.loss!r}")
        return tuple(settings["levels"])

    def _learn_targets(self, y: AnyArray, context: FitContext) -> None:
        self._learned = self._given_head(context.where)

    def _encode(self, y: AnyArray, dtype: Any, where: str, *, learned: bool = False) -> Array:
        refuse_texts(y, where, in_order=learned)
        head, rows = self._learned, y.reshape(len(y), -1)
        with np.errstate(over="ignore"):
            Y = rows.astype(dtype)
        finite = np.isfinite(Y)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            expected = f"y has finite values of {Y.dtype}, the precision of the network"
            got = f"y of row {row} is {rows[row, column]}"
            raise DataError(where, expected, got, "Scale y, or train in dtype='float64'.")
        kind = TARGETS[head.targets]
        for rule in kind.rules:
            if not rule.holds(Y.T):
                expected = rule.expected.format(name=self.loss)
                raise DataError(where, expected, rule.got(Y.T), "Use loss='squared_error'.")
        if not kind.repeats:
            return Y
        if Y.shape[1] > 1:
            raise DataError(where, f"one target for loss={self.loss!r}", f"got {Y.shape[1]} columns of y")
        return np.repeat(Y, outputs_of_one_number(head), axis=1)

    def _head(self, where: str, fit: NetworkFit | None = None) -> tuple[str, dict[str, Any]]:
        settings = self._given_settings(where)
        if fit is not None and fit.preprocessor.center.size and "delta" in self._learned.settings:
            # it is in the units of the target
            delta = self._learned.settings["delta"] / float(fit.preprocessor.scale.max())
            settings = {**settings, "delta": delta}
        return self._learned.name, settings

    def _given_head(self, where: str) -> Head:
        head = number_head(self.loss, where)
        if self.quantiles is not None and head.name != "quantile":
            got = f"got quantiles for loss={self.loss!r}"
            raise ConfigurationError(where, "quantiles=None, or loss='quantile'", got)
        words = {"loss_params['levels']": "quantiles"} if self.quantiles is not None else {}
        with spelled(lambda setting: words.get(setting, "")):
            return head.with_settings("loss_params", **self._given_settings(where))

    def _given_settings(self, where: str) -> dict[str, Any]:
        levels = None if self.quantiles is None else np.ravel(self.quantiles).tolist()
        return merged(self.loss_params, "levels", levels, "quantiles", where)

    def _target_scale(self, Y: Array, weight: Array | None) -> tuple[Array, Array]:
        if TARGETS[self._learned.targets].rules:  # counts stay at least 0
            mean = np.average(Y, axis=0, weights=weight)
            scales = (mean > 0) & (self.preset == SINGLE.name)  # the ensembles' presets are better without it
            return np.zeros(Y.shape[1]), np.where(scales, mean, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            center = np.average(Y, axis=0, weights=weight)
            scale = np.sqrt(np.average((Y - center) ** 2, axis=0, weights=weight))
        if not np.isfinite([center, scale]).all():
            size = f"they reach from {Y.min():g} to {Y.max():g}"
            raise DataError("DeepRegressor.fit", "targets whose squares are floats", size, "Divide them.")
        return center, np.where(scale > 0, scale, 1.0)

    def _metric(self, y: AnyArray, predicted: AnyArray, weight: Any) -> float:
        if self._learned.name != "quantile":
            return float(r2_score(y, predicted, sample_weight=weight))
        columns = zip(predicted.reshape(len(predicted), -1).T, self.quantiles_, strict=True)
        scores = [d2_pinball_score(y, column, sample_weight=weight, alpha=q) for column, q in columns]
        return float(np.mean(scores))

    def _predicted(self, A: Array) -> Array:
        return A[:, 0] if A.shape[1] == 1 else A

    _reported = _predicted

    def _decoded(self, Y: Array) -> AnyArray:
        return Y[:, 0] if Y.shape[1] == 1 or TARGETS[self._learned.targets].repeats else Y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss != "quantile"
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
