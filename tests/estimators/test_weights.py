"""Weights of examples and of classes."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, make_blobs, make_multilabel_classification
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.utils.class_weight import compute_sample_weight

from deepstep import estimators
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Examples, hold_out

# equal to the last digits, in sums of other orders
NetworkClassifier = partial(estimators.NetworkClassifier, dtype="float64")
NetworkRegressor = partial(estimators.NetworkRegressor, dtype="float64")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:batch_size 500 is larger"),  # on purpose: all examples at once
]

SETTINGS = {"hidden_layer_sizes": (6, 4), "batch_size": 500, "random_state": 1, "max_iter": 30, "alpha": 0.5}


def unbalanced(classes=2):
    sizes = [150, 20, 30][:classes]
    X, y = make_blobs(sizes, 3, cluster_std=4, random_state=2)
    return X, y


@pytest.mark.parametrize("Estimator", [NetworkClassifier, NetworkRegressor])
def test_batches_of_weight_0_are_no_part_of_the_cost(Estimator):
    """The end of training and the best cost go by it."""
    X, y = make_blobs(400, 3, centers=2, cluster_std=4, random_state=2)
    settings = {**SETTINGS, "batch_size": 100, "shuffle": False, "max_iter": 60, "tol": 5e-3}
    weighted = Estimator(**settings).fit(X, y, np.repeat([1.0, 0.0], 200))
    half = Estimator(**settings).fit(X[:200], y[:200])
    assert_allclose(weighted.loss_curve_, half.loss_curve_, rtol=1e-12)
    assert_allclose(weighted.best_loss_, half.best_loss_, rtol=1e-12)
    assert weighted.n_iter_ == half.n_iter_


@pytest.mark.parametrize(("classes", "early_stopping"), [(2, True), (3, False)])
def test_class_weight_is_a_sample_weight(classes, early_stopping):
    X, y = unbalanced(classes)
    names = np.array(["a", "b", "c"])[y]
    settings = {**SETTINGS, "batch_size": 50, "early_stopping": early_stopping}
    own = np.random.RandomState(0).rand(len(y))
    by_hand, of_rows = {"b": 5.0, "c": 2.5} if classes == 3 else {"b": 5.0}, np.array([1.0, 5.0, 2.5])[y]
    for class_weight, given, product in (
        ("balanced", None, compute_sample_weight("balanced", y)),
        (by_hand, None, of_rows),
        (by_hand, own, own * of_rows),
    ):
        weighted = NetworkClassifier(class_weight=class_weight, **settings).fit(X, names, given)
        explicit = NetworkClassifier(**settings).fit(X, names, product)
        assert_allclose(weighted.network_.parameters.flat, explicit.network_.parameters.flat, rtol=1e-12)


@pytest.mark.parametrize("weighed", [False, True])
def test_balanced_counts_what_is_learned_from_alone(weighed):
    """What early stopping holds out has no say, and has the weights of the others in its cost; a refit
    learns from all, and counts all.
    """
    X, y = unbalanced()
    weight = np.random.RandomState(0).rand(len(y)) if weighed else None
    settings = {**SETTINGS, "early_stopping": True, "validation_fraction": 0.33, "batch_size": 50}
    model = NetworkClassifier(class_weight="balanced", **settings).fit(X, y, weight)
    learn, held = hold_out(Examples(X, y[:, np.newaxis], weight), y, fraction=0.33, seed=1, where="test")
    counts = np.bincount(learn.Y[:, 0], learn.weight)
    by_hand = dict(enumerate(counts.sum() / (2 * counts)))
    given = NetworkClassifier(class_weight=by_hand, **settings).fit(X, y, weight)
    assert_allclose(model.network_.parameters.flat, given.network_.parameters.flat, rtol=1e-12)
    assert_allclose(model.validation_costs_, given.validation_costs_, rtol=1e-12)
    of_all = np.bincount(y, weight)
    assert not np.allclose(counts / counts.sum(), of_all / of_all.sum())  # it makes a difference
    again = NetworkClassifier(class_weight="balanced", refit=True, **settings).fit(X, y, weight)
    everything = np.r_[learn.X, held.X], np.r_[learn.Y, held.Y][:, 0]
    explicit = compute_sample_weight(dict(enumerate(of_all.sum() / (2 * of_all))), everything[1])
    if weighed:
        explicit *= np.r_[learn.weight, held.weight]
    whole = {**SETTINGS, "batch_size": 50, "max_iter": again.n_iter_}
    alone = NetworkClassifier(**whole).fit(*everything, explicit)
    assert_allclose(again.network_.parameters.flat, alone.network_.parameters.flat, rtol=1e-9)


LOSSES = [
    (NetworkClassifier, {"loss": "ordinal"}),
    (NetworkClassifier, {"loss_params": {"smoothing": 0.2}}),
    (NetworkRegressor, {"loss": "absolute_error"}),
    (NetworkRegressor, {"loss": "huber", "loss_params": {"delta": 0.3}}),
    (NetworkRegressor, {"loss": "poisson"}),
    (NetworkRegressor, {"loss": "quantile"}),
]


@pytest.mark.parametrize(("Estimator", "settings"), LOSSES)
def test_weight_2_is_the_row_twice_in_every_loss_and_in_validation(Estimator, settings):
    X, y = unbalanced(3)
    weight = np.random.RandomState(0).randint(0, 4, len(y))
    twice = np.repeat(X, weight, axis=0), np.repeat(y, weight)
    settings = {**SETTINGS, "max_iter": 10, **settings}
    weighted = Estimator(**settings).fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    repeated = Estimator(**settings).fit(*twice, X_val=twice[0], y_val=twice[1])
    assert_allclose(
        weighted.network_.parameters.flat, repeated.network_.parameters.flat, rtol=1e-6, atol=1e-9
    )
    assert_allclose(weighted.validation_costs_, repeated.validation_costs_, rtol=1e-9)
    assert_allclose(weighted.validation_scores_, repeated.validation_scores_, rtol=1e-9)


def test_validation_data_have_the_weights_of_the_training_classes():
    X, y = unbalanced()
    rows = np.arange(len(y)) % 3 == 0  # other shares of the classes than in training
    by_class = {0: 0.5, 1: 7.0}
    settings = {**SETTINGS, "max_iter": 5}
    weighted = NetworkClassifier(class_weight=by_class, **settings)
    weighted.fit(X, y, X_val=X[rows], y_val=y[rows])
    explicit = NetworkClassifier(**settings)
    of_rows = np.array([0.5, 7.0])[y]
    explicit.fit(X, y, of_rows, X_val=X[rows], y_val=y[rows], sample_weight_val=of_rows[rows])
    assert_allclose(weighted.validation_costs_, explicit.validation_costs_, rtol=1e-12)
    assert_allclose(weighted.validation_scores_, explicit.validation_scores_, rtol=1e-12)


def test_class_weight_of_several_columns():
    """The product over the columns, as `compute_sample_weight` has it."""
    X, columns = make_multilabel_classification(80, 6, n_classes=3, random_state=0)
    mappings = [{0: 1.0, 1: 4.0}, {1: 2.0}, {0: 0.5}]
    full = [{0: 1.0, 1: 1.0} | mapping for mapping in mappings]
    for class_weight, expected in (
        ("balanced", compute_sample_weight("balanced", columns)),
        (mappings, compute_sample_weight(full, columns)),
        (full[0], compute_sample_weight([full[0]] * 3, columns)),
    ):
        weighted = NetworkClassifier(class_weight=class_weight, **SETTINGS).fit(X, columns)
        explicit = NetworkClassifier(**SETTINGS).fit(X, columns, expected)
        assert_allclose(weighted.network_.parameters.flat, explicit.network_.parameters.flat, rtol=1e-9)
    with pytest.raises(ConfigurationError, match="balanced"):
        NetworkClassifier(class_weight="balanced").partial_fit(X, columns[:, 0], classes=[0, 1])
    with pytest.raises(ConfigurationError, match="a mapping for each of 3 columns; got 2"):
        NetworkClassifier(class_weight=mappings[:2]).fit(X, columns)


@pytest.mark.parametrize(
    ("class_weight", "weight", "message"),
    [
        ({0: -1.0}, None, "at least 0"),
        ({7: 2.0}, None, "labels among"),
        ({0: float("nan")}, None, "at least 0"),
        ({0: "x"}, None, "at least 0"),
        (None, np.zeros(170), "[Ww]eight"),
        (None, -np.ones(170), "[Ww]eight"),
        (None, np.full(170, np.nan), "[Ww]eight"),
        (None, np.ones(3), "[Ww]eight"),
        (None, np.repeat([1.0, 0.0], [150, 20]), "two classes"),
    ],
)
def test_bad_weights(class_weight, weight, message):
    X, y = unbalanced()
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(class_weight=class_weight).fit(X[np.argsort(y)], np.sort(y), weight)


QUICK = {"n_estimators": 2, "network_params": {"epochs": 4}, "random_state": 1}


def weights_of(y, sample_weight, class_weight):
    """Weights for the fit, and those of the rows with the classes' factors."""
    weight = np.random.RandomState(3).exponential(size=len(y)) if sample_weight else None
    if class_weight == "balanced":
        counts = np.bincount(y, weight)
        class_weight = dict(enumerate(counts.sum() / (len(counts) * counts)))
    factors = 1.0 if class_weight is None else np.array([class_weight[label] for label in range(3)])[y]
    return weight, factors * (1.0 if weight is None else weight)


