"""A learner's file in a process of its own: limits, damage, and files that do not run."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepstep.course import EXERCISES, Grade, check_file, starter
from deepstep.course.runner import Limits, run_file
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


@pytest.mark.parametrize(("text", "message"), FAILURES.values(), ids=list(FAILURES))
def test_what_does_not_run_is_said(text: str, message: str, check_text: CheckBody) -> None:
    grade = check_text(text, seconds=5)
    assert grade.score == 0
    assert re.search(message, str(grade)), grade


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
