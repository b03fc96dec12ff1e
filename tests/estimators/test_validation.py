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
BOTH = pytest.mark.parametrize("Estimator", [NetworkClassifier, NetworkRegressor])


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


def epoch_by_epoch(estimator, metric, y):
    """The metric of estimators that were trained for 1, 2, … epochs and never saw the validation data."""
    scores = []
    for epochs in range(1, estimator.max_iter + 1):
        alone = clone(estimator).set_params(max_iter=epochs, scoring=None).fit(X[~VAL], y[~VAL])
        scores.append(metric(y[VAL], alone, X[VAL]))
    return scores


METRICS = {
    None: lambda y, model, X: model.score(X, y),
    "neg_log_loss": lambda y, model, X: -log_loss(y, model.predict_proba(X)),
    "roc_auc_ovr": lambda y, model, X: roc_auc_score(y, model.predict_proba(X), multi_class="ovr"),
    "neg_mean_absolute_error": lambda y, model, X: -mean_absolute_error(y, model.predict(X)),
}


@pytest.mark.parametrize("scoring", METRICS)
def test_any_metric(scoring):
    numbers, metric = scoring == "neg_mean_absolute_error", METRICS[scoring]
    Estimator, y = (NetworkRegressor, Y + X[:, 0]) if numbers else (NetworkClassifier, NAMES)
    model = fit(Estimator(scoring=scoring, **FAST), y)
    assert_allclose(model.validation_scores_, epoch_by_epoch(model, metric, y=y), rtol=1e-12)
    alone = Estimator(**FAST).fit(X[~VAL], y[~VAL])
    assert_array_equal(theta(model), theta(alone))  # looking changes nothing
    assert model.best_validation_score_ is None  # nothing was stopped
    by_function = fit(Estimator(scoring=lambda estimator, X, y: metric(y, estimator, X), **FAST), y)
    assert by_function.validation_scores_ == model.validation_scores_


def test_validation_cost_is_the_loss_alone():
    """Without L2, which would weigh more the fewer the validation data are; in weights."""
    weight = np.random.RandomState(0).rand(150)
    model = NetworkClassifier(alpha=5.0, scoring="loss", **FAST)
    fit(model, sample_weight=weight[~VAL], sample_weight_val=weight[VAL])
    p = model.predict_proba(X[VAL])
    expected = log_loss(NAMES[VAL], p, sample_weight=weight[VAL])
    assert model.validation_costs_[-1] == pytest.approx(expected)
    assert len(model.validation_costs_) == 6
    assert model.validation_scores_ == [-cost for cost in model.validation_costs_]


@pytest.mark.parametrize(
    ("Estimator", "settings"), [(NetworkClassifier, {"scoring": "loss"}), (NetworkRegressor, BUSY)]
)
def test_the_best_epoch_is_kept(Estimator, settings):
    """Parameters and running statistics: those of a training that ended there."""
    y = NAMES if Estimator is NetworkClassifier else Y + np.sin(9 * X[:, 1])
    settings = {**FAST, "max_iter": 25, "n_iter_no_change": np.inf, "learning_rate_init": 0.1, **settings}
    model = fit(Estimator(early_stopping=True, **settings), y)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert best < 25
    alone = Estimator(**{**settings, "scoring": None, "callbacks": ending_after(best)}).fit(X[~VAL], y[~VAL])
    assert_array_equal(theta(model), theta(alone))
    assert_array_equal(model.predict(X), alone.predict(X))
    assert model.best_validation_score_ == max(model.validation_scores_)
    by_cost = settings.get("scoring") == "loss"
    assert model.best_loss_ == (min(model.validation_costs_) if by_cost else None)


@BOTH
def test_refit_is_a_fit_on_everything_for_the_best_count(Estimator):
    y = NAMES if Estimator is NetworkClassifier else Y + np.sin(9 * X[:, 1])
    settings = {**FAST, "max_iter": 25, "learning_rate_init": 0.1, **BUSY}
    first = fit(Estimator(early_stopping=True, n_iter_no_change=5, **settings), y)
    model = fit(clone(first).set_params(refit=True), y)
    best = int(np.argmax(first.validation_scores_)) + 1
    assert best < first.n_iter_
    everything = np.r_[X[~VAL], X[VAL]], np.r_[y[~VAL], y[VAL]]
    alone = Estimator(callbacks=ending_after(best), n_iter_no_change=25, **settings).fit(*everything)
    assert_array_equal(theta(model), theta(alone))
    assert (model.n_iter_, model.t_) == (best, best * 150)
    assert model.validation_scores_ == first.validation_scores_
    assert model.best_validation_score_ == first.best_validation_score_
    assert model.history_.stopped == f"refitted for {best} epochs"
    assert len(model.stopping_history_) == first.n_iter_
    assert first.stopping_history_ is None


def test_refit_of_a_part_learns_from_all_rows_and_counts_their_classes():
    rows = (Y > 0) | (np.arange(150) % 5 == 0)
    settings = {**FAST, "max_iter": 30, "class_weight": "balanced"}
    model = NetworkClassifier(early_stopping=True, refit=True, **settings).fit(csr_array(X[rows]), Y[rows])
    examples = Examples(X[rows], Y[rows, np.newaxis], None)
    parts = hold_out(examples, Y[rows], fraction=0.1, seed=1)
    settings["max_iter"] = model.n_iter_
    alone = NetworkClassifier(**settings)
    alone.fit(np.vstack([part.X for part in parts]), np.vstack([part.Y for part in parts])[:, 0])
    assert_allclose(theta(model), theta(alone), rtol=1e-9)
    assert model.t_ == model.n_iter_ * rows.sum()


def test_a_refit_that_diverges_keeps_the_network_that_was_validated():
    settings = {**FAST, "max_iter": 12, "solver": "sgd", "early_stopping": True}
    held = X[VAL].copy()
    held[0] = 1e200  # its cost is finite as long as it is not learned from
    rows = {"X_val": held, "y_val": NAMES[VAL]}
    first = NetworkClassifier(**settings).fit(X[~VAL], NAMES[~VAL], **rows)
    with pytest.warns(
        UserWarning, match=r"diverged in the refit .*: the network is kept as before the refit"
    ):
        model = NetworkClassifier(refit=True, **settings).fit(X[~VAL], NAMES[~VAL], **rows)
    assert_array_equal(theta(model), theta(first))
    assert model.score(X, NAMES) == first.score(X, NAMES)
    assert not model.interrupted_


def test_a_score_that_is_never_a_number_is_named():
    model = NetworkClassifier(scoring=lambda *_: np.nan, early_stopping=True, **FAST)
    with pytest.warns(
        UndefinedMetricWarning, match="^validation_score was .* none of 6 epochs, nan .* scoring"
    ):
        fit(model)
    assert model.best_validation_score_ is None


def test_lbfgs_is_judged_too():
    lbfgs = {"solver": "lbfgs", "early_stopping": True, "scoring": "loss"}
    model = fit(NetworkClassifier(**{**FAST, **lbfgs, "max_iter": 4}))
    expected = -log_loss(NAMES[VAL], model.predict_proba(X[VAL]))
    assert -model.validation_costs_[-1] == pytest.approx(expected)
    assert model.validation_scores_ == [-cost for cost in model.validation_costs_]
    model.set_params(scoring=None).fit(X, NAMES)  # holds nothing out, as in scikit-learn


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
