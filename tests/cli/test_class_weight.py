"""--class-weight: weights of the classes by their names."""

import numpy as np
import polars
import pytest

from deepstep import Network
from deepstep.data import holdout
from deepstep.run import Run

TYPED = ("--target", "kind", "--hidden-layers", "4", "--epochs", "6", "--batch-size", "12", "--out")


@pytest.mark.parametrize(
    "typed",
    [["tall=3"], ["tall=3,short=1"], ["tall=3", "short=1"]],
    ids=" ".join,
)
def test_they_are_the_weights_of_the_network(deepstep, flowers, typed):
    given = [word for text in typed for word in ("--class-weight", text)]
    assert deepstep("train", flowers, *TYPED, "r", *given).code == 0
    run, frame = Run.load("r"), polars.read_csv(flowers)
    y = frame["kind"].to_numpy()
    rows, _ = holdout(y, fraction=0.2, seed=1, stratify=True)
    X = run.inputs(frame)[rows]
    network = Network([X.shape[1], 4, 1], seed=1)
    network.train(
        X.T, (y[rows] == "tall")[np.newaxis], optimizer="adam", learning_rate=0.001, iterations=6,
        batch_size=12, class_weight={1: 3.0},
    )  # fmt: skip
    np.testing.assert_allclose(run.network.parameters.flat, network.parameters.flat, rtol=1e-12)
    assert run.config["class_weights"] == [1.0, 3.0]
    assert run.config["settings"]["class_weight"]["tall"] == 3.0
    assert deepstep("check-gradients", "r").code == 0


@pytest.mark.parametrize(("values", "name"), [((0, 1), "1"), (("false", "true"), "true"), ((0.0, 1.0), "1")])
def test_names_are_those_of_the_file(deepstep, tmp_path, values, name):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{values[x % 2]}\n" for x in range(40)))
    typed = ["--target", "y", "--epochs", "1", "--out", "r", "--class-weight", f"{name}=2"]
    assert deepstep("train", "t.csv", *typed).code == 0
    assert Run.load("r").config["class_weights"] == [1.0, 2.0]


def test_a_name_with_a_comma_and_a_sign(deepstep, tmp_path):
    (tmp_path / "t.csv").write_text(
        "x,y\n" + "".join(f'{x},"{"a,b" if x % 2 else "c=d"}"\n' for x in range(40))
    )
    typed = ["--target", "y", "--epochs", "1", "--out", "r", "--class-weight", "a,b=2,c=d=5"]
    assert deepstep("train", "t.csv", *typed).code == 0
    assert Run.load("r").config["class_weights"] == [2.0, 5.0]


def test_they_go_on_with_the_training(deepstep, process, flowers, killed_at):
    typed = ["train", flowers, *TYPED[:-1], "--class-weight", "tall=3,short=0.5", "--out"]
    deepstep(*typed, "whole")
    assert process(*typed, "r", "--checkpoint-every", "0", before=killed_at(2)).returncode == -9
    assert deepstep("train", "--resume", "r").code == 0
    resumed, whole = Run.load("r"), Run.load("whole")
    np.testing.assert_array_equal(resumed.network.parameters.flat, whole.network.parameters.flat)
    assert resumed.config["class_weights"] == [0.5, 3.0]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["tal=3"], "class is one of 'short', 'tall'; got 'tal'. Did you mean 'tall'?"),
        (["tall"], "balanced, or NAME=WEIGHT such as rare=3,usual=0.5; got 'tall'"),
        (["tall=3,short"], "balanced, or NAME=WEIGHT"),
        (["=3"], "balanced, or NAME=WEIGHT"),
        (["tall=much"], "balanced, or NAME=WEIGHT"),
        (["tall=-1"], "weights of at least 0; got 'tall=-1'"),
        (["tall=inf"], "weights of at least 0; got 'tall=inf'"),
        (["tall=1", "tall=2"], "each name once; got 'tall' 2 times"),
        (["balanced", "tall=2"], "balanced, or weights by name; got balanced and tall=2"),
    ],
)
def test_wrong_input(deepstep, flowers, tmp_path, typed, sentence):
    given = [word for text in typed for word in ("--class-weight", text)]
    result = deepstep("train", flowers, *TYPED, "r", *given)
    assert (result.code, result.out) == (2, "")
    assert f"Error: --class-weight: {sentence}" in result.err
    assert list(tmp_path.iterdir()) == []
