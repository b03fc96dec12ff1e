"""A lesson on its page: nothing gets out of its element; saved lessons; wide inputs as coordinates."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError, DataError, FileError
from deepstep.explorer import About, export_html, lesson, read_lesson, unpacked
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
    assert len(js.encode()) + len(css.encode()) <= 240_000
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
    with pytest.raises(ConfigurationError, match=r"deepstep\.explorer\.lesson made, got dict"):
        export_html({"format": "other"}, path)
    assert path.read_text() == "old"


def test_a_page_and_its_json_come_back_as_they_were(document, tmp_path):
    export_html(document, tmp_path / "page.html")
    (tmp_path / "lesson.json").write_text(json.dumps(document), encoding="utf-8")
    assert read_lesson(tmp_path / "page.html") == read_lesson(tmp_path / "lesson.json") == document


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no lesson, neither as a page nor as JSON"),
        ("<html></html>", "holds no lesson, neither"),
        ("[" * 100_000, "holds no lesson, neither"),
        ("[]", "its format is not 'deepstep-lesson'"),
        ('{"format": "other"}', "its format is not"),
        ('{"format": "deepstep-lesson", "version": 2}', "of version 2, not 1. Update DeepStep"),
    ],
)
def test_what_is_no_lesson_is_refused(tmp_path, text, problem):
    path = tmp_path / "x.html"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=problem):
        read_lesson(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match="nothing"):
        read_lesson(tmp_path / "nothing.html")


@pytest.mark.parametrize(
    "record", [{}, {"shape": [1], "f8": "?"}, {"shape": [3], "f8": ""}, None, {"shape": "x", "f8": ""}]
)
def test_what_is_no_array_is_refused(record):
    with pytest.raises(DataError, match="shape and f8"):
        unpacked(record)


@pytest.fixture(scope="module")
def cats():
    """Pictures of the lecture's size, and its network of four layers."""
    rng = np.random.default_rng(7)
    X, Y = rng.uniform(size=(12288, 209)), rng.integers(0, 2, (1, 209))
    return Network([12288, 20, 7, 5, 1], initialization="lecun", seed=1), X, Y


def test_the_lecture_s_wide_network_makes_a_small_page(cats, tmp_path):
    network, X, Y = cats
    document = lesson(network, X, Y, iterations=30)
    assert document["wide"] is True
    assert document["network"]["layer_dims"] == [16, 20, 7, 5, 1]
    assert "16 examples and their span" in document["title"]
    assert any("12,288" in note for note in document["notes"])
    assert export_html(document, tmp_path / "wide.html") < 1_000_000


def test_coordinates_leave_the_step_as_it_is(cats):
    network, X, Y = cats
    document = lesson(network, X, Y, iterations=3, learning_rate=0.1)
    chosen = document["golden"][-1]
    rows = [int(np.argmin(np.abs(X.T @ X[:, row] - X[:, row] @ X[:, row]))) for row in range(X.shape[1])]
    assert rows == list(range(X.shape[1]))
    small = unpacked(document["data"]["X"])
    picked = picked_rows(document, X)
    assert np.allclose(small.T @ small, X[:, picked].T @ X[:, picked], rtol=1e-10)
    step = list(network.steps(X[:, picked], Y[:, picked], iterations=3, learning_rate=0.1))[-1]
    trace = step.trace()
    for name in ("Z1", "A1", "Z4", "dZ4", "dA2", "dZ1", "db1", "dW2", "db4"):
        assert np.allclose(unpacked(chosen["quantities"][name]), trace[name].value, rtol=1e-9, atol=1e-12), (
            name
        )
    assert abs(chosen["quantities"]["J"] - trace["J"].value) < 1e-12


def picked_rows(document, X):
    """The examples of a page, found by their lengths."""
    lengths = np.linalg.norm(unpacked(document["data"]["X"]), axis=0)
    return [int(np.argmin(np.abs(np.linalg.norm(X, axis=0) - length))) for length in lengths]


def test_what_would_go_another_way_is_left_out_and_named(cats):
    document = lesson(*cats, iterations=2, optimizer="adam", learning_rate=0.001)
    assert document["training"]["optimizer"] == "gd"
    assert any("optimizer 'adam'" in note for note in document["notes"])


def test_networks_that_stay_too_large_are_refused():
    X = np.random.default_rng(1).uniform(size=(784, 20))
    with pytest.raises(ConfigurationError, match="parameters when 16 inputs are left, more than the 50,000"):
        lesson(Network([784, 512, 512, 1], seed=1), X, X[:1] > 0.5)
    with pytest.raises(ConfigurationError, match="cannot be shown with l1"):
        lesson(Network([784, 100, 1], seed=1), X, X[:1] > 0.5, l1=0.1)
