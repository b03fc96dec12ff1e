"""A learner's file in a process of its own: limits, damage, and files that do not run."""

import json
import math
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepstep.course import EXERCISES, Grade, check_file, runner
from deepstep.course.grader import grade_records
from deepstep.course.runner import DTYPES, Limits, call, read_records, run_file

CheckBody = Callable[..., Grade]
SOLUTION = "import numpy as np\n\n\n" + EXERCISES["model_forward"].solution
HELPERS = "from deepstep.course.exercises import linear_activation_forward\n"


@pytest.fixture
def check_text(tmp_path: Path) -> CheckBody:
    """Check a text as the file of chapter 5."""

    def check(text: str, **options: float) -> Grade:
        file = tmp_path / "chapter_05.py"
        file.write_text(text, encoding="utf-8")
        return check_file(file, 5, **options)  # type: ignore[arg-type]

    return check


def body(*lines: str) -> str:
    return "def model_forward(X, parameters):\n" + "".join(f"    {line}\n" for line in lines)


def test_a_right_file_is_right(check_text: CheckBody, tmp_path: Path) -> None:
    """With a mark as Windows editors save it, a module beside it, much output and files of its own."""
    (tmp_path / "own_helpers.py").write_text(HELPERS, encoding="utf-8")
    writing = (
        "\ufefffrom own_helpers import *\nimport os, tempfile\nos.mkdir('sub')\ntempfile.mkdtemp()\n"
        "open('sub/notes.txt', 'w').write('x')\nopen(os.devnull, 'w').write('x')\nprint('x' * 10**7)\n"
    )
    assert check_text(writing + SOLUTION).score == 1


FAILURES = {
    "syntax": ("def model_forward(X, parameters)\n", r"does not run: SyntaxError, line 1"),
    "capital": (SOLUTION.replace("model_f", "Model_f"), r"but Model_forward: names are case-sensitive"),
    "number": ("model_forward = 3\n", r"has no function model_forward"),
    "exit-0": ("import os\nos._exit(0)\n", r"ended without results"),
    "exit-7": ("import os\nos._exit(7)\n", r"ended with exit code 7"),
    "sys-exit": ("import sys\nsys.exit()\n", r"does not run: SystemExit, line 2"),
    "large": (
        "import numpy as np\n" + body("return X, [np.full(9999, 0.123456789012345)] * 3"),
        r"The results are too large to compare",
    ),
    "folder": ("import os\nos.mkdir('results.json')\nos._exit(0)\n", r"ended without results"),
    "forged": (
        "import os\nopen('results.json', 'w').write('[' * 100_000)\nos._exit(0)\n",
        "ended without results",
    ),
    "huge file": (body("open('large', 'w').write('x' * 10**8)"), ""),
    "recursion": (body("return model_forward(X, parameters)"), r"RecursionError in line 2"),
    "library": (
        "from deepstep.equations import model_forward\n",
        r"a function of the library: write it yourself",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "message"), FAILURES.values(), ids=list(FAILURES))
def test_what_does_not_run_is_said(text: str, message: str, check_text: CheckBody) -> None:
    grade = check_text(text, seconds=5)
    assert grade.score == 0
    assert re.search(message, str(grade)), grade


REFUSED = {  # what a learner's function tries, and a part of the error
    "input()": "EOFError",
    "os.environ['DEEPSTEP_COURSE_SEED']": "KeyError",
    "os.fork()": "os.fork is not allowed",
    "subprocess.run(['ls'])": "subprocess.Popen is not allowed",
    "os.kill(os.getppid(), 0)": "os.kill is not allowed",
    "socket.socket()": "socket.",
    "os.chmod(__file__, 0)": "os.chmod is not allowed",
    "os.mkfifo('pipe')": "os.mkfifo is not allowed",
    "posix.mknod('node')": "os.mknod is not allowed",
    "os.utime(__file__)": "os.utime is not allowed",
    "ctypes.CDLL(None)": "ctypes.dlopen is not allowed",
    "sqlite3.connect('t.db')": "sqlite3.connect is not allowed",
    "resource.setrlimit(resource.RLIMIT_CPU, (9, 9))": "resource.setrlimit is not allowed",
    "os.mkdir(__file__ + '.d')": "written to the working folder alone",
    "open(__file__, 'a')": "written to the working folder alone",
    "open(os.getcwd() + '.txt', 'w')": "written to the working folder alone",
    "open('../t.txt', 'w')": "written to the working folder alone",
    "open(os.devnull + 'x', 'w')": "written to the working folder alone",
    "numpy.ones(10**11)": "MemoryError",
    "[0] * 10**10": "MemoryError",
    "importlib.reload(exercises.forward)": "the text of the solutions: write the function yourself",
    "exercises.model_forward(X, parameters)": "write it yourself",
    "exercises.forward.model_forward(X, parameters)": "write it yourself",
    "deepstep.course.EXERCISES['model_forward']": "KeyError",
    "os.remove(__file__)": "os.remove is not allowed",
}


