"""find-learning-rate: what `Network.find_learning_rate` finds, for a table."""

import json

import numpy as np
import polars
import pytest

from deepstep import Network
from deepstep.data import holdout
from deepstep.preparation import TablePreparation

TYPED = ["--target", "kind", "--hidden", "8", "--optimizer", "adam", "--batch-size", "16", "--l2", "0.1"]


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
    result = deepstep("find-learning-rate", flowers, *TYPED, "--target", "height")
    assert (result.code, result.out) == (2, "")
    assert "--target: an option that is given once; got it twice." in result.err
