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

from deepstep.course import EXERCISES, Grade, check_file, starter
from deepstep.course.grader import grade_records
from deepstep.course.runner import DTYPES, Limits, call, read_records, run_file
from deepstep.errors import ConfigurationError, FileError

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


def test_a_right_file_is_right(check_text: CheckBody) -> None:
    assert check_text(HELPERS + SOLUTION).score == 1
    assert check_text("\ufeff" + HELPERS + SOLUTION).score == 1  # as Windows editors save it


FAILURES = {
    "syntax": ("def model_forward(X, parameters)\n", r"does not run: SyntaxError, line 1"),
    "import": ("import nowhere\n" + SOLUTION, r"does not run: ModuleNotFoundError, line 1: No module named"),
    "missing": ("x = 1\n", r"has no function model_forward"),
    "capital": (SOLUTION.replace("model_f", "Model_f"), r"but Model_forward: names are case-sensitive"),
    "number": ("model_forward = 3\n", r"has no function model_forward"),
    "hole": (starter(5), r"not written yet"),
    "exit-0": ("import os\nos._exit(0)\n", r"ended without results"),
    "exit-7": ("import os\nos._exit(7)\n", r"ended with exit code 7"),
    "sys-exit": ("import sys\nsys.exit()\n", r"does not run: SystemExit, line 2"),
    "exit-inside": (body("import os", "os._exit(0)"), r"ended without results"),
    "input": (body("input()"), r"EOFError in line 2"),
    "fork": (body("import os", "os.fork()"), r"PermissionError in line 3 .*os.fork is not allowed"),
    "subprocess": (body("import subprocess", "subprocess.run(['ls'])"), r"subprocess.Popen is not allowed"),
    "kill": (body("import os", "os.kill(os.getppid(), 9)"), r"os.kill is not allowed"),
    "socket": (body("import socket", "socket.socket()"), r"socket.* is not allowed"),
    "overwrite": (body("open(__file__, 'a')"), r"written to the working folder alone"),
    "reload": (
        "import importlib\n"
        + body("from deepstep.course.exercises import forward", "importlib.reload(forward)"),
        r"the text of the solutions: write the function yourself",
    ),
    "chmod": (body("import os", "os.chmod(__file__, 0)"), r"os.chmod is not allowed"),
    "remove": (body("import os", "os.remove(__file__)"), r"os.remove is not allowed"),
    "mkfifo": (body("import os", "os.mkfifo('pipe')"), r"os.mkfifo is not allowed"),
    "mknod": (body("import posix", "posix.mknod('node')"), r"os.mknod is not allowed"),
    "mkdir": (body("import os", "os.mkdir(__file__ + '.d')"), r"written to the working folder alone"),
    "utime": (body("import os", "os.utime(__file__)"), r"os.utime is not allowed"),
    "dlopen": (body("import ctypes", "ctypes.CDLL(None)"), r"ctypes.dlopen is not allowed"),
    "sqlite": (body("import sqlite3", "sqlite3.connect('t.db')"), r"sqlite3.connect is not allowed"),
    "beside": (body("import os", "open(os.getcwd() + '.txt', 'w')"), r"written to the working folder alone"),
    "parent": (body("open('../t.txt', 'w')"), r"written to the working folder alone"),
    "devnullx": (body("import os", "open(os.devnull + 'x', 'w')"), r"written to the working folder alone"),
    "large": (
        "import numpy as np\n" + body("return X, [np.full(9999, 0.123456789012345)] * 3"),
        r"The results are too large to compare",
    ),
    "folder": ("import os\nos.mkdir('results.json')\nos._exit(0)\n", r"ended without results"),
    "setrlimit": (
        body("import resource as r", "r.setrlimit(r.RLIMIT_CPU, (9, 9))"),
        r"setrlimit is not allowed",
    ),
    "memory": (body("import numpy as np", "np.ones(10**11)"), r"MemoryError"),
    "list": (body("return [0] * 10**10"), r"MemoryError"),
    "recursion": (body("return model_forward(X, parameters)"), r"RecursionError in line 2"),
    "solution": (
        "import deepstep.course.exercises as e\n" + body("return e.model_forward(X, parameters)"),
        r"write it yourself",
    ),
    "module": (
        "from deepstep.course.exercises import backward\n"
        + body("return backward.model_forward(X, parameters)"),
        "write it yourself",
    ),
    "registry": (
        body(
            "from deepstep.course import EXERCISES as e", "return e['model_forward'].function(X, parameters)"
        ),
        "KeyError",
    ),
    "library": (
        "from deepstep.equations import model_forward\n",
        r"a function of the library: write it yourself",
    ),
    "line": (body("return parameters['W9']"), r"KeyError in line 2"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "message"), FAILURES.values(), ids=list(FAILURES))
def test_what_does_not_run_is_said(text: str, message: str, check_text: CheckBody) -> None:
    grade = check_text(text, seconds=5)
    assert grade.score == 0
    assert re.search(message, str(grade)), grade


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    pass\n",
        "import time\ntime.sleep(60)\n",
        body("while True: print('x' * 10000)"),
        "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\n"
        + body("while 1: 1"),
    ],
    ids=["loop", "sleep", "print", "thread"],
)
def test_what_does_not_end_is_ended(text: str, check_text: CheckBody) -> None:
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


@pytest.mark.parametrize(
    "written",
    ["[" * 100_000, "{}", '[{"value": {"array": [1], "shape": [2], "dtype": "float64"}}]', "[1]", "[]"],
    ids=["deep", "object", "shape", "number", "empty"],
)
def test_forged_results_are_no_results(written: str, check_text: CheckBody) -> None:
    forging = f"import os\nopen('results.json', 'w').write({written!r})\nos._exit(0)\n"
    assert check_text(forging).score == 0


