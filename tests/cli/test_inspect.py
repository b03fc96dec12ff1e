"""summary, trace, check-gradients, equations."""

import json

import numpy as np
import polars
import pytest
from sklearn.pipeline import make_pipeline

from deepstep.equations import EQUATIONS
from deepstep.estimators import NetworkRegressor, TableEncoder
from deepstep.run import Run


def test_summary(deepstep, flower_run):
    result = deepstep("summary", flower_run)
    assert result.code == 0
    for part in ("(64, 7)", "kind", "all epochs done: 30 epochs", "accuracy", "colour", "one-hot encoded"):
        assert part in result.out
    record = json.loads(deepstep("summary", flower_run, "--json").out)
    run = Run.load(flower_run)
    assert record["layer_dims"] == [7, 64, 32, 1]
    assert record["parameters"] == run.network.parameters.flat.size
    assert record["results"]["test"]["rows"] == 12
    assert record["epochs"] == 30


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("n", "more"), [(40, ""), (41, "… and 1 columns more"), (500, "… and 460 columns more")]
)
def test_a_summary_shows_a_bounded_number_of_columns(deepstep, tmp_path, n, more):
    rng = np.random.default_rng(1)
    X = polars.DataFrame(rng.standard_normal((20, n)), schema=[f"column_{number}" for number in range(n)])
    model = make_pipeline(TableEncoder(), NetworkRegressor(2, max_iter=1)).fit(X, X["column_0"])
    Run.of(model).save(tmp_path / "run")
    shown = deepstep("summary", tmp_path / "run").out
    assert shown.count("column_") == min(n, 40)
    assert ("columns more" in shown) == bool(more)
    assert more in shown
    record = json.loads(deepstep("summary", tmp_path / "run", "--json").out)
    assert len(record["inputs"]["columns"]) == n


def test_trace_is_that_of_the_examples_in_the_run(deepstep, flower_run):
    record = json.loads(deepstep("trace", flower_run, "--json").out)
    run = Run.load(flower_run)
    X, Y = run.kept_examples()
    assert len(X) == 16
    expected = run.network.trace(X.T, Y.T, learning_rate=0.001, optimizer="adam")
    values = {entry["name"]: entry["value"] for entry in record["entries"]}
    assert list(values) == [entry.name for entry in expected]
    for entry in expected:
        np.testing.assert_array_equal(values[entry.name], entry.value)


def test_trace_of_a_layer_and_an_example(deepstep, flowers, flower_run):
    record = json.loads(deepstep("trace", flower_run, "--layer", 2, "--example", 3, "--json").out)
    shapes = {entry["name"]: entry["shape"] for entry in record["entries"]}
    assert shapes["Z2"] == [32, 1]
    assert shapes["W2"] == [32, 64]
    assert "Z1" not in shapes
    assert "Z2 = W2·A1 + b2" in deepstep("trace", flower_run, "--layer", 2).out
    record = json.loads(deepstep("trace", flower_run, "--data", flowers, "--layer", 0, "--json").out)
    (A0,) = [entry["value"] for entry in record["entries"] if entry["name"] == "A0"]
    np.testing.assert_array_equal(A0, Run.load(flower_run).inputs(polars.read_csv(flowers)[:16]).T)


OPENED = (
    "--set solver=adamw --set alpha=0.2 --set weight_decay=0.3 --dropout 0.3 --set clip_norm=0.1 "
    "--set lr_multipliers={'b*'=0.5} --class-weight balanced"
)


@pytest.fixture
def everything(deepstep, flowers):
    """A run with all that takes part in a step; the classes are uneven."""
    table = polars.read_csv(flowers)[:45]
    table.write_csv("t.csv")
    assert deepstep("train", "t.csv", "--target kind --model network --epochs 2 --out r", OPENED).code == 0
    return Run.load("r")


