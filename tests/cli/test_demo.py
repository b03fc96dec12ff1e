"""The demos: results, run folders, output in a pipe and in a terminal."""

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest

from deepstep.data import read_cats
from deepstep.errors import DataError
from deepstep.run import Run

ESCAPE = "\x1b"
PICTURE = Path(__file__).parents[2] / "docs" / "demo.svg"
"""The terminal after ``deepstep demo``, drawn by ``python docs/picture.py``."""


def words_of(lines):
    """Lines with letters, without their numbers, and without spaces, which the picture has not everywhere."""
    masked = ("".join(re.sub(r"[\d.,]+", "", line).split()) for line in lines)
    return [line for line in masked if re.search(r"[a-z]", line)]


def lines_of_picture():
    """The lines of text in the picture, from top to bottom."""
    lines = {}
    for element in ElementTree.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text"):
        if "matrix" not in element.get("class", "") and element.get("y") is not None:
            lines.setdefault(float(element.get("y")), []).append(element.text or "")
    return ["".join(parts) for _, parts in sorted(lines.items())]


@pytest.mark.slow
def test_digits(deepstep):
    result = deepstep("demo", "digits")
    assert (result.code, ESCAPE in result.out + result.err) == (0, False)
    assert max(map(len, result.out.splitlines())) <= 80
    accuracy = float(re.search(r"^accuracy +\S+ % +(\S+) %", result.out, re.MULTILINE)[1])
    assert accuracy > 96
    wrong = int(re.search(r"The most confident of (\d+) mistakes", result.out)[1])
    assert wrong == round(360 * (1 - accuracy / 100))
    record = json.loads(deepstep("demo", "digits", "--iterations 5 --json --out here").out)
    counts = np.array(record["confusion"])
    assert counts.sum() == record["test"]["rows"] == 360
    assert len(record["mistakes"]) == 360 - np.trace(counts)
    shares = [mistake["probability"] for mistake in record["mistakes"]]
    assert shares == sorted(shares, reverse=True)
    costs = Run.load("here").ensemble.history.costs.tolist()
    assert (record["run"], costs) == ("here", Run.load("runs/digits").ensemble.history.costs[:5].tolist())


def test_next_commands_work_when_typed(deepstep):
    printed = deepstep("demo", "moons", "--iterations", 20).out
    lines = map(str.strip, printed.partition("Next:")[2].splitlines())
    typed = [line for line in lines if line and not line.startswith("#")]
    assert len(typed) == 5
    for line in typed:
        command = shlex.split(line.partition("  ")[0])
        assert command[0] == "deepstep"
        assert deepstep(*command[1:]).code == 0, line


def test_points(deepstep):
    record = deepstep.json("demo", "spirals")
    assert (record["run"], record["test"]["accuracy"] >= 0.95) == ("runs/spirals", True)
    result = deepstep("demo", "spirals", "--iterations", 3)
    assert "Saved in runs/spirals-2." in result.out  # a run is never overwritten
    assert deepstep("demo", "spirals", "--out", "runs/spirals").code == 2
    drawn = result.out.partition("the training points\n")[2].partition("Saved in")[0]
    assert all(mark in drawn for mark in "ox+")


@pytest.mark.slow
def test_the_story_of_the_cats(deepstep, tmp_path):
    """Both networks on the drawn pictures, without an option, in a pipe."""
    result = deepstep("demo").done()
    assert ESCAPE not in result.out + result.err
    assert "drawn pictures, no photographs" in result.out
    assert max(map(len, result.out.partition("All of")[0].splitlines())) <= 80
    first, last = (re.search(rf"^{at} +(\S+) +(\S+)$", result.out, re.MULTILINE) for at in (0, 2499))
    assert (float(first[1]), float(first[2])) == pytest.approx((0.693, 0.767), abs=1e-3)
    assert max(float(last[1]), float(last[2])) < 0.1
    assert re.search(r"^test accuracy +70\.00 % +82\.00 % +66\.00 %$", result.out, re.MULTILINE)
    both, first, second = (
        set(re.findall(r"\d+", line.partition(": ")[2]))
        for line in re.findall(r"^Wrong in .*$", result.out, re.MULTILINE)
    )
    assert (len(both | first), len(both | second)) == (15, 9)
    assert set(re.findall(r"(\d+): (?:non-)?cat,", result.out)) <= both | second
    assert sorted(os.listdir(tmp_path / "runs")) == ["cats-2-layer", "cats-4-layer", "cats-mislabeled.png"]
    printed = words_of(result.out.splitlines())
    drawn = words_of(lines_of_picture())[2:]  # without title and prompt
    assert drawn == printed, "docs/demo.svg is older than the demo: python docs/picture.py draws it"


