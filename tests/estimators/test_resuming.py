"""An ensemble whose fit was killed goes on from its finished members, to the same bits."""

import os
import re
import signal
import subprocess
import sys
from math import inf

import joblib
import numpy as np
import pytest
from deepstep.estimators.population import Size
from deepstep.estimators.resuming import CONTENT, MemberFiles, read_member
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine

from deepstep import DeepClassifier, DeepRegressor
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.errors import ConfigurationError, FileError
from deepstep.estimators import ensemble_fit, population, resuming
from deepstep.training.checkpoint import checksum, read_checkpoint
from deepstep.training.checkpoints import checkpoint_files, member_files
from deepstep.training.loop import Loop

WINE, KINDS = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
WEIGHT = np.linspace(0.5, 2, len(NUMBERS))
FEW = {"max_iter": 6, "random_state": 1}


@pytest.fixture(autouse=True)
def _small_and_written_at_once(monkeypatch):
    """Four presets on two of three folds, and two of them on the last one: ten members."""
    monkeypatch.setattr(population, "SIZES", {"balanced": {inf: Size(4, 3, 2, 2)}})
    monkeypatch.setattr(resuming, "SECONDS", 0.0)


class Killed(Exception):  # noqa: N818  (no error but an event)
    pass


@pytest.fixture
def killed(monkeypatch):
    """The function that fits, and is killed when so many members are written."""

    def fit(number, model, *rows, **options):
        left, keep = [number], MemberFiles.keep

        def counted(self, *arguments):
            keep(self, *arguments)
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        monkeypatch.setattr(MemberFiles, "keep", counted)
        with pytest.raises(Killed):
            model.fit(*rows, **options)
        monkeypatch.setattr(MemberFiles, "keep", keep)
        assert len(member_files(model.checkpoint_dir)) == number
        return model.set_params(resume=True)

    return fit


@pytest.fixture
def trained(monkeypatch):
    """The tasks of all members that are trained."""
    tasks, train = [], ensemble_fit.train_member

    def watched(estimator, task, *arguments, **options):
        tasks.append(task)
        return train(estimator, task, *arguments, **options)

    monkeypatch.setattr(ensemble_fit, "train_member", watched)
    return tasks


def same(one, other, X):
    """All that an ensemble is, except the seconds that its trainings took."""
    assert_array_equal(one.predict(X), other.predict(X))
    first, second = one.ensemble_, other.ensemble_
    assert_array_equal(first.out_of_fold, second.out_of_fold)
    assert (first.weights, first.temperatures) == (second.weights, second.temperatures)
    assert [one | {"seconds": 0} for one in first.leaderboard()] == [
        one | {"seconds": 0} for one in second.leaderboard()
    ]
    for a, b in zip(first.members, second.members, strict=True):
        assert_array_equal(a.network.parameters.flat, b.network.parameters.flat)
        assert (a.preset, a.fold, a.engine, a.settings) == (b.preset, b.fold, b.engine, b.settings)
        assert a.network.architecture == b.network.architecture
        assert (a.network.seed, a.network.engine) == (b.network.seed, b.network.engine)
        assert_array_equal(a.network.history.costs, b.network.history.costs)
        assert (a.network.history.stopped, a.fit.epochs) == (b.network.history.stopped, b.fit.epochs)


CASES = {
    "classes": (DeepClassifier, {}, (WINE, KINDS), {}),
    "numbers": (DeepRegressor, {}, (NUMBERS, TARGET, WEIGHT), {}),
    "tabm": (DeepClassifier, {"preset": "tabm", "n_estimators": 3}, (WINE, KINDS), {}),
    "own validation": (
        DeepClassifier,
        {
            "n_estimators": 3,
            "learning_rate_init": "auto",
            "normalization": "batch",
            "class_weight": "balanced",
        },
        (WINE[::2], KINDS[::2]),
        {"X_val": WINE[1::2], "y_val": KINDS[1::2]},
    ),
}


