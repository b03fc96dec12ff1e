"""A fit that is killed goes on as if nothing had happened."""

import signal

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from deepstep import NetworkClassifier, NetworkRegressor
from deepstep.engines.compiled.session import CompiledSession
from deepstep.errors import ConfigurationError, FileError
from deepstep.training import Callback
from deepstep.training.checkpoints import checkpoint_files

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
VAL = np.arange(150) % 3 == 0
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 12, "batch_size": 40}
REFIT = {"early_stopping": True, "refit": True, "scoring": "loss", "n_iter_no_change": np.inf}
"""The cost falls in each epoch: the last one is the best, whatever the seed."""


class Killed(Exception):  # noqa: N818  (no error but an event)
    pass


class Kill:
    """Ends a fit, once, when this many epochs were seen."""

    def __init__(self, epochs):
        self.left = epochs

    def __call__(self, record):
        self.left -= 1
        if self.left == 0:
            raise Killed

    def __deepcopy__(self, memo):
        return self


@pytest.fixture(autouse=True)
def _a_checkpoint_at_each_pause(monkeypatch):
    monkeypatch.setattr("deepstep.training.checkpoints.SECONDS", 0.0)
    monkeypatch.setattr("deepstep.training.checkpoints.SHARE", 1.0)


def theta(estimator):
    return estimator.network_.parameters.flat


def same(one, other):
    assert_array_equal(theta(one), theta(other))
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_scores_ == other.validation_scores_
    for name in ("n_iter_", "t_", "loss_", "best_loss_", "best_validation_score_"):
        assert getattr(one, name) == getattr(other, name), name


SETTINGS = {
    "adam": {},
    "sgd, adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1},
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "plateau": {"schedule": {"name": "plateau", "patience": 0, "threshold": 0.5}},
    "everything": {
        "solver": "lion",
        "normalization": "batch",
        "dropout": 0.2,
        "schedule": "cosine",
    },
    "from data": {"initialization": "data", "learning_rate_init": "auto"},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 4, "scoring": "loss"},
}


@pytest.mark.parametrize("number", range(len(SETTINGS)), ids=SETTINGS)
def test_a_fit_that_goes_on(number, tmp_path):
    settings, epochs = [*SETTINGS.values()][number], (1, 5)[number % 2]
    Estimator = (NetworkRegressor, NetworkClassifier)[number % 3 > 0]
    settings = {**FAST, **settings, "checkpoint_dir": tmp_path / "kept", "callbacks": Kill(epochs)}
    with pytest.raises(Killed):
        Estimator(**settings).fit(X, Y)
    assert checkpoint_files(tmp_path / "kept")
    went_on = Estimator(resume=True, **settings).fit(X, Y)
    whole = Estimator(**{**settings, "checkpoint_dir": None}).fit(X, Y)
    same(went_on, whole)


@pytest.mark.parametrize(("epochs", "random_state"), [(4, None), (16, 1)])
def test_both_trainings_of_a_refit(epochs, random_state, tmp_path):
    """Killed in the first, or in the second: sparse rows and own validation data."""
    settings = {**FAST, **REFIT, "random_state": random_state, "callbacks": Kill(epochs)}
    rows = scipy.sparse.csr_array(X)
    own = {"X_val": rows[VAL], "y_val": Y[VAL], "sample_weight": np.linspace(0, 1, 150)[~VAL]}
    model = NetworkClassifier(checkpoint_dir=str(tmp_path), **settings)
    with pytest.raises(Killed):
        model.fit(rows[~VAL], Y[~VAL], **own)
    assert bool(checkpoint_files(tmp_path / "refit")) == (epochs > 12)
    model.set_params(resume=True).fit(rows[~VAL], Y[~VAL], **own)
    whole = NetworkClassifier(**{**settings, "random_state": model.network_.seed}).fit(
        rows[~VAL], Y[~VAL], **own
    )
    same(model, whole)
    again = clone(model).fit(rows[~VAL], Y[~VAL], **own)  # done is done: once more from its last checkpoints
    same(again, whole)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"random_state": 2}, r"order \(shuffle, random_state\) was"),
        ({"alpha": 0.5}, "alpha was 0.0001 and is 0.5"),
        ({"learning_rate": "invscaling", "power_t": 0.4}, r"learning_rate \(.*, power_t\) was .* and is"),
        ({"validation_fraction": 0.3}, "the training data is another; the validation data is another"),
        ({"max_iter": 7}, "it stands after 12 iterations and 0 of 4 batches; max_iter is 7"),
        ({"max_iter": 30, "schedule": "cosine"}, "schedule was None and is"),
    ],
)
def test_another_fit_is_refused(changed, sentence, tmp_path):
    settings = {**FAST, "solver": "rmsprop", "learning_rate": "invscaling", "early_stopping": True}
    settings |= {"scoring": "accuracy", "checkpoint_dir": tmp_path, "n_iter_no_change": np.inf}
    model = NetworkClassifier(**settings).fit(X, Y)
    before = vars(model).copy()
    with pytest.raises(
        ConfigurationError, match=rf"NetworkClassifier.fit: resume must be a checkpoint .*{sentence}"
    ):
        model.set_params(resume=True, **changed).fit(X, Y)
    assert model.network_ is before["network_"]


def test_a_new_fit_spares_the_checkpoints_of_an_old_one(tmp_path):
    model = NetworkClassifier(checkpoint_dir=tmp_path, resume=True, **FAST).fit(X, Y)  # where there is none
    same(model, NetworkClassifier(**FAST).fit(X, Y))
    model.set_params(resume=False)
    kept = {path: path.read_bytes() for path in checkpoint_files(tmp_path)}
    assert len(kept) == 3
    with pytest.raises(FileError, match=r"earlier one. Go on from them \(resume=True\), or choose another"):
        model.fit(X, Y)
    assert {path: path.read_bytes() for path in checkpoint_files(tmp_path)} == kept


def test_what_has_no_checkpoints(tmp_path):
    with pytest.raises(ConfigurationError, match="checkpoint_dir, where resume=True; got None"):
        NetworkClassifier(resume=True).fit(X, Y)
    with pytest.raises(ConfigurationError, match=r"solver='lbfgs'.* got checkpoint_dir, resume"):
        NetworkClassifier(solver="lbfgs", checkpoint_dir=tmp_path, resume=True).fit(X, Y)
    with pytest.raises(AttributeError):
        NetworkClassifier(checkpoint_dir=tmp_path).partial_fit  # noqa: B018


@pytest.mark.usefixtures("pythons_own_handler")
def test_ctrl_c_says_where_it_goes_on(tmp_path, monkeypatch):
    steps = CompiledSession.steps
    # a callback that looks at the network has each epoch done by itself
    given = {**FAST, "engine": "compiled", "callbacks": [Callback()]}
    whole = NetworkRegressor(**given).fit(X, Y)

    def pressed(self, *args, **kwargs):
        if self.state().step == 4 * 4:
            signal.raise_signal(signal.SIGINT)
        return steps(self, *args, **kwargs)

    monkeypatch.setattr("deepstep.training.checkpoints.SECONDS", 1e9)
    monkeypatch.setattr(CompiledSession, "steps", pressed)
    model = NetworkRegressor(checkpoint_dir=tmp_path, **given)
    with pytest.warns(UserWarning, match=r"by user\. With resume=True fit continues from .*checkpoint-0+20"):
        model.fit(X, Y)
    assert model.n_iter_ == 5
    assert_array_equal(theta(model), theta(NetworkRegressor(**{**given, "max_iter": 5}).fit(X, Y)))
    same(model.set_params(resume=True).fit(X, Y), whole)
