"""The figure of a search for a learning rate."""

import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from deepstep.errors import MissingPackageError
from deepstep.plots import RateSearchDisplay
from deepstep.training import RateSearch

RATES = np.array([0.01, 0.1, 1.0, 10.0])


@pytest.fixture
def search():
    return RateSearch(RATES, np.array([0.6, 0.5, 0.25, 9.0]), 0.7, 0.1, diverged=True)


def test_the_figure_shows_the_curve_and_the_suggestion(search):
    before = dict(matplotlib.rcParams)
    display = RateSearchDisplay.from_search(search)
    assert display.plot() is display
    curve, line = display.ax_.lines
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack([search.rates, search.costs]))
    assert set(line.get_xdata()) == {0.1}
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_legend().get_texts()[0].get_text() == "suggestion 0.1"
    display.figure_.canvas.draw()
    assert dict(matplotlib.rcParams) == before


def test_it_draws_where_it_is_told_to(search):
    ax = Figure().subplots()
    display = RateSearchDisplay.from_search(search).plot(ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


@pytest.mark.parametrize(
    ("costs", "suggestion", "diverged", "expected"),
    [
        ([0.6, 0.5, 0.25, 9.0], 0.1, True, "lowest at 1 (0.7 at first, 0.25 there), then it diverged.\nSugg"),
        (
            [0.7, 0.5, 0.25, 0.6],
            0.1,
            False,
            "lowest at 1 (0.7 at first, 0.25 there).\nSuggestion: 0.1, a tenth",
        ),
        (
            [0.7, 0.5, 0.3, 0.2],
            1.0,
            False,
            "there), the last one: search up to a larger rate.\nSuggestion: 1,",
        ),
        ([0.7, 1, 2, 3], None, True, "from 0.01 to 10: the cost only rose.\nNo suggestion: search from a sm"),
    ],
)
def test_it_says_the_same_in_words(costs, suggestion, diverged, expected):
    display = RateSearchDisplay.from_search(RateSearch(RATES, np.array(costs), 0.7, suggestion, diverged))
    assert expected in display.describe()
    display.plot().figure_.canvas.draw()
    assert len(display.ax_.lines) == (1 if suggestion is None else 2)


def test_a_search_that_ended_at_once():
    display = RateSearchDisplay.from_search(RateSearch(RATES[:0], np.empty(0), 0.7, None, diverged=True))
    assert display.describe().endswith("No suggestion: search from a smaller rate.")
    display.plot().figure_.canvas.draw()


def test_matplotlib_is_optional(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match=r"deepstep\[plots\]"):
        RateSearchDisplay.from_search(search).plot()
