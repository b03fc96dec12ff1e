"""Weights of examples and of classes."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_blobs, make_multilabel_classification
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_sample_weight

from deepstep import DeepClassifier, estimators
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
    """'balanced' counts what is learned from alone, as test_class_weights.py of networks shows."""
    X, y = unbalanced(classes)
    names = np.array(["a", "b", "c"])[y]
    settings = {**SETTINGS, "batch_size": 50, "early_stopping": early_stopping}
    sample_weight = np.random.RandomState(0).rand(len(y))
    by_hand, rows = {"b": 5.0, "c": 2.5} if classes == 3 else {"b": 5.0}, np.array([1.0, 5.0, 2.5])[y]
    learned, _ = hold_out(Examples(X, y[:, np.newaxis], None), y, fraction=0.1, seed=1)
    counts = np.bincount(learned.Y[:, 0]) if early_stopping else np.bincount(y)
    balanced = counts.sum() / (classes * counts)
    for class_weight, weight, product in (
        ("balanced", None, balanced[y]),
        (by_hand, None, rows),
        (by_hand, sample_weight, sample_weight * rows),
    ):
        weighted = NetworkClassifier(class_weight=class_weight, **settings).fit(X, names, weight)
        explicit = NetworkClassifier(**settings).fit(X, names, product)
        assert_allclose(weighted.network_.parameters.flat, explicit.network_.parameters.flat, rtol=1e-12)
        assert weighted.validation_scores_ == explicit.validation_scores_


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
    with pytest.raises(
        ConfigurationError, match="class_weight must have a mapping for each of 3 columns, got 2"
    ):
        NetworkClassifier(class_weight=mappings[:2]).fit(X, columns)


@pytest.mark.parametrize(
    ("class_weight", "weight", "message"),
    [
        ({0: -1.0}, None, "at least 0"),
        ({7: 2.0}, None, "labels among"),
        (None, np.zeros(170), "[Ww]eight"),
        (None, -np.ones(170), "[Ww]eight"),
        (None, np.repeat([1.0, 0.0], [150, 20]), "one class"),
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
    model = DeepClassifier(**settings).fit(X, y, weight, **given)
    (preset,) = model.tried_
    answers = y_val, model.predict_proba(X_val), of_rows[::3]
    labels, probabilities, weights = answers if validated else (y, model.oof_predictions_, of_rows)
    assert preset.loss == pytest.approx(log_loss(labels, probabilities, sample_weight=weights), rel=1e-5)
    assert abs(preset.loss - log_loss(labels, probabilities)) > 1e-3
