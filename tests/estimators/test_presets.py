"""What the presets 'tabular', 'tabm' and 'single' make of what is given to the estimator."""

import numpy as np
import pytest
from deepstep.estimators.options import DEFAULTS
from deepstep.estimators.population import PRESETS, Width, ensemble_size, population
from deepstep.estimators.presets import (
    FOR_ALL_MEMBERS,
    TABM,
    batch_size,
    default_n_bins,
    hyperparameters,
    n_epochs,
    n_shared,
    small_batch_size,
)
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_wine

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor

QUICK = {"n_estimators": 2, "max_iter": 2, "random_state": 1}
SHARED = {"preset": "tabm", "n_estimators": 2, "hidden_layer_sizes": (24, 24), "random_state": 1}
WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
X, Y = load_diabetes(return_X_y=True, as_frame=True)
X["sex"] = np.where(X["sex"] > 0, "a", "b")
X.loc[::9, "bmi"] = np.nan


def test_parameters_that_are_given_hold_for_all_members():
    model = DeepClassifier(7, "tanh", **QUICK, dropout=0.5, dtype="float64").fit(WINE, KINDS)
    for member in model.ensemble_.members:
        architecture = member.network.architecture
        assert architecture.layer_dims[1:] == (7, 3)
        assert architecture.activations[0] == "tanh"
        assert member.network.dtype == np.float64
        assert member.settings["dropout"] == 0.5


def test_what_is_given_is_heeded_also_where_it_is_what_the_plain_preset_has():
    """Else a search over a grid that has such a value would report it for another model."""
    own = {name: DEFAULTS["mlp"][name] for name in FOR_ALL_MEMBERS if name in DEFAULTS["mlp"]}
    not_for_members = {"early_stopping", "validation_fraction", "shared_members", "initialization"}
    assert {*DEFAULTS["mlp"]} - {*own} == not_for_members
    for name, value in own.items():
        model = DeepClassifier(**{name: value})
        found = [
            getattr(hyperparameters(model, preset, 500), name)
            for preset in population(20, 500, Width(5, 5), 1, fixed=7)
        ]
        assert found == [value] * 20, name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"early_stopping": False}, "early_stopping must be left out or True"),
        ({"validation_fraction": 0.1, "n_estimators": 2}, "got 0.1 with 2 folds"),
        ({"callbacks": [print]}, "where callbacks is given, got 'tabular'"),
        ({"solver": "sgd", "warm_start": True}, "where solver, warm_start are given, got 'tabular'"),
        ({"shared_members": 4}, "where shared_members is given, got 'tabular'"),
        ({"preset": "tabm", "solver": "sgd"}, "where solver is given, got 'tabm'"),
        ({"preset": "tabm", "normalization": "batch"}, "shared members without normalization"),
        ({"preset": "single", "warm_start": True}, "warm_start=False with preset='single'"),
    ],
)
def test_what_would_not_be_heeded_is_refused(given, said):
    with pytest.raises(ConfigurationError, match=said):
        DeepClassifier(random_state=1, **given).fit(WINE, KINDS)


def test_the_part_held_out_of_one_fold():
    model = DeepRegressor(n_estimators=1, max_iter=2, validation_fraction=0.25).fit(NUMBERS, TARGET)
    assert model.ensemble_.preprocessors[0].fold.held_out.size == len(TARGET) // 4


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"normalization": "layer", "input_scale": True}, {"gamma2", "s1"}),
        ({"hidden_layer_sizes": (6, 5), "normalization": ["none", "batch"]}, {"gamma2"}),
    ],
)
def test_networks_that_have_more_than_weights_and_biases(given, names):
    model = DeepClassifier(**QUICK, **given).fit(WINE, KINDS)
    assert all(names <= set(member.network.parameters) for member in model.ensemble_.members)


def test_each_fold_has_one_network_of_as_many_members_as_the_rule_says():
    X, y = load_wine(return_X_y=True, as_frame=True)
    X = X.assign(word=np.where(y == 1, "a", "b"), hole=X["ash"].where(X["ash"] > 2.2))
    model = DeepClassifier(max_iter=12, **SHARED).fit(X, y)
    ensemble, table, outputs = model.ensemble_, model._table(X, reset=False, where="here"), []
    assert [(member.preset, member.fold) for member in ensemble.members] == [(TABM, 0), (TABM, 1)]
    for member, preparer in zip(ensemble.members, ensemble.preprocessors, strict=True):
        assert member.network.architecture.shared_members == n_shared(len(preparer.fold.learned))
        assert member.network.architecture.layer_dims[1:] == (24, 24, 3)
        assert (member.settings["clip_norm"], member.engine) == (1.0, "compiled")
        costs = member.network.history.column("validation_cost")
        assert member.validation_cost == pytest.approx(np.nanmin(costs))
        outputs.append(member.network.forward(preparer.inputs(table)["pieces"].T).T)
        origins = preparer.encodings["pieces"].origins  # all inputs of a feature begin with one sign
        signs = np.sign(member.network.parameters["r1"])
        assert all((signs[:, origins == k] == signs[:, origins == k][:, :1]).all() for k in {*origins})
    assert_allclose(ensemble.outputs(table), np.mean(outputs, axis=0), atol=1e-6)
    assert model.score(X, y) > 0.9
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-12)


