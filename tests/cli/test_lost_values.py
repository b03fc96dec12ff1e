"""What a table says and a training would lose: it is read, or it is told, by every command that reads it."""

import json

import numpy as np
import polars
import pytest

from deepstep.data import read_table

M = 120
RNG = np.random.default_rng(3)
X = RNG.standard_normal(M)
REGION = np.where(X > 0.4, "NA", np.where(X < -0.4, "EU", "ASIA"))
WEIGHT = RNG.uniform(50, 100, M).round(1)
TABLE = {"x": X, "weight": [f"{value} kg" for value in WEIGHT], "region": REGION}
N_NA = int((REGION == "NA").sum())

PLAIN = ["--model network --epochs 2 --hidden-layers 4"]
PRESETS = {"tabular": ["--set", "n_estimators=1"], "single": PLAIN}


def write(path, **columns):
    polars.DataFrame({**TABLE, **columns}).write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")


@pytest.fixture
def sales(tmp_path):
    write(tmp_path / "sales.csv")
    write(tmp_path / "sales.tsv")


# A class called NA


def test_a_class_called_na_is_told_and_the_way_to_keep_it(deepstep, sales):
    typed = ["train", "sales.csv", "--target", "region", "--out", "r", *PLAIN]
    result = deepstep(*typed)
    assert result.code == 2
    assert (
        f"target 'region': every row has a target; {N_NA} of {M} rows have none, {N_NA} of them by the word "
        "'NA', which text tables have for missing values. If it is a class, name all of them with --classes; "
        "else drop these rows with --drop-missing-target." in result.err
    )
    dropped = deepstep(*typed, "--drop-missing-target")
    assert dropped.code == 0
    assert (
        f"Warning: target 'region': {N_NA} of {M} rows have none, {N_NA} of them by the word" in dropped.err
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_a_class_called_na_is_kept_where_it_is_named(deepstep, sales, preset):
    typed = ["--target", "region", "--classes", "ASIA,EU,NA", "--out", "r", "--json", *PRESETS[preset]]
    result = deepstep("train", "sales.csv", *typed)
    assert (result.code, json.loads(result.out)["task"]) == (0, "multiclass")
    assert "have none" not in result.err
    judged = deepstep("evaluate", "r", "sales.csv", "--json")
    assert judged.code == 0
    assert json.loads(judged.out)["rows"] == M
    predicted = deepstep("predict", "r", "sales.csv")
    assert predicted.out.partition("\n")[0] == "prediction,probability_ASIA,probability_EU,probability_NA"
    assert deepstep("report", "r", "-o", "r.html").code == 0


def test_every_command_that_learns_from_a_table_tells_it(deepstep, sales, tmp_path):
    write(tmp_path / "other.csv")
    named = ["--target", "region", "--classes", "ASIA,EU,NA"]
    for command in (
        ["explore", "sales.tsv", "--hidden-layers", "4", "--export", "page.html"],
        ["train", "sales.tsv", *PLAIN, "--validation", "other.csv", "--out", "r"],
    ):
        told = deepstep(*command, "--target", "region")
        assert told.code == 2
        assert f"{N_NA} of them by the word 'NA'" in told.err
        assert deepstep(*command, *named).code == 0
    write(tmp_path / "train.csv", region=np.where(REGION == "NA", "AFRICA", REGION))
    typed = ["--target", "region", *PLAIN, "--validation", "other.csv"]
    assert f"{N_NA} of them by the word 'NA'" in deepstep("train", "train.csv", *typed).err


def test_describe_columns_tells_it_even_where_nothing_else_is_left(deepstep, sales, tmp_path):
    result = deepstep("describe-columns", "sales.csv", "--target", "region", "--json")
    assert result.code == 0
    assert f"{N_NA} of {M} rows have none" in json.loads(result.out)["without_target"]
    assert "'NA'" in deepstep("describe-columns", "sales.csv", "--target", "region").err
    write(tmp_path / "two.csv", region=np.where(REGION == "NA", "NA", "EU"))
    result = deepstep("describe-columns", "two.csv", "--target", "region")
    assert result.code == 2
    assert f"Warning: target 'region': {N_NA} of {M} rows have none, {N_NA} of them by the word" in result.err


def test_several_words_and_empty_fields_are_counted(deepstep, tmp_path):
    write(tmp_path / "t.csv", region=["EU", "ASIA", "NA", "null", "null", ""] * (M // 6))
    result = deepstep("train", "t.csv", "--target", "region", *PLAIN)
    assert (
        "80 of 120 rows have none, 40 of them by the word 'null', 20 of them by the word 'NA'" in result.err
    )
    both = ["--classes", "EU,ASIA,NA,null", "--drop-missing-target", "--out", "r"]
    kept = deepstep("train", "t.csv", "--target", "region", *PLAIN, *both)
    assert kept.code == 0
    assert "20 of 120 rows have no target and are left out." in kept.err


def test_numbers_and_fields_that_are_empty_are_missing_as_ever(deepstep, tmp_path):
    size = ["NA", "1.5", "NA", "2"] * (M // 4)
    write(tmp_path / "t.csv", region=np.where(REGION == "NA", "", REGION), size=size)
    for target, n in (("region", N_NA), ("size", M // 2)):
        result = deepstep("train", "t.csv", "--target", target, *PLAIN)
        assert result.code == 2
        assert f"every row has a target; {n} of {M} have none. Drop these rows" in result.err


def test_words_are_values_of_the_columns_that_are_named(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nNA,NA\n1,2\nnull,\n")
    read = read_table(tmp_path / "t.csv", values={"a": ["NA", "", "other"]})
    assert read.to_dict(as_series=False) == {"a": ["NA", "1", None], "b": [None, 2, None]}


# Numbers with a unit, and beside words


def test_numbers_in_texts_are_told_by_describe_columns_and_train(deepstep, tmp_path):
    words = ["unknown" if n % 20 == 0 else str(value) for n, value in enumerate(WEIGHT)]
    units = [f"{value} {'lb' if n % 4 == 0 else 'kg'}" for n, value in enumerate(WEIGHT)]
    label = np.where(X > 0, "yes", "no")
    write(tmp_path / "t.csv", words=words, units=units, region=label)
    of_words = "column 'words': 6 values are no numbers and count as missing: 'unknown'."
    of_units = (
        "column 'units': 120 of its 120 values are numbers, but it is read as texts: they have different "
    )
    result = deepstep("describe-columns", "t.csv", "--target", "region")
    assert f"Warning: {of_words}" in result.out
    assert f"Warning: {of_units}" in result.out
    record = json.loads(deepstep("describe-columns", "t.csv", "--target", "region", "--json").out)
    columns = {one["column"]: one for one in record["columns"]}
    assert [columns[name]["kind"] for name in ("weight", "words")] == ["number", "number"]
    assert columns["weight"]["why"] == "texts that are numbers, written as 1234.5 kg"
    assert columns["weight"]["caution"] == ""
    assert columns["words"]["caution"] in of_words
    polars.read_csv("t.csv").write_parquet("t.parquet", row_group_size=50)
    for table, preset in (("t.csv", "tabular"), ("t.csv", "single"), ("t.parquet", "tabular")):
        typed = ["--target region --test-fraction 0 --overwrite --out r", *PRESETS[preset]]
        trained = deepstep("train", table, *typed, *(["--stream"] if table != "t.csv" else []))
        assert trained.code == 0
        streamed = table != "t.csv"  # a part of its rows is validated on
        for caution in (of_words, of_units):
            said = f"Warning: {caution[:15] if streamed else caution}"
            assert trained.err.count(said) == 1  # by the fit inside not once more


def test_a_saved_run_reads_later_rows_the_same(deepstep, tmp_path):
    label = np.where(WEIGHT > 75, "heavy", "light")
    write(tmp_path / "units.csv", region=label)
    write(tmp_path / "plain.csv", weight=WEIGHT, region=label)
    typed = ["--target", "region", "--exclude", "x", "--out", "r", *PLAIN]
    assert deepstep("train", "units.csv", *typed).code == 0
    assert deepstep("predict", "r", "units.csv").out == deepstep("predict", "r", "plain.csv").out
