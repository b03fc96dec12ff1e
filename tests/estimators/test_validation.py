"""Weights of examples and of classes; validation data, the best epoch and the refit."""

from functools import partial

import numpy as np
import pytest
from iris import X, Y, theta
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import make_blobs, make_multilabel_classification
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring, log_loss, roc_auc_score
from sklearn.utils.class_weight import compute_sample_weight

from deepstep import DeepClassifier, estimators
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Examples, hold_out
from deepstep.training import StopTraining

# equal to the last digits, in sums of other orders
NetworkClassifier = partial(estimators.NetworkClassifier, dtype="float64")
NetworkRegressor = partial(estimators.NetworkRegressor, dtype="float64")

pytestmark = pytest.mark.filterwarnings("ignore:batch_size 500 is larger")  # on purpose: all examples at once

SETTINGS = {"hidden_layer_sizes": (6, 4), "batch_size": 500, "random_state": 1, "max_iter": 30, "alpha": 0.5}
UNBALANCED = make_blobs([150, 20, 30], 3, cluster_std=4, random_state=2)


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


LOSSES = [
    (NetworkClassifier, {"loss": "ordinal"}),
    (NetworkClassifier, {"loss_params": {"smoothing": 0.2}}),
    (NetworkRegressor, {"loss": "huber", "loss_params": {"delta": 0.3}}),
    (NetworkRegressor, {"loss": "poisson"}),
    (NetworkRegressor, {"loss": "quantile"}),
]


@pytest.mark.parametrize(("Estimator", "settings"), LOSSES)
def test_weight_2_is_the_row_twice_in_every_loss_and_in_validation(Estimator, settings):
    (X, y), settings = UNBALANCED, {**SETTINGS, "max_iter": 10, **settings}
    weight = np.random.RandomState(0).randint(0, 4, len(y))
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


QUICK = {"n_estimators": 2, "network_params": {"epochs": 4}, "random_state": 1}


@pytest.mark.parametrize(
    ("weighted", "class_weight"), [(True, None), (False, {0: 1.0, 1: 7.0, 2: 0.3}), (True, "balanced")]
)
@pytest.mark.parametrize("validated", [False, True])
def test_the_cost_of_a_preset_is_weighted(weighted, class_weight, validated):
    """It chooses the epochs and the presets; rows of validation data count by their own weights."""
    X, y = UNBALANCED
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


# Validation data: own ones or a part, scored with any metric; the best epoch kept; the refit

NAMES = np.array(["a", "b", "c"])[Y]
VAL = np.arange(150) % 3 == 0
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 6, "learning_rate_init": 0.02}
FAST |= {"batch_size": 20, "dtype": "float64"}
BUSY = {"solver": "adamw", "normalization": "batch", "dropout": 0.2, "schedule": "cosine"}


def fit(estimator, y=NAMES, **arguments):
    return estimator.fit(X[~VAL], y[~VAL], X_val=X[VAL], y_val=y[VAL], **arguments)


def ending_after(epochs):
    """A callback that ends training."""

    def end(record):
        if record["epoch"] + 1 == epochs:
            raise StopTraining

    return end


def auc(estimator, X, y):
    return roc_auc_score(y, estimator.predict_proba(X), multi_class="ovr")


@pytest.mark.parametrize("scoring", [None, "roc_auc_ovr", auc, "neg_mean_absolute_error"])
def test_any_metric(scoring):
    """That of estimators which were trained for 1, 2, … epochs and never saw the validation data."""
    numbers = scoring == "neg_mean_absolute_error"
    Estimator, y = (NetworkRegressor, Y + X[:, 0]) if numbers else (NetworkClassifier, NAMES)
    model, scores = fit(Estimator(scoring=scoring, **FAST), y), []
    for epochs in range(1, 7):
        alone = Estimator(**{**FAST, "max_iter": epochs}).fit(X[~VAL], y[~VAL])
        scorer = auc if scoring == "roc_auc_ovr" else check_scoring(alone, scoring)
        scores.append(scorer(alone, X[VAL], y[VAL]))
    assert_allclose(model.validation_scores_, scores, rtol=1e-12)
    assert_array_equal(theta(model), theta(alone))  # looking changes nothing
    assert model.best_validation_score_ is None  # nothing was stopped


WILD = {"max_iter": 25, "learning_rate_init": 0.3}


@pytest.mark.parametrize(
    ("Estimator", "settings"), [(NetworkClassifier, {"scoring": "loss"}), (NetworkRegressor, BUSY)]
)
def test_the_best_epoch_is_kept_and_a_refit_is_a_fit_on_everything_for_its_count(Estimator, settings):
    """Parameters and running statistics: those of a training that ended there."""
    y = NAMES if Estimator is NetworkClassifier else Y + np.sin(9 * X[:, 1])
    settings = {**FAST, **WILD, "n_iter_no_change": np.inf, **settings}
    model = fit(Estimator(early_stopping=True, **settings), y)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert best < 25
    ending = Estimator(**{**settings, "scoring": None, "callbacks": ending_after(best)})
    alone = clone(ending).fit(X[~VAL], y[~VAL])
    assert_array_equal(theta(model), theta(alone))
    assert_array_equal(model.predict(X), alone.predict(X))
    assert model.best_validation_score_ == max(model.validation_scores_)
    by_cost = settings.get("scoring") == "loss"
    assert model.best_loss_ == (min(model.validation_costs_) if by_cost else None)
    again = fit(clone(model).set_params(refit=True), y)
    alone = ending.fit(np.r_[X[~VAL], X[VAL]], np.r_[y[~VAL], y[VAL]])
    assert_array_equal(theta(again), theta(alone))
    assert (again.n_iter_, again.t_) == (best, best * 150)
    assert again.history_.stopped == f"refitted for {best} epochs"
    assert again.validation_scores_ == model.validation_scores_
    assert again.best_validation_score_ == model.best_validation_score_
    assert (len(again.stopping_history_), model.stopping_history_) == (25, None)


