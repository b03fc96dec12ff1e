"""The table of the presets that were tried: in a fit, in files, on the command line and in the report."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from math import inf

import pandas as pd
import pytest
from deepstep.estimators.population import EFFORTS, Size
from deepstep.estimators.tried import TriedPresets
from deepstep.run_folder import opened as as_given
from deepstep.run_folder import read_config, write_config
from sklearn.datasets import load_wine

from deepstep import DeepClassifier, DeepRegressor, Run
from deepstep.cli.main import main
from deepstep.errors import FileError
from deepstep.estimators import population

X, Y = load_wine(return_X_y=True)
QUICK = {"max_iter": 10, "random_state": 1}


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "SIZES", {effort: {inf: Size(6, 4, 2, 3)} for effort in EFFORTS})
        return DeepClassifier(**QUICK).fit(X, Y)


def test_all_presets_that_were_trained_are_listed(model):
    tried, weights = model.tried_, model.ensemble_.weights
    assert len(tried) == len({one.preset for one in tried}) == 6
    assert Counter(one.folds for one in tried) == {4: 3, 2: 3}
    assert {one.preset: one.weight for one in tried if one.weight} == weights
    for one in tried:
        of_all = "selected" if one.weight else "not selected"
        assert one.outcome == ("dropped after the first folds" if one.folds == 2 else of_all)
        assert 1 <= one.epochs <= 10
        assert one.seconds > 0
    assert [one.weight for one in tried] == sorted(weights.values(), reverse=True) + [0] * (6 - len(weights))
    losses = [one.loss for one in tried if not one.weight]
    assert losses == sorted(losses)


def test_as_a_table(model):
    frame = pd.DataFrame(model.tried_.to_dicts())
    assert len(frame) == 6
    assert [*frame][:3] == ["preset", "description", "settings"]
    header, *lines = repr(model.tried_).splitlines()
    assert header.split() == ["preset", "settings", "folds", "epochs", "loss", "seconds", "weight", "outcome"]
    assert len(lines) == 6
    (gated,) = (line for line in lines if line.startswith("gated"))
    assert "hidden_layer_sizes 128-128" in gated
    assert "inputs pieces" in gated
    assert "<table" in model.tried_._repr_html_()


def test_settings_are_those_in_force():
    model = DeepRegressor(n_estimators=2, hidden_layer_sizes=(5,), dropout=0.25, max_iter=2).fit(X, Y)
    (one,) = model.tried_
    assert (one.settings["hidden_layer_sizes"], one.settings["dropout"]) == ((5,), 0.25)
    assert (one.folds, one.weight, one.outcome) == (2, 1.0, "selected")


def test_one_network_has_tried_nothing_else():
    assert DeepClassifier(preset="single", max_iter=1, random_state=1).fit(X, Y).tried_ == ()
    with pytest.raises(AttributeError, match="no tried_ before"):
        DeepClassifier().tried_  # noqa: B018


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    model.save(path)
    return path


def test_they_are_saved(model, folder):
    assert Run.load(folder).ensemble.tried == model.tried_
    assert DeepClassifier.load(folder).tried_ == model.tried_
    assert repr(DeepClassifier.load(folder).tried_) == repr(model.tried_)


@pytest.mark.parametrize(
    ("name", "value"),
    [("folds", -1), ("epochs", 1.5), ("loss", "small"), ("settings", 3), ("outcome", None), ("more", 1)],
)
def test_what_is_no_such_table_is_refused(folder, tmp_path, name, value):
    path = shutil.copytree(folder, tmp_path / "run")
    record = json.loads((path / "ensemble.json").read_text())
    record["tried"][0][name] = value
    (path / "ensemble.json").write_text(json.dumps(record))
    config = read_config(path)
    write_config(path, as_given(config), config["files"])
    with pytest.raises(FileError, match=r"ensemble\.json.*it cannot be used"):
        Run.load(path)


def test_summary_and_report_show_them(model, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Run.load(folder)
    run.ensemble = replace(run.ensemble, tried=TriedPresets([*model.tried_] * 40))
    run.save(tmp_path / "many")

    def call(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main([*words])
        assert not leaving.value.code
        return capsys.readouterr().out

    assert "preset tried" in call("summary", str(folder))
    record = json.loads(call("summary", str(folder), "--json"))
    assert [one["preset"] for one in record["tried"]] == [one.preset for one in model.tried_]
    assert "… and 200 presets more" in call("summary", "many")
    few, many = "All presets that were tried", "The first 100 of 240 presets that were tried"
    for number, (path, told) in enumerate(((str(folder), few), ("many", many))):
        call("report", path, "-o", f"{number}.html")
        assert told in (tmp_path / f"{number}.html").read_text(encoding="utf-8")
