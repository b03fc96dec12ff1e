"""Where a state stands: θ, the vectors of the update rule, the average and the running statistics.

There are two such places. A step reads one and writes the other, and then the other is the state: an
interruption finds the state before a step or the one after it. (What one call of a kernel does,
`at_once.py`, stays in its place.)
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from torch import Tensor

from deepstep.engines.torch.layout import Layer, layers_of
from deepstep.network import Architecture
from deepstep.network.model_file import statistics_shapes


class Place(NamedTuple):
    """A state on the device.

    Attributes
    ----------
    vectors : tuple of tensors of shape (n_parameters,)
        θ, the vectors of the update rule and, where one is kept, the average.
    running : mapping
        ``"mean1"``, ``"variance1"``, … (n_l,).
    layers, predicting : lists of Layer
        The parameters that are trained and those that predict, views of the first and the last vector.
    """

    vectors: tuple[Tensor, ...]
    running: Mapping[str, Tensor]
    layers: list[Layer]
    predicting: list[Layer]

    @property
    def theta(self) -> Tensor:
        """θ."""
        return self.vectors[0]


def place_for(architecture: Architecture, n_vectors: int, like: Tensor) -> Place:
    """A new place, of the precision and on the device of a tensor."""
    vectors = (like.new_zeros(architecture.n_parameters) for _ in range(n_vectors))
    running = {name: like.new_zeros(n) for name, (n, _) in statistics_shapes(architecture).items()}
    return place_of(architecture, vectors, running)


def place_of(architecture: Architecture, vectors: Iterable[Tensor], running: Mapping[str, Tensor]) -> Place:
    """The place that tensors are."""
    vectors = tuple(vectors)
    layers, last = (layers_of(vector, architecture) for vector in (vectors[0], vectors[-1]))
    return Place(vectors, running, layers, last)