def test_refit_of_a_part_learns_from_all_rows_and_counts_their_classes():
    rows = (Y > 0) | (np.arange(150) % 5 == 0)
    settings = {**FAST, "max_iter": 30, "class_weight": "balanced"}
    model = NetworkClassifier(early_stopping=True, refit=True, **settings).fit(csr_array(X[rows]), Y[rows])
    parts = hold_out(Examples(X[rows], Y[rows, np.newaxis], None), Y[rows], fraction=0.1, seed=1)
    alone = NetworkClassifier(**{**settings, "max_iter": model.n_iter_})
    alone.fit(np.vstack([part.X for part in parts]), np.vstack([part.Y for part in parts])[:, 0])
    assert_allclose(theta(model), theta(alone), rtol=1e-9)
    assert model.t_ == model.n_iter_ * rows.sum()


def test_a_refit_that_diverges_keeps_the_network_that_was_validated():
    settings = {**FAST, "max_iter": 12, "solver": "sgd", "early_stopping": True}
    held = X[VAL].copy()
    held[0] = 1e200  # its cost is finite as long as it is not learned from
    rows = {"X_val": held, "y_val": NAMES[VAL]}
    first = NetworkClassifier(**settings).fit(X[~VAL], NAMES[~VAL], **rows)
    said = r"diverged in the refit .*: the network is kept as before the refit"
    with pytest.warns(UserWarning, match=said):
        model = NetworkClassifier(refit=True, **settings).fit(X[~VAL], NAMES[~VAL], **rows)
    assert_array_equal(theta(model), theta(first))
    assert not model.interrupted_


def test_a_score_that_is_never_a_number_is_named():
    model = NetworkClassifier(scoring=lambda *_: np.nan, early_stopping=True, **FAST)
    said = "^validation_score was .* none of 6 epochs, nan .* scoring"
    with pytest.warns(UndefinedMetricWarning, match=said):
        fit(model)
    assert model.best_validation_score_ is None


OTHERS = {"X_val": X, "y_val": NAMES}
TWO_COLUMNS = np.column_stack([Y > 0, Y > 1]).astype(int)
EARLY = {"early_stopping": True, "refit": True}
REFUSED = [
    ({}, {"class_weight": {"a": -1.0}}, "at least 0"),
    ({}, {"class_weight": {7: 2.0}}, "labels among"),
    ({"y": TWO_COLUMNS}, {"class_weight": [{}]}, "must have a mapping for each of 2 columns, got 1"),
    ({"sample_weight": np.zeros(150)}, {}, "[Ww]eight"),
    ({"sample_weight": -np.ones(150)}, {}, "[Ww]eight"),
    ({"sample_weight": Y == 1}, {}, "one class"),
    ({"groups": Y}, {}, "groups cannot be used .*, which hold no rows out"),
    ({"X_val": X}, {}, "y_val is missing"),
    ({"sample_weight_val": np.ones(150)}, {}, "sample_weight_val is passed without X_val"),
    ({"X_val": X[:1], "y_val": ["z"]}, {}, r"(?s)y has the classes \['z'\], known .* the validation data"),
    ({**OTHERS, "sample_weight_val": np.zeros(150)}, {}, "weight above 0|one non-zero number|weights are 0"),
    ({"X_val": X[:, :3], "y_val": NAMES}, {}, "4 features"),
    (OTHERS, {"scoring": lambda *_: np.ones(2)}, "^scoring must be a metric that gives one number, got"),
    ({}, {"scoring": "roc_auk", "early_stopping": True}, "Did you mean 'roc_auc'"),
    ({}, {"refit": True}, "early_stopping must be True where refit=True, got False"),
    ({}, {**EARLY, "time_budget": 1.0}, "^refit=True cannot repeat the rates of time_budget"),
    ({}, {**EARLY, "schedule": "plateau"}, "^refit=True cannot repeat the rates of schedule"),
    ({}, {"scoring": "f1"}, "scoring must be None .* validation data, got 'f1'"),
    # L-BFGS has no early stopping: nothing is held out to be scored, no best epoch to refit to
    ({}, {"refit": True, "scoring": "loss", "solver": "lbfgs"}, "refit, scoring cannot be used with"),
]


@pytest.mark.parametrize(("arguments", "settings", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_does_not_fit(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(**settings).fit(X, **{"y": NAMES, **arguments})
