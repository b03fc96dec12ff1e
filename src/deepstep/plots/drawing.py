"""The base of all displays: where their data come from, where they draw, and with which colours.

Displays draw on figures without a window; pyplot and rcParams are left unchanged.
"""

from abc import ABC, abstractmethod
from io import BytesIO
from math import ceil
from typing import Any, NamedTuple, Self

import numpy as np

from deepstep.errors import ConfigurationError, DataError, missing_package
from deepstep.model import Network
from deepstep.training import History
from deepstep.training.history import health_in
from deepstep.types import AnyArray, Array, is_whole

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito (2008), without black, the colour of reference lines, and yellow, too light on white."""

DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""5 dashes, 6 colours and 7 markers: their combinations repeat after 210 series."""

REFERENCE = "black"  # colour of lines that are not data: the best epoch, a tolerance, a usual range
POSITIVE, NEGATIVE = "#D55E00", "#0072B2"

SIGNED = "PuOr_r"
"""Colour map of signed values: orange above 0, purple below, white at 0. Use it with `centred`."""

SIZES = "cividis"  # colour map of sizes, readable with colour blindness (Nuñez et al. 2018)
DENSE = 500  # with more points lines are thin, because steep ones would hide each other
MARKS = 8  # approximate number of markers on a line
WIDE = (6.4, 4.0)  # inches of a figure with one pair of axes
HIGHEST = 1e100  # largest value that is drawn: matplotlib's axes and ticks end before the floats do
MANY = 5  # with more names the legend is placed beside the axes
ADVICE = "Train with callbacks=[Health()], of deepstep.training; deepstep train has --log FILE.csv."


class Display(ABC):
    """A figure in the convention of scikit-learn: computed data, `plot` and `describe`.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.
    """

    figure_: Any

    @abstractmethod
    def plot(self, *args: Any, **options: Any) -> Self:
        """Draw the figure.

        Parameters
        ----------
        *args, **options
            Those of each display.

        Returns
        -------
        display
            This display, with ``figure_``, its axes and what was drawn.

        Raises
        ------
        MissingPackageError
            If matplotlib is not installed.
        """

    @abstractmethod
    def describe(self) -> str:
        """Describe the figure in words.

        Returns
        -------
        str
            Lines of text.
        """

    def _repr_png_(self) -> bytes:
        """The picture, which a notebook shows; drawn by `plot` unless it was."""
        buffer = BytesIO()
        figure = getattr(self, "figure_", None)
        (self.plot().figure_ if figure is None else figure).savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()

    def _new_figure(self, size: tuple[float, float]) -> Any:
        return new_figure(f"{type(self).__name__}.plot", size)

    def _grid(
        self,
        count: int,
        columns: int,
        size: tuple[float, float],
        margin: tuple[float, float],
        least: float = 0.0,
    ) -> Any:
        """Axes for ``count`` pictures in rows of at most ``columns``, without frames, on a new figure.

        ``size`` is that of one picture, ``margin`` the space beside all, ``least`` the figure's least width.
        """
        columns = max(1, min(columns, count))
        lines = max(1, ceil(count / columns))
        width, height = size[0] * columns + margin[0], size[1] * lines + margin[1]
        self.figure_ = self._new_figure((max(width, least), height))
        places = self.figure_.subplots(lines, columns, squeeze=False).ravel()
        for ax in places:
            ax.set_axis_off()
        return places


class OneAxes(Display):
    """A display on one pair of axes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Its axes, after `plot`.
    """

    ax_: Any

    def plot(self, *, ax: Any = None) -> Self:
        """Draw on one pair of axes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure without a window.

        Returns
        -------
        display
            This display, with ``figure_``, ``ax_`` and what was drawn.

        Raises
        ------
        MissingPackageError
            If matplotlib is not installed.
        """
        self.ax_ = self._new_figure(self._size).subplots() if ax is None else ax
        self.figure_ = self.ax_.figure
        self._draw(self.ax_)
        return self

    @property
    def _size(self) -> tuple[float, float]:
        return WIDE

    @abstractmethod
    def _draw(self, ax: Any) -> None: ...


class FromNetwork(Display):
    """A display that is made from a network, and from a fitted estimator as well."""

    @classmethod
    @abstractmethod
    def from_network(cls, network: Any, *args: Any, **options: Any) -> Self:
        """The display of a network, not drawn yet.

        Parameters
        ----------
        network : Network
            The network.
        *args, **options

        Returns
        -------
        Self
        """

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any = None, *, member: int | None = None, **options: Any
    ) -> Self:
        """The display of a fitted estimator's network.

        Parameters
        ----------
        estimator : DeepClassifier, DeepRegressor, NetworkClassifier or NetworkRegressor
            A fitted estimator.
        X : array of shape (m, n_features), optional
            Examples in rows, where `from_network` takes some; those of an ensemble as its member receives
            them.
        member : int, optional
            Index of the network in an ensemble.
        **options
            As in `from_network`.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError, DataError
            As in `from_network`, or if there is no such network.
        """
        network = network_of(estimator, member)
        return cls.from_network(network, *([] if X is None else [np.asarray(X).T]), **options)


