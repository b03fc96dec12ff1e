"""Views of one flat vector, layer by layer."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from deepstep.network import Architecture


class Layer(NamedTuple):
    """The parameters of a layer, or the derivatives by them: views of a flat vector.

    Attributes
    ----------
    W : tensor of shape (n_l, n_{l-1})
    b : tensor of shape (n_l,)
    gamma, alpha : tensor of shape (n_l,) or None
    s : tensor of shape (n_0,) or None
        Of layer 1.
    """

    W: Tensor
    b: Tensor
    gamma: Tensor | None = None
    s: Tensor | None = None
    alpha: Tensor | None = None


def layers_of(flat: Tensor, architecture: Architecture) -> list[Layer]:
    """The layers 1 … L in a vector that lies as θ does."""
    views: list[dict[str, Tensor]] = [{} for _ in range(architecture.n_layers)]
    start = 0
    for name, (rows, columns) in architecture.layout:
        kind = name.rstrip("0123456789")
        part = flat[start : start + rows * columns]
        views[int(name[len(kind) :]) - 1][kind] = part.view(rows, columns) if kind == "W" else part
        start += rows * columns
    return [Layer(**parts) for parts in views]


def layers_like(layers: Sequence[Layer]) -> list[Layer]:
    """Layers of that size, each with memory of its own."""
    return [
        Layer(**{kind: torch.empty_like(part) for kind, part in layer._asdict().items() if part is not None})
        for layer in layers
    ]


def flat_of(layers: Sequence[Layer], architecture: Architecture) -> Tensor:
    """The vector that lies as θ does."""
    names = ((name, name.rstrip("0123456789")) for name, _ in architecture.layout)
    return torch.cat([getattr(layers[int(name[len(kind) :]) - 1], kind).reshape(-1) for name, kind in names])


def weights_of(layers: Sequence[Layer]) -> list[Tensor]:
    """W1 … WL."""
    return [layer.W for layer in layers]
