"""train, predict, evaluate: from a file to answers."""

import io
import json

import numpy as np
import polars
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score, root_mean_squared_error

from deepstep.data import holdout
from deepstep.errors import DataError
from deepstep.run import Run

CLASSES = {
    "titanic": ("survived", "binary", ["--exclude", "alive"]),
    "penguins": ("species", "multiclass", []),
}
NUMBERS = {
    "mpg": ("mpg", ["--iterations", "40"]),
    "california_housing": ("median_house_value", ["--iterations", "3"]),
    "diamonds": ("price", ["--iterations", "2"]),
}


@pytest.mark.parametrize(
    ("table", "target", "task", "options"), [(name, *rest) for name, rest in CLASSES.items()]
)
def test_classes_of_a_real_table(deepstep, shared, table, target, task, options):
    file = shared / "data" / "tables" / f"{table}.csv"
    trained = json.loads(deepstep("train", file, "--target", target, *options, "--json").out)
    assert trained["task"] == task
    assert trained["run"] == f"runs/{table}"
    assert trained["test"]["accuracy"] > trained["test"]["majority_accuracy"] + 0.15

    frame = polars.read_csv(file)
    result = deepstep("predict", f"runs/{table}", file)
    answers = polars.read_csv(io.StringIO(result.out))
    assert answers.height == frame.height
    probabilities = answers.select(polars.col("^probability_.*$")).to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    evaluated = json.loads(deepstep("evaluate", f"runs/{table}", file, "--json").out)
    assert evaluated["accuracy"] == pytest.approx(accuracy_score(frame[target], answers["prediction"]))
    expected = confusion_matrix(frame[target], answers["prediction"], labels=evaluated["classes"])
    assert evaluated["confusion"] == expected.tolist()


@pytest.mark.parametrize(("table", "target", "options"), [(name, *rest) for name, rest in NUMBERS.items()])
def test_numbers_of_a_real_table(deepstep, shared, table, target, options):
    file = shared / "data" / "tables" / f"{table}.csv"
    trained = json.loads(deepstep("train", file, "--target", target, *options, "--json").out)
    assert trained["task"] == "regression"
    assert trained["test"]["rmse"] < 0.75 * trained["test"]["mean_rmse"]

    frame = polars.read_csv(file, infer_schema_length=None)
    answers = polars.read_csv(io.StringIO(deepstep("predict", f"runs/{table}", file).out))
    assert answers.columns == ["prediction"]
    evaluated = json.loads(deepstep("evaluate", f"runs/{table}", file, "--json").out)
    assert evaluated["rmse"] == pytest.approx(root_mean_squared_error(frame[target], answers["prediction"]))
    assert evaluated["r2"] == pytest.approx(r2_score(frame[target], answers["prediction"]))


def test_what_train_says(deepstep, flowers):
    result = deepstep("train", flowers, "--target", "kind", "--iterations", "3")
    assert result.code == 0
    assert "\x1b" not in result.out + result.err
    assert "60 rows; 48 to learn from, 12 held out." in result.err
    assert "Task: binary, because kind has 2 different values: short, tall." in result.err
    assert "kind: 3/3, cost" not in result.out
    for part in (
        "colour",
        "one-hot encoded: 3 values",
        "accuracy",
        "baseline accuracy",
    ):
        assert part in result.out


def test_parquet_gives_the_same_run_as_csv(deepstep, flowers):
    polars.read_csv(flowers).write_parquet("flowers.parquet")
    for file in (flowers, "flowers.parquet"):
        assert deepstep("train", file, "--target", "kind", "--iterations", "2").code == 0
    first, second = Run.load("runs/flowers"), Run.load("runs/flowers-2")
    assert first.preparation == second.preparation
    np.testing.assert_array_equal(first.network.parameters.flat, second.network.parameters.flat)


def test_test_rows_teach_nothing(deepstep, flowers):
    """What the preparation learned is that of the training rows, and not of all."""
    typed = ["--target", "height", "--exclude", "kind", "--iterations", "1", "--seed", "4", "--out", "r"]
    assert deepstep("train", flowers, *typed).code == 0
    frame = polars.read_csv(flowers)
    train, _ = holdout(frame["height"].to_numpy(), fraction=0.2, seed=4, stratify=False)
    (preprocessor,) = Run.load("r").ensemble.preprocessors
    inputs = preprocessor.preparation
    assert inputs.columns[0].mean == pytest.approx(frame["x"][train].mean())
    assert preprocessor.center[0] == pytest.approx(frame["height"][train].mean())
    assert inputs.columns[0].mean != pytest.approx(frame["x"].mean())


def test_options_reach_the_network(deepstep, flowers):
    options = [
        "--hidden-layers",
        "5,4,3",
        "--activation",
        "tanh",
        "--optimizer",
        "momentum",
        "--learning-rate",
        "0.1",
    ]
    deepstep(
        "train", flowers, "--target", "kind", *options, "--epochs", "7", "--batch-size", "16", "--out", "r"
    )
    run = Run.load("r")
    assert run.network.architecture.layer_dims[1:] == (5, 4, 3, 1)
    assert run.network.architecture.activations == ("tanh", "tanh", "tanh", "sigmoid")
    assert run.config["settings"] == {
        "hidden": [5, 4, 3],
        "activation": "tanh",
        "initialization": "he",
        "optimizer": "momentum",
        "learning_rate": 0.1,
        "iterations": 7,
        "batch_size": 16,
        "seed": 1,
    }
    assert len(run.history) == 7
    assert run.history[-1]["step"] == 7 * 3


