"""refit=True of ensembles: the selected presets learn all rows, and calibration stays that of the folds."""

import signal
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_wine

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles import calibrate, refit
from deepstep.ensembles.member_fit import fit_member
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.training import Callback

RNG = np.random.default_rng(0)
M = 240
TIME = np.arange(M) / M
X = np.column_stack([RNG.normal(size=(M, 3)), TIME])
Y = X[:, 0] + 3 * TIME * X[:, 1]  # what the newest rows teach differs from what the oldest ones do
QUICK = {"effort": "fast", "network_params": {"epochs": 16}, "random_state": 0}
WINE, KINDS = load_wine(return_X_y=True)


@pytest.fixture(scope="module")
def pair():
    """The same fit without and with the second training, on folds in the order of time."""
    settings = {**QUICK, "network_params": {"epochs": 40}, "validation": "time"}
    return [DeepRegressor(**settings, refit=again).fit(X, Y) for again in (False, True)]


def test_the_newest_rows_are_learned_too(pair):
    newest = slice(M - 24, None)
    before, after = (np.mean((model.predict(X) - Y)[newest] ** 2) for model in pair)
    assert after < before / 4


def test_one_network_of_each_selected_preset_for_the_epochs_of_its_folds(pair):
    before, after = (model.ensemble_ for model in pair)
    assert after.weights == before.weights
    assert [member.preset for member in after.members] == [summary.name for summary in before.by_preset]
    for member, summary in zip(after.members, before.by_preset, strict=True):
        epochs = {each.best_epoch for each in summary.members}
        assert epochs == {member.epochs} == {len(member.network.history)}
        assert member.validation_cost is None
    assert "on" not in repr(after).partition(":")[0]


def test_a_network_is_that_of_a_training_on_all_rows(monkeypatch):
    calls = []

    def watched(*arguments):
        calls.append(arguments)
        return fit_member(*arguments)

    monkeypatch.setattr(refit, "fit_member", watched)
    model = DeepClassifier(**QUICK, refit=True).fit(WINE, KINDS)
    assert len(calls) == len(model.ensemble_.weights)
    members = {member.preset: member for member in model.ensemble_.members}
    for task, targets, preprocessor, learned, held_out, options, *_ in calls:
        assert (held_out, len(learned)) == (None, len(WINE))
        member, parameters = members[task.preset.name], []

        class Keeper(Callback):
            def on_epoch_end(self, training, record, kept=parameters):
                kept.append(training.parameters.flat.copy())

        watching = replace(options, callbacks=(Keeper(),))
        fit_member(replace(task, window=()), targets, preprocessor, learned, None, watching)
        assert_array_equal(member.network.parameters.flat, parameters[member.epochs - 1])


def test_what_is_known_of_rows_held_out_stays_that_of_the_folds(pair, tmp_path):
    before, after = pair
    assert_array_equal(after.oof_predictions_, before.oof_predictions_)
    (scores,), by_fold = (model.predictor_.calibration.scores for model in (after, before))
    assert_array_equal(scores, np.concatenate(by_fold))
    assert after.tried_[0].loss == before.tried_[0].loss
    assert np.isfinite([issue.gradient_norm for issue in after.label_issues(X, Y)]).all()
    low, high = after.predict_interval(X).T
    assert (low < high).all()
    after.save(tmp_path / "run")
    assert_array_equal(DeepRegressor.load(tmp_path / "run").predict_interval(X), np.column_stack([low, high]))


@pytest.mark.slow
def test_where_each_fold_has_epochs_of_its_own_it_is_their_mean():
    settings = {**QUICK, "network_params": {"epochs": 12, "patience": 4}}
    before = DeepClassifier(**settings).fit(WINE, KINDS)
    after = DeepClassifier(**settings, refit=True).fit(WINE, KINDS)
    for member, summary in zip(after.ensemble_.members, before.ensemble_.by_preset, strict=True):
        expected = np.mean([each.best_epoch for each in summary.members])
        assert abs(member.epochs - expected) <= 0.5 + 1e-9
    assert after.score(WINE, KINDS) > 0.9


def diverges(*_, **__):
    raise DivergenceError("Training diverged: the cost is NaN")


def stopped(*_, **__):
    raise KeyboardInterrupt


def pressed(work):
    """The same function, while which Ctrl-C is pressed."""

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return work(*arguments, **options)

    return interrupted


ENDS = {
    "diverged": (refit, "fit_member", diverges),
    "preparing": (refit, "prepare_fold", stopped),
    "training": (refit, "fit_member", stopped),
    "calibrating": (calibrate, "fit_temperature", pressed(calibrate.fit_temperature)),
}


@pytest.mark.usefixtures("pythons_own_handler")
@pytest.mark.parametrize("when", ENDS)
def test_a_refit_that_diverges_and_ctrl_c_keep_the_networks_of_the_folds(monkeypatch, when):
    monkeypatch.setattr(*ENDS[when])
    reason = "diverged in the refit .*" if when == "diverged" else "was interrupted"
    with pytest.warns(UserWarning, match=f"{reason}: .*networks .*are.* kept"):
        model = DeepClassifier(**QUICK, refit=True).fit(WINE, KINDS)
    assert model.interrupted_ == (when != "diverged")
    assert len(model.ensemble_.members) > len(model.ensemble_.weights)
    assert model.predict_set(WINE).any(axis=1).all()


@pytest.mark.parametrize(
    ("settings", "validation"), [({"time_budget": 5.0}, {}), ({}, {"X_val": X, "y_val": Y})]
)
def test_what_is_refused(settings, validation):
    with pytest.raises(ConfigurationError, match="refit must be False w"):
        DeepRegressor(refit=True, **settings).fit(X, Y, **validation)
