"""Where a state stands: θ, the vectors of the update rule, the average and the running statistics.

There are two such places. A step reads one and writes the other, and then the other is the state: an
interruption finds the state before a step or the one after it. (What one call of a kernel does,
`at_once.py`, stays in its place.)
"""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from deepstep.engines.torch.layout import Layer, layers_of
from deepstep.network import Architecture
from deepstep.network.model_file import statistics_shapes


class Place(NamedTuple):
    """A state on the device.

    Attributes
    ----------
    vectors : tensor of shape (k, n_parameters)
        θ, the vectors of the update rule and, where one is kept, the average, as rows.
    rows : tuple of tensors of shape (n_parameters,)
        Views of them.
    running : mapping
        ``"mean1"``, ``"variance1"``, … (n_l,).
    layers, predicting : lists of Layer
        The parameters that are trained and those that predict, views of rows of ``vectors``.
    """

    vectors: Tensor
    rows: tuple[Tensor, ...]
    running: Mapping[str, Tensor]
    layers: list[Layer]
    predicting: list[Layer]

    @property
    def theta(self) -> Tensor:
        """θ."""
        return self.rows[0]


def place_for(architecture: Architecture, n_vectors: int, like: Tensor) -> Place:
    """A new place, of the precision and on the device of a tensor."""
    vectors = like.new_zeros(n_vectors, architecture.n_parameters)
    running = {name: like.new_zeros(n) for name, (n, _) in statistics_shapes(architecture).items()}
    return place_of(architecture, vectors, running)


def place_of(architecture: Architecture, vectors: Tensor, running: Mapping[str, Tensor]) -> Place:
    """The place that tensors are."""
    rows = vectors.unbind()
    return Place(vectors, rows, running, layers_of(rows[0], architecture), layers_of(rows[-1], architecture))
