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
    PRESETS,
    STEP_NAMES,
    Preset,
    Size,
    Width,
    named_presets,
    size_of,
)
from deepstep.errors import DivergenceError
from deepstep.estimators.member_settings import SPELLED

WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
EPOCHS, TRIED = 12, Size(presets=6, n_folds=4, first_folds=2, on_all_folds=2)


def few(epochs):
    """Parameters of a fit of so many epochs."""
    return {"network_params": {"epochs": epochs}, "random_state": 1}


def sizes(patch, size):
    """Let every table have a population of this size."""
    patch.setattr(catalogue, "SIZES", {effort: {inf: size} for effort in EFFORTS})


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
        sizes(patch, TRIED)
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
    for row in rows:
        of_all = "selected" if row.weight else "not selected"
        assert row.outcome == ("dropped after the first folds" if row.folds == 2 else of_all)
        assert row.seconds > 0
    assert {row.preset: row.weight for row in rows if row.weight} == weights
    assert [row.weight for row in rows] == sorted((row.weight for row in rows), reverse=True)
    assert [*rows.to_dicts()[0]][:3] == ["preset", "description", "settings"]
    assert len(repr(rows).splitlines()) == 1 + 6
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
        ordered = [size_of(m, None, effort) for effort in EFFORTS]
        trained, tried = [*map(n_trainings, ordered)], [size.presets for size in ordered]
        assert trained == sorted(trained)
        assert tried == sorted(tried)
        assert trained[2] > trained[0]
    DeepClassifier(effort="fast", **few(1)).fit(WINE, KINDS)
    assert len(trainings) == n_trainings(size_of(178, None, "fast"))


# The portfolio


def test_the_presets_come_in_their_order_and_again_under_further_names():
    presets = catalogue.population(17, 1500, Width(10, 10))
    usable = [preset for preset in PORTFOLIO if preset.name != "standard"]
    again = [replace(preset, name=f"{preset.name}-2") for preset in usable]
    assert [*presets[:14]] == [*usable, *again]
    assert catalogue.population(5, 1500, Width(10, 10)) == presets[:5]
    names = {preset.name for preset in catalogue.population(7, 300, Width(1000, 1000))}
    assert not names & {"gated", "periodic", "ple"}  # wide


def test_each_preset_trains(monkeypatch, trainings, fresh_seed):
    """On a tiny table: the networks are made as told, learn, and predict finite numbers."""
    n, X = 16, NUMBERS[:120, :4]
    sizes(monkeypatch, Size(n, 2, 1, n))
    model = DeepRegressor(network_params={"epochs": 2}, random_state=fresh_seed).fit(X, TARGET[:120])
    assert (len(presets_of(trainings)), len(trainings)) == (n, 2 * n)
    for task, trained in trainings:
        network, preset = trained.member.network, task.preset
        shape = network.architecture
        assert shape.layer_dims[1:] == (*preset.hidden_layers, 1)
        assert {*shape.activations[:-1]} <= {preset.activation}
        assert (trained.member.learning_rate, len(network.history)) == (preset.learning_rate, 2)
        assert network.parameters[f"W{shape.n_layers}"].any()  # it began with zeros
        assert np.isfinite(trained.outputs).all()
    assert np.isfinite(model.predict(X)).all()


def presets_of(trainings):
    return {task.preset.name: task.preset for task, _ in trainings}


def test_presets_are_tried_until_the_time_is_used(monkeypatch, trainings):
    """By a clock for which each training of a member takes a second."""
    monkeypatch.setattr(workers, "perf_counter", lambda: float(len(trainings)))
    sizes(monkeypatch, Size(3, 2, 1, 2))
    model = DeepClassifier(time_budget=40, n_jobs=1, **few(1)).fit(WINE, KINDS)
    names = presets_of(trainings)
    assert len(trainings) == 2 * len(names)  # on two folds
    assert 34 <= len(trainings) <= 40
    assert [*names][:3] == [preset.name for preset in catalogue.population(3, 178, Width(13, 13))]
    assert {preset.preset for preset in model.tried_} == {*names}
    assert {preset.outcome for preset in model.tried_} == {"selected", "not selected"}
    trainings.clear()
    DeepClassifier(time_budget=15, n_jobs=1, **few(1)).fit(WINE, KINDS)
    fewer = presets_of(trainings)
    assert 3 < len(fewer) < len(names)
    assert fewer == {name: names[name] for name in fewer}


def test_a_preset_that_diverges_is_left_out_and_all_of_them_are_an_error():
    gated, relu = replace(PRESETS["gated"], learning_rate=1e30), PRESETS["relu"]
    model = DeepClassifier(presets=[gated, relu], effort="fast", **few(5)).fit(WINE, KINDS)
    assert {*model.ensemble_.weights} == {"relu"}
    (left_out,) = (preset for preset in model.tried_ if preset.preset == "gated")
    outcome = (left_out.folds, left_out.loss, left_out.weight, left_out.outcome)
    assert outcome == (0, None, 0.0, "diverged")
    assert "–" in repr(model.tried_)
    with pytest.raises(DivergenceError, match=r"^Training diverged"):
        model.set_params(presets=[gated]).fit(WINE, KINDS)


