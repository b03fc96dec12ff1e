"""Validation data: own ones or a part, scored with any metric; the best epoch kept; the refit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score
from sklearn.preprocessing import StandardScaler

from deepstep import NetworkClassifier, NetworkRegressor
from deepstep.preparation.batches import Examples, hold_out
from deepstep.training import StopTraining

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["a", "b", "c"])[Y]
VAL = np.arange(150) % 3 == 0
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 6, "learning_rate_init": 0.02}
FAST |= {"batch_size": 20, "dtype": "float64"}
BUSY = {"solver": "adamw", "normalization": "batch", "dropout": 0.2, "schedule": "cosine"}


def fit(estimator, y=NAMES, **arguments):
    return estimator.fit(X[~VAL], y[~VAL], X_val=X[VAL], y_val=y[VAL], **arguments)


def theta(estimator):
    return estimator.network_.parameters.flat


def ending_after(epochs):
    """A callback that ends training."""

    def end(record):
        if record["epoch"] + 1 == epochs:
            raise StopTraining

    return end


METRICS = {
    None: lambda y, model, X: model.score(X, y),
    "neg_log_loss": lambda y, model, X: -log_loss(y, model.predict_proba(X)),
    "roc_auc_ovr": lambda y, model, X: roc_auc_score(y, model.predict_proba(X), multi_class="ovr"),
    "neg_mean_absolute_error": lambda y, model, X: -mean_absolute_error(y, model.predict(X)),
}


@pytest.mark.parametrize("scoring", METRICS)
def test_any_metric(scoring):
    """That of estimators which were trained for 1, 2, … epochs and never saw the validation data."""
    numbers, metric = scoring == "neg_mean_absolute_error", METRICS[scoring]
    Estimator, y = (NetworkRegressor, Y + X[:, 0]) if numbers else (NetworkClassifier, NAMES)
    model, scores = fit(Estimator(scoring=scoring, **FAST), y), []
    for epochs in range(1, 7):
        alone = Estimator(**{**FAST, "max_iter": epochs}).fit(X[~VAL], y[~VAL])
        scores.append(metric(y[VAL], alone, X[VAL]))
    assert_allclose(model.validation_scores_, scores, rtol=1e-12)
    assert_array_equal(theta(model), theta(alone))  # looking changes nothing
    assert model.best_validation_score_ is None  # nothing was stopped
    by_function = fit(Estimator(scoring=lambda estimator, X, y: metric(y, estimator, X), **FAST), y)
    assert by_function.validation_scores_ == model.validation_scores_


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_cost_is_the_loss_alone(solver):
    """Without L2, which would weigh more the fewer the validation data are; in weights."""
    weight = np.random.RandomState(0).rand(150)
    settings = {**FAST, "alpha": 5.0, "scoring": "loss", "solver": solver}
    model = fit(NetworkClassifier(**settings), sample_weight=weight[~VAL], sample_weight_val=weight[VAL])
    expected = log_loss(NAMES[VAL], model.predict_proba(X[VAL]), sample_weight=weight[VAL])
    assert model.validation_costs_[-1] == pytest.approx(expected)
    assert model.validation_scores_ == [-cost for cost in model.validation_costs_]
    if solver == "lbfgs":
        model.set_params(scoring=None).fit(X, NAMES)  # holds nothing out, as in scikit-learn


WILD = {"max_iter": 25, "learning_rate_init": 0.1}


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
    assert (again.n_iter_, again.t_, again.history_.stopped) == (
        best,
        best * 150,
        f"refitted for {best} epochs",
    )
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
EARLY = {"early_stopping": True, "refit": True}
REFUSED = [
    ({"X_val": X}, {}, "y_val is missing"),
    ({"sample_weight_val": np.ones(150)}, {}, "sample_weight_val is passed without X_val"),
    ({"X_val": X[:1], "y_val": ["z"]}, {}, r"(?s)y has the classes \['z'\], known .* the validation data"),
    ({**OTHERS, "sample_weight_val": np.zeros(150)}, {}, "weight above 0|one non-zero number"),
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
        NetworkClassifier(**settings).fit(X, NAMES, **arguments)