def test_overwrite_replaces_the_run(deepstep, flowers):
    assert deepstep("train", flowers, "--target", "kind", "--iterations", "2", "--out", "r").code == 0
    assert deepstep("train", flowers, "--target", "kind", "--iterations", "3", "--out", "r").code == 2
    assert len(Run.load("r").history) == 2
    assert (
        deepstep("train", flowers, "--target", "kind", "--iterations", "3", "--out", "r", "--overwrite").code
        == 0
    )
    assert len(Run.load("r").history) == 3


@pytest.mark.parametrize("huge", ["1e300", "18446744073709551615"])
def test_classes_beyond_the_64_bit_integers(deepstep, tmp_path, huge):
    rows = "".join(f"{x},{huge if x > 9 else 0}\n" for x in range(20))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    result = deepstep("train", "t.csv", "--target", "y", "--out", "r")
    assert result.code == 0
    assert "Task: binary, because y has 2 different values: 0, 1" in result.err
    for typed in (["evaluate", "r", "t.csv"], ["predict", "r", "t.csv"], ["summary", "r"]):
        assert deepstep(*typed).code == 0
        assert json.loads(deepstep(*typed, "--json").out)


def test_a_failed_run_leaves_what_others_put_beside_it(deepstep, flowers, tmp_path, monkeypatch):
    def others(*_):
        (tmp_path / "runs" / "theirs").mkdir()
        raise DataError("here", "this", "that")

    monkeypatch.setattr("deepstep.cli.fitting.fit", others)
    assert deepstep("train", flowers, "--target", "kind", "--epochs", "1").code == 2
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["runs", "runs/theirs"]


def test_a_class_of_one_row_is_no_obstacle(deepstep, tmp_path):
    rows = "".join(f"{x},{'ab'[x % 2]}\n" for x in range(20)) + "99,rare\n"
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    result = deepstep("train", "t.csv", "--target", "y", "--iterations", "2")
    assert result.code == 0
    assert "class 'rare' has one row only" in result.err


def test_table_of_many_columns(deepstep, tmp_path):
    columns = [f"c{number}" for number in range(60)]
    lines = [
        ",".join([*columns, "y"]),
        *(",".join(map(str, [*range(row, row + 60), row % 2])) for row in range(8)),
    ]
    (tmp_path / "wide.csv").write_text("\n".join(lines))
    result = deepstep("train", "wide.csv", "--target", "y", "--iterations", "1")
    assert "… and 20 columns more" in result.out


def test_names_that_look_like_markup(deepstep, tmp_path):
    (tmp_path / "t.csv").write_text("[red]x[/],y\n" + "".join(f"{x},[b]{x % 2}\n" for x in range(10)))
    result = deepstep("train", "t.csv", "--target", "y", "--iterations", "1")
    assert "[red]x[/]" in result.out
    assert "[b]0" in deepstep("evaluate", "runs/t", "t.csv").out


def test_predictions_to_a_file(deepstep, flowers, flower_run, tmp_path):
    printed = deepstep("predict", flower_run, flowers).out
    result = deepstep("predict", flower_run, flowers, "--output", "answers.csv")
    assert (result.code, result.out) == (0, "")
    assert result.err == "60 predictions written to answers.csv\n"
    assert (tmp_path / "answers.csv").read_text() == printed
    (tmp_path / "rows.csv").write_bytes(flowers.read_bytes())
    refused = deepstep("predict", flower_run, "rows.csv", "-o", "answers.csv")
    assert (refused.code, "answers.csv must be a new file" in refused.err) == (2, True)
    for name in ("rows.csv", flower_run / "new.csv"):
        refused = deepstep("predict", flower_run, "rows.csv", "-o", name, "--overwrite")
        assert (refused.code, "must be a file other than those read" in refused.err) == (2, True)
    assert deepstep("predict", flower_run, "rows.csv", "-o", "answers.csv", "--overwrite").code == 0


def test_predictions_as_json(deepstep, flowers, flower_run):
    record = json.loads(deepstep("predict", flower_run, flowers, "--json").out)
    table = polars.read_csv(io.StringIO(deepstep("predict", flower_run, flowers).out))
    assert record["predictions"] == table["prediction"].to_list()
    assert record["classes"] == ["short", "tall"]
    np.testing.assert_allclose(
        record["probabilities"], table.select("probability_short", "probability_tall").to_numpy()
    )


def test_new_rows_with_gaps_and_new_words(deepstep, flower_run, tmp_path):
    (tmp_path / "new.csv").write_text("colour,x,size,height\nviolet,1.5,,\n,,9,\n")
    answers = polars.read_csv(io.StringIO(deepstep("predict", flower_run, "new.csv").out))
    assert answers.height == 2
    assert answers["prediction"][0] == "tall"
