"""Displays as SVG: well-formed, of bounded size, with ids of their own, and the outline of long lines."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from deepstep.plots import TrainingCurveDisplay
from deepstep.report.html import figure, outline, picture, thin
from deepstep.training import History


def display_of(costs):
    return TrainingCurveDisplay.from_history(
        History({"epoch": epoch, "cost": float(cost)} for epoch, cost in enumerate(costs))
    )


def svg_in(page):
    return ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def test_a_figure_is_an_image_with_its_words():
    display = display_of([0.7, 0.5])
    page = figure(display, "curves", "Cost <now>")
    svg = svg_in(page)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Cost <now>. " + display.describe()
    assert "Cost &lt;now&gt;" in page
    assert display.describe() in page
    for unwanted in ("<style", "<script", "<metadata", "<!--", "<!DOCTYPE", "<?xml"):
        assert unwanted not in page


def test_ids_are_the_figure_s_own_and_every_reference_has_its_target():
    page = figure(display_of([0.7, 0.5]), "a", "Cost") + figure(display_of([0.7, 0.5]), "b", "Cost")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    references = re.findall(r'(?:url\(#|href="#)([^)"]+)', page)
    assert references
    assert set(references) <= set(ids)


def test_an_outline_keeps_ends_peaks_and_valleys():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(5000)
    y[1234], y[4321], y[7] = 50, -50, np.nan
    kept = outline(y, 200)
    assert len(kept) <= 200
    assert {0, 1234, 4321, 4999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_long_lines_are_thinned_and_short_ones_left():
    long, short = display_of(np.random.default_rng(0).random(20_000)).plot(), display_of([3, 2, 1]).plot()
    thin(long.figure_)
    thin(short.figure_)
    x, y = long.lines_["cost"].get_data()
    assert len(x) <= 4000
    assert (x[0], x[-1]) == (0, 19_999)
    np.testing.assert_array_equal(y, long.costs[x.astype(int)])
    assert (y.min(), y.max()) == (long.costs.min(), long.costs.max())
    assert short.lines_["cost"].get_ydata().tolist() == [3, 2, 1]


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1), (4, 3, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_pictures_have_their_pixels(shape, dtype):
    import base64
    import io

    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    page = picture(pixels if dtype is np.uint8 else pixels / 255, "a <picture>")
    assert 'alt="a &lt;picture&gt;"' in page
    data = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    got = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    expected = np.broadcast_to(pixels.reshape(4, 3, -1), (4, 3, 3))
    assert np.abs(got.astype(int) - expected).max() <= 1
