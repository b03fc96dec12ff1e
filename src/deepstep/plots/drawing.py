"""Where displays draw: on figures that belong to no window; pyplot and rcParams stay as they are."""

from typing import Any

from deepstep.errors import missing_package
from deepstep.types import Array

WIDE = (6.4, 4.0)
"""Inches of a figure with one pair of axes."""

HIGHEST = 1e100
"""Largest value that is drawn: matplotlib's axes and ticks end before the floats do."""

MANY = 5
"""More names than these leave no room for the lines."""


def new_figure(where: str, size: tuple[float, float] = WIDE) -> Any:
    """A figure that lays itself out and belongs to no window."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_package(where, "matplotlib", "plots") from error
    return Figure(figsize=size, layout="constrained")


def axes_for(ax: Any, where: str, size: tuple[float, float] = WIDE) -> Any:
    """The axes that were given, or those of a new figure."""
    return new_figure(where, size).subplots() if ax is None else ax


def in_sight(values: Array) -> Array:
    """Values as they are drawn, of a training that diverged at the edge.

    >>> import numpy as np
    >>> in_sight(np.array([1.0, 1e300, -np.inf]))
    array([   1.e+000,  1.e+100, -1.e+100])
    """
    return values.clip(-HIGHEST, HIGHEST)


def epochs_below(ax: Any) -> None:
    """Name the axis of the epochs, which are whole numbers."""
    ax.set_xlabel("epoch")
    ax.xaxis.get_major_locator().set_params(integer=True)


def plain(text: str) -> str:
    r"""A text that matplotlib draws as it is, and takes for no formula.

    >>> print(plain("cost in $"))
    cost in \$
    """
    return text.replace("$", r"\$")


def legend(ax: Any, entries: int, *, beside: bool = False) -> None:
    """The names of the series, beside the axes where they are many."""
    if beside or entries > MANY:
        ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    else:
        ax.legend(fontsize="small", framealpha=0.8)