def test_a_member_s_cost_is_that_of_its_mean_answer_to_the_rows_held_out():
    model = DeepRegressor(**SHARED | {"max_iter": 25, "n_estimators": 1}).fit(NUMBERS, TARGET)
    (member,), (preparer,) = model.ensemble_.members, model.ensemble_.preprocessors
    held_out = preparer.fold.held_out
    table = model._table(NUMBERS[held_out], reset=False, where="here")
    scaled = (TARGET[held_out][:, np.newaxis] - preparer.center) / preparer.scale
    answers = member.network.forward(preparer.inputs(table)["pieces"].T).T
    assert member.validation_cost == pytest.approx(0.5 * np.mean((answers - scaled) ** 2), rel=1e-5)
    assert member.best_epoch <= member.epochs <= 25
    assert model.network_ is member.network


def test_the_rule_of_the_size():
    rows = (300, 1_000, 10_000, 50_000, 100_000, 5_000_000)
    assert [*map(batch_size, rows)] == [32, 64, 256, 512, 512, 1024]
    assert [*map(small_batch_size, rows)] == [32, 32, 128, 256, 256, 256]
    assert [*map(n_epochs, rows)] == [64, 64, 64, 64, 40, 4]
    assert [*map(default_n_bins, rows)] == [10, 32, 32, 32, 32, 32]
    assert [ensemble_size(m, None, "tabm").n_folds for m in (500, 50_000, 500_000)] == [5, 5, 1]
    assert ensemble_size(500, None, "tabm").presets == (TABM,)
    seven = ensemble_size(500, 7, "tabm")
    assert (seven.n_folds, seven.first_folds, seven.presets) == (5, 5, (TABM, TABM))
    assert PRESETS["tabm"] is TABM
    assert TABM.name not in {preset.name for preset in ensemble_size(500, None).presets}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_network_of_one_s_own_may_be_shared_too():
    rows = (WINE - WINE.mean(axis=0)) / WINE.std(axis=0)
    given = {"preset": "mlp", "shared_members": 4, "random_state": 1, "learning_rate_init": 0.01}
    model = DeepClassifier((16,), max_iter=40, **given).fit(rows, KINDS)
    assert model.network_.parameters["r1"].shape == (4, 13)
    assert model.score(rows, KINDS) > 0.95
    on = DeepClassifier((16,), **given).partial_fit(rows, KINDS, classes=[0, 1, 2])
    assert on.network_.architecture == model.network_.architecture


def test_fitted_attributes_of_single_are_those_of_the_only_member():
    model = DeepRegressor(8, preset="single", max_iter=3, random_state=1).fit(X, Y)
    (member,) = model.ensemble_.members
    assert model.network_ is member.network
    n_inputs = X.shape[1] + 1  # one tells where bmi is missing
    assert [coef.shape for coef in model.coefs_] == [(n_inputs, 8), (8, 1)]
    assert (model.n_iter_, model.network_.dtype) == (3, np.float64)
    with pytest.raises(AttributeError, match="preset='mlp' alone has it"):
        _ = model.partial_fit
    numbered = X.assign(row=np.arange(len(Y)))  # is left out unless it is kept
    plain, kept = (
        DeepRegressor(8, preset="single", max_iter=1, keep_columns=names).fit(numbered, Y).network_
        for names in (None, ["row"])
    )
    assert kept.architecture.n_inputs == plain.architecture.n_inputs + 1


def test_early_stopping_goes_by_rows_that_the_preprocessing_has_not_seen():
    given = {"preset": "single", "early_stopping": True, "max_iter": 30, "random_state": 1}
    model = DeepRegressor(**given, n_iter_no_change=np.inf, refit=True).fit(X, Y)
    fold = model.ensemble_.preprocessors[0].fold
    assert len(fold.held_out) == len(Y) // 10
    assert len(model.validation_scores_) >= model.n_iter_ == np.argmax(model.validation_scores_) + 1


def test_classes_have_the_order_that_is_given_and_may_be_missing_in_y():
    y = np.where(Y > 200, "high", np.where(Y > 100, "middle", "low"))
    order = ["low", "middle", "high", "huge"]
    given = {"preset": "single", "max_iter": 20, "random_state": 1, "classes": order}
    model = DeepClassifier(loss="ordinal", **given).fit(X, y)
    assert model.classes_.tolist() == order
    assert model.predict_proba(X).shape == (len(Y), 4)
    assert model.score(X, y) > 0.5
    with pytest.raises(DataError, match="got the classes"):
        DeepClassifier(**{**given, "classes": order[:2]}).fit(X, y)
    with pytest.raises(ConfigurationError, match="classes with at least two different labels"):
        DeepClassifier(**{**given, "classes": ["low", "low"]}).fit(X, y)


def test_early_stopping_counts_epochs_and_scores_texts():
    y = np.where(Y > 140, "ill", "well")
    stops = {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 200, "learning_rate_init": 0.05}
    model = DeepClassifier(8, preset="single", random_state=1, scoring="f1", **stops).fit(X, y)
    assert model.n_iter_ == int(np.argmax(model.validation_scores_)) + 4
    by_cost = model.set_params(scoring="loss").fit(X, y)
    assert by_cost.history_.stopped == "validation_cost did not improve for 3 epochs in a row"
    assert by_cost.validation_scores_ == [-cost for cost in by_cost.validation_costs_]
