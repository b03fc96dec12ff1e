"""The network of an estimator before its training: a new one, or the fitted one that is continued."""

from collections.abc import Mapping
from copy import copy
from numbers import Integral
from typing import Any

from deepstep.errors import ConfigurationError
from deepstep.estimators.network_parameters import NetworkParameters
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.preparation.batches import Examples
from deepstep.targets import Targets
from deepstep.types import Array

LOGISTIC = {"logistic": "sigmoid"}
"""scikit-learn's name of an activation that is not ours."""


def new_network(
    params: NetworkParameters, targets: Targets, scale: Array, sample: Examples, seed: int, where: str
) -> Network:
    """The network before training, as ``initialization`` says."""
    start, normalization = params.initialization, params.normalization
    values = start if isinstance(start, Mapping) else None
    sizes = params.hidden_layer_sizes
    hidden = (sizes,) if isinstance(sizes, Integral) else tuple(sizes)
    return Network(
        (sample.X.shape[1], *hidden, sample.Y.shape[1]),
        activation=_activations(params.activation),
        output=targets.head,
        output_settings=targets.head_settings(scale, None, where),
        normalization=normalization if isinstance(normalization, str) else [*normalization],
        seed=seed,
        dtype=sample.X.dtype,
        engine=params.engine,
        initialization="zeros" if values is not None or start == FROM_DATA else start,
        parameters=values,
    )


def _activations(activation: Any) -> Any:
    if isinstance(activation, str):
        return LOGISTIC.get(activation, activation)
    return [LOGISTIC.get(name, name) if isinstance(name, str) else name for name in activation]


def network_to_go_on(
    params: NetworkParameters, targets: Targets, scale: Array, sample: Examples, network: Network, where: str
) -> Network:
    """A copy of the fitted network to go on with; refused where the parameters ask for another one."""
    hint = "Use a new estimator" + ("." if where.endswith("partial_fit") else ", or warm_start=False.")
    plain_start = copy(params)
    plain_start.initialization = "zeros"
    expected_network = new_network(plain_start, targets, scale, sample, 0, where)
    if expected_network.architecture != network.architecture:
        expected = "hidden_layer_sizes, activation, normalization, loss and outputs as they were"
        raise ConfigurationError(where, expected, f"the fitted network is {network!r}", hint)
    dtype = str(network.dtype)
    if params.dtype != "auto" and str(params.precision) != dtype:
        expected = f"dtype={dtype!r} or 'auto', as the fitted network has that precision"
        raise ConfigurationError(where, expected, f"got {params.dtype!r}", hint)
    network = copy(network)
    network.engine = params.engine
    return network