# Presets by name or as objects, and parameters for the networks of all members

QUICK = {"n_estimators": 2, "random_state": 1}

# Names and objects


MINE = Preset("mine", "few units", hidden_layers=(4,))


@pytest.mark.parametrize(
    ("presets", "n_estimators", "names"),
    [
        ("ple", None, ["ple"]),
        ([PRESETS["relu"], MINE], None, ["relu", "mine"]),
        (("relu", "ranks"), 13, ["relu", "ranks", "relu-2"]),  # as many as are asked for, on whole folds
    ],
)
def test_presets_are_tried_in_place_of_the_population(presets, n_estimators, names):
    settings = {"network_params": {"epochs": 2}, "random_state": 1}
    model = DeepClassifier(presets=presets, n_estimators=n_estimators, **settings).fit(WINE, KINDS)
    ensemble = model.ensemble_
    assert {preset.preset for preset in model.tried_} == {*names}
    assert {*ensemble.presets} == {*ensemble.weights} <= {*names}
    assert n_estimators is None or len(ensemble.members) == 15
    shapes = {member.layer_dims for member in ensemble.members if member.preset == "mine"}
    assert shapes <= {(13, 4, 3)}


def test_presets_that_come_again_have_free_names_and_seeds_of_their_own():
    presets = [PRESETS["relu"], replace(PRESETS["relu"], name="relu-2")]
    names = [preset.name for preset in named_presets(presets, 5)]
    assert (len({*names}), names[:2]) == (5, ["relu", "relu-2"])
    model = DeepRegressor(presets="relu", n_estimators=4, network_params={"epochs": 1}, random_state=1)
    members = model.fit(NUMBERS, TARGET, X_val=NUMBERS, y_val=TARGET).ensemble_.members
    assert len({member.network.parameters.flat.tobytes() for member in members}) == len(members) == 4


# Parameters for all members

VALUES = {
    "hidden_layers": (7, 5),
    "activation": "tanh",
    "normalization": "layer",
    "input_scale": True,
    "label_smoothing": 0.2,
    "learning_rate": 0.003,
    "schedule": "cosine",
    "weight_decay_schedule": "cosine",
    "dropout_schedule": "cosine",
    "epochs": 2,
    "batch_size": 16,
    "patience": 2,
    "optimizer": "lion",
    "optimizer_params": {"beta1": 0.8},
    "l2": 0.25,
    "l1": 0.125,
    "weight_decay": 0.375,
    "clip_norm": 0.5,
    "clip_value": 0.75,
    "dropout": 0.25,
    "lr_multipliers": {"W1": 0.5},
    "weight_decay_multipliers": {"W1": 0.5},
}

READ = {
    "hidden_layers": lambda member: member.layer_dims[1:-1],
    "activation": lambda member: member.network.architecture.activations[0],
    "normalization": lambda member: member.network.architecture.normalization[0],
    "input_scale": lambda member: member.network.architecture.input_scale,
    "label_smoothing": lambda member: member.network.architecture.output_settings["smoothing"],
    "learning_rate": lambda member: member.learning_rate,
    "epochs": lambda member: member.epochs,
    "batch_size": lambda member: 96 // member.network.history[0]["step"],  # of 89 rows, the last one smaller
}


@pytest.mark.parametrize("part", range(4))
def test_parameters_are_those_of_the_members(part):
    """Each is tried with every fourth one."""
    names = [name for name in (*STEP_NAMES, *READ) if name != "precision"][part::4]
    params = {"epochs": 2, **{name: VALUES[name] for name in names}}
    model = DeepClassifier(presets="relu", network_params=params, **QUICK).fit(WINE, KINDS)
    for member in model.ensemble_.members:
        for name in names:
            reached = READ[name](member) if name in READ else getattr(member.settings, name)
            assert reached == VALUES[name] or VALUES[name].items() <= reached.items()


def test_the_precision_is_that_of_the_members():
    pytest.importorskip("torch")
    settings = {"presets": "relu", "network_params": {"epochs": 1, "precision": "bfloat16"}, **QUICK}
    members = DeepClassifier(engine="torch", **settings).fit(WINE, KINDS).ensemble_.members
    assert {member.settings.precision for member in members} == {"bfloat16"}


def test_patience_ends_each_member_by_itself():
    model = DeepClassifier(**QUICK, network_params={"epochs": 200, "patience": 3}).fit(WINE, KINDS)
    for member in model.ensemble_.members:
        assert member.best_epoch + 2 <= member.epochs < 200


# Parameters of one network


@pytest.mark.parametrize("name", [*SPELLED, "dropout", "label_smoothing", "warm_start"])
def test_a_parameter_of_a_network_is_refused_and_says_where_it_goes(name):
    setting, model = SPELLED.get(name, name), DeepClassifier()
    place = f"For all of its networks: network_params={{'{setting}': …}}." if setting in VALUES else None
    for refused in (lambda: DeepClassifier(**{name: 1}), lambda: model.set_params(**{name: 1})):
        with pytest.raises(TypeError) as error:
            refused()
        hint = place or "NetworkClassifier and NetworkRegressor have it."
        assert str(error.value) == f"DeepClassifier has no parameter {name!r}. {hint}"
