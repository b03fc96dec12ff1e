"""--engine and --precision of the command line: they reach the training, the run, and what goes on."""

import json
import re

import numpy as np
import pytest

from deepstep.run import Run

KIND = ("--target", "kind", "--epochs", "6", "--out", "r")
PRECISE = {"float64": np.float64, "float32": np.float32, "bfloat16": np.float32}


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr("deepstep.engines.choice.find_spec", lambda name: None)


@pytest.mark.parametrize("precision", PRECISE)
def test_the_torch_engine_in_each_precision(deepstep, flowers, precision):
    pytest.importorskip("torch")
    typed = ("--engine", "torch:cpu", "--precision", precision)
    told = json.loads(deepstep("train", flowers, *KIND, *typed, "--json").out)
    run = Run.load("r")
    assert told["engine"] == run.history.engine == "torch:cpu"
    assert run.network.dtype == PRECISE[precision]
    settings = run.config["settings"]
    assert (settings["engine"], settings["precision"]) == ("torch:cpu", precision)
    assert "torch:cpu" in deepstep("summary", "r").out
    assert deepstep("predict", "r", flowers).code == 0


def test_bfloat16_alone_takes_the_torch_engine(deepstep, flowers):
    pytest.importorskip("torch")
    assert deepstep("train", flowers, *KIND, "--precision", "bfloat16").code == 0
    assert Run.load("r").history.engine == "torch"


def test_a_training_goes_on_with_its_engine_and_its_precision(process, deepstep, flowers, killed_at):
    pytest.importorskip("torch")
    typed = ("train", flowers, *KIND[:-2], "--batch-size", "8", "--engine", "torch", "--precision", "float32")
    assert deepstep(*typed, "--out", "whole").code == 0
    assert process(*typed, "--out", "r", "--checkpoint-every", "0", before=killed_at(3)).returncode == -9
    assert deepstep("train", "--resume", "r").code == 0
    whole, again = Run.load("whole"), Run.load("r")
    assert again.history.engine == "torch"
    np.testing.assert_array_equal(again.network.parameters.flat, whole.network.parameters.flat)


def test_an_ensemble_has_an_engine_and_keeps_it(deepstep, flowers):
    pytest.importorskip("torch")
    typed = ("--target", "kind", "--n-estimators", "1", "--engine", "torch", "--out", "r")
    assert deepstep("train", flowers, *typed).code == 0
    run = Run.load("r")
    assert {member.engine for member in run.ensemble.members} == {"torch"}
    assert run.config["settings"]["engine"] == "torch"
    assert deepstep("predict", "r", flowers).code == 0


@pytest.mark.parametrize("typed", [("--engine", "torch"), ("--precision", "bfloat16")])
def test_without_pytorch_the_command_that_installs_it_is_told(deepstep, flowers, no_torch, typed):
    told = deepstep("train", flowers, *KIND, *typed)
    assert told.code == 2
    assert "--engine: the package 'torch' is needed; it is not installed. " in told.err
    assert "pip install 'deepstep[torch]'" in told.err


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("--engine", "compield"), "--engine must be one of .* Did you mean 'compiled'"),
        (("--engine", "distributed"), "--engine must be one of 'auto', 'reference'"),
        (("--engine", "compiled:cuda"), "--engine must be one of"),
        (("--engine", "compiled", "--precision", "bfloat16"), "--engine: .*compiled engine has no bfloat16"),
        (("--engine", "torch:abacus"), "--engine: device of the torch engine is one of .*got 'abacus'"),
        (("--engine", "torch:cuda:99"), "--engine: the device 'cuda:99'; .*PyTorch"),
        (("--precision", "float16"), "'--precision'.*'float64', 'float32', 'bfloat16'"),
    ],
)
def test_what_cannot_be_is_refused_before_the_table_is_read(deepstep, typed, sentence):
    pytest.importorskip("torch")
    told = deepstep("train", "no-such-table.csv", *KIND, *typed)
    assert told.code == 2
    assert "no-such-table" not in told.err
    assert re.search(sentence, told.err), told.err
