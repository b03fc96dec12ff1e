"""`deepstep export`: what it writes, prints and refuses, for runs of each kind."""

import csv
import gzip
import json
import lzma
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep.errors import FileError
from deepstep.export import export
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
    found = deepstep("export", folder, "-o", "model.py")
    assert found.code == 0, found.err
    assert found.out.startswith("Written: model.py and model.npz (")
    assert "Parity certificate: largest difference" in found.out
    assert re.search(r"; 2\d\d rows with missing, unseen and large values, \d+ of them held out", found.out)
    P = runpy.run_path("model.py")["predict_proba"](rows.to_dict(as_series=False))
    assert np.max(np.abs(P - Run.load(folder).predict(rows).probabilities)) < 1e-6


def test_json_and_files_that_exist(deepstep, run):
    folder, _ = run
    record = json.loads(deepstep("export", folder, "--to c", "-o", "model.c", "--json").out)
    assert record["files"] == ["model.c"]
    assert record["bound"] == 1e-6
    assert record["bytes"] == Path("model.c").stat().st_size
    assert record["why_not"] or record["difference"] <= 1e-6
    again = deepstep("export", folder, "-o", "model.c")
    assert again.code == 2
    assert "model.c must be a new file, got one that exists" in again.err
    assert deepstep("export", folder, "-o", "model.c", "--overwrite").code == 0
    assert deepstep("export", folder, "-o", folder / "model.c").code == 2
    wrong = deepstep("export", folder, "-o", "model.txt")
    assert "path must be a file with one of the suffixes" in wrong.err


@pytest.mark.parametrize(
    ("name", "encoding", "pack", "header"),
    [("rows.csv.gz", "latin-1", gzip.compress, True), ("rows.tsv.xz", "utf-16", lzma.compress, False)],
)
def test_the_file_reads_the_table_of_its_training(deepstep, tmp_path, name, encoding, pack, header):
    rng = np.random.default_rng(1)
    sep = "\t" if "tsv" in name else ";"
    rows = [
        f"{a:.3f}{sep}{b}{sep}{c}" for a, b, c in zip(*rng.normal(size=(2, 60)), ["é", "o"] * 30, strict=True)
    ]
    text = "\n".join(["# made up", *[f"x{sep} größe {sep}y"] * header, *rows, ""])
    (tmp_path / name).write_bytes(pack(text.encode(encoding)))
    options = "--model network", "--epochs 2", "--out run", *["--read header=false"] * (not header)
    trained = deepstep("train", name, "--target", "y" if header else "column_3", *options)
    assert trained.code == 0, trained.err
    exported = deepstep("export", "run", "-o", "model.py")
    assert exported.code == 0, exported.err
    done = subprocess.run(
        [sys.executable, "-I", "model.py", name], capture_output=True, text=True, check=True
    )
    expected = deepstep("predict", "run", name).out
    found, expected = (
        [(row[0], float(row[1])) for row in csv.reader(one.splitlines()[1:])]
        for one in (done.stdout, expected)
    )
    assert [one for one, _ in found] == [one for one, _ in expected]
    assert np.allclose([one for _, one in found], [one for _, one in expected], atol=1e-6)


def test_pictures_and_several_targets(deepstep, tmp_path):
    rng = np.random.default_rng(2)
    rows = polars.DataFrame({name: rng.normal(size=50) for name in "abc"})
    rows.write_csv(tmp_path / "rows.csv")
    arguments = "--model network", "--epochs 2", "--out run"
    assert deepstep("train", "rows.csv", "--target a", "--target b", *arguments).code == 0
    assert deepstep("export", "run", "-o", "model.py").code == 0
    found = runpy.run_path("model.py")["predict"]({"c": [0.5]})
    assert np.allclose(found, Run.load("run").predict(polars.DataFrame({"c": [0.5]})).values)
    assert deepstep("demo", "digits", "--iterations 2", "--out digits").code == 0
    assert deepstep("export", "digits", "-o", "digits.py").code == 0
    pixels = rng.integers(0, 16, (3, 64)).astype(float)
    P = runpy.run_path("digits.py")["predict_proba"](pixels)
    whole = Run.load("digits")
    names = whole.preparation.feature_names
    expected = whole.predict(polars.DataFrame(pixels, schema=list(names))).probabilities
    assert np.max(np.abs(P - expected)) < 1e-6


def test_a_target_with_the_name_of_the_predictions(deepstep, tmp_path):
    rng = np.random.default_rng(2)
    labels = {name: rng.integers(0, 2, 60) for name in ("prediction", "other")}
    polars.DataFrame({"a": rng.normal(size=60), **labels}).write_csv(tmp_path / "rows.csv")
    arguments = "--model network", "--epochs 2", "--out run"
    assert deepstep("train", "rows.csv", "--target prediction", "--target other", *arguments).code == 0
    found = deepstep("export", "run", "-o", "model.py")
    assert found.code == 0, found.err
    told = subprocess.run(
        [sys.executable, "-I", "model.py", "rows.csv"], capture_output=True, text=True, check=True
    )
    header = ["prediction", "other", "probability of prediction", "probability of other"]
    assert next(csv.reader(told.stdout.splitlines())) == header


def test_python_refuses_what_cannot_be_written_before_the_work(run, monkeypatch):
    folder, _ = run
    trained = Run.load(folder)
    monkeypatch.setattr("deepstep.export.exported", None)  # the first of the work
    with pytest.raises(FileError, match=r"m\.py must be a path that can be written to"):
        export(trained, Path("no", "folder", "m.py"))


def test_refusals_name_options(deepstep, run):
    folder, _ = run
    Path("model.npz").write_text("mine")
    found = deepstep("export", folder, "-o", "model.py")
    assert found.code == 2
    assert "model.npz must be a new file, got one that exists. Pass --overwrite to replace it." in found.err
    assert Path("model.npz").read_text() == "mine"
