"""The demos: results, run folders, output in a pipe and in a terminal."""

import json
import os
import re
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest

from deepstep.data import read_cats
from deepstep.run import Run

ESCAPE = "\x1b"
PICTURE = Path(__file__).parents[2] / "docs" / "demo.svg"
"""The terminal after ``deepstep demo``, drawn by ``python docs/picture.py``."""


def words_of(lines):
    """Lines with letters, without their numbers and with single spaces."""
    masked = (" ".join(re.sub(r"[\d.,]+", "#", line).split()) for line in lines)
    return [line for line in masked if re.search(r"[a-z]", line)]


def lines_of_picture():
    """The lines of text in the picture, from top to bottom."""
    lines = {}
    for element in ElementTree.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text"):
        if "matrix" not in element.get("class", "") and element.get("y") is not None:
            lines.setdefault(float(element.get("y")), []).append(element.text or "")
    return ["".join(parts) for _, parts in sorted(lines.items())]


def test_digits(deepstep):
    result = deepstep("demo")
    assert result.code == 0
    assert ESCAPE not in result.out + result.err
    assert max(map(len, result.out.splitlines())) <= 80
    accuracy = float(re.search(r"^accuracy +\S+ % +(\S+) %", result.out, re.MULTILINE)[1])
    majority = r"^baseline accuracy \(majority.* +\S+ % +(\S+) %"
    assert float(re.search(majority, result.out, re.MULTILINE)[1]) < 11
    assert accuracy > 96
    wrong = int(re.search(r"The most confident of (\d+) mistakes", result.out)[1])
    assert wrong == round(360 * (1 - accuracy / 100))
    assert "Saved in runs/digits." in result.out
    assert re.search(r"^digits: 40/40, cost 0\.\d+$", result.err, re.MULTILINE)
    printed = words_of(result.out.splitlines())
    drawn = words_of(lines_of_picture())[2:]  # without title and prompt
    assert drawn == printed, "docs/demo.svg is older than the demo: python docs/picture.py draws it"

    record = json.loads(deepstep("demo", "digits", "--json --out here").out)
    counts = np.array(record["confusion"])
    assert counts.sum() == record["test"]["rows"] == 360
    assert np.trace(counts) / 360 == pytest.approx(record["test"]["accuracy"])
    assert len(record["mistakes"]) == 360 - np.trace(counts) == wrong
    shares = [mistake["probability"] for mistake in record["mistakes"]]
    assert shares == sorted(shares, reverse=True)
    assert (record["run"], len(Run.load("here").history)) == ("here", 40)
    assert Run.load("here").history.costs.tolist() == Run.load("runs/digits").history.costs.tolist()
    other = json.loads(deepstep("demo", "digits", "--iterations 1 --seed 6 --json").out)
    assert other["costs"][0] != record["costs"][0]


def test_next_commands_work_when_typed(deepstep):
    printed = deepstep("demo", "moons", "--iterations", 20).out
    typed = [line.strip() for line in printed.partition("Next:")[2].splitlines() if line.strip()]
    typed = [line for line in typed if not line.startswith("#")]
    assert len(typed) == 5
    for line in typed:
        command = shlex.split(line.partition("   ")[0].partition("  ")[0])
        assert command[0] == "deepstep"
        assert deepstep(*command[1:]).code == 0, line


@pytest.mark.parametrize(
    ("name", "least", "marks"),
    [("planar", 0.88, "ox"), ("moons", 0.92, "ox"), ("circles", 0.9, "ox"), ("spirals", 0.95, "ox+")],
)
def test_points(deepstep, name, least, marks):
    record = json.loads(deepstep("demo", name, "--json").out)
    assert record["run"] == f"runs/{name}"
    assert record["test"]["accuracy"] >= least
    assert record["costs"][-1] < record["costs"][0] / 2
    result = deepstep("demo", name, "--iterations", 3)
    assert f"Saved in runs/{name}-2." in result.out  # a run is never overwritten
    assert deepstep("demo", name, "--out", f"runs/{name}").code == 2
    assert ESCAPE not in result.out
    drawn = result.out.partition("the training points\n")[2].partition("Saved in")[0]
    assert all(mark in drawn for mark in marks)
    assert max(map(len, result.out.splitlines())) <= 80


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
    assert "pip install matplotlib" in result.err


@pytest.mark.parametrize("taken", ["c-2-layer", "c-4-layer", "c-mislabeled.png"])
def test_cats_do_not_train_when_they_cannot_save(deepstep, shared, tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    result = deepstep("demo", "cats", "--data", shared / "data" / "cats", "--out", "c", "--iterations", 1)
    assert (result.code, result.out) == (2, "")
    assert f"{taken}: a new name is expected; it exists already" in result.err
    assert os.listdir(tmp_path) == [taken]
    assert (tmp_path / taken).read_text() == "mine"
