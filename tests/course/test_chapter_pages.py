"""What the pages of the chapters show and ask: drawings, questions, exercises before answers, notebooks."""

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from test_chapters import cells_of, run

from deepstep import equations
from deepstep.course import CHAPTERS, EXERCISES, check
from deepstep.course.lesson import build, manifest
from docs_extensions import extension

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted((DOCS / "course").glob("[0-9]*.md"))
SVG = "{http://www.w3.org/2000/svg}"
DRAWING = re.compile(r"^:::\{drawing\} (\S+)(?: (\S+))?$", re.MULTILINE)
SHOW_AND_ASK = [page for page in PAGES if "{question}" in page.read_text(encoding="utf-8")]
each_page = pytest.mark.parametrize("page", SHOW_AND_ASK, ids=lambda path: path.stem)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# Drawings


def placed() -> list[tuple[str, ...]]:
    """The drawings on the pages: name and argument."""
    matches = [match.groups() for page in PAGES for match in DRAWING.finditer(text_of(page))]
    return [tuple(word for word in words if word) for words in matches]


def test_the_chapters_show_their_network_and_thirty_drawings() -> None:
    assert len(set(placed())) == len(placed()) >= 30  # each once
    assert {name for name, *_ in placed()} == set(extension("drawings").DRAWINGS)
    for page in SHOW_AND_ASK:
        assert DRAWING.findall(text_of(page))[0] == ("story", str(int(page.stem[:2]))), page