@pytest.mark.parametrize(("case", "number"), [*((case, 2) for case in CASES), ("classes", 7), ("numbers", 9)])
def test_it_goes_on_to_the_same_bits(case, number, killed, trained, tmp_path):
    """In the first folds, between them and the others, and within a window."""
    Estimator, settings, rows, options = CASES[case]
    whole = Estimator(**FEW, **settings).fit(*rows, **options)
    planned = len(trained)
    model = killed(number, Estimator(checkpoint_dir=tmp_path / "kept", **FEW, **settings), *rows, **options)
    trained.clear()
    same(model.fit(*rows, **options), whole, rows[0])
    assert len(trained) == planned - number
    trained.clear()
    same(model.set_params(n_jobs=1, verbose=True).fit(*rows, **options), whole, rows[0])
    assert trained == []


SIGKILL = """
import os, sys
from deepstep.estimators import resuming
resuming.SECONDS = 0.0
keep, seen = resuming.MemberFiles.keep, []
def killed(self, *arguments):
    keep(self, *arguments)
    seen.append(1)
    if len(seen) == 2:
        os.kill(os.getpid(), 9)
resuming.MemberFiles.keep = killed
from sklearn.datasets import load_wine
from deepstep import DeepClassifier
DeepClassifier(n_estimators=5, max_iter=6, checkpoint_dir=sys.argv[1]).fit(*load_wine(return_X_y=True))
"""


