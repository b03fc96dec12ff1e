"""What `Network` is made of: the arguments of its constructor, checked."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.equations import INITIALIZATIONS, get_activation
from deepstep.equations.ops import is_weights
from deepstep.errors import ConfigurationError, DataError
from deepstep.network import Architecture, Parameters
from deepstep.types import Array, is_whole

FROM_DATA = "data"
"""The initialization that waits for the data of the first training."""

INITIALIZATION_NAMES = (*INITIALIZATIONS, FROM_DATA)
"""What `Network` can begin with."""


def hidden_names(activation: str | Sequence[str], n_hidden: int) -> tuple[str, ...]:
    """One name per hidden layer, each of them known."""
    hidden: Any = activation
    if isinstance(activation, str):
        # a network without hidden layers has no use for it: a typo shows
        get_activation(activation, "Network")
        hidden = [activation] * n_hidden
    if not isinstance(hidden, Sequence) or len(hidden) != n_hidden:
        raise ConfigurationError(
            "Network",
            f"one activation for all hidden layers or a list of {n_hidden}",
            f"got {hidden!r}",
            "The activation of the output is the argument output.",
        )
    for layer, name in enumerate(hidden, start=1):
        get_activation(name, f"Network, layer {layer}")
    return tuple(hidden)


def with_starts(parameters: Parameters, architecture: Architecture) -> Parameters:
    """The weights and biases, with the parameters of all features at their initial values."""
    learned = architecture.graph.learned
    starts = {
        name: np.full(shape, learned[name][1].start, parameters.dtype)
        for name, shape in architecture.layout
        if name not in parameters
    }
    values = {**starts, **parameters}
    flat = np.concatenate([values[name].ravel() for name, _ in architecture.layout])
    return architecture.lay_out(flat)


def check_fit(parameters: Parameters, architecture: Architecture) -> None:
    """Refuse parameters of another network."""
    if not parameters.layer_dims:
        shapes = [shape for name, shape in parameters.layout if is_weights(name)]
        raise ConfigurationError(
            "Network", "each W takes as many inputs as the layer before has units", f"got shapes {shapes}"
        )
    if parameters.layout != architecture.layout:
        needs, has = (
            [name for name, _ in layout if name[0] not in "Wb"]
            for layout in (architecture.layout, parameters.layout)
        )
        raise ConfigurationError(
            "Network",
            f"parameters for the layer sizes {list(architecture.layer_dims)}"
            + (f" with {needs}" if needs else ""),
            f"got parameters for {list(parameters.layer_dims)}" + (f" with {has}" if has else ""),
        )


def generator(seed: Any) -> np.random.Generator | np.random.RandomState:
    """Where the initial values are drawn from; an int seeds the legacy generator, whose stream is frozen."""
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if not (is_whole(seed, 0) and seed < 2**32):
        raise ConfigurationError(
            "Network",
            "seed is a whole number from 0 to 2³² - 1, a NumPy Generator or RandomState, or None",
            f"got {seed!r}",
        )
    return np.random.RandomState(int(seed))


def order_seed(seed: Any, rng: np.random.Generator | np.random.RandomState) -> int:
    """The seed of the order of mini-batches: the network's own, or a draw from its generator."""
    if isinstance(seed, int | np.integer):
        return int(seed)
    return int(rng.randint(2**31) if isinstance(rng, np.random.RandomState) else rng.integers(2**31))


def fresh_seed() -> int:
    """A seed from the operating system, so that a network without one can still be made again."""
    return int(np.random.SeedSequence().generate_state(1)[0])


def finite_parameters(parameters: Parameters, dtype: np.dtype[Any]) -> Parameters:
    """The parameters in this precision; a number too large for it would become infinite."""
    with np.errstate(over="ignore"):
        result = parameters.astype(dtype)
    for name, value in result.items():
        if not np.isfinite(value).all():
            raise DataError("Network", f"{name} has finite numbers of {dtype} only", "one is not finite")
    return result


def finite_statistics(statistics: Mapping[str, Array], dtype: np.dtype[Any]) -> dict[str, Array]:
    """Running statistics in this precision, that normalization can divide by."""
    with np.errstate(over="ignore"):
        result = {name: value.astype(dtype) for name, value in statistics.items()}
    for name, value in result.items():
        if not (np.isfinite(value).all() and (name.startswith("mean") or (value >= 0).all())):
            low = "finite numbers" if name.startswith("mean") else "finite numbers of at least 0"
            raise DataError("Network", f"{name} has {low}", "one is not")
    return result


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """float64 or float32, however it is written."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.float32, np.float64):
        raise ConfigurationError("Network", "dtype is 'float64' or 'float32'", f"got {dtype!r}")
    return found