@pytest.mark.slow
def test_much_output_and_a_large_file_do_no_harm(check_text: CheckBody, tmp_path: Path) -> None:
    assert check_text("print('x' * 10**7)\n" + HELPERS + SOLUTION).score == 1
    assert check_text(body("open('large', 'w').write('x' * 10**8)"), seconds=5).score == 0


def test_secrets_of_the_environment_do_not_reach_the_file(
    check_text: CheckBody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSTEP_COURSE_SEED", "4")
    assert "no seed" in str(
        check_text(body("import os", "raise ValueError(os.getenv('DEEPSTEP_COURSE_SEED', 'no seed'))"))
    )


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


def test_the_file_s_folder_is_importable(check_text: CheckBody, tmp_path: Path) -> None:
    (tmp_path / "own_helpers.py").write_text(HELPERS, encoding="utf-8")
    assert check_text("from own_helpers import *\n" + SOLUTION).score == 1


def test_a_missing_file_and_chapter_are_typed_errors(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="Run deepstep course start 5"):
        check_file(tmp_path / "none.py", 5)
    with pytest.raises(ConfigurationError, match="chapter must be a number from 1 to 14, got 15"):
        check_file(tmp_path / "none.py", 15)


def test_no_process_and_no_folder_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    file = tmp_path / "relu.py"
    file.write_text("import numpy as np\n" + EXERCISES["relu"].solution, encoding="utf-8")
    records = run_file(file, "relu", [(np.ones((1, 2)),)], limits=Limits(seconds=5))
    assert records[0]["value"]["array"] == [1.0, 1.0]
    assert os.listdir(tmp_path / "temporary") == []


def test_what_a_wrong_function_prints_is_shown_up_to_a_limit(check_text: CheckBody) -> None:
    printing = f"print('Z is', 3)\nprint('x' * 10**6)\n{HELPERS}{SOLUTION.replace('range(1, ', 'range(2, ')}"
    (result,) = [one for one in check_text(printing).results if not one.right]
    assert result.messages[-1].startswith("It printed: Z is 3\nxxx")
    assert len(result.messages[-1]) < 600


def test_a_long_double_is_a_number(tmp_path: Path) -> None:
    source = "import numpy as np\ndef relu(Z):\n    return np.maximum(np.asarray(Z, np.longdouble), 0)\n"
    (tmp_path / "relu.py").write_text(source)
    (record,) = run_file(tmp_path / "relu.py", "relu", [(np.array([[-1.0, 2.0]]),)])
    assert record["value"] == {"array": [0.0, 2.0], "shape": [1, 2], "dtype": "float64"}


def test_the_working_folder_is_for_temporary_files(check_text: CheckBody) -> None:
    writing = (
        "import os, tempfile\nos.mkdir('sub')\ntempfile.mkdtemp()\n"
        "open('sub/notes.txt', 'w').write('x')\nopen(os.devnull, 'w').write('x')\n"
    )
    assert check_text(writing + HELPERS + SOLUTION).score == 1


def _fifo(path: Path, beside: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path, beside: Path) -> None:
    path.symlink_to("/dev/zero")


def _link(path: Path, beside: Path) -> None:
    beside.write_text("[]")
    path.symlink_to(beside)


def _sparse(path: Path, beside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("make", [_fifo, _endless, _link, _sparse, lambda path, beside: path.mkdir()])
def test_results_are_a_regular_file_of_bounded_size(make: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    make(path, tmp_path / "beside.json")
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


def forged_value(rng: random.Random, level: int = 0) -> Any:
    """A value that may stand in a record, of any structure."""
    kind = rng.choice(("array", "array", "list", "dict", "text", "other")) if level < 4 else "array"
    if kind == "array":
        shape = rng.choices((0, 1, 1, 2, 3, 5), k=rng.choice((0, 1, 2, 2, 3)))
        dtype = rng.choice(DTYPES)
        numbers = NUMBERS if dtype[0] == "f" else (0, 1, 100)
        return {"array": rng.choices(numbers, k=math.prod(shape)), "shape": shape, "dtype": dtype}
    count = rng.randrange(4)
    if kind == "list":
        return {"list": [forged_value(rng, level + 1) for _ in range(count)]}
    if kind == "dict":
        names = rng.choices(("W1", "b1", "dW1", "db1", "W10", "", "é"), k=count)
        return {"dict": [[name, forged_value(rng, level + 1)] for name in names]}
    return {kind: rng.choice(("", "{0}%", "\ud800", "set"))}


def forged(rng: random.Random, records: list[Any]) -> Any:
    """Records in which some parts are others."""
    copies = json.loads(json.dumps(records))
    if rng.random() < 0.5:  # of the right structure
        for record in copies:
            choice = rng.random()
            if choice < 0.3 and "value" in record:
                record["value"] = forged_value(rng)
            elif choice < 0.4:
                record.pop("value", None)
                message = rng.choice(("", "{", "not aligned", "unpack"))
                record["error"] = [rng.choice(("ValueError", "é%")), message, 3, ["ValueError"]]
            elif choice < 0.6:
                record["after"][-1] = forged_value(rng)
        return copies
    place: Any = copies
    while isinstance(place, list | dict) and place:
        key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if rng.random() < 0.3 or not isinstance(place[key], list | dict) or not place[key]:
            place[key] = rng.choice(HOSTILE)
            break
        place = place[key]
    return copies


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["relu", "linear_backward", "model_forward", "fit", "parameter_shapes", "one_hot"]
)
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
