"""Training that goes on, ends early, is interrupted, diverges, or is repeated."""

import pickle
from copy import copy
from functools import partial
from inspect import getdoc, isfunction, signature

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from deepstep import Network, estimators
from deepstep.engines.compiled.session import CompiledSession
from deepstep.errors import ConfigurationError, DataError, DivergenceError
from deepstep.training import Callback

DeepClassifier = partial(estimators.DeepClassifier, preset="mlp")
DeepRegressor = partial(estimators.DeepRegressor, preset="mlp")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 5, "learning_rate_init": 0.01}
BOTH = pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
WITHOUT_PARTIAL_FIT = [
    ({"solver": "lbfgs"}, "solver is 'lbfgs'"),
    ({"schedule": "cosine"}, "cannot tell schedule how much training"),
    ({"dropout_schedule": "linear", "time_budget": 1.0}, "dropout_schedule and time_budget how much"),
    ({"checkpoint_dir": "kept"}, "checkpoint_dir is for fit"),
    ({"early_stopping": True}, "does not support early_stopping=True"),
]
UNCONVERGED = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def theta(estimator):
    return estimator.network_.parameters.flat


@BOTH
@UNCONVERGED
@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "adam"},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1, "max_iter": 12},
        {"solver": "adamw", "dropout": 0.3, "input_noise": 0.1, "normalization": "batch", "ema_decay": 0.9},
        {"solver": "lion", "normalization": ["layer", "batch"], "max_norm": 1.0, "clip_norm": 0.1},
    ],
)
def test_partial_fits_are_the_epochs_of_a_fit(Estimator, settings):
    """Bit for bit, order of the examples and all: an epoch is a function of the seed and its number."""
    settings = {**FAST, "batch_size": 40, **settings}
    whole = Estimator(**settings).fit(X, Y)
    classes = {"classes": [0, 1, 2]} if Estimator is DeepClassifier else {}
    pieces = Estimator(**settings)
    for _ in range(whole.n_iter_):
        pieces.partial_fit(X, Y, **classes)
    assert_array_equal(theta(whole), theta(pieces))
    assert whole.loss_curve_ == pieces.loss_curve_
    assert (whole.t_, whole.best_loss_) == (pieces.t_, pieces.best_loss_)
    assert pieces.n_iter_ == 1
    assert [record["epoch"] for record in pieces.history_] == list(range(whole.n_iter_))


def test_partial_fit_after_fit_and_of_other_classes():
    model = DeepClassifier(solver="sgd", max_iter=500, tol=1e-2, random_state=0).fit(X, Y)
    epochs = len(model.history_)
    model.partial_fit(X[:50], Y[:50])  # one of the known classes
    assert len(model.loss_curve_) == epochs + 1
    with pytest.raises(DataError, match="classes"):
        model.partial_fit(X, Y + 1)
    with pytest.raises(DataError, match="classes as in the first call"):
        model.partial_fit(X, Y, classes=[0, 1, 2, 3])
    with pytest.raises(DataError, match="classes in the first call"):
        DeepClassifier().partial_fit(X, Y)
    with pytest.raises(DataError, match="classes in the first call"):
        DeepClassifier().partial_fit(X, Y, classes=[0])


@BOTH
def test_partial_fit_where_it_cannot_be(Estimator):
    assert hasattr(Estimator(), "partial_fit")
    for settings, reason in WITHOUT_PARTIAL_FIT:
        assert not hasattr(Estimator(**settings), "partial_fit")
        with pytest.raises(AttributeError, match=rf"has no attribute 'partial_fit': .*{reason}"):
            Estimator(**settings).partial_fit(X, Y)


@BOTH
def test_partial_fit_is_a_method_like_others(Estimator):
    """For documentation, for monkeypatching and for metadata routing."""
    method = Estimator.partial_fit
    assert isfunction(method)
    assert getdoc(Estimator().partial_fit) == getdoc(method) != ""
    assert list(signature(method).parameters) == [
        "self",
        *signature(Estimator().partial_fit).parameters,
    ]
    assert "sample_weight" in signature(Estimator.set_partial_fit_request).parameters
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
        method(Estimator(solver="lbfgs"), X, Y)


