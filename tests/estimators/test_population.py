"""The population: what is tried, on which folds, after how many epochs a member is kept."""

from collections import Counter
from dataclasses import replace
from math import inf
from threading import Lock

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import log_loss, mean_squared_error

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles import fit, workers
from deepstep.ensembles import presets as catalogue
from deepstep.ensembles.calibration import fit_temperature, with_temperature
from deepstep.ensembles.member_fit import snapshot_epochs
from deepstep.ensembles.presets import (
    EFFORTS,
    PORTFOLIO,
    Size,
    Width,
    size_of,
)
from deepstep.errors import DivergenceError

WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
EPOCHS, TRIED = 12, Size(presets=6, n_folds=4, first_folds=2, on_all_folds=2)


def few(epochs):
    """Parameters of a fit of so many epochs."""
    return {"network_params": {"epochs": epochs}, "random_state": 1}


@pytest.fixture
def sizes(monkeypatch):
    """The function that lets every table have a population of this size."""

    def let(size):
        monkeypatch.setattr(catalogue, "SIZES", {effort: {inf: size} for effort in EFFORTS})

    return let


def watch(patch):
    """All trainings of members from here on, as pairs of the task and what came of it."""
    trainings, lock, train = [], Lock(), fit.fit_member

    def watched(task, *arguments, **options):
        trained = train(task, *arguments, **options)
        with lock:
            trainings.append((task, trained))
        return trained

    patch.setattr(fit, "fit_member", watched)
    return trainings


@pytest.fixture
def trainings(monkeypatch):
    return watch(monkeypatch)


class Tried:
    """A fit of `TRIED`, with an oracle for the loss of a preset after some epochs."""

    def __init__(self, model, X, y, trainings):
        self.model, self.X, self.y, self.tasks = model, X, y, [task for task, _ in trainings]
        self.trained = {(task.preset.name, task.fold): trained for task, trained in trainings}
        self.names = sorted({task.preset.name for task in self.tasks})
        self.ensemble = model.ensemble_

    def folds(self, name):
        return sorted(fold for preset, fold in self.trained if preset == name)

    def outputs(self, name, epochs, fold):
        """In the units of the target, for the rows that a fold holds out."""
        return self.trained[name, fold].after(epochs, self.ensemble.preprocessors[fold])[1]

    def loss(self, name, epochs, folds):
        """The log-loss at the fitted temperature, or half the mean squared error, of rows held out."""
        y = np.concatenate([self.y[self.ensemble.held_out[fold]] for fold in folds])
        A = np.concatenate([self.outputs(name, epochs, fold).astype(np.float64) for fold in folds])
        if A.shape[1] == 1:
            return mean_squared_error(y, A[:, 0]) / 2
        P = with_temperature(A, fit_temperature(A, np.eye(3)[y]))
        return log_loss(y, P / P.sum(axis=1, keepdims=True))

    def losses(self, name, folds):
        """The loss by the number of epochs, where all folds have a snapshot."""
        marks = [{snapshot.epochs for snapshot in self.trained[name, fold].snapshots} for fold in folds]
        return {epochs: self.loss(name, epochs, folds) for epochs in sorted(set.intersection(*marks))}


CASES = {"classes": (DeepClassifier, WINE, KINDS), "numbers": (DeepRegressor, NUMBERS, TARGET)}


@pytest.fixture(scope="module", params=CASES)
def tried(request):
    Estimator, X, y = CASES[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "SIZES", {"balanced": {inf: TRIED}})
        trainings = watch(patch)
        return Tried(Estimator(**few(EPOCHS)).fit(X, y), X, y, trainings)


