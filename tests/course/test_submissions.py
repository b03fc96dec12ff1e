"""Submissions written without the grader's table: wrong ones are named, right ones of any style accepted.

Mistakes of the table alone are in `test_grader.py`.
"""

import re
import runpy
import sys
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
    grade = check(function, exercise=exercise)
    assert grade.score == 0
    for text in texts.split("|"):
        assert (text.removeprefix("not: ") in str(grade)) != text.startswith("not: "), text


def test_each_exercise_has_a_right_solution_of_another_style() -> None:
    others = EXERCISES.keys() - {exercise for exercise, *_ in RIGHT.values()}
    assert others < {*SAME_CALL}  # those of the library are right


@pytest.mark.parametrize("key", ["L", "m", "AL", "A1", "dA1", "dAL", "cache"])
def test_gradients_may_have_further_keys(key: str) -> None:
    def model_backward(AL: Any, Y: Any, caches: Any) -> Any:
        return {key: AL - Y} | EXERCISES["model_backward"].function(AL, Y, caches)

    assert check(model_backward).score == 1


@pytest.mark.parametrize("form", [float, np.array, np.float32, np.squeeze], ids=lambda form: form.__name__)
def test_a_cost_is_a_number_of_any_type(form: Callable[..., Any]) -> None:
    def compute_cost(AL: Any, Y: Any) -> Any:
        return form(EXERCISES["compute_cost"].function(AL, Y))

    assert check(compute_cost).score == 1


def changed(A: Any, W: Any, b: Any) -> Any:
    A *= 2
    return W @ A / 2 + b, (A / 2, W, b)


def nested(A: Any, W: Any, b: Any) -> Any:
    deep: list[Any] = []
    deep.append(deep)
    return deep, (A, W, b)


DIAGNOSES: dict[str, Callable[..., Any]] = {
    "Z has a wrong factor: it is 3 times the expected one.": lambda A, W, b: (3 * (W @ A + b), (A, W, b)),
    "Z is off by 2 everywhere.": lambda A, W, b: (W @ A + b + 2, (A, W, b)),
    "Z is not finite": lambda A, W, b: ((W @ A + b) / 0, (A, W, b)),
    "Z is cut to whole numbers": lambda A, W, b: (np.trunc(W @ A + b).astype(int), (A, W, b)),
    "Z has the wrong sign.": lambda A, W, b: (-(W @ A + b), (A, W, b)),
    "Z is m times too large: 1/m is missing, or m is not the number of columns.": (
        lambda A, W, b: ((W @ A + b) * A.shape[1], (A, W, b))
    ),
    "result is None (does every path end in return?)": lambda A, W, b: None,
    "Z is set, expected an array of shape": lambda A, W, b: ({1.0}, (A, W, b)),
    "result is 3 results, expected 2 results": lambda A, W, b: (W @ A + b, A, W),
    "The results are in another order: expected Z, cache.": lambda A, W, b: ((A, W, b), W @ A + b),
    "A_prev was changed in place": changed,
    "with A_prev (1, 2), W (2, 1), b (2, 1): index 1000 is out of bounds": lambda A, W, b: (A[1000], None),
    "SystemExit": lambda A, W, b: sys.exit("bye"),
    "Z is": nested,
    "Z is an array of dtype float64 and shape (1000000,), expected": (
        lambda A, W, b: (np.zeros(10**6), (A, W, b))
    ),
    "Z is a text": lambda A, W, b: ("Z", (A, W, b)),
    "Z is wrong in the last row alone.": lambda A, W, b: (W @ A + b + np.eye(len(W))[:, -1:], (A, W, b)),
}


@pytest.mark.parametrize("message", DIAGNOSES)
def test_an_unknown_mistake_is_described(message: str) -> None:
    with np.errstate(all="ignore"):
        grade = check(DIAGNOSES[message], exercise="linear_forward")
    assert grade.score == 0
    assert message in str(grade)


FACTORS: dict[str, Callable[[int], float]] = {
    "J has a wrong factor: it is 1.37 times the expected one.": lambda m: 1.37,
    "J is 0 everywhere.": lambda m: 0,
    "J has the wrong sign, and 1/m is missing.": lambda m: -m,
    "J is 0.25993, expected 0.346574 in the example of the task.": lambda m: 3 / m**2,
    "J is divided by the fixed number 7, not by m.": lambda m: m / 7,
    "J has the divisor m - 1 in place of m.": lambda m: m / max(m - 1, 1),
}


@pytest.mark.parametrize("message", FACTORS)
def test_a_number_is_described(message: str) -> None:
    def cost_from_logits(ZL: Any, Y: Any) -> Any:
        return EXERCISES["cost_from_logits"].function(ZL, Y) * FACTORS[message](Y.shape[1])

    assert message in str(check(cost_from_logits))


def test_each_quantity_is_described_by_itself() -> None:
    def linear_backward(dZ: Any, cache: Any) -> Any:
        dA_prev, dW, db = EXERCISES["linear_backward"].function(dZ, cache)
        return dA_prev, 5 * dW, db[:, 0]

    text = str(check(linear_backward))
    assert "Mistake: keepdims was lost in db." in text
    assert "dW has a wrong factor: it is 5 times" in text
    assert "db has shape (1,), expected (1, 1): an axis was lost" in text
    assert "dA_prev is right." in text
