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
    (NetworkRegressor, {"loss": "huber", "loss_params": {"delta": 0.3}}),
    (NetworkRegressor, {"loss": "poisson"}),
    (NetworkRegressor, {"loss": "quantile"}),
]


@pytest.mark.parametrize(("Estimator", "settings"), LOSSES)
def test_weight_2_is_the_row_twice_in_every_loss_and_in_validation(Estimator, settings):
    X, y = unbalanced(3)
    weight, settings = (
        np.random.RandomState(0).randint(0, 4, len(y)),
        {**SETTINGS, "max_iter": 10, **settings},
    )
    rows, labels = np.repeat(X, weight, axis=0), np.repeat(y, weight)
    weighted = Estimator(**settings).fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    repeated = Estimator(**settings).fit(rows, labels, X_val=rows, y_val=labels)
    theta, expected = (each.network_.parameters.flat for each in (weighted, repeated))
    assert_allclose(theta, expected, rtol=1e-6, atol=1e-9)
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


def test_bad_weights():
    X, columns = make_multilabel_classification(80, 6, n_classes=2, random_state=0)
    y = columns[:, 0]
    for class_weight, labels, weight, message in (
        ({0: -1.0}, y, None, "at least 0"),
        ({7: 2.0}, y, None, "labels among"),
        ([{}], columns, None, "class_weight must have a mapping for each of 2 columns, got 1"),
        (None, y, np.zeros(80), "[Ww]eight"),
        (None, y, -np.ones(80), "[Ww]eight"),
        (None, y, y, "one class"),
    ):
        with pytest.raises(ValueError, match=message):
            NetworkClassifier(class_weight=class_weight).fit(X, labels, weight)


QUICK = {"n_estimators": 2, "network_params": {"epochs": 4}, "random_state": 1}


@pytest.mark.parametrize(
    ("weighted", "class_weight"), [(True, None), (False, {0: 1.0, 1: 7.0, 2: 0.3}), (True, "balanced")]
)
@pytest.mark.parametrize("validated", [False, True])
def test_the_cost_of_a_preset_is_weighted(weighted, class_weight, validated):
    """It chooses the epochs and the presets; rows of validation data count by their own weights."""
    X, y = unbalanced(3)
    weight = np.random.RandomState(3).exponential(size=len(y)) if weighted else np.ones(len(y))
    counts, factors = np.bincount(y, weight), np.ones(3)
    if class_weight is not None:
        factors = counts.sum() / (3 * counts) if weighted else np.array([1.0, 7.0, 0.3])
    own = {"X_val": X[::3] + 1, "y_val": y[::3], "sample_weight_val": weight[::3]}
    settings = {**QUICK, "n_estimators": 1 if validated else 2, "class_weight": class_weight}
    model = DeepClassifier(**settings).fit(X, y, weight, **(own if validated else {}))
    of_rows, labels = factors[y] * weight, y
    if validated:
        of_rows, labels = of_rows[::3], y[::3]
    probabilities = model.predict_proba(X[::3] + 1) if validated else model.oof_predictions_
    (preset,) = model.tried_
    assert preset.loss == pytest.approx(log_loss(labels, probabilities, sample_weight=of_rows), rel=1e-5)
    assert abs(preset.loss - log_loss(labels, probabilities)) > 1e-3
