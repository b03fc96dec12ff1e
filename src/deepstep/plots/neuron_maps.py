"""Display of the units on the plane: their activation over a grid, for networks of two inputs."""

from typing import Any

import numpy as np

from deepstep.equations import members_mean
from deepstep.errors import ConfigurationError
from deepstep.network.border import check_inputs
from deepstep.plots.colours import centred
from deepstep.plots.drawing import new_figure
from deepstep.plots.sources import check_network, network_of
from deepstep.types import Array

MOST_UNITS = 8
"""So many units of a layer are drawn side by side."""

POINTS = (("o", "white", "black"), ("^", "black", "white"), ("s", "white", "black"), ("D", "black", "white"))
"""Marker, face and edge of the examples of each class: seen on orange and on purple."""

MARGIN = 0.1
"""The grid reaches beyond the examples by this share of their range."""


class NeuronMapsDisplay:
    """The activation of every unit over the plane of the two inputs.

    Parameters
    ----------
    x, y : arrays of shape (k,)
        The grid's values of the first and of the second input.
    maps : list of arrays of shape (n_l, k, k)
        For each layer 1 … L the activations of its units; rows of a map go with y, columns with x.
    X : array of shape (2, m)
        The examples that are drawn over the output's maps.
    labels : array of shape (m,) or None
        Their classes, numbers from 0, where they are known.
    probabilities : bool
        Whether the outputs are probabilities, with the decision at 0.5.

    Attributes
    ----------
    axes_ : ndarray of Axes (L, columns)
        Empty ones are switched off.
    images_ : list of lists
        The drawn maps of each layer.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> display = NeuronMapsDisplay.from_network(net, [[0.0, 1.0], [0.0, 1.0]], resolution=5)
    >>> [map.shape for map in display.maps]
    [(3, 5, 5), (1, 5, 5)]
    """

    def __init__(
        self,
        *,
        x: Array,
        y: Array,
        maps: list[Array],
        X: Array,
        labels: Array | None = None,
        probabilities: bool = False,
    ) -> None:
        self.x, self.y = x, y
        self.maps = maps
        self.X, self.labels = X, labels
        self.probabilities = probabilities

    @classmethod
    def from_network(
        cls, network: Any, X: Any, Y: Any = None, *, resolution: int = 60
    ) -> "NeuronMapsDisplay":
        """The maps of a network of two inputs.

        network (Network):
        X (2, m): Examples, which say how far the grid goes; columns are examples.
        Y (n_L, m): Their targets: 0 and 1, or one of n_L classes in each column.
        resolution: Values of each input on the grid.
        returns: Not drawn yet.
        ConfigurationError, ShapeError, DataError: If the network has other inputs than two, or the examples
            do not fit.
        """
        where = "NeuronMapsDisplay.from_network"
        network = check_network(network, where)
        shape = network.architecture
        if shape.n_inputs != 2:
            raise ConfigurationError(
                where,
                "a network of 2 inputs, as a plane has",
                f"got one of {shape.n_inputs}",
                "Train one on two columns, or see SaliencyDisplay.",
            )
        X = check_inputs(X, 2, where, dtype=network.dtype)
        x, y = (_range(values, resolution) for values in X)
        grid = np.stack([part.ravel() for part in np.meshgrid(x, y)]).astype(network.dtype)
        _, tape = shape.run(grid, network.parameters, statistics=network.statistics)
        # where several columns belong to an example, their mean
        columns = (tape[f"A{l}"] for l in range(1, shape.n_layers + 1))
        activations = [members_mean(A, A.shape[1] // grid.shape[1]) for A in columns]
        maps = [A.reshape(len(A), resolution, resolution) for A in activations]
        Y = None if Y is None else np.atleast_2d(np.asarray(Y))
        labels = None if Y is None else (Y[0] if len(Y) == 1 else Y.argmax(axis=0))
        probabilities = shape.activations[-1] in ("sigmoid", "softmax")
        return cls(x=x, y=y, maps=maps, X=X, labels=labels, probabilities=probabilities)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, member: int | None = None, resolution: int = 60
    ) -> "NeuronMapsDisplay":
        """The maps of a fitted estimator's network.

        estimator (DeepClassifier or DeepRegressor): Fitted on two numbers.
        X (m, 2): Rows are examples; for an ensemble, as its member sees them.
        member: Which network of an ensemble.
        resolution: As in `from_network`.
        returns: Not drawn yet.
        ConfigurationError, ShapeError, DataError: As in `from_network`, or if there is no such network.
        """
        network = network_of(estimator, member, "NeuronMapsDisplay.from_estimator")
        return cls.from_network(network, np.asarray(X).T, resolution=resolution)

    def plot(self, *, columns: int = MOST_UNITS) -> "NeuronMapsDisplay":
        """Draw a line of maps for each layer, each unit on a scale of its own with 0 in the middle.

        columns: Most units of a layer that are drawn: the first ones.
        returns: With ``figure_``, ``axes_`` and ``images_``.
        MissingPackageError: When matplotlib is not installed.
        """
        width = max(min(columns, len(maps)) for maps in self.maps)
        lines = len(self.maps)
        figure = new_figure("NeuronMapsDisplay.plot", (max(1.25 * width, 4.0), 1.5 * lines + 0.5))
        self.figure_: Any = figure
        self.axes_: Any = figure.subplots(lines, width, squeeze=False)
        self.images_: list[list[Any]] = []
        extent = (self.x[0], self.x[-1], self.y[0], self.y[-1])
        for layer, (maps, line) in enumerate(zip(self.maps, self.axes_, strict=True), start=1):
            for ax in line:
                ax.set_axis_off()
            drawn = []
            for unit, (ax, values) in enumerate(zip(line, maps[:columns], strict=False), start=1):
                ax.set_axis_on()
                ax.set(xticks=[], yticks=[])
                scale = self._scale(values, output=layer == lines)
                image = ax.imshow(values, origin="lower", extent=extent, aspect="auto", **scale)
                ax.set_title(f"unit {unit}", fontsize=8)
                drawn.append(image)
                if layer == lines:
                    self._points(ax)
            self.images_.append(drawn)
            hidden = len(maps) - len(drawn)
            more = f"\n({hidden} more)" if hidden else ""
            line[0].set_ylabel(f"{'output' if layer == lines else f'layer {layer}'}{more}", fontsize=9)
        of_output = " (of the output: 0.5)" if self.probabilities else ""
        heading = f"activation over the plane: orange above 0{of_output}, purple below"
        figure.suptitle(heading, fontsize=9)
        return self

    def _scale(self, values: Array, *, output: bool) -> dict[str, Any]:
        """0 in the middle; of probabilities 0.5, where the decision falls."""
        scale = centred(values)
        return scale | {"vmin": 0.0, "vmax": 1.0} if output and self.probabilities else scale

    def _points(self, ax: Any) -> None:
        labels = np.zeros(self.X.shape[1]) if self.labels is None else self.labels
        for number, label in enumerate(np.unique(labels)[: len(POINTS)]):
            marker, face, edge = POINTS[number]
            style = {"markersize": 3.4, "markerfacecolor": face, "markeredgecolor": edge, "mew": 0.4}
            ax.plot(*self.X[:, labels == label], marker, **style)

    def describe(self) -> str:
        """The content of the figure in words.

        returns: For each layer how many of its units never leave 0, and where the others are positive.
        """
        across = f"x1 from {self.x[0]:.3g} to {self.x[-1]:.3g}, x2 from {self.y[0]:.3g} to {self.y[-1]:.3g}"
        lines = [f"Activations over {across}:"]
        for layer, maps in enumerate(self.maps, start=1):
            silent = int((maps == 0).all(axis=(1, 2)).sum())
            name = "output" if layer == len(self.maps) else f"layer {layer}"
            positive = [f"{100 * share:.0f} %" for share in (maps > 0).mean(axis=(1, 2))[:MOST_UNITS]]
            also = f"; {silent} are 0 everywhere" if silent else ""
            shown = f"{', '.join(positive)}{', …' if len(maps) > MOST_UNITS else ''}"
            lines.append(
                f"{name}, {len(maps)} unit{'' if len(maps) == 1 else 's'}: above 0 on {shown}{also}."
            )
        return "\n".join(lines)


def _range(values: Array, resolution: int) -> Array:
    low, high = float(values.min()), float(values.max())
    room = MARGIN * (high - low) or 1.0
    return np.linspace(low - room, high + room, resolution)
