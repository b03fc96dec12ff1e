"""A fit that was killed goes on as if nothing had happened: of an ensemble, and of one network."""

import os
import signal
from collections import Counter
from dataclasses import replace
from math import inf
from unittest.mock import Mock

import numpy as np
import pytest
import scipy.sparse
from iris import X, Y, theta
from numpy.testing import assert_array_equal, assert_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine

from archive_examples import reseal
from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor, archive
from deepstep.ensembles import finished, fit
from deepstep.ensembles import presets as catalogue
from deepstep.ensembles.finished import FinishedMembers, member_folders
from deepstep.ensembles.presets import Size
from deepstep.errors import ConfigurationError, FileError
from deepstep.training.checkpoint import read_checkpoint
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.loop import Loop

WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
WEIGHT = np.linspace(0.5, 2, len(NUMBERS))
FEW = {"network_params": {"epochs": 6}, "random_state": 1}


@pytest.fixture(autouse=True)
def _small_and_written_at_once(monkeypatch):
    """Four presets on two of three folds, and two of them on the last one: ten members."""
    monkeypatch.setattr(catalogue, "SIZES", {"balanced": {inf: Size(4, 3, 2, 2)}})
    monkeypatch.setattr(finished, "SECONDS", 0.0)


class Killed(Exception):  # noqa: N818  (no error but an event)
    pass


@pytest.fixture
def killed(monkeypatch):
    """The function that fits, and is killed when so many members are written."""

    def kill_at(number, model, *rows, **options):
        left, add = iter(range(number - 1, -1, -1)), FinishedMembers.add

        def counted(self, *arguments):
            add(self, *arguments)
            if next(left) == 0:
                raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(FinishedMembers, "add", counted)
            with pytest.raises(Killed):
                model.fit(*rows, **options)
        assert len(member_folders(model.checkpoint_dir)) == number
        return model.set_params(resume=True)

    return kill_at


@pytest.fixture
def trained(monkeypatch):
    """The calls that train a member."""
    monkeypatch.setattr(fit, "fit_member", Mock(wraps=fit.fit_member))
    return fit.fit_member.call_args_list


def everything(model, X):
    """All that an ensemble is, except the seconds that its trainings took."""
    ensemble = model.ensemble_
    board = [row | {"seconds": 0} for row in ensemble.leaderboard()]
    facts = [model.predict(X), ensemble.out_of_fold, ensemble.weights, ensemble.temperatures, board]
    for member in ensemble.members:
        network = member.network
        facts += [member.preset, member.fold, member.engine, member.settings, member.epochs, network.seed]
        facts += [network.parameters.flat, network.architecture, network.engine]
        facts += [network.history.costs, network.history.stopped]
    return facts


def same(one, other, X):
    assert_equal(everything(one, X), everything(other, X))


VALIDATED = {"network_params": {"epochs": 6, "normalization": "batch"}, "class_weight": "balanced"}
CASES = {
    "classes": (DeepClassifier, {}, (WINE, KINDS), {}),
    "numbers": (DeepRegressor, {}, (NUMBERS, TARGET, WEIGHT), {}),
    "a preset": (DeepClassifier, {"presets": "ple", "n_estimators": 3}, (WINE, KINDS), {}),
    "validation data": (
        DeepClassifier,
        {"n_estimators": 3, **VALIDATED},
        (WINE[::2], KINDS[::2]),
        {"X_val": WINE[1::2], "y_val": KINDS[1::2]},
    ),
    "a scorer": (DeepClassifier, {"scoring": "balanced_accuracy"}, (WINE, KINDS), {}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "number"),
    [
        ("classes", 7),
        ("numbers", 2),
        ("numbers", 9),
        ("a preset", 2),
        ("validation data", 2),
        ("a scorer", 2),
    ],
)
def test_it_goes_on_to_the_same_bits(case, number, killed, trained, tmp_path):
    """In the first folds, between them and the others, and within a window."""
    Estimator, settings, rows, options = CASES[case]
    settings = {**FEW, **settings}
    whole = Estimator(**settings).fit(*rows, **options)
    planned = len(trained)
    model = killed(number, Estimator(checkpoint_dir=tmp_path / "fit", **settings), *rows, **options)
    trained.clear()
    same(model.fit(*rows, **options), whole, rows[0])
    assert len(trained) == planned - number
    trained.clear()
    same(model.set_params(n_jobs=1).fit(*rows, **options), whole, rows[0])
    assert trained == []


