"""Displays of a network: its layers with their weights, and the weights of layer 1 as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ShapeError
from deepstep.network import Architecture
from deepstep.plots.drawing import NEGATIVE, POSITIVE, FromNetwork, OneAxes, centred, check_network
from deepstep.types import Array

MOST_UNITS = 8
"""Most units of a layer in a drawn architecture: of larger layers the first and the last ones."""

DOTS = -1  # marks the units that are left out
MOST_PICTURES = 24  # most units whose weights are drawn as pictures: those with the largest weights
MOST_DESCRIBED = 5  # most units whose weights are described in words


@dataclass(kw_only=True, eq=False, repr=False)
class ArchitectureDisplay(FromNetwork, OneAxes):
    """The layers of a network as columns of units, with links for the weights.

    Attributes
    ----------
    architecture : Architecture
        The layers.
    weights : dict, optional
        W1, W2, …: links are thicker where weights are larger, and dashed where they are negative; without
        weights all links are equal.
    links_ : list of matplotlib collections
        The positive and the negative ones of each layer.

    Examples
    --------
    >>> from deepstep import Network
    >>> print(ArchitectureDisplay.from_network(Network([2, 3, 1], seed=1)).describe())
    2 inputs; layer 1: 3 units, relu; layer 2 (the output): 1 unit, sigmoid. 13 parameters.
    """

    architecture: Architecture
    weights: dict[str, Array] = field(default_factory=dict)

    @classmethod
    def from_network(cls, network: Any) -> Self:
        """The display of a network as it is.

        Parameters
        ----------
        network : Network
            The network.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError
            If this is no network.
        """
        network = check_network(network)
        weights = {name: value for name, value in network.parameters.items() if name.startswith("W")}
        return cls(architecture=network.architecture, weights=weights)

    @property
    def _size(self) -> tuple[float, float]:
        return max(4.5, 1.5 * len(self.architecture.layer_dims)), 4.2

    def _draw(self, ax: Any) -> None:
        sizes = self.architecture.layer_dims
        shown = [_shown(size) for size in sizes]
        self.links_: list[Any] = []
        for layer in range(1, len(sizes)):
            self._draw_links(ax, layer, shown[layer - 1], shown[layer])
        for layer, units in enumerate(shown):
            self._draw_units(ax, layer, units)
        # names have room above and below the outermost units of any network
        ax.set(xlim=(-0.6, len(sizes) - 0.4), ylim=(-MOST_UNITS / 2 - 1.1, MOST_UNITS / 2 + 0.9))
        ax.set_axis_off()

    def _draw_units(self, ax: Any, layer: int, units: list[int]) -> None:
        for index, unit in enumerate(units):
            y = _height(index, len(units))
            if unit == DOTS:
                ax.text(layer, y, "⋮", ha="center", va="center", fontsize=14)
            else:
                ax.plot(layer, y, "o", markersize=13, color="white", markeredgecolor="black", zorder=3)
        top = f"{self.architecture.layer_dims[layer]}"
        below = "input" if layer == 0 else self._function(layer)
        ax.text(layer, MOST_UNITS / 2 + 0.35, top, ha="center", va="bottom", fontsize=9)
        ax.text(layer, -MOST_UNITS / 2 - 0.3, below, ha="center", va="top", fontsize=8)

    def _function(self, layer: int) -> str:
        normalization = (*self.architecture.normalization, "none")[layer - 1]
        name = self.architecture.activations[layer - 1]
        return name if normalization == "none" else f"{normalization} norm\n{name}"

    def _draw_links(self, ax: Any, layer: int, before: list[int], units: list[int]) -> None:
        from matplotlib.collections import LineCollection

        W = self.weights.get(f"W{layer}")
        most = 1.0 if W is None else float(np.abs(W).max(initial=0)) or 1.0
        for positive, colour, dash in ((True, POSITIVE, "solid"), (False, NEGATIVE, (0, (4, 2)))):
            segments, widths = [], []
            for i, source in enumerate(before):
                for j, target in enumerate(units):
                    weight = 1.0 if W is None else float(W[target, source])
                    if DOTS in (source, target) or (weight > 0) != positive:
                        continue
                    ends = [(layer - 1, _height(i, len(before))), (layer, _height(j, len(units)))]
                    segments.append(ends)
                    widths.append(0.2 + 1.8 * abs(weight) / most)
            links = LineCollection(
                segments, linewidths=widths, colors=colour, linestyles=[dash], alpha=0.7, zorder=1
            )
            self.links_.append(ax.add_collection(links))

    def describe(self) -> str:
        """Describe sizes and functions of the layers, and the number of parameters.

        Returns
        -------
        str
        """
        sizes, last = self.architecture.layer_dims, self.architecture.n_layers
        layers = [
            f"layer {layer}{' (the output)' if layer == last else ''}: {sizes[layer]} "
            f"unit{'' if sizes[layer] == 1 else 's'}, " + self._function(layer).replace("\n", ", ")
            for layer in range(1, last + 1)
        ]
        count = f"{self.architecture.n_parameters:,} parameters"
        return f"{sizes[0]} input{'' if sizes[0] == 1 else 's'}; {'; '.join(layers)}. {count}."


def _shown(size: int) -> list[int]:
    """The units that are drawn, with DOTS between."""
    if size <= MOST_UNITS:
        return list(range(size))
    half = MOST_UNITS // 2
    return [*range(half), DOTS, *range(size - half + 1, size)]


def _height(index: int, count: int) -> float:
    return (count - 1) / 2 - index


@dataclass(kw_only=True, eq=False, repr=False)
class FirstLayerWeightsDisplay(FromNetwork):
    """The weights of the units of layer 1, in the shape of the input pictures.

    Attributes
    ----------
    weights : array of shape (k, height, width) or (k, height, width, channels)
        Weights of the drawn units.
    units : array of integers of shape (k,)
        Indices of the drawn units, from 0.
    total : int
        Number of units in the layer.
    axes_ : array of Axes of shape (k,)
        One for each picture.
    images_ : list of images
        The pictures. Three channels are red, green and blue, and grey is a weight of 0; of any other number
        of channels the mean is drawn.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[1.0, -2, 0, 0]], "b1": [[0.0]]})
    >>> display = FirstLayerWeightsDisplay.from_network(net, image_shape=(2, 2))
    >>> print(display.describe())
    Weights of 1 of the 1 units of layer 1, as pictures of 2×2.
    unit 0: from -2 to 1, most at row 0, column 1.
    """

    weights: Array
    units: NDArray[np.intp]
    total: int

    @classmethod
    def from_network(cls, network: Any, *, image_shape: Sequence[int], most: int = MOST_PICTURES) -> Self:
        """The weights of a network of pictures.

        Parameters
        ----------
        network : Network
            The network.
        image_shape : tuple of int
            (height, width) or (height, width, channels) of the flattened pictures.
        most : int, optional
            Most units: those with the largest norm, in the order of the layer.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError
            If this is no network, or the shape has another size than its inputs.
        """
        W = check_network(network).parameters["W1"]
        shape = check_image_shape(image_shape, W.shape[1])
        units = np.sort(np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:most])
        return cls(weights=W[units].reshape(len(units), *shape), units=units, total=len(W))

    def plot(self, *, columns: int = 8) -> Self:
        """Draw the weights as pictures on one scale with 0 in the middle, in colour where the inputs were.

        Parameters
        ----------
        columns : int, optional
            Pictures in a row.

        Returns
        -------
        Self
        """
        places = self._grid(len(self.units), columns, (1.0, 1.2), (0.9, 0.5), least=3.2)
        self.axes_: Any = places[: len(self.units)]
        coloured = self.weights.shape[3:] == (3,)
        largest = np.abs(self.weights).max() or 1.0
        drawn = 0.5 + 0.5 * self.weights / largest if coloured else self._pictures
        scale = {} if coloured else centred(self._pictures)
        self.images_: list[Any] = []
        for ax, unit, picture in zip(self.axes_, self.units, drawn, strict=True):
            self.images_.append(ax.imshow(picture, **scale))
            ax.set_title(f"unit {unit}", fontsize=8)
        if coloured:
            self.figure_.suptitle(f"grey is 0, full colours are ±{largest:.3g}", fontsize=9)
        else:
            self.figure_.colorbar(self.images_[0], ax=places.tolist(), label="weight", shrink=0.8)
        return self

    @property
    def _pictures(self) -> Array:
        return self.weights.mean(axis=3) if self.weights.ndim == 4 else self.weights

    def describe(self) -> str:
        """Describe the units with the largest weights, one per line.

        Returns
        -------
        str
        """
        size = "×".join(map(str, self.weights.shape[1:]))
        lines = [f"Weights of {len(self.units)} of the {self.total} units of layer 1, as pictures of {size}."]
        largest = np.argsort(-np.abs(self._pictures).max(axis=(1, 2)), kind="stable")[:MOST_DESCRIBED]
        for unit, picture in zip(self.units[largest], self._pictures[largest], strict=True):
            row, column = np.unravel_index(np.argmax(np.abs(picture)), picture.shape)
            ends = f"from {picture.min():.3g} to {picture.max():.3g}"
            lines.append(f"unit {unit}: {ends}, most at row {row}, column {column}.")
        return "\n".join(lines)


def check_image_shape(image_shape: Sequence[int], n_inputs: int) -> tuple[int, ...]:
    """(height, width) or (height, width, channels), if it has this number of inputs."""
    shape = tuple(image_shape)
    if len(shape) not in (2, 3) or prod(shape) != n_inputs:
        expected = f"(height, width) or (height, width, channels) of {n_inputs} inputs"
        raise ShapeError.must_be("image_shape", expected, f"{shape}")
    return shape
