"""A gradient check as a map: every derivative of every layer, and how far it is from finite differences."""

import re
from typing import Any

import numpy as np

from deepstep.inspection import GradientReport, Trace
from deepstep.plots.colours import SIZES
from deepstep.plots.drawing import new_figure
from deepstep.plots.sources import check_network
from deepstep.types import Array

SIGNS = {"good": "✓", "wrong": "✗ wrong", "wrong shape": "✗ shape", "not checkable": "?"}
"""Words in a cell beside its number, so that no colour has to be told apart."""

QUANTITY = re.compile(r"(?P<kind>d.+?)(?P<layer>\d+)")
"""The name of a derivative; that of layer 0 belongs to no layer that learns."""

LEAST = 1e-16
"""Differences below are rounding, and drawn as this."""


class GradientCheckDisplay:
    """The differences of a gradient check: a row for each kind of quantity, a column for each layer.

    Parameters
    ----------
    kinds : tuple of str
        ``"dW"``, ``"db"``, …
    differences : array of shape (kinds, L)
        Relative differences; NaN where a layer has no such quantity.
    verdicts : dict
        By row and column: "good", "wrong", "wrong shape" or "not checkable".
    tolerance : float or None
        From which on a difference is wrong.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    image_ : matplotlib image
        log₁₀ of the differences.
    texts_ : dict of texts
        By row and column.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from deepstep import Network
    >>> report = Network([1, 1], seed=1).check_gradients([[1.0, 2.0]], [[0, 1]])
    >>> display = GradientCheckDisplay.from_report(report)
    >>> display.kinds, display.differences.shape
    (('dW', 'db'), (2, 1))
    """

    def __init__(
        self,
        *,
        kinds: tuple[str, ...],
        differences: Array,
        verdicts: dict[tuple[int, int], str],
        tolerance: float | None,
    ) -> None:
        self.kinds = kinds
        self.differences = differences
        self.verdicts = verdicts
        self.tolerance = tolerance

    @classmethod
    def from_report(cls, report: GradientReport) -> "GradientCheckDisplay":
        """The map of a report.

        report: The result of `Network.check_gradients`.
        returns: Not drawn yet.
        """
        found = {f"d{check.name}": (check.difference, check.verdict) for check in report.checks}
        return cls._of(found, report.tolerance)

    @classmethod
    def from_trace(cls, trace: Trace) -> "GradientCheckDisplay":
        """Check every derivative of a step, dZ and dA too.

        trace: A trace of all layers.
        returns: Not drawn yet.
        """
        found = {check.name: (check.difference, check.verdict) for check in trace.check().checks}
        return cls._of(found, None)

    @classmethod
    def from_network(cls, network: Any, X: Any, Y: Any) -> "GradientCheckDisplay":
        """Check the gradients of a network on some examples.

        network (Network):
        X, Y (array of shape (n_x, m) and (n_L, m)): Columns are examples.
        returns: Not drawn yet.
        ConfigurationError, ShapeError, DataError: If this is no network, or the examples do not fit.
        """
        network = check_network(network, "GradientCheckDisplay.from_network")
        return cls.from_report(network.check_gradients(X, Y))

    @classmethod
    def _of(cls, found: dict[str, tuple[float, str]], tolerance: float | None) -> "GradientCheckDisplay":
        named = [match for match in map(QUANTITY.fullmatch, found) if match and match["layer"] != "0"]
        kinds = tuple(dict.fromkeys(match["kind"] for match in named))
        differences = np.full((len(kinds), max(int(match["layer"]) for match in named)), np.nan)
        verdicts = {}
        for match in named:
            place = kinds.index(match["kind"]), int(match["layer"]) - 1
            differences[place], verdicts[place] = found[match[0]]
        return cls(kinds=kinds, differences=differences, verdicts=verdicts, tolerance=tolerance)

    @property
    def passed(self) -> bool:
        """Whether no derivative is wrong."""
        return not any(verdict.startswith("wrong") for verdict in self.verdicts.values())

    def plot(self, *, ax: Any = None) -> "GradientCheckDisplay":
        """Draw the map.

        ax (matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs to no window.
        returns: With ``figure_``, ``ax_``, ``image_`` and ``texts_``.
        MissingPackageError: When matplotlib is not installed.
        """
        rows, layers = self.differences.shape
        if ax is None:
            size = max(4.5, 1.15 * layers + 2.2), 0.75 * rows + 1.3
            ax = new_figure("GradientCheckDisplay.plot", size).subplots()
        self.ax_: Any = ax
        self.figure_: Any = ax.figure
        with np.errstate(invalid="ignore"):
            shown = np.log10(np.clip(self.differences, LEAST, 1.0))
        self.image_: Any = ax.imshow(shown, cmap=SIZES, vmin=np.log10(LEAST), vmax=0.0, aspect="auto")
        self.texts_: dict[tuple[int, int], Any] = {}
        for (row, column), verdict in self.verdicts.items():
            value = self.differences[row, column]
            number = f"{value:.0e}\n" if np.isfinite(value) else ""
            light = not shown[row, column] > np.log10(LEAST) / 2
            self.texts_[row, column] = ax.text(
                column,
                row,
                f"{number}{SIGNS[verdict]}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if light else "black",
            )
        ax.set_xticks(range(layers), [f"layer {layer}" for layer in range(1, layers + 1)])
        ax.set_yticks(range(rows), self.kinds)
        ax.set_title("gradients are right" if self.passed else "gradients are WRONG", fontsize=10)
        ax.figure.colorbar(self.image_, ax=ax, label="log₁₀ of the difference")
        return self

    def describe(self) -> str:
        """The content of the figure in words.

        returns: The verdict, and the largest difference of each kind.
        """
        limit = "" if self.tolerance is None else f", tolerance {self.tolerance:.0e}"
        lines = [f"Gradients are {'right' if self.passed else 'WRONG'}{limit}."]
        for row, kind in enumerate(self.kinds):
            wrong = [
                f"layer {column + 1}"
                for (at, column), verdict in self.verdicts.items()
                if at == row and verdict.startswith("wrong")
            ]
            known = self.differences[row][np.isfinite(self.differences[row])]
            most = f"largest difference {known.max():.2e}" if len(known) else "nothing to compare"
            lines.append(f"{kind}: {most}{f'; wrong in {chr(44).join(wrong)}' if wrong else ''}.")
        return "\n".join(lines)
