"""What `Network` is made of: the arguments of its constructor, checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepstep.equations import get_activation, get_head
from deepstep.errors import ConfigurationError, DataError
from deepstep.network import Parameters


def layer_names(activation: str | Sequence[str], output: str, n_layers: int) -> tuple[str, ...]:
    """One name per layer, each of them known."""
    hidden: Any = activation
    if isinstance(activation, str):
        get_activation(
            activation, "Network"
        )  # a network without hidden layers has no use for it: a typo shows
        hidden = [activation] * (n_layers - 1)
    if not isinstance(hidden, Sequence) or len(hidden) != n_layers - 1:
        raise ConfigurationError(
            "Network",
            f"one activation for all hidden layers or a list of {n_layers - 1}",
            f"got {hidden!r}",
            "The activation of the output is the argument output.",
        )
    for layer, name in enumerate(hidden, start=1):
        get_activation(name, f"Network, layer {layer}")
    get_head(output, "Network")
    return (*hidden, output)


def generator(seed: Any) -> np.random.Generator | np.random.RandomState:
    """Where the initial values are drawn from; an int seeds the legacy generator, whose stream is frozen."""
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not (whole and 0 <= seed < 2**32):
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


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """float64 or float32, however it is written."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.float32, np.float64):
        raise ConfigurationError("Network", "dtype is 'float64' or 'float32'", f"got {dtype!r}")
    return found
