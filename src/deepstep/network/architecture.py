"""The shape of a network: layer sizes and the function of each layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.network.parameters import parameter_count


def layer_sizes(layer_dims: Sequence[int], where: str = "layer_dims") -> tuple[int, ...]:
    """Check the sizes n_0 (inputs), n_1, …, n_L (outputs) and return them as plain integers.

    Examples
    --------
    >>> layer_sizes([5, 4, 3])
    (5, 4, 3)
    """
    try:
        sizes = tuple(layer_dims)
    except TypeError:
        raise ConfigurationError(
            where,
            "a list of layer sizes such as [5, 4, 1]",
            f"got {layer_dims!r}",
            "Write the sizes as a list.",
        ) from None
    if len(sizes) < 2:
        raise ConfigurationError(
            where, "at least two sizes, inputs and outputs", f"got {list(sizes)!r}", "For example [5, 4, 1]."
        )
    for index, size in enumerate(sizes):
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
            raise ConfigurationError(
                where,
                "every size is a whole number of at least 1",
                f"size {index} is {size!r}",
                "Sizes go from the inputs to the outputs, for example [5, 4, 1].",
            )
    return tuple(int(size) for size in sizes)


@dataclass(frozen=True)
class Architecture:
    """Layer sizes and activations of a fully-connected network.

    Parameters
    ----------
    layer_dims : sequence of int
        n_0 (inputs), n_1, …, n_L (outputs).
    activations : sequence of str
        One name per layer 1 … L; the last one is the output's (``"sigmoid"``, ``"softmax"``,
        ``"identity"``) and decides the loss. The names are those of ``deepstep.equations.ACTIVATIONS``.

    Raises
    ------
    ConfigurationError
        If a size is not a positive whole number or the number of activations is not L.

    Examples
    --------
    >>> shape = Architecture((2, 4, 1), ("tanh", "sigmoid"))
    >>> shape.n_layers, shape.n_parameters
    (2, 17)
    """

    layer_dims: tuple[int, ...]
    activations: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer_dims", layer_sizes(self.layer_dims, "Architecture"))
        names: Sequence[str] = self.activations
        if isinstance(names, str) or len(names) != self.n_layers:
            raise ConfigurationError(
                "Architecture",
                f"{self.n_layers} activations, one per layer after the input",
                f"got {names!r}",
                "Give one name for each hidden layer, and one for the output.",
            )
        object.__setattr__(self, "activations", tuple(names))

    @property
    def n_layers(self) -> int:
        """L, the number of layers with parameters (the input does not count)."""
        return len(self.layer_dims) - 1

    @property
    def n_inputs(self) -> int:
        """n_x, the number of rows of X."""
        return self.layer_dims[0]

    @property
    def n_outputs(self) -> int:
        """n_L, the number of rows of AL and Y."""
        return self.layer_dims[-1]

    @property
    def output(self) -> str:
        """Name of the output's activation."""
        return self.activations[-1]

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return parameter_count(self.layer_dims)
