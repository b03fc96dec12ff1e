"""train --learning-rate auto: the rate that a search finds, kept by whatever goes on."""

import json
import signal

import numpy as np
import polars
import pytest

from deepstep.run import Run

TYPED = ("--target", "kind", "--hidden-layers", "8", "--batch-size", "16", "--dropout", "0.1")
MORE = ("--epochs", "6", "--learning-rate", "auto")


def same_bits(*runs):
    thetas = [Run.load(run).network.parameters.flat for run in runs]
    np.testing.assert_array_equal(*thetas)


@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("--class-weight", "balanced", "--sample-weight", "weight"),
        ("--initialization", "data", "--optimizer", "gd"),
        ("--deterministic", "--weight-decay", "0.1", "--clip-norm", "1"),
    ],
)
def test_it_is_what_find_learning_rate_suggests(deepstep, flowers, tmp_path, typed):
    polars.read_csv(flowers).with_columns(weight=polars.col("x") + 3).write_csv("t.csv")
    of_search = [word for word in typed if word != "--deterministic"]
    found = json.loads(deepstep("find-learning-rate", "t.csv", *TYPED, *of_search, "--json").out)
    result = deepstep("train", "t.csv", *TYPED, *typed, *MORE, "--out", "r")
    assert result.code == 0, result.err
    config = Run.load("r").config
    assert config["settings"]["learning_rate"] == pytest.approx(found["suggestion"])
    assert config["found"] == ["learning_rate"]
    assert f"Learning rate: {found['suggestion']:.3g}, found by --learning-rate auto." in result.err
    assert "(found by a search)" in deepstep("summary", "r").out
    given = ("--epochs", "6", "--learning-rate", repr(config["settings"]["learning_rate"]))
    assert deepstep("train", "t.csv", *TYPED, *typed, *given, "--out", "given").code == 0
    same_bits("r", "given")
    assert "found" not in Run.load("given").config


def test_what_is_held_out_has_no_say(deepstep, flowers):
    """There is one search, and a refit has its rate, too."""
    stop = ("--patience", "2", "--validation", flowers)
    rates = []
    for typed in ((), stop, (*stop, "--refit", "--scoring", "accuracy")):
        assert deepstep("train", flowers, *TYPED, *MORE, *typed, "--out", "r", "--overwrite").code == 0
        run = Run.load("r")
        rates.append(run.config["settings"]["learning_rate"])
        assert set(run.history.column("learning_rate")) == set(rates) == {rates[0]}
    assert run.history.stopped.startswith("refitted for")


@pytest.mark.parametrize("where", ["first", "refit", "before"])
def test_what_goes_on_keeps_the_rate(deepstep, process, killed_at, flowers, where):
    """And searches no more: where another search would find another rate, the bits are the same."""
    typed = [*TYPED, *MORE, "--checkpoint-every", "0"]
    if where == "refit":
        typed += ["--patience", "9", "--refit", "--validation-fraction", "0.2"]
    assert deepstep("train", flowers, *typed, "--out", "whole").code == 0
    killed = killed_at(2)
    if where == "refit":
        killed = killed.replace("== 2", "== 2 and 'all rows' in self._meter._label")
    if where == "before":
        killed = killed.replace("on_epoch_end", "on_train_begin").replace(", record", "")
        killed = killed.replace("if record['epoch'] == 2: ", "")
    result = process("train", flowers, *typed, "--out", "r", before=killed)
    assert result.returncode == -signal.SIGKILL
    other = (
        "from deepstep import Network\n"
        "def never(*_, **__): raise AssertionError\n"
        "Network.find_learning_rate = never\n"
    )
    result = process("train", "--resume", "r", before="" if where == "before" else other)
    assert result.returncode == 0, result.stderr
    same_bits("r", "whole")
    assert Run.load("r").config["found"] == ["learning_rate"]
    assert Run.load("r").config["settings"] == Run.load("whole").config["settings"]


def test_where_no_rate_lowers_the_cost(deepstep, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{x % 2}\n" for x in range(40)))
    typed = ("--target", "y", "--initialization", "zeros", "--lr-multiplier", "*=0", "--out", "r")
    result = deepstep("train", "t.csv", *typed, *MORE)
    assert result.code == 0, result.err
    assert "Learning rate: 0.001, as --learning-rate auto found no rate from 1e-06 on that" in result.err
    assert Run.load("r").config["settings"]["learning_rate"] == 0.001


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("--learning-rate", "aut"), "--learning-rate: a number or auto; got 'aut'."),
        (("--learning-rate", "-1"), "--learning-rate: "),
        (
            ("--learning-rate", "auto", "--optimizer", "lbfgs"),
            "an optimizer that has a learning rate; got 'lbfgs'",
        ),
    ],
)
def test_wrong_input(deepstep, flowers, tmp_path, typed, sentence):
    result = deepstep("train", flowers, "--target", "kind", *typed)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert list(tmp_path.iterdir()) == []
