"""The page: nothing in a lesson gets out of its element, and nothing but the bundle runs."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError, FileError
from deepstep.explorer import About, export_html, lesson
from deepstep.explorer.page import as_json, bundle, page, policy

HOSTILE = (
    "</script><script>alert(1)</script><!-- &amp; \"' \u2028 \u2029 \udc80 ]]> <img src=x onerror=alert(1)>"
)


@pytest.fixture
def hostile(circles):
    about = About(
        HOSTILE, title=HOSTILE, feature_names=(HOSTILE, "y"), class_names=(HOSTILE, "b"), notes=(HOSTILE,)
    )
    return lesson(Network([2, 3, 1], seed=1), circles.X, circles.Y, about=about, iterations=2)


class Elements(HTMLParser):
    """The elements of a page, with the text of those that hold no others, as a browser takes it apart."""

    def __init__(self, text):
        super().__init__()
        self.found, self.comments, self.inside = [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append([tag, dict(attrs), ""])
        self.inside = True

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1][2] += data

    def handle_comment(self, data):
        self.comments.append(data)

    def texts(self, tag, **attributes):
        return [text for name, given, text in self.found if name == tag and given == attributes]


def lesson_in(elements):
    (text,) = elements.texts("script", type="application/json", id="deepstep-lesson")
    return json.loads(text)


def test_hostile_names_stay_in_the_data(hostile, tmp_path):
    export_html(hostile, tmp_path / "page.html")
    elements = Elements((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert lesson_in(elements) == hostile
    usual = ["html", "head", "meta", "meta", "meta", "meta", "title", "style", "body"]
    assert [tag for tag, _, _ in elements.found] == [*usual, "div", "noscript", "script", "script"]
    assert elements.comments == []
    assert elements.texts("title")[0].startswith("</script><script>alert(1)</script><!-- &amp;")


@pytest.mark.parametrize("sign", ["<", ">", "&", "\u2028", "\u2029"])
def test_signs_that_mean_something_to_a_page_or_to_javascript_are_escaped(sign):
    assert sign not in as_json({sign: sign})
    assert json.loads(as_json({sign: sign})) == {sign: sign}


def test_the_policy_allows_the_program_and_the_style_and_nothing_else(document):
    text = page("a page", document)
    elements = Elements(text)
    (content,) = [given["content"] for tag, given, _ in elements.found if "http-equiv" in given]
    assert content == policy(served=False)
    rules = dict(rule.split(" ", 1) for rule in content.split("; "))
    assert (
        rules["default-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    )
    for element, rule in (("script", "script-src"), ("style", "style-src")):
        (inline,) = elements.texts(element)
        assert rules[rule] == f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")


def test_the_page_is_whole_and_names_nothing_outside(document):
    text = page("a page", document)
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert '<div id="app"' in text
    for _, given, _ in Elements(text).found:
        assert not {"src", "href"} & set(given)


def test_the_bundle_is_small_and_asks_for_nothing():
    js, css = bundle("explorer.js"), bundle("explorer.css")
    assert len(js.encode()) + len(css.encode()) <= 150_000
    code = re.sub(r"/\*.*?\*/", "", js, flags=re.DOTALL)  # licences name their homes
    namespaces = (
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/1999/",
    )
    addresses = [
        found for found in re.findall(r"https?://[^\"'`\s)]*", code) if not found.startswith(namespaces)
    ]
    assert addresses == []
    assert not re.findall(r"url\((?!['\"]?data:)", css)


def test_a_file_that_cannot_be_written_leaves_the_old_one(document, tmp_path):
    with pytest.raises(FileError):
        export_html(document, tmp_path / "no" / "such" / "folder.html")
    path = tmp_path / "old.html"
    path.write_text("old")
    with pytest.raises(ConfigurationError, match="a document that lesson made"):
        export_html({"format": "other"}, path)
    assert path.read_text() == "old"
