"""The exercises and their known mistakes: every solution is right, every mistake is told from all others."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepstep import equations
from deepstep.course import CHAPTERS, EXERCISES, check, starter
from deepstep.course.comparison import Beside, Comparison
from deepstep.course.exercise import Exercise
from deepstep.course.grader import SEED_VARIABLE, course_seed, written
from deepstep.course.runner import call
from deepstep.errors import ConfigurationError, DeepStepError

by_name = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))


def test_every_exercise_of_the_chapters_exists() -> None:
    assert sorted(EXERCISES) == sorted(name for chapter in CHAPTERS.values() for name in chapter.exercises)
    assert list(CHAPTERS) == list(range(1, 15))
    assert sum(len(exercise.mistakes) for exercise in EXERCISES.values()) > 500


@pytest.mark.slow
@by_name
def test_every_mistake_is_named(exercise: Exercise, edited_anew: Any) -> None:
    cases = exercise.all_cases(1)
    expected = [call(exercise.function, case) for case in cases]
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(names) == len(set(names)) >= 9
    for mistake in exercise.mistakes:
        function = edited_anew(exercise, mistake)
        assert function is not None, mistake.name
        comparison = Comparison(exercise, cases, expected, [call(function, case) for case in cases])
        assert not comparison.right, mistake.name
        assert comparison.recognize() == (mistake,), mistake.name
        assert "+" in exercise.diff(mistake)


@by_name
def test_the_example_of_the_task_is_a_case_and_each_seed_draws_others(exercise: Exercise) -> None:
    cases = exercise.all_cases(1)
    assert len(cases) >= 4
    assert str(cases[0]) == str(exercise.example[0]) == str(cases[-1])
    assert str(cases) == str(exercise.all_cases(1)) != str(exercise.all_cases(2))
    expected, nothing = ([call(f, case) for case in cases] for f in (exercise.function, lambda *_: None))
    assert not Comparison(exercise, cases, expected, nothing).right
    assert exercise.as_markdown().startswith(f"**`{exercise.name}(")
    assert exercise.solution.startswith(f"def {exercise.name}(")
    assert '"""' not in exercise.solution
    assert ">>>" in exercise.task
    assert ">>>" in exercise.hole()


HOSTILE = {
    "minus": b"x = " + b"-" * 900_000 + b"1",
    "attributes": b"x" + b".a" * 100_000,
    "plus": b"def relu(Z):\n    return " + b"1 + " * 50_000 + b"1",
    "large": b"#" * (2 << 20),
    "nul": b"\0",
}


def test_what_is_written_is_listed_and_a_hostile_file_is_no_python(tmp_path: Path) -> None:
    file = tmp_path / "chapter_04.py"
    for name, source in HOSTILE.items():
        file.write_bytes(source)
        assert written(file, CHAPTERS[4]) is None, name
    file.write_text(starter(4))
    assert written(file, CHAPTERS[4]) == []
    file.write_text(starter(4).replace("raise NotImplementedError", "return " + "-" * 150 + "Z", 2))
    assert written(file, CHAPTERS[4]) == ["sigmoid", "relu"]


OTHER_CALL: dict[str, Callable[..., Any]] = {
    "initialize_two_layer": lambda *args: equations.initialize_two_layer(*args[:3], rng=args[3]),
    "initialize_deep": lambda dims, rng: equations.initialize_parameters(dims, method="small", rng=rng),
    "initialize_he": lambda dims, rng: equations.initialize_parameters(dims, method="he", rng=rng),
    "adam_update": lambda theta, g, v, s, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8: (
        equations.adam_update(
            theta, g, v, s, learning_rate=rate, t=t, beta1=beta1, beta2=beta2, epsilon=epsilon
        )
    ),
    "l2_cost": lambda parameters, l2, m: equations.l2_cost(
        (value for name, value in parameters.items() if name[0] == "W"), l2, m
    ),
    "dropout_forward": lambda A, keep, rng: (
        equations.dropout_forward(A, mask := equations.dropout_mask(rng.rand(*A.shape), keep)),
        mask,
    ),
}


SAME_CALL = [name for name in EXERCISES if hasattr(equations, name) and name not in OTHER_CALL]


@pytest.mark.parametrize("name", [*SAME_CALL, *OTHER_CALL])
def test_a_solution_equals_the_library(name: str) -> None:
    exercise, library = EXERCISES[name], OTHER_CALL.get(name) or getattr(equations, name)
    for seed in (0, 5):
        further = ("tanh", "leaky_relu")  # activations of the library alone
        cases = [case for case in exercise.all_cases(seed) if str(case[-1]) not in further]
        expected, records = ([call(f, case) for case in cases] for f in (exercise.function, library))
        assert {one["error"][0] for one in records if "error" in one} <= {"ConfigurationError"}
        comparison = Comparison(exercise, cases, expected, records)
        assert comparison.right, comparison.wrong_quantities()


