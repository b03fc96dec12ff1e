"""--schedule and its siblings: a name, and settings after a colon."""

import numpy as np
import pytest

from deepstep.run import Run

TYPED = ("--target", "kind", "--hidden-layers", "4", "--epochs", "10", "--learning-rate", "0.1", "--out", "r")


def test_settings_of_a_step(deepstep, flowers):
    assert deepstep("train", flowers, *TYPED, "--schedule", "step:drop=0.5,every=0.2").code == 0
    run = Run.load("r")
    rates = run.history.column("learning_rate")
    np.testing.assert_allclose(rates, 0.1 * 0.5 ** (np.arange(10) // 2))
    assert run.config["settings"]["schedule"] == {"name": "step", "drop": 0.5, "every": 0.2}
    assert "every" in deepstep("summary", "r").out


def test_settings_stand_beside_warm_up(deepstep, flowers):
    typed = ["--schedule", "linear:last=0.5", "--warmup-fraction", "0.5", "--batch-size", "48"]
    assert deepstep("train", flowers, *TYPED, *typed).code == 0
    rates = Run.load("r").history.column("learning_rate")
    np.testing.assert_allclose(rates[:5], 0.1 * np.arange(5) / 5)
    np.testing.assert_allclose(rates[5:], 0.1 * (1 - 0.5 * np.arange(5) / 5))


@pytest.mark.parametrize("quantity", ["cost", "validation_cost", "validation_score"])
def test_settings_of_a_plateau(deepstep, flowers, quantity):
    """Where next to nothing counts as better the rate falls after each epoch that did not double the best."""
    larger = ",larger_is_better=true" if "score" in quantity else ""
    schedule = f"plateau:patience=0,drop=0.5,threshold=0.99,quantity={quantity}{larger}"
    typed = ["--schedule", schedule, "--scoring", "accuracy"]
    assert deepstep("train", flowers, *TYPED, *typed).code == 0
    history = Run.load("r").history
    best, expected = None, [0.1]
    for value in history.column(quantity):
        better = best is None or (value > 1.99 * best if larger else value < 0.01 * best)
        best = value if better else best
        expected.append(expected[-1] * (1 if better else 0.5))
    np.testing.assert_allclose(history.column("learning_rate"), expected[:-1])
    assert expected[-1] < 0.01


@pytest.mark.parametrize(
    ("option", "beside"), [("weight-decay", ["--weight-decay", "1"]), ("dropout", ["--dropout", "0.5"])]
)
def test_siblings(deepstep, flowers, option, beside):
    """A line from 1 to 1 is no schedule at all, one from 1 to 0 is."""
    thetas = []
    for schedule in ([], ["linear:last=1"], ["linear"]):
        more = [word for name in schedule for word in (f"--{option}-schedule", name)]
        assert deepstep("train", flowers, *TYPED, *beside, *more, "--overwrite").code == 0
        thetas.append(Run.load("r").network.parameters.flat)
    np.testing.assert_array_equal(thetas[1], thetas[0])
    assert not np.array_equal(thetas[2], thetas[0])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["--schedule", "step:drops=0.5"], "--schedule: setting of 'step' is one of 'drop', 'every'"),
        (["--schedule", "step:drop=2"], "--schedule: drop is a number from 0 to 1; got 2"),
        (["--schedule", "step:"], "--schedule: a name, and settings after ':'"),
        (["--schedule", "step:name=cosine"], "--schedule: a name, and settings after ':'"),
        (["--schedule", "step:drop=0.5,drop=0.2"], "--schedule: each name once; got 'drop' 2 times"),
        (["--schedule", "plateau:patients=2"], "setting of a plateau is one of 'quantity', 'drop'"),
        (["--schedule", "plateau:patience=-1"], "--schedule: patience is a whole number of at least 0"),
        (["--schedule", "plateau:quantity=validation_cost"], "--schedule: quantity is one of 'epoch'"),
        (
            ["--schedule", "linear:warm_up=0.1", "--warmup-fraction", "0.2"],
            "--warmup-fraction: it, or warm_up among",
        ),
        (["--dropout", "0.1", "--dropout-schedule", "step:x=1"], "--dropout-schedule: setting of 'step'"),
        (
            ["--weight-decay", "1", "--weight-decay-schedule", "step:x=1"],
            "--weight-decay-schedule: setting of 'step'",
        ),
    ],
)
def test_wrong_settings(deepstep, flowers, tmp_path, typed, sentence):
    result = deepstep("train", flowers, *TYPED, *typed)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert list(tmp_path.iterdir()) == []


def test_settings_go_on_with_the_training(deepstep, process, flowers, killed_at):
    """A plateau stands where it stood, and a step falls where it would have."""
    typed = [*TYPED[:-2], "--schedule", "step:drop=0.5,every=0.2", "--weight-decay", "0.1"]
    typed += [
        "--weight-decay-schedule",
        "plateau:patience=0,threshold=0.5",
        "--validation-fraction",
        "0.2",
        "--out",
    ]
    assert deepstep("train", flowers, *typed, "whole").code == 0
    killed = process("train", flowers, *typed, "r", "--checkpoint-every", "0", before=killed_at(6))
    assert killed.returncode == -9
    assert deepstep("train", "--resume", "r").code == 0
    resumed, whole = Run.load("r"), Run.load("whole")
    np.testing.assert_array_equal(resumed.network.parameters.flat, whole.network.parameters.flat)
    assert resumed.config["settings"] == whole.config["settings"]
