"""Temperatures, label issues, sets and intervals: on numbers alone, and as the estimators use them."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.datasets import load_wine, make_friedman1, make_moons, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, log_loss
from threadpoolctl import threadpool_limits

from deepstep.ensembles.calibrate import WidthInputs, fit_width
from deepstep.ensembles.calibration import (
    conformal_rank,
    fit_temperature,
    interval_half_width,
    prediction_sets,
    with_temperature,
)
from deepstep.ensembles.ensemble import weighted_mean
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor

SMALL = {"n_estimators": 5, "network_params": {"epochs": 15}, "random_state": 1}
LBFGS = {"random_state": 1, "solver": "lbfgs", "max_iter": 1000}
MULTILABEL = make_multilabel_classification(120, random_state=1)


def drawn(m, n, temperature, seed=0):
    """Probabilities of a model whose logits are this many times too large (T > 1), and labels."""
    rng = np.random.default_rng(seed)
    truth = softmax(rng.standard_normal((m, n)), axis=1)
    labels = np.array([rng.choice(n, p=row) for row in truth])
    return softmax(temperature * np.log(truth), axis=1), np.eye(n)[labels]


@pytest.mark.parametrize(("temperature", "n"), [(0.5, 2), (1.0, 4), (5.0, 4)])
def test_the_temperature_that_was_put_in_is_found(temperature, n):
    P, Y = drawn(6000, n, temperature)
    assert fit_temperature(P, Y) == pytest.approx(temperature, rel=0.1)
    P = P.clip(0.01, 0.99)
    each = with_temperature(P, 3.0, each=True)  # columns of their own have their own logits divided
    np.testing.assert_allclose(each, expit(np.log(P / (1 - P)) / 3), rtol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 4), st.floats(0.1, 10), st.booleans())
@settings(deadline=None, max_examples=50)
def test_what_is_found_keeps_the_order_and_is_no_worse_on_its_rows(seed, m, n, temperature, weighed):
    P, Y = drawn(m, n, temperature, seed)
    weight = np.random.default_rng(seed).uniform(0.1, 2, m) if weighed else None
    T = fit_temperature(P, Y, weight)
    assert 0 < T < np.inf
    found = with_temperature(P, T)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-9)
    assert (found[np.arange(m), P.argmax(axis=1)] >= found.max(axis=1)).all()

    def loss(P):
        return np.average(-np.log(np.maximum((P * Y).sum(axis=1), 1e-12)), weights=weight)

    assert loss(found) <= loss(P) + 1e-9


def test_few_rows_do_not_move_it_and_large_weights_do():
    P, Y = np.tile([0.2, 0.8], (10, 1)), np.tile([0.0, 1.0], (10, 1))
    assert fit_temperature(P, Y) == 1.0
    assert fit_temperature(np.tile(P, (100, 1)), np.tile(Y, (100, 1))) < 0.5
    P, Y = drawn(500, 3, 2.0)
    assert fit_temperature(P, Y, np.full(500, 7.0)) == pytest.approx(fit_temperature(P, Y), rel=1e-3)
    first = np.where(np.arange(500) < 250, 1.0, 1e-9)
    assert fit_temperature(P, Y, first) == pytest.approx(fit_temperature(P[:250], Y[:250]), rel=1e-3)


def test_calibrate_makes_an_overconfident_network_doubt():
    """A network that has learned noise by heart, rows to calibrate it, and rows to judge it."""
    X, y = make_moons(900, noise=0.4, random_state=1)
    model = NetworkClassifier((20, 20), alpha=0.01, tol=1e-3, **LBFGS)
    model.fit(X[:150], y[:150])
    with pytest.raises(ConfigurationError, match=r"Call calibrate\(X, y\)"):
        model.predict_set(X)
    before, answers = log_loss(y[400:], model.predict_proba(X[400:])), model.predict(X[400:])
    assert model.temperature_ == 1.0
    T = model.calibrate(X[150:400], y[150:400]).temperature_
    assert T > 1.5
    assert log_loss(y[400:], model.predict_proba(X[400:])) < 0.8 * before
    np.testing.assert_array_equal(model.predict(X[400:]), answers)
    with pytest.raises(DataError, match="y has the classes"):
        model.calibrate(X, y + 5)
    with pytest.raises(ValueError, match="weight"):
        model.calibrate(X, y, sample_weight=np.zeros(len(y)))
    assert model.temperature_ == T
    assert model.set_params(solver="adam", tol=1e6).fit(X, y).temperature_ == 1.0  # a new fit forgets


def test_what_makes_no_sense_is_refused_in_words():
    X, y = make_moons(100, noise=0.3, random_state=1)
    plain, several = NetworkClassifier(5, **LBFGS), NetworkClassifier(5, **LBFGS).fit(*MULTILABEL)
    with pytest.raises(NotFittedError):
        plain.calibrate(X, y)
    plain.fit(X, y)
    quantiles = DeepRegressor(loss="quantile", **SMALL).fit(X, X[:, 0])
    batch = NetworkClassifier(5, normalization="batch", max_iter=500, tol=0.1, random_state=1).fit(X, y)
    for ask, message in (
        (lambda: plain.predict_set(X, 1), "coverage must be a number"),
        (lambda: plain.label_issues(X, y, n=0), "n must be a whole number"),
        (lambda: quantiles.predict_interval(X), "needs no intervals, as its quantiles are"),
        (lambda: quantiles.calibrate(X, X[:, 0]), "needs no intervals, as its quantiles are"),
        (lambda: several.calibrate(*MULTILABEL).predict_set(MULTILABEL[0]), "one column of labels"),
        (lambda: batch.label_issues(X, y), "Batch normalization leaves no example"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            ask()
    (issue,) = several.label_issues(*MULTILABEL, n=1)
    assert issue.given.tolist() == MULTILABEL[1][issue.row].tolist()
    issues = quantiles.label_issues(X[:50], X[:50, 0])  # these are not the rows of the fit
    middle = quantiles.predict(X[[issue.row for issue in issues]])[:, 1]
    np.testing.assert_allclose([issue.predicted for issue in issues], middle, rtol=1e-3, atol=1e-5)


def precision(issues, wrong):
    """Average precision of the ranking: 1 where all wrong ones come first."""
    rank = np.empty(len(wrong))
    rank[[issue.row for issue in issues]] = np.arange(len(wrong))
    return average_precision_score(wrong, -rank)


def test_an_ensemble_finds_wrong_labels_in_what_it_learned():
    X, right = load_wine(return_X_y=True)
    wrong = np.random.default_rng(0).permutation(len(right)) < 9
    y, weight = np.where(wrong, (right + 1) % 3, right), np.where(np.arange(len(right)) % 10, 1.0, 0.0)
    model = DeepClassifier(**SMALL).fit(X, y, weight)
    issues = model.label_issues(X, y)
    assert precision(issues, wrong) > 0.8  # by chance 0.05
    assert all(a.probability <= b.probability for a, b in pairwise(issues))
    columns = ["row", "given", "predicted", "probability", "gradient_norm"]
    assert [*pandas.DataFrame(issues)] == columns
    issues = sorted(issues)  # by their rows
    assert [(issue.row, issue.given) for issue in issues] == [*enumerate(y)]
    # a row that was held out is judged by those that did not learn it, one of weight 0 by all
    P = model.oof_predictions_
    P[weight == 0] = model.predict_proba(X[weight == 0])
    np.testing.assert_allclose([issue.probability for issue in issues], P[np.arange(len(y)), y], rtol=1e-5)
    elsewhere = sorted(model.label_issues(X[:20], y[:20]))  # these are not the rows of the fit
    by_all = model.predict_proba(X[:20])[np.arange(20), y[:20]]
    np.testing.assert_allclose([issue.probability for issue in elsewhere], by_all, rtol=1e-5)
    (member,) = (member for member in model.ensemble_.members if member.fold == 2)
    preprocessor = model.ensemble_.preprocessors[2]
    rows = np.flatnonzero(weight)[model.ensemble_.held_out[2]]
    features = preprocessor.features(model.predictor_.columns.frame(X[rows]))
    inputs = preprocessor.inputs(features)[member.inputs]
    norms = member.network.gradient_norms(inputs.T, model.targets_.encode(y[rows], float).T)[0]
    np.testing.assert_allclose([issues[row].gradient_norm for row in rows], norms, rtol=1e-4)


@pytest.mark.parametrize(
    "model", [DeepRegressor(**SMALL), NetworkRegressor(random_state=1, max_iter=2000, tol=1e-2)]
)
def test_wrong_numbers_are_found(model):
    X, y = make_friedman1(400, noise=0.5, random_state=1)
    wrong = np.arange(400) % 20 == 0
    y = np.where(wrong, y + 15, y)
    issues = model.fit(X, y).label_issues(X, y)
    assert precision(issues, wrong) > 0.9
    assert issues[0].deviations == max(issue.deviations for issue in issues) > 3


@given(st.integers(1, 40), st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]))
def test_a_weighted_mean_is_between_its_terms_and_keeps_their_order(n: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    outputs = np.sort(rng.random((n, 20, 3)).astype(dtype))
    outputs[rng.random((n, 20)) < 0.5] = rng.integers(0, 2)
    mean = weighted_mean(outputs, rng.dirichlet(np.ones(n)))
    assert mean.dtype == dtype
    assert (np.diff(mean) >= 0).all()
    assert (mean >= 0).all()
    assert (mean <= 1).all()


# Sets of classes and intervals: their coverage on numbers, in rare classes, and in noisy rows


MEDIUM = {"n_estimators": 5, "network_params": {"epochs": 30}, "random_state": 1}
COVERAGE = 0.8


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_one_of_all_rows_is_missed_as_often_as_asked(n, alpha):
    """Each of n + 1 rows stands for the further one: how many are reached is a matter of counting."""
    scores = np.random.default_rng(n).permutation(n + 1).astype(float)
    reached = [one <= interval_half_width(np.delete(scores, i), alpha) for i, one in enumerate(scores)]
    assert sum(reached) == min(n + 1, conformal_rank(n, alpha))
    assert np.mean(reached) >= 1 - alpha - 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.floats(0.02, 0.6))
def test_folds_together_say_what_vovk_s_p_value_says(seed, n_folds, alpha):
    rng = np.random.default_rng(seed)
    scores = [rng.exponential(size=rng.integers(1, 9)) for _ in range(n_folds)]
    n = sum(map(len, scores))
    strange = [rng.exponential(size=(3, 2)) for _ in range(n_folds)]
    for place, inside in np.ndenumerate(prediction_sets(scores, strange, alpha)):
        p = 1 + sum((known >= new[place]).sum() for known, new in zip(scores, strange, strict=True))
        assert inside == (p > alpha * (n + 1) + 1e-9 * n)


def test_a_label_is_as_strange_as_the_rows_of_its_class_say():
    scores = [np.array([0.1, 0.2, 0.9, 0.4]), np.array([0.3, 0.8])]
    classes = [np.array([0, 0, 1, 0]), np.array([0, 1])]
    new = [np.array([[0.25, 0.85]]), np.array([[0.25, 0.85]])]
    # of 4 rows of class 0 two are as strange, of 6 rows of both four; of class 1 one of 2, and one of 6
    p = [(2 + 1 + 5 * 5 / 7) / (4 + 1 + 5), (1 + 1 + 5 * 2 / 7) / (2 + 1 + 5)]
    for place, expected in enumerate(p):
        for alpha, inside in ((expected - 1e-6, True), (expected + 1e-6, False)):
            assert prediction_sets(scores, new, alpha, classes)[0, place] == inside


def test_several_targets_have_an_interval_each_and_counts_end_at_0():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((400, 3))
    Y = np.column_stack([X[:, 0], 10 * X[:, 1]]) + rng.standard_normal((400, 2)) * [1, 100]
    model = DeepRegressor(**MEDIUM).fit(X[:200], Y[:200])
    ends = model.predict_interval(X[200:], 0.8)
    assert ends.shape == (200, 2, 2)
    np.testing.assert_allclose(ends.mean(axis=-1), model.predict(X[200:]), rtol=1e-6)
    covered = ((ends[..., 0] <= Y[200:]) & (Y[200:] <= ends[..., 1])).mean(axis=0)
    assert (abs(covered - 0.8) < 0.12).all()
    first, second = (ends[0, :, 1] - ends[0, :, 0]).tolist()
    assert second > 30 * first
    y = rng.poisson(np.exp(X[:, 0]))
    assert DeepRegressor(loss="poisson", **MEDIUM).fit(X, y).predict_interval(X, 0.95).min() == 0


def test_rows_of_weight_0_do_not_count():
    X, y = make_friedman1(300, random_state=1)
    weight = np.where(np.arange(300) < 200, 1.0, 0.0)
    model = NetworkRegressor(10, max_iter=300, tol=0.1, random_state=1).fit(X, y)
    weighed = model.calibrate(X, np.where(weight > 0, y, 1e6), weight).predict_interval(X)
    np.testing.assert_array_equal(weighed, model.calibrate(X[:200], y[:200]).predict_interval(X))
    ensemble = DeepRegressor(**MEDIUM).fit(X, np.where(weight > 0, y, 1e6), sample_weight=weight)
    alone = DeepRegressor(**MEDIUM).fit(X[:200], y[:200], sample_weight=np.ones(200))
    np.testing.assert_array_equal(ensemble.predict_interval(X), alone.predict_interval(X))


def within(share, expected, known, tested):
    """Whether a share is within four deviations, of the rows that tell it and of those tested."""
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) * (1 / known + 1 / tested))


def test_noisy_and_quiet_rows_are_covered_alike():
    """The deviation of the noise grows with the second column."""

    def uneven(m, seed):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((m, 3))
        return X, X[:, 0] + 0.4 * np.exp(X[:, 1]) * rng.standard_normal(m)

    X, y = uneven(3000, 2)
    model, noisy = DeepRegressor(**MEDIUM).fit(*uneven(600, 1)), X[:, 1] > 0
    for known in (600, 500):
        lower, upper = model.predict_interval(X, COVERAGE).T
        inside, width = (lower <= y) & (y <= upper), upper - lower
        assert within(inside.mean(), COVERAGE, known, 3000)
        assert inside[noisy].mean() > 0.72
        assert inside[~noisy].mean() < 0.93
        assert np.median(width[noisy]) > 2 * np.median(width[~noisy])
        model.calibrate(*uneven(500, 3))  # by own rows in place of the folds


def test_widths_are_the_same_bits_for_any_number_of_blas_threads():
    """On many rows and columns, where BLAS would share products."""
    rng = np.random.default_rng(3)
    columns = rng.standard_normal((1500, 30))
    inputs = WidthInputs(rng.standard_normal(1500), rng.exponential(size=1500), columns)
    sizes, widths = np.abs(rng.standard_normal(1500)) * np.exp(columns[:, 0]), []
    for n in (1, 3):
        with threadpool_limits(n, user_api="blas"):
            widths.append(fit_width(inputs, sizes)[1])
    np.testing.assert_array_equal(widths[1], widths[0])


def rare(m, seed, share=0.06):
    """Two columns, and a class of few rows that overlaps with the other one."""
    rng = np.random.default_rng(seed)
    y = (np.arange(m) < share * m).astype(int)
    return rng.standard_normal((m, 2)) + 1.5 * y[:, np.newaxis], np.array(["often", "rare"])[y]


def test_a_rare_class_is_covered_as_often_as_asked():
    X, y = rare(5000, 2)
    model, is_rare = DeepClassifier(**MEDIUM).fit(*rare(1000, 1)), y == "rare"
    position = (model.predict(X) == "rare").astype(int)
    for _ in range(2):
        together, sets = model.predict_set(X, COVERAGE, per_class=False), model.predict_set(X, COVERAGE)
        assert together[is_rare, 1].mean() < 0.6
        # 60 rows tell it, as many as if 5 further ones were like all rows
        assert within(sets[is_rare, 1].mean(), COVERAGE * 60 / 65, 60, is_rare.sum())
        assert sets[~is_rare, 0].mean() > COVERAGE - 0.03
        assert sets.sum(axis=1).mean() < 1.4
        for alpha, per_class in ((0.01, True), (0.9, False), (0.9, True)):
            sets = model.predict_set(X[:999], 1 - alpha, per_class=per_class)
            assert sets[np.arange(999), position[:999]].all()  # the most probable class is in every set
            smaller = model.predict_set(X[:999], 1 - alpha, per_class=per_class, allow_empty=True)
            assert (sets >= smaller).all()
        assert not smaller.any(axis=1).all()
        model.calibrate(*rare(1000, 3))  # by own rows in place of the folds
