"""`deepstep export`: what it writes, prints and refuses, for runs of each kind."""

import re
import runpy
from pathlib import Path

import numpy as np
import polars

from deepstep.run import Run


def test_the_file_predicts_what_the_run_predicts(deepstep, flower_run, flowers):
    written = deepstep("export", flower_run, "-o", "model.py").done()
    assert written.out.startswith("Written: model.py and model.npz (")
    assert "Parity certificate: largest difference" in written.out
    assert re.search(r"\d+ rows with missing, unseen and large values, \d+ of them held out", written.out)
    rows = polars.read_csv(flowers)
    P = runpy.run_path("model.py")["predict_proba"](rows.to_dict(as_series=False))
    assert np.max(np.abs(P - Run.load(flower_run).predict(rows).probabilities)) < 1e-6


def test_json_and_what_is_refused(deepstep, flower_run):
    record = deepstep.json("export", flower_run, "--to c", "-o", "model.c")
    assert (record["files"], record["bound"]) == (["model.c"], 1e-6)
    assert record["bytes"] == Path("model.c").stat().st_size
    assert record["why_not"] or record["difference"] <= 1e-6
    Path("model.npz").write_text("mine")
    for path, problem in (
        (flower_run / "model.c", "is read by this command"),
        ("model.txt", "--out must be a file with one of the suffixes"),
        ("x.c --to js", "--out must be a file with the suffix .js, got 'x.c'. Pass 'x.js'."),
        ("model.py", "model.npz"),
    ):
        deepstep("export", flower_run, f"--out {path}").refused(problem)
    assert Path("model.npz").read_text() == "mine"


def test_pictures(deepstep):
    assert deepstep("demo", "digits", "--iterations 2 --out digits").code == 0
    assert deepstep("export", "digits", "-o", "digits.py").code == 0
    pixels, digits = np.random.default_rng(2).integers(0, 16, (3, 64)).astype(float), Run.load("digits")
    P = runpy.run_path("digits.py")["predict_proba"](pixels)
    expected = digits.predict(
        polars.DataFrame(pixels, schema=list(digits.predictor.preparation.feature_names))
    )
    assert np.max(np.abs(P - expected.probabilities)) < 1e-6
