"""The table of the presets that were tried: in a fit, and in files."""

from collections import Counter
from math import inf

import pandas as pd
import pytest
from sklearn.datasets import load_wine

from deepstep import DeepClassifier, DeepRegressor, Run
from deepstep.ensembles import presets as catalogue
from deepstep.ensembles.presets import EFFORTS, Size

X, Y = load_wine(return_X_y=True)


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "SIZES", {effort: {inf: Size(6, 4, 2, 3)} for effort in EFFORTS})
        return DeepClassifier(network_params={"epochs": 10}, random_state=1).fit(X, Y)


def test_all_presets_that_were_trained_are_listed(model):
    tried, weights = model.tried_, model.ensemble_.weights
    assert len(tried) == len({preset.preset for preset in tried}) == 6
    assert Counter(preset.folds for preset in tried) == {4: 3, 2: 3}
    assert {preset.preset: preset.weight for preset in tried if preset.weight} == weights
    for preset in tried:
        of_all = "selected" if preset.weight else "not selected"
        assert preset.outcome == ("dropped after the first folds" if preset.folds == 2 else of_all)
        assert 1 <= preset.epochs <= 10
        assert preset.seconds > 0
    shares = [preset.weight for preset in tried]
    assert shares == sorted(weights.values(), reverse=True) + [0] * (6 - len(weights))
    losses = [preset.loss for preset in tried if not preset.weight]
    assert losses == sorted(losses)


def test_as_a_table(model):
    frame = pd.DataFrame(model.tried_.to_dicts())
    assert len(frame) == 6
    assert [*frame][:3] == ["preset", "description", "settings"]
    header, *lines = repr(model.tried_).splitlines()
    assert header.split() == ["preset", "settings", "folds", "epochs", "loss", "seconds", "weight", "outcome"]
    assert len(lines) == 6
    (gated,) = (line for line in lines if line.startswith("gated"))
    assert "hidden_layers 128-128" in gated
    assert "inputs pieces" in gated
    assert "<table" in model.tried_._repr_html_()


def test_settings_are_those_in_force():
    params = {"hidden_layers": (5,), "dropout": 0.25, "epochs": 2}
    (preset,) = DeepRegressor(n_estimators=2, network_params=params).fit(X, Y).tried_
    assert preset.settings["hidden_layers"] == (5,)
    assert (preset.settings["dropout"], preset.settings["epochs"]) == (0.25, 2)
    assert (preset.folds, preset.weight, preset.outcome) == (2, 1.0, "selected")


def test_before_a_fit_there_is_none():
    with pytest.raises(AttributeError, match="no tried_ before"):
        DeepClassifier().tried_  # noqa: B018


def test_they_are_saved(model, tmp_path):
    model.save(tmp_path / "run")
    loaded = DeepClassifier.load(tmp_path / "run").tried_
    assert loaded == model.tried_
    assert Run.load(tmp_path / "run").ensemble.tried == tuple(model.tried_)
    assert repr(loaded) == repr(model.tried_)