@pytest.mark.parametrize(
    ("sample_weight", "class_weight"), [(True, None), (False, {0: 1.0, 1: 7.0, 2: 0.3}), (True, "balanced")]
)
@pytest.mark.parametrize("validated", [False, True])
def test_the_cost_of_a_preset_is_weighted(sample_weight, class_weight, validated):
    """It chooses the epochs and the presets; rows of validation data count by their own weights."""
    X, y = unbalanced(3)
    weight, of_rows = weights_of(y, sample_weight, class_weight)
    X_val, y_val = X[::3] + 1, y[::3]
    given = {} if not validated else {"X_val": X_val, "y_val": y_val}
    if validated and sample_weight:
        given["sample_weight_val"] = weight[::3]
    settings = {**QUICK, "n_estimators": 1 if validated else 2, "class_weight": class_weight}
    model = estimators.DeepClassifier(**settings).fit(X, y, weight, **given)
    (preset,) = model.tried_
    answers = y_val, model.predict_proba(X_val), of_rows[::3]
    labels, probabilities, weights = answers if validated else (y, model.oof_predictions_, of_rows)
    assert preset.loss == pytest.approx(log_loss(labels, probabilities, sample_weight=weights), rel=1e-5)
    assert abs(preset.loss - log_loss(labels, probabilities)) > 1e-3


def test_the_cost_of_a_preset_is_weighted_in_a_regression():
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.RandomState(3).exponential(size=len(y))
    model = estimators.DeepRegressor(**QUICK).fit(X, y, weight)
    (preset,) = model.tried_
    expected, plain = (mean_squared_error(y, model.oof_predictions_, sample_weight=w) for w in (weight, None))
    assert preset.loss == pytest.approx(expected / 2, rel=1e-6)
    assert abs(plain / expected - 1) > 1e-3
