"""The report of a class: known mistakes of a generated class are named; hostile names and files are cells."""

import csv
import io
import json
import os
import random
import runpy
from collections import Counter
from pathlib import Path
from time import monotonic, process_time

import pytest

import report_page
from deepstep.course import CHAPTERS, EXERCISES, check, class_report, starter
from deepstep.course.class_report import NOT_TRIED, RIGHT, WRONG, Cell, ClassReport, check_class
from deepstep.course.grader import Result
from deepstep.course.runner import Limits
from deepstep.errors import FileError
from docs_extensions import extension

DOCS = Path(__file__).resolve().parents[2] / "docs"
RELU = "import numpy as np\ndef relu(Z):\n    return np.maximum(0, Z)\n"


def in_this_process(path: Path, name: str, *_: object) -> Result:
    """The grade of a function without the seconds that its own process takes to start."""
    return check(runpy.run_path(str(path))[name], exercise=name).results[0]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_report, "check_exercise", in_this_process)


def report_of(folder: Path) -> ClassReport:
    return check_class(folder, lambda *_: None)


@pytest.mark.usefixtures("quick")
def test_each_learner_of_a_generated_class_has_the_cells_of_its_mistakes(tmp_path: Path) -> None:
    rng, expected = random.Random(7), {}
    for learner in ("Ada", "Béla", "Carl", "Dora"):
        (tmp_path / learner).mkdir()
        for chapter in (1, 6):  # no function of a chapter calls another one
            text = starter(chapter)
            for name in CHAPTERS[chapter].exercises:
                exercise, state = EXERCISES[name], rng.choice((RIGHT, WRONG, WRONG, NOT_TRIED))
                mistake = rng.choice(exercise.mistakes)
                solution = {RIGHT: exercise.solution, WRONG: mistake.apply(exercise.solution)}
                text = text.replace(exercise.hole(), solution.get(state) or exercise.hole())
                expected[learner, name] = Cell(state, mistake.name if state == WRONG else "")
            (tmp_path / learner / f"chapter_{chapter}.py").write_text(text, encoding="utf-8")
    report = report_of(tmp_path)
    assert report.exercises == (*CHAPTERS[1].exercises, *CHAPTERS[6].exercises)
    for learner, cells in report.rows.items():
        for name, cell in zip(report.exercises, cells, strict=True):
            assert cell == expected[learner, name], (learner, name)
    rows = list(csv.reader(io.StringIO(report.to_csv())))
    assert [row[0] for row in rows] == ["learner", *report.rows, "right", "most frequent mistake"]
    for column, name in enumerate(rows[0][2:], start=2):
        cells = [row[column] for row in rows[1:5]]
        assert int(rows[5][column]) == cells.count(RIGHT), name
        wrong = Counter(cell.removeprefix("wrong: ") for cell in cells if cell.startswith("wrong: "))
        assert rows[6][column] in {
            f"{text} ({n})" for text, n in wrong.items() if n == max(wrong.values())
        } or (not wrong)
    assert [int(row[1]) for row in rows[1:5]] == [row.count(RIGHT) for row in rows[1:5]]


HOSTILE_NAMES = [
    *("<script>alert(1)</script>", "=HYPERLINK(1)", "+1", "-1", "@a", "\t=1"),
    *("x" * 200, "\u202eada", "a\x1b[31m"),
]


def test_hostile_names_are_texts_in_each_format(tmp_path: Path) -> None:
    cells = {class_report._shown(name, 60): [Cell(WRONG)] for name in HOSTILE_NAMES}
    report = ClassReport(("relu",), {name: [Cell(WRONG, f"{name} is wrong")] for name in cells})
    rows = list(csv.reader(io.StringIO(report.to_csv())))
    assert len(rows) == len(cells) + 3
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert all(len(row[0]) <= 61 for row in rows)
    (tmp_path / "report.html").write_text(report.to_html("<b>"), encoding="utf-8")
    page = report_page.check(tmp_path / "report.html")
    assert "<script>alert(1)</script>" in page.text
    assert {"scope": "col"}.items() <= page.named("th")[0].items()
    assert sum(th.get("scope") == "row" for th in page.named("th")) == 2 * len(cells) + 2
    assert not {"\u202e", "\x1b"} & set(page.text + report.to_csv())