@BOTH
@UNCONVERGED
def test_warm_start(Estimator):
    model = Estimator(warm_start=True, **FAST).fit(X, Y)
    before = model.network_.parameters
    model.set_params(max_iter=1, learning_rate_init=1e-12).fit(X, Y)
    assert_allclose(theta(model), before.flat, atol=1e-9)
    assert (model.n_iter_, len(model.loss_curve_), model.t_) == (1, 6, 900)
    model.coefs_[0][:] = 0  # a view: fit goes on from what is written there
    model.fit(X, Y)
    assert abs(model.coefs_[0]).max() < 1e-9
    model.set_params(warm_start=False, learning_rate_init=0.01, max_iter=5).fit(X, Y)
    assert_array_equal(theta(model), theta(Estimator(**FAST).fit(X, Y)))
    assert len(model.loss_curve_) == 5


@BOTH
@UNCONVERGED
def test_a_copy_that_goes_on_leaves_the_original(Estimator):
    model = Estimator(batch_size=40, **FAST).fit(X, Y)
    before, curve, predicted = theta(model).copy(), model.loss_curve_, model.predict(X)
    other = copy(model).partial_fit(X, Y)
    assert len(other.loss_curve_) == len(other.network_.history) == len(curve) + 1
    assert model.loss_curve_ == curve
    assert model.network_.history is model.history_
    assert_array_equal(theta(model), before)
    assert_array_equal(model.predict(X), predicted)


@UNCONVERGED
def test_warm_start_of_another_shape():
    model = DeepClassifier(warm_start=True, **FAST).fit(X, Y)
    before = theta(model).copy()
    with pytest.raises(DataError, match="classes"):
        model.fit(X[:100], Y[:100])
    with pytest.raises(ConfigurationError, match="as they were"):
        model.set_params(hidden_layer_sizes=(3,)).fit(X, Y)
    with pytest.raises(ConfigurationError, match=r"dtype='float64' or 'auto', .*; got 'float32'\. Use a new"):
        model.set_params(hidden_layer_sizes=(8, 6), dtype="float32").fit(X, Y)
    assert_array_equal(theta(model), before)


@BOTH
@UNCONVERGED
def test_random_state(Estimator):
    settings = {**FAST, "early_stopping": True, "batch_size": 30}
    first, second = (
        Estimator(**settings).fit(X, Y),
        Estimator(**settings).fit(X, Y),
    )
    assert_array_equal(theta(first), theta(second))
    assert first.loss_curve_ == second.loss_curve_
    given = [Estimator(**{**settings, "random_state": np.random.RandomState(3)}).fit(X, Y) for _ in range(2)]
    assert_array_equal(theta(given[0]), theta(given[1]))
    rng = np.random.RandomState(3)
    drawn = [Estimator(**{**settings, "random_state": rng}).fit(X, Y) for _ in range(2)]
    assert not np.array_equal(theta(drawn[0]), theta(drawn[1]))
    free = [Estimator(**{**settings, "random_state": None}).fit(X, Y) for _ in range(2)]
    assert not np.array_equal(theta(free[0]), theta(free[1]))
    unmoved = Estimator((8, 6), max_iter=1, learning_rate_init=1e-300, random_state=1, dtype="float64").fit(
        X, Y
    )
    same = Network([4, 8, 6, unmoved.n_outputs_], output="identity", initialization="glorot", seed=1)
    assert_allclose(theta(unmoved), same.parameters.flat, rtol=0, atol=1e-200)


def test_stops_when_nothing_improves():
    """After n_iter_no_change + 1 epochs that did not improve by tol, as scikit-learn counts."""
    model = DeepClassifier(tol=1e6, n_iter_no_change=3, random_state=0).fit(X, Y)
    assert model.n_iter_ == 1 + 3 + 1  # the first one improves on nothing
    assert "cost did not improve" in model.history_.stopped
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        endless = DeepClassifier(tol=1e6, n_iter_no_change=np.inf, max_iter=20, random_state=0).fit(X, Y)
    assert endless.n_iter_ == 20


def test_unconverged_lbfgs_warns():
    with pytest.warns(ConvergenceWarning, match="ITERATIONS"):
        DeepClassifier(solver="lbfgs", max_iter=2, random_state=0).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="EVALUATIONS"):
        DeepClassifier(solver="lbfgs", max_fun=2, random_state=0).fit(X, Y)


