"""Presets by name or as objects, parameters for the networks of all members, and parameters that moved."""

from dataclasses import replace

import pytest
from sklearn.datasets import load_diabetes, load_wine

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles.presets import PRESETS, STEP_NAMES, Preset, named_presets
from deepstep.estimators.moved import MOVED

QUICK = {"n_estimators": 2, "random_state": 1}
WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)

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


def test_presets_that_come_again_have_names_that_are_free():
    presets = [PRESETS["relu"], replace(PRESETS["relu"], name="relu-2")]
    names = [preset.name for preset in named_presets(presets, 5)]
    assert (len({*names}), names[:2]) == (5, ["relu", "relu-2"])


def test_repeated_presets_have_seeds_of_their_own():
    model = DeepRegressor(presets="relu", n_estimators=4, network_params={"epochs": 1}, random_state=1)
    members = model.fit(NUMBERS, TARGET, eval_set=(NUMBERS, TARGET)).ensemble_.members
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


REFUSED = [
    ({"effort": "worst"}, "'effort' parameter"),
    ({"checkpoint_dir": "c", "time_budget": 5.0}, "time_budget must be None where checkpoint_dir is given"),
    ({"resume": True}, "checkpoint_dir must be a folder where resume=True, got None"),
    ({"categorical_features": ["alcohl"]}, "categorical_features"),
    ({"presets": "rleu"}, "presets must be one of .*, got 'rleu'. Did you mean 'relu'"),
    ({"presets": ["relu", "relu"]}, r"presets must be different presets, .* got \['relu', 'relu'\]"),
    ({"presets": []}, r"presets must be different presets, at least one.* got \[\]"),
    ({"network_params": {"epoch": 3}}, "Did you mean 'epochs'"),
    ({"network_params": {"patience": 0}}, r"network_params\['patience'\] must be a whole number"),
    ({"network_params": {"hidden_layers": (8, 0)}}, r"\['hidden_layers'\] must be whole numbers of at least"),
    ({"network_params": {"learning_rate": -1.0}}, r"network_params\['learning_rate'\]"),
    ({"network_params": {"dropout": [0.1] * 7}}, r"network_params\['dropout'\]"),
    ({"network_params": {"activation": "rleu"}}, "Did you mean 'relu'"),
]


@pytest.mark.parametrize(("settings", "says"), REFUSED, ids=range(len(REFUSED)))
def test_parameters_that_cannot_be_used_are_named(settings, says):
    with pytest.raises(ValueError, match=says):
        DeepClassifier(**QUICK, **settings).fit(WINE, KINDS)


# Parameters that moved


@pytest.mark.parametrize("name", MOVED)
def test_a_parameter_that_moved_says_where_it_is(name):
    model, instead = DeepClassifier(), MOVED[name].replace("{name}", name)
    for refused in (lambda: DeepClassifier(**{name: 1}), lambda: model.set_params(**{name: 1})):
        with pytest.raises(TypeError) as error:
            refused()
        assert str(error.value) == f"DeepClassifier: {instead}"
    for after in instead.split("network_params={'")[1:]:
        assert after.partition("'")[0] in {*VALUES, "precision"}
