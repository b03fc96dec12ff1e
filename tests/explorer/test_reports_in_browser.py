"""Reports in a browser: of each kind of run, axe finds nothing to mend, and the page asks nobody."""

import json

import numpy as np
import polars
import pytest

from deepstep.cli.main import main

SMALL = ["--model", "network", "--hidden-layers", "4", "--epochs", "4"]
FAR_TOO_HIGH = ["--set", "solver=gd", "--learning-rate", "1e200", *SMALL]
RUNS = {
    "health": (["--target", "kind", "--set", "early_stopping=true", "--log", "health.csv", *SMALL], 0),
    "ensemble": (["--target", "kind", "--set", "n_estimators=2"], 0),
    "diverged": (["--target", "size", "--log", "health.csv", *FAR_TOO_HIGH], 1),
}


def called(*arguments):
    with pytest.raises(SystemExit) as leaving:
        main(list(map(str, arguments)))
    return leaving.value.code or 0


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_axe_finds_nothing(watched, axe, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    x = np.linspace(-2, 2, 60)
    frame = {
        "x": x,
        "size": 3 * x,
        "colour": ["red", "blue", "green"] * 20,
        "kind": np.where(x > 0, "a", "b"),
    }
    polars.DataFrame(frame).write_csv(tmp_path / "t.csv")
    options, code = RUNS[name]
    assert called("train", tmp_path / "t.csv", *options, "--out", tmp_path / "run") == code
    assert called("report", tmp_path / "run", "-o", tmp_path / "page.html") == 0
    address = (tmp_path / "page.html").as_uri()
    page = watched(address).page
    page.goto(address)
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run(document)).violations")
    assert found == [], json.dumps(found, indent=1)
