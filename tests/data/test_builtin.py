"""Built-in sets, published ones among them; the hold-out split is a partition."""

import json
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, make_circles, make_moons
from sklearn.neighbors import KNeighborsClassifier

from deepstep.data import DATASETS, holdout, load, planar_flower, stratification_obstacle
from deepstep.errors import ConfigurationError, DataError


def test_the_flower_is_the_published_one(shared):
    check = json.loads((shared / "reference/lecture.json").read_text())["datasets"]["planar"]["check_values"]
    X, y = planar_flower()
    assert X[0].tolist() == check["first_point"]
    assert X[-1].tolist() == check["last_point"]
    assert X.sum() == pytest.approx(check["sum_of_all_coordinates"], rel=1e-13)
    assert y.tolist() == [0] * 200 + [1] * 200
    np.testing.assert_array_equal(load("planar").X_train, X)


def test_circles_and_moons_are_the_lecture_s_bit_for_bit():
    circles, moons = load("circles"), load("moons")
    for ours_X, ours_y, (X, y) in (
        (circles.X_train, circles.y_train, make_circles(300, noise=0.05, factor=0.8, random_state=1)),
        (circles.X_test, circles.y_test, make_circles(100, noise=0.05, factor=0.8, random_state=2)),
        (moons.X_train, moons.y_train, make_moons(300, noise=0.2, random_state=3)),
    ):
        np.testing.assert_array_equal(ours_X, X)
        np.testing.assert_array_equal(ours_y, y)


def test_digits_are_scikit_learn_s_and_stratified():
    digits, bunch = load("digits"), load_digits()
    together = np.vstack([digits.X_train, digits.X_test])
    order, theirs = np.lexsort(together.T), np.lexsort(bunch.data.T)
    np.testing.assert_array_equal(together[order], bunch.data[theirs])
    shares = np.bincount(digits.y_test) / np.bincount(bunch.target)
    assert ((shares > 0.19) & (shares < 0.21)).all()
    assert digits.image_shape == (8, 8, 1)
    assert digits.X_train.max() * digits.scale == 1.0


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_is_whole_and_can_be_learned(name):
    data = load(name)
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        assert X.shape == (len(y), len(data.feature_names))
        assert (X.dtype, X.flags.c_contiguous) == (np.float64, True)
        assert set(y.tolist()) == set(range(len(data.classes)))
    assert not {row.tobytes() for row in data.X_train} & {row.tobytes() for row in data.X_test}
    if name != "cats":  # whose pixels say little by themselves
        neighbours = KNeighborsClassifier().fit(data.X_train, data.y_train)
        assert neighbours.score(data.X_test, data.y_test) > 0.8


def test_drawn_cats_have_the_shares_of_the_lecture_s_files_and_are_the_same_on_every_machine():
    """All published numbers of the course rest on these pixels."""
    cats = load("cats")
    assert (int(cats.y_train.sum()), int(cats.y_test.sum()), len(cats.y_test)) == (72, 33, 50)
    assert (cats.classes, cats.image_shape, cats.scale) == (("non-cat", "cat"), (64, 64, 3), 1 / 255)
    pixels = np.vstack([cats.X_train, cats.X_test])
    np.testing.assert_array_equal(pixels, pixels.astype(np.uint8))
    assert sha256(pixels.astype(np.uint8).tobytes()).hexdigest().startswith("f3d4ec6c47e8eca9")


@pytest.mark.parametrize("name", sorted({*DATASETS} - {"cats"}))
def test_the_seed_alone_decides(name):
    np.testing.assert_array_equal(load(name, seed=5).X_train, load(name, seed=5).X_train)
    assert (load(name, seed=5).X_train != load(name, seed=6).X_train).any()


@given(
    y=st.lists(st.integers(0, 4) | st.sampled_from(["a", None]), min_size=2, max_size=60),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32 - 1),
    stratify=st.booleans(),
)
def test_every_row_is_on_one_side_and_no_side_is_empty(y, fraction, seed, stratify):
    train, test = holdout(np.array(y, object), fraction=fraction, seed=seed, stratify=stratify)
    assert sorted([*train, *test]) == list(range(len(y)))
    assert len(train) >= 1
    assert len(test) >= 1
    assert train.tolist() == sorted(train)
    assert abs(len(test) - fraction * len(y)) <= 1


def test_where_shares_cannot_be_kept_it_says_why_and_splits():
    y = np.repeat(["a", "b", "c"], [100, 50, 10])
    _, test = holdout(y, fraction=0.2, seed=3, stratify=True)
    assert np.unique(y[test], return_counts=True)[1].tolist() == [20, 10, 2]
    assert stratification_obstacle(y, fraction=0.2) == ""
    for y, fraction, sentence in (
        (np.array(["a", "a", "b"]), 0.5, "class 'b' has one row only"),
        (np.array([0, 0, 1, 1, 2, 2]), 0.2, "the smaller part has 2 rows for 3 classes"),
        (np.array([0, 0, 1, 1, 2, 2]), 0.9, "the smaller part has 1 row for 3 classes"),
    ):
        assert stratification_obstacle(y, fraction=fraction) == sentence
        train, test = holdout(y, fraction=fraction, seed=1, stratify=True)
        assert len(train) + len(test) == len(y)


def test_what_cannot_be_loaded_or_split():
    with pytest.raises(ConfigurationError, match="Did you mean 'moons'"):
        load("moon")
    for fraction in (0, 1, -0.1, 1.5, float("nan")):
        with pytest.raises(ConfigurationError, match="above 0 and below 1"):
            holdout(np.arange(5), fraction=fraction, seed=1, stratify=False)
    for rows in (0, 1):
        with pytest.raises(DataError, match="needs at least 2 rows"):
            holdout(np.arange(rows), fraction=0.5, seed=1, stratify=True)
