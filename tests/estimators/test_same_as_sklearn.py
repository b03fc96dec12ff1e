"""The same numbers as scikit-learn's network on the same starting weights and the same batches."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_blobs, make_multilabel_classification, make_regression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from deepstep.estimators import NetworkClassifier, NetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EXACT = {"rtol": 1e-10, "atol": 1e-10}
HIDDEN = (7, 5)

MAKERS = {
    "binary": lambda: make_blobs(60, 4, centers=2, cluster_std=6, random_state=1),
    "multiclass": lambda: make_blobs(60, 4, centers=3, cluster_std=6, random_state=1),
    "multilabel": lambda: make_multilabel_classification(60, 4, n_classes=3, random_state=1),
    "regression": lambda: make_regression(60, 4, noise=1.0, random_state=1),
    "regressions": lambda: make_regression(60, 4, n_targets=2, noise=1.0, random_state=1),
}


@cache
def data(task):
    X, y = MAKERS[task]()
    y = y / np.abs(y).max() if "regression" in task else y
    return StandardScaler().fit_transform(X), y, np.random.RandomState(3).randint(1, 4, 60).astype(float)


def pair(task, hidden=HIDDEN, **settings):
    """Our estimator and scikit-learn's with the same settings, parameters and order of examples."""
    pairs = (NetworkClassifier, MLPClassifier), (NetworkRegressor, MLPRegressor)
    ours, theirs = pairs["regression" in task]
    n_outputs = {"multiclass": 3, "multilabel": 3, "regressions": 2}.get(task, 1)
    rng = np.random.RandomState(0)
    sizes = [4, *hidden, n_outputs]
    start = {}
    for layer in range(1, len(sizes)):
        start[f"W{layer}"] = rng.randn(sizes[layer], sizes[layer - 1]) / 2
        start[f"b{layer}"] = rng.randn(sizes[layer], 1) / 2
    settings = {"max_iter": 6, "random_state": 5, "shuffle": False, **settings}
    theirs = theirs(hidden_layer_sizes=hidden, **settings)
    layers = iter([(start[f"W{n}"].T.copy(), start[f"b{n}"][:, 0].copy()) for n in range(1, len(sizes))])
    theirs._init_coef = lambda fan_in, fan_out, dtype: next(layers)
    return ours(hidden, initialization=start, dtype="float64", **settings), theirs


def fit_both(task, weighted, *args, **settings):
    """Both, fitted with weights or without, and the rows."""
    X, y, weight = data(task)
    ours, theirs = pair(task, *args, **settings)
    for estimator in (ours, theirs):
        estimator.fit(X, y, sample_weight=weight if weighted else None)
    return ours, theirs, X, y, weight


def assert_same(ours, theirs, *, curve=True):
    for mine, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert_allclose(mine, other, **EXACT)
    if curve:
        assert_allclose(ours.loss_curve_, theirs.loss_curve_, **EXACT)
        assert_allclose(ours.loss_, theirs.loss_, **EXACT)
        assert_allclose(ours.best_loss_ or 0, theirs.best_loss_ or 0, **EXACT)
        assert ours.t_ == theirs.t_
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.n_layers_ == theirs.n_layers_
    assert ours.n_outputs_ == theirs.n_outputs_
    assert ours.out_activation_ == theirs.out_activation_


SOLVERS = {
    "adam": {"solver": "adam", "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4, "learning_rate_init": 0.01},
    "sgd": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "nesterov": {"solver": "sgd", "momentum": 0.7, "learning_rate_init": 0.05},
    "classical": {"solver": "sgd", "momentum": 1, "nesterovs_momentum": False, "learning_rate_init": 0.01},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.5},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.5, "tol": 0.05}
    | {"n_iter_no_change": 1, "max_iter": 15},
}


# Of several numbers MLPRegressor reports the mean over the outputs while it descends the sum: its cost is
# another one than ours there, and so are the epochs in which an adaptive rate is lowered.
CASES = [
    *(("multiclass", solver) for solver in SOLVERS),
    *(("regression", solver) for solver in SOLVERS),
    *(
        (task, solver)
        for task in ("binary", "multilabel", "regressions")
        for solver in ("adam", "invscaling")
    ),
]


