"""DeepRegressor: ensembles of deep networks on a table, as a scikit-learn regressor."""

from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Annotated, Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils._param_validation import Interval

from deepstep.estimators.deep import DeepEstimator
from deepstep.estimators.inputs import FitContext, refuse_texts
from deepstep.estimators.moved import refuse_moved
from deepstep.estimators.network_parameters import documented
from deepstep.estimators.number_predictions import NumberPredictions
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


@refuse_moved
@documented
@dataclass(eq=False, repr=False, match_args=False)
class DeepRegressor(NumberPredictions, MultiOutputMixin, RegressorMixin, DeepEstimator):
    """An ensemble of deep fully-connected networks that predicts numbers, from a table as it is.

    It is the counterpart of `DeepClassifier`. By default the output is the identity, the cost half the mean
    squared error, summed over the outputs. Networks learn targets of mean 0 and variance 1.

    Parameters
    ----------
    loss : str, default='squared_error'
        'squared_error' (half of it: the mean is learned), 'absolute_error' (the median), 'huber' (in
        between: ``loss_params={"delta": …}``), 'poisson' (means of counts of at least 0, by half the
        deviance), 'quantile' (see ``quantiles``), or a loss of numbers that was registered with
        `deepstep.equations.register_head`.
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
    NetworkRegressor : One network on numbers, as `sklearn.neural_network.MLPRegressor`.
    deepstep.Network : The networks inside.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = DeepRegressor(effort="fast", random_state=1).fit(X, y)
    >>> model.score(X, y) > 0.99
    True

    Quantiles of one number are columns:

    >>> model = DeepRegressor(loss="quantile", quantiles=(0.25, 0.75), effort="fast", random_state=1)
    >>> low, high = model.fit(X, y).predict(X).T
    >>> bool((low <= high).all())
    True
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "squared_error"
    quantiles: Annotated[Any, Interval(Real, 0, 1, closed="neither"), "array-like", None] = None

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return Targets.of_numbers(
            context.where,
            loss=self.loss,
            loss_params=self.loss_params,
            quantiles=self.quantiles,
            n_columns=1 if y.ndim == 1 else y.shape[1],
        )

    def _encode(self, targets: Targets, y: AnyArray, where: str, *, learned: bool = False) -> Array:
        refuse_texts(y, where, in_order=learned)
        return targets.encode(y, where, np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss != "quantile"
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
