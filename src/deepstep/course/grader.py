"""The grader: which functions are right, and which mistake a wrong one has."""

import ast
import html
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from deepstep.course import EXERCISES
from deepstep.course.chapters import Chapter, find_chapter
from deepstep.course.comparison import Beside, Comparison
from deepstep.course.exercise import HOLE, Arguments, Exercise, Mistake
from deepstep.course.runner import Limits, Record, call, own_generator, run_file
from deepstep.errors import ConfigurationError, FileError, unknown_name

SEED_VARIABLE = "DEEPSTEP_COURSE_SEED"
"""The environment variable with the seed of the hidden cases."""


MOST_SOURCE = 1 << 20
"""The size in bytes of a learner's file; larger ones are not read."""

NOT_WRITTEN = "The function is not written yet."

KEPT_VALUE = "A value of an earlier call is kept, as in a global variable: the first call is right."

GRADING = Lock()
"""Solutions run one at a time, as they may draw from the global generator; learners' processes need not."""


class Result(NamedTuple):
    """The grade of one function: whether it is right, the mistakes recognized, what was seen, whether it
    could be called at all, and the first case that is wrong.
    """

    exercise: str
    right: bool
    mistakes: tuple[Mistake, ...] = ()
    messages: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    ran: bool = True
    first_wrong: int = 0

    def lines(self) -> list[str]:
        """The result as text."""
        lines = [f"{self.exercise}: {'right' if self.right else 'wrong'}"]
        for mistake in self.mistakes:
            lines.append(f"    Mistake: {mistake.name}.")
            if mistake.hint:
                lines.append(f"    Hint: {mistake.hint}")
        return [*lines, *(f"    {message}" for message in self.messages)]


