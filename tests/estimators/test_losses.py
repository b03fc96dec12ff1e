"""Targets of one network: losses, scales and orders of classes, probabilities in place of labels, scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import huber
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import accuracy_score, d2_pinball_score
from sklearn.preprocessing import StandardScaler

from deepstep import DeepClassifier, NetworkClassifier, NetworkRegressor
from deepstep.equations import register_head, unregister_head
from deepstep.errors import ConfigurationError, DataError

# scikit-learn looks at NaN
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast")

LINEAR = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "random_state": 0, "tol": 1e-8}
LINEAR |= {"max_iter": 5000}


@pytest.fixture(scope="module")
def numbers():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


def test_huber_is_that_of_scipy(numbers):
    X, y = numbers
    model = NetworkRegressor(loss="huber", loss_params={"delta": 0.7}, **LINEAR).fit(X, y)

    def cost(theta):
        return huber(0.7, X @ theta[:-1] + theta[-1] - y).mean()

    best = minimize(cost, np.zeros(11), tol=1e-12)
    assert_allclose(np.append(model.coefs_[0][:, 0], model.intercepts_[0]), best.x, atol=5e-4)
    assert model.loss_ == pytest.approx(best.fun, abs=1e-7)


def test_medians_are_those_of_scikit_learn(numbers):
    X, y = numbers
    settings = {**LINEAR, "solver": "adam", "learning_rate_init": 0.05, "schedule": "cosine", "max_iter": 400}
    model = NetworkRegressor(loss="absolute_error", n_iter_no_change=np.inf, **settings).fit(X, y)
    theirs = QuantileRegressor(quantile=0.5, alpha=0).fit(X, y)
    ours, best = (np.abs(fitted.predict(X) - y).mean() for fitted in (model, theirs))
    assert best <= ours < best + 1e-3


def test_quantiles_cover_their_share_and_do_not_cross():
    """Noise that grows with x: the 10 % quantile is x - 1.2816·x, the 90 % one x + 1.2816·x."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 2, 4000)
    y = x + x * rng.standard_normal(4000)
    model = NetworkRegressor(loss="quantile", solver="lbfgs", random_state=0, activation="tanh", max_iter=300)
    model.fit(x[:, np.newaxis], y)
    predicted = model.predict(x[:, np.newaxis])
    assert (model.quantiles_, predicted.shape) == ((0.1, 0.5, 0.9), (4000, 3))
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert_allclose((y[:, np.newaxis] < predicted).mean(axis=0), [0.1, 0.5, 0.9], atol=0.02)
    at = model.predict([[1.0], [1.8]])
    assert_allclose(at, np.outer([1.0, 1.8], 1 + np.array([-1.2816, 0, 1.2816])), atol=0.2)
    by_hand = [d2_pinball_score(y, predicted[:, k], alpha=q) for k, q in enumerate((0.1, 0.5, 0.9))]
    assert model.score(x[:, np.newaxis], y) == pytest.approx(np.mean(by_hand))