@pytest.mark.slow
def test_a_function_reaches_neither_processes_nor_other_files_nor_the_solution(
    check_text: CheckBody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSTEP_COURSE_SEED", "4")
    text = f"""
import ctypes, importlib, os, posix, resource, socket, sqlite3, subprocess, numpy
import deepstep.course.exercises as exercises, deepstep.course

def model_forward(X, parameters):
    allowed = []
    for attempt, refusal in {REFUSED}.items():
        try:
            eval(attempt, globals(), locals())
            allowed.append(attempt)
        except Exception as error:
            if refusal not in f"{{type(error).__name__}}: {{error}}":
                allowed.append(f"{{attempt}}: {{error}}")
    raise ValueError(f"allowed are {{allowed}}")
"""
    grade = check_text(text)
    assert grade.score == 0
    assert "allowed are []" in str(grade), grade


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(60)\n",
        "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\n"
        + body("while 1: print('x' * 10000)"),
    ],
    ids=["sleep", "thread"],
)
def test_what_does_not_end_is_ended(
    text: str, check_text: CheckBody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "TO_START", 1.0)
    begin = time.monotonic()
    grade = check_text(text, seconds=0.5)
    assert re.search(r"0\.5 seconds: is there an endless loop\?", str(grade)), grade
    assert time.monotonic() - begin < 20


def test_replaced_functions_fool_nobody(check_text: CheckBody) -> None:
    replaced = (
        "import json\nimport numpy as np\nfrom deepstep.course import comparison, runner\n"
        "np.allclose = np.array_equal = lambda *_, **__: True\n"
        "comparison.close = comparison.Comparison.all_agree = lambda *_, **__: True\n"
        "runner.call = lambda *_, **__: {'value': {'list': []}, 'after': [], 'random': False}\n"
        "json.dumps = lambda *_, **__: '[]'\n"
    )
    assert check_text(replaced + body("return X, []")).score == 0


@pytest.mark.slow
def test_a_wrong_helper_is_charged_once(tmp_path: Path) -> None:
    names = ("relu_backward", "sigmoid_backward", "linear_backward", "linear_activation_backward")
    text = "\n\n".join(EXERCISES[name].solution for name in names)
    text = "import numpy as np\nfrom deepstep.course.exercises import sigmoid\n\n" + text
    file = tmp_path / "mine.py"
    file.write_text(text.replace("axis=1, keepdims=True", "axis=1"), encoding="utf-8")
    grade = check_file(str(file), 7)
    assert [result.right for result in grade.results] == [True, True, False, True]
    assert grade.results[2].mistakes[0].name == "keepdims was lost in db"
    assert "another function of the file is wrong" in grade.results[3].messages[0]


@pytest.mark.slow
def test_a_value_kept_from_an_earlier_call_is_the_only_finding(check_text: CheckBody) -> None:
    kept = SOLUTION.replace(
        "    A, caches", "    parameters = first.setdefault(0, parameters)\n    A, caches"
    )
    (result,) = check_text(HELPERS + "first = {}\n" + kept).results
    assert not result.mistakes
    (message,) = result.messages
    assert message.startswith("A value of an earlier call is kept")


def test_no_process_and_no_folder_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    file = tmp_path / "relu.py"
    file.write_text("import numpy as np\n" + EXERCISES["relu"].solution, encoding="utf-8")
    records = run_file(file, "relu", [(np.ones((1, 2), dtype=np.longdouble),)], limits=Limits(seconds=5))
    assert records[0]["value"] == {"array": [1.0, 1.0], "shape": [1, 2], "dtype": "float64"}
    assert os.listdir(tmp_path / "temporary") == []


def test_what_a_wrong_function_prints_is_shown_up_to_a_limit(check_text: CheckBody) -> None:
    printing = f"print('Z is', 3)\nprint('x' * 10**6)\n{HELPERS}{SOLUTION.replace('range(1, ', 'range(2, ')}"
    (result,) = [one for one in check_text(printing).results if not one.right]
    assert result.messages[-1].startswith("It printed: Z is 3\nxxx")
    assert len(result.messages[-1]) < 600


