"""Workers on this machine, by gloo on loopback: together they are one worker, to 1e-12 in float64."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trained_together

from deepstep import Network
from deepstep.distributed import Worker, fit, process_group, worker
from deepstep.engines import open_session
from deepstep.errors import ConfigurationError, MissingPackageError, WorkerError

distributed = pytest.importorskip("torch.distributed")

SCRIPT = Path(trained_together.__file__)
THREE = 3


def torchrun(*typed, n=2, max_restarts=0, code=0):
    """A command by some workers."""
    source = Path(sys.modules["deepstep"].__file__).parents[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"]
    ran = subprocess.run(
        [*command, f"--max-restarts={max_restarts}", *map(str, typed)],
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    return ran


def arrays(path):
    """Those of a file, by name."""
    with np.load(path) as found:
        return dict(found)


def came_to(folder, name, n):
    """What each worker came to."""
    numbers = [arrays(folder / f"{name}.{rank}.npz") for rank in range(n)]
    return numbers, [json.loads((folder / f"{name}.{rank}.json").read_text("utf-8")) for rank in range(n)]


def alone(case, **parts):
    net = trained_together.network("reference", **parts)
    history = net.train(*trained_together.examples(), **trained_together.options(case))
    return net.parameters.flat, history


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What three workers came to, of all cases in one start of them."""
    folder = tmp_path_factory.mktemp("equal")
    torchrun(SCRIPT, folder, "equal", n=THREE)
    return folder


@pytest.mark.parametrize("case", [*trained_together.CASES, "slow"])
def test_workers_are_one(case, trained):
    numbers, told = came_to(trained, case, THREE)
    theta, history = alone(trained_together.CASES.get(case, trained_together.SLOW))
    for one in numbers:
        np.testing.assert_array_equal(one["theta"], numbers[0]["theta"])
        np.testing.assert_array_equal(one["costs"], numbers[0]["costs"])
    np.testing.assert_allclose(numbers[0]["theta"], theta, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(numbers[0]["costs"], history.costs, rtol=1e-12)
    assert [one["engine"] for one in told] == ["distributed"] * THREE
    assert [one["seen"] for one in told] == [len(history), 0, 0]  # the first one alone calls callbacks


def test_what_is_measured_on_validation_data_is_of_all_of_it(trained):
    _, told = came_to(trained, "validated", THREE)
    _, history = alone(trained_together.CASES["validated"])
    for quantity in ("validation_cost", "validation_error"):
        for one in told:
            found = [record[quantity] for record in one["records"]]
            np.testing.assert_allclose(found, history.column(quantity), rtol=1e-12)
    assert 4 < len(history) < 40  # patience ended it, in all of them


@pytest.mark.parametrize("case", ["stopped", "L-BFGS stopped"])
def test_a_callback_ends_the_training_of_all(case, trained):
    _, told = came_to(trained, case, THREE)
    assert [len(one["records"]) for one in told] == [3] * THREE


@pytest.mark.parametrize("case", trained_together.ENDING)
def test_a_callback_ends_the_training_of_all_wherever_it_is_called(case, trained):
    numbers, told = came_to(trained, case, THREE)
    net, ends = trained_together.network("reference"), trained_together.ENDING[case]()
    options = trained_together.options(trained_together.CASES["batches"])
    net.train(*trained_together.examples(), **options, callbacks=[ends])
    for one in numbers:
        np.testing.assert_allclose(one["theta"], net.parameters.flat, rtol=1e-12, atol=1e-12)
    assert [one["stopped"] for one in told] == ["enough", *["stopped by a callback"] * 2]


@pytest.mark.parametrize("case", trained_together.BY_LBFGS)
def test_workers_are_one_by_l_bfgs(case, trained):
    numbers, told = came_to(trained, case, THREE)
    theta, history = alone(trained_together.BY_LBFGS[case])
    assert len(history) == 8
    for one, of in zip(numbers, told, strict=True):
        np.testing.assert_allclose(one["theta"], theta, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], history.costs, rtol=1e-12)
        assert [record["step"] for record in of["records"]] == history.column("step").tolist()


@pytest.mark.parametrize("case", trained_together.TIMED)
def test_the_clock_of_the_first_worker_ends_the_training_of_all(case, trained):
    """Rates go by the clock, too: they are those of all, to the last bit."""
    numbers, told = came_to(trained, case, THREE)
    for one in numbers:
        np.testing.assert_array_equal(one["theta"], numbers[0]["theta"])
    rates = [[record["learning_rate"] for record in one["records"]] for one in told]
    assert rates[0] == rates[1] == rates[2]
    assert [one["records"][-1]["step"] for one in told] == [told[0]["records"][-1]["step"]] * THREE
    assert {one["stopped"] for one in told} == {"time budget of 0.3 s used up"}


