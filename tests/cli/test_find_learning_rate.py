"""find-learning-rate: what `Network.find_learning_rate` finds, for a table."""

import json

import numpy as np
import polars
import pytest

from deepstep import Network
from deepstep.cli.find_learning_rate import WITHOUT_USE, command
from deepstep.cli.train import command as train
from deepstep.data import holdout
from deepstep.preparation import TablePreparation

TYPED = [
    "--target",
    "kind",
    "--hidden-layers",
    "8",
    "--optimizer",
    "adam",
    "--batch-size",
    "16",
    "--l2",
    "0.1",
]


def test_it_is_that_of_the_network(deepstep, flowers, tmp_path):
    options = [*TYPED, "--steps", "60", "--least", "1e-5", "--class-weight", "balanced"]
    record = json.loads(deepstep("find-learning-rate", flowers, *options, "--json").out)
    frame = polars.read_csv(flowers)
    y = (frame["kind"] == "tall").to_numpy()
    rows, _ = holdout(y, fraction=0.2, seed=1, stratify=True)
    X = TablePreparation.fit(frame[rows], exclude=["kind"]).transform(frame[rows])
    search = Network([X.shape[1], 8, 1], seed=1).find_learning_rate(
        X.T, y[rows][np.newaxis], least=1e-5, steps=60, optimizer="adam", batch_size=16, l2=0.1
    )
    np.testing.assert_allclose(record["rates"], search.rates, rtol=1e-13)
    np.testing.assert_allclose(record["costs"], search.costs, rtol=1e-10)
    assert record["suggestion"] == pytest.approx(search.suggestion)
    assert list(tmp_path.iterdir()) == []


def test_what_it_prints_can_be_typed(deepstep, flowers, tmp_path):
    result = deepstep("find-learning-rate", flowers, *TYPED, "--plot", "rates.png")
    assert result.code == 0
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    command = result.out.splitlines()[-1].split()
    assert deepstep(*command[command.index("train") :], "--epochs", "1").code == 0


def test_no_suggestion(deepstep, flowers):
    result = deepstep("find-learning-rate", flowers, *TYPED, "--least", "100", "--most", "1000")
    assert "No suggestion: search from a smaller rate." in result.out
    assert "train" not in result.out


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["--least", "0"], "--least: a positive number"),
        (["--most", "1e-9"], "--most: a number above 1e-06"),
        (["--optimizer", "lbfgs"], "got 'lbfgs'"),
        (["--dropout", "2"], "--dropout: "),
        (["--plot", "rates.doc"], "--plot: a name that ends in .png"),
        (["--schedule", "cosine"], "No such option '--schedule'"),
        (["--checkpoint-every", "1"], "No such option '--checkpoint-every'"),
        (["--target", "kid"], "Did you mean 'kind'?"),
    ],
)
def test_wrong_input(deepstep, flowers, tmp_path, typed, sentence):
    given = dict(zip(TYPED[::2], TYPED[1::2], strict=True)) | dict(zip(typed[::2], typed[1::2], strict=True))
    result = deepstep("find-learning-rate", flowers, *(word for pair in given.items() for word in pair))
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert list(tmp_path.iterdir()) == []


def test_an_option_that_comes_twice_is_refused(deepstep, flowers):
    result = deepstep("find-learning-rate", flowers, *TYPED, "--l2", "0.2")
    assert (result.code, result.out) == (2, "")
    assert "--l2: an option that is given once; got it twice." in result.err


NUMBERS = {"--target": "height", "--exclude": "kind"}
OPTIONS = {
    "targets": {},
    "task": {"--task": "classification"},
    "drop": {"--exclude": "colour"},
    "keep": {"--keep": "colour"},
    "drop_missing_target": {"--target": "size", "--exclude": "kind", "--drop-missing-target": None},
    "classes": {"--loss": "ordinal", "--classes": "tall,short"},
    "test_fraction": {"--test-fraction": "0.4"},
    "sample_weight": {"--sample-weight": "x"},
    "class_weight": {"--class-weight": "balanced", "--test-fraction": "0.5"},
    "hidden": {"--hidden-layers": "5"},
    "activation": {"--activation": "tanh"},
    "normalization": {"--normalization": "layer"},
    "initialization": {"--initialization": "glorot"},
    "loss": {"--loss": "ordinal"},
    "quantiles": {**NUMBERS, "--loss": "quantile", "--quantiles": "0.2,0.7"},
    "huber_delta": {**NUMBERS, "--loss": "huber", "--huber-delta": "0.1"},
    "optimizer": {"--optimizer": "momentum"},
    "optimizer_params": {"--optimizer-param": "beta1=0.5"},
    "batch_size": {"--batch-size": "5"},
    "clip_norm": {"--clip-norm": "0.1"},
    "clip_value": {"--clip-value": "0.01"},
    "lr_multipliers": {"--lr-multiplier": "b*=3"},
    "ema_decay": {"--ema-decay": "0.9"},
    "seed": {"--seed": "2"},
    "l1": {"--l1": "1"},
    "l2": {"--l2": "1"},
    "weight_decay": {"--weight-decay": "1"},
    "weight_decay_multipliers": {"--weight-decay": "1", "--weight-decay-multiplier": "W1=0"},
    "dropout": {"--dropout": "0.5"},
    "input_noise": {"--input-noise": "0.5"},
    "label_smoothing": {"--label-smoothing": "0.2"},
    "max_norm": {"--max-norm": "0.5"},
    "engine": {"--engine": "torch"},
    "precision": {"--precision": "bfloat16"},
}
"""Each option that a search takes from train, with what it needs beside it."""


def test_what_train_takes_is_known():
    """A new option of train is one of these, or one without use, or about the run."""
    of_train = {parameter.name for parameter in train.params}
    assert of_train - set(OPTIONS) - set(WITHOUT_USE) == {
        "file", "out", "overwrite", "logs", "checkpoint_every", "keep_checkpoints", "resume", "finish",
        "preset", "n_estimators", "worker_timeout", "stream", "buffer_rows",
        "json_wanted",
    }  # fmt: skip
    taken = {parameter.name for parameter in command.params}
    assert taken & of_train - {"file", "json_wanted"} == set(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_works(deepstep, flowers, tmp_path, name):
    if name in ("engine", "precision"):
        pytest.importorskip("torch")
    polars.read_csv(flowers).with_columns(polars.col("x") + 2).write_csv("t.csv")
    typed = {"--target": "kind", "--steps": "10", **OPTIONS[name]}
    words = [word for pair in typed.items() for word in pair if word is not None]
    result = deepstep("find-learning-rate", "t.csv", *words, "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["costs"]


@pytest.mark.parametrize("name", WITHOUT_USE)
def test_an_option_without_use_is_refused(deepstep, flowers, name):
    option = next(parameter for parameter in train.params if parameter.name == name)
    value = [] if option.is_flag else ["1"]
    result = deepstep("find-learning-rate", flowers, *TYPED, option.opts[-1], *value)
    assert (result.code, result.out) == (2, "")
    assert f"No such option '{option.opts[-1]}'" in result.err
