"""Networks of scikit-learn and torch as ours, and ours as torch's: the same outputs for the same rows.

What is carried over is the network that predicts: weights, biases, scales, running statistics. How it was
trained (its optimizer, dropout, penalties) is not. All of torch is in `deepstep.model.torch_conversion`,
which is loaded where it is asked for.
"""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, missing_package
from deepstep.network import Architecture, Parameters
from deepstep.types import Array

SKLEARN_HIDDEN = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
SKLEARN_OUTPUT = {"logistic": "sigmoid", "softmax": "softmax", "identity": "identity", "exp": "poisson"}
"""scikit-learn's activations of hidden layers by our names, and its output activations by our heads."""


class Converted(NamedTuple):
    """What a network is made of."""

    architecture: Architecture
    parameters: Parameters
    statistics: dict[str, Array]


def from_sklearn(estimator: Any, where: str) -> Converted:
    """The network of a fitted MLPClassifier or MLPRegressor.

    Raises
    ------
    ConfigurationError
        If it is something else, or not fitted.
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if not isinstance(estimator, MLPClassifier | MLPRegressor):
        raise ConfigurationError(
            where,
            "an MLPClassifier or MLPRegressor",
            f"got {estimator!r:.200}",
            "Of a fitted DeepClassifier or DeepRegressor network_ is the network.",
        )
    if not hasattr(estimator, "coefs_"):
        raise ConfigurationError(where, "a fitted estimator", "it is not fitted", "Call its fit first.")
    values: dict[str, Array] = {}
    for layer, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True), start=1):
        values |= {f"W{layer}": W.T, f"b{layer}": b[:, np.newaxis]}
    parameters = Parameters.from_dict(values, where=where)
    hidden = (SKLEARN_HIDDEN[estimator.activation],) * (parameters.n_layers - 1)
    head = get_head(SKLEARN_OUTPUT[estimator.out_activation_])
    architecture = Architecture(parameters.layer_dims, (*hidden, head.activation), output=head.name)
    return Converted(architecture, parameters, {})


def torch_conversion(where: str) -> ModuleType:
    """The module that converts from and to torch.

    Raises
    ------
    MissingPackageError
        If torch is not installed.
    """
    try:
        from deepstep.model import torch_conversion
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing_package(where, "torch", "torch") from error
    return torch_conversion
