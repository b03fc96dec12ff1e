"""Built-in data sets: nothing is downloaded, and each is a function of its seed.

The cats are drawn: none is a photograph. Each picture is a background with the shapes of `drawn_cats.txt` on
it. Every operation on pixels is one that all machines round in the same way (no sine, no exponential), so a
seed gives the same pixels everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import package
from deepstep.errors import unknown_name
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


Points = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True)
class Dataset:
    """A data set with rows as examples.

    Attributes
    ----------
    name : str
    X_train : array of shape (m, n_features), float64
    y_train : array of shape (m,), int64
        Positions in `classes`.
    X_test : array of shape (m, n_features), float64
    y_test : array of shape (m,), int64
        Positions in `classes`.
    classes, feature_names : tuple of str
    image_shape : tuple or None
        (height, width, channels) where each row is a picture, in the order rows, columns, channels.
    scale : float
        The factor with which the features lie in about 0…1; 1 for points of a plane.

    Examples
    --------
    >>> moons = load("moons")
    >>> moons.classes, moons.X_train.shape
    (('upper', 'lower'), (300, 2))
    """

    name: str
    X_train: NDArray[np.float64]
    y_train: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]
    classes: tuple[str, ...]
    feature_names: tuple[str, ...]
    image_shape: tuple[int, int, int] | None
    scale: float


def load(name: str, *, seed: int = 1) -> Dataset:
    """A built-in data set.

    ======= ===========================================================================================
    digits  scikit-learn's bundled 8×8 pictures of handwritten digits, 1797 in 10 classes, pixels 0…16; a
            stratified fifth is the test part
    cats    drawn pictures, no photographs, of 64×64 pixels in colour; as in the lecture's files 72 of the 209
            training pictures show a cat, and 33 of the 50 test pictures
    planar  the lecture's flower, 400 points in 2 classes; the test part is a second flower
    circles two circles (300 points, noise 0.05, factor 0.8); seed 1 is the lecture's set
    moons   two half moons (300 points, noise 0.2); seed 1 is the lecture's set
    spirals three arms, 300 points in 3 classes
    ======= ===========================================================================================

    Parameters
    ----------
    name : str
        One of these.
    seed : int, optional
        Draws the points, the pictures or the split. The test part of points has 100 (planar: 400) and a seed
        of its own.

    Returns
    -------
    Dataset
        The same for the same seed.

    Raises
    ------
    ConfigurationError
        When the name is unknown.

    Examples
    --------
    >>> digits = load("digits")
    >>> digits.X_train.shape, digits.X_test.shape, len(digits.classes)
    ((1437, 64), (360, 64), 10)
    """
    if name == "digits":
        return _digits(seed)
    if name == "cats":
        return _cats(seed)
    if name not in _PLANES:
        raise unknown_name("data set", name, DATASETS)
    plane = _PLANES[name]
    X_train, y_train = plane.draw(plane.train_points, seed + plane.published_seed - 1)
    X_test, y_test = plane.draw(plane.test_points, seed + plane.published_seed)
    return Dataset(name, X_train, y_train, X_test, y_test, plane.classes, ("x1", "x2"), None, 1.0)


def planar_flower(seed: int = 1) -> Points:
    """The lecture's planar data: a flower of radius 4·sin(4·angle) with petals of two classes.

    Class j has 200 angles from 3.12·j to 3.12·(j + 1), with 0.2 normal noise on each angle and
    each radius. (3.12 and not π: so it was published.)

    Parameters
    ----------
    seed : int, optional
        The lecture's is 1. NumPy's legacy generator draws: its stream is frozen.

    Returns
    -------
    X : array of shape (400, 2), float64
        Points; a row is an example.
    y : array of shape (400,), int64
        First 200 zeros, then 200 ones.

    Examples
    --------
    >>> X, y = planar_flower()
    >>> X[0].tolist(), int(y.sum())
    ([1.204442292254319, 3.5761141481288448], 200)
    """
    rng = np.random.RandomState(seed)
    petals = []
    for j in (0, 1):
        angle = np.linspace(3.12 * j, 3.12 * (j + 1), 200) + rng.randn(200) * 0.2
        radius = 4 * np.sin(4 * angle) + rng.randn(200) * 0.2
        petals.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return np.concatenate(petals), np.repeat(np.arange(2), 200)


def _made(name: str, **settings: float) -> Callable[[int, int], Points]:
    """How scikit-learn draws points."""

    def draw_points(points: int, seed: int) -> Points:
        make = getattr(package("sklearn.datasets"), f"make_{name}")
        X, y = make(n_samples=points, random_state=seed, **settings)
        return X, y.astype(np.int64)

    return draw_points


def _spirals(points: int, seed: int) -> Points:
    """Three arms: from the centre to radius 1 the angle turns by 4, with 0.15 normal noise."""
    rng = np.random.RandomState(seed)
    y = np.arange(points) % 3
    radius = np.sqrt(rng.uniform(size=points))
    angle = 2 * np.pi / 3 * y + 4 * radius + 0.15 * rng.randn(points)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


@dataclass(frozen=True)
class _Plane:
    """How a set of points is drawn, and with which seed the lecture drew its own."""

    draw: Callable[[int, int], Points]
    published_seed: int
    train_points: int
    test_points: int
    classes: tuple[str, ...]


_PLANES = {
    "planar": _Plane(lambda points, seed: planar_flower(seed), 1, 400, 400, ("red", "blue")),
    "circles": _Plane(_made("circles", noise=0.05, factor=0.8), 1, 300, 100, ("outer", "inner")),
    "moons": _Plane(_made("moons", noise=0.2), 3, 300, 100, ("upper", "lower")),
    "spirals": _Plane(_spirals, 1, 300, 100, ("red", "blue", "green")),
}
SMALL_DATASETS = ("digits", *_PLANES)
"""The sets whose examples have few enough numbers to be looked at one by one."""

DATASETS = (*SMALL_DATASETS, "cats")
"""The names that `load` knows."""


def _digits(seed: int) -> Dataset:
    train_test_split = package("sklearn.model_selection").train_test_split
    bunch = package("sklearn.datasets").load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        bunch.data, bunch.target.astype(np.int64), test_size=0.2, stratify=bunch.target, random_state=seed
    )
    classes = tuple(str(digit) for digit in bunch.target_names)
    return Dataset(
        "digits", X_train, y_train, X_test, y_test, classes, tuple(bunch.feature_names), (8, 8, 1), 1 / 16
    )


def _cats(seed: int) -> Dataset:
    rng = np.random.RandomState(seed)
    (train, y_train), (test, y_test) = (draw(rng, *counts) for counts in ((137, 72), (17, 33)))
    names = tuple(
        f"pixel_{row}_{column}_{channel}"
        for row in range(SIZE)
        for column in range(SIZE)
        for channel in range(3)
    )
    X_train, X_test = (pictures.reshape(len(pictures), -1).astype(np.float64) for pictures in (train, test))
    shape = (SIZE, SIZE, 3)
    return Dataset("cats", X_train, y_train, X_test, y_test, ("non-cat", "cat"), names, shape, 1 / 255)
