"""Built-in data sets: nothing is downloaded, and each is a function of its seed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepstep.data.drawn_cats import SIZE, draw
from deepstep.environment import package
from deepstep.errors import unknown_name

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
