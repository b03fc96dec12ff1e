"""Displays of a training: the training curve, and the search for a learning rate."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from deepstep.ensembles.ensemble import Ensemble
from deepstep.errors import DataError
from deepstep.plots.drawing import (
    MARKERS,
    OKABE_ITO,
    REFERENCE,
    FromHistory,
    OneAxes,
    drawable,
    legend,
    plain,
    series,
    whole_numbers,
)
from deepstep.training import History, RateSearch
from deepstep.types import AnyArray, Array, is_number

NO_METRICS = ("epoch", "step", "cost", "validation_cost", "learning_rate", "seconds", "examples")
"""Numbers in the records that are not metrics."""

LOG_FROM = 100.0  # a cost that falls by this factor is drawn on a logarithmic axis
HEIGHTS = {"cost": 3.0, "metrics": 2.2, "rate": 1.1}  # inches of each part of the training curve
SMALLER = "No suggestion: search from a smaller rate."


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingCurveDisplay(FromHistory):
    """Cost, metrics and learning rate over the epochs.

    Attributes
    ----------
    epochs : array of shape (k,)
        Numbers of the epochs, from 0.
    costs : array of shape (k,)
        J of each epoch; NaN where it was not finite.
    validation_costs : array of shape (k,), optional
        J on validation data, or None.
    validated : array of shape (k,), optional
        After which epochs it was computed; None for all.
    metrics : dict, optional
        Other numbers of the records, such as ``"validation_score"``, arrays of shape (k,).
    rates : array of shape (k,)
        The learning rate; NaN where there is none.
    members : tuple of (str, TrainingCurveDisplay), optional
        The displays of the members of an ensemble, with their presets; the values above are then their
        medians, over the members that reached the epoch.
    ax_ : matplotlib.axes.Axes
        That of the cost.
    axes_ : ndarray of Axes
        Those of the cost, of the metrics if there are any, and of the learning rate if it changes.
    lines_ : dict
        The lines, by the name of the quantity.

    Examples
    --------
    >>> costs = [(0.7, 0.69), (0.4, 0.5), (0.2, 0.6)]
    >>> history = History({"epoch": e, "cost": a, "validation_cost": b} for e, (a, b) in enumerate(costs))
    >>> print(TrainingCurveDisplay.from_history(history).describe())
    3 epochs: the cost went from 0.7 to 0.2, lowest 0.2 in epoch 2.
    On validation data it went from 0.69 to 0.6, lowest 0.5 in epoch 1.
    """

    epochs: Array
    costs: Array
    validation_costs: Array | None = None
    validated: AnyArray | None = None
    metrics: dict[str, Array] = field(default_factory=dict)
    rates: Array
    members: tuple[tuple[str, "TrainingCurveDisplay"], ...] = ()

    @classmethod
    def from_estimator(cls, estimator: Any, *, member: int | None = None) -> Self:
        """The display of a fitted estimator's training; of an ensemble that of all members.

        Parameters
        ----------
        estimator : DeepClassifier, DeepRegressor, NetworkClassifier or NetworkRegressor
            A fitted estimator.
        member : int, optional
            Index of one network in an ensemble; None for all.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, DataError
            If there is no such network, or its history is empty.
        """
        predictor = getattr(estimator, "predictor_", None)
        if member is not None or predictor is None or len(predictor.ensemble.members) == 1:
            return super().from_estimator(estimator, member=member)
        return cls.from_ensemble(predictor.ensemble)

    @classmethod
    def from_ensemble(cls, ensemble: Ensemble) -> Self:
        """The display of the trainings of all members.

        Parameters
        ----------
        ensemble : deepstep.ensembles.ensemble.Ensemble
            Networks with their histories.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        DataError
            If a history is empty.
        """
        histories = [member.network.history or History() for member in ensemble.members]
        displays = [cls._of_history(history) for history in histories]
        longest = max((display.epochs for display in displays), key=len)
        validated = all(display.validation_costs is not None for display in displays)
        names = [member.preset for member in ensemble.members]
        measured = np.concatenate([display.epochs[display._measured] for display in displays])
        return cls(
            epochs=longest,
            costs=_median([display.costs for display in displays]),
            validation_costs=_median([display._between for display in displays]) if validated else None,
            validated=np.isin(longest, measured),
            rates=np.full(len(longest), np.nan),
            members=tuple(zip(names, displays, strict=True)),
        )

    @classmethod
    def _of_history(cls, history: History) -> Self:
        if not len(history):
            raise DataError("The history has no epoch")
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
            validated=np.array(["validation_cost" in record for record in history]),
            metrics={name: _column(history, name) for name in names},
            rates=_column(history, "learning_rate"),
        )

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the lowest validation cost, else of the lowest cost; None if none is finite."""
        watched = self.costs if self.validation_costs is None else self.validation_costs
        return None if np.isnan(watched).all() else int(self.epochs[np.nanargmin(watched)])

    @property
    def _measured(self) -> Array:
        """Whether the validation cost was computed after each epoch (k,)."""
        return np.ones(len(self.epochs), bool) if self.validated is None else self.validated

    @property
    def _between(self) -> Array:
        """The validation costs, with straight lines between the epochs after which they were computed."""
        costs, known = np.asarray(self.validation_costs), self._measured
        if known.all() or not known.any():
            return costs
        return np.interp(self.epochs, self.epochs[known], costs[known], left=np.nan, right=np.nan)

    @property
    def _markers(self) -> dict[str, Any]:
        """The style of a line that has a marker at each measured point, where not all epochs have one."""
        known = self._measured
        if known.all():
            return {}
        return {"marker": MARKERS[1], "markersize": 3, "markevery": [*np.flatnonzero(known)]}

    @property
    def _rate_changes(self) -> bool:
        known = self.rates[~np.isnan(self.rates)]
        return len(known) > 0 and bool((known != known[0]).any())

    def plot(self, *, ax: Any = None) -> Self:
        """Draw cost, metrics and learning rate below each other; on given axes the cost alone.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure without a window.

        Returns
        -------
        Self
        """
        if ax is None:
            shown = {"cost": True, "metrics": bool(self.metrics), "rate": self._rate_changes}
            heights = [height for part, height in HEIGHTS.items() if shown[part]]
            figure = self._new_figure((6.4, 0.6 + sum(heights)))
            axes = figure.subplots(len(heights), sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        else:
            axes = np.array([ax])
        self.axes_: Any = axes
        self.ax_: Any = axes[0]
        self.figure_ = self.ax_.figure
        self.lines_: dict[str, Any] = {}
        self._draw_cost(axes[0])
        if self.metrics and len(axes) > 1:
            self._draw_metrics(axes[1])
        if self._rate_changes and ax is None:
            self._line(axes[-1], "learning_rate", "learning rate", self.rates, 2)
            axes[-1].set_ylabel("learning\nrate")
        for place in axes:
            place.margins(x=0.02)
        whole_numbers(axes[-1], "epoch")
        return self

    def _draw_cost(self, ax: Any) -> None:
        median = "median " if self.members else ""
        names = list(dict.fromkeys(name for name, _ in self.members))
        for name, member in self.members:
            style = {"color": OKABE_ITO[(names.index(name) + 2) % len(OKABE_ITO)], "linewidth": 0.8}
            costs = member.costs if member.validation_costs is None else member._between
            style |= {} if member.validation_costs is None else member._markers
            ax.plot(member.epochs, drawable(costs), alpha=0.5, **style)
        for name in names:
            color = OKABE_ITO[(names.index(name) + 2) % len(OKABE_ITO)]
            ax.plot([], [], color=color, linewidth=0.8, label=name)
        self._line(ax, "cost", f"{median}training", self.costs, 0)
        if self.validation_costs is not None:
            snapshots = "" if self._measured.all() else " (computed at the markers)"
            self._line(ax, "validation_cost", f"{median}validation{snapshots}", self._between, 1)
            self.lines_["validation_cost"].set(**self._markers)
        if self.best_epoch is not None and not self.members:
            ax.axvline(self.best_epoch, color=REFERENCE, linestyle=":", linewidth=1)
            ax.plot([], [], ":", color=REFERENCE, linewidth=1, label=f"best epoch {self.best_epoch}")
        known = self.costs[np.isfinite(self.costs)]
        if len(known) and known.min() > 0 and known.max() > LOG_FROM * known.min():
            ax.set_yscale("log")
        ax.set_ylabel("cost J")
        legend(ax)

    def _draw_metrics(self, ax: Any) -> None:
        for number, (name, values) in enumerate(self.metrics.items()):
            self._line(ax, name, plain(name.replace("_", " ")), values, number)
        ax.set_ylabel("metrics")
        legend(ax, len(self.metrics))

    def _line(self, ax: Any, name: str, label: str, values: Array, number: int) -> None:
        style = series(number, len(values))
        (self.lines_[name],) = ax.plot(self.epochs, drawable(values), label=label, **style)

    def describe(self) -> str:
        """Describe each curve in a sentence.

        Returns
        -------
        str
        """
        count, median = len(self.epochs), "median " if self.members else ""
        lines = [f"{count} epoch{'' if count == 1 else 's'}: the {median}cost {self._course(self.costs)}."]
        if self.members:
            lines[0] = f"{len(self.members)} networks of up to {lines[0]}"
        if self.validation_costs is not None:
            lines.append(f"On validation data it {self._course(self.validation_costs, self.validated)}.")
        for name, values in self.metrics.items():
            first, last = _ends(values)
            lines.append(f"{name.replace('_', ' ')} went from {first:.4g} to {last:.4g}.")
        if self._rate_changes:
            first, last = _ends(self.rates)
            lines.append(f"The learning rate went from {first:.3g} to {last:.3g}.")
        return "\n".join(lines)

    def _course(self, costs: Array, known: Array | None = None) -> str:
        if np.isnan(costs).all():
            return "was never finite"
        lowest = int(np.nanargmin(costs))
        beyond = int(np.isnan(costs if known is None else costs[known]).sum())
        others = f" ({beyond} epochs had none that is finite)" if beyond else ""
        first, last = _ends(costs)
        minimum = f"lowest {costs[lowest]:.4g} in epoch {self.epochs[lowest]:.0f}"
        return f"went from {first:.4g} to {last:.4g}, {minimum}{others}"


def _column(history: History, name: str) -> Array:
    """One quantity; NaN where it is not finite or not a number."""
    values = [record.get(name) for record in history]
    return np.array([value if is_number(value) else np.nan for value in values], dtype=float)


def _median(curves: list[Array]) -> Array:
    """The median of curves (k,) of different lengths, at each epoch of those that reach it."""
    padded = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(padded, curves, strict=True):
        row[: len(curve)] = curve
    known = ~np.isnan(padded).all(axis=0)
    median = np.full(padded.shape[1], np.nan)
    median[known] = np.nanmedian(padded[:, known], axis=0)
    return median


def _ends(values: Array) -> tuple[float, float]:
    """The first and the last value that is not NaN."""
    known = values[~np.isnan(values)]
    return (float(known[0]), float(known[-1])) if len(known) else (np.nan, np.nan)


@dataclass(kw_only=True, eq=False, repr=False)
class RateSearchDisplay(OneAxes):
    """The smoothed cost over the learning rates of a search, with its suggestion.

    Attributes
    ----------
    rates, costs : array of shape (k,)
        The rates tried, and the smoothed cost after the update at each.
    first_cost : float
        The cost before the search.
    suggestion : float
        The suggested rate; None if the cost only rose.
    diverged : bool
        Whether the search ended before the last rate.

    Examples
    --------
    >>> search = RateSearch(np.array([0.01, 0.1, 1.0]), np.array([0.6, 0.5, 3.1]), 0.7, 0.01, diverged=True)
    >>> print(RateSearchDisplay.from_search(search).describe())
    Learning rates from 0.01 to 1: the cost was lowest at 0.1 (0.7 at first, 0.5 there), then it diverged.
    Suggestion: 0.01, a tenth of that.
    """

    rates: Array
    costs: Array
    first_cost: float
    suggestion: float | None
    diverged: bool

    @classmethod
    def from_search(cls, search: RateSearch) -> Self:
        """The display of a search.

        Parameters
        ----------
        search : RateSearch
            The result of `Network.find_learning_rate`.

        Returns
        -------
        display
            The display, not drawn yet.
        """
        return cls(**vars(search))

    def _draw(self, ax: Any) -> None:
        ax.plot(self.rates, self.costs, color=OKABE_ITO[0])
        ax.set(xscale="log", xlabel="learning rate", ylabel="smoothed cost")
        if self.suggestion is not None:
            label = f"suggestion {self.suggestion:.3g}"
            ax.axvline(self.suggestion, linestyle="--", color=REFERENCE, label=label)
            ax.legend()

    def describe(self) -> str:
        """Describe the rates, the costs and the suggestion, in two lines.

        Returns
        -------
        str
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
        minimum = f"the cost was lowest at {self.rates[lowest]:.3g}"
        costs = f"{self.first_cost:.3g} at first, {self.costs[lowest]:.3g} there"
        return f"{tried}: {minimum} ({costs}){end}.\nSuggestion: {self.suggestion:.3g}, a tenth of that."
