"""NetworkRegressor: one network as a scikit-learn regressor."""

from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Annotated, Any, Self

from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval

from deepstep.estimators.inputs import FitContext, RawData, refuse_texts
from deepstep.estimators.network import NetworkEstimator
from deepstep.estimators.network_parameters import documented
from deepstep.estimators.network_settings import Incremental
from deepstep.estimators.number_predictions import NumberPredictions
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


@documented
@dataclass(eq=False, repr=False, match_args=False)
class NetworkRegressor(NumberPredictions, MultiOutputMixin, RegressorMixin, NetworkEstimator):
    """One network that predicts numbers, as `sklearn.neural_network.MLPRegressor` does, from numbers.

    By default the output is the identity, the cost half the mean squared error, summed over the outputs. X
    has numbers, which should be scaled; `TableEncoder` makes them of a table as it is.

    J, in ``loss_`` and ``loss_curve_``, is for one output that of MLPRegressor. For several it is the sum of
    their costs, whose derivative the gradient is; there it is their mean, though the gradient is that of the
    sum, so what goes by the cost (``tol``, 'adaptive', ``best_loss_``) differs.

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
    scale_targets : bool, default=False
        Whether the network learns targets of mean 0 and variance 1 (counts divided by their mean), and its
        outputs are turned back: for targets that are far from 1. The costs, ``loss_`` and its kin, are those
        of the scaled targets then. As by default, MLPRegressor learns them in their own units.

    Attributes
    ----------
    quantiles_ : tuple of float
        The quantiles of the columns of `predict`; for 'quantile' alone.

    See Also
    --------
    NetworkClassifier : The same for classes.
    TableEncoder : Makes numbers of a table.
    DeepRegressor : Ensembles of networks on a table as it is.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = NetworkRegressor((20, 20), "tanh", solver="lbfgs", random_state=1).fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    >>> [coef.shape for coef in model.coefs_]
    [(1, 20), (20, 20), (20, 1)]

    Quantiles of one number are columns:

    >>> model = NetworkRegressor(20, loss="quantile", quantiles=(0.25, 0.75), solver="lbfgs", random_state=1)
    >>> low, high = model.fit(X, y).predict(X).T
    >>> bool((low <= high).all())
    True
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "squared_error"
    quantiles: Annotated[Any, Interval(Real, 0, 1, closed="neither"), "array-like", None] = None
    scale_targets: Annotated[bool, "boolean"] = False

    @Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Continue training with one epoch of these rows, and with the optimizer's state.

        It is not there with early stopping and 'lbfgs', which need all data at once, with schedules or a time
        budget, which need to know how much training will come, and with ``checkpoint_dir``. With
        ``scale_targets`` the rows of the first call tell the scale.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            As in `fit`.
        AttributeError
            Where it is not there; with early stopping a ValueError, too.

        Examples
        --------
        >>> model = NetworkRegressor(4, random_state=1)
        >>> for X, y in (([[-1.0], [1.0]], [-2.0, 2.0]), ([[2.0]], [4.0])):
        ...     model = model.partial_fit(X, y)
        >>> len(model.loss_curve_)
        2
        """
        return self._partial_fit(RawData(X, y, sample_weight))

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return Targets.of_numbers(
            context.where,
            loss=self.loss,
            loss_params=self.loss_params,
            quantiles=self.quantiles,
            n_columns=1 if y.ndim == 1 else y.shape[1],
        )

    def _encode(self, y: AnyArray, dtype: Any, where: str, *, learned: bool = False) -> Array:
        refuse_texts(y, where, in_order=learned)
        return self.targets_.encode(y, where, dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss != "quantile"
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
