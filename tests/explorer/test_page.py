"""A lesson on its page: nothing gets out of its element; saved lessons; wide inputs as coordinates."""

import json
import re
from base64 import b64encode
from hashlib import sha256

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError, DataError, FileError
from deepstep.explorer import About, export_html, lesson, read_lesson, unpacked
from deepstep.explorer.page import as_json, bundle, page, policy
from report_page import Page

HOSTILE = (
    "</script><script>alert(1)</script><!-- &amp; \"' \u2028 \u2029 \udc80 ]]> <img src=x onerror=alert(1)>"
)


def test_hostile_names_stay_in_the_data(circles, tmp_path):
    about = About(
        HOSTILE, title=HOSTILE, feature_names=(HOSTILE, "y"), class_names=(HOSTILE, "b"), notes=(HOSTILE,)
    )
    hostile = lesson(Network([2, 3, 1], seed=1), circles.X, circles.Y, about=about, iterations=2)
    export_html(hostile, tmp_path / "page.html")
    elements = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    data = "script", {"type": "application/json", "id": "deepstep-lesson"}
    assert json.loads(elements.inner[elements.tags.index(data)]) == hostile
    usual = ["html", "head", "meta", "meta", "meta", "meta", "title", "style", "body"]
    assert [tag for tag, _ in elements.tags] == [*usual, "div", "noscript", "script", "script"]
    assert elements.comments == []
    assert elements.inner[elements.tags.index(("title", {}))].startswith("</script><script>alert(1)</script>")
    for sign in "<>&\u2028\u2029":
        assert sign not in as_json({sign: sign})
        assert json.loads(as_json({sign: sign})) == {sign: sign}


def test_the_page_is_whole_and_its_policy_allows_its_program_and_its_style_and_nothing_else(document):
    text = page("a page", document)
    elements = Page(text)
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert '<div id="app"' in text
    assert [given for _, given in elements.tags if {"src", "href"} & set(given)] == []
    (content,) = [meta["content"] for meta in elements.named("meta") if "http-equiv" in meta]
    assert content == policy(served=False)
    rules = dict(rule.split(" ", 1) for rule in content.split("; "))
    assert {rules[f"{name}-src"] for name in ("default", "connect")} == {"'none'"}
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for element, rule in (("script", "script-src"), ("style", "style-src")):
        inline = elements.inner[elements.tags.index((element, {}))].encode()
        assert rules[rule] == f"'sha256-{b64encode(sha256(inline).digest()).decode()}'"
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")


def test_the_bundle_is_small_and_asks_for_nothing():
    js, css = bundle("explorer.js"), bundle("explorer.css")
    assert len(js.encode()) + len(css.encode()) <= 240_000
    code = re.sub(r"/\*.*?\*/", "", js, flags=re.DOTALL)  # licences name their homes
    addresses = re.findall(r"https?://[^\"'`\s)]*", code)
    namespaces = tuple(f"http://www.w3.org/{name}" for name in ("2000/svg", "1998/Math/MathML", "1999/"))
    assert [address for address in addresses if not address.startswith(namespaces)] == []
    assert not re.findall(r"url\((?!['\"]?data:)", css)


def test_a_page_and_its_json_come_back_as_they_were_and_a_file_is_kept(document, tmp_path):
    path = tmp_path / "page.html"
    export_html(document, path)
    (tmp_path / "lesson.json").write_text(json.dumps(document), encoding="utf-8")
    assert read_lesson(path) == read_lesson(tmp_path / "lesson.json") == document
    with pytest.raises(FileError):
        export_html(document, tmp_path / "no" / "such" / "folder.html")
    with pytest.raises(ConfigurationError, match=r"deepstep\.explorer\.lesson made, got dict"):
        export_html({"format": "other"}, path)
    assert read_lesson(path) == document


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no lesson, neither as a page nor as JSON"),
        ("<html></html>", "holds no lesson, neither"),
        ("[" * 100_000, "holds no lesson, neither"),
        ("[]", "its format is not 'deepstep-lesson'"),
        ('{"format": "other"}', "its format is not"),
        ('{"format": "deepstep-lesson", "version": 2}', "of version 2, not 1. Update DeepStep"),
        (None, "x.html cannot be read"),
    ],
)
def test_what_is_no_lesson_is_refused(tmp_path, text, problem):
    path = tmp_path / "x.html"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=problem):
        read_lesson(path)


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


def test_the_lecture_s_wide_network_makes_a_small_page_and_coordinates_leave_the_step_as_it_is(cats):
    network, X, Y = cats
    document = lesson(network, X, Y, iterations=3, learning_rate=0.1)
    assert document["wide"] is True
    assert document["network"]["layer_dims"] == [16, 20, 7, 5, 1]
    assert "16 examples and their span" in document["title"]
    assert any("12,288" in note for note in document["notes"])
    assert len(page("wide", lesson(network, X, Y, iterations=30))) < 1_000_000
    small = unpacked(document["data"]["X"])
    lengths = np.linalg.norm(X, axis=0)  # which tell the examples of the page
    picked = [int(np.argmin(np.abs(lengths - length))) for length in np.linalg.norm(small, axis=0)]
    assert np.allclose(small.T @ small, X[:, picked].T @ X[:, picked], rtol=1e-10)
    *_, step = network.steps(X[:, picked], Y[:, picked], iterations=3, learning_rate=0.1)
    trace, shown = step.trace(), document["golden"][-1]["quantities"]
    for name in ("Z1", "A1", "Z4", "dZ4", "dA2", "dZ1", "db1", "dW2", "db4"):
        assert np.allclose(unpacked(shown[name]), trace[name].value, rtol=1e-9, atol=1e-12), name
    assert abs(shown["J"] - trace["J"].value) < 1e-12
    adam = lesson(network, X, Y, iterations=2, optimizer="adam", learning_rate=0.001)
    assert adam["training"]["optimizer"] == "gd"  # in coordinates Adam would go another way
    assert any("optimizer 'adam'" in note for note in adam["notes"])


def test_networks_that_stay_too_large_are_refused():
    X = np.random.default_rng(1).uniform(size=(784, 20))
    with pytest.raises(ConfigurationError, match="parameters when 16 inputs are left, more than the 50,000"):
        lesson(Network([784, 512, 512, 1], seed=1), X, X[:1] > 0.5)
    with pytest.raises(ConfigurationError, match="cannot be shown with l1"):
        lesson(Network([784, 100, 1], seed=1), X, X[:1] > 0.5, l1=0.1)
