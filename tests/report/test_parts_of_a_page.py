"""What a page is made of: lines that are thinned, pictures, and elements from which no text breaks out."""

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from deepstep.plots import TrainingCurveDisplay
from deepstep.report.html import picture, table, tag, thin
from deepstep.training import History
from report_page import Page


def display_of(costs):
    return TrainingCurveDisplay.from_history(
        History({"epoch": epoch, "cost": float(cost)} for epoch, cost in enumerate(costs))
    )


def test_long_lines_are_thinned_to_their_ends_peaks_and_valleys_and_short_ones_left():
    costs = np.random.default_rng(0).random(20_000)
    costs[1234], costs[14_321], costs[7] = 50, 1e-9, np.nan
    long, short = display_of(costs).plot(), display_of([3, 2, 1]).plot()
    thin(long.figure_)
    thin(short.figure_)
    x, y = long.lines_["cost"].get_data()
    assert len(x) <= 4000
    assert {0, 1234, 14_321, 19_999} <= {*x}
    assert (np.diff(x) > 0).all()
    np.testing.assert_array_equal(y, long.costs[x.astype(int)])
    assert short.lines_["cost"].get_ydata().tolist() == [3, 2, 1]


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1), (4, 3, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_pictures_have_their_pixels(shape, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    page = picture(pixels if dtype is np.uint8 else pixels / 255, "a <picture>")
    assert 'alt="a &lt;picture&gt;"' in page
    image = Image.open(BytesIO(b64decode(re.search(r"base64,([^\"]+)", page)[1])))
    expected = np.broadcast_to(pixels.reshape(4, 3, -1), (4, 3, 3))
    assert np.abs(np.asarray(image.convert("RGB")).astype(int) - expected).max() <= 1


PARTS = ("div", "table", "caption", "thead", "tbody", "tr", "th", "td")
HOSTILE = """</td><script>alert(1)</script><img src=x onerror="alert('2')">&amp;\x00\ud800"""


def test_texts_and_attributes_come_back_as_they_were():
    read = Page(tag("p", HOSTILE, title=HOSTILE))
    expected = HOSTILE.replace("\x00", "").replace("\ud800", "?")
    assert (read.tags, read.text) == ([("p", {"title": expected})], expected)
    page = Page(table([HOSTILE, "b"], [[HOSTILE, HOSTILE]], caption=HOSTILE))
    assert {name for name, _ in page.tags} == set(PARTS)
    assert page.text.count("alert(1)") == 4
