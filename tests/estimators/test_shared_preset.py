"""``preset="tabm"``: networks that are many in one, for tables."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_wine

from deepstep.errors import ConfigurationError
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.presets import PRESETS, TABM, default_ensemble_size, n_shared

QUICK = {
    "preset": "tabm",
    "n_estimators": 2,
    "hidden_layer_sizes": (24, 24),
    "max_iter": 12,
    "random_state": 1,
}


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True, as_frame=True)
    words = X.assign(word=np.where(y == 1, "a", "b"), hole=X["ash"].where(X["ash"] > 2.2))
    return words, y.to_numpy(), DeepClassifier(**QUICK).fit(words, y)


def test_each_fold_has_one_network_of_as_many_members_as_the_rule_says(wine):
    X, y, model = wine
    members = model.ensemble_.members
    assert [(member.preset, member.fold) for member in members] == [(TABM, 0), (TABM, 1)]
    for member in members:
        learned = len(model.ensemble_.preprocessors[member.fold].fold.learned)
        assert member.network.architecture.shared_members == n_shared(learned)
        assert member.network.architecture.layer_dims[1:] == (24, 24, 3)
        assert member.settings["clip_norm"] == 1.0
        assert member.engine == "compiled"
        costs = [
            record["validation_cost"] for record in member.network.history if "validation_cost" in record
        ]
        assert member.validation_cost == pytest.approx(min(costs or [member.validation_cost]))
    assert model.score(X, y) > 0.9
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-12)


def test_what_it_answers_is_what_the_networks_say_on_average(wine):
    X, _, model = wine
    ensemble = model.ensemble_
    table = model._table(X, reset=False, where="here")
    outputs = [
        member.network.forward(preparer.inputs(table)[True].T).T
        for member, preparer in zip(ensemble.members, ensemble.preprocessors, strict=True)
    ]
    assert_allclose(ensemble.outputs(table), np.mean(outputs, axis=0), atol=1e-6)


def test_a_member_s_cost_is_that_of_its_mean_answer_to_the_rows_held_out():
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor(**QUICK | {"max_iter": 25, "n_estimators": 1}).fit(X, y)
    (member,), (preparer,) = model.ensemble_.members, model.ensemble_.preprocessors
    held_out = preparer.fold.held_out
    table = model._table(X[held_out], reset=False, where="here")
    Y = (y[held_out][:, np.newaxis] - preparer.center) / preparer.scale
    answers = member.network.forward(preparer.inputs(table)[True].T).T
    assert member.validation_cost == pytest.approx(0.5 * np.mean((answers - Y) ** 2), rel=1e-5)
    assert member.best_epoch <= member.epochs <= 25


def test_the_rule_of_the_size():
    assert [default_ensemble_size(m, None, "tabm").n_folds for m in (500, 50_000, 500_000)] == [5, 5, 1]
    assert default_ensemble_size(500, None, "tabm").presets == (TABM,)
    assert (default_ensemble_size(500, 7, "tabm").n_folds, default_ensemble_size(500, 7, "tabm").repeats) == (
        5,
        2,
    )
    assert PRESETS["tabm"] is TABM
    assert TABM.name not in {preset.name for preset in default_ensemble_size(500, None).presets}


@pytest.mark.parametrize(
    "given", [{"shared_members": 3}, {"activation": "silu", "parametric": True, "dropout": 0.0}]
)
def test_what_is_given_is_heeded(wine, given):
    X, y, _ = wine
    model = DeepClassifier(**QUICK | {"n_estimators": 1, "max_iter": 2}, **given).fit(X, y)
    shape = model.ensemble_.members[0].network.architecture
    assert shape.shared_members == given.get("shared_members", n_shared(len(y)))
    assert shape.activations[0] == given.get("activation", "relu")
    assert shape.bent == ((1, 2) if "parametric" in given else ())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "tabm", "solver": "sgd"}, "where solver is given, got 'tabm'"),
        ({"preset": "tabular", "shared_members": 4}, "where shared_members is given, got 'tabular'"),
        ({"preset": "tabm", "early_stopping": False}, "with preset='tabm', which keeps each"),
        ({"preset": "tabm", "normalization": "batch"}, "shared members without normalization"),
    ],
)
def test_what_does_not_go_together_is_refused(wine, given, message):
    X, y, _ = wine
    with pytest.raises(ConfigurationError, match=message):
        DeepClassifier(**given, random_state=1).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_network_of_one_s_own_may_be_shared_too():
    X, y = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    given = {
        "preset": "mlp",
        "shared_members": 4,
        "random_state": 1,
        "max_iter": 40,
        "learning_rate_init": 0.01,
    }
    model = DeepClassifier((16,), **given).fit(X, y)
    assert model.network_.architecture.shared_members == 4
    assert model.network_.parameters["r1"].shape == (4, 13)
    assert model.score(X, y) > 0.95
    on = DeepClassifier((16,), **given | {"max_iter": 200}).partial_fit(X, y, classes=[0, 1, 2])
    assert on.network_.architecture == model.network_.architecture
    with pytest.raises(AttributeError, match="of its own with preset='tabm'"):
        _ = DeepClassifier(**QUICK | {"max_iter": 1}).fit(X, y).network_
    alone = DeepClassifier(**QUICK | {"max_iter": 1, "n_estimators": 1}).fit(X, y)
    assert alone.network_ is alone.ensemble_.members[0].network


def test_all_inputs_of_a_feature_begin_with_one_sign():
    X = pd.DataFrame({"a": np.arange(90.0), "b": np.tile([0.0, 1.0, 5.0], 30)})
    model = DeepRegressor(**QUICK | {"n_estimators": 1, "max_iter": 1, "learning_rate_init": 1e-9}).fit(
        X, X["a"]
    )
    (member,), (preparer,) = model.ensemble_.members, model.ensemble_.preprocessors
    signs = np.sign(member.network.parameters["r1"])
    origins = preparer.encodings[True].origins
    assert len(origins) == member.network.architecture.n_inputs > 2
    for feature in range(2):
        of_one = signs[:, origins == feature]
        assert (of_one == of_one[:, :1]).all()
    assert (signs[:, 0] != signs[:, 1]).any()