def test_a_killed_process_and_the_seed_that_it_drew(trained, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    typed = [sys.executable, "-c", SIGKILL, str(tmp_path)]
    done = subprocess.run(typed, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (tmp_path / ".deepstep-tmp-0123456789ab").write_bytes(b"half")  # as a kill within a write leaves it
    settings, seed = {"n_estimators": 5, "max_iter": 6}, read_member(member_files(tmp_path)[0])["seed"]
    model = DeepClassifier(checkpoint_dir=str(tmp_path), resume=True, **settings).fit(WINE, KINDS)
    assert len(trained) == 3
    same(model, DeepClassifier(random_state=seed, **settings).fit(WINE, KINDS), WINE)
    assert len([*tmp_path.iterdir()]) == 5


def test_workers_in_other_processes(tmp_path):
    whole = DeepClassifier(**FEW).fit(WINE, KINDS)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        model = DeepClassifier(checkpoint_dir=tmp_path, resume=True, **FEW)
        same(model.fit(WINE, KINDS), whole, WINE)
        for path in member_files(tmp_path)[::2]:
            path.unlink()
        same(model.fit(WINE, KINDS), whole, WINE)


@pytest.mark.usefixtures("pythons_own_handler")
def test_after_ctrl_c_it_goes_on(monkeypatch, trained, tmp_path):
    """Of those that are done some are written later than others."""
    monkeypatch.setattr(resuming, "SECONDS", inf)
    keep = MemberFiles.keep

    def pressed(self, *arguments):
        keep(self, *arguments)
        if len(self._waiting) == 4:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(MemberFiles, "keep", pressed)
    model = DeepClassifier(checkpoint_dir=tmp_path, n_jobs=1, **FEW)
    with pytest.warns(UserWarning, match="was interrupted: .* of 10 networks"):
        model.fit(WINE, KINDS)
    done, before = len(member_files(tmp_path)), len(trained)
    assert done >= 4
    monkeypatch.setattr(MemberFiles, "keep", keep)
    model.set_params(resume=True).fit(WINE, KINDS)
    assert len(trained) - before == 10 - done
    same(model, DeepClassifier(**FEW).fit(WINE, KINDS), WINE)


ONLY = {"n_estimators": 1, "max_iter": 12, "batch_size": 16, "n_jobs": 1}


@pytest.mark.usefixtures("pythons_own_handler")
def test_the_only_network_goes_on_from_its_checkpoint_to_the_same_bits(monkeypatch, tmp_path):
    """As that of a table above 100,000 rows: with its snapshots, and with a drawn seed."""
    pause = Loop._pause

    def pressed(self):
        if self._training.position.epoch == 5 and self._training.position.batch == 0:
            os.kill(os.getpid(), signal.SIGINT)
            for one in self._training._callbacks:
                if hasattr(one, "_link"):
                    assert one._link.given_up.wait(20)
        pause(self)

    model = DeepRegressor(checkpoint_dir=tmp_path, **ONLY)
    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_pause", pressed)
        with pytest.raises(KeyboardInterrupt):
            model.fit(WINE, WINE[:, 0] + WINE[:, 1])
    (path,) = checkpoint_files(tmp_path)
    assert read_checkpoint(path).position.epoch == 5
    steps = []

    def watched(self):
        steps.append(self._training.position.epoch)
        pause(self)

    monkeypatch.setattr(Loop, "_pause", watched)
    model.set_params(resume=True).fit(WINE, WINE[:, 0] + WINE[:, 1])
    assert min(steps) >= 5
    seed = read_checkpoint(path).identity["seed of the fit"]
    whole = DeepRegressor(random_state=seed, **ONLY).fit(WINE, WINE[:, 0] + WINE[:, 1])
    same(model, whole, WINE)
    assert model.ensemble_.members[0].best_epoch == whole.ensemble_.members[0].best_epoch
    two = DeepRegressor(checkpoint_dir=tmp_path, resume=True, **{**ONLY, "n_estimators": 2})
    with pytest.raises(FileError, match="They are of one network"):
        two.fit(WINE, WINE[:, 0])


def test_a_long_training_is_written_at_once_and_the_last_ones_at_the_end(monkeypatch, tmp_path):
    written = []
    monkeypatch.setattr(resuming, "write_member", lambda path, *_: written.append(path))
    monkeypatch.setattr(resuming, "SECONDS", 1e9)
    DeepClassifier(**FEW, n_estimators=4, checkpoint_dir=tmp_path / "none").fit(WINE, KINDS)
    assert written == []  # of so short a fit
    monkeypatch.setattr(resuming, "LONG", 0.0)
    DeepClassifier(**FEW, n_estimators=4, checkpoint_dir=tmp_path / "long").fit(WINE, KINDS)
    assert len(written) == 4
    monkeypatch.setattr(resuming, "LONG", inf)
    flush = resuming.MemberFiles.flush
    monkeypatch.setattr(resuming.MemberFiles, "end", flush)
    DeepClassifier(**FEW, n_estimators=4, checkpoint_dir=tmp_path / "short").fit(WINE, KINDS)
    assert len(written) == 8


OTHERS = [
    ({"random_state": 2}, {}, "random_state was 1 and is 2"),
    ({"max_iter": 7}, {}, "max_iter was 6 and is 7"),
    ({"deterministic": True, "keep_columns": None}, {}, "deterministic was False and is True"),
    ({}, {"y": TARGET * 2}, "the training data is another"),  # the same numbers for the networks
    ({}, {"X": NUMBERS**3}, "the training data is another"),
    ({}, {"sample_weight": WEIGHT}, "the training data is another; the validation data is another"),
]


def test_another_fit_is_refused(killed, tmp_path):
    model = killed(3, DeepRegressor(checkpoint_dir=tmp_path, **FEW), NUMBERS, TARGET)
    kept = {path: path.read_bytes() for path in member_files(tmp_path)}
    told = (
        "DeepRegressor.fit: checkpoint_dir must be a folder with members of this fit, of the same data and "
    )
    told += f"parameters, got {str(tmp_path)!r} with others: "
    for changed, rows, sentence in OTHERS:
        with pytest.raises(ConfigurationError, match=rf"{re.escape(told)}{sentence}"):
            clone(model).set_params(**changed).fit(**{"X": NUMBERS, "y": TARGET, **rows})
    assert {path: path.read_bytes() for path in member_files(tmp_path)} == kept


def test_members_of_another_window_are_trained_again(killed, trained, monkeypatch, tmp_path):
    model = killed(9, DeepClassifier(checkpoint_dir=tmp_path, **FEW), WINE, KINDS)
    monkeypatch.setattr(ensemble_fit, "AROUND", 0)
    trained.clear()
    same(model.fit(WINE, KINDS), DeepClassifier(**FEW).fit(WINE, KINDS), WINE)
    assert {task.fold for task in trained[:2]} == {2}


def rewritten(path, change):
    """A member with another text, under a checksum that fits."""
    header, arrays = read_arrays(path, "a member")
    arrays[CONTENT] = np.frombuffer(change(arrays[CONTENT].tobytes()), np.uint8)
    write_arrays(path, arrays, header | {"sha256": checksum("", arrays)})


DAMAGES = {
    "cut": lambda path, whole: path.write_bytes(whole[:-100]),
    "altered": lambda path, whole: path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1])),
    "version": lambda path, whole: path.write_bytes(whole.replace(b'"version":"1"', b'"version":"9"')),
    "no JSON": lambda path, whole: rewritten(path, lambda text: text[:-1]),
    "no seed": lambda path, whole: rewritten(path, lambda text: text.replace(b'"seed", 1', b'"seed", null')),
}


