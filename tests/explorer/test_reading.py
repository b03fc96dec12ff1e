"""Lessons that were saved, read again; what is none is refused."""

import json

import pytest

from deepstep.errors import DataError, FileError
from deepstep.explorer import export_html, read_lesson, unpacked


def test_a_page_and_its_json_come_back_as_they_were(document, tmp_path):
    export_html(document, tmp_path / "page.html")
    (tmp_path / "lesson.json").write_text(json.dumps(document), encoding="utf-8")
    assert read_lesson(tmp_path / "page.html") == read_lesson(tmp_path / "lesson.json") == document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds none"),
        ("<html></html>", "it holds none"),
        ("[" * 100_000, "it holds none"),
        ("[]", "something else"),
        ('{"format": "other"}', "something else"),
        ('{"format": "deepstep-lesson", "version": 2}', "Update DeepStep"),
    ],
)
def test_what_is_no_lesson_is_refused(tmp_path, text, said):
    path = tmp_path / "x.html"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=said):
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