def test_ordered_classes():
    """Three classes along a line: the middle one is where neither question is answered surely."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, 3000)
    noisy = x + rng.logistic(size=3000) * 0.3
    names = np.array([10, 20, 30])[(noisy > -1).astype(int) + (noisy > 1)]
    model = NetworkClassifier(loss="ordinal", solver="lbfgs", random_state=0, activation="tanh", alpha=1e-2)
    model.fit(x[:, np.newaxis], names)
    assert model.n_outputs_ == 2
    assert_array_equal(model.predict([[-2.5], [0.0], [2.5]]), [10, 20, 30])
    p = model.predict_proba(x[:, np.newaxis])
    assert_allclose(p.sum(axis=1), 1)
    assert p.min() >= 0
    # P(y > k) is logistic in (x ∓ 1) / 0.3
    at = np.array([-1.5, -1.0, 0.0, 0.8])
    above = 1 - model.predict_proba(at[:, np.newaxis])[:, 0], model.predict_proba(at[:, np.newaxis])[:, 2]
    for answer, threshold in zip(above, (-1, 1), strict=True):
        assert_allclose(answer, 1 / (1 + np.exp(-(at - threshold) / 0.3)), atol=0.1)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_label_smoothing_of_constant_inputs(n_classes):
    """What is learned is the shares, drawn to even ones: (1 - ε)·share + ε / K."""
    y = np.repeat(np.arange(n_classes), [60, 40, 20][:n_classes])
    shares = np.bincount(y) / len(y)
    model = NetworkClassifier(loss_params={"smoothing": 0.3}, **LINEAR).fit(np.zeros((len(y), 1)), y)
    assert_allclose(model.predict_proba([[0.0]])[0], 0.7 * shares + 0.3 / n_classes, atol=1e-5)


def test_own_losses(numbers):
    X, y = numbers

    def brier(ZL, Y):
        return np.sum((1 / (1 + np.exp(-ZL)) - Y) ** 2, axis=0, keepdims=True)

    def brier_backward(ZL, Y):
        A = 1 / (1 + np.exp(-ZL))
        return 2 * (A - Y) * A * (1 - A)

    register_head("brier", brier, brier_backward, activation="sigmoid", targets="probabilities")
    try:
        classes = NetworkClassifier(loss="brier", solver="lbfgs", random_state=0).fit(X, y > 0)
        p = classes.predict_proba(X)[:, 1]
        assert classes.score(X, y > 0) > 0.75
        assert classes.network_.cost(X.T, (y > 0)[np.newaxis]) == pytest.approx(np.mean((p - (y > 0)) ** 2))
        with pytest.raises(ConfigurationError, match="cannot learn a target of 3 classes"):
            NetworkClassifier(loss="brier").fit(*load_iris(return_X_y=True))
    finally:
        unregister_head("brier")


# Scaled targets, orders of classes

ROWS, TARGETS = load_diabetes(return_X_y=True)
FAST = {"hidden_layer_sizes": 8, "max_iter": 5, "random_state": 1, "learning_rate_init": 0.01}


@pytest.mark.parametrize("settings", [{}, {"loss": "huber", "loss_params": {"delta": 30.0}}])
def test_scaled_targets_are_those_of_a_standard_scaler_on_the_rows_that_are_learned_from(settings):
    """What early stopping holds out has no say; its scores are in the units of the target."""
    val = np.arange(len(TARGETS)) % 3 == 0
    far, plain = np.where(val, TARGETS + 1e4, TARGETS), NetworkRegressor(**FAST)
    by_hand = TransformedTargetRegressor(plain, transformer=StandardScaler()).fit(ROWS[~val], TARGETS[~val])
    model = NetworkRegressor(scale_targets=True, **FAST, **settings)
    model.fit(ROWS[~val], far[~val], X_val=ROWS[val], y_val=far[val])
    assert model.validation_scores_[-1] == pytest.approx(model.score(ROWS[val], far[val]))
    if not settings:
        assert_allclose(model.predict(ROWS), by_hand.predict(ROWS), rtol=1e-9)
        assert_allclose(model.loss_curve_, by_hand.regressor_.loss_curve_, rtol=1e-9)
    assert_array_equal(model.predict(ROWS), model.fit(ROWS[~val], TARGETS[~val]).predict(ROWS))


def test_classes_have_the_order_that_is_given_and_may_be_missing_in_y():
    y, order = np.where(TARGETS > 200, "high", "low"), ["low", "middle", "high"]
    model = NetworkClassifier(8, loss="ordinal", classes=order, max_iter=200, random_state=1).fit(ROWS, y)
    assert model.classes_.tolist() == order
    assert model.predict_proba(ROWS).shape == (len(TARGETS), 3)
    with pytest.raises(DataError, match=r"y has the classes .* known are"):
        model.set_params(classes=order[:2]).fit(ROWS, y)
    with pytest.raises(ConfigurationError, match="classes must be at least two different labels"):
        model.set_params(classes=["low", "low"]).fit(ROWS, y)


# Probabilities in place of labels

IRIS, Y = load_iris(return_X_y=True)
NAMES = np.array(["red", "green", "blue"])
P = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], 150)
FITS = {
    "ensemble": (DeepClassifier, {"presets": "ple", "n_estimators": 2, "network_params": {"epochs": 2}}),
    "network": (NetworkClassifier, {"early_stopping": True, "class_weight": "balanced", "max_iter": 5}),
    "smoothing": (NetworkClassifier, {"loss_params": {"smoothing": 0.1}, "max_iter": 5}),
    "lbfgs": (NetworkClassifier, {"solver": "lbfgs", "max_iter": 20}),
}


@pytest.mark.parametrize("name", FITS)
def test_one_hot_targets_are_the_labels(name):
    """Of three classes, or two."""
    (Classifier, settings), load = FITS[name], load_iris if [*FITS].index(name) % 2 else load_breast_cancer
    X, y = load(return_X_y=True)
    X, y, names = StandardScaler().fit_transform(X[::2]), y[::2], np.sort(NAMES)[: y.max() + 1]
    one_hot = np.eye(len(names))[y]
    by_label = Classifier(random_state=1, **settings).fit(X, names[y])
    soft = Classifier(random_state=1, soft_targets=True, classes=names, **settings).fit(X, one_hot)
    assert_array_equal(soft.predict_proba(X), by_label.predict_proba(X))
    assert_array_equal(soft.predict(X), by_label.predict(X))
    assert soft.score(X, names[y]) == soft.score(X, one_hot) == by_label.score(X, names[y])
    assert getattr(soft, "temperature_", 1) == getattr(by_label, "temperature_", 1)


def test_a_label_twice_is_a_row_of_half_each():
    """A row that is "red" once and "blue" once teaches as much as 0.5 and 0.5 of twice the weight."""
    X = StandardScaler().fit_transform(IRIS)
    model = NetworkClassifier((5,), solver="lbfgs", alpha=0.5, max_iter=60, random_state=0)
    twice = np.concatenate([np.zeros(150, int), np.full(150, 2), [1]])
    by_label = clone(model).fit(X[[*range(150), *range(150), 0]], NAMES[twice])
    soft = clone(model).set_params(soft_targets=True, classes=["blue", "green", "red"])
    Q = np.concatenate([np.tile([0.5, 0.0, 0.5], (150, 1)), [[0.0, 1.0, 0.0]]])
    soft.fit(X[[*range(150), 0]], Q, [2.0] * 150 + [1.0])
    assert_allclose(soft.predict_proba(X), by_label.predict_proba(X), atol=1e-4)


def test_what_an_ensemble_does_with_held_out_rows():
    few = {"n_estimators": 3, "network_params": {"epochs": 4}, "random_state": 0}
    model = DeepClassifier(soft_targets=True, classes=NAMES, **few).fit(IRIS, P)
    assert model.oof_predictions_.shape == model.predict_set(IRIS).shape == (150, 3)
    issue = model.label_issues(IRIS, P, n=1)[0]
    assert issue.given == NAMES[P[issue.row].argmax()]
    assert len(model.label_issues(IRIS, NAMES[Y])) == 150


def test_calibration_validation_partial_fit_and_warm_start():
    sure = NetworkClassifier(max_iter=90, random_state=0).fit(IRIS, Y)
    unsure = sure.set_params(soft_targets=True).calibrate(IRIS, np.full((150, 3), 1 / 3))
    assert unsure.temperature_ > 5
    early = NetworkClassifier(max_iter=3, soft_targets=True, early_stopping=True, random_state=0)
    by_label = clone(early).fit(IRIS, P, X_val=IRIS, y_val=Y)
    assert by_label.validation_costs_ == early.fit(IRIS, P, X_val=IRIS, y_val=np.eye(3)[Y]).validation_costs_
    model = NetworkClassifier(soft_targets=True, random_state=0)
    model.partial_fit(IRIS, P, classes=["c", "a", "b"]).partial_fit(IRIS, P)
    with pytest.raises(DataError, match=r"those of the first call, \['c', 'a', 'b'\], got \['a', 'b', 'c'\]"):
        model.partial_fit(IRIS, P, classes=["a", "b", "c"])
    warm = NetworkClassifier(soft_targets=True, warm_start=True, max_iter=2, random_state=0)
    assert len(warm.fit(IRIS, P).fit(IRIS, P).loss_curve_) == 4


def test_columns_of_0_and_1_are_several_targets_unless_said_otherwise():
    model, Q = NetworkClassifier(max_iter=2, random_state=0), np.eye(3, dtype=int)[Y]
    assert model.fit(IRIS, Q).predict(IRIS).shape == (150, 3)
    assert model.set_params(soft_targets=True).fit(IRIS, Q).predict(IRIS).shape == (150,)
    with pytest.raises(ValueError, match=r"Column 1 of the .* not two. .* set soft_targets=True"):
        model.set_params(soft_targets=False).fit(IRIS, P)


TEXTS = np.array(["a", "b", "c", "d"], object)
LABELS = [TEXTS, TEXTS.astype(str), [0, 1, 2, 7], [-3, -1, 0, 5], [0.0, 1.0, 2.0, 7.0], [False, True]]


def outcome(score, *arguments):
    """The score, or the words of its error."""
    try:
        return score(*arguments)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("learned", LABELS, ids=str)
def test_score_is_scikit_learns_accuracy_for_any_labels_of_training_and_scoring(learned, fresh_seed):
    rng, weight = np.random.default_rng(fresh_seed), np.linspace(0, 1, 150)
    model = NetworkClassifier(4, max_iter=3, random_state=0).fit(IRIS, rng.choice(learned, 150))
    predicted = model.predict(IRIS)
    for labels in (*LABELS, learned[:1]):
        y = rng.choice(labels, 150)
        expected = outcome(accuracy_score, y, predicted)
        assert outcome(model.score, IRIS, y) == expected
        if isinstance(expected, float):
            assert model.score(IRIS, y, weight) == accuracy_score(y, predicted, sample_weight=weight)


def test_an_unknown_label_counts_as_wrong_where_targets_are_probabilities():
    model = NetworkClassifier(max_iter=3, soft_targets=True, classes=["a", "c"]).fit(IRIS, np.eye(2)[Y % 2])
    y = np.array(["a", "b", "c"])[Y]
    assert model.score(IRIS, y) == accuracy_score(y, model.predict(IRIS))
    most = np.array(["a", "c"])[P[:, :2].argmax(axis=1)]
    shares = P[:, :2] / P[:, :2].sum(axis=1, keepdims=True)
    assert model.score(IRIS, shares) == accuracy_score(most, model.predict(IRIS))