@pytest.mark.slow
def test_presets_that_rested_continue_to_the_same_bits(killed, monkeypatch, tmp_path):
    """Of four that rest two continue as if they had not, and one learns the other folds; a kill, too."""
    tasks, train = [], fit.fit_member

    def twice(task, *arguments, **options):
        trained = train(task, *arguments, **options)
        tasks.append((task.fold > 0, task.rests, task.checkpoint is not None))
        if task.checkpoint is not None:
            at_once = train(replace(task, checkpoint=None), *arguments, **options)
            assert_equal(
                [vars(each) for each in trained.snapshots], [vars(each) for each in at_once.snapshots]
            )
            assert_array_equal(trained.member.network.history.costs, at_once.member.network.history.costs)
        return trained

    monkeypatch.setattr(fit, "fit_member", twice)
    monkeypatch.setattr(catalogue, "SIZES", {"balanced": {inf: Size(4, 3, 1, 1)}})
    settings = {**FEW, "network_params": {"epochs": 40}}
    whole = DeepClassifier(**settings).fit(WINE, KINDS)
    assert Counter(tasks) == {(False, True, False): 4, (False, False, True): 2, (True, False, False): 2}
    model = killed(1, DeepClassifier(checkpoint_dir=tmp_path / "fit", **settings), WINE, KINDS)
    same(model.fit(WINE, KINDS), whole, WINE)


DAMAGES = {
    "another class": lambda path: reseal(path, lambda values: values["trained"].update(type="Member")),
    "no arrays": lambda path: (path / "arrays.safetensors").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_member_is_trained_again_and_the_seed_is_that_which_was_drawn(
    damage, killed, trained, tmp_path
):
    settings = {**FEW, "random_state": None}
    model = killed(4, DeepClassifier(checkpoint_dir=tmp_path, **settings), WINE, KINDS)
    first, second, *_ = member_folders(tmp_path)
    seed = archive.read(second)["identity"]["random_state"]
    DAMAGES[damage](first)
    (tmp_path / f".{first.name}.deepstep-tmp-0123456789ab").mkdir()  # as a kill within a write leaves it
    trained.clear()
    with pytest.warns(UserWarning, match=r"The member is trained again\."):
        model.fit(WINE, KINDS)
    assert len(trained) == 10 - 3
    same(model, DeepClassifier(**{**settings, "random_state": seed}).fit(WINE, KINDS), WINE)


ONLY = {"n_estimators": 1, "network_params": {"epochs": 12, "batch_size": 16}, "n_jobs": 1}


@pytest.mark.usefixtures("pythons_own_handler")
def test_the_only_network_goes_on_from_its_checkpoint_to_the_same_bits(monkeypatch, tmp_path):
    """As that of a table above 100,000 rows: with its snapshots, and with a drawn seed."""
    pause, target = Loop._pause, WINE[:, 0] + WINE[:, 1]

    def pressed(self):
        if self._training.position.epoch == 5 and self._training.position.batch == 0:
            os.kill(os.getpid(), signal.SIGINT)
            for callback in self._training._callbacks:
                if hasattr(callback, "_link"):
                    assert callback._link.given_up.wait(20)
        pause(self)

    model = DeepRegressor(checkpoint_dir=tmp_path, **ONLY)
    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_pause", pressed)
        with pytest.raises(KeyboardInterrupt):
            model.fit(WINE, target)
    (path,) = checkpoint_files(tmp_path)
    assert read_checkpoint(path).position.epoch == 5
    model.set_params(resume=True).fit(WINE, target)
    seed = read_checkpoint(path).identity["seed of the fit"]
    whole = DeepRegressor(random_state=seed, **ONLY).fit(WINE, target)
    same(model, whole, WINE)
    with pytest.raises(FileError, match="They are of one network"):
        model.set_params(n_estimators=2).fit(WINE, target)


OTHERS = [
    ({"network_params": {"epochs": 7}}, {}, r"network_params was \{.epochs.: 6\} and is \{.epochs.: 7\}"),
    ({"scoring": "r2"}, {}, "scoring was None and is 'r2'"),
    ({}, {"y": TARGET * 2}, "the training data is another"),  # the same numbers for the networks
    ({}, {"sample_weight": WEIGHT}, "the training data is another; the validation data is another"),
]


def test_another_fit_is_refused(killed, tmp_path):
    model = killed(3, DeepRegressor(checkpoint_dir=tmp_path, **FEW), NUMBERS, TARGET)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    for changed, rows, sentence in OTHERS:
        with pytest.raises(ConfigurationError, match=rf"a folder with members of this fit, .*({sentence})"):
            clone(model).set_params(**changed).fit(**{"X": NUMBERS, "y": TARGET, **rows})
    with pytest.raises(FileError, match=r"earlier training, .* Go on from them \(resume=True\), or choose"):
        model.set_params(resume=False).fit(NUMBERS, TARGET)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


# One network

VAL = np.arange(150) % 3 == 0
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 12, "batch_size": 40}


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


@pytest.fixture
def a_checkpoint_at_each_pause(monkeypatch):
    monkeypatch.setattr("deepstep.training.checkpoints.SECONDS", 0.0)
    monkeypatch.setattr("deepstep.training.checkpoints.SHARE", 1.0)


