"""The course of a training: cost and metrics, of training and of validation, with the learning rate."""

from typing import Any, Self

import numpy as np

from deepstep.errors import DataError
from deepstep.plots.colours import REFERENCE, series
from deepstep.plots.drawing import epochs_below, in_sight, legend, new_figure, plain
from deepstep.plots.sources import OfTraining, check_history
from deepstep.training import History
from deepstep.types import Array, is_number

NO_METRICS = ("epoch", "step", "cost", "validation_cost", "learning_rate", "seconds", "examples")
"""Numbers in records that are no metrics."""

LOG_FROM = 100.0
"""A cost that falls by this factor is drawn on a logarithmic scale."""


class TrainingCurveDisplay(OfTraining):
    """Cost, metrics and learning rate over the epochs.

    Parameters
    ----------
    epochs : array of shape (k,)
        Their numbers, from 0.
    costs : array of shape (k,)
        J of each; NaN where it was not finite.
    validation_costs : array of shape (k,) or None
    metrics : dict of arrays of shape (k,)
        Other numbers of the records, such as ``"validation_score"``.
    rates : array of shape (k,)
        The learning rate; NaN where there is none.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        That of the cost, after `plot`.
    axes_ : ndarray of Axes
        That of the cost, of the metrics if there are some, and of the rate where it moves.
    lines_ : dict
        The lines by the name of what they show.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> costs = [(0.7, 0.69), (0.4, 0.5), (0.2, 0.6)]
    >>> history = History({"epoch": e, "cost": a, "validation_cost": b} for e, (a, b) in enumerate(costs))
    >>> print(TrainingCurveDisplay.from_history(history).describe())
    3 epochs: the cost went from 0.7 to 0.2, lowest 0.2 in epoch 2.
    On validation data it went from 0.69 to 0.6, lowest 0.5 in epoch 1.
    """

    def __init__(
        self,
        *,
        epochs: Array,
        costs: Array,
        validation_costs: Array | None = None,
        metrics: dict[str, Array] | None = None,
        rates: Array,
    ) -> None:
        self.epochs = epochs
        self.costs = costs
        self.validation_costs = validation_costs
        self.metrics = metrics or {}
        self.rates = rates

    @classmethod
    def from_history(cls, history: History) -> Self:
        """The display of a history.

        history: The result of `Network.train`, or the history of a run.
        returns (TrainingCurveDisplay): Not drawn yet.
        ConfigurationError, DataError: If it is no history, or empty.
        """
        if not len(check_history(history, "TrainingCurveDisplay.from_history")):
            raise DataError("TrainingCurveDisplay", "at least one epoch", "got an empty history")
        names = dict.fromkeys(
            name
            for record in history
            for name, value in record.items()
            if is_number(value) and name not in NO_METRICS
        )
        validated = any("validation_cost" in record for record in history)
        return cls(
            epochs=history.column("epoch"),
            costs=_column(history, "cost"),
            validation_costs=_column(history, "validation_cost") if validated else None,
            metrics={name: _column(history, name) for name in names},
            rates=_column(history, "learning_rate"),
        )

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the lowest validation cost, without one of the lowest cost; None if none is finite."""
        watched = self.costs if self.validation_costs is None else self.validation_costs
        return None if np.isnan(watched).all() else int(self.epochs[np.nanargmin(watched)])

    def plot(self, *, ax: Any = None) -> "TrainingCurveDisplay":
        """Draw the curves.

        ax (matplotlib.axes.Axes): Where to draw the cost alone; by default cost, metrics and rate are drawn
            on a new figure, which belongs to no window.
        returns: With ``figure_``, ``ax_``, ``axes_`` and ``lines_``.
        MissingPackageError: When matplotlib is not installed.
        """
        parts = ["cost", *(["metrics"] if self.metrics else []), *(["rate"] if self._rate_moves else [])]
        if ax is None:
            heights = [{"cost": 3.0, "metrics": 2.2, "rate": 1.1}[part] for part in parts]
            figure = new_figure("TrainingCurveDisplay.plot", (6.4, 0.6 + sum(heights)))
            found = figure.subplots(len(parts), sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        else:
            parts, found = ["cost"], np.array([ax])
        self.axes_: Any = found
        self.ax_: Any = found[0]
        self.figure_: Any = self.ax_.figure
        self.lines_: dict[str, Any] = {}
        for part, place in zip(parts, found, strict=True):
            getattr(self, f"_plot_{part}")(place)
            place.margins(x=0.02)
        epochs_below(found[-1])
        return self

    @property
    def _rate_moves(self) -> bool:
        known = self.rates[~np.isnan(self.rates)]
        return len(known) > 0 and bool((known != known[0]).any())

    def _plot_cost(self, ax: Any) -> None:
        self._line(ax, "cost", "training", self.costs, 0)
        if self.validation_costs is not None:
            self._line(ax, "validation_cost", "validation", self.validation_costs, 1)
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color=REFERENCE, linestyle=":", linewidth=1)
            ax.plot([], [], ":", color=REFERENCE, linewidth=1, label=f"best epoch {self.best_epoch}")
        known = self.costs[np.isfinite(self.costs)]
        if len(known) and known.min() > 0 and known.max() > LOG_FROM * known.min():
            ax.set_yscale("log")
        ax.set_ylabel("cost J")
        ax.legend(fontsize="small", framealpha=0.8)

    def _plot_metrics(self, ax: Any) -> None:
        for number, (name, values) in enumerate(self.metrics.items()):
            self._line(ax, name, plain(name.replace("_", " ")), values, number)
        ax.set_ylabel("metrics")
        legend(ax, len(self.metrics))

    def _plot_rate(self, ax: Any) -> None:
        self._line(ax, "learning_rate", "learning rate", self.rates, 2)
        ax.set_ylabel("learning\nrate")

    def _line(self, ax: Any, name: str, label: str, values: Array, number: int) -> None:
        (self.lines_[name],) = ax.plot(
            self.epochs, in_sight(values), label=label, **series(number, len(values))
        )

    def describe(self) -> str:
        """The content of the figure in words.

        returns: A sentence for each curve.
        """
        count = len(self.epochs)
        lines = [f"{count} epoch{'' if count == 1 else 's'}: the cost {self._course(self.costs)}."]
        if self.validation_costs is not None:
            lines.append(f"On validation data it {self._course(self.validation_costs)}.")
        for name, values in self.metrics.items():
            lines.append(f"{name.replace('_', ' ')} went from {_first(values):.4g} to {_last(values):.4g}.")
        if self._rate_moves:
            lines.append(f"The learning rate went from {_first(self.rates):.3g} to {_last(self.rates):.3g}.")
        return "\n".join(lines)

    def _course(self, costs: Array) -> str:
        if np.isnan(costs).all():
            return "was never finite"
        lowest = int(np.nanargmin(costs))
        beyond = int(np.isnan(costs).sum())
        others = f" ({beyond} epochs had none that is finite)" if beyond else ""
        ends = f"went from {_first(costs):.4g} to {_last(costs):.4g}"
        return f"{ends}, lowest {costs[lowest]:.4g} in epoch {self.epochs[lowest]:.0f}{others}"


def _column(history: History, name: str) -> Array:
    """One quantity; NaN where it is not finite, or a callback of one's own wrote something else."""
    values = [record.get(name) for record in history]
    return np.array([value if is_number(value) else np.nan for value in values], dtype=float)


def _first(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known[0]) if len(known) else np.nan


def _last(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else np.nan