@pytest.mark.usefixtures("quick")
def test_files_that_cannot_be_read_are_cells_with_the_reason(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.py", tmp_path / "class"
    folder.mkdir()
    for path in (outside, folder / "good.py", folder / ".hidden.py"):
        path.write_text(RELU, encoding="utf-8")
    os.mkfifo(folder / "pipe.py")
    (folder / "link.py").symlink_to(outside)
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (folder / "circle.py").symlink_to(folder / "circle.py")
    (folder / "folder.py").mkdir()
    (folder / "empty").mkdir()
    (folder / "large.py").write_bytes(b"#" * (1 << 20) + RELU.encode())
    for number, text in enumerate(
        ("{", "[]", '{"cells": [3]}', '{"cells": [{"cell_type": "code"}]}', "[" * 10**5)
    ):
        (folder / f"notebook {number}.ipynb").write_text(text, encoding="utf-8")
    (folder / "README.txt").write_text("no learner", encoding="utf-8")
    rows = report_of(folder).rows
    assert rows.pop("good") == [Cell(NOT_TRIED), Cell(RIGHT), Cell(NOT_TRIED), Cell(NOT_TRIED)]
    assert rows.pop("empty") == rows.pop("folder.py") == 4 * [Cell(NOT_TRIED)]
    reasons = {
        name: cells[1].text
        for name, cells in rows.items()
        if {cell.state for cell in cells} == {class_report.NOT_RUN}
    }
    assert len(reasons) == len(rows) == 10
    assert reasons["link"] == "link.py: a link that leads out of the folder"
    assert reasons["pipe"] == "pipe.py: no regular file, or a folder that is not read"
    assert reasons["large"] == "large.py: larger than 1 MB"
    assert {reasons[f"notebook {number}"][10:] for number in range(5)} == {
        ".ipynb: no notebook that can be read"
    }


@pytest.mark.slow
def test_files_that_do_not_run_are_cells_and_the_others_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_report, "Limits", lambda: Limits(0.3))
    texts = {
        "loop": f"while True: pass\n{RELU}",
        "syntax": f"{RELU}\ndef (",
        "good": f"print('x' * 10**6)\n{RELU}",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    seen: list[tuple[int, int, str]] = []
    rows = check_class(tmp_path, lambda *state: seen.append(state)).rows
    assert {name: cells[1].state for name, cells in rows.items()} == {
        "loop": class_report.NOT_RUN,
        "syntax": class_report.NOT_RUN,
        "good": RIGHT,
    }
    assert "is there an endless loop?" in rows["loop"][1].text
    assert rows["syntax"][1].text.startswith("The file does not run: SyntaxError, line 5")
    assert [(done, total) for done, total, _ in seen] == [(0, 3)] * 3 + [(1, 3), (2, 3), (3, 3)]
    monkeypatch.setattr(class_report, "SECONDS", -1)
    assert "took more than -1 seconds" in report_of(tmp_path).rows["good"][1].text


def test_ctrl_c_ends_the_processes_of_learners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text(RELU, encoding="utf-8")
    (tmp_path / "b.py").write_text(f"while True: pass\n{RELU}", encoding="utf-8")
    monkeypatch.setattr(class_report, "thread_limit", lambda: 2)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    begin = monotonic()
    with pytest.raises(KeyboardInterrupt):
        check_class(tmp_path, interrupted)
    assert monotonic() - begin < 8  # the limit is 10 seconds


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("chapter", [4, 12])
def test_functions_of_a_notebook_for_download_are_checked(chapter: int, tmp_path: Path) -> None:
    page = DOCS / "course" / f"{chapter:02}_{CHAPTERS[chapter].slug}.md"
    made = json.loads(extension("downloads").notebook(page.read_text(encoding="utf-8")))
    (tmp_path / "empty.ipynb").write_text(json.dumps(made), encoding="utf-8")
    for cell in made["cells"]:
        text = "".join(cell["source"])
        for name in CHAPTERS[chapter].exercises:
            if f"def my_{name}(" in text:
                solution = EXERCISES[name].solution.replace(f"def {name}(", f"def my_{name}(")
                cell["source"] = [f"%time 1\n{text.partition('def my_')[0]}{solution}\ncheck(my_{name})"]
    (tmp_path / "solved.ipynb").write_text(json.dumps(made), encoding="utf-8")
    rows = report_of(tmp_path).rows
    assert {cell.state for cell in rows["empty"]} == {NOT_TRIED}
    assert {cell.state for cell in rows["solved"]} == {RIGHT}


def test_a_folder_without_the_files_of_a_class_is_refused(tmp_path: Path) -> None:
    for folder, message in ((tmp_path, "has no function of the course"), (tmp_path / "no", "No such file")):
        with pytest.raises(FileError, match=message):
            report_of(folder)


@pytest.mark.usefixtures("quick")
def test_a_row_for_each_learner_with_the_best_of_several_files(tmp_path: Path) -> None:
    for name in (" a.py", "a (2).py", "a.py"):
        (tmp_path / name).write_text(RELU)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "first.py").write_text(RELU)
    (tmp_path / "b" / "second.py").write_text(RELU.replace("0, Z", "1, Z"))
    rows = report_of(tmp_path).rows
    assert list(rows) == ["a", "a (2)", "a (3)", "b"]
    assert {cells[1] for cells in rows.values()} == {Cell(RIGHT)}


@pytest.mark.parametrize("text", ["\n" * 300_000 + "def (", " " * 300_000 + "def", "def " * 50_000])
def test_a_file_of_blanks_is_searched_in_one_pass(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    (tmp_path / "b.py").write_text(RELU)
    began = process_time()
    check_class(tmp_path, lambda *_: None)
    assert process_time() - began < 3


@pytest.mark.usefixtures("quick")
def test_constants_and_lambdas_of_a_notebook_are_run_and_others_do_not_end_it(tmp_path: Path) -> None:
    """A function in a cell that is not Python is wrong by the error of the cell."""
    sources = (
        "import numpy as np\nEPS = 1.0\nX = load()\nplot(X)",
        "sigmoid = lambda Z: EPS / (EPS + np.exp(-Z))",
        "def my_relu(Z):\n  return (",
    )
    cells = [{"cell_type": "code", "source": [source]} for source in sources]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    sigmoid, relu, *_ = report_of(tmp_path).rows["a"]
    assert sigmoid == Cell(RIGHT)
    assert (relu.state, "was never closed" in relu.text) == (WRONG, True)
