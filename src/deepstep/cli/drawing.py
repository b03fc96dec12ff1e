"""Pictures made of characters: a curve, grey pictures, a map of decisions. No colour, no control codes."""

from collections.abc import Sequence

import numpy as np

from deepstep.types import AnyArray, Array

SHADES = " ░▒▓█"
"""From dark to light on a dark terminal."""

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bits of Unicode's braille patterns: 4 rows and 2 columns of dots in a character."""


def curve(values: Array, *, width: int, height: int, x_name: str, first: int = 1) -> str:
    """A curve of finite values (n,) with its scales, in so many columns and lines."""
    low, high = float(values.min()), float(values.max())
    huge = max(abs(high), abs(low)) >= 1e7  # a diverging cost may have hundreds of digits
    names = [f"{number:.3g}" if huge else f"{number:.{_decimals(high)}f}" for number in (high, low)]
    if huge:
        values = values / max(abs(high), abs(low))
    margin = max(map(len, names)) + 1
    columns, rows = width - margin - 1, height - 2
    lines = _braille(values, columns, rows)
    for index, line in enumerate(lines):
        name = {0: names[0], rows - 1: names[1]}.get(index, "")
        lines[index] = f"{name:>{margin - 1}} {'┤' if name else '│'}{line}".rstrip()
    last = str(first + len(values) - 1)
    axis = "└┬" + "─" * (columns - 2) + "┬"
    label = f"{first} {x_name}"
    return "\n".join(
        [*lines, " " * margin + axis, " " * (margin + 1) + label + last.rjust(columns - len(label))]
    )


def pictures(images: Sequence[AnyArray], captions: Sequence[Sequence[str]], *, gap: int = 3) -> str:
    """Grey pictures (height, width), from 0 to 1, side by side: two characters a pixel, text below."""
    blocks = []
    for image, lines in zip(images, captions, strict=True):
        shades = np.clip((image * len(SHADES)).astype(int), 0, len(SHADES) - 1)
        rows = ["".join(SHADES[shade] * 2 for shade in row) for row in shades]
        width = 2 * image.shape[1]
        blocks.append([line.ljust(width) for line in (*rows, *lines)])
    return "\n".join((" " * gap).join(parts).rstrip() for parts in zip(*blocks, strict=True))


def decision_map(
    regions: AnyArray, points: Array, classes: AnyArray, low: Array, high: Array, *, marks: str, fills: str
) -> str:
    """A plane from ``low`` to ``high`` with the answer everywhere, and examples on it.

    ``regions`` (height, width) has the class answered at each character, first line on top. ``marks`` and
    ``fills`` have for each class the character of its points and of its region.
    """
    cells = np.array(list(fills))[regions]
    height, width = regions.shape
    share = (points - low) / (high - low)
    columns = np.rint(share[:, 0] * (width - 1)).astype(int)
    rows = np.rint((1 - share[:, 1]) * (height - 1)).astype(int)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    cells[rows[inside], columns[inside]] = np.array(list(marks))[classes[inside]]
    return "\n".join("".join(row).rstrip() for row in cells)


def _braille(values: Array, columns: int, rows: int) -> list[str]:
    """The curve as dots, 2 × 4 in a character; each column of dots joins its neighbours."""
    x = np.linspace(0, len(values) - 1, 2 * columns)
    y = np.interp(x, np.arange(len(values)), values)
    low, high = values.min(), values.max()
    level = np.rint((high - y) / ((high - low) or 1) * (4 * rows - 1)).astype(int)
    cells = np.zeros((rows, columns), dtype=int)
    for column, here in enumerate(level):
        before = level[max(column - 1, 0)]
        # From the middle of the step before to here, so that steep curves have no holes.
        start = here if abs(before - here) <= 1 else before + (1 if here > before else -1)
        for dot in range(min(start, here), max(start, here) + 1):
            cells[dot // 4, column // 2] |= _DOTS[dot % 4, column % 2]
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def _decimals(high: float) -> int:
    """Decimals that tell values up to ``high`` apart: 4 digits or so."""
    size = abs(high)
    return int(np.clip(3 - np.floor(np.log10(size)), 0, 9)) if size else 3
