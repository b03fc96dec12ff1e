"""summary, describe-columns, trace, check-gradients, equations: what they show is what there is."""

import json

import numpy as np
import polars
import pytest

from deepstep.equations import EQUATIONS
from deepstep.preparation import TablePreparation
from deepstep.run import Run


def test_summary(deepstep, flower_run):
    result = deepstep("summary", flower_run).done()
    for part in ("(64, 7)", "kind", "all epochs done: 30 epochs", "accuracy", "colour", "one-hot encoded"):
        assert part in result.out
    record = deepstep.json("summary", flower_run)
    assert record["parameters"] == Run.load(flower_run).ensemble.network.parameters.flat.size
    assert (record["layer_dims"], record["epochs"]) == ([7, 64, 32, 1], 30)
    assert record["results"]["test"]["rows"] == 12


def test_a_bounded_number_of_columns_is_shown(deepstep):
    frame = polars.DataFrame({f"column_{number}": range(number, number + 8) for number in range(60)})
    frame.with_columns(y=polars.Series([0, 1] * 4)).write_csv("wide.csv")
    result = deepstep("train", "wide.csv", "--target y --model network --epochs 1 --out run")
    for text in (result.out, deepstep("summary", "run").out):
        assert (text.count("column_"), "… and 20 columns more" in text) == (40, True)
    assert len(deepstep.json("summary", "run")["inputs"]["columns"]) == 60


def test_described_columns_are_those_of_the_preparation(deepstep):
    price, kind = ["1,200.50", *["800.50"] * 899, *[None] * 300], [*["tall", "short"] * 594, *[None] * 12]
    frame = polars.DataFrame({"price [EUR]": price, "kind": kind, "colour": ["red"] * 1200})
    frame = frame.with_columns(nr=polars.int_range(1, 1201))
    frame.write_csv("t.csv")
    record = deepstep.json("describe-columns", "t.csv", "--target kind")
    preparation = TablePreparation.fit(frame, exclude=["kind"])
    columns = [(one["column"], one["kind"], tuple(one["features"])) for one in record["columns"]]
    assert columns == [(one.name, one.kind, one.feature_names) for one in preparation.columns]
    assert record["columns"][0]["why"] == "texts that are numbers, written as 1,234.5"
    facts = {"n_features": preparation.n_features, "rows": 1200, "rows_without_target": 12, "task": "binary"}
    assert facts.items() <= record.items()
    shown = " ".join(deepstep("describe-columns", "t.csv", "--target kind --exclude colour").out.split())
    parts = ("price [EUR]", "another whole number in every row", "To predict: kind", "Dropped: colour.")
    shares = ("25.0 %", "1,200 rows, 2 columns", "12 of 1,200 rows have no target: --drop-missing-target")
    assert [part for part in parts + shares if part not in shown] == []


def test_trace_of_a_layer_and_an_example(deepstep, flowers, flower_run):
    record = deepstep.json("trace", flower_run, "--layer", 2, "--example", 3)
    shapes = {entry["name"]: entry["shape"] for entry in record["entries"]}
    assert shapes["Z2"] == [32, 1]
    assert shapes["W2"] == [32, 64]
    assert "Z1" not in shapes
    assert "Z2 = W2·A1 + b2" in deepstep("trace", flower_run, "--layer", 2).out
    record = deepstep.json("trace", flower_run, "--data", flowers, "--layer", 0)
    (A0,) = [entry["value"] for entry in record["entries"] if entry["name"] == "A0"]
    np.testing.assert_array_equal(A0, Run.load(flower_run).predictor.inputs(polars.read_csv(flowers)[:16]).T)


OPENED = (
    "--set solver=adamw --set alpha=0.2 --set weight_decay=0.3 --dropout 0.3 --set clip_norm=0.1 "
    "--set lr_multipliers={'b*'=0.5} --class-weight balanced --sample-weight w"
)


def test_the_trace_is_that_of_a_step_of_the_training(deepstep, flowers):
    """With all that takes part in a step; the classes are uneven."""
    polars.read_csv(flowers)[:45].with_columns(w=polars.int_range(45) % 4).write_csv("t.csv")
    assert deepstep("train", "t.csv", "--target kind --model network --epochs 2 --out r", OPENED).code == 0
    run, record = Run.load("r"), deepstep.json("trace", "r")
    X, Y = run.kept_examples()
    short, tall = run.config["class_weights"]
    expected = run.ensemble.network.trace(
        X.T, Y.T, learning_rate=0.001, optimizer="adamw", l2=0.2, weight_decay=0.3, dropout=0.3,
        clip_norm=0.1, lr_multipliers={"b*": 0.5},
        sample_weight=np.where(Y[:, 0] == 1, tall, short) * run.config["example_weights"],
    )  # fmt: skip
    assert (len(X), short != tall) == (16, True)
    assert [entry["name"] for entry in record["entries"]] == [entry.name for entry in expected]
    for entry, found in zip(expected, record["entries"], strict=True):
        np.testing.assert_array_equal(found["value"], entry.value)
    assert {"w", "mask1", "J_L2", "dW1_clipped", "W1_decayed"} <= {e.name for e in expected}
    assert "Gradients are right" in deepstep("check-gradients", "r").out


@pytest.mark.slow
def test_members_are_opened_as_networks_of_their_fold(deepstep, flowers, ensemble_run):
    """The trace is that of the network that the file holds, on what its fold makes of the rows."""
    ensemble, first = Run.load(ensemble_run).ensemble, polars.read_csv(flowers)[:16]
    member = ensemble.members[1]
    preparer, opened = ensemble.preprocessors[member.fold], (ensemble_run, "--member", 1)
    traced = deepstep.json("trace", *opened, "--data", flowers)
    value = {entry["name"]: np.array(entry["value"]) for entry in traced["entries"]}
    np.testing.assert_array_equal(value["A0"], preparer.inputs(preparer.features(first))[member.inputs].T)
    assert traced["learning_rate"] == member.learning_rate
    deepstep("check-gradients", *opened).done()


@pytest.mark.slow
def test_gradients_are_checked_and_a_wrong_one_is_exit_code_1(deepstep, flower_run, monkeypatch):
    """A backward pass with a wrong sign in db, in the equations that the command checks."""
    typed = "--network 4-5-3-2 --activation tanh --output softmax --json"
    result = deepstep("check-gradients", typed)
    record = json.loads(result.out)
    assert (result.code, record["passed"]) == (0, True)
    assert [check["name"] for check in record["checks"]] == ["W1", "b1", "W2", "b2", "W3", "b3"]

    def wrong(dZ):
        return -dZ.sum(axis=1, keepdims=True) / dZ.shape[1]

    for place in ("linear", "backward"):  # the function and where layer 1 is done without dA0
        monkeypatch.setattr(f"deepstep.equations.{place}.sum_gradient", wrong)
    result = deepstep("check-gradients", flower_run, "--json")
    record = json.loads(result.out)
    assert (result.code, record["passed"]) == (1, False)
    for check in record["checks"]:
        assert (check["verdict"] == "good") == check["name"].startswith("W")
    assert "Gradients are right" not in deepstep("check-gradients", flower_run).out


def test_equations_are_the_registry(deepstep):
    record = deepstep.json("equations")
    assert [equation["name"] for equation in record["equations"]] == list(EQUATIONS)
    text = deepstep("equations").out
    assert all(name in text for name in EQUATIONS)
    assert "Z = W·A_prev + b" in text
