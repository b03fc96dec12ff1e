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

OUR_NAMES = {"logistic": "sigmoid", "exp": "poisson"}
"""From scikit-learn's name to ours: of an activation, or from its activation of the output to our head. Equal
names are left out.
"""


def hidden_names(activation: str | Sequence[str], n_hidden: int) -> tuple[str, ...]:
    """The activations as one name per hidden layer; each of them is a known one."""
    hidden: Any = activation
    if isinstance(activation, str):
        # without hidden layers the loop below would look up nothing, and a typo would pass
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
    """Refuse parameters that do not fit the architecture."""
    if not parameters.layer_dims:  # W1, W2, … do not fit one another
        shapes = [shape for name, shape in parameters.layout if is_weights(name)]
        expected = "matrices that take as many inputs as the layer before has units"
        raise ConfigurationError.must_be("W1, W2, …", expected, f"shapes {shapes}")
    if parameters.layout != architecture.layout:
        needs, has = _sizes(architecture), _sizes(parameters)
        raise ConfigurationError.must_be("parameters", f"those of layer sizes {needs}", f"those of {has}")


def _sizes(shape: Architecture | Parameters) -> str:
    """Layer sizes as text, with the names of the parameters that are not a W or b."""
    others = [name for name, _ in shape.layout if name[0] not in "Wb"]
    return f"{list(shape.layer_dims)}" + (f" with {others}" if others else "")


def generator(seed: Any) -> np.random.Generator | np.random.RandomState:
    """The generator that draws the initial values.

    An int seeds a RandomState, whose numbers NumPy keeps the same in all versions. `Network` has put a drawn
    int in the place of None; the message below names None because users may pass it.
    """
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if not (is_whole(seed, 0) and seed < 2**32):
        expected = "a whole number from 0 to 2³² - 1, a NumPy Generator or RandomState, or None"
        raise ConfigurationError.must_be("seed", expected, repr(seed))
    return np.random.RandomState(int(seed))


def order_seed(seed: Any, rng: np.random.Generator | np.random.RandomState) -> int:
    """The seed of the order of mini-batches: the int that seeds the network, or a draw from its generator."""
    if isinstance(seed, int | np.integer):
        return int(seed)
    # one draw, which the two kinds of generators have under different names
    return int(rng.randint(2**31) if isinstance(rng, np.random.RandomState) else rng.integers(2**31))


def finite_parameters(parameters: Parameters, dtype: "np.dtype[Any]") -> Parameters:
    """The parameters in this precision; a number that would be infinite in it is refused."""
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
    """Refuse arrays that are not the parameters and statistics of the architecture, all of one precision."""
    arrays = {**parameters, **statistics}
    precisions = sorted({str(array.dtype) for array in arrays.values()})
    if precisions not in (["float32"], ["float64"]):
        expected = "all float32, or all float64"
        raise DataError.must_be("Parameters and statistics", expected, ", ".join(precisions))
    # This comes before `layout`, which needs the graph of all layers: a damaged file may name very many.
    if len(parameters) < 2 * architecture.n_layers:
        expected = f"have W and b of each of {architecture.n_layers} layers"
        raise ShapeError.must_be("parameters", expected, f"{len(parameters)} arrays")
    for layout, values in (
        (dict(architecture.layout), parameters),
        (architecture.statistics_layout, statistics),
    ):
        for name in {**layout, **values}:
            # the text "none" in place of a shape: the array is missing, or the architecture has none
            shape = values[name].shape if name in values else "none"
            expected_shape = layout.get(name, "none")
            if shape != expected_shape:
                raise ShapeError.must_be(f"{name!s:.40}", f"have shape {expected_shape}", f"{shape}")


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """float64 or float32 as a NumPy dtype, in any spelling that NumPy takes, of which None is float64."""
    try:
        precision = np.dtype(dtype)
    except TypeError:
        precision = None  # no dtype at all
    if precision not in (np.float32, np.float64):
        raise ConfigurationError.must_be("dtype", "'float64' or 'float32'", repr(dtype))
    return precision


def from_sklearn(estimator: Any) -> Model:
    """The network of a fitted MLPClassifier or MLPRegressor."""
    sklearn_networks = package("sklearn.neural_network")
    if not isinstance(estimator, sklearn_networks.MLPClassifier | sklearn_networks.MLPRegressor):
        hint = "A fitted NetworkClassifier or NetworkRegressor has its network in the attribute network_."
        expected = "an MLPClassifier or MLPRegressor"
        raise ConfigurationError.must_be("estimator", expected, f"{estimator!r:.200}", hint)
    if not hasattr(estimator, "coefs_"):
        raise ConfigurationError("The estimator is not fitted", "Call its fit first.")
    values: dict[str, Array] = {}
    for layer, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True), start=1):
        values |= {f"W{layer}": W.T, f"b{layer}": b[:, np.newaxis]}
    parameters = Parameters.from_dict(values)
    hidden, output = (OUR_NAMES.get(name, name) for name in (estimator.activation, estimator.out_activation_))
    names = (*[hidden] * (parameters.n_layers - 1), get_head(output).activation)
    return Model(Architecture(parameters.layer_dims, names, output=output), parameters)
