"""Training that goes on, ends early, is interrupted, diverges, or is repeated."""

import pickle
import signal
import sys
from functools import partial
from inspect import CO_GENERATOR, isfunction
from itertools import count

import numpy as np
import pytest
from iris import X, Y, theta
from numpy.testing import assert_array_equal

from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor
from deepstep.errors import ConfigurationError, DataError, DivergenceError
from deepstep.estimators import deep
from deepstep.targets import Targets

FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 5, "learning_rate_init": 0.01}
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1}


@pytest.mark.parametrize(
    ("Estimator", "settings"),
    [
        (NetworkClassifier, {"solver": "adam"}),
        (NetworkRegressor, {"solver": "sgd", "learning_rate": "invscaling"}),
        (NetworkClassifier, ADAPTIVE),
        (NetworkClassifier, {"solver": "adamw", "dropout": 0.3}),
        (NetworkRegressor, {"solver": "lion", "normalization": ["layer", "batch"], "clip_norm": 0.1}),
    ],
)
def test_partial_fits_are_the_epochs_of_a_fit(Estimator, settings):
    """Bit for bit, order of the examples and all: an epoch is a function of the seed and its number."""
    settings = {**FAST, "batch_size": 40, "max_iter": 12, **settings}
    whole, pieces = Estimator(**settings).fit(X, Y), Estimator(**settings)
    classes = {"classes": [0, 1, 2]} if Estimator is NetworkClassifier else {}
    for number in range(whole.n_iter_):
        if number == 2:  # from a file, too
            pieces = pickle.loads(pickle.dumps(pieces))
        pieces.partial_fit(X, Y, **classes)
    assert_array_equal(theta(whole), theta(pieces))
    assert whole.loss_curve_ == pieces.loss_curve_
    assert (whole.t_, whole.best_loss_, 1) == (pieces.t_, pieces.best_loss_, pieces.n_iter_)
    assert [record["epoch"] for record in pieces.history_] == list(range(whole.n_iter_))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"solver": "lbfgs"}, "solver is 'lbfgs'"),
        ({"schedule": "cosine"}, "cannot tell schedule how much training"),
        ({"checkpoint_dir": "kept"}, "checkpoint_dir is for fit"),
    ],
)
def test_partial_fit_is_a_method_like_others_or_not_there(settings, reason):
    """For documentation, for monkeypatching and for metadata routing."""
    assert isfunction(NetworkClassifier.partial_fit)
    assert not hasattr(NetworkClassifier(**settings), "partial_fit")
    with pytest.raises(AttributeError, match=rf"has no attribute 'partial_fit': .*{reason}"):
        NetworkClassifier(**settings).partial_fit(X, Y)


def test_classes_of_a_partial_fit():
    model = NetworkClassifier(solver="sgd", max_iter=500, tol=1e-2, random_state=0).fit(X, Y)
    epochs, new = len(model.history_), NetworkClassifier()
    model.partial_fit(X[:50], Y[:50])  # one of the known classes
    assert len(model.loss_curve_) == epochs + 1
    for ask, message in (
        (lambda: model.partial_fit(X, Y + 1), "classes"),
        (lambda: model.partial_fit(X, Y, classes=[0, 1, 2, 3]), "classes must be those of the first call"),
        (lambda: new.partial_fit(X, Y, classes=[0]), "at least two labels in the first call, got"),
    ):
        with pytest.raises(DataError, match=message):
            ask()


def test_warm_start_of_another_shape():
    model = NetworkClassifier(warm_start=True, **FAST).fit(X, Y)
    before = theta(model).copy()
    with pytest.raises(DataError, match="classes"):
        model.fit(X[:100], Y[:100])
    with pytest.raises(ConfigurationError, match="are not those of the fitted network"):
        model.set_params(hidden_layer_sizes=(3,)).fit(X, Y)
    with pytest.raises(ConfigurationError, match=r"dtype must be 'float64' .*, got 'float32'\. Use a new"):
        model.set_params(hidden_layer_sizes=(8, 6), dtype="float32").fit(X, Y)
    assert_array_equal(theta(model), before)


