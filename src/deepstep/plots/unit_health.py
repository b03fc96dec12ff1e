"""Units that are dead or saturated: the share of them in each layer."""

from typing import Any, Self

import numpy as np

from deepstep.network.border import check_inputs
from deepstep.plots.colours import series
from deepstep.plots.drawing import epochs_below, legend, new_figure
from deepstep.plots.sources import OfTraining, check_network, looks_in
from deepstep.training import History
from deepstep.training.health import layer_health
from deepstep.types import Array

KINDS = ("dead", "saturated")


class UnitHealthDisplay(OfTraining):
    """The shares of dead and of saturated units, layer by layer.

    Parameters
    ----------
    epochs : array of shape (k,) or None
        Of the looks; None for a single one.
    dead, saturated : arrays of shape (k, L)
        Shares from 0 to 1; NaN where nothing can be said: of the output's saturation, or where units depend
        on each other.

    Attributes
    ----------
    axes_ : ndarray of Axes (2,)
        Of the dead, and of the saturated ones.
    artists_ : dict of lists
        For ``"dead"`` and ``"saturated"``: the lines of the layers, of a single look its bars.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[1.0], [-1.0]], "b1": [[0.0], [0.0]], "W2": [[1, 1]], "b2": [[0]]})
    >>> print(UnitHealthDisplay.from_network(net, [[1.0, 3.0]]).describe())
    layer 1: 50 % of the units are dead, 0 % saturated.
    layer 2: 0 % of the units are dead.
    """

    def __init__(self, *, epochs: Array | None, dead: Array, saturated: Array) -> None:
        self.epochs = epochs
        self.dead = dead
        self.saturated = saturated

    @classmethod
    def from_history(cls, history: History) -> Self:
        """The display of a training that was watched by the callback `Health`.

        returns (UnitHealthDisplay): Not drawn yet.
        DataError: If no record has health.
        """
        looks = looks_in(history, KINDS, "UnitHealthDisplay.from_history")
        return cls(epochs=looks.epochs, dead=looks.values["dead"], saturated=looks.values["saturated"])

    @classmethod
    def from_network(cls, network: Any, X: Any) -> "UnitHealthDisplay":
        """The display of a network as it is, on some examples.

        network (Network):
        X (n_x, m): Columns are examples: some hundred, as a unit that few of them wake looks dead on few.
        returns: Not drawn yet.
        ConfigurationError, ShapeError, DataError: If this is no network, or the examples do not fit.
        """
        where = "UnitHealthDisplay.from_network"
        network = check_network(network, where)
        X = check_inputs(X, network.architecture.n_inputs, where, dtype=network.dtype)
        found = layer_health(network.architecture, network.parameters, X)
        dead, saturated = (np.array([[layer[kind] for layer in found]], dtype=float) for kind in KINDS)
        return cls(epochs=None, dead=dead, saturated=saturated)

    def plot(self, *, axes: Any = None) -> "UnitHealthDisplay":
        """Draw both shares: over the epochs, or of a single look as bars.

        axes (sequence of two matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs
            to no window.
        returns: With ``figure_``, ``axes_`` and ``artists_``.
        MissingPackageError: When matplotlib is not installed.
        """
        if axes is None:
            figure = new_figure("UnitHealthDisplay.plot", (7.2, 3.4))
            axes = figure.subplots(1, 2, sharey=True)
        self.axes_: Any = np.asarray(axes)
        self.figure_: Any = self.axes_[0].figure
        self.artists_: dict[str, list[Any]] = {}
        for ax, kind, shares in zip(self.axes_, KINDS, (self.dead, self.saturated), strict=True):
            drawn = self._bars(ax, shares) if self.epochs is None else self._lines(ax, shares)
            self.artists_[kind] = drawn
            ax.set(title=f"{kind} units", ylim=(-0.03, 1.03))
        self.axes_[0].set_ylabel("share of the layer's units")
        if self.epochs is not None:
            legend(self.axes_[-1], self.dead.shape[1])
        return self

    def _bars(self, ax: Any, shares: Array) -> list[Any]:
        layers = np.arange(1, shares.shape[1] + 1)
        ax.set_xlabel("layer")
        ax.xaxis.get_major_locator().set_params(integer=True)
        return list(ax.bar(layers, np.nan_to_num(shares[0]), color=series(0, 1)["color"]))

    def _lines(self, ax: Any, shares: Array) -> list[Any]:
        lines: list[Any] = []
        for number, course in enumerate(shares.T):
            lines += ax.plot(self.epochs, course, label=f"layer {number + 1}", **series(number, len(course)))
        epochs_below(ax)
        return lines

    def describe(self) -> str:
        """The content of the figure in words.

        returns: A line for each layer, of the last look.
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
