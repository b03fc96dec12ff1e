"""Sets and intervals hold what they promise."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_friedman1,
    make_moons,
    make_multilabel_classification,
)
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split

from deepstep.errors import ConfigurationError
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.calibration import conformal_rank, interval_half_width, prediction_sets

SMALL = {"preset": "tabular", "n_estimators": 5, "max_iter": 15, "random_state": 1}


def skewed(m=1000):
    """Noise that is skewed, and of another size in every row."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(m, 4))
    return X, X[:, 0] + np.exp(0.7 * X[:, 1]) * rng.exponential(size=m)


CLASSES = {
    "cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "moons": lambda: make_moons(1000, noise=0.4, random_state=1),
}
NUMBERS = {
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "friedman": lambda: make_friedman1(1000, noise=1.0, random_state=1),
    "skewed": skewed,
}


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_one_of_all_rows_is_missed_as_often_as_asked(n, alpha):
    """Each of n + 1 rows stands for the further one: how many are reached is a matter of counting."""
    scores = np.random.default_rng(n).permutation(n + 1).astype(float)
    others = [np.delete(scores, i) for i in range(n + 1)]
    inside = [
        prediction_sets([other], [np.array([[one]])], alpha)[0, 0]
        for other, one in zip(others, scores, strict=True)
    ]
    assert sum(inside) == min(n + 1, conformal_rank(n, alpha))
    assert np.mean(inside) >= 1 - alpha - 1e-9
    assert [
        one <= interval_half_width(other, alpha) for other, one in zip(others, scores, strict=True)
    ] == inside


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.floats(0.02, 0.6))
def test_folds_together_say_what_vovk_s_p_value_says(seed, n_folds, alpha):
    rng = np.random.default_rng(seed)
    scores = [rng.exponential(size=rng.integers(1, 9)) for _ in range(n_folds)]
    n = sum(map(len, scores))
    strange = [rng.exponential(size=(3, 2)) for _ in range(n_folds)]
    inside = prediction_sets(scores, strange, alpha)
    for row in range(3):
        for label in range(2):
            p = 1 + sum((known >= new[row, label]).sum() for known, new in zip(scores, strange, strict=True))
            assert inside[row, label] == (p > alpha * (n + 1) + 1e-9 * n)


def sampling_error(alpha, n_scores, n_test):
    """Three standard deviations of the share: of the rows that tell how far, and of those that are tested."""
    return 3 * np.sqrt(alpha * (1 - alpha) * (1 / n_scores + 1 / n_test))


def halves(X, y, seed=0):
    return train_test_split(X, y, test_size=0.5, random_state=seed)


def right(model, X, y, alpha):
    """Share of the rows whose label or number is covered."""
    if isinstance(model, DeepClassifier):
        return model.predict_set(X, alpha)[np.arange(len(y)), y].mean()
    lower, upper = model.predict_interval(X, alpha).T
    return ((lower <= y) & (y <= upper)).mean()


@pytest.fixture(scope="module", params=[*CLASSES, *NUMBERS])
def fitted(request):
    kind = DeepClassifier if request.param in CLASSES else DeepRegressor
    X, X_test, y, y_test = halves(*(CLASSES | NUMBERS)[request.param]())
    return kind(**SMALL).fit(X, y), X_test, y_test


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_share_that_was_asked_for_is_covered_by_what_folds_held_out(fitted, alpha):
    model, X, y = fitted
    n = sum(map(len, model._calibration.scores))
    assert abs(right(model, X, y, alpha) - (1 - alpha)) < sampling_error(alpha, n, len(y))


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_share_that_was_asked_for_is_covered_after_calibrate(fitted, alpha):
    fresh, X, y = pickle.loads(pickle.dumps(fitted))
    X, X_test, y, y_test = halves(X, y, seed=1)
    fresh.calibrate(X, y)
    n = len(y)
    assert abs(right(fresh, X_test, y_test, alpha) - (1 - alpha)) < sampling_error(alpha, n, len(y_test))


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
def test_a_plain_network_covers_after_calibrate(Estimator):
    X, y = CLASSES["moons"]() if Estimator is DeepClassifier else NUMBERS["friedman"]()
    model = Estimator(20, max_iter=500, tol=0.01, random_state=1, preset="mlp").fit(X[:300], y[:300])
    model.calibrate(X[300:600], y[300:600])
    assert abs(right(model, X[600:], y[600:], 0.2) - 0.8) < sampling_error(0.2, 300, 400)


