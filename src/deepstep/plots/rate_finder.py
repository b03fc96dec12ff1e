"""A search for a learning rate as a curve: the smoothed cost over the rate."""

from typing import Any

import numpy as np

from deepstep.plots.colours import OKABE_ITO, REFERENCE
from deepstep.plots.drawing import axes_for
from deepstep.training import RateSearch
from deepstep.types import Array

SMALLER = "No suggestion: search from a smaller rate."


class RateSearchDisplay:
    """The smoothed cost over the learning rates that a search tried, with its suggestion.

    Parameters
    ----------
    rates, costs : arrays of shape (k,)
        The rates tried, and the smoothed cost after the update at each.
    first_cost : float
        The cost before all of them.
    suggestion : float or None
        The rate suggested; None where the cost only rose.
    diverged : bool
        Whether the search ended before the last rate.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        After `plot`.
    ax_ : matplotlib.axes.Axes
        After `plot`.

    Examples
    --------
    >>> search = RateSearch(np.array([0.01, 0.1, 1.0]), np.array([0.6, 0.5, 3.1]), 0.7, 0.01, diverged=True)
    >>> print(RateSearchDisplay.from_search(search).describe())
    Learning rates from 0.01 to 1: the cost was lowest at 0.1 (0.7 at first, 0.5 there), then it diverged.
    Suggestion: 0.01, a tenth of that.
    """

    def __init__(
        self, *, rates: Array, costs: Array, first_cost: float, suggestion: float | None, diverged: bool
    ) -> None:
        self.rates = rates
        self.costs = costs
        self.first_cost = first_cost
        self.suggestion = suggestion
        self.diverged = diverged

    @classmethod
    def from_search(cls, search: RateSearch) -> "RateSearchDisplay":
        """The display of a search.

        search: The result of `Network.find_learning_rate`.
        returns: Not drawn yet.
        """
        return cls(**vars(search))

    def plot(self, *, ax: Any = None) -> "RateSearchDisplay":
        """Draw the curve.

        ax (matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs to no window: save
            it or show it as you like.
        returns: With ``figure_`` and ``ax_``.
        MissingPackageError: When matplotlib is not installed.
        """
        self.ax_: Any = axes_for(ax, "RateSearchDisplay.plot")
        self.figure_: Any = self.ax_.figure
        self.ax_.plot(self.rates, self.costs, color=OKABE_ITO[0])
        self.ax_.set(xscale="log", xlabel="learning rate", ylabel="smoothed cost")
        if self.suggestion is not None:
            self.ax_.axvline(
                self.suggestion, linestyle="--", color=REFERENCE, label=f"suggestion {self.suggestion:.3g}"
            )
            self.ax_.legend()
        return self

    def describe(self) -> str:
        """The content of the figure in words.

        returns: The rates tried, the costs, and the suggestion, in two lines.
        """
        if not len(self.rates):
            return f"The cost is not finite after the first learning rate.\n{SMALLER}"
        tried = f"Learning rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g}"
        if self.suggestion is None:
            return f"{tried}: the cost only rose.\n{SMALLER}"
        lowest = int(np.argmin(self.costs))
        end = ", then it diverged" if self.diverged else ""
        if lowest == len(self.costs) - 1 and not self.diverged:
            end = ", the last one: search up to a larger rate"
        at = f"the cost was lowest at {self.rates[lowest]:.3g}"
        costs = f"{self.first_cost:.3g} at first, {self.costs[lowest]:.3g} there"
        return f"{tried}: {at} ({costs}){end}.\nSuggestion: {self.suggestion:.3g}, a tenth of that."
