"""The report of a class: exercise by learner, with the mistakes named, as a table for CSV and HTML.

Whatever a learner's files are, the learner has a row: what cannot be read or run is a cell with the reason.
"""

import ast
import csv
import io
import itertools
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.resources import files as package_files
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, NamedTuple

from deepstep.course import CHAPTERS, EXERCISES
from deepstep.course.grader import MOST_SOURCE, NOT_WRITTEN, check_exercise, course_seed, functions_in
from deepstep.course.runner import Limits, end_processes
from deepstep.environment import executor, thread_limit
from deepstep.errors import FileError
from deepstep.report.html import Content, page, table, tag

RIGHT, WRONG, NOT_RUN, NOT_TRIED = STATES = ("right", "wrong", "could not be run", "not tried")
"""States of an exercise. Of several files with the same function the first state in this order counts."""

MARKS = dict(zip(STATES, "✓✗!–", strict=True))

NOTEBOOK, ENDINGS = ".ipynb", (".py", ".ipynb")

HIDDEN = (".", "__")
"""Beginnings of names that systems and editors give."""

MOST_NOTEBOOK = 32 << 20
"""The size in bytes of a notebook, which has pictures in it."""

MOST_NAME, MOST_CELL = 60, 160
"""Characters of a learner's name and of a cell."""

SECONDS = 60
"""When the functions of a learner took so long, no other is run."""

DEFINITION = re.compile(r"^[ \t]*def[ \t]+(\w+)[ \t]*\(", re.MULTILINE)  # no \s, which goes over lines

KEPT = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
VALUES = ast.Constant | ast.Lambda
"""Statements of a notebook that are run, and values whose assignment is: not what draws and trains."""

MOST_OF_A_LEARNER = 20
"""Files of a learner that are read."""


class Cell(NamedTuple):
    """An exercise of a learner: its state, and the mistake or the reason in a few words."""

    state: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.state}: {self.text}" if self.text else self.state


class Mistake(NamedTuple):
    """A mistake in an exercise, or a reason why something could not be run, and the learners who have it."""

    exercise: str
    mistake: str
    learners: list[str]


class ClassReport(NamedTuple):
    """The exercises of a class in the order of the course, and by learner a cell for each of them.

    >>> report = ClassReport(("relu",), {"Ada": [Cell(RIGHT)], "Bob": [Cell(WRONG, "the sign is wrong")]})
    >>> print(report.to_csv(), end="")
    learner,right,relu
    Ada,1,right
    Bob,0,wrong: the sign is wrong
    right,1,1
    most frequent mistake,,the sign is wrong (1)
    """

    exercises: tuple[str, ...]
    rows: dict[str, list[Cell]]

    def right(self) -> list[int]:
        """How many learners have each exercise right."""
        columns = zip(*self.rows.values(), strict=True)
        return [sum(cell.state == RIGHT for cell in column) for column in columns]

    def mistakes(self) -> list[Mistake]:
        """The mistakes of the class, and what could not be run; the most frequent first."""
        learners = defaultdict[tuple[str, str], dict[str, None]](dict)
        for index, exercise in enumerate(self.exercises):
            for name, cells in self.rows.items():
                if (cell := cells[index]).text:
                    learners[exercise if cell.state == WRONG else NOT_RUN, cell.text][name] = None
        mistakes = (Mistake(*key, list(names)) for key, names in learners.items())
        return sorted(mistakes, key=lambda mistake: -len(mistake.learners))

    def summary(self) -> str:
        """How many exercises have each state."""
        counts = Counter(cell.state for cells in self.rows.values() for cell in cells)
        text = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
        return f"Learners: {len(self.rows)}, exercises: {len(self.exercises)}. Cells: {text}."

    def table(self) -> list[list[Any]]:
        """A row for each learner, how many are right, and the most frequent mistake of each exercise."""
        counts = {name: sum(cell.state == RIGHT for cell in cells) for name, cells in self.rows.items()}
        frequent = {entry.exercise: entry for entry in reversed(self.mistakes())}
        entries = [frequent.get(exercise) for exercise in self.exercises]
        mistakes = [f"{entry.mistake} ({len(entry.learners)})" if entry else "" for entry in entries]
        return [
            *([name, count, *self.rows[name]] for name, count in counts.items()),
            ["right", sum(counts.values()), *self.right()],
            ["most frequent mistake", "", *mistakes],
        ]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        learners = {
            name: {exercise: cell._asdict() for exercise, cell in zip(self.exercises, cells, strict=True)}
            for name, cells in self.rows.items()
        }
        right = dict(zip(self.exercises, self.right(), strict=True))
        mistakes = [entry._asdict() for entry in self.mistakes()]
        return {"learners": learners, "right": right, "mistakes": mistakes}

    def to_csv(self) -> str:
        """The table, in which no cell is a formula to a spreadsheet."""
        text = io.StringIO()
        rows = [["learner", "right", *self.exercises], *self.table()]
        formula = ("=", "+", "-", "@", "\t", "\r")
        csv.writer(text, lineterminator="\n").writerows(
            [f"'{cell}" if str(cell).startswith(formula) else cell for cell in row] for row in rows
        )
        return text.getvalue()

    def to_html(self, name: str) -> str:
        """One page that loads nothing; the name is that of the class."""
        title = f"Class report: {_shown(name, MOST_NAME)}"
        heads: list[Content] = [
            tag("span", tag("small", f"chapter {EXERCISES[name].chapter} "), name) for name in self.exercises
        ]
        rows: list[list[Content]] = [[*row[:2], *map(_as_html, row[2:])] for row in self.table()]
        mistakes: list[list[Content]] = [
            [text, place, ", ".join(names), len(names)] for place, text, names in self.mistakes()
        ]
        heads, counted = ["learner", "right", *heads], ["mistake", "exercise", "learners", "count"]
        main = tag(
            "main",
            tag("h1", title),
            tag("p", self.summary()),
            table(heads, rows, caption="Exercises of each learner", texts_last=len(self.exercises)),
            table(counted, mistakes, caption="Mistakes by frequency", left=3),
        )
        sheets = (("deepstep.report", "style.css"), ("deepstep.course", "class_report.css"))
        style = [(package_files(package) / sheet).read_text(encoding="utf-8") for package, sheet in sheets]
        return page(title, "".join(style), main)


