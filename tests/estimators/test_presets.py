"""Presets by name or as objects, parameters for the networks of all members, and parameters that moved."""

from inspect import signature

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles.presets import (
    PARAMETER_NAMES,
    PRESETS,
    STEP_NAMES,
    STEPS,
    TABM,
    Preset,
    Width,
    batch_size_of_table,
    default_n_bins,
    epochs_of_table,
    population,
    shared_members_of_table,
    size_of,
)
from deepstep.errors import ConfigurationError
from deepstep.estimators.moved import MOVED
from deepstep.estimators.table_encoder import small_batch_size

QUICK = {"n_estimators": 2, "random_state": 1}
WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)

# Names and objects


@pytest.mark.parametrize(
    ("presets", "n_estimators", "names"),
    [
        ("tabm", None, ["tabm"]),
        (["relu", "ranks"], None, ["relu", "ranks"]),
        (Preset("mine", "few units", hidden_layers=(4,)), None, ["mine"]),
        ([PRESETS["relu"], Preset("mine", "few units", hidden_layers=(4,))], None, ["relu", "mine"]),
        (("relu", "mine"), 13, ["relu", "ranks", "relu-2"]),
    ],
)
def test_presets_are_tried_in_place_of_the_population(presets, n_estimators, names):
    presets = ("relu", "ranks") if n_estimators else presets
    model = DeepClassifier(
        presets=presets, n_estimators=n_estimators, network_params={"epochs": 2}, random_state=1
    ).fit(WINE, KINDS)
    assert {preset.preset for preset in model.tried_} == {*names}
    assert {*model.ensemble_.presets} == {*model.ensemble_.weights} <= {*names}
    if n_estimators:  # as many as are asked for, on whole folds
        assert len(model.ensemble_.members) == 15
    if "mine" in model.ensemble_.weights:
        shapes = {each.layer_dims for each in model.ensemble_.members if each.preset == "mine"}
        assert shapes == {(13, 4, 3)}


def test_repeated_presets_have_seeds_of_their_own():
    model = DeepRegressor(presets="relu", n_estimators=4, network_params={"epochs": 1}, random_state=1)
    members = model.fit(NUMBERS, TARGET, eval_set=(NUMBERS, TARGET)).ensemble_.members
    assert len({member.network.parameters.flat.tobytes() for member in members}) == len(members) == 4


@pytest.mark.parametrize(
    ("presets", "says"),
    [
        ("rleu", "presets must be one of .*, got 'rleu'. Did you mean 'relu'"),
        (["relu", "relu"], r"presets must be different presets, .* got \['relu', 'relu'\]"),
        ([], r"presets must be different presets, at least one.* got \[\]"),
    ],
)
def test_presets_that_are_none(presets, says):
    with pytest.raises(ConfigurationError, match=says):
        DeepClassifier(presets=presets).fit(WINE, KINDS)


# Parameters for all members

VALUES = {
    "hidden_layers": (7, 5),
    "activation": "tanh",
    "normalization": "layer",
    "input_scale": True,
    "shared_members": 3,
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
    "precision": "bfloat16",
}


def test_each_name_has_a_value_here():
    assert {*VALUES} == {*PARAMETER_NAMES, *STEP_NAMES}


@pytest.mark.parametrize("name", VALUES)
def test_each_parameter_reaches_all_presets(name):
    """Also where it is what a preset has by default: a search over a grid would report another model."""
    tabular = Preset("any", "")
    for value in (VALUES[name], getattr(STEPS if name in STEP_NAMES else tabular, name)):
        if value is None:
            continue
        for preset in (*population(20, 5000, Width(5, 5), 1, fixed=7), TABM):
            changed = preset.with_params(_Classes, {name: value})
            assert getattr(changed.settings if name in STEP_NAMES else changed, name) == value


class _Classes:
    is_classes = True


SHAPES = {
    "hidden_layers": lambda shape: shape.layer_dims[1:-1],
    "activation": lambda shape: shape.activations[0],
    "normalization": lambda shape: shape.normalization[0],
    "input_scale": lambda shape: shape.input_scale,
    "shared_members": lambda shape: shape.shared_members,
    "label_smoothing": lambda shape: shape.output_settings["smoothing"],
}
TRAININGS = {
    "learning_rate": lambda member: member.learning_rate,
    "epochs": lambda member: member.epochs,
    "batch_size": lambda member: 96 // member.network.history[0]["step"],  # of 89 rows, the last one smaller
}


