"""summary, trace, check-gradients, equations."""

import json

import numpy as np
import polars
import pytest

from deepstep.equations import EQUATIONS, weight_gradients
from deepstep.run import Run


def test_summary(deepstep, flower_run):
    result = deepstep("summary", flower_run)
    assert result.code == 0
    for part in ("(64, 7)", "kind", "all epochs done: 30 epochs", "accuracy", "colour", "one 0/1 feature"):
        assert part in result.out


def test_summary_as_json(deepstep, flower_run):
    record = json.loads(deepstep("summary", flower_run, "--json").out)
    run = Run.load(flower_run)
    assert record["layer_dims"] == [7, 64, 32, 1]
    assert record["parameters"] == run.network.parameters.flat.size
    assert record["results"]["test"]["rows"] == 12
    assert record["epochs"] == 30


def test_trace_is_that_of_the_examples_in_the_run(deepstep, flower_run):
    record = json.loads(deepstep("trace", flower_run, "--json").out)
    run = Run.load(flower_run)
    X, Y = run.examples
    assert len(X) == 16
    expected = run.network.trace(X.T, Y.T, learning_rate=0.001, optimizer="adam")
    values = {entry["name"]: entry["value"] for entry in record["entries"]}
    assert list(values) == [entry.name for entry in expected]
    for entry in expected:
        np.testing.assert_array_equal(values[entry.name], entry.value)


def test_trace_of_a_layer_and_an_example(deepstep, flower_run):
    record = json.loads(deepstep("trace", flower_run, "--layer", 2, "--example", 3, "--json").out)
    shapes = {entry["name"]: entry["shape"] for entry in record["entries"]}
    assert shapes["Z2"] == [32, 1]
    assert shapes["W2"] == [32, 64]
    assert "Z1" not in shapes
    text = deepstep("trace", flower_run, "--layer", 2).out
    assert "Z2 = W2·A1 + b2" in text


def test_trace_of_given_rows(deepstep, flowers, flower_run):
    record = json.loads(deepstep("trace", flower_run, "--data", flowers, "--layer", 0, "--json").out)
    (A0,) = [entry["value"] for entry in record["entries"] if entry["name"] == "A0"]
    expected = Run.load(flower_run).inputs(polars.read_csv(flowers)[:16])
    np.testing.assert_array_equal(A0, expected.T)


def test_check_gradients_of_a_run(deepstep, flower_run):
    result = deepstep("check-gradients", flower_run)
    assert result.code == 0
    assert "Gradients are right" in result.out


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "identity"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_check_gradients_of_a_fresh_network(deepstep, output, activation):
    typed = ["--network", "4-5-3-2", "--activation", activation, "--output", output, "--json"]
    result = deepstep("check-gradients", *typed)
    record = json.loads(result.out)
    assert (result.code, record["passed"]) == (0, True)
    assert [check["name"] for check in record["checks"]] == ["W1", "b1", "W2", "b2", "W3", "b3"]


@pytest.mark.parametrize("typed", [["--network", "2-3-1"], ["RUN"]])
def test_wrong_gradient_is_exit_code_1(deepstep, flower_run, monkeypatch, typed):
    """A backward pass with a wrong sign in db, in the equations that the command checks."""

    def wrong(dZ, cache):
        dW, db = weight_gradients(dZ, cache)
        return dW, -db

    for place in ("linear", "backward"):  # the function and where layer 1 is done without dA0
        monkeypatch.setattr(f"deepstep.equations.{place}.weight_gradients", wrong)
    typed = [flower_run if word == "RUN" else word for word in typed]
    result = deepstep("check-gradients", *typed, "--json")
    assert result.code == 1
    record = json.loads(result.out)
    assert not record["passed"]
    right = {check["name"] for check in record["checks"] if check["verdict"] == "good"}
    assert right == {check["name"] for check in record["checks"] if check["name"].startswith("W")}
    assert "Gradients are right" not in deepstep("check-gradients", *typed).out


def test_equations_are_the_registry(deepstep):
    record = json.loads(deepstep("equations", "--json").out)
    assert [equation["name"] for equation in record["equations"]] == list(EQUATIONS)
    text = deepstep("equations").out
    assert all(name in text for name in EQUATIONS)
    assert "Z = W·A_prev + b" in text
