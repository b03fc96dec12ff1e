"""Parts of a `Network`, from the checked arguments of its constructor or a scikit-learn estimator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.environment import package
from deepstep.equations import INITIALIZATIONS, get_activation, get_head
from deepstep.equations.ops import is_weights
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.network.architecture import Model
from deepstep.types import Array, is_whole

FROM_DATA = "data"  # the initialization that waits for the data of the first training
INITIALIZATION_NAMES = (*INITIALIZATIONS, FROM_DATA)  # initializations of a `Network`

SKLEARN = {"logistic": "sigmoid", "exp": "poisson"}
"""scikit-learn's activations by our names, and its output activations by our heads, where these differ."""


def hidden_names(activation: str | Sequence[str], n_hidden: int) -> tuple[str, ...]:
    """One name per hidden layer, each of them known."""
    hidden: Any = activation
    if isinstance(activation, str):
        # a network without hidden layers has no use for it: a typo shows
        get_activation(activation)
        hidden = [activation] * n_hidden
    if not isinstance(hidden, Sequence) or len(hidden) != n_hidden:
        expected = f"one name for all hidden layers or a list of {n_hidden}"
        hint = "The activation of the output is the argument output."
        raise ConfigurationError.must_be("activation", expected, repr(hidden), hint)
    for name in hidden:
        get_activation(name)
    return tuple(hidden)


def check_fit(parameters: Parameters, architecture: Architecture) -> None:
    """Refuse parameters of another network."""
    if not parameters.layer_dims:
        shapes = [shape for name, shape in parameters.layout if is_weights(name)]
        expected = "matrices that take as many inputs as the layer before has units"
        raise ConfigurationError.must_be("W1, W2, …", expected, f"shapes {shapes}")
    if parameters.layout != architecture.layout:
        needs, has = _sizes(architecture), _sizes(parameters)
        raise ConfigurationError.must_be("parameters", f"those of layer sizes {needs}", f"those of {has}")


def _sizes(shape: Architecture | Parameters) -> str:
    """Layer sizes as text, with the names of parameters beside W and b."""
    others = [name for name, _ in shape.layout if name[0] not in "Wb"]
    return f"{list(shape.layer_dims)}" + (f" with {others}" if others else "")


def generator(seed: Any) -> np.random.Generator | np.random.RandomState:
    """Where the initial values are drawn from; an int seeds the legacy generator, whose stream is frozen."""
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if not (is_whole(seed, 0) and seed < 2**32):
        expected = "a whole number from 0 to 2³² - 1, a NumPy Generator or RandomState, or None"
        raise ConfigurationError.must_be("seed", expected, repr(seed))
    return np.random.RandomState(int(seed))


def order_seed(seed: Any, rng: np.random.Generator | np.random.RandomState) -> int:
    """The seed of the order of mini-batches: the network's own, or a draw from its generator."""
    if isinstance(seed, int | np.integer):
        return int(seed)
    return int(rng.randint(2**31) if isinstance(rng, np.random.RandomState) else rng.integers(2**31))


def finite_parameters(parameters: Parameters, dtype: "np.dtype[Any]") -> Parameters:
    """The parameters in this precision; a number too large for it would become infinite."""
    with np.errstate(over="ignore"):
        converted = parameters.astype(dtype)
    check_finite(converted)
    return converted


def check_finite(values: Mapping[str, Array]) -> None:
    """Refuse parameters or running statistics that are not finite, and variances below 0."""
    for name, value in values.items():
        is_variance = name.startswith("variance")
        if not np.isfinite(value).all() or (is_variance and (value < 0).any()):
            reason = "below 0 or not finite" if is_variance else f"not finite in {value.dtype}"
            raise DataError(f"{name} has an entry that is {reason}")


def check_arrays(
    architecture: Architecture, parameters: Mapping[str, Array], statistics: Mapping[str, Array]
) -> None:
    """Refuse arrays that are not the parameters and statistics of an architecture, of one precision."""
    arrays = {**parameters, **statistics}
    precisions = sorted({str(array.dtype) for array in arrays.values()})
    if precisions not in (["float32"], ["float64"]):
        expected = "all float32, or all float64"
        raise DataError.must_be("Parameters and statistics", expected, ", ".join(precisions))
    if len(parameters) < 2 * architecture.n_layers:  # fewer than W and b: no graph is made of so many layers
        expected = f"have W and b of each of {architecture.n_layers} layers"
        raise ShapeError.must_be("parameters", expected, f"{len(parameters)} arrays")
    for layout, values in (
        (dict(architecture.layout), parameters),
        (architecture.statistics_layout, statistics),
    ):
        for name in {**layout, **values}:
            shape = values[name].shape if name in values else "none"
            expected_shape = layout.get(name, "none")
            if shape != expected_shape:
                raise ShapeError.must_be(f"{name!s:.40}", f"have shape {expected_shape}", f"{shape}")


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """float64 or float32, however it is written."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind not in (np.float32, np.float64):
        raise ConfigurationError.must_be("dtype", "'float64' or 'float32'", repr(dtype))
    return kind


def from_sklearn(estimator: Any) -> Model:
    """The network of a fitted MLPClassifier or MLPRegressor."""
    peers = package("sklearn.neural_network")
    if not isinstance(estimator, peers.MLPClassifier | peers.MLPRegressor):
        hint = "Of a fitted NetworkClassifier or NetworkRegressor network_ is the network."
        expected = "an MLPClassifier or MLPRegressor"
        raise ConfigurationError.must_be("estimator", expected, f"{estimator!r:.200}", hint)
    if not hasattr(estimator, "coefs_"):
        raise ConfigurationError("The estimator is not fitted", "Call its fit first.")
    values: dict[str, Array] = {}
    for layer, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True), start=1):
        values |= {f"W{layer}": W.T, f"b{layer}": b[:, np.newaxis]}
    parameters = Parameters.from_dict(values)
    hidden, output = (SKLEARN.get(name, name) for name in (estimator.activation, estimator.out_activation_))
    names = (*[hidden] * (parameters.n_layers - 1), get_head(output).activation)
    return Model(Architecture(parameters.layer_dims, names, output=output), parameters)