def test_the_published_gradients_of_a_neuron_come_out(shared: Path) -> None:
    """Those of networks are the library's, which tests/reference compares with the published ones."""
    cases = json.loads((shared / "reference" / "lecture.json").read_text(encoding="utf-8"))["cases"]
    (expected,) = [case["expected"] for case in cases if case["id"] == "c1w2.propagate.v5"]
    exercise = EXERCISES["neuron_gradients"]
    for name, value in zip(exercise.returns, exercise.function(*exercise.all_cases(0)[0]), strict=True):
        np.testing.assert_allclose(np.ravel(value), np.ravel(expected[name]["computed_float64"]), rtol=1e-10)


def my_relu(Z: Any) -> Any:
    return np.abs(Z)


def test_a_grade_is_text_html_and_json_and_leaves_the_generator_alone() -> None:
    np.random.seed(3)
    grade = check(my_relu, EXERCISES["sigmoid"].function)
    assert np.random.rand() == np.random.RandomState(3).rand()
    assert str(grade).splitlines()[0] == "relu: wrong"
    assert "Mistake: the absolute value is taken." in str(grade)
    assert repr(grade) == str(grade)
    record = json.loads(grade.to_json())
    assert record["exercises"][1] == {"exercise": "sigmoid", "points": 1, "mistakes": [], "messages": []}
    assert (record["points"], record["out_of"], grade.score) == (1, 2, 0.5)
    assert "<strong>relu: wrong</strong>" in grade._repr_html_()
    with pytest.raises(AssertionError, match="absolute value"):
        grade.raise_if_wrong()
    check(EXERCISES["relu"].function).raise_if_wrong()

    def relu(Z: Any) -> Any:
        raise ValueError("<script>")

    assert "&lt;script&gt;" in check(relu)._repr_html_()
    assert "<script>" not in check(relu)._repr_html_()


@pytest.mark.parametrize(
    ("functions", "options", "message"),
    [
        ([my_relu], {"exercise": "rellu"}, "Did you mean 'relu'"),
        ([], {}, "one function"),
        ([my_relu, my_relu], {"exercise": "relu"}, "one function"),
        ([my_relu], {"seed": -1}, "must be a whole number"),
    ],
)
def test_what_cannot_be_checked_is_a_typed_error(
    functions: list[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeepStepError, match=message):
        check(*functions, **options)


def test_the_seed_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEED_VARIABLE, "12")
    assert (course_seed(), course_seed(3)) == (12, 3)
    monkeypatch.setenv(SEED_VARIABLE, "twelve")
    with pytest.raises(ConfigurationError, match=f"{SEED_VARIABLE} must be a whole number"):
        course_seed()


def test_two_mistakes_at_once_are_both_named() -> None:
    exercise = EXERCISES["linear_backward"]
    names = ("db is summed over the units", "W is not transposed in dA_prev")
    both = exercise.edited(*(mistake for mistake in exercise.mistakes if mistake.name in names))
    assert both is not None
    (result,) = check(both).results
    assert {mistake.name for mistake in result.mistakes} == set(names)


def test_a_starter_has_all_functions_and_the_earlier_ones() -> None:
    for number, chapter in CHAPTERS.items():
        namespace: dict[str, Any] = {}
        exec(compile(starter(number), "starter", "exec"), namespace)
        for name in chapter.exercises:
            with pytest.raises(NotImplementedError):
                namespace[name](*EXERCISES[name].all_cases(0)[0])
            for helper in EXERCISES[name].helpers:
                assert helper in namespace
    assert "linear_backward" in starter(8)  # where dZ[L] = AL - Y goes


def test_a_notebook_shows_which_entries_differ() -> None:
    def linear_backward(dZ: Any, cache: Any) -> Any:
        dA_prev, dW, db = EXERCISES["linear_backward"].function(dZ, cache)
        wrong.append(rng.random(dW.shape) < 0.4)
        wrong[-1][0, 0] = True
        return dA_prev, np.where(wrong[-1], dW + 1, dW), db

    rng, wrong = np.random.default_rng(1), list[Any]()
    result = check(linear_backward).results[0]
    assert [pair.name for pair in result.beside] == ["dW"]
    yours, right = re.findall(r"<table><caption>(.*?)</table>", result.beside[0].as_html())
    cells = [["<mark>" in cell for cell in row.split("<td>")[1:]] for row in yours.split("<tr>")[1:]]
    np.testing.assert_array_equal(cells, wrong[0])
    assert "<mark>" not in right
    assert yours.startswith(f"dW, yours {wrong[0].shape}")


def test_arrays_of_any_shape_are_drawn() -> None:
    def draw(shape: tuple[int, ...], other: tuple[int, ...]) -> str:
        return Beside("A", np.ones(shape), np.zeros(other), 1e-6).as_html()

    shapes = [(), (1,), (3,), (3, 1), (20, 30), (2, 3, 4)]
    for shape in shapes:
        assert "<mark>1.</mark>" in draw(shape, shape)
        for other in shapes:
            assert ("<mark>" in draw(shape, other)) == (shape == other)
    assert draw((20, 30), (20, 30)).count("<mark>") == 64  # of 600
