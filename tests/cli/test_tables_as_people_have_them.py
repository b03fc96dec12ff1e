"""Tables as people have them, from the file to the predictions: separators, decimals, encodings, stdin."""

import csv
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from deepstep.run import read_config

rng = np.random.default_rng(1)
HEADER = ["Größe", "PLZ", "Preis", "Ort", "Ort"]
ROWS = [
    (round(size, 2), code, round(3 * size + code / 1000, 2), town, "ab"[at % 2])
    for at, (size, code, town) in enumerate(
        zip(
            rng.uniform(1, 3000, 80),
            rng.choice([8001, 3011, 4051], 80),
            rng.choice(["Köln", "Graz"], 80),
            strict=True,
        )
    )
]
TRAIN = ("--target", "Preis", "--model", "network", "--epochs", 3, "--engine", "reference", "--out", "run")


def plain(rows=ROWS, header=HEADER):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows] if header else rows)
    return text.getvalue().encode()


def european(rows=ROWS, header=HEADER):
    def cell(value):
        return (
            f"{value:,.2f}".translate(str.maketrans(",.", ".,")) if isinstance(value, float) else str(value)
        )

    lines = [";".join(map(cell, row)) for row in ([header, *rows] if header else rows)]
    return "\r\n".join(["# Verkäufe", *lines, ""]).encode("latin-1")