def same_network(one, other):
    assert_array_equal(theta(one), theta(other))
    names = ("loss_curve_", "validation_scores_", "n_iter_", "t_", "loss_", "best_loss_")
    for name in (*names, "best_validation_score_"):
        assert getattr(one, name) == getattr(other, name), name


REFIT = {"early_stopping": True, "refit": True, "scoring": "loss", "n_iter_no_change": np.inf}
OF_NETWORK = [
    (NetworkClassifier, {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1}),
    (NetworkRegressor, {"solver": "sgd", "learning_rate": "invscaling"}),
    (NetworkRegressor, {"schedule": {"name": "plateau", "patience": 0, "threshold": 0.5}}),
    (NetworkClassifier, {"solver": "lion", "normalization": "batch", "dropout": 0.2, "schedule": "cosine"}),
    (NetworkRegressor, {"initialization": "data", "learning_rate_init": "auto"}),
    (NetworkClassifier, {"early_stopping": True, "n_iter_no_change": 4, "scoring": "loss"}),
    # the first and the second training of a refit; the cost falls in each epoch: the last one is the best
    (NetworkClassifier, {**REFIT, "random_state": None, "callbacks": Kill(4)}),
    (NetworkClassifier, {**REFIT, "callbacks": Kill(16)}),
]


@pytest.mark.parametrize(("Estimator", "settings"), OF_NETWORK)
def test_a_fit_that_goes_on(Estimator, settings, tmp_path, a_checkpoint_at_each_pause):
    """To the bits of a fit that was not killed; a seed that was drawn is found again."""
    settings = {**FAST, "callbacks": Kill(len(settings) + 1), **settings, "checkpoint_dir": tmp_path / "kept"}
    rows, others = X, {}
    if "refit" in settings:
        rows = scipy.sparse.csr_array(X)
        others = {"X_val": rows[VAL], "y_val": Y[VAL], "sample_weight": np.linspace(0, 1, 150)}
    with pytest.raises(Killed):
        Estimator(**settings).fit(rows, Y, **others)
    assert checkpoint_files(tmp_path / "kept")
    went_on = Estimator(resume=True, **settings).fit(rows, Y, **others)
    settings |= {"checkpoint_dir": None, "random_state": went_on.network_.seed}
    same_network(went_on, Estimator(**settings).fit(rows, Y, **others))
    if "refit" in settings:  # done is done: once more from its last checkpoints
        same_network(clone(went_on).fit(rows, Y, **others), went_on)


@pytest.mark.usefixtures("pythons_own_handler")
def test_ctrl_c_says_where_it_goes_on(tmp_path):
    def press(record):
        if record["epoch"] == 4:
            signal.raise_signal(signal.SIGINT)

    model = NetworkRegressor(checkpoint_dir=tmp_path, callbacks=[press], **FAST)
    with pytest.warns(UserWarning, match=r"by user\. With resume=True fit continues from .*checkpoint-0+20"):
        model.fit(X, Y)
    assert model.n_iter_ == 5
    same_network(model.set_params(resume=True).fit(X, Y), NetworkRegressor(**FAST).fit(X, Y))


def test_another_fit_of_one_network_is_refused(tmp_path, a_checkpoint_at_each_pause):
    settings = {**FAST, "solver": "rmsprop", "learning_rate": "invscaling", "early_stopping": True}
    settings |= {"scoring": "accuracy", "checkpoint_dir": tmp_path, "n_iter_no_change": np.inf}
    model = NetworkClassifier(resume=True, **settings).fit(X, Y)  # where there is none
    same_network(model, NetworkClassifier(**{**settings, "checkpoint_dir": None}).fit(X, Y))
    kept = {path: path.read_bytes() for path in checkpoint_files(tmp_path)}
    for changed, sentence in (
        ({"random_state": 2}, r"order \(shuffle, random_state\) was"),
        ({"power_t": 0.4}, r"learning_rate \(.*, power_t\) was .* and is"),
        ({"validation_fraction": 0.3}, "the training data is another; the validation data is another"),
        ({"max_iter": 7}, "it stands after 12 iterations and 0 of 4 batches; max_iter is 7"),
        ({"max_iter": 30, "schedule": "cosine"}, "schedule was None and is"),
    ):
        other = NetworkClassifier(**{**settings, "resume": True, **changed})
        with pytest.raises(ConfigurationError, match=rf"^resume must be a checkpoint .*{sentence}"):
            other.fit(X, Y)
    with pytest.raises(FileError, match=r"earlier training, .* Go on from them \(resume=True\), or choose"):
        model.set_params(resume=False).fit(X, Y)
    assert len(kept) == 3
    assert {path: path.read_bytes() for path in checkpoint_files(tmp_path)} == kept
