"""Drawn pictures of cats and of other things, 64×64 pixels in colour: a function of a seed, by NumPy alone.

Nothing here is a photograph. Each picture is a background with the shapes of `drawn_cats.txt` on it. Every
operation on pixels is one that all machines round in the same way (no sine, no exponential), so a seed gives
the same pixels everywhere.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from deepstep.types import Array

SIZE = 64
SOURCE = "drawn pictures, no photographs: deepstep.data.load('cats')"
"""The source of the data in the config of a run."""

_OTHERS = ("dog", "dog", "rabbit", "bear", "owl", "cup", "car", "house", "flower")
_COLOURS = {
    "black": (0.04, 0.04, 0.05),
    "white": (1.0, 1.0, 1.0),
    "pink": (0.77, 0.45, 0.47),
    "red": (0.85, 0.35, 0.4),
    "brown": (0.32, 0.2, 0.1),
    "gold": (0.95, 0.75, 0.2),
    "glass": (0.75, 0.87, 0.95),
    "green": (0.2, 0.5, 0.2),
}
_FURS = np.array(
    [[13, 12, 12], [45, 45, 47], [85, 52, 22], [92, 89, 83], [42, 29, 19], [78, 64, 45], [62, 36, 16]]
)
_EYES = np.array([[55, 80, 25], [90, 75, 20], [40, 70, 85]])


def draw(
    rng: np.random.RandomState, n_others: int, n_cats: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures (m, 64, 64, 3) in a shuffled order, and y (m,): 1 for a cat, 0 for something else.

    >>> X, y = draw(np.random.RandomState(0), 2, 1)
    >>> X.shape, sorted(y.tolist())
    ((3, 64, 64, 3), [0, 0, 1])
    """
    things = _things()
    y = rng.permutation(np.repeat([0, 1], [n_others, n_cats]))
    return np.stack(
        [_picture(rng, things["cat" if cat else _OTHERS[rng.randint(len(_OTHERS))]]) for cat in y]
    ), y


@cache
def _things() -> dict[str, list[list[str]]]:
    """The parts of each thing: the probability and the shapes."""
    text = (files("deepstep.data") / "drawn_cats.txt").read_text(encoding="utf-8")
    sections = (section.split("]\n") for section in text.split("\n[")[1:])
    return {name: [line.split(": ") for line in parts.splitlines() if line] for name, parts in sections}


def _picture(rng: np.random.RandomState, parts: list[list[str]]) -> NDArray[np.uint8]:
    """One thing at a random place, size, angle and light, in random colours."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1)
    pixels = _background(rng, x, y)
    colours = {name: np.array(c) for name, c in _COLOURS.items()}
    coat, patch = (_FURS[rng.randint(len(_FURS))] / 100 * rng.uniform(0.85, 1.05) for _ in range(2))
    hair = colours["white"] if coat.sum() < 2 else np.full(3, 0.3)
    colours |= {"coat": coat, "patch": patch, "dark": coat * 0.5, "light": 0.55 * coat + 0.45, "hair": hair}
    colours |= {"iris": _EYES[rng.randint(3)] / 100, "paint": rng.uniform(0.1, 0.95, 3)}
    radius = rng.uniform(0.22, 0.3)
    cx, cy = rng.uniform(0.45, 0.55, 2)
    half = rng.uniform(-0.1, 0.1)  # the tangent of half the angle, of which sine and cosine are fractions
    colours["back"] = pixels[int(cy * SIZE), int(cx * SIZE)].copy()
    cosine, sine = (1 - half**2) / (1 + half**2), 2 * half / (1 + half**2)
    x, y = (x - cx) / radius * rng.choice([-1, 1]), (y - cy) / radius
    x, y = cosine * x + sine * y, cosine * y - sine * x
    for probability, shapes in parts:
        if rng.uniform() < float(probability):
            for shape in shapes.split("; "):
                kind, *numbers, colour = shape.split()
                sizes = np.array([float(number) for number in numbers]) * rng.uniform(
                    0.92, 1.08, len(numbers)
                )
                for side in (1, -1) if kind.endswith("s") else (1,):
                    inside = _SHAPES[kind.rstrip("s")](side * x, y, sizes)
                    _paint(pixels, inside * radius * SIZE, colours[colour])
    if rng.uniform() < 0.2:  # something hides its lower part
        _paint(
            pixels, np.mgrid[0:SIZE, 0:SIZE][0] - SIZE * rng.uniform(0.75, 0.95), rng.uniform(0.05, 0.95, 3)
        )
    light = rng.uniform(0.45, 1.15)
    noise = rng.randint(-9, 10, pixels.shape)
    return np.clip(np.rint(255 * light * pixels) + noise, 0, 255).astype(np.uint8)


def _background(rng: np.random.RandomState, x: Array, y: Array) -> Array:
    """Two colours as a gradient, as wall and floor, as stripes, or as spots of light (64, 64, 3)."""
    kind = rng.randint(4)
    a, b = rng.uniform(0, 1, (2, 3))
    u, v = rng.uniform(-1, 1, 2)
    if kind == 0:
        share = 0.5 + u * (x - 0.5) + v * (y - 0.5)
    elif kind == 1:
        share = (y - 0.6 - 0.2 * u) * SIZE
    elif kind == 2:
        share = 4 * np.abs((6 * u * x + 6 * v * y) % 2 - 1) - 1.5
    else:
        spots = zip(rng.uniform(0, 1, 6), rng.uniform(0, 1, 6), rng.uniform(0.08, 0.3, 6), strict=True)
        share = np.max(
            [1.5 - 1.5 * np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / r for cx, cy, r in spots], axis=0
        )
    return a + 0.9 * np.clip(share, 0, 1)[:, :, None] * (b - a)


def _paint(pixels: Array, inside: Array, colour: Array) -> None:
    """Paint where ``inside``, the distance from the edge in pixels, is positive; edges are smooth."""
    pixels += np.clip(0.5 + inside, 0, 1)[:, :, None] * (colour - pixels)


def _oval(x: Array, y: Array, sizes: Array) -> Array:
    cx, cy, rx, ry = sizes
    return (1 - np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2)) * min(rx, ry)


def _polygon(x: Array, y: Array, sizes: Array) -> Array:
    """A convex one, whose corners go round in either direction."""
    corners = sizes.reshape(-1, 2)
    dx, dy = (np.roll(corners, -1, axis=0) - corners).T
    turn = 1 if dx[0] * dy[1] > dy[0] * dx[1] else -1  # the sign of a cross product: which way they go
    sides = []
    for (cx, cy), ex, ey in zip(corners, dx, dy, strict=True):
        sides.append(turn * (ex * (y - cy) - ey * (x - cx)) / np.sqrt(ex * ex + ey * ey))
    return np.minimum.reduce(sides)


def _line(x: Array, y: Array, sizes: Array) -> Array:
    x0, y0, x1, y1, width = sizes
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    return width / 2 - np.sqrt((x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2)


_SHAPES = {"oval": _oval, "poly": _polygon, "line": _line}
