"""Python as in a browser: no thread and no process can be started; Numba, fcntl and resource are absent."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from deepstep.cli.explore import _serve
from deepstep.course import check_file, runner, starter
from deepstep.environment import executor
from deepstep.errors import ConfigurationError

BROWSER = """
import subprocess, sys, threading

ABSENT = {"numba", "llvmlite", "fcntl", "resource", "torch", "pyarrow"}

class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def refused(*arguments, **options):
    raise OSError(138, "processes are not supported")

def fails(self):
    raise RuntimeError("can't start new thread")

sys.meta_path.insert(0, Absent)
subprocess.Popen.__init__ = refused
started = threading.Thread.start
threading.Thread.start = fails

import numpy as np
from pathlib import Path
from deepstep import DeepClassifier, DeepRegressor, Network, NetworkClassifier, NetworkRegressor, Run
from deepstep.training import ModelCheckpoint

rng = np.random.RandomState(1)
X = rng.randn(120, 4)
y = (X[:, 0] + X[:, 1] > 0).astype(int)

for options in ({}, {"early_stopping": True}, {"solver": "lbfgs"}):
    model = NetworkClassifier((8,), max_iter=300, tol=0, random_state=1, **options)
    assert model.fit(X, y).score(X, y) > 0.7, options
model = NetworkRegressor((8,), max_iter=300, random_state=1).fit(X, X[:, 0])
assert model.score(X, X[:, 0]) > 0.5

np.save("X.npy", X.astype(np.float32))
rows = np.load("X.npy", mmap_mode="r")
model = DeepClassifier(stream=True, network_params={"epochs": 5}, random_state=1).fit(rows, y)
assert model.predict(X.astype(np.float32)).shape == (120,)
checkpoint = ModelCheckpoint("checkpoints", every_epochs=2)
Network([4, 5, 1], seed=1).train(X.T, y[np.newaxis], epochs=6, checkpoint=checkpoint)
assert len([*Path("checkpoints").iterdir()]) > 0

few = {"n_estimators": 2, "network_params": {"epochs": 8}, "random_state": 1}

def fitted():
    return DeepClassifier(n_jobs=2, verbose=True, **few).fit(X, y)

model = fitted()
assert model.score(X, y) > 0.8
assert len(DeepRegressor(time_budget=2, n_estimators=2, random_state=1).fit(X, X[:, 0]).predict(X)) == 120
Run.of(model).save("run")
import polars
table = polars.DataFrame(X, schema=list("abcd"))
of_table = DeepClassifier(**few).fit(table, y)
of_table.save("run of a table")
assert Run.load("run of a table").predict(table).probabilities.shape == (120, 2)
threading.Thread.start = started
assert (model.predict_proba(X) == fitted().predict_proba(X)).all()
"""


@pytest.mark.slow
def test_estimators_train_one_member_after_another_and_equal_those_of_threads(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", BROWSER], cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert "networks" in done.stdout + done.stderr


def test_work_is_done_by_the_thread_that_submits_it_where_none_starts(monkeypatch):
    def fails(self):
        raise RuntimeError("can't start new thread")

    with executor(4, "member") as pool:
        assert isinstance(pool, ThreadPoolExecutor)
    monkeypatch.setattr(Thread, "start", fails)
    with executor(4, "member") as pool:
        done, failed = pool.submit(divmod, 7, 2), pool.submit(divmod, 7, 0)
    assert done.result() == (3, 1)
    with pytest.raises(ZeroDivisionError):
        failed.result()
    with pytest.raises(ConfigurationError, match="This Python cannot start threads"):
        _serve({}, None, {}, 0, 1.0, opens=False, json_wanted=False)


SOLUTION = """
import numpy as np
print("written by me")
def neuron_forward(w, b, X):
    return 1 / (1 + np.exp(-(w.T @ X + b)))
"""


def test_the_course_checks_a_file_where_no_process_can_be_started(tmp_path, monkeypatch):
    monkeypatch.setattr(runner.sys, "platform", "emscripten")
    monkeypatch.setattr(runner, "_in_process", None)
    path, before = tmp_path / "chapter_01.py", list(sys.path)
    path.write_text(starter(1))
    assert check_file(path, 1).score == 0
    path.write_text(SOLUTION)
    grade = check_file(path, 1)
    assert grade.score == 0.5
    assert "It printed: written by me" in str(grade)
    assert sys.path == before
    assert "submission" not in sys.modules
