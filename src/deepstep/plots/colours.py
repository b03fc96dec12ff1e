"""Colours, dashes and markers of all displays: told apart without colour, and by the colour-blind."""

from typing import Any

import numpy as np

from deepstep.types import AnyArray

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito (2008), without black, which marks what is no series, and yellow, which paper swallows."""

DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""5 dashes, 6 colours and 7 markers: they come together again after 210 series."""

REFERENCE = "black"
"""Colour of lines that are no data: the best epoch, a tolerance, a usual range."""

GOOD, BAD = "#009E73", "#D55E00"

SIGNED = "PuOr"
"""The map of signed values: orange above 0, purple below, the paper's white at 0. Use it with `centred`."""

SIZES = "cividis"
"""The map of sizes, made for the colour-blind (Nuñez et al. 2018)."""

DENSE = 500
"""With more points lines are thin: where they go up and down, they would hide each other."""

MARKS = 8
"""About so many markers stand on a line."""


def series(number: int, points: int) -> dict[str, Any]:
    """How the line of a series looks, for matplotlib's ``plot``."""
    return {
        "color": OKABE_ITO[number % len(OKABE_ITO)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markevery": max(1, points // MARKS),
        "markersize": 4,
        "linewidth": 1.4 if points <= DENSE else 0.7,
    }


def centred(values: AnyArray) -> dict[str, Any]:
    """The signed map with 0 in its middle, for matplotlib's ``imshow``.

    >>> centred(np.array([-1.0, 3.0, np.nan]))
    {'cmap': 'PuOr_r', 'vmin': -3.0, 'vmax': 3.0}
    """
    finite = np.abs(np.asarray(values, dtype=float))
    most = float(np.max(finite, initial=0.0, where=np.isfinite(finite))) or 1.0
    return {"cmap": f"{SIGNED}_r", "vmin": -most, "vmax": most}
