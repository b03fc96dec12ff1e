"""The elements of a page: nothing that comes in breaks out."""

from html.parser import HTMLParser

import pytest

from deepstep.report.html import Html, details, join, table, tag

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
    assert read.tags == [("p", {"title": expected})]
    assert read.text == expected


@pytest.mark.parametrize("place", ["header", "cell", "caption", "name"])
def test_a_table_holds_hostile_texts(place):
    parts = {name: HOSTILE if name == place else "x" for name in ("header", "cell", "caption", "name")}
    page = table([parts["header"], "b"], [[parts["name"], parts["cell"]]], caption=parts["caption"])
    assert {name for name, _ in Reader(page).tags} == {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert "alert(1)" in Reader(page).text


def test_markup_stands_as_it_is_and_nothing_is_left_out():
    assert join([Html("<br>"), None, 0, "<"]) == "<br>0&lt;"


def test_details_open_without_a_script():
    assert details("more", tag("p", "text")) == "<details><summary>more</summary><p>text</p></details>"
