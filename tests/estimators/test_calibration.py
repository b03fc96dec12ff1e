"""Temperatures, sets, intervals and label issues: on numbers alone, and as the estimators use them."""

import pickle
from itertools import pairwise

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_wine,
    make_friedman1,
    make_moons,
    make_multilabel_classification,
)
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split

from deepstep.ensembles.calibration import (
    conformal_rank,
    fit_temperature,
    interval_half_width,
    prediction_sets,
    with_temperature,
)
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


def test_columns_of_their_own_have_their_own_logits_divided():
    P = np.array([[0.1, 0.9, 0.5], [0.7, 0.3, 0.01]])
    expected = expit(np.log(P / (1 - P)) / 3)
    np.testing.assert_allclose(with_temperature(P, 3.0, each=True), expected, rtol=1e-12)


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
    model = NetworkClassifier((50, 50), alpha=0.01, tol=1e-3, **{**LBFGS, "max_iter": 10_000})
    assert not hasattr(model, "temperature_")
    model.fit(X[:150], y[:150])
    assert model.temperature_ == 1.0
    before, answers = log_loss(y[400:], model.predict_proba(X[400:])), model.predict(X[400:])
    assert model.calibrate(X[150:400], y[150:400]) is model
    T = model.temperature_
    assert T > 1.5
    assert log_loss(y[400:], model.predict_proba(X[400:])) < 0.8 * before
    np.testing.assert_array_equal(model.predict(X[400:]), answers)
    with pytest.raises(ValueError, match="weight"):
        model.calibrate(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(DataError, match="y has the classes"):
        model.calibrate(X, y + 5)
    assert model.temperature_ == T
    assert model.set_params(solver="adam", tol=1e6).fit(X, y).temperature_ == 1.0  # a new fit forgets


def test_an_ensemble_finds_one_that_does_no_harm():
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
    model = DeepClassifier(**SMALL).fit(X, y)
    told = model.predict_proba(X_test)
    untempered = with_temperature(told, 1 / model.temperature_)
    raw = model.predictor_.outputs(X_test)
    np.testing.assert_allclose(untempered, model.targets_.probabilities(raw), rtol=1e-5, atol=1e-7)
    # answers of one fold say how sure all together may be: about, so log-losses that are good already stay so
    assert log_loss(y_test, told) < 1.02 * log_loss(y_test, untempered)
    np.testing.assert_array_equal(model.predict(X_test), told.argmax(axis=1))


@pytest.mark.parametrize("ordered", [False, True])
def test_a_temperature_changes_no_answer(ordered):
    X, Y = MULTILABEL
    if ordered:
        noisy = X[:, 0] + np.random.default_rng(1).standard_normal(len(X))
        Y = np.digitize(noisy, np.quantile(noisy, [0.3, 0.7]))
    model = DeepClassifier(loss="ordinal" if ordered else "cross_entropy", **SMALL).fit(X, Y)
    before = model.predict(X)
    P = model.calibrate(X, Y).predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), before)
    np.testing.assert_array_equal(P.argmax(axis=1) if ordered else P > 0.5, before)


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_one_of_all_rows_is_missed_as_often_as_asked(n, alpha):
    """Each of n + 1 rows stands for the further one: how many are reached is a matter of counting."""
    scores = np.random.default_rng(n).permutation(n + 1).astype(float)
    pairs = [(np.delete(scores, i), scores[i]) for i in range(n + 1)]
    inside = [prediction_sets([other], [np.array([[one]])], alpha)[0, 0] for other, one in pairs]
    assert sum(inside) == min(n + 1, conformal_rank(n, alpha))
    assert np.mean(inside) >= 1 - alpha - 1e-9
    assert [one <= interval_half_width(other, alpha) for other, one in pairs] == inside


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.floats(0.02, 0.6))
def test_folds_together_say_what_vovk_s_p_value_says(seed, n_folds, alpha):
    rng = np.random.default_rng(seed)
    scores = [rng.exponential(size=rng.integers(1, 9)) for _ in range(n_folds)]
    n = sum(map(len, scores))
    strange = [rng.exponential(size=(3, 2)) for _ in range(n_folds)]
    for place, inside in np.ndenumerate(prediction_sets(scores, strange, alpha)):
        p = 1 + sum((known >= new[place]).sum() for known, new in zip(scores, strange, strict=True))
        assert inside == (p > alpha * (n + 1) + 1e-9 * n)


