"""Displays of the layers: size of the gradient, statistics, updates, dead and saturated units."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from deepstep.equations.example_gradients import euclidean_norm
from deepstep.inspection import Trace
from deepstep.network.border import check_inputs
from deepstep.plots.drawing import (
    REFERENCE,
    FromHistory,
    Looks,
    OneAxes,
    check_network,
    drawable,
    legend,
    looks_in,
    series,
    whole_numbers,
)
from deepstep.training import History
from deepstep.training.health import layer_health
from deepstep.types import Array

MOST_MOMENTS = 5  # most epochs in the display of the gradient, evenly spread over the training
PANELS = {
    "activation_mean": "mean of A",
    "activation_deviation": "deviation of A",
    "weight_size": "root mean\nsquare of W",
    "gradient_norm": "‖∂J/∂θ‖",
}
"""Statistics of a layer, with the labels of their axes."""

SIGNED_QUANTITY = "activation_mean"  # the statistic that may be below 0; the others have a logarithmic axis
KINDS = ("dead", "saturated")

USUAL = 1e-3
"""‖update‖ / ‖W‖ that one update usually has (CS231n, "Ratio of weights:updates")."""


class HealthDisplay(FromHistory):
    """A display of quantities that the callback `Health` recorded for each layer."""

    quantities: ClassVar[tuple[str, ...]]

    @classmethod
    def _of_history(cls, history: History) -> Self:
        return cls._of_looks(looks_in(history, cls.quantities))

    @classmethod
    @abstractmethod
    def _of_looks(cls, looks: Looks) -> Self: ...


def _layer_lines(ax: Any, epochs: Array, values: Array, *, positive: bool = False) -> list[Any]:
    """Draw a line over the epochs for each layer, from values (k, L)."""
    lines: list[Any] = []
    for number, course in enumerate(values.T):
        style = series(number, len(course))
        lines += ax.plot(epochs, drawable(course, positive=positive), label=f"layer {number + 1}", **style)
    return lines


def _log_scale(ax: Any, values: Array) -> None:
    """A logarithmic axis, unless no value is above 0."""
    if np.nanmax(values, initial=0.0) > 0:
        ax.set_yscale("log")


@dataclass(kw_only=True, eq=False, repr=False)
class GradientFlowDisplay(HealthDisplay, OneAxes):
    """The norm of the gradient of each layer, at some moments of a training.

    Attributes
    ----------
    norms : array of shape (k, L)
        ‖∂J/∂θ‖ of each layer at each moment; NaN where it was not finite.
    moments : sequence of str
        Names of the moments.
    lines_ : list of matplotlib lines
        One for each moment that is drawn.

    Examples
    --------
    >>> print(GradientFlowDisplay(norms=np.array([[1e-6, 0.01]]), moments=["one step"]).describe())
    one step: the gradient's norm is 1e-06 in layer 1, 0.0001 times the 0.01 in layer 2.
    """

    norms: Array
    moments: Sequence[str]
    quantities: ClassVar = ("gradient_norm",)

    @classmethod
    def _of_looks(cls, looks: Looks) -> Self:
        moments = [f"epoch {epoch:.0f}" for epoch in looks.epochs]
        return cls(norms=looks.values["gradient_norm"], moments=moments)

    @classmethod
    def from_trace(cls, trace: Trace) -> Self:
        """The display of one step.

        Parameters
        ----------
        trace : Trace
            A trace of all layers.

        Returns
        -------
        display
            The display, not drawn yet.
        """
        norms = np.zeros(trace.architecture.n_layers)
        for entry in trace:
            if entry.phase == "backward" and entry.name[1:] in trace.architecture.graph.learned:
                norms[entry.layer - 1] = np.hypot(norms[entry.layer - 1], euclidean_norm(entry.value))
        return cls(norms=norms[np.newaxis], moments=["one step"])

    @classmethod
    def from_network(cls, network: Any, X: Any, Y: Any) -> Self:
        """The display of a network's gradient on some examples.

        Parameters
        ----------
        network : Network
            The network.
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError, DataError
            If this is no network, or the examples do not fit.
        """
        return cls.from_trace(check_network(network).trace(X, Y))

    def _draw(self, ax: Any) -> None:
        layers, count = np.arange(1, self.norms.shape[1] + 1), len(self.moments)
        rows = sorted({round(row) for row in np.linspace(0, count - 1, min(count, MOST_MOMENTS))})
        self.lines_: list[Any] = []
        for number, row in enumerate(rows):
            shown, style = drawable(self.norms[row], positive=True), series(number, len(layers))
            self.lines_ += ax.plot(layers, shown, label=self.moments[row], **style | {"markevery": 1})
        _log_scale(ax, self.norms)
        whole_numbers(ax, "layer (1 is next to the input)")
        ax.set_ylabel("norm of the gradient ∂J/∂θ")
        legend(ax)

    def describe(self) -> str:
        """Compare the first with the last layer, at the first and the last moment.

        Returns
        -------
        str
        """
        lines = []
        for row in dict.fromkeys((0, len(self.moments) - 1)):
            first, last = self.norms[row, [0, -1]]
            share = f"{first / last:.2g} times the " if last > 0 else ""
            if not np.isfinite([first, last]).all():
                lines.append(f"{self.moments[row]}: the gradient is not finite in every layer.")
                continue
            nothing = [str(layer) for layer, norm in enumerate(self.norms[row], start=1) if not norm > 0]
            without = f" Nothing arrives in layer {', '.join(nothing)}." if nothing else ""
            norms = f"{first:.3g} in layer 1, {share}{last:.3g} in layer {self.norms.shape[1]}"
            lines.append(f"{self.moments[row]}: the gradient's norm is {norms}.{without}")
        return "\n".join(lines)


@dataclass(kw_only=True, eq=False, repr=False)
class LayerStatisticsDisplay(HealthDisplay):
    """Mean and deviation of the activations, size of the weights and norm of the gradient, over the epochs.

    Attributes
    ----------
    epochs : array of shape (k,)
        Numbers of the epochs.
    statistics : dict
        ``activation_mean``, ``activation_deviation``, ``weight_size`` and ``gradient_norm``, arrays of shape
        (k, L); NaN where they were not finite.
    axes_ : ndarray of Axes
        One for each quantity that is drawn.
    lines_ : dict of lists
        The lines of each quantity, one for each layer.

    Examples
    --------
    >>> sizes = {"weight_size": np.array([[1], [2]])}
    >>> print(LayerStatisticsDisplay(epochs=np.arange(2.0), statistics=sizes).describe())
    weight size: layer 1 from 1 to 2.
    """

    epochs: Array
    statistics: dict[str, Array]
    quantities: ClassVar = tuple(PANELS)

    @classmethod
    def _of_looks(cls, looks: Looks) -> Self:
        return cls(epochs=looks.epochs, statistics=looks.values)

    def plot(self, *, quantity: str | None = None, ax: Any = None) -> Self:
        """Draw a line for each layer: all quantities below each other, or one.

        Parameters
        ----------
        quantity : str, optional
            Name of the quantity to draw; by default all, on given axes the first.
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure without a window.

        Returns
        -------
        Self
        """
        names = list(self.statistics) if quantity is None else [quantity]
        if ax is None:
            figure = self._new_figure((6.4, 0.8 + 1.7 * len(names)))
            self.axes_: Any = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
        else:
            names, self.axes_ = names[:1], np.array([ax])
        self.figure_ = self.axes_[0].figure
        self.lines_: dict[str, list[Any]] = {}
        for place, name in zip(self.axes_, names, strict=True):
            values, positive = self.statistics[name], name != SIGNED_QUANTITY
            self.lines_[name] = _layer_lines(place, self.epochs, values, positive=positive)
            if positive:
                _log_scale(place, values)
            place.set_ylabel(PANELS.get(name, name))
        legend(self.axes_[0], beside=True)
        whole_numbers(self.axes_[-1], "epoch")
        return self

    def describe(self) -> str:
        """Describe how each quantity changed in each layer.

        Returns
        -------
        str
        """
        return "\n".join(
            f"{name.replace('_', ' ')}: "
            + ", ".join(
                f"layer {layer} from {course[0]:.3g} to {course[-1]:.3g}"
                for layer, course in enumerate(values.T, start=1)
            )
            + "."
            for name, values in self.statistics.items()
        )


@dataclass(kw_only=True, eq=False, repr=False)
class UnitHealthDisplay(HealthDisplay):
    """The shares of dead and of saturated units, layer by layer.

    Attributes
    ----------
    epochs : array of shape (k,)
        Numbers of the epochs; None for a single look.
    dead, saturated : array of shape (k, L)
        Shares from 0 to 1; NaN where none is defined: for the saturation of the output, and where units
        depend on each other.
    axes_ : array of Axes of shape (2,)
        Those of the dead and of the saturated units.
    artists_ : dict of lists
        For ``"dead"`` and ``"saturated"``: the lines of the layers, for a single look its bars.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[1.0], [-1.0]], "b1": [[0.0], [0.0]], "W2": [[1, 1]], "b2": [[0]]})
    >>> print(UnitHealthDisplay.from_network(net, [[1.0, 3.0]]).describe())
    layer 1: 50 % of the units are dead, 0 % saturated.
    layer 2: 0 % of the units are dead.
    """

    epochs: Array | None
    dead: Array
    saturated: Array
    quantities: ClassVar = KINDS

    @classmethod
    def _of_looks(cls, looks: Looks) -> Self:
        return cls(epochs=looks.epochs, **looks.values)

    @classmethod
    def from_network(cls, network: Any, X: Any) -> Self:
        """The display of a network as it is, on some examples.

        Parameters
        ----------
        network : Network
            The network.
        X : array of shape (n_x, m)
            Examples, as columns: some hundred, because a unit that few examples activate looks dead on few.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError, DataError
            If this is no network, or the examples do not fit.
        """
        network = check_network(network)
        X = check_inputs(X, network.architecture.n_inputs, dtype=network.dtype)
        layers = layer_health(network.architecture, network.parameters, X)
        dead, saturated = (np.array([[layer[kind] for layer in layers]], dtype=float) for kind in KINDS)
        return cls(epochs=None, dead=dead, saturated=saturated)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw both shares: over the epochs as lines, for a single look as bars.

        Parameters
        ----------
        axes : sequence of two matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.

        Returns
        -------
        Self
        """
        if axes is None:
            axes = self._new_figure((7.2, 3.4)).subplots(1, 2, sharey=True)
        self.axes_: Any = np.asarray(axes)
        self.figure_ = self.axes_[0].figure
        self.artists_: dict[str, list[Any]] = {}
        for ax, kind in zip(self.axes_, KINDS, strict=True):
            shares = getattr(self, kind)
            if self.epochs is None:
                layers, heights = np.arange(1, shares.shape[1] + 1), np.nan_to_num(shares[0])
                self.artists_[kind] = list(ax.bar(layers, heights, color=series(0, 1)["color"]))
            else:
                self.artists_[kind] = _layer_lines(ax, self.epochs, shares)
            whole_numbers(ax, "layer" if self.epochs is None else "epoch")
            ax.set(title=f"{kind} units", ylim=(-0.03, 1.03))
        self.axes_[0].set_ylabel("share of the layer's units")
        if self.epochs is not None:
            legend(self.axes_[-1], self.dead.shape[1])
        return self

    def describe(self) -> str:
        """Describe each layer in the last epoch.

        Returns
        -------
        str
        """
        lines = []
        for layer, (dead, saturated) in enumerate(
            zip(self.dead[-1], self.saturated[-1], strict=True), start=1
        ):
            also = "" if np.isnan(saturated) else f", {100 * saturated:.0f} % saturated"
            lines.append(f"layer {layer}: {100 * dead:.0f} % of the units are dead{also}.")
        if self.epochs is not None and len(self.epochs) > 1:
            lines.insert(0, f"After epoch {self.epochs[-1]:.0f}, the last of {len(self.epochs)} looks:")
        return "\n".join(lines)