def test_the_surer_the_larger(fitted):
    model, X, _ = fitted
    alphas = [0.05, 0.1, 0.5, 0.9]
    if isinstance(model, DeepClassifier):
        sets = [model.predict_set(X, alpha) for alpha in alphas]
        assert all((larger | ~smaller).all() for larger, smaller in pairwise(sets))
        assert sets[0].dtype == bool
        assert sets[0].shape == (len(X), len(model.classes_))
    else:
        ends = [model.predict_interval(X, alpha) for alpha in alphas]
        assert all((a[:, 0] <= b[:, 0]).all() for a, b in pairwise(ends))
        assert all((a[:, 1] >= b[:, 1]).all() for a, b in pairwise(ends))
        np.testing.assert_allclose(ends[0].mean(axis=1), model.predict(X))


def test_too_few_rows_exclude_nothing():
    X, y = make_moons(400, noise=0.3, random_state=1)
    classifier = (
        DeepClassifier(5, solver="lbfgs", random_state=1, preset="mlp").fit(X, y).calibrate(X[:9], y[:9])
    )
    assert classifier.predict_set(X, 0.05).all()
    assert not classifier.predict_set(X, 0.1).all()
    regressor = DeepRegressor(5, solver="lbfgs", random_state=1, max_iter=1000, preset="mlp").fit(X, X[:, 0])
    regressor.calibrate(X[:9], X[:9, 0])
    assert (regressor.predict_interval(X[:2], 0.05) == [-np.inf, np.inf]).all()
    assert np.isfinite(regressor.predict_interval(X[:2], 0.1)).all()


def test_several_targets_have_an_interval_each():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((400, 3))
    Y = np.column_stack([X[:, 0], 10 * X[:, 1]]) + rng.standard_normal((400, 2)) * [1, 100]
    model = DeepRegressor(**SMALL).fit(X[:200], Y[:200])
    ends = model.predict_interval(X[200:], 0.2)
    assert ends.shape == (200, 2, 2)
    covered = ((ends[..., 0] <= Y[200:]) & (Y[200:] <= ends[..., 1])).mean(axis=0)
    assert (abs(covered - 0.8) < sampling_error(0.2, 200, 200)).all()
    first, second = (ends[0, :, 1] - ends[0, :, 0]).tolist()
    assert second > 30 * first


def test_counts_are_not_below_0():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 2))
    y = rng.poisson(np.exp(X[:, 0]))
    model = DeepRegressor(loss="poisson", **SMALL).fit(X, y)
    assert model.predict_interval(X, 0.05).min() == 0


def test_rows_of_weight_0_do_not_count():
    X, y = make_friedman1(300, random_state=1)
    weight = np.where(np.arange(300) < 200, 1.0, 0.0)
    model = DeepRegressor(10, max_iter=300, tol=0.1, random_state=1, preset="mlp").fit(X, y)
    weighed = model.calibrate(X, np.where(weight > 0, y, 1e6), weight).predict_interval(X)
    np.testing.assert_array_equal(weighed, model.calibrate(X[:200], y[:200]).predict_interval(X))
    ensemble = DeepRegressor(**SMALL).fit(X, np.where(weight > 0, y, 1e6), sample_weight=weight)
    assert sum(map(len, ensemble._calibration.scores)) == 200


def test_what_makes_no_sense_is_refused_in_words():
    X, y = make_moons(100, noise=0.3, random_state=1)
    plain = DeepClassifier(5, solver="lbfgs", max_iter=1000, random_state=1, preset="mlp")
    with pytest.raises(NotFittedError):
        plain.calibrate(X, y)
    with pytest.raises(NotFittedError):
        plain.predict_set(X)
    plain.fit(X, y)
    with pytest.raises(ConfigurationError, match=r"Call calibrate\(X, y\)"):
        plain.predict_set(X)
    for alpha in (0, 1, -0.1, "a", np.nan):
        with pytest.raises(ConfigurationError, match="alpha is a number above 0 and below 1"):
            plain.predict_set(X, alpha)
    numbers = DeepRegressor(5, solver="lbfgs", max_iter=1000, random_state=1, preset="mlp").fit(X, X[:, 0])
    with pytest.raises(ConfigurationError, match=r"Call calibrate\(X, y\)"):
        numbers.predict_interval(X)
    quantiles = DeepRegressor(5, loss="quantile", max_iter=500, tol=0.1, random_state=1, preset="mlp").fit(
        X, X[:, 0]
    )
    for ask in (lambda: quantiles.predict_interval(X), lambda: quantiles.calibrate(X, X[:, 0])):
        with pytest.raises(ConfigurationError, match="whose quantiles are an interval themselves"):
            ask()
    X, Y = make_multilabel_classification(100, random_state=1)
    several = DeepClassifier(5, max_iter=500, tol=0.1, random_state=1, preset="mlp").fit(X, Y).calibrate(X, Y)
    with pytest.raises(ConfigurationError, match="one column of labels"):
        several.predict_set(X)
