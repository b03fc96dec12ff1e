"""How large the gradient is in each layer: whether it comes through to the first one."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from deepstep.inspection import Trace
from deepstep.plots.colours import series
from deepstep.plots.drawing import axes_for, in_sight
from deepstep.plots.sources import OfTraining, check_network, looks_in
from deepstep.training import History
from deepstep.types import Array

MOST_LOOKS = 5
"""So many epochs are drawn, evenly spread over the training."""


class GradientFlowDisplay(OfTraining):
    """The norm of the gradient of each layer, at some moments of a training.

    Parameters
    ----------
    norms : array of shape (k, L)
        ‖∂J/∂θ‖ of each layer, in each of k moments; NaN where it was not finite.
    moments : sequence of str
        Their names.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    lines_ : list of matplotlib lines
        One for each moment that is drawn.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> print(GradientFlowDisplay(norms=np.array([[1e-6, 0.01]]), moments=["one step"]).describe())
    one step: the gradient's norm is 1e-06 in layer 1, 0.0001 times the 0.01 in layer 2.
    """

    def __init__(self, *, norms: Array, moments: Sequence[str]) -> None:
        self.norms = norms
        self.moments = list(moments)

    @classmethod
    def from_history(cls, history: History) -> Self:
        """The display of a training that was watched by the callback `Health`.

        returns (GradientFlowDisplay): With every look in ``norms``.
        DataError: If no record has health.
        """
        looks = looks_in(history, ("gradient_norm",), "GradientFlowDisplay.from_history")
        moments = [f"epoch {epoch:.0f}" for epoch in looks.epochs]
        return cls(norms=looks.values["gradient_norm"], moments=moments)

    @classmethod
    def from_trace(cls, trace: Trace) -> "GradientFlowDisplay":
        """The display of one step.

        trace: A trace of all layers.
        returns: Not drawn yet.
        """
        squares = np.zeros(trace.architecture.n_layers)
        for entry in trace:
            if entry.phase == "backward" and entry.name[1:] in trace.architecture.graph.learned:
                squares[entry.layer - 1] += np.square(entry.value).sum()
        return cls(norms=np.sqrt(squares)[np.newaxis], moments=["one step"])

    @classmethod
    def from_network(cls, network: Any, X: Any, Y: Any) -> "GradientFlowDisplay":
        """The display of a network's gradient on some examples.

        network (Network):
        X, Y (array of shape (n_x, m) and (n_L, m)): Columns are examples.
        returns: Not drawn yet.
        ConfigurationError, ShapeError, DataError: If this is no network, or the examples do not fit.
        """
        return cls.from_trace(check_network(network, "GradientFlowDisplay.from_network").trace(X, Y))

    def plot(self, *, ax: Any = None) -> "GradientFlowDisplay":
        """Draw a line over the layers for each moment; of many, for some that are evenly spread.

        ax (matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs to no window.
        returns: With ``figure_``, ``ax_`` and ``lines_``.
        MissingPackageError: When matplotlib is not installed.
        """
        self.ax_: Any = axes_for(ax, "GradientFlowDisplay.plot")
        self.figure_: Any = self.ax_.figure
        layers = np.arange(1, self.norms.shape[1] + 1)
        self.lines_: list[Any] = []
        for number, row in enumerate(self._shown):
            style = series(number, len(layers)) | {"markevery": 1}
            self.lines_ += self.ax_.plot(
                layers, in_sight(self._positive(row)), label=self.moments[row], **style
            )
        if np.nanmax(self.norms, initial=0.0) > 0:
            self.ax_.set_yscale("log")
        self.ax_.set(xlabel="layer (1 is next to the input)", ylabel="norm of the gradient ∂J/∂θ")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.legend(fontsize="small", framealpha=0.8)
        return self

    @property
    def _shown(self) -> list[int]:
        count = len(self.moments)
        return sorted({round(at) for at in np.linspace(0, count - 1, min(count, MOST_LOOKS))})

    def _positive(self, row: int) -> Array:
        """A norm of 0 has no place on a logarithmic axis: there is a gap."""
        return np.where(self.norms[row] > 0, self.norms[row], np.nan)

    def describe(self) -> str:
        """The content of the figure in words.

        returns: First and last layer of the first and the last moment, and layers without a gradient.
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