@pytest.mark.parametrize("name", [*STEP_NAMES, *SHAPES, *TRAININGS])
def test_each_parameter_is_that_of_the_members(name):
    if name == "precision":
        pytest.importorskip("torch")
    engine = "torch" if name == "precision" else "auto"
    model = DeepClassifier(
        presets="relu", engine=engine, network_params={"epochs": 2, name: VALUES[name]}, **QUICK
    )
    for member in model.fit(WINE, KINDS).ensemble_.members:
        if name in SHAPES:
            assert SHAPES[name](member.network.architecture) == VALUES[name]
        elif name in TRAININGS:
            assert TRAININGS[name](member) == VALUES[name]
        elif isinstance(VALUES[name], dict):
            assert VALUES[name].items() <= dict(getattr(member.settings, name)).items()
        else:
            assert getattr(member.settings, name) == VALUES[name]


@pytest.mark.parametrize("name", ["schedule", "weight_decay_schedule", "dropout_schedule", "dropout", "l1"])
def test_schedules_and_penalties_change_the_training(name):
    presets, settings = Preset("one", "", settings=STEPS), {"random_state": 1, "n_estimators": 1}
    one, other = (
        DeepRegressor(presets=presets, network_params={"epochs": 4, **params}, **settings).fit(
            NUMBERS, TARGET
        )
        for params in ({}, {name: VALUES[name]})
    )
    costs = [model.histories_[0].costs.tolist() for model in (one, other)]
    assert costs[0] != costs[1]


def test_patience_ends_each_member_by_itself():
    model = DeepClassifier(**QUICK, network_params={"epochs": 200, "patience": 3}).fit(WINE, KINDS)
    for member in model.ensemble_.members:
        assert member.best_epoch + 2 <= member.epochs < 200


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"epoch": 3}, r"network_params must have names of .*|epoch.*Did you mean 'epochs'"),
        ({"max_iter": 3}, "max_iter"),
        ({"epochs": 0}, r"network_params\['epochs'\] must be a whole number of at least 1, got 0"),
        ({"epochs": 1.5}, r"network_params\['epochs'\] must be a whole number of at least 1, got 1\.5"),
        ({"batch_size": "auto"}, r"network_params\['batch_size'\] must be a whole number"),
        ({"patience": 0}, r"network_params\['patience'\] must be a whole number"),
        ({"hidden_layers": (8, 0)}, r"network_params\['hidden_layers'\] must be whole numbers of at least 1"),
        ({"hidden_layers": "64"}, r"network_params\['hidden_layers'\] must be whole numbers"),
        ({"learning_rate": -1.0}, r"network_params\['learning_rate'\]"),
        ({"dropout": 2.0}, r"network_params\['dropout'\]"),
        ({"dropout": [0.1] * 7}, r"network_params\['dropout'\]"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"shared_members": 2, "normalization": "batch"}, "shared members without normalization"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(params, says):
    with pytest.raises(ConfigurationError, match=says):
        DeepClassifier(**QUICK, network_params=params).fit(WINE, KINDS)


# Shared members


def test_tabm_has_one_network_of_many_members_on_each_fold():
    X, y = load_wine(return_X_y=True, as_frame=True)
    X = X.assign(word=np.where(y == 1, "a", "b"), hole=X["ash"].where(X["ash"] > 2.2))
    params = {"hidden_layers": (24, 24), "epochs": 12}
    model = DeepClassifier(presets="tabm", network_params=params, **QUICK).fit(X, y)
    ensemble, table, outputs = model.ensemble_, model.predictor_.columns.frame(X, ""), []
    assert [(member.preset, member.fold) for member in ensemble.members] == [("tabm", 0), ("tabm", 1)]
    for member, preprocessor in zip(ensemble.members, ensemble.preprocessors, strict=True):
        assert member.network.architecture.shared_members == 16
        assert member.network.architecture.layer_dims[1:] == (24, 24, 3)
        assert member.settings.clip_norm == 1.0
        costs = member.network.history.column("validation_cost")
        assert member.validation_cost == pytest.approx(np.nanmin(costs))
        inputs = preprocessor.inputs(preprocessor.features(table))["pieces"]
        outputs.append(member.network.forward(inputs.T).T)
        origins = preprocessor.encodings["pieces"].origins  # all inputs of a feature begin with one sign
        signs = np.sign(member.network.parameters["r1"])
        assert all((signs[:, origins == k] == signs[:, origins == k][:, :1]).all() for k in {*origins})
    assert_allclose(ensemble.outputs(table), np.mean(outputs, axis=0), atol=1e-6)
    assert model.score(X, y) > 0.9


