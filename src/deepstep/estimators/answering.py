"""How a fitted estimator answers: the outputs of its network for rows."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from deepstep.engines import missing_numba
from deepstep.estimators.fitted import FittedAttributes
from deepstep.estimators.stored_inputs import inputs_in, is_stored
from deepstep.model import Network
from deepstep.training.rows import forward_rows
from deepstep.types import Array


class Answering(FittedAttributes):
    """The part of the estimators that answers."""

    n_features_in_: int
    stream: bool | None

    def _ensemble_outputs(self, X: Any) -> Array:
        raise NotImplementedError

    def _outputs(self, X: Any) -> Array:
        """The outputs of the network, or of the ensemble, for rows, (m, n_L)."""
        if is_stored(X, self.stream):
            check_is_fitted(self)
            pieces = inputs_in(X, self._names_of_columns)
            if self._came_as_an_array:
                return np.concatenate([self._outputs(piece.to_numpy()) for piece in pieces])
            return np.concatenate([self._outputs(piece) for piece in pieces])
        if "ensemble_" in vars(self):
            return self._ensemble_outputs(X)
        if "network_" not in vars(self):
            check_is_fitted(self)
        if not self._is_plain(X):
            X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return outputs_of_rows(self.network_, self.engine_, X)

    @property
    def _came_as_an_array(self) -> bool:
        """Whether X had no names in the fit."""
        if "ensemble_" in vars(self):
            return not getattr(self, "_came_with_names", True)
        return not hasattr(self, "feature_names_in_")

    @property
    def _names_of_columns(self) -> tuple[str, ...]:
        """The columns that X had in the fit, where they had names."""
        names = getattr(self, "feature_names_in_", getattr(self, "_column_names", ()))
        return tuple(map(str, names))

    def _is_plain(self, X: Any) -> bool:
        """Whether X is an array in which scikit-learn's checks would find nothing to convert or refuse."""
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype in (np.float64, np.float32) and len(X) > 0
        known = plain and X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")
        return bool(known and np.isfinite(X).all())


def outputs_of_rows(network: Network, engine: str, X: Any) -> Array:
    """The outputs of a network for rows of floats, by the engine that trained it, (m, n_L)."""
    architecture = network.architecture
    if engine == "compiled" and not missing_numba():
        from deepstep.engines.compiled import forward

        def kernel(A: Array) -> Array:
            rows = forward.outputs_of_rows(architecture, network.parameters, network.statistics, A.T)
            return rows.T

        whole = isinstance(X, np.ndarray)
        A = kernel(X.T).T if whole else forward_rows(kernel, X, architecture.held_dims)
        if np.isfinite(A).all():
            return A
    # the network's own forward pass names what is not finite
    return forward_rows(network.forward, X, architecture.held_dims)