@pytest.mark.parametrize(("task", "solver"), CASES)
def test_batches(task, solver):
    settings = {"batch_size": 25, "alpha": 0.3, **SOLVERS[solver]}
    ours, theirs, X, y, weight = fit_both(task, CASES.index((task, solver)) % 2, **settings)
    assert_same(ours, theirs, curve=task != "regressions")
    assert_allclose(ours.predict(X), theirs.predict(X), **EXACT)
    if "regression" not in task:
        assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), **EXACT)
        assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), **EXACT)
    assert_allclose(ours.score(X, y, weight), theirs.score(X, y, weight), **EXACT)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    ("activation", "hidden"), [("identity", ()), ("relu", (3,)), ("tanh", HIDDEN), ("logistic", (4, 4, 4, 4))]
)
def test_activations_and_depths(activation, hidden, solver):
    settings = {"activation": activation, "solver": solver, "learning_rate_init": 0.01}
    ours, theirs, *_ = fit_both("multiclass", False, hidden, **settings)
    assert_same(ours, theirs, curve=solver == "adam")


@pytest.mark.parametrize(
    ("task", "weighted"),
    [("binary", True), ("multiclass", False), ("multilabel", True), ("regression", True)],
)
def test_lbfgs(task, weighted):
    """With this alpha each step is taken whole: a line search that interpolates multiplies rounding errors
    of J, and θ lies in another order here, so its sums are rounded differently."""
    settings = {"activation": "tanh", "solver": "lbfgs", "alpha": 3.0, "max_iter": 8}
    ours, theirs, *_ = fit_both(task, weighted, **settings)
    assert_same(ours, theirs, curve=False)
    assert_allclose(ours.loss_, theirs.loss_, **EXACT)
    assert ours.loss_curve_[-1] == ours.loss_ == ours.best_loss_


@pytest.mark.parametrize(
    ("task", "solver", "weighted"),
    [("binary", "adam", True), ("binary", "adaptive", False), ("regression", "adam", False)],
)
def test_early_stopping(task, solver, weighted):
    """The same validation part (drawn alike from the seed), scores, end, and best parameters."""
    settings = {**SOLVERS[solver], "learning_rate_init": 0.3, "max_iter": 60, "batch_size": 20}
    settings |= {"n_iter_no_change": 3, "tol": 0.01, "early_stopping": True, "validation_fraction": 0.3}
    ours, theirs, *_ = fit_both(task, weighted, **settings)
    assert_same(ours, theirs)
    assert_allclose(ours.validation_scores_, theirs.validation_scores_, **EXACT)
    assert_allclose(ours.best_validation_score_, theirs.best_validation_score_, **EXACT)
    assert ours.best_loss_ is None is theirs.best_loss_
    if solver == "adam":
        assert ours.n_iter_ < 60


@pytest.mark.parametrize("solver", ["adam", "invscaling", "adaptive"])
def test_warm_start(solver):
    X, y, _ = data("binary")
    ours, theirs = pair("binary", batch_size=25, warm_start=True, **SOLVERS[solver])
    for _ in range(3):
        assert_same(ours.fit(X, y), theirs.fit(X, y))


@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit(solver):
    task = ("multiclass", "regression")[len(solver) % 2]
    X, y, weight = data(task)
    ours, theirs = pair(task, batch_size=10, **SOLVERS[solver])
    classes = {} if task == "regression" else {"classes": [0, 1, 2]}
    for estimator in (ours, theirs):
        for start in (0, 20, 40, 0):
            rows = slice(start, start + 20)
            estimator.partial_fit(X[rows], y[rows], sample_weight=weight[rows], **classes)
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    ("task", "solver", "weighted"),
    [("regression", "adam", True), ("regression", "lbfgs", False), ("regressions", "lbfgs", True)],
)
def test_poisson(task, solver, weighted):
    X, y, weight = data(task)
    settings = {"learning_rate_init": 0.01} if solver == "adam" else {"alpha": 3.0, "activation": "tanh"}
    ours, theirs = pair(task, solver=solver, loss="poisson", **settings)
    counts = np.round(np.exp(2 * y))  # zeros among them
    for estimator in (ours, theirs):
        estimator.fit(X, counts, sample_weight=weight if weighted else None)
    assert_same(ours, theirs, curve=task == "regression" and solver == "adam")
    assert_allclose(ours.predict(X), theirs.predict(X), **EXACT)
    assert ours.out_activation_ == theirs.out_activation_ == "exp"
