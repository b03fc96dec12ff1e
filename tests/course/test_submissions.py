"""Submissions written without the grader's table: wrong ones are named, right ones of any style accepted.

Mistakes of the table alone are in `test_grader.py`.
"""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_grader import SAME_CALL

from deepstep.course import EXERCISES, check

STYLES = Path(__file__).with_name("styles")


def submissions(file: str) -> dict[str, tuple[str, str, Callable[..., Any]]]:
    """Exercise, text and function of each: of the table, and those whose names end in a number."""
    names = runpy.run_path(str(STYLES / file))
    found = [
        (exercise, text, f) for exercise, rows in names["EXPRESSIONS"].items() for text, f in rows.items()
    ]
    found += [(name[:-2], str(f.__doc__), f) for name, f in names.items() if re.search(r"_\d$", name)]
    return {f"{number}-{exercise}": (exercise, *rest) for number, (exercise, *rest) in enumerate(found)}


RIGHT, WRONG = submissions("right.py"), submissions("wrong.py")


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_solution_of_any_style_is_accepted(name: str) -> None:
    exercise, _, function = RIGHT[name]
    for seed in (0, 1, 2):
        grade = check(function, exercise=exercise, seed=seed)
        assert grade.score == 1, grade


@pytest.mark.slow
@pytest.mark.usefixtures("edited_anew")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solution_is_named(name: str) -> None:
    exercise, texts, function = WRONG[name]
    with np.errstate(all="ignore"):
        grade = check(function, exercise=exercise)
    assert grade.score == 0
    for text in texts.split("|"):
        assert (text.removeprefix("not: ") in str(grade)) != text.startswith("not: "), text


def test_each_exercise_has_a_right_solution_of_another_style() -> None:
    others = EXERCISES.keys() - {exercise for exercise, *_ in RIGHT.values()}
    assert others < {*SAME_CALL}  # those of the library are right
