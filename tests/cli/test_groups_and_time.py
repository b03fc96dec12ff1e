"""train with --groups, --time-order and --time-column: what is held out, recorded and refused."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal

from deepstep import DeepClassifier, Run

M = 120
FAST = ("--set n_estimators=2",)
ONE = (
    "--hidden-layers 4 --model network --epochs 3 --set early_stopping=true --set validation_fraction=0.2",
)


def rows_of(numbers, form="%d.%m.%Y"):
    days = [date(2020, 1, 1) + timedelta(days=int(number)) for number in numbers]
    return [day.strftime(form) for day in days]


@pytest.fixture
def visits(tmp_path, monkeypatch):
    """Rows of 15 patients in no order of time, the first row without a target."""
    rng = np.random.default_rng(0)
    patient, day = rng.permutation(np.arange(M) % 15), rng.permutation(M)
    x = rng.normal(size=M)
    frame = polars.DataFrame(
        {
            "patient": [f"p{number}" for number in patient],
            "day": rows_of(day),
            "step": day,
            "x": x,
            "kind": [None, *np.where(x[1:] > 0, "tall", "short")],
        }
    )
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    return frame


def numbers_held_out(run):
    """Rows of the file, from 0, that the run keeps as its test set."""
    assert run.held_out.part == "test"
    return run.held_out.numbers - 1


TRAIN = ("--target kind --exclude step --drop-missing-target --out r",)


@pytest.mark.parametrize("file", ["t.csv", "t.parquet"])
def test_groups_stay_whole_in_the_test_set_and_in_folds(deepstep, visits, file):
    result = deepstep("train", file, *TRAIN, *FAST, "--groups patient")
    assert result.code == 0, result.err
    assert "Held out: whole groups of 'patient'." in result.err
    run, patient = Run.load("r"), visits["patient"].to_numpy()
    tested = numbers_held_out(run)
    learned = np.setdiff1d(np.arange(1, M), tested)
    assert 0.1 < len(tested) / M < 0.3
    assert not {*patient[tested]} & {*patient[learned]}
    assert "patient" not in [column.name for column in run.preparation.columns]


@pytest.mark.parametrize(
    ("typed", "settings", "named"),
    [("--groups patient", {}, {"groups": "patient"}), ("--time-column step", {"validation": "time"}, {})],
)
def test_an_ensemble_is_that_of_the_estimator(deepstep, visits, typed, settings, named):
    assert deepstep("train", "t.csv", *TRAIN, *FAST, typed).code == 0
    run, table = Run.load("r"), polars.read_csv("t.csv")
    learned = np.setdiff1d(np.arange(1, M), numbers_held_out(run))
    frame = table[learned] if named else table[learned].sort("step")
    without = ["kind", "step"]
    model = DeepClassifier(n_estimators=2, random_state=1, **settings)
    model.fit(frame.drop(without), frame["kind"].to_numpy(), **named)
    assert_array_equal(
        run.predict(table).probabilities, model.predict_proba(table.drop(*without, *named.values()))
    )
    known = np.isfinite(model.oof_predictions_).all(axis=1).sum()
    assert run.config["results"]["out_of_fold"]["rows"] == known
    assert known == (len(learned) if named else len(learned) // 2 - len(learned) // 2 % 2)


def test_groups_that_are_kept_are_features(deepstep, visits):
    assert deepstep("train", "t.csv", *TRAIN, *FAST, "--groups patient --keep patient").code == 0
    assert "patient" in [column.name for column in Run.load("r").preparation.columns]


def test_one_network_validates_on_other_groups(deepstep, visits):
    assert deepstep("train", "t.csv", *TRAIN, *ONE, "--groups patient --test-fraction 0").code == 0
    run, patient = Run.load("r"), visits["patient"].to_numpy()
    assert run.held_out.part == "validation"
    validated = run.held_out.numbers - 1
    assert not {*patient[validated]} & {*patient[np.setdiff1d(np.arange(1, M), validated)]}


@pytest.mark.parametrize("column", ["day", "step"])
def test_the_newest_rows_are_the_test_set(deepstep, visits, column):
    typed = "--target kind --drop-missing-target --out r --time-column"
    result = deepstep("train", "t.csv", typed, column, *FAST)
    assert result.code == 0, result.err
    assert f"Held out: the newest rows by '{column}'." in result.err
    run, step = Run.load("r"), visits["step"].to_numpy()
    tested = numbers_held_out(run)
    learned = np.setdiff1d(np.arange(1, M), tested)
    assert len(tested) == 24
    assert step[tested].min() > step[learned].max()
    assert "day" in [one.name for one in run.preparation.columns]


def test_rows_in_the_order_of_time(deepstep, visits):
    assert deepstep("train", "t.csv", *TRAIN, *ONE, "--time-order").code == 0
    assert_array_equal(numbers_held_out(Run.load("r")), np.arange(M - 24, M))


def test_what_says_how_rows_were_held_out(deepstep, visits):
    assert deepstep("train", "t.csv", *TRAIN, *FAST, "--groups patient").code == 0
    whole = "whole groups of 'patient'"
    assert Run.load("r").config["split"] == whole
    assert Run.load("r").config["groups"] == "patient"
    assert whole in deepstep("summary", "r").out
    visits.filter(polars.col("kind").is_not_null()).write_csv("known.csv")
    assert json.loads(deepstep("evaluate", "r", "known.csv", "--json").out)["split"] == whole
    assert f"r was trained with these rows held out: {whole}." in deepstep("evaluate", "r", "known.csv").err
    assert deepstep("report", "r", "-o", "r.html").code == 0
    page = Path("r.html").read_text(encoding="utf-8")
    assert "whole groups of" in page
    assert "--groups patient" in page  # the command that reproduces the run


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--groups patiant", "Did you mean 'patient'?"),
        ("--groups kind", "--groups must be a column other than the target, got 'kind'."),
        ("--time-column kind", "--time-column must be a column other than the target, got 'kind'."),
        ("--time-column patient", "--time-column must be a column of dates or numbers, got 'patient' with"),
        (
            "--groups holes",
            "with a group in every row, got 'holes', of which row 3 has none, 1 row(s) in all.",
        ),
        ("--time-column holes", "with a time in every row, got 'holes', of which row 3 has none, 1 row(s)"),
        (
            "--groups same",
            "--test-fraction: rows of at least two groups; got one group. Hold out fewer rows.",
        ),
        ("--groups same --test-fraction 0", "at least two different groups, got one."),
        (
            "--groups x --time-order",
            "--groups must be used without --time-order and --time-column, got both.",
        ),
        ("--groups x --time-column day", "--groups must be used without --time-order"),
        (
            "--time-order --model network --test-fraction 0",
            "--time-order must be used where rows are held out",
        ),
        ("--groups x --keep x --exclude x", "--keep: a column that is an input; 'x' is none."),
    ],
)
def test_what_is_refused(deepstep, visits, typed, said):
    holes = visits["patient"].to_list()
    holes[2] = "NA"
    frame = visits.with_columns(holes=polars.Series(holes), same=polars.lit("a")).drop_nulls("kind")
    polars.concat([frame[:1], frame]).with_columns(holes=polars.Series(holes)).write_csv("u.csv")
    result = deepstep("train", "u.csv", "--target kind", typed)
    assert (result.code, result.out) == (2, "")
    assert said in " ".join(result.err.split())


def test_streamed_rows_are_refused(deepstep, visits):
    visits.drop_nulls().write_parquet("u.parquet")
    result = deepstep("train", "u.parquet", "--target kind --stream --groups patient")
    assert result.code == 2
    assert "--groups must be used with rows in memory, got streamed ones." in " ".join(result.err.split())


def test_an_ensemble_is_trained_again_on_all_training_rows(deepstep, visits):
    result = deepstep("train", "t.csv", *TRAIN, *FAST, "--time-column step --set refit=true")
    assert result.code == 0, result.err
    run = Run.load("r")
    assert len(run.ensemble.members) == len(run.ensemble.weights) == 1
    assert run.config["settings"]["refit"] is True
    assert "out_of_fold" in run.config["results"]
