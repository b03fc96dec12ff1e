"""Workers on this machine, by gloo on loopback: together they are one process, to 1e-12 in float64."""

import importlib
import json
import os
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import restarted_together
import trained_together
from trained_together import CASES, ENDING, ESTIMATORS, STREAMED, TIMED, ends_at

import deepstep
from deepstep.distributed import in_process_group, process_group
from deepstep.engines import open_session
from deepstep.errors import ConfigurationError, MissingPackageError, WorkerError
from deepstep.training import latest_checkpoint

distributed = pytest.importorskip("torch.distributed")

pytestmark = pytest.mark.slow

N = 3
SOURCE = Path(deepstep.__file__).parents[1]
FORKED = Path(__file__).with_name("forked.py")


def results_of(folder, *command, n):
    """What some workers came to, which a command starts."""
    ran = subprocess.run(
        [sys.executable, *map(str, command), str(folder)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in range(n)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    trained_together.write_data(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("everything")


@pytest.fixture(scope="module")
def results(data, folder):
    """What three workers came to, of all cases in one start of them."""
    return results_of(folder, FORKED, N, trained_together.__file__, data, n=N)


def column(result, name):
    return [record[name] for record in result["records"]]


def assert_equal(results, trained):
    """All workers have the same, and that of one process."""
    scores = {name for record in trained.history for name in record if name.startswith("validation_")}
    for result in results:
        assert result["theta"] == results[0]["theta"]
        np.testing.assert_allclose(result["theta"], trained.parameters.flat, rtol=1e-12, atol=1e-12)
        for name in ("cost", "step", *scores):
            np.testing.assert_allclose(column(result, name), trained.history.column(name), rtol=1e-12)


@pytest.mark.parametrize("name", [*CASES, *ESTIMATORS, *STREAMED])
def test_workers_are_one_process(name, results, data):
    """Networks, estimators on arrays that are mapped from files, and on Parquet."""
    alone = trained_together.trained(name, data, engine="reference")
    of_all = [result[name] for result in results]
    assert_equal(of_all, alone)
    if name == "batches":
        assert_equal([result["a group of the user's own"] for result in results], alone)
    if name in CASES:
        assert [result["engine"] for result in of_all] == ["distributed"] * N
        trainings = [alone.history, *([alone.stopping_history] if name == "refitted" else [])]
        seen = sum(map(len, trainings))
        assert [result["seen"] for result in of_all] == [seen, 0, 0]  # of the first alone


@pytest.mark.parametrize(("name", "batch"), [("streamed: shared", 32), ("streamed: weighed", 8)])
def test_all_read_all_and_prepare_their_own(name, batch, results):
    streamed = [result[name] for result in results]
    assert sum(result["prepared"] for result in streamed) == 3 * 360
    for result in streamed:
        assert len(set(Counter(result["read"]).values())) == 1
        assert 0.95 * (batch // N) < result["prepared"] * batch / (3 * 360) < 1.05 * -(-batch // N)


@pytest.mark.parametrize("method", ENDING)
def test_a_callback_ends_the_training_of_all(method, results):
    alone = trained_together.train("batches", "reference", callbacks=[ends_at(method)])
    of_all = [result[method] for result in results]
    assert_equal(of_all, alone)
    assert [result["stopped"] for result in of_all] == ["enough", *["stopped by a callback"] * 2]


def test_all_end_l_bfgs_and_heed_ctrl_c_at_the_same_step(results):
    assert [len(result["L-BFGS ended"]["records"]) for result in results] == [3] * N
    pressed = [result["Ctrl-C"] for result in results]
    assert_equal(pressed, trained_together.train("batches", "reference", iterations=3))
    assert {result["stopped"] for result in pressed} == {"interrupted"}


@pytest.mark.parametrize("name", TIMED)
def test_the_clock_of_the_first_worker_ends_the_training_of_all(name, results):
    """Rates go by the clock, too: they are those of all, to the last bit."""
    first, *others = (result[name] for result in results)
    assert first["stopped"] == "time budget of 0.3 s used up"
    for result in others:
        assert result["theta"] == first["theta"]
        assert result["stopped"] == first["stopped"]
        assert column(result, "learning_rate") == column(first, "learning_rate")
        assert column(result, "step") == column(first, "step")


def test_what_many_began_many_and_one_go_on_with(results, folder, data):
    """On another engine, too: a checkpoint is of the training, not of who did it."""
    assert_equal([r["goes on"] for r in results], trained_together.train("everything", "reference"))
    assert [result["goes on"]["seen"] for result in results] == [3, 0, 0]
    later = trained_together.train("everything", "reference", iterations=7, resume=folder / "checkpoints")
    alone = trained_together.train("everything", "reference", iterations=7)
    np.testing.assert_allclose(later.parameters.flat, alone.parameters.flat, rtol=1e-12, atol=1e-12)
    assert len(later.history) == 7


def test_streams_that_go_on(results, data):
    whole = trained_together.fit_parquet("streamed: shared", data, engine="reference", max_iter=4)
    assert_equal([result["streamed goes on"] for result in results], whole)


def test_where_one_cannot_read_all_end_and_the_first_keeps_what_was_reached(results, folder, data):
    first, second, third = (result["cannot read"] for result in results)
    said = "WorkerError: Another worker has ended, as it cannot read its rows"
    assert first.startswith(said)
    assert third.startswith(said)
    assert second == f"FileError: {data / 'numbers'} cannot be read."
    assert latest_checkpoint(folder / "cannot read").position.epoch == 2
    resumed = {"engine": "reference", "checkpoint_dir": folder / "cannot read", "resume": True}
    later = trained_together.fit_parquet("streamed: shared", data, **resumed)
    alone = trained_together.fit_parquet("streamed: shared", data, engine="reference")
    np.testing.assert_allclose(later.parameters.flat, alone.parameters.flat, rtol=1e-12, atol=1e-12)


DIFFERENT = "ConfigurationError: Worker 1 has another network, other examples or options than worker 0"
ELSEWHERE = "WorkerError: Worker {} is at {}, and others are not, or have another order or other rates"
REFUSED = {
    **dict.fromkeys(("network", "options", "examples"), DIFFERENT),
    "place": ELSEWHERE.format("{}", "other parameters"),
    "order": ELSEWHERE.format("{}", "step 0"),
    "rates": ELSEWHERE.format("{}", "step 0"),
    "seed": "ConfigurationError: seed must be a whole number",
    "random_state": "ConfigurationError: random_state must be a whole number",
    **dict.fromkeys(
        ("engine", "engine of an estimator"), "ConfigurationError: engine must be 'auto', 'torch'"
    ),
    "normalization": "ConfigurationError: normalization must be 'none' or 'layer' on the distributed engine",
    "fault": "ConfigurationError: fault and engine",
    "ensemble": "ConfigurationError: An ensemble cannot be fitted within a process group",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_in_all_workers(name, results):
    for rank, result in enumerate(results):
        assert result["refused"][name].startswith(REFUSED[name].format(rank))


def test_a_worker_that_hangs(results):
    for rank in (0, 1):
        said = f"WorkerError: Worker {rank} got no reply of all workers: one of them hangs, or takes longer"
        assert results[rank]["hangs"].startswith(said)
        assert "--max-restarts=3" in results[rank]["hangs"]


def test_a_worker_that_is_killed(tmp_path):
    """Torchrun starts all of them again, and they go on from the last checkpoint to the same end."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=3"]
    results = results_of(tmp_path, *torchrun, restarted_together.__file__, n=2)
    alone = restarted_together.network("reference")
    alone.train(*restarted_together.examples(), **restarted_together.options(restarted_together.OPTIONS))
    assert_equal(results, alone)
    assert 0 < results[0]["seen"] < len(alone.history)  # the last life did not begin anew
    said = (tmp_path / "error").read_text("utf-8")
    assert said.startswith("Worker 1 got no reply of all workers: one of them has ended")


def of_two(monkeypatch):
    """As torchrun says it to the first of two workers."""
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1")):
        monkeypatch.setenv(name, value)


def test_a_worker_that_does_not_come_is_told_in_a_sentence(monkeypatch):
    of_two(monkeypatch)
    module = importlib.import_module("torch.distributed.rendezvous")
    monkeypatch.setattr(module, "rendezvous", lambda url: iter([(distributed.HashStore(), 0, 2)]))
    said = "Worker 0 got no reply of all workers: one of them hangs, or takes longer than it may"
    with pytest.raises(WorkerError, match=said), process_group(timeout=0.2):
        pass
    assert not distributed.is_initialized()


def test_a_process_alone_trains_as_without_a_group(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    alone = trained_together.train("batches")
    with process_group():
        assert distributed.get_rank() == 0
        assert not in_process_group()
        trained = trained_together.train("batches")
    np.testing.assert_array_equal(trained.parameters.flat, alone.parameters.flat)
    assert trained.history.engine == alone.history.engine
    assert not distributed.is_initialized()


def test_the_script_of_the_page(data, tmp_path, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows").symlink_to(data / "classes")
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text("utf-8")
    (script,) = re.findall(r"```python\n(import os\n.*?)```", page, re.DOTALL)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of few rows and epochs
        exec(script.replace('"target"', '"kind"'), {})
    assert deepstep.load("model").score(data / "classes", "kind") > 0.8


def test_groups_that_cannot_be(monkeypatch):
    with pytest.raises(ConfigurationError, match="timeout must be a number of seconds above 0, got 0"):
        process_group(timeout=0).__enter__()
    net = restarted_together.network()
    with pytest.raises(ConfigurationError, match=r"deepstep\.distributed\.process_group"):
        open_session("distributed", net.architecture, net.parameters)
    of_two(monkeypatch)
    monkeypatch.delenv("MASTER_PORT", raising=False)
    with pytest.raises(ConfigurationError, match=r"^The variables that torchrun sets.*MASTER_PORT"):
        process_group().__enter__()
    monkeypatch.setattr("deepstep.engines.choice.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="pip install torch"):
        process_group().__enter__()
