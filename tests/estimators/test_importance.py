"""Permutation importance on tables with texts and missing values: scikit-learn's, and the command."""

import json

import numpy as np
import pandas
import polars
import pytest
from sklearn.inspection import permutation_importance

from deepstep.cli.main import main
from deepstep.estimators import DeepClassifier, DeepRegressor

SMALL = {"preset": "tabular", "n_estimators": 5, "max_iter": 30, "random_state": 1}


def frame(m=400):
    """A word and a number with holes that the target depends on, and one that it does not."""
    rng = np.random.default_rng(1)
    word = rng.choice(["red", "green", "blue"], m)
    number = rng.standard_normal(m)
    table = pandas.DataFrame(
        {
            "word": np.where(rng.random(m) < 0.1, None, word),
            "number": np.where(rng.random(m) < 0.1, np.nan, number),
            "noise": rng.standard_normal(m),
        }
    )
    return table, 2.0 * (word == "red") + number


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
@pytest.mark.filterwarnings(
    "ignore:X does not have valid feature names"
)  # scikit-learn makes arrays of polars
@pytest.mark.parametrize("kind", [pandas.DataFrame, polars.from_pandas])
def test_columns_that_matter_are_found(Estimator, kind):
    X, y = frame()
    names, X = list(X), kind(X)
    y = np.where(y > 0.7, "high", "low") if Estimator is DeepClassifier else y
    model = Estimator(**SMALL).fit(X[:200], y[:200])
    found = permutation_importance(model, X[200:], y[200:], n_repeats=3, random_state=1)
    importance = dict(zip(names, found.importances_mean, strict=True))
    assert importance["word"] > 0.05
    assert importance["number"] > 0.05
    assert abs(importance["noise"]) < min(importance["word"], importance["number"]) / 2


@pytest.mark.parametrize("metric", [None, "log_loss"])
def test_command(tmp_path, capsys, metric):
    X, y = frame()
    X.assign(y=np.where(y > 0.7, "high", "low")).to_csv(tmp_path / "t.csv", index=False)
    train = [
        "train",
        str(tmp_path / "t.csv"),
        "--target",
        "y",
        "--n-estimators",
        "2",
        "--out",
        str(tmp_path / "run"),
    ]
    asked = ["importance", str(tmp_path / "run"), str(tmp_path / "t.csv"), "--json", "--repeats", "2"]
    for arguments in (train, [*asked, *(["--metric", metric] if metric else [])]):
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 0
    printed = capsys.readouterr()
    assert "was used to train" in printed.err
    record = json.loads(printed.out)
    assert (record["metric"], record["rows"]) == (metric or "accuracy", 400)
    assert [one["column"] for one in record["importance"]][-1] == "noise"
    assert record["importance"][0]["mean"] > 0.05