def test_a_member_s_cost_is_that_of_its_mean_answer_to_the_rows_held_out():
    settings = {"network_params": {"hidden_layers": (24, 24), "epochs": 25}, "random_state": 1}
    model = DeepRegressor(presets="tabm", n_estimators=1, **settings).fit(NUMBERS, TARGET)
    ensemble = model.ensemble_
    (member,), (preprocessor,), (held_out,) = ensemble.members, ensemble.preprocessors, ensemble.held_out
    table = model.predictor_.columns.frame(NUMBERS[held_out], "")
    scaled = preprocessor.scaled(TARGET[held_out][:, np.newaxis])
    answers = member.network.forward(preprocessor.inputs(preprocessor.features(table))["pieces"].T).T
    assert member.validation_cost == pytest.approx(0.5 * np.mean((answers - scaled) ** 2), rel=1e-5)
    assert member.best_epoch <= member.epochs <= 25


def test_the_rules_of_the_size():
    rows = (300, 1_000, 10_000, 50_000, 100_000, 5_000_000)
    assert [*map(batch_size_of_table, rows)] == [32, 64, 256, 512, 512, 1024]
    assert [*map(small_batch_size, rows)] == [32, 32, 128, 256, 256, 256]
    assert [*map(epochs_of_table, rows)] == [64, 64, 64, 64, 40, 4]
    assert [*map(default_n_bins, rows)] == [10, 32, 32, 32, 32, 32]
    assert [*map(shared_members_of_table, rows)] == [16, 16, 16, 8, 8, 8]
    assert [size_of(m, None, "balanced").n_folds for m in (600, 50_000, 500_000)] == [6, 5, 1]
    assert "tabm" not in {preset.name for preset in population(30, 500, Width(5, 5), 1, fixed=9)}


# Parameters that moved


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
@pytest.mark.parametrize("name", MOVED)
def test_a_parameter_that_moved_says_where_it_is(Estimator, name):
    instead = MOVED[name].replace("{name}", name)
    model = Estimator()
    for refused in (lambda: Estimator(**{name: 1}), lambda: model.set_params(**{name: 1})):
        with pytest.raises(TypeError) as error:
            refused()
        assert str(error.value) == f"{Estimator.__name__}: {instead}"
        assert name in instead
        assert "{" not in instead.replace("network_params={'", "").replace("network_params={", "").replace(
            "loss_params={", ""
        )


def test_what_moved_into_network_params_is_a_name_there():
    for text in MOVED.values():
        for after in text.split("network_params={'")[1:]:
            assert after.partition("'")[0] in VALUES


def test_an_unknown_parameter_is_python_s_own_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'efort'"):
        DeepClassifier(efort="fast")
    with pytest.raises(ValueError, match="Invalid parameter 'efort'"):
        DeepClassifier().set_params(efort="fast")
    with pytest.raises(TypeError, match="positional"):
        DeepClassifier((64,))


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
def test_scikit_learn_reads_the_parameters(Estimator):
    model = Estimator(effort="fast", network_params={"epochs": 3})
    assert len(model.get_params()) <= 25
    assert [*signature(Estimator).parameters] != ["args", "params"]
    assert {*signature(Estimator).parameters} == {*model.get_params()}
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert repr(copied) == f"{Estimator.__name__}(effort='fast', network_params={{'epochs': 3}})"
    assert copied.set_params(effort="best").effort == "best"
    assert model.effort == "fast"


def test_a_mapping_that_is_given_stays_as_it_is():
    params = {"epochs": 1, "hidden_layers": [4], "dropout": 0.1}
    model = DeepClassifier(network_params=params, **QUICK).fit(WINE, KINDS)
    assert params == {"epochs": 1, "hidden_layers": [4], "dropout": 0.1}
    assert model.get_params()["network_params"] is params
    again = DeepClassifier(network_params=dict(reversed(params.items())), **QUICK).fit(WINE, KINDS)
    assert_array_equal(again.predict_proba(WINE), model.predict_proba(WINE))
