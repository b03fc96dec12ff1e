"""The pages for teachers: what they name exists, what they show of the chapters is made from the chapters."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from test_chapter_pages import DOCS, text_of

from deepstep import Network
from deepstep.cli.main import deepstep
from deepstep.course import CHAPTERS
from deepstep.course.museum import EXHIBITS
from deepstep.course.worksheet import worksheets, worksheets_html
from docs_extensions import extension

PAGES = [
    DOCS / "teaching.md",
    *(DOCS / "how-to" / f"{name}.md" for name in ("semester", "afternoon", "worksheets")),
]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


@each_page
def test_commands_exist_with_their_options(page: Path) -> None:
    codes = re.findall(r"`(deepstep [^`]+)`|^(deepstep [^#\n]+)", text_of(page), re.MULTILINE)
    for code in map("".join, codes):
        words = shlex.split(code)[1:]
        command: click.Command = deepstep
        while isinstance(command, click.Group):
            with click.Context(command) as context:
                found = command.get_command(context, words[0])
            assert found is not None, code
            command, words = found, words[1:]
        with click.Context(command) as context:
            options = {name for parameter in command.get_params(context) for name in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, code
        if words and command.name in ("start", "check") and words[0] != "CHAPTER":
            assert int(words[0]) in CHAPTERS, code
        if "--net" in words:
            assert re.fullmatch(r"\d(-\d)+", words[words.index("--net") + 1]), code


def test_links_to_what_the_build_makes_lead_somewhere() -> None:
    trace = Network([2, 8, 8, 1]).trace([[0.0, 1.0], [1.0, 0.0]], [[0, 1]])  # the explorer of the site
    quantities = {entry.name for entry in trace.entries}
    lessons = {f"lessons/{path.stem}.html" for path in (DOCS / "lessons").glob("*.md")}
    for link in re.findall(r'href="(?:\.\./)?([^"]+)"', "".join(map(text_of, PAGES))):
        place, _, state = link.partition("#")
        parts = dict(part.split("=") for part in state.split("&") if part)
        assert place in {"live/explorer.html", "live/bug_museum.html", *lessons}, link
        assert {*parts} <= {"q", "k", "s", "x", "r"}, link
        assert parts.get("q", "J") in quantities, link
        if parts.get("s") == "museum":
            assert parts["x"] in {exhibit.id for exhibit in EXHIBITS}, link


def test_the_licence_of_the_texts_is_named_where_they_are() -> None:
    notice = text_of(DOCS / "LICENSE-texts")
    assert "SPDX-License-Identifier: CC-BY-4.0" in notice
    for path in re.findall(r"docs/[\w/.-]+\w", notice):
        assert (DOCS.parent / path).exists(), path
    for path in ("README.md", "CONTRIBUTING.md", "pyproject.toml"):
        assert "docs/LICENSE-texts" in text_of(DOCS.parent / path), path
    assert "CC BY 4.0" in text_of(DOCS / "conf.py")
    downloads = extension("downloads")
    text = text_of(DOCS / "course" / "02_shapes.md")
    last = json.loads(downloads.notebook(text + downloads.LICENCE))["cells"][-1]
    assert "CC BY 4.0" in "".join(last["source"])


@pytest.mark.parametrize(("sizes", "chapter"), [((2, 1), 1), ((3, 2), 7), ((2, 2, 1), 8), ((2, 2, 2, 1), 8)])
def test_a_worksheet_names_its_chapter_as_the_page_says(sizes: tuple[int, ...], chapter: int) -> None:
    page, net = worksheets_html(worksheets(sizes, students=2, seed=1)), "-".join(map(str, sizes))
    assert page.count(f"Course, chapter {chapter}: {CHAPTERS[chapter].title}.") == 2
    rows = [line for line in text_of(PAGES[-1]).splitlines() if f"`{net}`" in line and "chapter" not in line]
    assert all(f"[{chapter}. {CHAPTERS[chapter].title}]" in row for row in rows)
