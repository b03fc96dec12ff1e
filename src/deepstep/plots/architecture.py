"""A network drawn: layers, units, and the sign and size of every weight that can be shown."""

from typing import Any

import numpy as np

from deepstep.network import Architecture
from deepstep.plots.colours import BAD, OKABE_ITO
from deepstep.plots.drawing import axes_for
from deepstep.plots.sources import check_network, network_of
from deepstep.types import Array

MOST_UNITS = 8
"""So many units of a layer are drawn; of more, the first and the last ones with dots between."""

DOTS = -1
"""Stands for the units that are left out."""


class ArchitectureDisplay:
    """The layers of a network as columns of units.

    Parameters
    ----------
    architecture : Architecture
    weights : dict of arrays
        W1, W2, …: links are thicker where weights are larger, and dashed where they are negative. Without
        them all links look alike.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    links_ : list of matplotlib collections
        The positive and the negative ones of each layer.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from deepstep import Network
    >>> print(ArchitectureDisplay.from_network(Network([2, 3, 1], seed=1)).describe())
    2 inputs; layer 1: 3 units, relu; layer 2 (the output): 1 unit, sigmoid. 13 parameters.
    """

    def __init__(self, *, architecture: Architecture, weights: dict[str, Array] | None = None) -> None:
        self.architecture = architecture
        self.weights = weights or {}

    @classmethod
    def from_network(cls, network: Any) -> "ArchitectureDisplay":
        """The display of a network as it is.

        network (Network):
        returns: Not drawn yet.
        ConfigurationError: If this is no network.
        """
        network = check_network(network, "ArchitectureDisplay.from_network")
        weights = {name: value for name, value in network.parameters.items() if name.startswith("W")}
        return cls(architecture=network.architecture, weights=weights)

    @classmethod
    def from_estimator(cls, estimator: Any, *, member: int | None = None) -> "ArchitectureDisplay":
        """The display of a fitted estimator's network.

        estimator (DeepClassifier or DeepRegressor): Fitted.
        member: Which network of an ensemble.
        returns: Not drawn yet.
        ConfigurationError: If there is no such network.
        """
        return cls.from_network(network_of(estimator, member, "ArchitectureDisplay.from_estimator"))

    def plot(self, *, ax: Any = None) -> "ArchitectureDisplay":
        """Draw the units and the links between them.

        ax (matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs to no window.
        returns: With ``figure_``, ``ax_`` and ``links_``.
        MissingPackageError: When matplotlib is not installed.
        """
        sizes = self.architecture.layer_dims
        self.ax_: Any = axes_for(ax, "ArchitectureDisplay.plot", (max(4.5, 1.5 * len(sizes)), 4.2))
        self.figure_: Any = self.ax_.figure
        shown = [_shown(size) for size in sizes]
        self.links_: list[Any] = []
        for layer in range(1, len(sizes)):
            self._links(layer, shown[layer - 1], shown[layer])
        for layer, units in enumerate(shown):
            self._units(layer, units)
        # beyond the outermost units there is room for names, whatever is drawn between
        self.ax_.set(xlim=(-0.6, len(sizes) - 0.4), ylim=(-MOST_UNITS / 2 - 1.1, MOST_UNITS / 2 + 0.9))
        self.ax_.set_axis_off()
        return self

    def _units(self, layer: int, units: list[int]) -> None:
        for at, unit in enumerate(units):
            y = _height(at, len(units))
            if unit == DOTS:
                self.ax_.text(layer, y, "⋮", ha="center", va="center", fontsize=14)
            else:
                self.ax_.plot(layer, y, "o", markersize=13, color="white", markeredgecolor="black", zorder=3)
        top = f"{self.architecture.layer_dims[layer]}"
        below = "input" if layer == 0 else self._function(layer)
        self.ax_.text(layer, MOST_UNITS / 2 + 0.35, top, ha="center", va="bottom", fontsize=9)
        self.ax_.text(layer, -MOST_UNITS / 2 - 0.3, below, ha="center", va="top", fontsize=8)

    def _function(self, layer: int) -> str:
        normalization = (*self.architecture.normalization, "none")[layer - 1]
        name = self.architecture.activations[layer - 1]
        return name if normalization == "none" else f"{normalization} norm\n{name}"

    def _links(self, layer: int, before: list[int], units: list[int]) -> None:
        from matplotlib.collections import LineCollection

        W = self.weights.get(f"W{layer}")
        most = 1.0 if W is None else float(np.abs(W).max(initial=0)) or 1.0
        for positive, colour, dash in ((True, BAD, "solid"), (False, OKABE_ITO[0], (0, (4, 2)))):
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
            self.links_.append(self.ax_.add_collection(links))

    def describe(self) -> str:
        """The content of the figure in words.

        returns: Sizes and functions of the layers, and the number of parameters.
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
    """The units that are drawn, with DOTS between.

    >>> _shown(3), _shown(100)
    ([0, 1, 2], [0, 1, 2, 3, -1, 97, 98, 99])
    """
    if size <= MOST_UNITS:
        return list(range(size))
    half = MOST_UNITS // 2
    return [*range(half), DOTS, *range(size - half + 1, size)]


def _height(at: int, count: int) -> float:
    return (count - 1) / 2 - at
