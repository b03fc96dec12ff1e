"""How far an epoch moves the weights of each layer, compared with their size."""

from typing import Any, Self

import numpy as np

from deepstep.plots.colours import REFERENCE, series
from deepstep.plots.drawing import axes_for, epochs_below, in_sight, legend
from deepstep.plots.sources import OfTraining, looks_in
from deepstep.training import History
from deepstep.types import Array

USUAL = 1e-3
"""‖update‖ / ‖W‖ that one update usually has (CS231n, "Ratio of weights:updates")."""


class UpdateRatioDisplay(OfTraining):
    """‖change of W over an epoch‖ / ‖W‖, layer by layer, with the range that is usual.

    Parameters
    ----------
    epochs : array of shape (k,)
    ratios : array of shape (k, L)
        NaN where W was 0.
    updates : float
        Updates in an epoch: with n of them, 1e-3·√n (each in a direction of its own) to 1e-3·n (all in the
        same one) is usual.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    lines_ : list of matplotlib lines
        One for each layer.
    band_ : matplotlib artist
        The usual range.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> display = UpdateRatioDisplay(epochs=np.arange(2.0), ratios=np.array([[0.01], [0.002]]), updates=4)
    >>> display.usual
    (0.002, 0.004)
    >>> print(display.describe())
    4 updates an epoch: 0.002 to 0.004 is usual for ‖change of W‖ / ‖W‖.
    layer 1: 0.01 in epoch 0, 0.002 in epoch 1, median 0.006.
    """

    def __init__(self, *, epochs: Array, ratios: Array, updates: float) -> None:
        self.epochs = epochs
        self.ratios = ratios
        self.updates = updates

    @classmethod
    def from_history(cls, history: History) -> Self:
        """The display of a training that was watched by the callback `Health`.

        returns (UpdateRatioDisplay): Not drawn yet.
        DataError: If no record has health.
        """
        looks = looks_in(history, ("update_ratio",), "UpdateRatioDisplay.from_history")
        return cls(epochs=looks.epochs, ratios=looks.values["update_ratio"], updates=looks.updates)

    @property
    def usual(self) -> tuple[float, float]:
        """The range of ratios that an epoch of so many updates usually has."""
        return USUAL * float(np.sqrt(self.updates)), USUAL * self.updates

    def plot(self, *, ax: Any = None) -> "UpdateRatioDisplay":
        """Draw a line for each layer, and the usual range.

        ax (matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs to no window.
        returns: With ``figure_``, ``ax_``, ``lines_`` and ``band_``.
        MissingPackageError: When matplotlib is not installed.
        """
        self.ax_: Any = axes_for(ax, "UpdateRatioDisplay.plot")
        self.figure_: Any = self.ax_.figure
        low, high = self.usual
        line = {"color": REFERENCE, "linewidth": 0.8}
        self.band_: Any = self.ax_.axhspan(
            low, high, facecolor="#808080", alpha=0.2, label="usual", hatch="//", linewidth=0
        )
        for edge in {low, high}:
            self.ax_.axhline(edge, **line)
        self.lines_: list[Any] = []
        for number, ratios in enumerate(self.ratios.T):
            shown = np.where(ratios > 0, ratios, np.nan)  # 0 has no place on a logarithmic axis
            style = series(number, len(shown))
            self.lines_ += self.ax_.plot(self.epochs, in_sight(shown), label=f"layer {number + 1}", **style)
        epochs_below(self.ax_)
        self.ax_.set(yscale="log", ylabel="‖change of W in an epoch‖ / ‖W‖")
        legend(self.ax_, len(self.lines_))
        return self

    def describe(self) -> str:
        """The content of the figure in words.

        returns: The usual range, and a line for each layer.
        """
        low, high = self.usual
        given = f"{self.updates:.3g} update{'' if self.updates == 1 else 's'} an epoch"
        usual = f"about {low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        lines = [f"{given}: {usual} is usual for ‖change of W‖ / ‖W‖."]
        for layer, ratios in enumerate(self.ratios.T, start=1):
            if np.isnan(ratios).all():
                lines.append(f"layer {layer}: W was always 0.")
                continue
            course = ", ".join(
                f"{ratios[at]:.3g} in epoch {self.epochs[at]:.0f}"
                for at in dict.fromkeys((0, len(ratios) - 1))
            )
            lines.append(f"layer {layer}: {course}, median {np.nanmedian(ratios):.3g}.")
        return "\n".join(lines)