MADE: dict[str, Callable[[Path], object]] = {
    "pipe": lambda path: os.mkfifo(path),  # Windows has none
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "large": lambda path: path.touch() or os.truncate(path, 1 << 40),
    "object": lambda path: path.write_text("{}"),
    "empty": lambda path: path.write_text("[]"),
    "number": lambda path: path.write_text("[1]"),
}


@pytest.mark.parametrize("kind", [*MADE, "link"])
def test_results_are_a_regular_file_of_bounded_size(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    right = json.dumps([call(EXERCISES["relu"].function, (np.ones(1),))])
    if kind == "link":
        (tmp_path / "beside.json").write_text(right)
        path.symlink_to(tmp_path / "beside.json")
    else:
        MADE[kind](path)
    begin = time.monotonic()
    with pytest.raises((OSError, ValueError)):
        read_records(path, [(1,)])
    assert time.monotonic() - begin < 5


HOSTILE: tuple[Any, ...] = (
    *(None, True, -1, 10**30, 10**300, float("nan"), -1e308, "", "x" * 400, "\ud800", [], {}, [[]]),
    *({"array": []}, {"list": []}, {"dict": []}, {"text": 3}, {"other": []}, {"Draws": []}),
    {"array": [1], "shape": [2], "dtype": "float64"},
    *({"array": [1], "shape": [1], "dtype": dtype} for dtype in ("object", "S1000000000", "V2000000000", 3)),
    {"array": [], "shape": [0, 10**12], "dtype": "float64"},
    *({"array": [number], "shape": [1], "dtype": "uint8"} for number in (300, -1, float("nan"), "1", None)),
    {"array": [1], "shape": [1] * 40, "dtype": "float64"},
    *(["ValueError", "m", 3, ["ValueError"]], ["E", "m", True, []], ["E", "m", 1, [1]], ["", ""]),
)
NUMBERS = (0.0, -0.0, 1.0, 0.5, float("nan"), float("inf"), -float("inf"), 1e-320, 1e308, -1e308, 7)


def forged_value(rng: random.Random) -> Any:
    """A value that may stand in a record: an array, a list or dictionary of one, or another one."""
    shape, dtype = rng.choices((0, 1, 1, 2, 3, 5), k=rng.choice((0, 1, 2, 2, 3))), rng.choice(DTYPES)
    numbers = rng.choices(NUMBERS if dtype[0] == "f" else (0, 1, 100), k=math.prod(shape))
    array = {"array": numbers, "shape": shape, "dtype": dtype}
    name = rng.choice(("W1", "b1", "dW1", "W10", "", "é", "{0}%", "\ud800", "set"))
    nested = {"dict": [[name, array], ["db1", {"list": []}]]}
    return rng.choice((array, array, {"list": [array, nested]}, nested, {"text": name}, {"other": name}))


def forged(rng: random.Random, records: list[Any]) -> Any:
    """Records in which some parts are others: values of the right structure, or anything anywhere."""
    copies = json.loads(json.dumps(records))
    if rng.random() < 0.5:
        for record in rng.sample(copies, 2):
            record["after"][-1] = forged_value(rng)
            if record.pop("value", None) and rng.random() < 0.7:
                record["value"] = forged_value(rng)
            else:
                message = rng.choice(("", "{", "not aligned", "unpack"))
                record["error"] = [rng.choice(("ValueError", "é%")), message, 3, ["ValueError"]]
        return copies
    place: Any = copies
    while True:
        key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if rng.random() < 0.3 or not isinstance(place[key], list | dict) or not place[key]:
            place[key] = rng.choice(HOSTILE)
            return copies
        place = place[key]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relu", "linear_backward", "model_forward", "parameter_shapes"])
def test_forged_records_escape_as_no_traceback(name: str, tmp_path: Path) -> None:
    exercise, path = EXERCISES[name], tmp_path / "results.json"
    cases = exercise.all_cases(1)
    records = [call(exercise.function, case) for case in cases]
    rng = random.Random(int(os.environ.get("DEEPSTEP_FORGED_SEED", "31")))
    graded = 0
    for _ in range(int(os.environ.get("DEEPSTEP_FORGED", "6"))):
        path.write_text(json.dumps(forged(rng, records)))
        try:
            checked = read_records(path, cases)
        except ValueError:
            continue
        graded += 1
        "\n".join(grade_records(exercise, cases, checked).lines()).encode()
    assert graded