@pytest.fixture
def photographs(tmp_path):
    """Pictures of several sizes in folders of three classes, with files that are none."""
    rng = np.random.default_rng(0)
    for name, colour in (("red", 0), ("green", 1), ("blue", 2)):
        (tmp_path / "photos" / name / "more").mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(0, 60, (20 + 9 * number, 30, 3), dtype=np.uint8)
            pixels[..., colour] += 150
            place = "more" if number > 5 else ""
            PIL.Image.fromarray(pixels).save(tmp_path / "photos" / name / place / f"{number}.png")
    (tmp_path / "photos" / "blue" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "photos" / "blue" / "notes.txt").write_text("of a walk")
    return tmp_path / "photos"


def test_a_model_is_saved_before_it_is_scored(deepstep, monkeypatch, photographs):
    def fail(*_):
        raise DataError("There are no scores")

    monkeypatch.setattr("deepstep.cli.images.score", fail)
    result = deepstep("train", "photos", "--epochs 1 --out c --json")
    assert (result.code, len(Run.load("c").ensemble.history)) == (0, 1)
    assert "Warning: The run is saved in c, but its scores are missing" in result.err


@pytest.mark.slow
def test_a_folder_of_photographs_is_learned(deepstep, photographs):
    typed = "--hidden-layers 8 --learning-rate 0.01 --epochs 20 --json"
    result = deepstep("train", photographs, typed).done()
    assert (result.err.count("Left out: "), "broken.jpg" in result.err) == (1, True)
    record = json.loads(result.out)
    assert (record["train"]["rows"], record["test"]["rows"], record["test"]["accuracy"]) == (19, 5, 1)
    run = Run.load("runs/photos")
    assert (record["run"], run.targets.labels) == ("runs/photos", (("blue", "green", "red"),))
    assert run.ensemble.network.architecture.layer_dims == (64 * 64 * 3, 8, 3)
    assert deepstep("predict", "runs/photos", photographs / "green", "--output g.csv").code == 0
    lines = Path("g.csv").read_text().splitlines()
    assert lines[0] == "file,prediction,probability_blue,probability_green,probability_red"
    assert [line.split(",")[1] for line in lines[1:]] == ["green"] * 8
    assert lines[-1].startswith(f"{photographs}/green/more/7.png,")
    assert deepstep.json("evaluate", "runs/photos", photographs)["rows"] == 24
    demo = deepstep.json("demo", "cats", "--data", photographs, "--iterations 2")
    assert demo["models"]["4-layer"]["test"]["rows"] == 5
    assert deepstep("train", photographs, "--epochs 2").code == 0
    assert Run.load("runs/photos-2").config["settings"]["batch_size"] > 0
    assert "--log" not in deepstep("doctor", "runs/photos-2").err  # which pictures do not take


def test_photographs_that_cannot_be_learned(deepstep, photographs):
    shutil.copytree(photographs / "green", photographs / "more" / "green")
    for typed, sentence in (
        ("train photos --target y", "--target must be used with a table, got photos"),
        ("train photos --model ensemble", "--model must be used with a table"),
        ("train photos --learning-rate auto", "--learning-rate must be a number"),
        ("train photos/red", "'0.png' lies in no "),
        ("train photos --test-fraction 0", "--test-fraction"),
        ("demo cats --data photos/more", "readable pictures of one class alone, 'green'"),
    ):
        deepstep(*typed.split()).refused(sentence)
    assert not Path("runs").exists()


@pytest.mark.slow
def test_cats_of_the_lecture_s_files(deepstep, shared, monkeypatch):
    """A few iterations; the full numbers are tested with the lecture's runs."""
    folder = shared / "data" / "cats"
    typed = ("demo", "cats", "--data", folder, "--iterations 2 --out")
    # The published first costs of both models.
    assert re.search(r"^0 +0\.693050 +0\.771749$", deepstep(*typed, "c").out, re.MULTILINE)
    with PIL.Image.open("c-mislabeled.png") as figure:
        assert figure.format == "PNG"
    evaluated = deepstep.json("evaluate", "c-4-layer", folder)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = deepstep(*typed, "without", "--json")
    record = json.loads(result.out)
    assert (record["figure"], "pip install matplotlib" in result.err) == (None, True)
    model = record["models"]["4-layer"]
    assert evaluated["accuracy"] == model["test"]["accuracy"]
    picture = read_cats(folder).X_test[0]
    PIL.Image.fromarray(picture).save("cat.png")
    PIL.Image.new("L", (300, 20), 128).save("grey.jpg")
    pictures = "predict", "c-4-layer", "cat.png", "grey.jpg"
    expected = Run.load("c-4-layer").predict(picture[None]).probabilities
    answers = deepstep.json(*pictures)["probabilities"]
    np.testing.assert_allclose(answers[0], expected[0], rtol=1e-12)
    assert [line.split(":")[0] for line in deepstep(*pictures).out.splitlines()] == ["cat.png", "grey.jpg"]
