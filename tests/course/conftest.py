"""Fixtures of the course's tests."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from deepstep.course.exercise import Arguments, Exercise
from deepstep.course.runner import Record, call

edited, cases_of = cache(Exercise.edited), Exercise.all_cases


@cache
def all_cases(exercise: Exercise, seed: int) -> list[Arguments]:
    """The cases of a seed; the last one, which is the first one again, is an object of its own."""
    *cases, last = cases_of(exercise, seed)
    return [*cases, (*last,)]


@pytest.fixture(scope="session")
def call_of_variant() -> Callable[..., Record]:
    """``call`` that remembers the records of a function and a case, and both of them with it."""
    known: dict[tuple[int, int], tuple[Any, ...]] = {}

    def remembered(function: Callable[..., Any], case: Arguments) -> Record:
        place = id(function), id(case)
        if place not in known:
            known[place] = call(function, case), function, case
        return known[place][0]

    return remembered


@pytest.fixture
def edited_anew(monkeypatch: pytest.MonkeyPatch, call_of_variant: Callable[..., Record]) -> Any:
    """What makes a wrong variant anew; others are made once, and called once with each case of a seed."""
    anew = Exercise.edited
    monkeypatch.setattr(Exercise, "all_cases", all_cases)
    monkeypatch.setattr(Exercise, "edited", edited)
    monkeypatch.setattr("deepstep.course.comparison.call", call_of_variant)
    return anew