class FromHistory(Display):
    """A display that is made from the records of a training."""

    @classmethod
    def from_history(cls, history: Any) -> Self:
        """The display of a training.

        Parameters
        ----------
        history : History
            The result of `Network.train`, or the history of a run. Displays of the layers need the callback
            `Health`.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, DataError
            If this is no history, or its records lack what is shown.
        """
        if not isinstance(history, History):
            hint = "See History and Network.train."
            kind = type(history).__name__
            raise ConfigurationError.must_be("history", "the History of a training", kind, hint)
        return cls._of_history(history)

    @classmethod
    @abstractmethod
    def _of_history(cls, history: History) -> Self: ...

    @classmethod
    def from_estimator(cls, estimator: Any, *, member: int | None = None) -> Self:
        """The display of a fitted estimator's training.

        Parameters
        ----------
        estimator : DeepClassifier, DeepRegressor, NetworkClassifier or NetworkRegressor
            A fitted estimator; displays of the layers need ``callbacks=[Health()]``.
        member : int, optional
            Index of the network in an ensemble.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, DataError
            If there is no such network, or its records lack what is shown.
        """
        return cls.from_history(network_of(estimator, member).history)


def new_figure(where: str, size: tuple[float, float] = WIDE) -> Any:
    """A figure with automatic layout and without a window."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_package(where, "matplotlib", extra="plots") from error
    return Figure(figsize=size, layout="constrained")


def network_of(estimator: Any, member: int | None) -> Network:
    """The network of an estimator: of its only member, or of the one that is asked for."""
    predictor = getattr(estimator, "predictor_", None)
    if predictor is None:
        kind, hint = type(estimator).__name__, "Call fit before; of a pipeline pass its last step."
        raise ConfigurationError.must_be("estimator", "a fitted estimator of DeepStep", kind, hint)
    ensemble = predictor.ensemble
    count = len(ensemble.members)
    if count == 1 and member is not None and hasattr(estimator, "network_"):
        raise ConfigurationError.must_be("member", "None for an estimator of one network", repr(member))
    if member is None and count > 1:
        hint = f"Set member=0 … {count - 1}; or fit a NetworkClassifier."
        raise ConfigurationError(f"The estimator is an ensemble of {count} networks", hint)
    if not (member is None or (is_whole(member, 0) and member < count)):
        raise ConfigurationError.must_be("member", f"one of 0 … {count - 1}", repr(member))
    network: Network = ensemble.members[member or 0].network
    return network


def check_network(network: Any) -> Network:
    """The network itself."""
    if not isinstance(network, Network):
        hint = "For an estimator use from_estimator."
        raise ConfigurationError.must_be("network", "a Network", type(network).__name__, hint)
    return network


class Looks(NamedTuple):
    """Records of the layers: epochs (k,), updates per epoch, and quantities (k, L) by name, NaN for None."""

    epochs: Array
    updates: float
    values: dict[str, Array]


def looks_in(history: History, names: tuple[str, ...]) -> Looks:
    """The quantities that the callback `Health` added to the records."""
    looks = {record["epoch"]: look for record in history if (look := health_in(record)) is not None}
    if not looks:
        raise DataError(f"None of {len(history)} records has an entry health", ADVICE)
    every = list(looks.values())
    lacking = [name for name in names if any(name not in layer for look in every for layer in look)]
    if lacking:
        raise DataError(f"The records lack {', '.join(lacking)} in health", ADVICE)
    # dtype=float makes None a NaN
    values = {
        name: np.array([[layer[name] for layer in look] for look in every], dtype=float) for name in names
    }
    last = history[-1]
    updates = max(1.0, last.get("step", 1) / (last["epoch"] + 1))
    return Looks(np.array(list(looks), dtype=float), updates, values)


def series(number: int, points: int) -> dict[str, Any]:
    """Style of the line of a series, for matplotlib's ``plot``."""
    return {
        "color": OKABE_ITO[number % len(OKABE_ITO)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markevery": max(1, points // MARKS),
        "markersize": 4,
        "linewidth": 1.4 if points <= DENSE else 0.7,
    }


def centred(values: AnyArray) -> dict[str, Any]:
    """The signed colour map with 0 in its middle, for matplotlib's ``imshow``."""
    finite = np.abs(np.asarray(values, dtype=float))
    most = float(np.max(finite, initial=0.0, where=np.isfinite(finite))) or 1.0
    return {"cmap": SIGNED, "vmin": -most, "vmax": most}


def drawable(values: Array, *, positive: bool = False) -> Array:
    """Values that matplotlib can draw; a logarithmic axis has gaps where they are not positive."""
    return (np.where(values > 0, values, np.nan) if positive else values).clip(-HIGHEST, HIGHEST)


def whole_numbers(ax: Any, label: str) -> None:
    """Label the x axis, with ticks at whole numbers only."""
    ax.set_xlabel(label)
    ax.xaxis.get_major_locator().set_params(integer=True)


def plain(text: str) -> str:
    """A text that matplotlib does not read as a formula."""
    return text.replace("$", r"\$")


def legend(ax: Any, entries: int = 0, *, beside: bool = False) -> None:
    """The names of the series, beside the axes where they are many."""
    if beside or entries > MANY:
        ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    else:
        ax.legend(fontsize="small", framealpha=0.8)
