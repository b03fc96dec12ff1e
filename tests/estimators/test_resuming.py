"""An ensemble whose fit was killed goes on from its finished members, to the same bits."""

import os
import shutil
import signal
import subprocess
import sys
from math import inf

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine

from archive_examples import reseal
from deepstep import DeepClassifier, DeepRegressor, archive
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
        left, add = [number], FinishedMembers.add

        def counted(self, *arguments):
            add(self, *arguments)
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        monkeypatch.setattr(FinishedMembers, "add", counted)
        with pytest.raises(Killed):
            model.fit(*rows, **options)
        monkeypatch.setattr(FinishedMembers, "add", add)
        assert len(member_folders(model.checkpoint_dir)) == number
        return model.set_params(resume=True)

    return kill_at


@pytest.fixture
def trained(monkeypatch):
    """The tasks of all members that are trained."""
    tasks, train = [], fit.fit_member

    def watched(task, *arguments, **options):
        tasks.append(task)
        return train(task, *arguments, **options)

    monkeypatch.setattr(fit, "fit_member", watched)
    return tasks


def same(one, other, X):
    """All that an ensemble is, except the seconds that its trainings took."""
    assert_array_equal(one.predict(X), other.predict(X))
    first, second = one.ensemble_, other.ensemble_
    assert_array_equal(first.out_of_fold, second.out_of_fold)
    assert (first.weights, first.temperatures) == (second.weights, second.temperatures)
    boards = [[row | {"seconds": 0} for row in ensemble.leaderboard()] for ensemble in (first, second)]
    assert boards[0] == boards[1]
    for a, b in zip(first.members, second.members, strict=True):
        assert_array_equal(a.network.parameters.flat, b.network.parameters.flat)
        assert (a.preset, a.fold, a.engine, a.settings) == (b.preset, b.fold, b.engine, b.settings)
        assert a.network.architecture == b.network.architecture
        assert (a.network.seed, a.network.engine) == (b.network.seed, b.network.engine)
        assert_array_equal(a.network.history.costs, b.network.history.costs)
        assert (a.network.history.stopped, a.epochs) == (b.network.history.stopped, b.epochs)


VALIDATED = {"network_params": {"epochs": 6, "normalization": "batch"}, "class_weight": "balanced"}
CASES = {
    "classes": (DeepClassifier, {}, (WINE, KINDS), {}),
    "numbers": (DeepRegressor, {}, (NUMBERS, TARGET, WEIGHT), {}),
    "tabm": (DeepClassifier, {"presets": "tabm", "n_estimators": 3}, (WINE, KINDS), {}),
    "validation data": (
        DeepClassifier,
        {"n_estimators": 3, **VALIDATED},
        (WINE[::2], KINDS[::2]),
        {"X_val": WINE[1::2], "y_val": KINDS[1::2]},
    ),
    "a scorer": (DeepClassifier, {"scoring": "balanced_accuracy"}, (WINE, KINDS), {}),
}


@pytest.mark.parametrize(("case", "number"), [*((case, 2) for case in CASES), ("classes", 7), ("numbers", 9)])
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
    same(model.set_params(n_jobs=1, verbose=True).fit(*rows, **options), whole, rows[0])
    assert trained == []


SIGKILL = """
import os, sys
from deepstep.ensembles import finished
finished.SECONDS = 0.0
add, seen = finished.FinishedMembers.add, []
def killed(self, *arguments):
    add(self, *arguments)
    seen.append(1)
    if len(seen) == 2:
        os.kill(os.getpid(), 9)
finished.FinishedMembers.add = killed
from sklearn.datasets import load_wine
from deepstep import DeepClassifier
model = DeepClassifier(n_estimators=5, network_params={"epochs": 6}, checkpoint_dir=sys.argv[1])
model.fit(*load_wine(return_X_y=True))
"""


