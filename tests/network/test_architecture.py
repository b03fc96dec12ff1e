"""Architecture: sizes and activations, refused where they cannot be, or where no machine can hold them."""

import numpy as np
import pytest

from deepstep import Architecture, Network, NetworkRegressor
from deepstep.errors import ConfigurationError
from deepstep.network import architecture
from deepstep.network.architecture import layer_sizes


def test_lists_and_numpy_integers_become_plain_tuples():
    shape = Architecture(np.array([2, 3, 1]), ["tanh", "sigmoid"])
    assert all(type(size) is int for size in shape.layer_dims)
    same = Architecture((2, 3, 1), ("tanh", "sigmoid"))
    assert (shape, hash(shape)) == (same, hash(same))


@pytest.mark.parametrize(
    ("layer_dims", "message"),
    [
        ([5], r"have at least two sizes, inputs and outputs, got \[5\]"),
        ([5, 0, 1], r"be whole numbers of at least 1, got 0 as size 1"),
        ([5, 3, 1.0], r"1\.0 as size 2"),
        ([True, 2], r"True as size 0"),
        (5, r"a list of layer sizes such as \[5, 4, 1\], got 5\."),
    ],
)
def test_sizes_that_cannot_be(layer_dims, message):
    with pytest.raises(ConfigurationError, match=f"^--network must .*{message}"):
        layer_sizes(layer_dims, "--network")


def test_activations_and_switches_that_cannot_be():
    for activations in (("relu",), "ab"):
        with pytest.raises(ConfigurationError, match=r"^activations must be a list of 2 names"):
            Architecture((3, 2, 1), activations)
    with pytest.raises(ConfigurationError, match=r"^input_scale must be True or False, got 1\.$"):
        Architecture((3, 2, 1), ("relu", "sigmoid"), input_scale=1)


@pytest.fixture
def small_machine(monkeypatch):
    """One that has 24,000 bytes."""
    monkeypatch.setattr(architecture.os, "sysconf", {"SC_PHYS_PAGES": 6, "SC_PAGE_SIZE": 4000}.__getitem__)


def test_a_network_that_no_machine_holds():
    with pytest.raises(ConfigurationError, match="parameters fit into memory, got 12,000,000,000,001"):
        Network([10, 10**12, 1])


def test_memory_to_make_one_and_to_train_it(small_machine):
    """To train: θ, its gradient and the next θ, and what the optimizer keeps."""
    with pytest.raises(ConfigurationError, match=r"got 1,201, which take at least 2\.88e-05 GB to make"):
        Network([1, 400, 1])
    Network([1, 400, 1], dtype="float32")
    net = Network([1, 300, 1], output="identity", seed=1)  # 901 parameters, drawn and copied: 21.6 kB
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
