"""Groups that stay whole, and rows in the order of time: what is learned from and what is held out."""

from datetime import date

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from deepstep import DeepClassifier, NetworkRegressor
from deepstep.ensembles.split import Rows, structured_folds

RNG = np.random.default_rng(0)
M = 240
X = RNG.standard_normal((M, 3))
GROUPS = RNG.integers(0, 24, M)
SHIFT = RNG.standard_normal(24)[GROUPS]  # what rows of a group have in common
CLASSES = (X[:, 0] + SHIFT > 0).astype(int)
FAST = {"n_estimators": 5, "network_params": {"epochs": 4}, "random_state": 0}
ONE = {"max_iter": 3, "early_stopping": True, "random_state": 0}


def split(m, n, *, groups=None, strata=None, fraction=0.1, seed=0):
    return structured_folds(Rows(np.empty((m, 1)), np.empty(m), None, groups), strata, n, fraction, seed)


@pytest.mark.parametrize(("n", "size"), [(1, 90), (2, 450), (5, 180)])
def test_folds_of_groups_have_all_classes_in_proportion(n, size, fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    groups, strata = rng.integers(0, 60, 900), rng.choice(3, 900, p=[0.7, 0.2, 0.1])
    folds, again = (split(900, n, groups=groups, strata=strata, seed=fresh_seed) for _ in range(2))
    assert len(folds) == n
    for fold, other in zip(folds, again, strict=True):
        assert not {*groups[fold.learned]} & {*groups[fold.held_out]}
        shares = np.bincount(strata[fold.held_out], minlength=3) / len(fold.held_out)
        np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.09)
        assert abs(len(fold.held_out) - size) < 30
        assert_array_equal(fold.held_out, other.held_out)
    assert len(split(9, 5, groups=np.repeat(["a", "b", "c"], 3))) == 3  # no more folds than groups


def test_rows_of_a_class_in_one_group_are_judged_by_no_network_that_has_not_seen_the_class():
    strata = CLASSES.copy()
    rare = np.flatnonzero(GROUPS == 7)[:3]
    strata[rare] = 2
    folds = split(M, 5, groups=GROUPS, strata=strata)
    held_out = np.concatenate([fold.held_out for fold in folds])
    assert {*held_out} == {*range(M)} - {*rare}
    assert sum({*rare} <= {*fold.learned} for fold in folds) == 4
    (part,) = split(M, 1, groups=GROUPS, strata=strata)
    assert {*rare} <= {*part.learned}


def test_groups_of_any_hashable_values_and_rows_of_weight_0():
    days = [date(2026, 1, 1 + number) for number in GROUPS]
    weight = np.where(np.arange(M) % 5 == 0, 0.0, 1.0)
    model = DeepClassifier(**FAST).fit(X, CLASSES, weight, groups=days)
    pairs = DeepClassifier(**FAST).fit(X, CLASSES, weight, groups=[(day, "x") for day in days])
    assert_array_equal(model.predict_proba(X), pairs.predict_proba(X))
    kept = GROUPS[weight > 0]
    for held_out in model.ensemble_.held_out:
        assert not {*kept[np.setdiff1d(np.arange(len(kept)), held_out)]} & {*kept[held_out]}
    assert_array_equal(np.isnan(model.oof_predictions_).any(axis=1), weight == 0)


def test_a_column_of_groups_is_no_feature():
    homes = [f"home {number}" for number in GROUPS]
    table = polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "home": homes, "y": CLASSES})
    model = DeepClassifier(**FAST).fit(table, "y", groups="home")
    assert list(model.feature_names_in_) == ["a", "b"]
    by_array = DeepClassifier(**FAST).fit(table[["a", "b"]], CLASSES, groups=GROUPS)
    assert_array_equal(model.predict_proba(table[["a", "b"]]), by_array.predict_proba(table[["a", "b"]]))


def test_the_part_of_early_stopping_has_whole_groups():
    seen = []

    def score(estimator, X, y):
        seen.append(np.round(y, 6))
        return 0.0

    model = NetworkRegressor(scoring=score, **ONE)
    model.fit(X, SHIFT, groups=GROUPS)
    held_out = np.isin(np.round(SHIFT, 6), seen[-1])
    assert len(seen[-1]) == held_out.sum()
    assert 1 <= len({*GROUPS[held_out]}) <= 5


def test_no_fold_learns_rows_later_than_those_it_judges():
    model = DeepClassifier(validation="time", **FAST).fit(X, CLASSES)
    folds = TimeSeriesSplit(5, test_size=M // 10).split(X)
    for rows, (learned, held_out) in zip(model.ensemble_.held_out, folds, strict=True):
        assert_array_equal(rows, held_out)
        assert learned.max() < rows.min()
    assert_array_equal(np.isnan(model.oof_predictions_).any(axis=1), np.arange(M) < M // 2)
    (part,) = split(M, 1)
    assert_array_equal(part.held_out, np.arange(M - M // 10, M))


def test_weights_and_groups_reach_the_fit_through_pipelines_and_searches():
    """scikit-learn's metadata routing; the best estimator is that of a direct fit."""
    model, routed = DeepClassifier(**FAST), {"sample_weight": RNG.random(M), "groups": GROUPS}
    direct = clone(model).fit(X, CLASSES, **routed)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True, groups=True)
        pipeline = make_pipeline(FunctionTransformer(), model)
        grid = {"deepclassifier__n_estimators": [5]}
        scoring = get_scorer("accuracy").set_score_request(sample_weight=True)
        search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), scoring=scoring).fit(X, CLASSES, **routed)
    assert_array_equal(search.predict_proba(X), direct.predict_proba(X))
