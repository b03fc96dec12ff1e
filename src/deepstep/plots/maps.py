"""Displays of a network's function: activations over the plane, and the saliency of inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from deepstep.errors import ConfigurationError, ShapeError, unknown_name
from deepstep.network.border import check_inputs
from deepstep.plots.drawing import NEGATIVE, POSITIVE, FromNetwork, OneAxes, centred, check_network, plain
from deepstep.plots.network import check_image_shape
from deepstep.types import AnyArray, Array

MOST_UNITS = 8  # most units of a layer that are drawn side by side
POINTS = (("o", "white", "black"), ("^", "black", "white"), ("s", "white", "black"), ("D", "black", "white"))
"""Marker, face and edge of the examples of each class: visible on orange and on purple."""

MARGIN = 0.1  # margin of the grid beyond the examples, as a fraction of their range
METHODS = ("gradient", "gradient_times_input", "integrated_gradients")

STEPS = 200  # points between the baseline and the example; 20 to 300 are usual (Sundararajan et al. 2017)
MOST_BARS = 20  # most inputs that are drawn as bars: those with the largest attributions


@dataclass(kw_only=True, eq=False, repr=False)
class NeuronMapsDisplay(FromNetwork):
    """The activation of every unit over the plane of the two inputs.

    Attributes
    ----------
    x, y : array of shape (k,)
        The grid's values of the first and of the second input.
    maps : list of arrays of shape (n_l, k, k)
        Activations of the units of each layer 1 … L; rows of a map belong to y, columns to x.
    X : array of shape (2, m)
        The examples that are drawn over the output's maps.
    labels : array of shape (m,), optional
        Their classes, numbers from 0, or None.
    probabilities : bool, optional
        Whether the outputs are probabilities, with the decision at 0.5.
    axes_ : array of Axes of shape (L, columns)
        One for each map; unused ones are switched off.
    images_ : list of lists
        The drawn maps of each layer.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> display = NeuronMapsDisplay.from_network(net, [[0.0, 1.0], [0.0, 1.0]], resolution=5)
    >>> [map.shape for map in display.maps]
    [(3, 5, 5), (1, 5, 5)]
    """

    x: Array
    y: Array
    maps: list[Array]
    X: Array
    labels: Array | None = None
    probabilities: bool = False

    @classmethod
    def from_network(cls, network: Any, X: Any, Y: Any = None, *, resolution: int = 60) -> Self:
        """The maps of a network with two inputs.

        Parameters
        ----------
        network : Network
            The network.
        X : array of shape (2, m)
            Examples, as columns; the grid covers their range.
        Y : array of shape (n_L, m), optional
            Their targets: 0 and 1, or one of n_L classes in each column.
        resolution : int, optional
            Values of each input on the grid.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError, DataError
            If there are not 2 inputs, or the examples do not fit.
        """
        network = check_network(network)
        shape = network.architecture
        if shape.n_inputs != 2:
            problem = f"The network has {shape.n_inputs} inputs, and a plane has 2"
            raise ConfigurationError(problem, "Train one on two columns, or see SaliencyDisplay.")
        X = check_inputs(X, 2, dtype=network.dtype)
        x, y = (_range(values, resolution) for values in X)
        grid = np.stack([part.ravel() for part in np.meshgrid(x, y)]).astype(network.dtype)
        _, tape = shape.run(grid, network.parameters, statistics=network.statistics)
        activations = (tape[f"A{l}"] for l in range(1, shape.n_layers + 1))
        maps = [A.reshape(len(A), resolution, resolution) for A in activations]
        Y = None if Y is None else np.atleast_2d(np.asarray(Y))
        labels = None
        if Y is not None:
            labels = Y[0] if len(Y) == 1 else Y.argmax(axis=0)
        probabilities = shape.activations[-1] in ("sigmoid", "softmax")
        return cls(x=x, y=y, maps=maps, X=X, labels=labels, probabilities=probabilities)

    def plot(self, *, columns: int = MOST_UNITS) -> Self:
        """Draw a row of maps for each layer, each unit on a scale of its own with 0 in the middle.

        Parameters
        ----------
        columns : int, optional
            Most units of a layer that are drawn: the first ones.

        Returns
        -------
        Self
        """
        width, lines = max(min(columns, len(maps)) for maps in self.maps), len(self.maps)
        self.axes_: Any = self._grid(lines * width, width, (1.25, 1.5), (0, 0.5), least=4.0)
        self.axes_ = self.axes_.reshape(lines, width)
        self.images_: list[list[Any]] = []
        extent = (self.x[0], self.x[-1], self.y[0], self.y[-1])
        for layer, (maps, line) in enumerate(zip(self.maps, self.axes_, strict=True), start=1):
            is_output, drawn = layer == lines, []
            for unit, (ax, values) in enumerate(zip(line, maps[:columns], strict=False), start=1):
                scale = centred(values)
                if is_output and self.probabilities:
                    scale |= {"vmin": 0.0, "vmax": 1.0}  # the decision at 0.5 in the middle
                ax.set_axis_on()
                ax.set(xticks=[], yticks=[])
                drawn.append(ax.imshow(values, origin="lower", extent=extent, aspect="auto", **scale))
                ax.set_title(f"unit {unit}", fontsize=8)
                if is_output:
                    self._draw_examples(ax)
            self.images_.append(drawn)
            not_drawn = len(maps) - len(drawn)
            more = f"\n({not_drawn} more)" if not_drawn else ""
            line[0].set_ylabel(f"{'output' if is_output else f'layer {layer}'}{more}", fontsize=9)
        decision = " (of the output: 0.5)" if self.probabilities else ""
        heading = f"activation over the plane: orange above 0{decision}, purple below"
        self.figure_.suptitle(heading, fontsize=9)
        return self

    def _draw_examples(self, ax: Any) -> None:
        labels = np.zeros(self.X.shape[1]) if self.labels is None else self.labels
        for number, label in enumerate(np.unique(labels)[: len(POINTS)]):  # further classes are not drawn
            marker, face, edge = POINTS[number]
            style = {"markersize": 3.4, "markerfacecolor": face, "markeredgecolor": edge, "mew": 0.4}
            ax.plot(*self.X[:, labels == label], marker, **style)

    def describe(self) -> str:
        """Describe for each layer how many units are always 0, and where the others are positive.

        Returns
        -------
        str
        """
        across = f"x1 from {self.x[0]:.3g} to {self.x[-1]:.3g}, x2 from {self.y[0]:.3g} to {self.y[-1]:.3g}"
        lines = [f"Activations over {across}:"]
        for layer, maps in enumerate(self.maps, start=1):
            silent = int((maps == 0).all(axis=(1, 2)).sum())
            name = "output" if layer == len(self.maps) else f"layer {layer}"
            positive = [f"{100 * share:.0f} %" for share in (maps > 0).mean(axis=(1, 2))[:MOST_UNITS]]
            also = f"; {silent} are 0 everywhere" if silent else ""
            shown = f"{', '.join(positive)}{', …' if len(maps) > MOST_UNITS else ''}"
            count = f"{len(maps)} unit{'' if len(maps) == 1 else 's'}"
            lines.append(f"{name}, {count}: above 0 on {shown}{also}.")
        return "\n".join(lines)


def _range(values: Array, resolution: int) -> Array:
    low, high = float(values.min()), float(values.max())
    room = MARGIN * (high - low) or 1.0
    return np.linspace(low - room, high + room, resolution)


@dataclass(kw_only=True, eq=False, repr=False)
class SaliencyDisplay(FromNetwork, OneAxes):
    """The influence of each input of one example on one output.

    Attributes
    ----------
    attributions : array of shape (n_x,)
        One signed number for each input.
    method : str
        "gradient": ∂a/∂x. "gradient_times_input": x ∂a/∂x. "integrated_gradients": (x - x′) times the mean of
        ∂a/∂x on the straight line from a baseline x′ to x (Sundararajan et al. 2017).
    output : int
        Index of the output a, from 0.
    names : sequence of str
        Names of the inputs.
    gap : float, optional
        a(x) - a(x′), the sum that integrated gradients approximate; None for other methods.
    image_shape : tuple of int, optional
        (height, width[, channels]) if the inputs are pixels.
    artist_ : image or bars
        What was drawn.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[2.0, -1.0]], "b1": [[1.0]]}, output="identity")
    >>> display = SaliencyDisplay.from_network(net, [3.0, 1.0], method="integrated_gradients")
    >>> display.attributions
    array([ 6., -1.])
    >>> display.residual < 1e-12
    True
    """

    attributions: Array
    method: str
    output: int
    names: Sequence[str]
    gap: float | None = None
    image_shape: tuple[int, ...] | None = None

    @classmethod
    def from_network(
        cls,
        network: Any,
        x: Any,
        *,
        output: int = 0,
        method: str = "gradient",
        baseline: Any = None,
        steps: int = STEPS,
        names: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
    ) -> Self:
        """The saliency of one example.

        Parameters
        ----------
        network : Network
            The network.
        x : array of shape (n_x,)
            The example.
        output : int, optional
            Index of the output, from 0.
        method : "gradient" or "gradient_times_input" or "integrated_gradients", optional
            How it is computed.
        baseline : array of shape (n_x,), optional
            x′ of integrated gradients, an example without information; default: 0.
        steps : int, optional
            Points between the baseline and the example.
        names : sequence of str, optional
            Names of the inputs; default: x1, x2, …
        image_shape : tuple of int, optional
            (height, width[, channels]) if the inputs are pixels.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError, DataError
            If there is no such method or output, or the example does not fit.
        """
        network = check_network(network)
        if method not in METHODS:
            raise unknown_name("method", method, METHODS, setting="method")
        n_x = network.architecture.n_inputs
        x = _example(x, n_x, "x", network.dtype)
        if names is not None and len(names) != n_x:
            raise ShapeError.must_be("names", f"have a name for each of {n_x} inputs", f"{len(names)}")
        names = [f"x{number}" for number in range(1, n_x + 1)] if names is None else list(names)
        shape = None if image_shape is None else check_image_shape(image_shape, n_x)
        gap = None
        if method == "integrated_gradients":
            baseline = np.zeros(n_x) if baseline is None else baseline
            origin = _example(baseline, n_x, "baseline", network.dtype)
            way = (np.arange(steps) + 0.5) / steps  # midpoints
            slope = network.input_gradients(origin + (x - origin) * way, output=output)
            attributions = (x - origin) * slope.mean(axis=1, keepdims=True)
            ends = network.forward(np.hstack([origin, x]))[output]
            gap = float(ends[1] - ends[0])
        else:
            attributions = network.input_gradients(x, output=output)
            if method == "gradient_times_input":
                attributions = attributions * x
        return cls(
            attributions=attributions[:, 0],
            method=method,
            output=output,
            names=names,
            gap=gap,
            image_shape=shape,
        )

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any = None, *, member: int | None = None, **options: Any
    ) -> Self:
        """The saliency of one example, with the names of the features of fit.

        Parameters
        ----------
        estimator : DeepClassifier, DeepRegressor, NetworkClassifier or NetworkRegressor
            A fitted estimator.
        X : array of shape (1, n_features)
            The example, as a row; that of an ensemble as its member receives it.
        member : int, optional
            Index of the network in an ensemble.
        **options
            As in `from_network`.

        Returns
        -------
        Self
        """
        known = getattr(estimator, "feature_names_in_", None)
        if known is not None and member is None:  # a member's inputs are not these columns
            options.setdefault("names", list(map(str, known)))
        return super().from_estimator(estimator, X, member=member, **options)

    @property
    def residual(self) -> float | None:
        """|Σ attributions - (a(x) - a(x′))|, 0 for exact integrated gradients; None for other methods."""
        return None if self.gap is None else abs(float(self.attributions.sum(dtype=np.float64)) - self.gap)

    @property
    def _size(self) -> tuple[float, float]:
        return (4.6, 4.0) if self.image_shape else (6.4, 1.3 + 0.25 * min(len(self.names), MOST_BARS))

    def _draw(self, ax: Any) -> None:
        if self.image_shape:
            picture = self.attributions.reshape(self.image_shape)
            picture = picture.sum(axis=2) if picture.ndim == 3 else picture
            self.artist_: Any = ax.imshow(picture, **centred(picture))
            ax.set_axis_off()
            self.figure_.colorbar(self.artist_, ax=ax)
        else:
            rows = self._largest(MOST_BARS)[::-1]
            values = self.attributions[rows]
            colours = [POSITIVE if value > 0 else NEGATIVE for value in values]
            self.artist_ = ax.barh([plain(self.names[row]) for row in rows], values, color=colours)
            for bar, value in zip(self.artist_, values, strict=True):
                bar.set_hatch("" if value > 0 else "///")
            ax.axvline(0, color="black", linewidth=0.8)
        ax.set_title(self._heading(), fontsize=9)

    def _largest(self, count: int) -> AnyArray:
        return np.argsort(-np.abs(self.attributions), kind="stable")[:count]

    def _heading(self) -> str:
        heading = f"{self.method.replace('_', ' ')} of output {self.output}"
        if self.gap is None:
            return heading
        sums = f"sum {self.attributions.sum():.4g} for {self.gap:.4g}"
        return f"{heading}:\n{sums}, residual {self.residual:.1e}"

    def describe(self) -> str:
        """Describe the inputs with the largest attributions.

        Returns
        -------
        str
        """
        most = ", ".join(f"{self.names[row]} {self.attributions[row]:+.3g}" for row in self._largest(5))
        return f"{self._heading()}\nmost: {most}."


def _example(x: Any, n_x: int, name: str, dtype: Any) -> Array:
    """One example as a column (n_x, 1); ``name`` is that of the argument."""
    x = np.asarray(x)
    if x.size != n_x:
        raise ShapeError.must_be(name, f"one example of {n_x} inputs", f"shape {x.shape}")
    return check_inputs(x.reshape(n_x, 1), n_x, dtype=dtype)
