"""Tables as people have them, from the file to the predictions: what is read, left out and told."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest

from deepstep.cli.report import reproduce
from deepstep.run import Run
from report_page import check

ONE = ("--model network --epochs 3 --hidden-layers 4 --engine reference --overwrite --out run",)
TWO = ("--set n_estimators=2 --epochs 2 --overwrite --out run",)
M = 120


def predictions(deepstep, *arguments):
    return deepstep.json("predict", "run", *arguments)["predictions"]


# How a text table is written

rng = np.random.default_rng(1)
HEADER = ["Größe", "PLZ", "Preis", "Ort", "Ort"]
SIZES, CODES = rng.uniform(1, 3000, 80).round(2), rng.choice([8001, 3011, 4051], 80)
TOWNS = rng.choice(["Köln", "Graz"], 80)
PRICES = (3 * SIZES + CODES / 1000).round(2)
ROWS = [*zip(SIZES, CODES, PRICES, TOWNS, ["a", "b"] * 40, strict=True)]
PRICE = ("--target Preis --categorical PLZ", *ONE)


def plain(rows=ROWS, header=HEADER):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows] if header else rows)
    return text.getvalue().encode()


def european(rows=ROWS):
    def cell(value):
        number = isinstance(value, float)
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,")) if number else str(value)

    lines = [";".join(map(cell, row)) for row in (HEADER, *rows)]
    return "\r\n".join(["# Verkäufe", *lines, ""]).encode("latin-1")


def test_a_european_table_from_stdin_to_predictions(deepstep, piped):
    """The run keeps how its table was written; the same table in another spelling gives the same numbers."""
    piped(b"")
    deepstep("train", "-", *PRICE).refused("standard input is empty, not a CSV table")
    piped(european())
    result = deepstep("train", "-", *PRICE, "--json").done()
    kinds = {column["column"]: column["kind"] for column in json.loads(result.out)["columns"]}
    assert (kinds["PLZ"], kinds["Größe"]) == ("category", "number")
    for part in ("Separator ';', encoding windows-1252 and decimal comma", "begins with #", "Ort.1"):
        assert part in result.err
    assert Run.load("run").config["read"] == {"sep": ";", "decimal": ",", "encoding": "windows-1252"}
    piped(european())
    all_rows = predictions(deepstep, "-")
    piped(european())
    assert deepstep("evaluate", "run", "-").code == 0
    Path("plain.csv").write_bytes(plain())
    Path("odd.txt").write_bytes(plain().replace(b",", b"~"))
    assert predictions(deepstep, "plain.csv") == all_rows
    assert predictions(deepstep, "odd.txt", "--read", "sep=~") == all_rows
    row = [(1234.0, 8001, "", "Köln", "a")]
    Path("row.csv").write_bytes(european(row))
    Path("row.tsv").write_bytes(plain(row).replace(b",", b"\t"))
    assert predictions(deepstep, "row.csv") == predictions(deepstep, "row.tsv")


def test_a_table_without_a_header_is_predicted_with_and_without_its_target(deepstep):
    Path("t.csv").write_bytes(plain(header=None))
    assert deepstep("train", "t.csv", "--target column_3", *ONE, "--read header=false").code == 0
    Path("new.csv").write_bytes(plain([row[:2] + row[3:] for row in ROWS], None))
    assert predictions(deepstep, "new.csv") == predictions(deepstep, "t.csv")
    Path("few.csv").write_bytes(plain([row[:2] for row in ROWS], None))
    deepstep("predict", "run", "few.csv").refused("or 4 without the target")


# Rows without a target, and a class called NA

X = np.random.default_rng(3).standard_normal(M)
REGION = np.where(X > 0.4, "NA", np.where(X < -0.4, "EU", "ASIA"))
N_NA = int((REGION == "NA").sum())


def test_a_class_called_na_is_told_and_the_ways_out(deepstep):
    polars.DataFrame({"x": X, "n": np.arange(M) % 7, "region": REGION}).write_csv("sales.csv")
    typed = ["train", "sales.csv", "--target region"]
    problem = f"{N_NA} of {M} rows have none, {N_NA} of them by the word 'NA'"
    deepstep(*typed, *ONE).refused(problem, "--classes", "--drop-missing-target")
    dropped = deepstep(*typed, *ONE, "--drop-missing-target")
    assert (dropped.code, problem in dropped.err) == (0, True)
    described = deepstep("describe-columns", "sales.csv", "--target region --json")
    assert "'NA'" in json.loads(described.out)["without_target"]
    for model in (ONE, TWO):
        result = deepstep(*typed, "--classes ASIA,EU,NA", *model)
        assert (result.code, "have none" in result.err) == (0, False)
        judged = deepstep("evaluate", "run", "sales.csv", "--json")
        assert json.loads(judged.out)["rows"] == M
        answers = deepstep("predict", "run", "sales.csv").out
        assert answers.startswith("prediction,probability_ASIA,probability_EU,probability_NA\n")


@pytest.mark.parametrize(("targets", "model"), [(["kind"], TWO), (["size", "x"], ONE)])
def test_rows_without_a_target_are_as_if_they_were_not_in_the_file(deepstep, targets, model):
    frame = polars.DataFrame(
        {
            "x": [float(row) for row in range(60)],
            "y": [float(row % 7) for row in range(60)],
            "kind": [None if row % 6 == 0 else "ab"[row % 2] for row in range(60)],
            "size": [None if row % 4 == 0 else row / 7 for row in range(60)],
        }
    )
    full = frame.drop_nulls(targets)
    frame.write_csv("t.csv")
    full.write_csv("full.csv")
    other = "size" if "kind" in targets else "kind"
    typed = [*(f"--target {name}" for name in targets), f"--exclude {other} --json", *model]
    expected = deepstep("train", "full.csv", *typed, "--validation full.csv")
    result = deepstep("train", "t.csv", *typed, "--validation t.csv --drop-missing-target")
    assert (expected.code, result.code) == (0, 0)
    assert f"{60 - full.height} of 60 rows have no target '{targets[0]}'" in result.err
    assert json.loads(result.out)["test"] == json.loads(expected.out)["test"]
    scores = [deepstep.json("evaluate", "run", file) for file in ("t.csv", "full.csv")]
    assert [{**record, "file": ""} for record in scores] == [{**scores[0], "file": ""}] * 2
    assert deepstep("report", "run", "--data t.csv --overwrite").code == 0
    worst = check(Path("report.html")).examples[-1]
    assert worst  # rows of the file: none without a target
    assert all((number - 1) % (6 if "kind" in targets else 4) for number in worst)
    assert deepstep("train", "full.csv", *typed, "--validation t.csv").code == 2
    # a cell is named by its row in the file
    frame[51, "y"] = np.inf
    frame.write_csv("t.csv")
    for command in (["train", "t.csv", *typed, "--drop-missing-target"], ["evaluate", "run", "t.csv"]):
        result = deepstep(*command)
        assert (result.code, "ow 52 " in result.err) == (2, True)


# Columns that are told about

NOISE = np.random.default_rng(0).normal(size=(M, 2))


@pytest.fixture
def noise():
    """Noise, sorted by a class that it says nothing of."""
    labels = np.repeat(["no", "some", "yes"], M // 3)
    return pandas.DataFrame({"a": NOISE[:, 0], "b": NOISE[:, 1], "y": labels})


def inputs(result):
    assert result.code == 0, result.err
    return [column["column"] for column in json.loads(result.out)["columns"] if column["kind"] == "number"]


def test_the_index_that_pandas_writes_is_no_input_and_a_leak_where_it_is_kept(deepstep, noise):
    noise.to_csv("t.csv")
    result = deepstep("train", "t.csv", "--target y --json", *ONE)
    assert inputs(result) == ["a", "b"]
    assert "Excluded as identifiers of rows: 'Unnamed: 0'. --keep 'Unnamed: 0' uses it" in result.err
    assert ("Warning" in result.err, "leakage" in deepstep("doctor", "run").out) == (False, False)
    noise.to_csv("later.csv", index=False)  # it may be gone
    assert deepstep("predict", "run", "later.csv").code == 0
    kept = deepstep("train", "t.csv", "--target y", *ONE, "--keep", "Unnamed: 0")
    assert "Warning: the column 'Unnamed: 0' alone determines the target" in kept.err
    assert "leakage" in deepstep("doctor", "run").out
    assert "--keep 'Unnamed: 0'" in reproduce(Run.load("run"))
    for words, expected in (([], ["a", "b"]), (["--keep", "Unnamed: 0"], ["Unnamed: 0", "a", "b"])):
        assert inputs(deepstep("describe-columns", "t.csv", "--target", "y", "--json", *words)) == expected


def test_cautions_of_describe_columns_are_those_of_train(deepstep, noise):
    noise["words"] = ["unknown" if n % 20 == 0 else f"{n / 7}" for n in range(M)]
    noise["kilos"] = [f"{n / 7} kg" for n in np.random.default_rng(0).permutation(M)]
    noise["y"] = ["Yes" if n % 7 == 0 else "yes" if n % 2 else "no" for n in range(M)]
    noise.to_csv("t.csv", index=False)
    record = deepstep.json("describe-columns", "t.csv", "--target", "y")
    columns = {column["column"]: column for column in record["columns"]}
    assert "written as 1234.5 kg" in columns["kilos"]["why"]
    caution = f"Warning: column 'words': {columns['words']['caution']}"
    assert "'unknown'" in caution
    assert caution in deepstep("describe-columns", "t.csv", "--target", "y").out
    for model in (ONE, TWO):
        trained = deepstep("train", "t.csv", "--target y --test-fraction 0", *model)
        assert (trained.code, trained.err.count(caution)) == (0, 1)  # by the fit inside not once more
        assert "differ in case or blanks" in trained.err
