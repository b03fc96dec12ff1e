"""What a page is made of: figures with ids of their own, and elements from which no text breaks out."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from deepstep.plots import TrainingCurveDisplay
from deepstep.report.html import Html, details, figure, join, outline, picture, table, tag, thin
from deepstep.training import History


def display_of(costs):
    return TrainingCurveDisplay.from_history(
        History({"epoch": epoch, "cost": float(cost)} for epoch, cost in enumerate(costs))
    )


def test_a_figure_is_an_image_with_its_words_and_ids_of_its_own():
    display = display_of([0.7, 0.5])
    page = figure(display, "a", "Cost <now>")
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Cost <now>. " + display.describe()
    assert "Cost &lt;now&gt;" in page
    for unwanted in ("<style", "<script", "<metadata", "<!--", "<!DOCTYPE", "<?xml"):
        assert unwanted not in page
    page += figure(display, "b", "Cost")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    references = re.findall(r'(?:url\(#|href="#)([^)"]+)', page)
    assert references
    assert set(references) <= set(ids)


def test_an_outline_keeps_ends_peaks_and_valleys():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(5000)
    y[1234], y[4321], y[7] = 50, -50, np.nan
    indices = outline(y, 200)
    assert len(indices) <= 200
    assert {0, 1234, 4321, 4999} <= set(indices.tolist())
    assert (np.diff(indices) > 0).all()


def test_long_lines_are_thinned_and_short_ones_left():
    long, short = display_of(np.random.default_rng(0).random(20_000)).plot(), display_of([3, 2, 1]).plot()
    thin(long.figure_)
    thin(short.figure_)
    x, y = long.lines_["cost"].get_data()
    assert len(x) <= 4000
    assert (x[0], x[-1]) == (0, 19_999)
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


class Reader(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_texts_and_attributes_come_back_as_they_were():
    read = Reader(tag("p", HOSTILE, title=HOSTILE))
    expected = HOSTILE.replace("\x00", "").replace("\ud800", "?")
    assert (read.tags, read.text) == ([("p", {"title": expected})], expected)
    page = Reader(table([HOSTILE, "b"], [[HOSTILE, HOSTILE]], caption=HOSTILE))
    assert {name for name, _ in page.tags} == set(PARTS)
    assert page.text.count("alert(1)") == 4


def test_markup_stands_as_it_is_and_nothing_is_left_out():
    assert join([Html("<br>"), None, 0, "<"]) == "<br>0&lt;"
    assert details("more", tag("p", "text")) == "<details><summary>more</summary><p>text</p></details>"