@dataclass(frozen=True)
class Grade:
    """The grade of functions, shown as text, in notebooks as HTML, and given as JSON.

    Attributes
    ----------
    results : tuple of Result
        One for each function.

    Examples
    --------
    >>> grade = check(lambda Z: Z * (Z > 0), exercise="relu")
    >>> grade.score, grade.to_dict()["exercises"][0]["points"]
    (1.0, 1)
    """

    results: tuple[Result, ...]

    @property
    def score(self) -> float:
        """The share of right functions, from 0 to 1."""
        return sum(result.right for result in self.results) / len(self.results)

    def to_dict(self) -> dict[str, Any]:
        """Give the grade as plain values.

        Returns
        -------
        dict
            "score", "points", "out_of", and "exercises": of each its name, points, mistakes and messages.
        """
        return {
            "score": self.score,
            "points": sum(result.right for result in self.results),
            "out_of": len(self.results),
            "exercises": [
                {
                    "exercise": result.exercise,
                    "points": int(result.right),
                    "mistakes": [
                        {"name": mistake.name, "hint": mistake.hint, "defects": list(mistake.defects)}
                        for mistake in result.mistakes
                    ],
                    "messages": list(result.messages),
                }
                for result in self.results
            ],
        }

    def to_json(self) -> str:
        """Give the grade as one JSON object.

        Returns
        -------
        str
            JSON of `to_dict`.
        """
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def raise_if_wrong(self) -> None:
        """Raise AssertionError with the text of the grade unless all is right: for a test of otter.

        Raises
        ------
        AssertionError
            If a function is wrong.
        """
        if self.score < 1:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        lines = [line for result in self.results for line in result.lines()]
        right = sum(result.right for result in self.results)
        return "\n".join([*lines, f"{right} of {len(self.results)} right"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        blocks = []
        for result in self.results:
            first, *lines = (html.escape(line.strip()) for line in result.lines())
            items = "".join(f"<li>{line}</li>" for line in lines)
            blocks.append(f"<p><strong>{first}</strong></p>" + (f"<ul>{items}</ul>" if items else ""))
            blocks += [pair.as_html() for pair in result.beside]
        return "".join(blocks)


def course_seed(seed: int | None = None) -> int:
    """The seed of the hidden cases: the given one, else that of the environment, else 1."""
    text = os.environ.get(SEED_VARIABLE, "1") if seed is None else str(seed)
    if not text.isdecimal() or int(text) >= 2**32:
        name = SEED_VARIABLE if seed is None else "seed"
        raise ConfigurationError.must_be(name, "a whole number from 0 to below 2^32", repr(text))
    return int(text)


def check(*functions: Callable[..., Any], exercise: str | None = None, seed: int | None = None) -> Grade:
    """Check functions of this process, for example of a notebook.

    Verified are the results for the published cases and for hidden ones, that the arguments stay as they are,
    and that the global random generator is left alone. Not verified are who wrote the function, how it
    computes the result and how long it takes. It runs in this process without limits, on copies of the
    arguments; `check_file` runs a file apart.

    Parameters
    ----------
    *functions : callable
        Solutions of exercises, found by their names; a name may begin with ``my_``.
    exercise : str, optional
        Name of the exercise, where there is one function of another name.
    seed : int, optional
        Seed of the hidden cases; by default that of the environment variable ``DEEPSTEP_COURSE_SEED``, or 1.

    Returns
    -------
    Grade
        With ``score`` (partial credit in nbgrader), ``raise_if_wrong()`` (a test of otter), ``to_json()``.

    Raises
    ------
    ConfigurationError
        If there is no exercise of that name, no function, or the seed is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> def my_relu(Z):
    ...     return np.maximum(0, -Z)
    >>> check(my_relu)
    relu: wrong
        Mistake: the sign of Z is wrong.
        A is [[1., 0.]], expected [[0., 2.]] in the example of the task.
    0 of 1 right
    """
    if not functions or (exercise and len(functions) > 1):
        requirement = "one function with exercise=, or one or more without"
        raise ConfigurationError.must_be("functions", requirement, str(len(functions)))
    results = []
    for function in functions:
        name = exercise or str(getattr(function, "__name__", "")).removeprefix("my_")
        if name not in EXERCISES:
            raise unknown_name("exercise", name, EXERCISES)
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        cases = EXERCISES[name].all_cases(course_seed(seed))
        with own_generator():
            records = [call(function, case, file) for case in cases]
            results.append(grade_records(EXERCISES[name], cases, records))
    return Grade(tuple(results))


def check_file(
    path: str | os.PathLike[str],
    chapter: int,
    *,
    seed: int | None = None,
    seconds: float = Limits().seconds,
    memory: int = Limits().memory,
) -> Grade:
    """Check the learner's file of a chapter, each function in a process of its own.

    The process has limits of time, memory and file size, no standard input, and may not start processes, use
    the network, delete files or write outside its folder. Results come back as JSON; the comparison stays in
    this process. This protects against accidental damage; to run the files of strangers, use a container.

    A function that is right as soon as the other functions of the file are right counts as right.

    Parameters
    ----------
    path : str or path
        The Python file.
    chapter : int
        Number of the chapter.
    seed : int, optional
        Seed of the hidden cases; by default that of ``DEEPSTEP_COURSE_SEED``, or 1.
    seconds : float, optional
        Limit of time for each function.
    memory : int, optional
        Limit of memory, in bytes.

    Returns
    -------
    Grade
        One result for each exercise of the chapter.

    Raises
    ------
    FileError
        If there is no such file.
    ConfigurationError
        If there is no such chapter, or the seed is out of range.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from deepstep.course import starter
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "chapter_05.py")
    ...     _ = file.write_text(starter(5), encoding="utf-8")
    ...     print(check_file(file, 5))
    model_forward: wrong
        The function is not written yet.
    0 of 1 right
    """
    names = find_chapter(chapter).exercises
    hidden = course_seed(seed)
    limits = Limits(seconds, memory)
    if not Path(path).is_file():
        raise FileError(f"{path} is not a file", f"Run deepstep course start {chapter}.")
    return Grade(tuple(check_exercise(Path(path), name, hidden, limits) for name in names))


def check_exercise(path: Path, name: str, seed: int, limits: Limits) -> Result:
    """The grade of one function of a file, which runs in another process."""
    exercise = EXERCISES[name]
    cases = exercise.all_cases(seed)
    run = partial(run_file, path, name, limits=limits)
    records = run(cases)
    with GRADING, own_generator():
        result = grade_records(exercise, cases, records)
    others = [other for other in exercise.helpers if EXERCISES[other].chapter == exercise.chapter]
    if not result.right and others and result.ran:
        records_apart = run(cases, others)
        with GRADING, own_generator():
            apart = grade_records(exercise, cases, records_apart)
        if apart.right:
            result = Result(name, True, messages=("It is right; another function of the file is wrong.",))
        elif apart.mistakes:
            result = apart
    if result.first_wrong and not result.mistakes:
        records_alone = run(alone := cases[result.first_wrong :][:1])
        with GRADING, own_generator():
            if grade_records(exercise, alone, records_alone).right:
                result = Result(name, False, messages=(KEPT_VALUE,))
    printed = str(records[0].get("printed", "")).strip()
    if printed and not result.right:
        result = result._replace(messages=(*result.messages, f"It printed: {printed}"))
    return result


@np.errstate(all="ignore")  # numbers of any size come in
def grade_records(exercise: Exercise, cases: Sequence[Arguments], records: Sequence[Record]) -> Result:
    """The grade of a function, from the records of its calls."""
    if "failed" in records[0]:
        return Result(exercise.name, False, messages=(records[0]["failed"],), ran=False)
    expected = [call(exercise.function, case) for case in cases]
    comparison = Comparison(exercise, cases, expected, records)
    if comparison.right:
        return Result(exercise.name, True)
    if all(record.get("error", [""])[0] == "NotImplementedError" for record in records):
        return Result(exercise.name, False, messages=(NOT_WRITTEN,))
    names = list(signature(exercise.function).parameters)
    theirs = records[0].get("parameters", [])
    if theirs != names and sorted(theirs) == sorted(names):
        exchanged = " and ".join(name for name, other in zip(names, theirs, strict=True) if name != other)
        text = f"The parameters of your def line are in another order than in {exercise.signature}"
        return Result(exercise.name, False, messages=(f"{text}: {exchanged} are exchanged.",))
    mistakes = comparison.recognize()
    messages = dict.fromkeys([*([] if mistakes else comparison.as_if()), *comparison.describe()])
    first = [*map(comparison.fits, expected, records), False].index(False) % len(cases)
    return Result(exercise.name, False, mistakes, tuple(messages), tuple(comparison.beside()), True, first)


def written(path: Path, chapter: Chapter) -> list[str] | None:
    """The exercises of the chapter that are written in a file, which is not run; None if it is not Python."""
    with path.open("rb") as file:
        source = file.read(MOST_SOURCE + 1)
    if len(source) > MOST_SOURCE:
        return None
    functions = functions_in(source)
    return None if functions is None else [name for name in chapter.exercises if functions.get(name)]


def functions_in(source: str | bytes) -> dict[str, bool] | None:
    """The functions of a program, and whether each is more than a hole; None if it is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: thousands of parentheses
        return None
    hole = ast.dump(ast.parse(HOLE).body[0])
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    functions = {target.id: True for target in targets if isinstance(target, ast.Name)}  # perhaps a lambda
    return functions | {
        node.name: not _is(node.body[-1], hole) for node in tree.body if isinstance(node, ast.FunctionDef)
    }


def _is(statement: ast.stmt, dumped: str) -> bool:
    """Whether a statement is that of the text; others may be too deep for `ast.dump`."""
    return (
        isinstance(statement, ast.Raise)
        and isinstance(statement.exc, ast.Name)
        and ast.dump(statement) == dumped
    )
