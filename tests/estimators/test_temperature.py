"""Temperature scaling: on probabilities alone, and as the estimators use it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.datasets import load_breast_cancer, load_digits, make_moons, make_multilabel_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from deepstep.errors import DataError
from deepstep.estimators import DeepClassifier
from deepstep.estimators.calibration import fit_temperature, with_temperature

SMALL = {"preset": "tabular", "n_estimators": 5, "max_iter": 15, "random_state": 1}


def drawn(m, n, temperature, seed=0):
    """Probabilities of a model whose logits are this many times too large (T > 1), and labels."""
    rng = np.random.default_rng(seed)
    truth = softmax(rng.standard_normal((m, n)), axis=1)
    labels = np.array([rng.choice(n, p=row) for row in truth])
    return softmax(temperature * np.log(truth), axis=1), np.eye(n)[labels]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("n", [2, 4])
def test_the_temperature_that_was_put_in_is_found(temperature, n):
    P, Y = drawn(6000, n, temperature)
    assert fit_temperature(P, Y) == pytest.approx(temperature, rel=0.1)


def test_two_classes_have_their_logit_divided():
    P = np.array([[0.1, 0.9], [0.7, 0.3]])
    logit = np.log(P[:, 1] / P[:, 0])
    np.testing.assert_allclose(with_temperature(P, 3.0)[:, 1], expit(logit / 3), rtol=1e-12)


def test_columns_of_their_own_have_their_own_logits_divided():
    P = np.array([[0.1, 0.9, 0.5], [0.7, 0.3, 0.01]])
    np.testing.assert_allclose(
        with_temperature(P, 3.0, each=True), expit(np.log(P / (1 - P)) / 3), rtol=1e-12
    )


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(0.05, 20), st.sampled_from([0.01, 1.0, 30.0]))
@settings(deadline=None)
def test_probabilities_stay_such_and_in_their_order(seed, n, temperature, spread):
    P = softmax(spread * np.random.default_rng(seed).standard_normal((5, n)), axis=1)
    found = with_temperature(P, temperature)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-9)
    rows = np.arange(5)
    assert (found[rows, P.argmax(axis=1)] >= found.max(axis=1)).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 4), st.floats(0.1, 10), st.booleans())
@settings(deadline=None, max_examples=50)
def test_what_is_found_is_above_0_and_no_worse_on_its_rows(seed, m, n, temperature, weighed):
    P, Y = drawn(m, n, temperature, seed)
    weight = np.random.default_rng(seed).uniform(0.1, 2, m) if weighed else None
    T = fit_temperature(P, Y, weight)
    assert 0 < T < np.inf

    def loss(P):
        return np.average(-np.log(np.maximum((P * Y).sum(axis=1), 1e-12)), weights=weight)

    assert loss(with_temperature(P, T)) <= loss(P) + 1e-9


def test_few_rows_do_not_move_it():
    P, Y = np.tile([0.2, 0.8], (10, 1)), np.tile([0.0, 1.0], (10, 1))
    assert fit_temperature(P, Y) == 1.0
    many = 100
    assert fit_temperature(np.tile(P, (many, 1)), np.tile(Y, (many, 1))) < 0.5


def test_it_mostly_stays_1_for_a_hundred_rows_that_are_answered_rightly():
    assert np.median([fit_temperature(*drawn(100, 3, 1.0, seed)) for seed in range(20)]) == 1


def test_weights_of_equal_size_do_not_count_and_large_ones_do():
    P, Y = drawn(500, 3, 2.0)
    alike = fit_temperature(P, Y, np.full(500, 7.0))
    assert alike == pytest.approx(fit_temperature(P, Y), rel=1e-3)
    first = np.where(np.arange(500) < 250, 1.0, 1e-9)
    assert fit_temperature(P, Y, first) == pytest.approx(fit_temperature(P[:250], Y[:250]), rel=1e-3)


@pytest.fixture(scope="module")
def overconfident():
    """A network that has learned noise by heart, rows to calibrate it, and rows to judge it."""
    X, y = make_moons(900, noise=0.4, random_state=1)
    model = DeepClassifier(
        (50, 50), solver="lbfgs", alpha=0.01, max_iter=10_000, random_state=1, preset="mlp"
    )
    return model.fit(X[:150], y[:150]), (X[150:400], y[150:400]), (X[400:], y[400:])


def test_calibrate_makes_an_overconfident_network_doubt(overconfident):
    model, (X, y), (X_test, y_test) = overconfident
    assert model.temperature_ == 1.0
    before, answers = log_loss(y_test, model.predict_proba(X_test)), model.predict(X_test)
    assert model.calibrate(X, y) is model
    assert model.temperature_ > 1.5
    assert log_loss(y_test, model.predict_proba(X_test)) < 0.8 * before
    np.testing.assert_array_equal(model.predict(X_test), answers)
    np.testing.assert_array_equal(answers, model.classes_[model.predict_proba(X_test).argmax(axis=1)])


@pytest.mark.parametrize("load", [load_breast_cancer, load_digits], ids=["cancer", "digits"])
def test_an_ensemble_finds_one_that_does_no_harm(load):
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
    model = DeepClassifier(**SMALL).fit(X, y)
    assert model.temperature_ > 0
    told = model.predict_proba(X_test)
    untempered = with_temperature(told, 1 / model.temperature_)
    raw = model.ensemble_.outputs(model._table(X_test, reset=False, where="here"))
    np.testing.assert_allclose(untempered, model._labels.probabilities(raw), rtol=1e-5, atol=1e-7)
    # answers of one fold say how sure all together may be: about, so log-losses that are good already stay so
    assert log_loss(y_test, told) < 1.02 * log_loss(y_test, untempered)
    np.testing.assert_array_equal(model.predict(X_test), told.argmax(axis=1))


def test_own_validation_data_are_what_it_is_found_on():
    X, y = make_moons(400, noise=0.3, random_state=1)
    given_rows = DeepClassifier(**SMALL).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    A = given_rows._labels.probabilities(given_rows._outputs(X[200:]))
    assert given_rows.temperature_ == fit_temperature(A, np.eye(2)[y[200:]])
    assert [len(scores) for scores in given_rows._calibration.scores] == [200]


def test_several_columns_have_one_temperature():
    X, Y = make_multilabel_classification(400, random_state=1)
    model = DeepClassifier(**SMALL).fit(X[:200], Y[:200])
    before = model.predict(X[200:])
    model.calibrate(X[200:], Y[200:])
    P = model.predict_proba(X[200:])
    assert ((P > 0) & (P < 1)).all()
    np.testing.assert_array_equal(model.predict(X[200:]), before)
    np.testing.assert_array_equal(P > 0.5, before)


def test_classes_in_order_keep_the_most_probable_one():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 2))
    y = np.digitize(X[:, 0] + 0.5 * rng.standard_normal(300), [-0.5, 0.5])
    model = DeepClassifier(loss="ordinal", **SMALL).fit(X, y)
    P = model.calibrate(X, y).predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X), P.argmax(axis=1))


def test_a_new_fit_forgets_and_a_refused_calibration_changes_nothing(overconfident):
    model, (X, y), _ = overconfident
    T = model.calibrate(X, y).temperature_
    with pytest.raises(ValueError, match="weight"):
        model.calibrate(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(DataError, match="y has the classes"):
        model.calibrate(X, y + 5)
    assert model.temperature_ == T
    again = DeepClassifier(5, max_iter=1000, tol=1e-2, random_state=1, preset="mlp").fit(X, y).calibrate(X, y)
    assert again.fit(X, y).temperature_ == 1.0


def test_there_is_none_before_a_fit():
    assert not hasattr(DeepClassifier(preset="mlp"), "temperature_")