@pytest.mark.parametrize("words", placed(), ids="-".join)
def test_a_drawing_stays_on_its_canvas_and_is_described(words: tuple[str, ...]) -> None:
    drawings = extension("drawings")
    sketch = drawings.DRAWINGS[words[0]](*words[1:])
    svg = sketch.svg("here")
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    labels = {one.get("id"): one.text for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")}
    assert set((root.get("aria-labelledby") or "").split()) == set(labels)
    assert all(text and text.strip() for text in labels.values())
    assert "nan" not in svg
    assert "#" not in svg  # colours are those of the page
    for one in root.iter():
        kind, x, y = one.tag.removeprefix(SVG), float(one.get("x", 0)), float(one.get("y", 0))
        points, most = np.empty((0, 2)), 0
        if kind == "text":  # letters are about 6.2 wide
            half, most = 3.1 * len(one.text or ""), 2
            left = x - {"middle": half, "start": 0, "end": 2 * half}[one.get("text-anchor", "start")]
            points = np.array([(left, y), (left + 2 * half, y)])
        elif kind == "rect":
            points = np.array([(x, y), (x + float(one.get("width", 0)), y + float(one.get("height", 0)))])
        elif kind == "polyline":
            points = np.array([pair.split(",") for pair in (one.get("points") or "").split()], dtype=float)
        assert (points >= [-most, 0]).all(), one.text
        assert (points <= [drawings.WIDTH + most, sketch.height]).all(), one.text


def test_a_drawing_has_the_numbers_of_the_network_and_a_rule_for_each_colour() -> None:
    drawings = extension("drawings")
    gradients = drawings.Network(parameters=drawings.PARAMETERS).gradients(drawings.X, drawings.Y)
    shown = "".join(drawings.DRAWINGS["story"]("8").parts)
    for value in [*gradients["dW1"].ravel(), *gradients["dW2"].ravel()]:
        assert f">{drawings.number(value, 2)}<" in shown
    names = set(re.findall(r"var\((--\w+)\)", drawings.page_style()))
    assert names == {f"--{name}" for name in drawings.COLORS}


def test_the_chapters_ask_forty_questions() -> None:
    counts = {page.stem: len(extension("questions").questions(page)) for page in SHOW_AND_ASK}
    assert len(QUESTIONS) == sum(counts.values()) >= 40
    assert all(2 <= count <= 5 for count in counts.values()), counts
    places = [question["answer"] for question in QUESTIONS.values()]
    assert all(places.count(place) > len(QUESTIONS) / 5 for place in (1, 2, 3))  # none is a guess


# Questions


QUESTIONS = {
    f"{page.stem[:2]}-{number}": question
    for page in PAGES
    for number, question in enumerate(extension("questions").questions(page), start=1)
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_stated_answer_is_what_the_code_computes(name: str) -> None:
    question, questions = QUESTIONS[name], extension("questions")
    assert question["explanation"]
    assert question["code"]
    for answer in range(1, len(question["choices"]) + 1):
        assert questions.is_right({**question, "answer": answer}) == (answer == question["answer"])
    if question["enter"]:  # a number may be rounded, but not be another choice
        right = float(question["choices"][question["answer"] - 1])
        tolerance = questions.tolerance(question["choices"])
        assert sum(abs(float(choice) - right) <= tolerance for choice in question["choices"]) == 1


@each_page
def test_the_questions_of_a_chapter_are_a_lesson_that_counts_points(page: Path, tmp_path: Path) -> None:
    questions, number = extension("questions"), int(page.stem[:2])
    path = tmp_path / "chapter.md"
    path.write_text(questions.lesson(number, CHAPTERS[number].title, page), encoding="utf-8")
    document = build(path)
    answers = [scene["question"]["answers"] for scene in document["scenes"]]
    assert answers == [[one["answer"] - 1] for one in questions.questions(page)]
    assert all(scene["question"]["points"] == 1 for scene in document["scenes"])
    assert "masteryscore" in manifest(document)


# Exercises before answers


@pytest.mark.parametrize("name", [name for number in (4, 5, 6, 7) for name in CHAPTERS[number].exercises])
def test_no_answer_stands_above_its_exercise(name: str) -> None:
    page = PAGES[EXERCISES[name].chapter - 1]
    above = text_of(page).split(f"\n:::{{exercise}} {name}\n")[0]
    assert "getsource" not in above
    library = {key: getattr(equations, key) for key in EXERCISES if hasattr(equations, key)}
    for cell in cells_of(above):
        for node in ast.walk(ast.parse(cell.code)):
            if isinstance(node, ast.FunctionDef):
                namespace = {"np": np} | library
                exec(ast.unparse(node), namespace)
                assert check(namespace[node.name], exercise=name).score == 0, f"{node.name} solves {name}"


# Notebooks


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_notebook_has_a_cell_for_each_exercise(page: Path) -> None:
    downloads = extension("downloads")
    cells = cells_of(downloads.DIRECTIVE.sub(downloads.plain, text_of(page)))
    open_cells = [cell for cell in cells if f"[{downloads.OPEN}]" in cell.options]
    names = CHAPTERS[int(page.stem[:2])].exercises
    assert len(open_cells) == len(names)
    for cell, name in zip(open_cells, names, strict=True):
        assert str(run(page, cell, {})).startswith(f"{name}: wrong\n    The function is not written yet.")
        body = EXERCISES[name].solution.split(":\n", 1)[1]
        hole = next(line for line in cell.code.splitlines(keepends=True) if "NotImplementedError" in line)
        assert run(page, cell._replace(code=cell.code.replace(hole, body)), {}).score == 1


def test_a_notebook_has_the_outputs_of_the_build(tmp_path: Path) -> None:
    jupytext, nbformat = pytest.importorskip("jupytext"), pytest.importorskip("nbformat")
    downloads, text = extension("downloads"), text_of(PAGES[3])
    executed = jupytext.reads(text, fmt="md:myst")
    codes = [cell for cell in executed.cells if cell.cell_type == "code"]
    for number, cell in enumerate(codes):
        cell.outputs = [nbformat.v4.new_output("stream", text=f"cell {number}")]
    jupytext.write(executed, tmp_path / "executed.ipynb")
    made = jupytext.reads(downloads.notebook(text, tmp_path / "executed.ipynb"), fmt="ipynb")
    cells = [cell for cell in made.cells if cell.cell_type == "code"]
    of_page = [cell for cell in cells if "check(my_" not in cell.source]
    assert [cell.outputs[0]["text"] for cell in of_page] == [f"cell {number}" for number in range(len(codes))]
    assert not any(cell.outputs for cell in cells if "check(my_" in cell.source)
    drawn = [cell for cell in of_page if "plt." in cell.source]
    assert drawn
    assert all(cell.metadata["jupyter"]["source_hidden"] for cell in drawn)


# The index


def test_heads_weeks_and_the_table_are_made_from_the_chapters() -> None:
    heads = extension("chapter_heads")
    table = heads.chapter_table("../")
    assert set(heads.chapters()) == set(CHAPTERS)
    for number, known in heads.chapters().items():
        assert 15 <= known["minutes"] <= 120
        head, week = heads.head(number, DOCS), heads.week(number, "../", DOCS)
        total = len(extension("questions").questions(heads.page_of(number, DOCS / "course")))
        assert (f'data-total="{total}"' in head) == bool(total)
        assert f'<a href="{heads.explorer_address(number)}">Explorer at ' in head
        assert known["explorer"]["q"] in head
        assert known["needs"] in head
        assert known["aim"] in head
        assert known["aim"] in week
        assert f"{known['minutes']} minutes" in week
        assert all(f"`{name}`" in week for name in CHAPTERS[number].exercises)
        assert f"| {known['aim']} | {known['minutes']} | {known['needs']} |" in table
        assert ("lesson" in known) == ("Lesson: " in head)
        for target in re.findall(r"\]\(\.\./([^)]+)\)", week + table):
            assert (DOCS / target).exists(), target