@dataclass(kw_only=True, eq=False, repr=False)
class UpdateRatioDisplay(HealthDisplay, OneAxes):
    """‖change of W over an epoch‖ / ‖W‖, layer by layer, with the usual range.

    Attributes
    ----------
    epochs : array of shape (k,)
        Numbers of the epochs.
    ratios : array of shape (k, L)
        The ratios; NaN where W was 0.
    updates : float
        Updates per epoch: with n updates, 1e-3·√n (in independent directions) to 1e-3·n (all in the same
        direction) is usual.
    lines_ : list of matplotlib lines
        One for each layer.
    band_ : matplotlib artist
        The usual range.

    Examples
    --------
    >>> display = UpdateRatioDisplay(epochs=np.arange(2.0), ratios=np.array([[0.01], [0.002]]), updates=4)
    >>> display.usual
    (0.002, 0.004)
    >>> print(display.describe())
    4 updates an epoch: 0.002 to 0.004 is usual for ‖change of W‖ / ‖W‖.
    layer 1: 0.01 in epoch 0, 0.002 in epoch 1, median 0.006.
    """

    epochs: Array
    ratios: Array
    updates: float
    quantities: ClassVar = ("update_ratio",)

    @classmethod
    def _of_looks(cls, looks: Looks) -> Self:
        return cls(epochs=looks.epochs, ratios=looks.values["update_ratio"], updates=looks.updates)

    @property
    def usual(self) -> tuple[float, float]:
        """The usual range of the ratios, for this number of updates per epoch."""
        return USUAL * float(np.sqrt(self.updates)), USUAL * self.updates

    def _draw(self, ax: Any) -> None:
        low, high = self.usual
        self.band_: Any = ax.axhspan(
            low, high, facecolor="#808080", alpha=0.2, label="usual", hatch="//", linewidth=0
        )
        for edge in {low, high}:
            ax.axhline(edge, color=REFERENCE, linewidth=0.8)
        self.lines_: list[Any] = _layer_lines(ax, self.epochs, self.ratios, positive=True)
        whole_numbers(ax, "epoch")
        ax.set(yscale="log", ylabel="‖change of W in an epoch‖ / ‖W‖")
        legend(ax, len(self.lines_))

    def describe(self) -> str:
        """Describe the usual range, and the first, last and median ratio of each layer.

        Returns
        -------
        str
        """
        low, high = self.usual
        updates = f"{self.updates:.3g} update{'' if self.updates == 1 else 's'} an epoch"
        usual = f"about {low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        lines = [f"{updates}: {usual} is usual for ‖change of W‖ / ‖W‖."]
        for layer, ratios in enumerate(self.ratios.T, start=1):
            if np.isnan(ratios).all():
                lines.append(f"layer {layer}: W was always 0.")
                continue
            course = ", ".join(
                f"{ratios[row]:.3g} in epoch {self.epochs[row]:.0f}"
                for row in dict.fromkeys((0, len(ratios) - 1))
            )
            lines.append(f"layer {layer}: {course}, median {np.nanmedian(ratios):.3g}.")
        return "\n".join(lines)