def test_the_trace_is_that_of_a_step_of_the_training(deepstep, everything):
    record = json.loads(deepstep("trace", "r", "--json").out)
    X, Y = everything.kept_examples()
    short, tall = everything.config["class_weights"]
    expected = everything.network.trace(
        X.T, Y.T, learning_rate=0.001, optimizer="adamw", l2=0.2, weight_decay=0.3, dropout=0.3,
        clip_norm=0.1, lr_multipliers={"b*": 0.5},
        sample_weight=np.where(Y[:, 0] == 1, tall, short),
    )  # fmt: skip
    assert short != tall
    assert [entry["name"] for entry in record["entries"]] == [entry.name for entry in expected]
    for entry, found in zip(expected, record["entries"], strict=True):
        np.testing.assert_array_equal(found["value"], entry.value)
    assert {"w", "mask1", "J_L2", "dW1_clipped", "W1_decayed"} <= {e.name for e in expected}


def test_gradients_are_checked_with_what_regularizes(deepstep, everything, monkeypatch):
    """The cost that is differentiated is the whole one: without L2 in the backward pass it fails."""
    assert "Gradients are right" in deepstep("check-gradients", "r").out
    monkeypatch.setattr("deepstep.equations.regularization.l2_backward", lambda W, strength, m: 0 * W)
    assert deepstep("check-gradients", "r").code == 1


def test_lbfgs_has_no_update_to_open(deepstep, flowers):
    options = ["--target kind --model network --set solver=lbfgs --set alpha=0.1 --out r"]
    assert deepstep("train", flowers, *options).code == 0
    record = json.loads(deepstep("trace", "r", "--json").out)
    assert {entry["phase"] for entry in record["entries"]} == {"input", "forward", "cost", "backward"}
    X, Y = Run.load("r").kept_examples()
    J = next(entry["value"] for entry in record["entries"] if entry["name"] == "J")
    W = sum(np.sum(value**2) for name, value in Run.load("r").network.parameters.items() if name[0] == "W")
    assert pytest.approx(Run.load("r").network.cost(X.T, Y.T) + 0.1 / 32 * W) == J
    assert deepstep("check-gradients", "r").code == 0


@pytest.mark.parametrize(
    ("output", "activation"), [("sigmoid", "relu"), ("softmax", "tanh"), ("identity", "sigmoid")]
)
def test_check_gradients_of_a_fresh_network(deepstep, output, activation):
    typed = ["--network", "4-5-3-2", "--activation", activation, "--output", output, "--json"]
    result = deepstep("check-gradients", *typed)
    record = json.loads(result.out)
    assert (result.code, record["passed"]) == (0, True)
    assert [check["name"] for check in record["checks"]] == ["W1", "b1", "W2", "b2", "W3", "b3"]


def test_wrong_gradient_is_exit_code_1(deepstep, flower_run, monkeypatch):
    """A backward pass with a wrong sign in db, in the equations that the command checks."""

    def wrong(dZ):
        return -dZ.sum(axis=1, keepdims=True) / dZ.shape[1]

    for place in ("linear", "backward"):  # the function and where layer 1 is done without dA0
        monkeypatch.setattr(f"deepstep.equations.{place}.sum_gradient", wrong)
    result = deepstep("check-gradients", flower_run, "--json")
    assert result.code == 1
    record = json.loads(result.out)
    assert not record["passed"]
    right = {check["name"] for check in record["checks"] if check["verdict"] == "good"}
    assert right == {check["name"] for check in record["checks"] if check["name"].startswith("W")}
    assert "Gradients are right" not in deepstep("check-gradients", flower_run).out


def test_equations_are_the_registry(deepstep):
    record = json.loads(deepstep("equations", "--json").out)
    assert [equation["name"] for equation in record["equations"]] == list(EQUATIONS)
    text = deepstep("equations").out
    assert all(name in text for name in EQUATIONS)
    assert "Z = W·A_prev + b" in text
