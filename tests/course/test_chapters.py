"""The chapters of the course: cells run without a warning, figures have a text, explorers open in place."""

import ast
import json
import linecache
import re
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from deepstep.explorer import Exploration
from docs_extensions import extension
from javascript import evaluated

matplotlib.use("Agg")

CHAPTERS = sorted((Path(__file__).resolve().parents[2] / "docs" / "course").glob("[0-9]*.md"))
FENCE = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(r"\A(?:---\n(.*?)^---\n|((?::[^\n]*\n)+))?", re.MULTILINE | re.DOTALL)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


class Cell(NamedTuple):
    """A code cell: its options as text, its code, and the line where the code begins."""

    options: str
    code: str
    line: int


def cells_of(text: str) -> list[Cell]:
    """The code cells of a chapter in their order."""
    found = []
    for fence in FENCE.finditer(text):
        options = OPTIONS.match(fence[1])
        assert options is not None
        start = fence.start(1) + options.end()
        found.append(Cell(options[0], fence[1][options.end() :], text.count("\n", 0, start) + 1))
    return found


def compiled(chapter: Path, cell: Cell) -> Iterator[Any]:
    """The statements of a cell, and its last expression by itself, as a notebook runs them."""
    name = f"{chapter.name}, cell at line {cell.line}"
    linecache.cache[name] = (len(cell.code), None, cell.code.splitlines(keepends=True), name)
    tree = ast.parse(cell.code, name)
    shown = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    yield compile(tree, name, "exec")
    if isinstance(shown, ast.Expr):
        yield compile(ast.Expression(shown.value), name, "eval")


def run(chapter: Path, cell: Cell, namespace: dict[str, Any]) -> Any:
    """Run a cell and draw what the page shows of it; the value of its last line."""
    value = None
    for code in compiled(chapter, cell):
        value = eval(code, namespace)
    drawn = bool(plt.get_fignums())
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")
    for kind in ("_repr_html_", "_repr_png_"):
        if hasattr(value, kind):
            assert getattr(value, kind)()
            drawn |= kind == "_repr_png_"
    if drawn:
        assert re.search(r"^ +alt: \S", cell.options, re.MULTILINE), (
            f"line {cell.line}: no text for the figure"
        )
    return value


# Where the explorer's own modules go with the hash of an address.
OPENED = """
import {{ readFileSync }} from "node:fs";
import {{ goToHash, readHash }} from "./src/ui/hash.js";
import {{ startCarried }} from "./src/ui/opening.js";
import {{ app }} from "./src/ui/store.js";
startCarried(JSON.parse(readFileSync({path!r})));
goToHash(readHash({hash!r}));
while (app.job) await new Promise(setTimeout);
const {{ screen, k, error, session, micro }} = app;
console.log(JSON.stringify({{ screen, k, error, q: session.open(k).steps[micro].id }}));
process.exit();
"""


@pytest.fixture
def global_generator() -> Iterator[None]:
    """A chapter may show a seed that resets the global generator; here it is set back."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


@pytest.mark.slow
@pytest.mark.usefixtures("global_generator")
@each_chapter
def test_cells_run(chapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = chapter.read_text(encoding="utf-8")
    cells, namespace = cells_of(text), {"__name__": "__main__"}
    assert cells
    monkeypatch.chdir(tmp_path)
    if re.match(r"---\n(?:(?!---\n).*\n)*?.*\bslow: *true\b", text):  # the front matter says so
        for cell in cells:
            list(compiled(chapter, cell))
        return
    values = [run(chapter, cell, namespace) for cell in cells]
    [page] = [value for value in values if isinstance(value, Exploration)]
    heads, number = extension("chapter_heads"), int(chapter.stem[:2])
    (tmp_path / "lesson.json").write_text(json.dumps(page.document), encoding="utf-8")
    hash_part = "#" + unescape(heads.explorer_address(number)).partition("#")[2]
    place = json.loads(evaluated(OPENED.format(path=str(tmp_path / "lesson.json"), hash=hash_part)))
    assert place == {"screen": "lab", "k": 1, "error": "", **heads.chapters()[number]["explorer"]}


@each_chapter
def test_headings_are_nested_fences_closed_exercises_and_mistakes_named(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert len(re.findall(r"^```\{code-cell\}", text, re.MULTILINE)) == len(cells_of(text))
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0
    drawn = [cell for cell in cells_of(text) if "alt:" in cell.options]
    assert all("hide-input" in cell.options or "hide-cell" in cell.options for cell in drawn)
    assert re.findall(r"^:::\{exercise\} (\w+)\n:::$", text, re.MULTILINE)
    number = str(int(chapter.stem[:2]))
    assert re.findall(r"^:::\{mistakes\} (\w+)\n:::$", text, re.MULTILINE) == [number]
    assert set(re.findall(r"deepstep course (?:start|check) (\d+)", text)) == {number}
