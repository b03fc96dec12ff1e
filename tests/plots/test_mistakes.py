"""The figure of mislabeled examples."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from deepstep.errors import MissingPackageError, ShapeError
from deepstep.plots import MistakesDisplay

IMAGES = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
TRUE = np.array(["cat", "dog", "cat", "dog"])
GIVEN = np.array(["cat", "cat", "dog", "dog"])
SHARES = np.array([0.9, 0.8, 0.7, 0.6])


@pytest.fixture
def display():
    return MistakesDisplay.from_predictions(IMAGES, TRUE, GIVEN, SHARES)


def test_only_the_wrong_ones_are_kept(display):
    assert display.rows.tolist() == [1, 2]
    np.testing.assert_array_equal(display.images, IMAGES[1:3])
    assert display.describe().splitlines() == [
        "2 of 4 examples are wrong.",
        "example 1: dog, predicted cat (probability 0.800)",
        "example 2: cat, predicted dog (probability 0.700)",
    ]


def test_figure_shows_them(display):
    before = dict(matplotlib.rcParams)
    assert display.plot(columns=1) is display
    assert len(display.axes_) == 2
    np.testing.assert_array_equal(display.axes_[1].images[0].get_array(), IMAGES[2])
    assert display.axes_[0].get_title() == "example 1: dog,\npredicted cat (0.800)"
    display.figure_.canvas.draw()
    assert dict(matplotlib.rcParams) == before


def test_no_mistakes_make_an_empty_figure():
    display = MistakesDisplay.from_predictions(IMAGES, TRUE, TRUE, SHARES).plot()
    assert len(display.axes_) == 0
    display.figure_.canvas.draw()
    assert display.describe() == "0 of 4 examples are wrong."


def test_numbers_of_examples_have_to_agree():
    with pytest.raises(ShapeError, match="got 4, 4, 3 and 4"):
        MistakesDisplay.from_predictions(IMAGES, TRUE, GIVEN[:3], SHARES)


def test_matplotlib_is_optional(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="deepstep\\[plots\\]"):
        display.plot()


def test_import_is_light():
    script = "import sys, deepstep.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