@pytest.fixture
def piped(monkeypatch):
    def pipe(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return pipe


def predictions(deepstep, *arguments):
    result = deepstep("predict", "run", *arguments, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)["predictions"]


def test_a_european_table_from_stdin_to_predictions(deepstep, tmp_path, piped):
    """The run keeps how its table was written; the same table in another spelling gives the same numbers."""
    piped(european())
    result = deepstep("train", "-", *TRAIN, "--categorical", "PLZ")
    assert result.code == 0, result.err
    for line in (
        "Separator ';', encoding windows-1252 and decimal comma found in standard input.",
        "standard input: 1 line that begins with # before the header is left out.",
        "standard input: names of columns stand more than once: another 'Ort' is called 'Ort.1'.",
    ):
        assert line in result.err.splitlines()
    config = read_config(tmp_path / "run")
    assert config["read"] == {"sep": ";", "decimal": ",", "encoding": "windows-1252"}

    (tmp_path / "one.csv").write_bytes(european([(1234.0, 8001, "", "Köln", "a")]))
    (tmp_path / "one.tsv").write_bytes(plain([(1234.0, 8001, "", "Köln", "a")]).replace(b",", b"\t"))
    one = predictions(deepstep, "one.csv")
    assert one == predictions(deepstep, "one.tsv")
    piped(european())
    all_rows = predictions(deepstep, "-")
    (tmp_path / "plain.csv").write_bytes(plain())
    assert predictions(deepstep, "plain.csv") == all_rows
    (tmp_path / "odd.txt").write_bytes(plain().replace(b",", b"~"))
    assert predictions(deepstep, "odd.txt", "--read", "sep=~") == all_rows

    piped(european())
    evaluated = deepstep("evaluate", "run", "-")
    assert evaluated.code == 0
    assert "training rows" not in evaluated.err
    (tmp_path / "again.csv").write_bytes(european())
    report = deepstep("report", "run", "--data", "again.csv")
    assert report.code == 0, report.err
    assert "found in" not in report.err

    (tmp_path / "run").rename(tmp_path / "first")
    assert deepstep("train", "plain.csv", *TRAIN, "--categorical", "PLZ").code == 0
    assert predictions(deepstep, "plain.csv") == all_rows
    assert read_config(tmp_path / "run")["read"] == {}


def test_columns_between_spaces_get_a_hint(deepstep, tmp_path):
    (tmp_path / "t.txt").write_text("a b y\n" + "".join(f"{n} {n % 3} {n % 2}\n" for n in range(40)))
    assert (
        "If spaces separate columns: --read 'sep= '"
        in deepstep("describe-columns", "t.txt", "--target", "y").err
    )
    assert deepstep("describe-columns", "t.txt", "--target", "y", "--read", "sep= ").code == 0


@pytest.mark.parametrize("few", ["--model network --epochs 2", "--set n_estimators=1"])
def test_declared_categories_in_each_model(deepstep, tmp_path, few):
    (tmp_path / "t.csv").write_bytes(plain())
    options = ("--target", "Preis", few, "--out", "run", "--categorical", "PLZ")
    result = deepstep("train", "t.csv", *options, "--json")
    assert result.code == 0, result.err
    kinds = {column["column"]: column["kind"] for column in json.loads(result.out)["columns"]}
    assert (kinds["PLZ"], kinds["Größe"]) == ("category", "number")
    assert len(set(predictions(deepstep, "t.csv"))) > 10


def test_a_table_without_a_header_is_predicted_with_and_without_its_target(deepstep, tmp_path):
    (tmp_path / "t.csv").write_bytes(plain(header=None))
    result = deepstep("train", "t.csv", *TRAIN[2:], "--target", "column_3", "--read header=false")
    assert result.code == 0, result.err
    with_target = predictions(deepstep, "t.csv")
    (tmp_path / "new.csv").write_bytes(plain([row[:2] + row[3:] for row in ROWS], None))
    assert predictions(deepstep, "new.csv") == with_target
    (tmp_path / "few.csv").write_bytes(plain([row[:2] for row in ROWS], None))
    result = deepstep("predict", "run", "few.csv")
    assert result.code == 2
    assert "5 columns, as in the table of training, or 4 without the target" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("https://example.com/t.csv",), "https://example.com/t.csv: a file on this machine is expected"),
        (
            ("t.csv", "--read", "sep=::"),
            "--read sep must be one ASCII character, such as ';', or tab, got '::'",
        ),
        (("t.csv", "--read", "sep=|"), "the header has commas"),
        (("t.csv", "--read", "encoding=klingon"), "--read encoding must be an encoding that Python knows"),
        (("t.csv", "--categorical", "plz"), "--categorical: column is one of"),
        (
            ("t.dat",),
            "Give the file the suffix of its format, or name the separator of the text: --read sep=;",
        ),
        (("-",), "standard input: a CSV table is expected; the file is empty"),
    ],
)
def test_each_kind_of_error_is_one_line(deepstep, tmp_path, piped, arguments, sentence):
    for name in ("t.csv", "t.dat"):
        (tmp_path / name).write_bytes(plain())
    piped(b"")
    result = deepstep("train", *arguments, "--target", "Preis")
    assert result.code == 2
    assert sentence in result.err.splitlines()[-1]


def test_what_is_wrong_with_a_table_is_said_before_the_training(deepstep):
    def warned(file, target, lines):
        Path(file).write_text("\n".join(lines))
        typed = "--model network --epochs 1 --engine reference --out run --overwrite"
        result = deepstep("train", file, "--target", target, typed)
        assert result.code == 0, result.err
        return [line for line in result.err.splitlines() if line.startswith("Warning: ")]

    kinds = ["Yes" if row % 7 == 0 else "yes" if row % 2 else "no" for row in range(90)]
    rows = [f"{row % 37 if row % 9 else -999},{kind},{row * row % 41}" for row, kind in enumerate(kinds)]
    found = warned("t.csv", "kind", ["age,kind,kind", *rows])
    for says, line in zip(("differ in case or blanks", "more than once", "far from all"), found, strict=True):
        assert says in line
    (line,) = [one for one in warned("headless.csv", "no", ["11,no,39", *rows[10:14] * 10]) if "names" in one]
    assert "3 of 3 names of columns look like values" in line
    assert "--read header=false" in line
    few, *_ = warned("few.csv", "kind", ["age,kind,size", *rows[:12]])
    assert re.match(r"Warning: \d+ rows are learned from, fewer than 20", few)