def test_a_damaged_member_is_trained_again(killed, trained, tmp_path):
    model = killed(4, DeepClassifier(checkpoint_dir=tmp_path, **FEW), WINE, KINDS)
    path = member_files(tmp_path)[0]
    before = path.read_bytes()
    for damage in DAMAGES.values():
        path.write_bytes(before)
        damage(path, before)
        with pytest.raises(FileError, match=path.name):
            read_member(path)
    path.write_bytes(before)
    rewritten(path, lambda text: text.replace(b'"theta"', b'"thetb"'))
    trained.clear()
    with pytest.warns(UserWarning, match=rf"{path.name}: .*\. The member is trained again\."):
        model.fit(WINE, KINDS)
    assert len(trained) == 10 - 3
    same(model, DeepClassifier(**FEW).fit(WINE, KINDS), WINE)


def test_a_new_fit_spares_the_members_of_an_old_one(killed, tmp_path):
    model = killed(2, DeepClassifier(checkpoint_dir=tmp_path / "one", **FEW), WINE, KINDS)
    with pytest.raises(FileError, match=r"earlier one. Go on from them \(resume=True\), or choose another"):
        model.set_params(resume=False).fit(WINE, KINDS)
    single = {"preset": "single", "checkpoint_dir": tmp_path / "two", "checkpoint_every": 0.0}
    DeepClassifier(**FEW, **single).fit(WINE, KINDS)
    with pytest.raises(FileError, match=r"They are of one network\. Choose"):
        DeepClassifier(checkpoint_dir=tmp_path / "two", resume=True, **FEW).fit(WINE, KINDS)


def test_what_an_ensemble_cannot_be_given(tmp_path):
    for given, sentence in (
        (
            {"time_budget": 5.0},
            r"time_budget must be None, where checkpoint_dir is given .* got 5\.0\. The clock",
        ),
        ({"checkpoint_every": 1.0}, "where checkpoint_every is given, got 'tabular'"),
        ({"keep_checkpoints": 1}, "where keep_checkpoints is given, got 'tabular'"),
        ({"checkpoint_dir": None, "resume": True}, "checkpoint_dir, where resume=True; got None"),
    ):
        with pytest.raises(ConfigurationError, match=sentence):
            DeepClassifier(**{"checkpoint_dir": tmp_path, **given}).fit(WINE, KINDS)


def test_a_full_disk_is_told_once(monkeypatch, tmp_path):
    def full(path, *_):
        raise FileError(str(path), "a path that can be written to", "got the error No space left on device")

    monkeypatch.setattr(resuming, "write_member", full)
    with pytest.warns(UserWarning, match="continues without the files of some members: .*No space") as found:
        model = DeepClassifier(checkpoint_dir=tmp_path, **FEW).fit(WINE, KINDS)
    assert len(found) == 1
    same(model, DeepClassifier(**FEW).fit(WINE, KINDS), WINE)