def _as_html(cell: str | int | Cell) -> Content:
    if not isinstance(cell, Cell):
        return cell
    text = cell.text if cell.state == WRONG else str(cell)
    return tag("span", f"{MARKS[cell.state]} {text}", class_=cell.state.replace(" ", "-"))


def _shown(text: str, most: int) -> str:
    """A text of a learner on one line, without controls and marks of direction, and not longer than this."""
    text = " ".join(text[: 4 * most].encode(errors="replace").decode().split())
    text = "".join(sign if sign.isprintable() or sign in "\u200c\u200d" else "\ufffd" for sign in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def check_class(folder: Path, tell: Callable[[int, int, str], None]) -> ClassReport:
    """The report of the files in a folder: a file or a folder for each learner.

    folder: The folder; the name of a learner is that of the file without its ending, or that of the folder.
    tell: Is called with the number of checked functions, that of all, and the name of the last one's learner.
    FileError: If there is no such folder, or no function of the course in it.
    """
    try:
        learners = _learners(folder)
    except OSError as error:
        raise FileError(f"{folder} cannot be listed ({error.strerror})") from error
    cells, problems = _checked(learners, folder.resolve(), tell)
    chapters = {EXERCISES[exercise].chapter for row in cells.values() for exercise in row}
    if not chapters:
        reason = next((f" ({problem})" for problem in problems.values()), "")
        raise FileError(f"{folder} has no function of the course{reason}")
    exercises = tuple(name for number in sorted(chapters) for name in CHAPTERS[number].exercises)
    report = ClassReport(exercises, {})
    for learner in learners:
        other = Cell(NOT_RUN, problems[learner]) if learner in problems else Cell(NOT_TRIED)
        shown = _shown(learner, MOST_NAME)
        names = itertools.chain([shown], (f"{shown} ({number})" for number in itertools.count(2)))
        name = next(name for name in names if name not in report.rows)
        report.rows[name] = [cells[learner].get(exercise, other) for exercise in exercises]
    return report


def _checked(
    learners: dict[str, list[Path]], root: Path, tell: Callable[[int, int, str], None]
) -> tuple[dict[str, dict[str, Cell]], dict[str, str]]:
    """By learner: the cell of each exercise with a function, and why a file could not be read."""
    seed, seconds = course_seed(), defaultdict[str, float](float)
    cells, problems = defaultdict[str, dict[str, Cell]](dict), dict[str, str]()
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch, executor(thread_limit(), "check") as pool:
        tasks = []
        files = [(name, file) for name in learners for file in learners[name][:MOST_OF_A_LEARNER]]
        for number, (learner, file) in enumerate(files):
            tell(0, len(files), _shown(learner, MOST_NAME))
            if len(learners[learner]) > MOST_OF_A_LEARNER:
                problems[learner] = f"more than {MOST_OF_A_LEARNER} files, of which the first were read"
            try:
                path, functions = _functions(file, root, Path(scratch, f"{number}.py"))
            except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a circle of links
                reason = getattr(error, "strerror", None) or str(error)
                problems.setdefault(learner, _shown(f"{file.name}: {reason}", MOST_CELL))
                continue
            for name, is_written in functions.items():
                task = pool.submit(_graded, learner, path, name, is_written, seed, seconds)
                tasks.append((learner, name, task))
        try:
            for number, (learner, name, task) in enumerate(tasks, start=1):
                cell = task.result()
                cells[learner][name] = min(cells[learner].get(name, cell), cell, key=_rank)
                tell(number, len(tasks), _shown(learner, MOST_NAME))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            end_processes()  # after Ctrl-C; else there are none
    return cells, problems


def _graded(
    learner: str, path: Path, name: str, is_written: bool, seed: int, seconds: dict[str, float]
) -> Cell:
    """The cell of a function; ``seconds`` are those that the functions of each learner took."""
    if not is_written:
        return Cell(NOT_TRIED)
    if seconds[learner] > SECONDS:
        return Cell(NOT_RUN, f"the other functions of the learner took more than {SECONDS} seconds")
    begin = monotonic()
    result = check_exercise(path, name, seed, Limits())
    seconds[learner] += monotonic() - begin
    if result.right or NOT_WRITTEN in result.messages:
        return Cell(RIGHT if result.right else NOT_TRIED)
    text = "; ".join(mistake.name for mistake in result.mistakes) or result.messages[0]
    return Cell(WRONG if result.ran else NOT_RUN, _shown(text, MOST_CELL))


def _rank(cell: Cell) -> int:
    return STATES.index(cell.state)


def _learners(folder: Path) -> dict[str, list[Path]]:
    """The files of each learner; a folder that cannot be listed, or a link to one, stands for itself."""
    learners = defaultdict[str, list[Path]](list)
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and not path.name.startswith(HIDDEN) and not os.path.isdir(path):
            learners[path.stem].append(path)
        elif os.path.isdir(path) and not path.name.startswith(HIDDEN):
            listed = os.access(path, os.R_OK | os.X_OK) and not path.is_symlink()
            inside = sorted((*path.glob("*"), *path.glob("*/*"))) if listed else [path]
            learners[path.name] += [
                file
                for file in inside
                if file == path or file.suffix.lower() in ENDINGS
                if not file.name.startswith(HIDDEN) and not file.parent.name.startswith(HIDDEN)
            ]
    return learners


def _functions(file: Path, root: Path, program: Path) -> tuple[Path, dict[str, bool]]:
    """The program of a file, which is written for a notebook, and the exercises that it has functions for:
    whether each is more than a hole.
    """
    if not file.resolve().is_relative_to(root):
        raise ValueError("a link that leads out of the folder")
    if not file.is_file():
        raise ValueError("no regular file, or a folder that is not read")
    is_notebook = file.suffix.lower() == NOTEBOOK
    most = MOST_NOTEBOOK if is_notebook else MOST_SOURCE
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise ValueError(f"larger than {most >> 20} MB")
    if is_notebook:
        file, content = program, program_of(content).encode(errors="replace")
        program.write_bytes(content)
    functions = functions_in(content)
    if b"\0" in content:
        raise ValueError("not Python")
    if functions is None:  # it is run nevertheless: Python says what is wrong with it
        functions = dict.fromkeys(DEFINITION.findall(content.decode(errors="replace")), True)
    return file, {name: functions[name] for name in functions if name in EXERCISES}


def _is_run(node: ast.stmt) -> bool:
    return isinstance(node, KEPT) or (isinstance(node, ast.Assign) and isinstance(node.value, VALUES))


def program_of(notebook: bytes) -> str:
    """The functions of a notebook, with its imports and constants, as a program.

    A function ``my_relu`` is there as ``relu`` too. A function in a cell that is not Python raises the error
    of the cell.
    """
    nodes: list[ast.stmt] = []
    try:
        cells = [cell for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
        for text in (re.sub("(?m)^[%!].*", "", "".join(cell["source"])) for cell in cells):
            try:
                nodes += [node for node in ast.parse(text).body if _is_run(node)]
            except (SyntaxError, MemoryError) as error:
                refusal = f"(*_):\n    raise SyntaxError({str(error)!r})"
                raising = "\n".join(f"def {name}{refusal}" for name in DEFINITION.findall(text))
                nodes += ast.parse(raising).body
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        mine = [node for node in functions if node.name.startswith("my_") and node.name[3:] in EXERCISES]
        nodes += [ast.FunctionDef(**{**vars(node), "name": node.name[3:]}) for node in mine]
        return "\n".join(map(ast.unparse, nodes))
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError("no notebook that can be read") from error
