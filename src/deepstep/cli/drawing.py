"""Pictures made of characters: a curve, grey pictures, decisions. All but `coloured` is plain text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from rich.text import Text

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


def pictures(
    images: Sequence[AnyArray], captions: Sequence[Sequence[str]], *, gap: int = 3, repeat: int = 2
) -> str:
    """Grey pictures (height, width), from 0 to 1, side by side: ``repeat`` characters a pixel, text below."""
    blocks = []
    for image, lines in zip(images, captions, strict=True):
        shades = np.clip((image * len(SHADES)).astype(int), 0, len(SHADES) - 1)
        rows = ["".join(SHADES[shade] * repeat for shade in row) for row in shades]
        width = repeat * image.shape[1]
        blocks.append([line.ljust(width) for line in (*rows, *lines)])
    return "\n".join((" " * gap).join(parts).rstrip() for parts in zip(*blocks, strict=True))


def coloured(images: Sequence[AnyArray], captions: Sequence[Sequence[str]], *, gap: int = 3) -> "Text":
    """Pictures (height, width, 3), from 0 to 1, side by side: two pixels in a character, text below."""
    from rich.text import Text

    text, widths = Text(), [image.shape[1] for image in images]
    levels = [(255 * np.clip(image, 0, 1)).astype(int) for image in images]
    for top in range(0, images[0].shape[0], 2):
        for place, image in enumerate(levels):
            text.append(" " * gap if place else "")
            for upper, lower in zip(image[top], image[top + 1], strict=True):
                ink, paper = (f"rgb({r},{g},{b})" for r, g, b in (upper, lower))
                text.append("▀", f"{ink} on {paper}")
        text.append("\n")
    for lines in zip(*captions, strict=True):
        cells = (f"{line:{width}.{width}}" for line, width in zip(lines, widths, strict=True))
        text.append((" " * gap).join(cells).rstrip() + "\n")
    return text


def shrunk(image: AnyArray, size: int) -> Array:
    """A square picture (n, n, channels) as means over about equal squares, (size, size, channels)."""
    edges = np.arange(size) * len(image) // size
    sums = np.add.reduceat(np.add.reduceat(image.astype(float), edges, axis=0), edges, axis=1)
    counts = np.diff([*edges, len(image)])
    return sums / (counts[:, None, None] * counts[None, :, None])


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
        next_dot = before + (1 if here > before else -1)
        start = here if abs(before - here) <= 1 else next_dot
        for dot in range(min(start, here), max(start, here) + 1):
            cells[dot // 4, column // 2] |= _DOTS[dot % 4, column % 2]
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def _decimals(high: float) -> int:
    """Decimals that tell values up to ``high`` apart: 4 digits or so."""
    size = abs(high)
    return int(np.clip(3 - np.floor(np.log10(size)), 0, 9)) if size else 3