def test_a_training_that_goes_on(trained):
    """ModelCheckpoint are written by the first worker; all go on from them."""
    numbers, told = came_to(trained, "gone on", THREE)
    theta, history = alone(trained_together.CASES["everything"])
    for one in numbers:
        np.testing.assert_allclose(one["theta"], theta, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], history.costs, rtol=1e-12)
    assert told[0]["seen"] == 3


def test_one_alone_goes_on_with_what_many_began(trained):
    """On another engine, too: a checkpoint is of the training, not of who did it."""
    case = trained_together.CASES["everything"] | {"iterations": 7}
    net, (theta, _) = trained_together.network("reference"), alone(case)
    options = trained_together.options(case)
    history = net.train(*trained_together.examples(), **options, resume=trained / "checkpoints")
    np.testing.assert_allclose(net.parameters.flat, theta, rtol=1e-12, atol=1e-12)
    assert len(history) == 7


def test_workers_that_have_not_the_same_are_refused(trained):
    for rank in range(THREE):
        assert "worker 1 has others than worker 0" in (trained / f"refused.{rank}").read_text("utf-8")
        elsewhere = (trained / f"elsewhere.{rank}").read_text("utf-8")
        assert elsewhere.startswith(
            f"worker {rank}: all workers at the same place; this one is at other para"
        )


def test_a_worker_that_is_killed(tmp_path):
    """Torchrun starts all of them again, and they go on from the last checkpoint to the same end."""
    torchrun(SCRIPT, tmp_path, "killed", max_restarts=2)
    numbers, told = came_to(tmp_path, "killed", 2)
    theta, history = alone(trained_together.KILLED)
    for one in numbers:
        np.testing.assert_allclose(one["theta"], theta, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], history.costs, rtol=1e-12)
    assert told[0]["seen"] < len(history)  # the second life did not begin anew


def test_a_worker_that_hangs_is_not_waited_for_for_ever(tmp_path):
    torchrun(SCRIPT, tmp_path, "hangs", code=1)
    sentence = (tmp_path / "hangs").read_text("utf-8")
    assert sentence.startswith("worker 0: a reply of all workers; one of them hangs, or takes longer")
    assert "--max-restarts=3" in sentence


def test_a_worker_that_dies_before_the_first_step_is_told_in_a_sentence(tmp_path):
    torchrun(SCRIPT, tmp_path, "dies_early", code=1)
    sentence = (tmp_path / "dies_early").read_text("utf-8")
    assert sentence.startswith("worker 0: a reply of all workers; one of them has ended")


def test_a_worker_that_does_not_come_is_told_in_a_sentence(monkeypatch):
    for name, value in {
        "RANK": "0",
        "WORLD_SIZE": "2",
        "LOCAL_RANK": "0",
        "MASTER_ADDR": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    met = distributed.HashStore(), 0, 2
    module = importlib.import_module("torch.distributed.rendezvous")
    monkeypatch.setattr(module, "rendezvous", lambda url: iter([met]))
    said = "worker 0: a reply of all workers; one of them hangs, or takes longer than it may"
    with pytest.raises(WorkerError, match=said), process_group(timeout=0.2):
        pass
    assert not distributed.is_initialized()


def test_a_worker_alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert worker() == Worker(0, 1, 0)
    net, case = trained_together.network(), trained_together.CASES["validated"]
    fit(net, *trained_together.examples(), **trained_together.options(case))
    np.testing.assert_allclose(net.parameters.flat, alone(case)[0], rtol=1e-12, atol=1e-12)
    assert net.engine == "auto"


def test_what_many_workers_cannot_do(monkeypatch):
    X, Y = trained_together.examples()
    with pytest.raises(ConfigurationError, match="a network with a seed"):
        fit(Network([3, 2], output="softmax"), X, Y)
    with pytest.raises(ConfigurationError, match=r"an engine that workers have.* got 'compiled'"):
        fit(trained_together.network("compiled"), X, Y)
    with pytest.raises(ConfigurationError, match="timeout is a number of seconds above 0; got 0"):
        fit(trained_together.network(), X, Y, timeout=0)
    with pytest.raises(ConfigurationError, match="normalization='layer'"):
        fit(Network([3, 4, 2], output="softmax", normalization="batch", seed=1), X, Y)
    net = trained_together.network()
    with pytest.raises(ConfigurationError, match=r"deepstep\.distributed\.fit"):
        open_session("distributed", net.architecture, net.parameters)
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(ConfigurationError, match="RANK is a whole number; got 'first'"):
        worker()
    monkeypatch.setattr("deepstep.engines.choice.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="pip install torch"):
        fit(net, X, Y)
