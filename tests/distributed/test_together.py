"""Workers on this machine, by gloo on loopback: together they are one worker, to 1e-12 in float64."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trained_together

from deepstep import Network
from deepstep.distributed import Worker, fit, worker
from deepstep.engines import open_session
from deepstep.errors import ConfigurationError, MissingPackageError

pytest.importorskip("torch")

SCRIPT = Path(trained_together.__file__)


def together(folder, case, *more, n=2, max_restarts=0):
    """Run the script by torchrun; what each worker came to."""
    source = Path(sys.modules["deepstep"].__file__).parents[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"]
    command.append(f"--max-restarts={max_restarts}")
    ran = subprocess.run(
        [*command, str(SCRIPT), str(folder), case, *more],
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    numbers = [np.load(folder / f"{rank}.npz") for rank in range(n)]
    return numbers, [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in range(n)]


def alone(case):
    net = trained_together.network("reference")
    history = net.train(*trained_together.examples(), **trained_together.options(case))
    return net.parameters.flat, history.costs


@pytest.mark.parametrize("case", trained_together.CASES)
def test_two_workers_are_one(case, tmp_path):
    numbers, told = together(tmp_path, case)
    theta, costs = alone(case)
    np.testing.assert_array_equal(numbers[0]["theta"], numbers[1]["theta"])
    np.testing.assert_array_equal(numbers[0]["costs"], numbers[1]["costs"])
    np.testing.assert_allclose(numbers[0]["theta"], theta, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(numbers[0]["costs"], costs, rtol=1e-12)
    assert [one["engine"] for one in told] == ["distributed"] * 2
    assert [one["seen"] for one in told] == [len(costs), 0]  # the first one alone calls callbacks


def test_three_workers_and_a_training_that_goes_on(tmp_path):
    """Checkpoints are written by the first worker; all go on from them."""
    together(tmp_path, "everything", "2", n=3)
    numbers, _ = together(tmp_path, "everything", "5", n=3)
    theta, _ = alone("everything")
    for one in numbers:
        np.testing.assert_allclose(one["theta"], theta, rtol=1e-12, atol=1e-12)


def test_a_worker_that_is_killed(tmp_path):
    """Torchrun starts all of them again, and they go on from the last checkpoint to the same end."""
    numbers, told = together(tmp_path, "killed", "5", max_restarts=2)
    theta, costs = alone("killed")
    for one in numbers:
        np.testing.assert_allclose(one["theta"], theta, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], costs, rtol=1e-12)
    assert told[0]["seen"] < len(costs)  # the second life did not begin anew


def test_a_worker_alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert worker() == Worker(0, 1, 0)
    net = trained_together.network()
    fit(net, *trained_together.examples(), **trained_together.options("batches"))
    np.testing.assert_allclose(net.parameters.flat, alone("batches")[0], rtol=1e-12, atol=1e-12)
    assert net.engine == "auto"


def test_what_many_workers_cannot_do(monkeypatch):
    X, Y = trained_together.examples()
    with pytest.raises(ConfigurationError, match="no time_budget"):
        fit(trained_together.network(), X, Y, time_budget=1)
    with pytest.raises(ConfigurationError, match="a network with a seed"):
        fit(Network([3, 2], output="softmax"), X, Y)
    with pytest.raises(ConfigurationError, match="normalization='layer'"):
        fit(Network([3, 4, 2], output="softmax", normalization="batch", seed=1), X, Y)
    net = trained_together.network()
    with pytest.raises(ConfigurationError, match=r"deepstep\.distributed\.fit"):
        open_session("distributed", net.architecture, net.parameters)
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(ConfigurationError, match="RANK is a whole number; got 'first'"):
        worker()
    monkeypatch.setattr("deepstep.engines.choice.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"deepstep\[torch\]"):
        fit(net, X, Y)
