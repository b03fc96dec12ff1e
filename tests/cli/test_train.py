"""train, predict, evaluate: from a file to answers."""

import io
import json

import numpy as np
import polars
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score, root_mean_squared_error

from deepstep.data import holdout
from deepstep.errors import DataError
from deepstep.run import Run

TABLES = {
    "titanic": ("survived", "binary", "--exclude alive"),
    "penguins": ("species", "multiclass", "--model network --epochs 40"),
    "mpg": ("mpg", "regression", "--model network --epochs 40"),
}


@pytest.mark.parametrize("table", TABLES)
def test_a_real_table(deepstep, shared, table):
    target, task, options = TABLES[table]
    file, run = shared / "data" / "tables" / f"{table}.csv", f"runs/{table}"
    trained = json.loads(deepstep("train", file, f"--target {target}", options, "--json").out)
    assert (trained["task"], trained["run"]) == (task, run)
    frame = polars.read_csv(file, infer_schema_length=None)
    answers = polars.read_csv(io.StringIO(deepstep("predict", run, file).out))
    evaluated = json.loads(deepstep("evaluate", run, file, "--json").out)
    pair = frame[target], answers["prediction"]
    assert answers.height == frame.height
    if task == "regression":
        assert answers.columns == ["prediction"]
        assert trained["test"]["rmse"] < 0.75 * trained["test"]["mean_rmse"]
        assert evaluated["rmse"] == pytest.approx(root_mean_squared_error(*pair))
        assert evaluated["r2"] == pytest.approx(r2_score(*pair))
        return
    assert trained["test"]["accuracy"] > trained["test"]["majority_accuracy"] + 0.15
    assert_allclose(answers.select(polars.col("^probability_.*$")).to_numpy().sum(axis=1), 1)
    assert evaluated["accuracy"] == pytest.approx(accuracy_score(*pair))
    expected = confusion_matrix(*pair, labels=evaluated["classes"])
    assert evaluated["confusion"] == expected.tolist()


def test_what_train_says(deepstep, flowers):
    result = deepstep("train", flowers, "--target", "kind", "--model", "network", "--epochs", "3")
    assert result.code == 0
    assert "\x1b" not in result.out + result.err
    assert "60 rows; 48 to learn from, 12 held out." in result.err
    assert "Task: binary, because kind has 2 different values: short, tall." in result.err
    assert "kind: 3/3, cost" not in result.out
    for part in ("colour", "one-hot encoded: 3 values", "accuracy", "baseline accuracy"):
        assert part in result.out


def test_parquet_gives_the_same_run_as_csv(deepstep, flowers):
    polars.read_csv(flowers).write_parquet("flowers.parquet")
    for file in (flowers, "flowers.parquet"):
        assert deepstep("train", file, "--target", "kind", "--model", "network", "--epochs", "2").code == 0
    first, second = Run.load("runs/flowers"), Run.load("runs/flowers-2")
    assert first.preparation == second.preparation
    np.testing.assert_array_equal(first.network.parameters.flat, second.network.parameters.flat)


def test_test_rows_teach_nothing(deepstep, flowers):
    """What the preparation learned is that of the training rows, and not of all."""
    typed = ["--target height --exclude kind --model network --epochs 1 --seed 4 --out r"]
    assert deepstep("train", flowers, *typed).code == 0
    frame = polars.read_csv(flowers)
    train, _ = holdout(frame["height"].to_numpy(), fraction=0.2, seed=4, stratify=False)
    (preprocessor,) = Run.load("r").ensemble.preprocessors
    inputs = preprocessor.preparation
    assert inputs.columns[0].mean == pytest.approx(frame["x"][train].mean())
    assert preprocessor.center[0] == pytest.approx(frame["height"][train].mean())
    assert inputs.columns[0].mean != pytest.approx(frame["x"].mean())


@pytest.mark.parametrize("huge", ["1e300", "18446744073709551615"])
def test_classes_beyond_the_64_bit_integers(deepstep, tmp_path, huge):
    rows = "".join(f"{x},{huge if x > 9 else 0}\n" for x in range(20))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    result = deepstep("train", "t.csv", "--target y --out r --model network --epochs 2")
    assert result.code == 0
    assert "Task: binary, because y has 2 different values: 0, 1" in result.err
    for typed in (["evaluate", "r", "t.csv"], ["predict", "r", "t.csv"], ["summary", "r"]):
        assert deepstep(*typed).code == 0
        assert json.loads(deepstep(*typed, "--json").out)


def test_a_failed_run_leaves_what_others_put_beside_it(deepstep, flowers, tmp_path, monkeypatch):
    def others(*_):
        (tmp_path / "runs" / "theirs").mkdir()
        raise DataError("here", "this", "that")

    monkeypatch.setattr("deepstep.cli.table.fit_network", others)
    assert deepstep("train", flowers, "--target", "kind", "--model", "network", "--epochs", "1").code == 2
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["runs", "runs/theirs"]


def test_a_class_of_one_row_is_no_obstacle(deepstep, tmp_path):
    rows = "".join(f"{x},{'ab'[x % 2]}\n" for x in range(20)) + "99,rare\n"
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    result = deepstep("train", "t.csv", "--target", "y", "--model", "network", "--epochs", "2")
    assert result.code == 0
    assert "class 'rare' has one row only" in result.err


def test_table_of_many_columns(deepstep, tmp_path):
    frame = polars.DataFrame({f"c{at}": range(at, at + 8) for at in range(60)} | {"y": [0, 1] * 4})
    frame.write_csv("wide.csv")
    result = deepstep("train", "wide.csv", "--target y --model network --epochs 1")
    assert "… and 20 columns more" in result.out


def test_predictions_to_a_file(deepstep, flowers, flower_run, tmp_path):
    printed = deepstep("predict", flower_run, flowers).out
    result = deepstep("predict", flower_run, flowers, "--output", "answers.csv")
    assert (result.code, result.out) == (0, "")
    assert result.err == "60 predictions written to answers.csv\n"
    assert (tmp_path / "answers.csv").read_text() == printed
    record = json.loads(deepstep("predict", flower_run, flowers, "--json").out)
    table = polars.read_csv("answers.csv")
    assert record["predictions"] == table["prediction"].to_list()
    assert record["classes"] == ["short", "tall"]
    assert_allclose(record["probabilities"], table.select("probability_short", "probability_tall").to_numpy())
    (tmp_path / "rows.csv").write_bytes(flowers.read_bytes())
    refused = deepstep("predict", flower_run, "rows.csv", "-o", "answers.csv")
    assert (refused.code, "answers.csv must be a new file" in refused.err) == (2, True)
    for name in ("rows.csv", flower_run / "new.csv"):
        refused = deepstep("predict", flower_run, "rows.csv", "-o", name, "--overwrite")
        assert (refused.code, "must be a file other than those read" in refused.err) == (2, True)
    assert deepstep("predict", flower_run, "rows.csv", "-o", "answers.csv", "--overwrite").code == 0


def test_new_rows_with_gaps_and_new_words(deepstep, flower_run, tmp_path):
    (tmp_path / "new.csv").write_text("colour,x,size,height\nviolet,1.5,,\n,,9,\n")
    answers = polars.read_csv(io.StringIO(deepstep("predict", flower_run, "new.csv").out))
    assert answers.height == 2
    assert answers["prediction"][0] == "tall"