def test_all_are_tried_on_the_first_folds_and_the_best_learn_all(tried):
    """And those of weight 0 are dropped."""
    assert Counter(map(len, map(tried.folds, tried.names))) == {2: 4, 4: 2}
    assert len(tried.tasks) == len(tried.trained) == 6 * 2 + 2 * 2
    kept = {name for name in tried.names if len(tried.folds(name)) == 4}
    first = {name: tried.losses(name, (0, 1)) for name in tried.names}
    assert kept == {*sorted(first, key=lambda name: min(first[name].values()))[:2]}
    marks = snapshot_epochs(EPOCHS)
    for task in tried.tasks:  # the other folds look at the epochs around those that were best on the first
        losses = first[task.preset.name]
        index = marks.index(min(losses, key=losses.get))
        assert [*task.window] == (marks[max(0, index - 2) : index + 3] if task.fold > 1 else [])
    ensemble = tried.ensemble
    assert {*ensemble.weights} == {member.preset for member in ensemble.members} <= kept
    assert min(ensemble.weights.values()) > 0
    assert_allclose(sum(ensemble.shares), 1)
    assert len(ensemble.members) == 4 * len(ensemble.weights)


def test_all_presets_that_were_trained_are_listed(tried):
    rows, weights = tried.model.tried_, tried.ensemble.weights
    assert Counter(row.folds for row in rows) == {4: 2, 2: 4}
    assert {row.preset: row.weight for row in rows if row.weight} == weights
    for row in rows:
        of_all = "selected" if row.weight else "not selected"
        assert row.outcome == ("dropped after the first folds" if row.folds == 2 else of_all)
        assert row.seconds > 0
    shares = [row.weight for row in rows]
    assert shares == sorted(weights.values(), reverse=True) + [0] * (6 - len(weights))
    assert [*rows.to_dicts()[0]][:3] == ["preset", "description", "settings"]
    header, *lines = repr(rows).splitlines()
    assert header.split() == ["preset", "settings", "folds", "epochs", "loss", "seconds", "weight", "outcome"]
    assert len(lines) == 6
    assert any("hidden_layers 128-128" in line and "inputs pieces" in line for line in lines)
    assert "<table" in rows._repr_html_()


def test_one_number_of_epochs_is_chosen_for_all_folds_by_the_rows_that_they_hold_out(tried):
    """The least loss among the snapshots, and the members predict as they did after so many epochs."""
    table = tried.model.predictor_.columns.frame(tried.X)
    listed = {preset.preset: (preset.epochs, preset.loss) for preset in tried.model.tried_}
    for summary in tried.ensemble.by_preset:
        (epochs,) = {member.best_epoch for member in summary.members}
        losses = tried.losses(summary.name, range(4))
        assert set(losses) <= set(snapshot_epochs(EPOCHS))
        assert len(losses) > 2
        assert losses[epochs] <= min(losses.values()) * (1 + 1e-3)
        assert_allclose(listed[summary.name], (epochs, losses[epochs]), rtol=1e-4)
        for member in summary.members:
            preprocessor = tried.ensemble.preprocessors[member.fold]
            assert member.network.parameters.flat.flags.writeable  # they are its own
            assert member.validation_cost == member.network.history[epochs - 1]["validation_cost"]
            held_out = table[tried.ensemble.held_out[member.fold]]
            inputs = preprocessor.inputs(preprocessor.features(held_out))
            then = tried.outputs(summary.name, epochs, member.fold)
            assert_allclose(member.outputs(inputs, preprocessor), then, rtol=1e-4)


# Sizes


def n_trainings(size):
    return size.presets * size.first_folds + size.on_all_folds * (size.n_folds - size.first_folds)


def test_more_effort_is_more_trainings_and_never_fewer_presets(trainings):
    for m in (100, 1_500, 3_000, 8_000, 50_000, 10**6):
        sizes = [size_of(m, None, effort) for effort in EFFORTS]
        trained, tried = [*map(n_trainings, sizes)], [size.presets for size in sizes]
        assert trained == sorted(trained)
        assert tried == sorted(tried)
        assert trained[2] > trained[0]
    DeepClassifier(effort="fast", **few(1)).fit(WINE, KINDS)
    assert len(trainings) == n_trainings(size_of(178, None, "fast"))


@pytest.mark.parametrize(("n_estimators", "members"), [(1, 1), (5, 5), (7, 10), (32, 35)])
def test_members_are_rounded_up_to_whole_folds(n_estimators, members):
    size = size_of(500, n_estimators, "balanced")
    assert size.presets * size.n_folds == members
    assert (size.first_folds, size.on_all_folds) == (size.n_folds, size.presets)
    without_folds = size_of(500, n_estimators, "balanced", validated=True)
    assert (without_folds.presets, without_folds.n_folds) == (n_estimators, 1)