@BOTH
@UNCONVERGED
def test_interrupted_batches_keep_what_was_reached(Estimator, monkeypatch):
    epoch = CompiledSession.steps

    def interrupted(self, *args, **kwargs):
        if self.state().step >= 3 * 4:
            raise KeyboardInterrupt
        return epoch(self, *args, **kwargs)

    # a callback that looks at the network has each epoch done by itself
    given = {"batch_size": 40, "preset": "mlp", "engine": "compiled", "callbacks": [Callback()]}
    expected = Estimator(**{**FAST, "max_iter": 3}, **given).fit(X, Y)
    monkeypatch.setattr(CompiledSession, "steps", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = Estimator(**FAST, **given).fit(X, Y)
    assert_array_equal(theta(model), theta(expected))
    assert (model.n_iter_, model.history_.stopped) == (3, "interrupted")
    assert model.predict(X).shape == (150,)


@pytest.mark.parametrize(
    ("Estimator", "solver", "method"),
    [(DeepClassifier, "adam", "steps"), (DeepRegressor, "lbfgs", "cost_and_gradient")],
)
def test_interrupted_at_once(Estimator, solver, method, monkeypatch):
    def interrupted(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(CompiledSession, method, interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = Estimator(**{**FAST, "solver": solver}).fit(X, Y)
    assert model.n_iter_ == 0
    assert np.isnan(model.loss_)
    assert np.isfinite(model.predict(X)).all()


@UNCONVERGED
def test_interrupted_lbfgs_keeps_the_last_iteration(monkeypatch):
    expected = DeepClassifier(**{**FAST, "solver": "lbfgs"}).fit(X, Y)
    evaluate = CompiledSession.cost_and_gradient
    evaluations = expected.history_[-1]["step"]

    def interrupted(self, *args, **kwargs):
        nonlocal evaluations
        evaluations -= 1
        if evaluations < 0:
            raise KeyboardInterrupt
        return evaluate(self, *args, **kwargs)

    monkeypatch.setattr(CompiledSession, "cost_and_gradient", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = DeepClassifier(**{**FAST, "solver": "lbfgs", "max_iter": 100}).fit(X, Y)
    assert_array_equal(theta(model), theta(expected))
    assert model.loss_ == expected.loss_


@BOTH
@UNCONVERGED
def test_divergence_leaves_the_estimator_as_it_was(Estimator):
    wild, exact = {"solver": "sgd", "learning_rate_init": 1e200}, {**FAST, "dtype": "float64"}
    model = Estimator(**{**exact, **wild})
    with pytest.raises(DivergenceError, match="Lower the learning rate"):
        model.fit(X * 1e100, Y)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert not hasattr(model, "n_features_in_")
    model = Estimator(warm_start=True, **exact).fit(X, Y)
    before, flat, epochs = dict(vars(model)), theta(model).copy(), len(model.history_)
    model.set_params(**wild)
    with pytest.raises(DivergenceError):
        model.fit(X * 1e100, Y)
    model.set_params(**{name: before[name] for name in wild})
    assert vars(model).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(model).items())
    assert_array_equal(theta(model), flat)
    assert len(model.history_) == epochs


def test_divergence_of_lbfgs():
    with pytest.raises(DivergenceError, match="Scale the inputs"):
        DeepRegressor(solver="lbfgs", random_state=0).fit(X * 1e200, Y)


@BOTH
@UNCONVERGED
def test_pickle(Estimator):
    model = Estimator(batch_size=40, **FAST).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(theta(loaded.partial_fit(X, Y)), theta(model.partial_fit(X, Y)))


@UNCONVERGED
def test_verbose_shows_progress(capsys):
    model = DeepClassifier(verbose=True, **FAST).fit(X, Y)
    assert f"Iteration 5, loss = {model.loss_:.8f}" in capsys.readouterr().out
    DeepClassifier(verbose=True, **FAST, preset="single").fit(X, Y)
    assert "DeepClassifier: 5/5, cost" in capsys.readouterr().err


@UNCONVERGED
def test_a_divergence_after_the_best_epoch_keeps_it_as_scikit_learn_does():
    given = {"activation": "identity", "solver": "sgd", "learning_rate_init": 1.0, "early_stopping": True}
    model = DeepRegressor(100, max_iter=20, random_state=0, **given)
    with pytest.warns(ConvergenceWarning, match="Training diverged, and the best epoch is kept"):
        model.fit(X * 3, Y.astype(float))
    assert (model.history_.stopped, np.isnan(model.validation_scores_[-1])) == ("diverged", True)
    assert np.isfinite(model.predict(X)).all()


@UNCONVERGED
def test_network_of_a_fitted_estimator_can_be_opened():
    model = DeepClassifier(engine="reference", **{**FAST, "activation": "tanh"}).fit(X, Y)
    targets = np.eye(3)[:, Y]
    assert model.network_.check_gradients(X.T, targets)
    assert model.network_.trace(X.T, targets)["J"].value == model.network_.cost(X.T, targets)
    assert_array_equal(model.network_.predict(X.T)[0], model.predict(X))
    assert model.engine_ == "reference"
    assert model.network_.history is model.history_