def test_a_killed_process_and_the_seed_that_it_drew(trained, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    typed = [sys.executable, "-c", SIGKILL, str(tmp_path)]
    done = subprocess.run(typed, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    half = tmp_path / f".{member_folders(tmp_path)[0].name}.deepstep-tmp-0123456789ab"
    half.mkdir()  # as a kill within a write leaves it
    settings = {"n_estimators": 5, "network_params": {"epochs": 6}}
    seed = archive.read(member_folders(tmp_path)[0])["identity"]["random_state"]
    model = DeepClassifier(checkpoint_dir=str(tmp_path), resume=True, **settings).fit(WINE, KINDS)
    assert len(trained) == 3
    same(model, DeepClassifier(random_state=seed, **settings).fit(WINE, KINDS), WINE)
    assert len(member_folders(tmp_path)) == 5


def test_workers_in_other_processes(tmp_path):
    whole = DeepClassifier(**FEW).fit(WINE, KINDS)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        model = DeepClassifier(checkpoint_dir=tmp_path, resume=True, **FEW)
        same(model.fit(WINE, KINDS), whole, WINE)
        for path in member_folders(tmp_path)[::2]:
            shutil.rmtree(path)
        same(model.fit(WINE, KINDS), whole, WINE)


@pytest.mark.usefixtures("pythons_own_handler")
def test_after_ctrl_c_it_goes_on(monkeypatch, trained, tmp_path):
    """Of those that are done some are written later than others."""
    monkeypatch.setattr(finished, "SECONDS", inf)
    add = FinishedMembers.add

    def pressed(self, *arguments):
        add(self, *arguments)
        if len(self._waiting) == 4:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(FinishedMembers, "add", pressed)
    model = DeepClassifier(checkpoint_dir=tmp_path, n_jobs=1, **FEW)
    with pytest.warns(UserWarning, match="was interrupted: .* of 10 networks"):
        model.fit(WINE, KINDS)
    done, before = len(member_folders(tmp_path)), len(trained)
    assert done >= 4
    monkeypatch.setattr(FinishedMembers, "add", add)
    model.set_params(resume=True).fit(WINE, KINDS)
    assert len(trained) - before == 10 - done
    same(model, DeepClassifier(**FEW).fit(WINE, KINDS), WINE)


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
    assert model.ensemble_.members[0].best_epoch == whole.ensemble_.members[0].best_epoch
    with pytest.raises(FileError, match="They are of one network"):
        model.set_params(n_estimators=2).fit(WINE, target)


def test_a_long_training_is_written_at_once_and_the_last_ones_at_the_end(monkeypatch, tmp_path):
    written = []
    monkeypatch.setattr(archive, "write", lambda path, *_, **__: written.append(path))
    monkeypatch.setattr(finished, "SECONDS", 1e9)
    DeepClassifier(**FEW, n_estimators=4, checkpoint_dir=tmp_path / "none").fit(WINE, KINDS)
    assert written == []  # of so short a fit
    monkeypatch.setattr(finished, "LONG", 0.0)
    DeepClassifier(**FEW, n_estimators=4, checkpoint_dir=tmp_path / "long").fit(WINE, KINDS)
    assert len(written) == 4
    monkeypatch.setattr(finished, "LONG", inf)
    monkeypatch.setattr(FinishedMembers, "end", FinishedMembers.flush)
    DeepClassifier(**FEW, n_estimators=4, checkpoint_dir=tmp_path / "short").fit(WINE, KINDS)
    assert len(written) == 8


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
    with pytest.raises(FileError, match=r"earlier one. Go on from them \(resume=True\), or choose another"):
        model.set_params(resume=False).fit(NUMBERS, TARGET)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


def test_members_of_another_window_are_trained_again(killed, trained, monkeypatch, tmp_path):
    model = killed(9, DeepClassifier(checkpoint_dir=tmp_path, **FEW), WINE, KINDS)
    monkeypatch.setattr(fit, "AROUND", 0)
    trained.clear()
    same(model.fit(WINE, KINDS), DeepClassifier(**FEW).fit(WINE, KINDS), WINE)
    assert {task.fold for task in trained[:2]} == {2}


DAMAGES = {
    "another class": lambda path: reseal(path, lambda values: values["trained"].update(type="Member")),
    "no arrays": lambda path: (path / "arrays.safetensors").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_member_is_trained_again(damage, killed, trained, tmp_path):
    model = killed(4, DeepClassifier(checkpoint_dir=tmp_path, **FEW), WINE, KINDS)
    DAMAGES[damage](member_folders(tmp_path)[0])
    trained.clear()
    with pytest.warns(UserWarning, match=r"The member is trained again\."):
        model.fit(WINE, KINDS)
    assert len(trained) == 10 - 3
    same(model, DeepClassifier(**FEW).fit(WINE, KINDS), WINE)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"time_budget": 5.0},
            r"time_budget must be None, where checkpoint_dir is given, got 5\.0\. The clock",
        ),
        ({"checkpoint_dir": None, "resume": True}, "checkpoint_dir, where resume=True; got None"),
    ],
)
def test_what_an_ensemble_cannot_be_given(settings, says, tmp_path):
    with pytest.raises(ConfigurationError, match=says):
        DeepClassifier(**{"checkpoint_dir": tmp_path, **settings}).fit(WINE, KINDS)


def test_a_full_disk_is_told_once(monkeypatch, tmp_path):
    def full(path, *_, **__):
        raise FileError(str(path), "a path that can be written to", "got the error No space left on device")

    monkeypatch.setattr(archive, "write", full)
    with pytest.warns(UserWarning, match="continues without the files of some members: .*No space") as warned:
        model = DeepClassifier(checkpoint_dir=tmp_path, **FEW).fit(WINE, KINDS)
    assert len(warned) == 1
    same(model, DeepClassifier(**FEW).fit(WINE, KINDS), WINE)
