"""Networks that cannot fit are refused before anything is made."""

import numpy as np
import pytest

from deepstep import Network, NetworkRegressor
from deepstep.errors import ConfigurationError
from deepstep.network import architecture


@pytest.fixture
def small_machine(monkeypatch):
    """One that has 24,000 bytes."""
    monkeypatch.setattr(architecture.os, "sysconf", {"SC_PHYS_PAGES": 6, "SC_PAGE_SIZE": 4000}.__getitem__)


def test_a_network_that_no_machine_holds():
    with pytest.raises(ConfigurationError, match="parameters fit into memory, got 12,000,000,000,001"):
        Network([10, 10**12, 1])


def test_to_make_one(small_machine):
    Network([1, 300, 1])  # 901 parameters, drawn and copied in float64: 21.6 kB
    with pytest.raises(ConfigurationError, match=r"got 1,201, which take at least 2\.88e-05 GB to make"):
        Network([1, 400, 1])
    Network([1, 400, 1], dtype="float32")


def test_to_train_one(small_machine):
    """θ, its gradient and the next θ, and what the optimizer keeps."""
    net = Network([1, 300, 1], output="identity", seed=1)
    data = [[0.0, 1.0]], [[1.0, 0.0]]
    net.train(*data, iterations=1)
    with pytest.raises(ConfigurationError, match=r"^layer_dims must be .* to train"):
        net.train(*data, iterations=1, optimizer="adam")
    with pytest.raises(ConfigurationError, match=r"hidden_layer_sizes must be .* to train"):
        NetworkRegressor(300, max_iter=1, dtype="float64").fit(np.array([[0.0], [1.0]]), np.array([1.0, 0.0]))


def test_what_is_there_is_taken(small_machine, tmp_path):
    """Parameters that are given are in memory already."""
    given = {"W1": np.zeros((1, 5000)), "b1": np.zeros((1, 1))}
    Network(parameters=given).save(tmp_path / "net")
    assert Network.load(tmp_path / "net").architecture.n_parameters == 5001