# The portfolio


def test_the_presets_come_in_their_order_and_again_under_further_names():
    presets = catalogue.population(17, 1500, Width(10, 10))
    usable = [preset for preset in PORTFOLIO if preset.name != "standard"]
    assert [*presets[:7]] == usable
    assert [*presets[7:14]] == [replace(preset, name=f"{preset.name}-2") for preset in usable]
    assert catalogue.population(5, 1500, Width(10, 10)) == presets[:5]
    names = {preset.name for preset in catalogue.population(7, 300, Width(1000, 1000))}
    assert not names & {"gated", "periodic", "ple"}  # wide


def test_each_preset_trains(sizes, trainings, fresh_seed):
    """On a tiny table: the networks are made as told, learn, and predict finite numbers."""
    n = 16
    sizes(Size(n, 2, 1, n))
    model = DeepRegressor(network_params={"epochs": 2}, random_state=fresh_seed)
    model.fit(NUMBERS[:120, :4], TARGET[:120])
    assert len(presets_of(trainings)) == n
    assert len(trainings) == 2 * n
    for task, trained in trainings:
        network, preset = trained.member.network, task.preset
        shape = network.architecture
        assert shape.layer_dims[1:] == (*preset.hidden_layers, 1)
        assert {*shape.activations[:-1]} <= {preset.activation}
        assert (trained.member.learning_rate, len(network.history)) == (preset.learning_rate, 2)
        assert network.parameters[f"W{shape.n_layers}"].any()  # it began with zeros
        assert np.isfinite(trained.outputs).all()
    assert np.isfinite(model.predict(NUMBERS[:120, :4])).all()


# Time


@pytest.fixture
def clock(monkeypatch, trainings):
    """A clock by which each training of a member takes a second."""
    monkeypatch.setattr(workers, "perf_counter", lambda: float(len(trainings)))


def presets_of(trainings):
    return {task.preset.name: task.preset for task, _ in trainings}


@pytest.mark.slow
def test_presets_are_tried_until_the_time_is_used(sizes, trainings, clock):
    sizes(Size(6, 2, 1, 2))
    model = DeepClassifier(time_budget=100, n_jobs=1, **few(1)).fit(WINE, KINDS)
    names = presets_of(trainings)
    assert len(trainings) == 2 * len(names)  # on two folds
    assert 90 <= len(trainings) <= 100
    first = catalogue.population(6, 178, Width(13, 13))
    assert [*names][:6] == [preset.name for preset in first]
    assert {preset.preset for preset in model.tried_} == {*names}
    assert {preset.outcome for preset in model.tried_} == {"selected", "not selected"}
    trainings.clear()
    DeepClassifier(time_budget=30, n_jobs=1, **few(1)).fit(WINE, KINDS)
    fewer = presets_of(trainings)
    assert 6 < len(fewer) < len(names)
    assert fewer == {name: names[name] for name in fewer}


@pytest.mark.slow
def test_a_preset_that_diverges_is_left_out_and_all_of_them_are_an_error(monkeypatch):
    too_fast = [replace(preset, learning_rate=1e30) for preset in PORTFOLIO[:1]]
    monkeypatch.setattr(catalogue, "PORTFOLIO", (*too_fast, *PORTFOLIO[1:]))
    model = DeepClassifier(effort="fast", **few(5)).fit(WINE, KINDS)
    assert model.ensemble_.weights
    assert "gated" not in model.ensemble_.weights
    (gated,) = (preset for preset in model.tried_ if preset.preset == "gated")
    assert (gated.folds, gated.loss, gated.weight, gated.outcome) == (0, None, 0.0, "diverged")
    assert "–" in repr(model.tried_)
    with pytest.raises(DivergenceError, match=r"^Training diverged"):
        DeepClassifier(effort="fast", network_params={"learning_rate": 1e30}).fit(WINE, KINDS)
