"""Display of each layer over the training: activations, weights, gradients."""

from typing import Any, Self

import numpy as np

from deepstep.plots.colours import series
from deepstep.plots.drawing import epochs_below, in_sight, legend, new_figure
from deepstep.plots.sources import OfTraining, looks_in
from deepstep.training import History
from deepstep.types import Array

PANELS = {
    "activation_mean": "mean of A",
    "activation_deviation": "deviation of A",
    "weight_size": "root mean\nsquare of W",
    "gradient_norm": "‖∂J/∂θ‖",
}
"""The quantities, with what stands at their axis."""

SIGNED_QUANTITY = "activation_mean"
"""Quantities that may be below 0; all others stand on a logarithmic axis."""


class LayerStatisticsDisplay(OfTraining):
    """Mean and deviation of the activations, size of the weights, and norm of the gradient, over the epochs.

    Parameters
    ----------
    epochs : array of shape (k,)
    statistics : dict of arrays of shape (k, L)
        ``activation_mean``, ``activation_deviation``, ``weight_size`` and ``gradient_norm``; NaN where they
        were not finite.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each quantity that is drawn.
    lines_ : dict of lists
        The lines of each quantity, one for each layer.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> sizes = {"weight_size": np.array([[1], [2]])}
    >>> print(LayerStatisticsDisplay(epochs=np.arange(2.0), statistics=sizes).describe())
    weight size: layer 1 from 1 to 2.
    """

    def __init__(self, *, epochs: Array, statistics: dict[str, Array]) -> None:
        self.epochs = epochs
        self.statistics = statistics

    @classmethod
    def from_history(cls, history: History) -> Self:
        """The display of a training that was watched by the callback `Health`.

        returns (LayerStatisticsDisplay): Not drawn yet.
        DataError: If no record has health.
        """
        looks = looks_in(history, tuple(PANELS), "LayerStatisticsDisplay.from_history")
        return cls(epochs=looks.epochs, statistics=looks.values)

    def plot(self, *, quantity: str | None = None, ax: Any = None) -> "LayerStatisticsDisplay":
        """Draw a line for each layer: all quantities under each other, or one.

        quantity: The name of one that is drawn alone.
        ax (matplotlib.axes.Axes): Where to draw it, or the first one; by default on a new figure, which
            belongs to no window.
        returns: With ``figure_``, ``axes_`` and ``lines_``.
        MissingPackageError: When matplotlib is not installed.
        """
        names = list(self.statistics) if quantity is None else [quantity]
        if ax is None:
            figure = new_figure("LayerStatisticsDisplay.plot", (6.4, 0.8 + 1.7 * len(names)))
            self.axes_: Any = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
        else:
            names, self.axes_ = names[:1], np.array([ax])
        self.figure_: Any = self.axes_[0].figure
        self.lines_: dict[str, list[Any]] = {}
        for place, name in zip(self.axes_, names, strict=True):
            self.lines_[name] = self._plot(place, name)
        legend(self.axes_[0], len(self.lines_[names[0]]), beside=True)
        epochs_below(self.axes_[-1])
        return self

    def _plot(self, ax: Any, name: str) -> list[Any]:
        lines: list[Any] = []
        positive = name != SIGNED_QUANTITY
        for number, values in enumerate(self.statistics[name].T):
            shown = np.where(values > 0, values, np.nan) if positive else values
            style = series(number, len(shown))
            lines += ax.plot(self.epochs, in_sight(shown), label=f"layer {number + 1}", **style)
        if positive and np.nanmax(self.statistics[name], initial=0.0) > 0:
            ax.set_yscale("log")
        ax.set_ylabel(PANELS.get(name, name))
        return lines

    def describe(self) -> str:
        """The content of the figure in words.

        returns: A line for each quantity.
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