def skewed(m=1000):
    """Noise that is skewed, and of another size in every row."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(m, 4))
    return X, X[:, 0] + np.exp(0.7 * X[:, 1]) * rng.exponential(size=m)


DATA = {
    "moons": (DeepClassifier, make_moons(1000, noise=0.4, random_state=1)),
    "diabetes": (DeepRegressor, load_diabetes(return_X_y=True)),
    "skewed": (DeepRegressor, skewed()),
}


def check_coverage(model, X, y, alpha):
    """The share is that asked for, within three deviations: of the rows that tell, and of those tested."""
    if isinstance(model, DeepClassifier):
        sets = model.predict_set(X, alpha, per_class=False, allow_empty=True)
        share = sets[np.arange(len(y)), y].mean()
    else:
        lower, upper = model.predict_interval(X, alpha).T
        share = ((lower <= y) & (y <= upper)).mean()
    n = sum(map(len, model.predictor_.calibration.scores))
    assert abs(share - (1 - alpha)) < 3 * np.sqrt(alpha * (1 - alpha) * (1 / n + 1 / len(y)))


@pytest.fixture(scope="module", params=DATA)
def fitted(request):
    Estimator, (X, y) = DATA[request.param]
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    return Estimator(**SMALL).fit(X, y), X_test, y_test


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_share_that_was_asked_for_is_covered(fitted, alpha):
    """By what folds held out, and after calibrate."""
    check_coverage(*fitted, alpha)
    fresh, X, y = pickle.loads(pickle.dumps(fitted))
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=1)
    check_coverage(fresh.calibrate(X, y), X_test, y_test, alpha)


def test_the_surer_the_larger(fitted):
    model, X, _ = fitted
    alphas = [0.05, 0.1, 0.5, 0.9]
    if isinstance(model, DeepClassifier):
        sets = [model.predict_set(X, alpha) for alpha in alphas]
        assert all((larger | ~smaller).all() for larger, smaller in pairwise(sets))
        assert (sets[0].dtype, sets[0].shape) == (bool, (len(X), len(model.classes_)))
    else:
        ends = [model.predict_interval(X, alpha) for alpha in alphas]
        assert all((a[:, 0] <= b[:, 0]).all() and (a[:, 1] >= b[:, 1]).all() for a, b in pairwise(ends))
        np.testing.assert_allclose(ends[0].mean(axis=1), model.predict(X))


def test_too_few_rows_exclude_nothing():
    X, y = make_moons(400, noise=0.3, random_state=1)
    classifier = NetworkClassifier(5, **LBFGS).fit(X, y).calibrate(X[:9], y[:9])
    for per_class in (False, True):
        assert classifier.predict_set(X, 0.05, per_class=per_class).all()
        assert not classifier.predict_set(X, 0.3, per_class=per_class).all()
    assert not classifier.predict_set(X, 0.1, per_class=False).all()
    regressor = NetworkRegressor(5, **LBFGS).fit(X, X[:, 0]).calibrate(X[:9], X[:9, 0])
    assert (regressor.predict_interval(X[:2], 0.05) == [-np.inf, np.inf]).all()
    assert np.isfinite(regressor.predict_interval(X[:2], 0.1)).all()


def test_several_targets_have_an_interval_each_and_counts_end_at_0():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((400, 3))
    Y = np.column_stack([X[:, 0], 10 * X[:, 1]]) + rng.standard_normal((400, 2)) * [1, 100]
    ends = DeepRegressor(**SMALL).fit(X[:200], Y[:200]).predict_interval(X[200:], 0.2)
    assert ends.shape == (200, 2, 2)
    covered = ((ends[..., 0] <= Y[200:]) & (Y[200:] <= ends[..., 1])).mean(axis=0)
    assert (abs(covered - 0.8) < 0.12).all()
    first, second = (ends[0, :, 1] - ends[0, :, 0]).tolist()
    assert second > 30 * first
    y = rng.poisson(np.exp(X[:, 0]))
    assert DeepRegressor(loss="poisson", **SMALL).fit(X, y).predict_interval(X, 0.05).min() == 0


def test_rows_of_weight_0_do_not_count():
    X, y = make_friedman1(300, random_state=1)
    weight = np.where(np.arange(300) < 200, 1.0, 0.0)
    model = NetworkRegressor(10, max_iter=300, tol=0.1, random_state=1).fit(X, y)
    weighed = model.calibrate(X, np.where(weight > 0, y, 1e6), weight).predict_interval(X)
    np.testing.assert_array_equal(weighed, model.calibrate(X[:200], y[:200]).predict_interval(X))
    ensemble = DeepRegressor(**SMALL).fit(X, np.where(weight > 0, y, 1e6), sample_weight=weight)
    alone = DeepRegressor(**SMALL).fit(X[:200], y[:200], sample_weight=np.ones(200))
    np.testing.assert_array_equal(ensemble.predict_interval(X), alone.predict_interval(X))


def test_what_makes_no_sense_is_refused_in_words():
    X, y = make_moons(100, noise=0.3, random_state=1)
    plain, several = NetworkClassifier(5, **LBFGS), NetworkClassifier(5, **LBFGS).fit(*MULTILABEL)
    for ask in (lambda: plain.calibrate(X, y), lambda: plain.predict_set(X)):
        with pytest.raises(NotFittedError):
            ask()
    plain.fit(X, y)
    numbers, quantiles = (
        NetworkRegressor(5, loss=loss, max_iter=500, tol=0.1, random_state=1).fit(X, X[:, 0])
        for loss in ("squared_error", "quantile")
    )
    batch = NetworkClassifier(5, normalization="batch", max_iter=500, tol=0.1, random_state=1).fit(X, y)
    refused = [
        (lambda alpha=alpha: plain.predict_set(X, alpha), "alpha must be a number") for alpha in (0, 1, "a")
    ]
    refused += [(lambda n=n: plain.label_issues(X, y, n=n), "n must be a whole number") for n in (0, 1.5)]
    for ask, message in (
        *refused,
        (lambda: plain.predict_set(X), r"Call calibrate\(X, y\)"),
        (lambda: numbers.predict_interval(X), r"Call calibrate\(X, y\)"),
        (lambda: quantiles.predict_interval(X), "whose quantiles are an interval themselves"),
        (lambda: quantiles.calibrate(X, X[:, 0]), "whose quantiles are an interval themselves"),
        (lambda: several.calibrate(*MULTILABEL).predict_set(MULTILABEL[0]), "one column of labels"),
        (lambda: batch.label_issues(X, y), "without batch normalization"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            ask()


def with_wrong_labels(load, share=0.05):
    """X, labels of which a share are other ones, and which those are."""
    X, y = load(return_X_y=True)
    rng, n_classes = np.random.default_rng(0), y.max() + 1
    wrong = np.zeros(len(y), bool)
    wrong[rng.choice(len(y), round(share * len(y)), replace=False)] = True
    return X, np.where(wrong, (y + rng.integers(1, n_classes, len(y))) % n_classes, y), wrong


def precision(issues, wrong):
    """Average precision of the ranking: 1 where all wrong ones come first."""
    rank = np.empty(len(wrong))
    rank[[issue.row for issue in issues]] = np.arange(len(wrong))
    return average_precision_score(wrong, -rank)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_an_ensemble_finds_wrong_labels_in_what_it_learned(load):
    X, y, wrong = with_wrong_labels(load)
    weight = np.where(np.arange(len(y)) % 10, 1.0, 0.0)
    model = DeepClassifier(**SMALL).fit(X, y, weight)
    found = model.label_issues(X, y)
    assert precision(found, wrong) > 0.8  # by chance 0.05
    assert all(a.probability <= b.probability for a, b in pairwise(found))
    assert all(one.given == y[one.row] for one in found)
    found = sorted(found)  # by their rows
    assert [one.row for one in found] == list(range(len(y)))
    # a row that was held out is judged by those that did not learn it, one of weight 0 by all
    P = model.oof_predictions_
    P[weight == 0] = model.predict_proba(X[weight == 0])
    own = [one.probability for one in found]
    np.testing.assert_allclose(own, P[np.arange(len(y)), y], rtol=1e-5)
    elsewhere = sorted(model.label_issues(X[:20], y[:20]))  # these are not the rows of the fit
    by_all = model.predict_proba(X[:20])[np.arange(20), y[:20]]
    np.testing.assert_allclose([one.probability for one in elsewhere], by_all, rtol=1e-5)
    (member,) = (member for member in model.ensemble_.members if member.fold == 2)
    preprocessor, learned = model.ensemble_.preprocessors[2], np.flatnonzero(weight)
    rows = learned[model.ensemble_.held_out[2]]
    features = preprocessor.features(model.predictor_.columns.frame(X[rows], ""))
    inputs = preprocessor.inputs(features)[member.inputs]
    norms = member.network.gradient_norms(inputs.T, model.targets_.encode(y[rows], float).T)[0]
    np.testing.assert_allclose([found[row].gradient_norm for row in rows], norms, rtol=1e-4)


@pytest.mark.parametrize(
    "model", [DeepRegressor(**SMALL), NetworkRegressor(random_state=1, max_iter=2000, tol=1e-2)]
)
def test_wrong_numbers_are_found(model):
    X, y = make_friedman1(400, noise=0.5, random_state=1)
    wrong = np.arange(400) % 20 == 0
    y = np.where(wrong, y + 15, y)
    found = model.fit(X, y).label_issues(X, y)
    assert precision(found, wrong) > 0.9
    assert found[0].deviations == max(one.deviations for one in found) > 3


def test_what_is_told_of_several_targets_frames_and_sparse_rows():
    X, Y = MULTILABEL
    found = DeepClassifier(**SMALL).fit(X, Y).label_issues(X, Y, n=3)
    assert len(found) == 3
    assert found[0].given.tolist() == Y[found[0].row].tolist()
    numbers = X[:, :2].astype(float)
    first = DeepRegressor(**SMALL).fit(X, numbers).label_issues(X, numbers, n=1)[0]
    assert first.given.tolist() == numbers[first.row].tolist()
    median = DeepRegressor(loss="quantile", **SMALL).fit(X, numbers[:, 0])
    found = median.label_issues(X[:50], numbers[:50, 0])
    middle = median.predict(X[[one.row for one in found]])[:, 1]
    np.testing.assert_allclose([one.predicted for one in found], middle, rtol=1e-3, atol=1e-5)
    names = np.array(["no", "yes"])[Y[:, 0]]
    frame = pandas.DataFrame(X[:, :3]).rename(columns=str).assign(kind=np.where(X[:, 0] > 20, "long", None))
    table = pandas.DataFrame(DeepClassifier(**SMALL).fit(frame, names).label_issues(frame, names, n=5))
    assert [*table] == ["row", "given", "predicted", "probability", "gradient_norm"]
    assert set(table.given) <= set(names)
    plain = NetworkClassifier(5, max_iter=2000, tol=1e-2, random_state=1).fit(csr_matrix(X), names)
    dense = [one.row for one in plain.label_issues(X, names, n=20)]
    assert [one.row for one in plain.label_issues(csr_matrix(X), names, n=20)] == dense
