"""What a `Network` begins a training with: parameters drawn from data, a learning rate that was searched."""

from typing import Any

from deepstep.engines import first_statistics
from deepstep.model.core import Core
from deepstep.network.border import check_inputs
from deepstep.training.determinism import blas_threads
from deepstep.training.rate_finder import RateSearch, find_rate


class Beginning(Core):
    """The part of `Network` that looks at data before it learns from them."""

    def find_learning_rate(
        self,
        X: Any,
        Y: Any,
        *,
        least: float = 1e-6,
        most: float = 10.0,
        steps: int = 100,
        sample_weight: Any = None,
        **options: Any,
    ) -> RateSearch:
        """Try growing learning rates, a step each, and suggest one; the network is not changed.

        Parameters
        ----------
        X, Y, sample_weight
            As in `train`.
        least, most : float
            The first and the last rate.
        steps : int
            How many rates are tried.
        **options
            ``batch_size``, ``order``, ``optimizer``, ``hyperparameters`` and the settings of `train`.

        Returns
        -------
        RateSearch
            ``rates``, smoothed ``costs`` and the ``suggestion``; `deepstep.plots.RateSearchDisplay` draws it.

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit.

        Examples
        --------
        >>> import numpy as np
        >>> from deepstep import Network
        >>> rng = np.random.default_rng(1)
        >>> X = rng.standard_normal((2, 200))
        >>> net = Network([2, 8, 1], seed=1)
        >>> search = net.find_learning_rate(X, X[:1] * X[1:] > 0, batch_size=32, optimizer="adam")
        >>> 1e-3 < search.suggestion < 1
        True
        """
        where = "Network.find_learning_rate"
        options = {"learning_rate": least, "iterations": 1, **options}
        prepared = self._prepare(X, Y, sample_weight, options, where)
        plan = prepared.plan
        with blas_threads(plan.deterministic):
            return find_rate(
                prepared.session,
                prepared.in_memory(where),
                least=least,
                most=most,
                steps=steps,
                batch_size=plan.batch_size,
                order=plan.order,
                where=where,
            )

    def initialize_from_data(self, X: Any) -> None:
        """Draw new parameters with which each pre-activation has variance 1 over these inputs.

        The draws come from ``network.seed``: the same seed and inputs give the same parameters.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Training inputs; a few thousand are enough.

        Raises
        ------
        ShapeError, DataError
            If X does not fit.

        Examples
        --------
        >>> import numpy as np
        >>> from deepstep import Network
        >>> X = 1e6 * np.random.default_rng(1).standard_normal((3, 100))
        >>> net = Network([3, 4, 1], seed=1)
        >>> net.initialize_from_data(X)
        >>> (net.parameters["W1"] @ X).std(axis=1).round(6)
        array([1., 1., 1., 1.])
        """
        self._refuse_to_draw_from_data("Network.initialize_from_data")
        X = check_inputs(X, self.architecture.n_inputs, "Network.initialize_from_data")
        self.parameters, self.statistics = self._from_data(X), first_statistics(self.architecture, self.dtype)
