"""New rows against the statistics of the training."""

import json
import re

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, Run
from deepstep.errors import DataError
from deepstep.preparation import TablePreparation
from deepstep.preparation.data_checks import drift, unknown_columns

N = 3000


def table(seed, n=N):
    """A column of each kind, some with missing values, some with values that come often."""
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal(n)
    return polars.DataFrame(
        {
            "number": numbers,
            "mostly 0": np.where(rng.random(n) < 0.65, 0.0, np.abs(numbers)),
            "few": rng.integers(0, 4, n),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, numbers),
            "town": rng.choice(["Bern", "Rome", "Oslo"], n, p=[0.6, 0.3, 0.1]),
            "sex": rng.choice(["f", "m"], n),
            "member": rng.random(n) < 0.3,
            "many": rng.choice([f"street {k}" for k in range(80)], n),
            "day": np.datetime64("2026-01-01") + rng.integers(0, 90, n).astype("timedelta64[D]"),
        }
    ).with_columns(polars.col("town").replace("Oslo", None))


INPUTS = TablePreparation.fit(table(0))


@pytest.mark.parametrize("n", [40, 400, N])
def test_rows_of_the_same_kind_do_not_differ(n):
    """At most one of 1,000 by chance, and a second one for the columns with two statistics."""
    columns = [column for seed in range(1, 21) for column in drift(INPUTS, [table(seed, n)])]
    assert sum(bool(column.why) for column in columns) <= 2


CHANGES = {
    "number": (polars.col("number") * 1.6, ("psi",)),
    "mostly 0": (polars.col("mostly 0") + 0.2, ("psi",)),
    "few": (polars.col("few") + 2, ("outside", "psi")),
    "gaps": (polars.when(polars.col("few") == 0).then(None).otherwise(polars.col("gaps")), ("missing",)),
    "town": (polars.lit("Paris"), ("unseen", "psi")),
    "sex": (polars.lit("m"), ("psi",)),
    "member": (~polars.col("member"), ("psi",)),
    "many": (polars.lit("street 7"), ("psi",)),
    "day": (polars.when(polars.col("few") == 1).then(None).otherwise(polars.col("day")), ("missing",)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_in_its_column_alone(name):
    change, statistics = CHANGES[name]
    frame = table(1).with_columns(change.alias(name))
    columns = {column.column: column for column in drift(INPUTS, [frame[:700], frame[700:]])}
    assert [column for column, values in columns.items() if values.why] == [name]
    assert columns[name] == {column.column: column for column in drift(INPUTS, [frame])}[name]
    before = {column.column: column for column in drift(INPUTS, [table(1)])}[name]
    for statistic in statistics:
        assert getattr(columns[name], statistic) > getattr(before, statistic) + 0.02


def test_shares_are_those_of_the_rows():
    frame = table(3).with_columns(
        polars.when(polars.col("few") == 1).then(9.0).otherwise(polars.col("number")).alias("number")
    )
    columns = {column.column: column for column in drift(INPUTS, [frame])}
    assert columns["gaps"].missing == frame["gaps"].is_nan().mean()
    assert columns["gaps"].missing_before == table(0)["gaps"].is_nan().mean()
    assert columns["number"].outside == pytest.approx((frame["few"] == 1).mean(), abs=0.002)
    assert columns["town"].unseen == 0


def test_psi_is_that_of_its_definition():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.25, 0.25, 0.5])
    before, after = (
        polars.DataFrame({"x": np.repeat(["a", "b", "c"], (4000 * share).astype(int))}) for share in (p, q)
    )
    (column,) = drift(TablePreparation.fit(before), [after])
    assert column.psi == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=0.01)


@pytest.mark.parametrize("shares", [(0.19, 0.8, 0.01), (0.99, 0.005, 0.005), (0.05, 0.05, 0.9)])
def test_rows_of_the_training_do_not_differ(shares):
    """Few different numbers, of which some come in most rows; dates that move on."""
    frame = table(0).with_columns(
        polars.Series("few", np.repeat([1, 2, 9], (N * np.array(shares)).round().astype(int)))
    )
    later = frame.with_columns(polars.col("day") + polars.duration(days=60))
    assert not any(column.why for column in drift(TablePreparation.fit(frame), [later]))


def test_the_statistics_are_those_of_all_rows_of_the_fit(tmp_path):
    """Each fold lacks a town here, since towns are groups."""
    towns = np.repeat(["Basel", "Bern", "Genf", "Oslo", "Rome"], 40)
    frame = polars.DataFrame({"town": towns, "x": np.arange(200.0)})
    model = DeepClassifier(n_estimators=5, network_params={"epochs": 1}, random_state=1)
    model.fit(frame, np.arange(200) % 2, groups=towns)
    Run.of(model).save(tmp_path / "run")
    predictor = Run.load(tmp_path / "run").predictor
    assert not any(column.why for column in drift(predictor.table_of_fit, [frame]))


def test_what_cannot_be_compared():
    with pytest.raises(DataError, match="lacks 1 of the 9 columns of training: 'number'"):
        drift(INPUTS, [table(1).drop("number")])
    with pytest.raises(DataError, match="no rows to compare"):
        drift(INPUTS, [])
    with pytest.raises(DataError, match="no statistics of its training rows"):
        drift(TablePreparation(INPUTS.columns), [table(1)])


def test_the_command(deepstep, tmp_path):
    frame, y = table(0, 300), ["no", "yes"] * 150
    model = DeepClassifier(n_estimators=2, network_params={"epochs": 1}, random_state=1).fit(frame, y)
    Run.of(model).save(tmp_path / "run")
    table(1, 300).write_csv("same.csv")
    table(1, 300).with_columns(polars.lit("Paris").alias("town")).write_parquet("other.parquet")
    assert deepstep("check", "run", "same.csv").code == 0
    result = deepstep("check", "run", "other.parquet")
    assert result.code == 1
    assert re.search(r"^town: .* of the values are unknown texts", result.out, re.MULTILINE)
    record = json.loads(deepstep("check", "run", "other.parquet", "--json").out)
    assert record["differ"] == ["town"]
    assert deepstep("check", "run", "run").code == 2
    assert deepstep("predict", "run", "same.csv").err == ""
    said = "Warning: 'town': no value in the first 300 rows of other.parquet is known from the training. "
    assert deepstep("predict", "run", "other.parquet").err == f"{said}See deepstep check.\n"


def test_a_column_that_was_mostly_empty_may_be_empty():
    rare = table(0).with_columns(gaps=polars.when(polars.int_range(N) < 60).then("number"))
    assert unknown_columns(TablePreparation.fit(rare), rare[1000:1200]) == []
    assert unknown_columns(INPUTS, table(1).with_columns(polars.lit(None, polars.Float64).alias("gaps"))) == [
        "gaps"
    ]
