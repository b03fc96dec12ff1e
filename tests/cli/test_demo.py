"""The demos: results, run folders, output in a pipe and in a terminal."""

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import sys
import termios
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from deepstep.cli.report import reproduce
from deepstep.data import read_cats
from deepstep.run import Run
from report_page import check

ESCAPE = "\x1b"


def test_digits(deepstep):
    result = deepstep("demo")
    assert result.code == 0
    assert ESCAPE not in result.out + result.err
    assert max(map(len, result.out.splitlines())) <= 80
    test_accuracy = float(re.search(r"^accuracy +\S+ % +(\S+) %", result.out, re.MULTILINE)[1])
    majority = float(
        re.search(r"^baseline accuracy \(majority.* +\S+ % +(\S+) %", result.out, re.MULTILINE)[1]
    )
    assert test_accuracy > 96
    assert majority < 11
    wrong = int(re.search(r"The most confident of (\d+) mistakes", result.out)[1])
    assert wrong == round(360 * (1 - test_accuracy / 100))
    assert "Saved in runs/digits." in result.out
    assert re.search(r"^digits: 40/40, cost 0\.\d+$", result.err, re.MULTILINE)


def test_next_commands_work_when_typed(deepstep):
    printed = deepstep("demo", "moons", "--iterations", 20).out
    typed = [line.strip() for line in printed.partition("Next:")[2].splitlines() if line.strip()]
    typed = [line for line in typed if not line.startswith("#")]
    assert len(typed) == 5
    for line in typed:
        command = shlex.split(line.partition("   ")[0].partition("  ")[0])
        assert command[0] == "deepstep"
        assert deepstep(*command[1:]).code == 0, line


def test_a_run_is_never_overwritten(deepstep, tmp_path):
    for _ in range(3):
        assert deepstep("demo", "circles", "--iterations", 2).code == 0
    assert sorted(os.listdir(tmp_path / "runs")) == ["circles", "circles-2", "circles-3"]
    assert deepstep("demo", "circles", "--out", "runs/circles").code == 2


@pytest.mark.parametrize(
    ("name", "least", "marks"),
    [("planar", 0.88, "ox"), ("moons", 0.92, "ox"), ("circles", 0.9, "ox"), ("spirals", 0.95, "ox+")],
)
def test_points(deepstep, name, least, marks):
    record = json.loads(deepstep("demo", name, "--json").out)
    assert record["test"]["accuracy"] >= least
    assert record["costs"][-1] < record["costs"][0] / 2
    result = deepstep("demo", name, "--iterations", 3)
    assert ESCAPE not in result.out
    drawn = result.out.partition("the training points\n")[2].partition("Saved in")[0]
    assert all(mark in drawn for mark in marks)
    assert max(map(len, result.out.splitlines())) <= 80


def test_seed_decides_everything(deepstep):
    def costs(seed):
        return json.loads(deepstep("demo", "digits", "--iterations", 3, "--seed", seed, "--json").out)[
            "costs"
        ]

    assert costs(5) == costs(5) != costs(6)


def test_digits_as_json(deepstep):
    result = deepstep("demo", "digits", "--iterations", 3, "--json", "--out", "here")
    record = json.loads(result.out)
    counts = np.array(record["confusion"])
    assert counts.sum() == record["test"]["rows"] == 360
    assert np.trace(counts) / 360 == pytest.approx(record["test"]["accuracy"])
    assert len(record["mistakes"]) == 360 - np.trace(counts)
    shares = [mistake["probability"] for mistake in record["mistakes"]]
    assert shares == sorted(shares, reverse=True)
    assert record["run"] == "here"
    assert len(Run.load("here").history) == 3


def test_in_a_terminal_of_80_columns(tmp_path):
    """A bar, colours, nothing wider than the terminal; stdout and stderr are the same terminal."""
    code, printed = _in_terminal(["demo", "spirals", "--iterations", "30"], tmp_path)
    assert code == 0
    assert "\u2501" in printed.partition("Cost J")[0]
    assert f"{ESCAPE}[1;34mo" in printed
    assert printed.count(f"{ESCAPE}[?25l") == printed.count(f"{ESCAPE}[?25h")  # the cursor comes back
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed)
    lines = [line.rpartition("\r")[2] for line in plain.replace("\r\n", "\n").splitlines()]
    assert max(map(len, lines)) <= 80


