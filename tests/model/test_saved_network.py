"""A saved network: the format, what is refused although its checksums are right, functions of the user.

What holds for each archive is in ``tests/test_archive.py``, the whole way of a network there and back in
``tests/test_model.py``.
"""

from pathlib import Path

import numpy as np
import pytest

from archive_examples import reseal
from deepstep import History, Network
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.equations import (
    FEATURES,
    feature,
    register_activation,
    register_head,
    unregister_activation,
    unregister_head,
)
from deepstep.errors import FileError
from deepstep.training import ModelCheckpoint

SAVED = Path(__file__).parent / "fixtures" / "network-v1"

X = np.array([[0.5, 1.0], [-1.0, 0.0], [2.0, -0.25]])


def test_what_the_format_means():
    """Parameters of the file are sin 1, sin 2, … to three digits, so that the outputs follow from the
    lecture's formulas; they were worked out with `math` alone.
    """
    net = Network.load(SAVED)
    assert repr(net) == "Network(3-4-2: batch norm, silu, quantile; 30 parameters, float32)"
    assert dict(net.architecture.output_settings) == {"levels": (0.25, 0.75)}
    assert net.seed == 7
    expected = np.round(np.sin(np.arange(1, 31)), 3).astype(np.float32)
    np.testing.assert_array_equal(net.parameters.flat, expected)  # W1, b1, gamma1, W2, b2
    assert net.statistics["mean1"].ravel().tolist() == [0.5, -0.25, 0, 1]
    assert net.statistics["variance1"].ravel().tolist() == [1, 2, 0.5, 4]
    expected = [[-0.12856000859225447, 0.43419806302341846], [-0.8213320598280561, -0.04820630654043723]]
    np.testing.assert_allclose(net.forward(X).T, expected, rtol=2e-6, atol=1e-7)
    np.testing.assert_array_equal(net.history.costs, [0.5, np.nan])  # null in the file
    assert (net.history.engine, net.history.stopped) == ("compiled", "all epochs done")


def test_functions_of_the_user_are_named_and_not_held(tmp_path):
    register_activation("double", lambda Z: 2 * Z, lambda dA, Z: 2 * dA)
    cost = lambda ZL, Y: np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 4  # noqa: E731
    register_head("half", cost, lambda ZL, Y: (ZL - Y) / 2)
    feature("nothing")(lambda ops, layer: ops)
    try:
        Network([2, 3, 3, 1], activation="double", seed=1).save(tmp_path / "double")
        Network([2, 1], output="half", seed=1).save(tmp_path / "half")
        net = Network([2, 1], features={"nothing": True}, seed=1, engine="reference")
        checkpoints = ModelCheckpoint(tmp_path / "training", every_epochs=1)
        net.train(X[:2], [[0, 1]], iterations=2, checkpoint=checkpoints)
        net.save(tmp_path / "nothing")
        Network.from_checkpoint(tmp_path / "training")
    finally:
        unregister_activation("double")
        unregister_head("half")
        del FEATURES["nothing"]
    for name, way in {"double": "register_activation", "half": "register_head", "nothing": "feature"}.items():
        with pytest.raises(FileError, match=rf" '{name}'\. If it is yours, .*{way}\.$"):
            Network.load(tmp_path / name)
    with pytest.raises(FileError, match="unknown features 'nothing'"):
        Network.from_checkpoint(tmp_path / "training")


def test_all_of_a_training_is_kept(tmp_path):
    net = Network([3, 4, 1], seed=1, input_scale=True)
    data = np.random.default_rng(1).standard_normal((3, 40))
    options = {"validation_fraction": 0.25, "patience": 2, "refit": True, "iterations": 20}
    net.train(data, data[:1] > 0, learning_rate=0.5, **options)
    net.save(tmp_path / "net")
    again = Network.load(tmp_path / "net")
    assert (again.architecture, again.parameters) == (net.architecture, net.parameters)
    for kept, read in ((net.history, again.history), (net.stopping_history, again.stopping_history)):
        assert read.records == kept.records
        assert (read.engine, read.why_engine, read.stopped) == (kept.engine, kept.why_engine, kept.stopped)
    assert (again.best_epochs, again.engine) == (net.best_epochs, "auto")
    net.history = History([{"epoch": 1}])
    with pytest.raises(FileError, match=r"^Record 1 of the history lacks numbers for epoch, step and cost"):
        net.save(tmp_path / "other")


FORGED = {
    "W1 has an entry that is not finite in float32": ("parameters.W1", np.full((4, 3), np.nan, "f4")),
    "variance1 has an entry that is below 0 or not finite": ("statistics.variance1", -np.ones((4, 1), "f4")),
    "belong to nothing": ("more", np.zeros(1)),
    "all float32, or all float64, got float32, float64": ("parameters.b1", np.zeros((4, 1))),
    "parameters of Network": ("parameters.b1", np.zeros((4, 1), int)),
}


@pytest.mark.parametrize("message", FORGED)
def test_arrays_that_cannot_be(message, tmp_path):
    """With every checksum made to fit."""
    Network.load(SAVED).save(tmp_path / "net")
    path, (name, array) = tmp_path / "net" / "arrays.safetensors", FORGED[message]
    _, arrays = read_arrays(path, "arrays")
    write_arrays(path, {**arrays, f"model.{name}": array}, {})
    reseal(tmp_path / "net")
    with pytest.raises(FileError, match=rf"altered or damaged .*{message}.*Restore it, or save again\."):
        Network.load(tmp_path / "net")
