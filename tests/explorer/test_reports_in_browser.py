"""Reports in a browser: of each kind of run, axe finds nothing to mend, and the page asks nobody."""

import numpy as np
import polars
import pytest

from deepstep.cli.main import main

SMALL = ["--model", "network", "--hidden-layers", "4", "--epochs", "4"]
FAR_TOO_HIGH = ["--set", "solver=gd", "--learning-rate", "1e200", *SMALL]
RUNS = {
    "health": (["--target", "kind", "--set", "early_stopping=true", "--log", "health.csv", *SMALL], 0),
    "ensemble": (["--target", "kind", "--set", "n_estimators=2", "--epochs", "9"], 0),
    "diverged": (["--target", "size", "--log", "health.csv", *FAR_TOO_HIGH], 1),
}


def called(*arguments):
    with pytest.raises(SystemExit) as leaving:
        main(list(map(str, arguments)))
    return leaving.value.code or 0


@pytest.mark.slow
def test_axe_finds_nothing(watched, accessible, tmp_path, monkeypatch):
    x = np.linspace(-2, 2, 60)
    colours, kinds = ["red", "blue", "green"] * 20, np.where(x > 0, "a", "b")
    frame = polars.DataFrame({"x": x, "size": 3 * x, "colour": colours, "kind": kinds})
    for name, (options, code) in RUNS.items():
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        frame.write_csv("t.csv")
        assert called("train", "t.csv", *options, "--out", "run") == code
        assert called("report", "run", "-o", "page.html") == 0
        address = (tmp_path / name / "page.html").as_uri()
        page = watched(address).page
        page.goto(address)
        accessible(page, 1280, 1280)