def _in_terminal(arguments: list[str], folder: Path) -> tuple[int, str]:
    source = Path(__file__).resolve().parents[2] / "src"
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.chdir(folder)
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
        environment = {**kept, "TERM": "xterm", "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
        os.execve(sys.executable, [sys.executable, "-m", "deepstep", *arguments], environment)
    printed = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not part:
            break
        printed += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed.decode()


def test_cats(deepstep, shared, tmp_path):
    """A few iterations; the full numbers are tested with the lecture's runs."""
    result = deepstep("demo", "cats", "--data", shared / "data" / "cats", "--iterations", 3)
    assert result.code == 0
    assert ESCAPE not in result.out + result.err
    # The published first costs of both models.
    assert re.search(r"^0 +0\.693050 +0\.771749$", result.out, re.MULTILINE)
    assert re.search(r"^test accuracy .* 66\.00 %$", result.out, re.MULTILINE)
    names = ["cats-2-layer", "cats-4-layer", "cats-mislabeled.png"]
    assert sorted(os.listdir(tmp_path / "runs")) == names
    assert Run.load("runs/cats-4-layer").network.architecture.layer_dims == (12288, 20, 7, 5, 1)
    with PIL.Image.open("runs/cats-mislabeled.png") as figure:
        assert figure.format == "PNG"


def test_cats_are_predicted_and_evaluated(deepstep, shared):
    data = shared / "data" / "cats"
    record = json.loads(
        deepstep("demo", "cats", "--data", data, "--iterations", 2, "--out", "c", "--json").out
    )
    model = record["models"]["4-layer"]
    evaluated = json.loads(deepstep("evaluate", "c-4-layer", data, "--json").out)
    assert evaluated["accuracy"] == model["test"]["accuracy"]
    wrong = np.sum(evaluated["confusion"]) - np.trace(evaluated["confusion"])
    assert wrong == len(model["wrong_test_images"])

    picture = read_cats(data).X_test[0]
    PIL.Image.fromarray(picture).save("cat.png")
    PIL.Image.new("L", (300, 20), 128).save("grey.jpg")
    result = deepstep("predict", "c-4-layer", "cat.png", "grey.jpg", "--json")
    probabilities = np.array(json.loads(result.out)["probabilities"])
    expected = Run.load("c-4-layer").predict(picture[None]).probabilities
    np.testing.assert_allclose(probabilities[0], expected[0], rtol=1e-12)
    lines = deepstep("predict", "c-4-layer", "cat.png", "grey.jpg").out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["cat.png", "grey.jpg"]


def test_cats_without_matplotlib(deepstep, shared, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = deepstep("demo", "cats", "--data", shared / "data" / "cats", "--iterations", 1, "--json")
    assert result.code == 0
    assert json.loads(result.out)["figure"] is None
    assert "pip install 'deepstep[plots]'" in result.err


@pytest.mark.parametrize("taken", ["c-2-layer", "c-4-layer", "c-mislabeled.png"])
def test_cats_do_not_train_when_they_cannot_save(deepstep, shared, tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    result = deepstep("demo", "cats", "--data", shared / "data" / "cats", "--out", "c", "--iterations", 1)
    assert (result.code, result.out) == (2, "")
    assert f"{taken}: a new name is expected; it exists already" in result.err
    assert os.listdir(tmp_path) == [taken]
    assert (tmp_path / taken).read_text() == "mine"


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_the_report_of_a_demo_has_its_command(deepstep, tmp_path, name):
    assert deepstep("demo", name, "--iterations", 3, "--seed", 5, "--out", "run").code == 0
    assert deepstep("report", "run").code == 0
    text = check(tmp_path / "report.html").text
    command = f"deepstep demo {name} --seed 5 --iterations 3"
    assert command in text
    assert "deepstep demo records none" in text  # and has no --log health
    assert deepstep(*command.split()[1:], "--out", "again").code == 0
    one, other = Run.load("run"), Run.load("again")
    np.testing.assert_array_equal(one.network.parameters.flat, other.network.parameters.flat)


def test_the_command_of_cats_names_the_data(deepstep, shared):
    data = shared / "data" / "cats"
    assert deepstep("demo", "cats", "--data", data, "--iterations", 1, "--out", "cats").code == 0
    command = shlex.split(reproduce(Run.load("cats-2-layer")))
    assert command == ["deepstep", "demo", "cats", "--data", str(data), "--seed", "1", "--iterations", "1"]
