"""`deepstep export`: what it writes, prints and refuses, for runs of each kind."""

import csv
import gzip
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep.run import Run


@pytest.fixture
def run(deepstep, tmp_path):
    """A run of one network on a table with a column of numbers and one of texts."""
    rng = np.random.default_rng(1)
    rows = polars.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["x", "y", "z"], 60)})
    rows = rows.with_columns(y=polars.Series(rng.choice(["no", "yes"], 60)))
    rows.write_csv(tmp_path / "rows.csv")
    trained = deepstep("train", "rows.csv", "--target y", "--model network", "--epochs 2", "--out run")
    assert trained.code == 0, trained.err
    return Path("run"), rows


def test_the_file_predicts_what_the_run_predicts(deepstep, run):
    folder, rows = run
    written = deepstep("export", folder, "-o", "model.py")
    assert written.code == 0, written.err
    assert written.out.startswith("Written: model.py and model.npz (")
    assert "Parity certificate: largest difference" in written.out
    assert re.search(r"\d+ rows with missing, unseen and large values, \d+ of them held out", written.out)
    P = runpy.run_path("model.py")["predict_proba"](rows.to_dict(as_series=False))
    assert np.max(np.abs(P - Run.load(folder).predict(rows).probabilities)) < 1e-6


def test_json_and_what_is_refused(deepstep, run):
    folder, _ = run
    record = json.loads(deepstep("export", folder, "--to c", "-o", "model.c", "--json").out)
    assert record["files"] == ["model.c"]
    assert record["bound"] == 1e-6
    assert record["bytes"] == Path("model.c").stat().st_size
    assert record["why_not"] or record["difference"] <= 1e-6
    assert deepstep("export", folder, "-o", folder / "model.c").code == 2
    wrong = deepstep("export", folder, "-o", "model.txt")
    assert "path must be a file with one of the suffixes" in wrong.err
    Path("model.npz").write_text("mine")
    beside = deepstep("export", folder, "-o", "model.py")
    assert (beside.code, "model.npz" in beside.err) == (2, True)
    assert Path("model.npz").read_text() == "mine"


def test_the_file_reads_the_table_of_its_training(deepstep, tmp_path):
    a, b = np.random.default_rng(1).normal(size=(2, 60)).round(3)
    rows = [f"{x};{y};{'éo'[number % 2]}" for number, (x, y) in enumerate(zip(a, b, strict=True))]
    text = "\n".join(["# made up", "x;größe;prediction", *rows, ""])
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(text.encode("latin-1")))
    typed = "--target prediction", "--model network", "--epochs 2", "--out run"
    assert deepstep("train", "rows.csv.gz", *typed).code == 0
    assert deepstep("export", "run", "-o", "model.py").code == 0
    words = [sys.executable, "-I", "model.py", "rows.csv.gz"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found, expected = (
        [(row[0], float(row[1])) for row in csv.reader(answers.splitlines()[1:])]
        for answers in (told, deepstep("predict", "run", "rows.csv.gz").out)
    )
    assert [label for label, _ in found] == [label for label, _ in expected]
    assert np.allclose([share for _, share in found], [share for _, share in expected], atol=1e-6)


def test_pictures(deepstep):
    assert deepstep("demo", "digits", "--iterations 2", "--out digits").code == 0
    assert deepstep("export", "digits", "-o", "digits.py").code == 0
    pixels = np.random.default_rng(2).integers(0, 16, (3, 64)).astype(float)
    P = runpy.run_path("digits.py")["predict_proba"](pixels)
    digits = Run.load("digits")
    expected = digits.predict(polars.DataFrame(pixels, schema=list(digits.preparation.feature_names)))
    assert np.max(np.abs(P - expected.probabilities)) < 1e-6
