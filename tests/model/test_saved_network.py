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


class TestFunctionsOfTheUser:
    """A file names them and does not hold them."""

    def test_an_activation_and_an_output(self, tmp_path):
        register_activation("double", lambda Z: 2 * Z, lambda dA, Z: 2 * dA)
        cost = lambda ZL, Y: np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 4  # noqa: E731
        register_head("half", cost, lambda ZL, Y: (ZL - Y) / 2)
        try:
            Network([2, 3, 3, 1], activation="double", seed=1).save(tmp_path / "double")
            Network([2, 1], output="half", seed=1).save(tmp_path / "half")
            Network.load(tmp_path / "double")
        finally:
            unregister_activation("double")
            unregister_head("half")
        for name, register in (("double", "register_activation"), ("half", "register_head")):
            with pytest.raises(FileError, match=rf" '{name}'\. If it is yours, .*{register}\.$"):
                Network.load(tmp_path / name)

    def test_a_feature(self, tmp_path):
        feature("nothing")(lambda ops, layer: ops)
        try:
            net = Network([2, 1], features={"nothing": True}, seed=1, engine="reference")
            net.save(tmp_path / "net")
            checkpoints = ModelCheckpoint(tmp_path / "training", every_epochs=1)
            net.train(X[:2], [[0, 1]], iterations=2, checkpoint=checkpoints)
            Network.from_checkpoint(tmp_path / "training")
        finally:
            del FEATURES["nothing"]
        with pytest.raises(FileError, match=r" 'nothing'\. If it is yours, .*equations\.feature\.$"):
            Network.load(tmp_path / "net")
        with pytest.raises(FileError, match="unknown features 'nothing'"):
            Network.from_checkpoint(tmp_path / "training")


class TestTheFormat:
    """Parameters of the files are sin 1, sin 2, … to three digits, so that the outputs follow from the
    lecture's formulas; they were worked out with `math` alone.
    """

    def test_what_it_means(self):
        """Batch normalization with statistics, an output with settings, float32, a history."""
        net = Network.load(SAVED)
        assert repr(net) == "Network(3-4-2: batch norm, silu, quantile; 30 parameters, float32)"
        assert dict(net.architecture.output_settings) == {"levels": (0.25, 0.75)}
        assert net.seed == 7
        expected = np.round(np.sin(np.arange(1, 31)), 3).astype(np.float32)
        np.testing.assert_array_equal(  # W1, b1, gamma1, W2, b2
            net.parameters.flat, expected
        )
        assert net.statistics["mean1"].ravel().tolist() == [0.5, -0.25, 0, 1]
        assert net.statistics["variance1"].ravel().tolist() == [1, 2, 0.5, 4]
        expected = [[-0.12856000859225447, 0.43419806302341846], [-0.8213320598280561, -0.04820630654043723]]
        np.testing.assert_allclose(net.forward(X).T, expected, rtol=2e-6, atol=1e-7)
        np.testing.assert_array_equal(net.history.costs, [0.5, np.nan])  # null in the file
        assert (net.history.engine, net.history.stopped) == ("compiled", "all epochs done")


def test_all_of_a_training_is_kept(tmp_path):
    net = Network([3, 4, 1], seed=1, input_scale=True)
    data = np.random.default_rng(1).standard_normal((3, 40))
    Y = (data[:1] > 0).astype(float)
    options = {"validation_fraction": 0.25, "patience": 2, "refit": True, "iterations": 20}
    net.train(data, Y, learning_rate=0.5, **options)
    net.save(tmp_path / "net")
    again = Network.load(tmp_path / "net")
    assert (again.architecture, again.parameters) == (net.architecture, net.parameters)
    for name in ("history", "stopping_history"):
        kept, read = getattr(net, name), getattr(again, name)
        assert read.records == kept.records
        assert (read.engine, read.why_engine, read.stopped) == (kept.engine, kept.why_engine, kept.stopped)
    assert again.best_epochs == net.best_epochs
    assert again.engine == "auto"


def test_a_history_that_no_training_writes(tmp_path):
    for records, reason in (
        ([{"epoch": 1}], "^Record 1 of the history lacks numbers for epoch, step and cost"),
        ([{"epoch": 0, "step": 1, "cost": 0.5, "health": [{"mean": 0.0}] * 3}], "health of every layer"),
    ):
        net = Network.load(SAVED)
        net.history = History(records)
        with pytest.raises(FileError, match=reason):
            net.save(tmp_path / "net")


def put(name, value):
    """The function that puts a value at the beginning of an array."""
    return lambda arrays: arrays[f"model.{name}"].flat.__setitem__(0, value)


def change_type(arrays, dtype):
    arrays["model.parameters.b1"] = arrays["model.parameters.b1"].astype(dtype)


FORGED = [
    (put("parameters.W1", np.nan), "W1 has an entry that is not finite in float32"),
    (put("statistics.mean1", np.nan), "mean1 has an entry that is not finite"),
    (put("statistics.variance1", -1), "variance1 has an entry that is below 0 or not finite"),
    (lambda arrays: arrays.update(more=np.zeros(1)), "belong to nothing"),
    (lambda arrays: arrays.pop("model.parameters.W1"), "W1"),
    (lambda arrays: change_type(arrays, np.float64), "all float32, or all float64, got float32, float64"),
    (lambda arrays: change_type(arrays, np.int32), "parameters of Network"),
]


@pytest.mark.parametrize(("change", "message"), FORGED)
def test_arrays_that_cannot_be(change, message, tmp_path):
    """With every checksum made to fit."""
    Network.load(SAVED).save(tmp_path / "net")
    path = tmp_path / "net" / "arrays.safetensors"
    _, arrays = read_arrays(path, "arrays")
    change(arrays)
    write_arrays(path, arrays, {})
    reseal(tmp_path / "net")
    with pytest.raises(FileError, match=rf"altered or damaged .*{message}.*Restore it, or save again\."):
        Network.load(tmp_path / "net")