def pressed_at(number, work):
    """The result of some work with Ctrl-C in a call of a function of DeepStep, and how many calls there were.

    The call has this number, from 0. The result is None where KeyboardInterrupt ended the work.
    """
    calls = count()

    def watch(frame, event, argument):
        generator = frame.f_code.co_flags & CO_GENERATOR  # Python drops what is raised in one that it closes
        ours = event == "call" and frame.f_globals.get("__name__", "").startswith("deepstep")
        if ours and not generator and next(calls) == number:
            signal.raise_signal(signal.SIGINT)

    sys.setprofile(watch)
    try:
        result = work()
    except KeyboardInterrupt:
        result = None
    finally:
        sys.setprofile(None)
    return result, next(calls)


FEW = {"n_estimators": 2, "n_jobs": 1, "network_params": {"epochs": 2, "hidden_layers": (4,)}}
FITS = {
    "lbfgs": (NetworkRegressor, {"solver": "lbfgs", "max_iter": 3}),
    "sgd with a search": (NetworkRegressor, {"max_iter": 2, "solver": "sgd", "learning_rate_init": "auto"}),
    "refit": (NetworkClassifier, {"max_iter": 3, "early_stopping": True, "refit": True}),
    "refit of an ensemble": (DeepRegressor, {**FEW, "refit": True}),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("pythons_own_handler")
@pytest.mark.parametrize("name", FITS)
def test_ctrl_c_at_any_instant_keeps_what_is_trained_or_nothing(name, fresh_seed):
    """Either KeyboardInterrupt, and the estimator is as before, or networks that have learned."""
    Estimator, settings = FITS[name]
    shared = {} if "network_params" in settings else FAST
    make = partial(Estimator, **{**shared, "random_state": 1, **settings})
    model, calls = pressed_at(-1, lambda: make().fit(X, Y))
    assert not model.interrupted_
    rng, raised = np.random.default_rng(fresh_seed), 0
    for number in sorted({*rng.integers(0, calls, 6), 0, calls - 2, calls - 1}):
        model = make()
        before = vars(model).copy()
        fitted, calls = pressed_at(number, lambda: model.fit(X, Y))  # noqa: B023
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if fitted is None:
            raised += 1
            assert vars(model) == before, number
            continue
        assert model.interrupted_ == (number < calls), number  # a fit that is repeated has fewer calls
        assert model.n_iter_ >= 1 or model.t_ >= 1, number
        assert np.isfinite(model.predict(X)).all()
    assert raised  # the first instant is before anything is trained


@pytest.mark.parametrize(
    ("Estimator", "owner", "name", "said"),
    [
        (DeepClassifier, deep, "calibration_of_fit", "but not calibrated"),
        (DeepRegressor, Targets, "score", "has no score"),
    ],
)
def test_what_fails_after_the_training_does_not_lose_it(Estimator, owner, name, said, monkeypatch):
    """Calibration, and scores of members on the rows that their folds held out."""
    whole = Estimator(**FEW, random_state=1).fit(X, Y)

    def fails(*arguments, **options):
        raise ValueError("no luck")

    monkeypatch.setattr(owner, name, fails)
    with pytest.warns(UserWarning, match=rf"{said} \(ValueError: no luck\)"):
        model = Estimator(**FEW, random_state=1).fit(X, Y)
    assert_array_equal(model.predict(X), whole.predict(X))


@pytest.mark.parametrize("Estimator", [NetworkClassifier, NetworkRegressor])
def test_divergence_leaves_the_estimator_as_it_was(Estimator):
    wild = {"solver": "sgd", "learning_rate_init": 1e200}
    new, exact = Estimator(dtype="float64", **{**FAST, **wild}), {**FAST, "dtype": "float64"}
    for model in (new, Estimator(warm_start=True, **exact).fit(X, Y).set_params(**wild)):
        before = {name: (value, pickle.dumps(value)) for name, value in vars(model).items()}
        with pytest.raises(DivergenceError, match="Lower the learning rate"):
            model.fit(X * 1e100, Y)
        assert vars(model).keys() == before.keys()
        for name, value in vars(model).items():
            assert value is before[name][0]
            assert pickle.dumps(value) == before[name][1]
    with pytest.raises(DivergenceError, match="Scale the inputs"):
        Estimator(solver="lbfgs", random_state=0).fit(X * 1e200, Y)
