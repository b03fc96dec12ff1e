"""The model file: what earlier releases wrote, what is damaged, what is forged.

The whole way of a network there and back is in ``tests/test_model.py``, defects at the border in
``tests/test_bad_input.py``.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from damaged_models import seal

from damage import in_a_process, put_together, taken_apart
from deepstep import Network
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

FOLDER = Path(__file__).parent
SAVED = FOLDER / "fixtures" / "model-v2.safetensors"

X = np.array([[0.5, 1.0], [-1.0, 0.0], [2.0, -0.25]])


def test_the_same_network_is_the_same_file(tmp_path):
    """The library gives the header's texts another order each time."""
    net = Network([3, 4, 2], output="softmax", normalization="batch", seed=1)
    for number in range(10):
        net.save(tmp_path / str(number))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


class TestFunctionsOfTheUser:
    """A file names them and does not hold them."""

    def test_an_activation(self, tmp_path):
        register_activation("double", lambda Z: 2 * Z, lambda dA, Z: 2 * dA)
        try:
            Network([2, 3, 3, 1], activation="double", seed=1).save(tmp_path / "net")
            Network.load(tmp_path / "net")
        finally:
            unregister_activation("double")
        with pytest.raises(FileError) as error:
            Network.load(tmp_path / "net")
        assert str(error.value) == (
            f"{tmp_path / 'net'}: activations of DeepStep's, or of your own that are registered; "
            "got 'double'. "
            "If it is yours, register it first: deepstep.equations.register_activation."
        )

    def test_an_output(self, tmp_path):
        register_head(
            "half",
            lambda ZL, Y: np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 4,
            lambda ZL, Y: (ZL - Y) / 2,
        )
        try:
            Network([2, 1], output="half", seed=1).save(tmp_path / "net")
        finally:
            unregister_head("half")
        with pytest.raises(FileError, match=r"got 'half'\. If it is yours, .*register_head\.$"):
            Network.load(tmp_path / "net")

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
        with pytest.raises(FileError, match=r"got 'nothing'\. If it is yours, .*equations\.feature\.$"):
            Network.load(tmp_path / "net")
        with pytest.raises(FileError, match=r"features of .* that are registered; got 'nothing'"):
            Network.from_checkpoint(tmp_path / "training")


class TestTheFormat:
    """Parameters of the file are sin 1, sin 2, … to three digits, so that the outputs follow from the
    lecture's formulas; they were worked out with `math` alone.
    """

    def test_what_it_means(self):
        """Batch normalization with statistics, an output with settings, float32."""
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

    def test_what_was_read_is_written_again(self, tmp_path):
        net = Network.load(SAVED)
        net.save(tmp_path / "net")
        header, _ = taken_apart((tmp_path / "net").read_bytes())
        assert header["__metadata__"]["version"] == "2"
        assert header["__metadata__"]["sha256"] == seal(
            header, taken_apart((tmp_path / "net").read_bytes())[1]
        )
        again = Network.load(tmp_path / "net")
        assert again.architecture == net.architecture
        np.testing.assert_array_equal(again.forward(X), net.forward(X))


def test_damaged_and_forged_files(fresh_seed):
    """Each is loaded right or refused with a `FileError`: no other exception, 10 s and 1 GB at most."""
    found = in_a_process(FOLDER / "damaged_models.py", fresh_seed, 900)
    assert found["failures"] == []
    assert found["gigabytes"] < 1
    assert sum(found["counts"].values()) == 900
    assert set(found["counts"]) <= {"refused", "loaded", "loaded as it was"}
    assert found["counts"]["refused"] > 700  # most of them are broken indeed, and some are not
    assert found["counts"]["loaded"] > 20


def forged(path, tmp_path, change, network=None):
    """The error for a fixture with a changed header and changed JSON in it, sealed anew."""
    header, numbers = taken_apart(path.read_bytes())
    if network is not None:
        content = json.loads(header["__metadata__"]["network"])
        network(content)
        header["__metadata__"]["network"] = json.dumps(content)
    change(header)
    header["__metadata__"]["sha256"] = seal(header, numbers)
    (tmp_path / "net").write_bytes(put_together(header, numbers, np.random.RandomState(0)))
    with pytest.raises(FileError) as error:
        Network.load(tmp_path / "net")
    return str(error.value)


def nothing(header):
    pass


@pytest.mark.parametrize(
    "factors",
    [
        {"input_scale": True},
        {"shared_members": 1},
        {"shared_members": 3},
    ],
)
def test_factors_come_back_and_others_have_no_word_of_them(factors, tmp_path):
    """A file without them is, byte for byte, what releases wrote that knew none."""
    net = Network([3, 4, 4, 2], **factors, seed=1)
    net.parameters.flat[:] += 0.125
    net.save(tmp_path / "net")
    again = Network.load(tmp_path / "net")
    assert again.architecture == net.architecture
    assert again.parameters == net.parameters
    assert set(entries(tmp_path / "net")) - set(factors) == PLAIN
    off = {name: 0 if name == "shared_members" else False for name in factors}
    for name, options in (("off", off), ("plain", {})):
        Network([3, 4, 4, 2], **options, seed=1).save(tmp_path / name)
    assert (tmp_path / "off").read_bytes() == (tmp_path / "plain").read_bytes()
    assert set(entries(tmp_path / "plain")) == set(entries(SAVED)) == PLAIN


PLAIN = {"layer_dims", "activations", "output", "output_settings", "normalization", "notes"}


def entries(path):
    return json.loads(taken_apart(path.read_bytes())[0]["__metadata__"]["network"])


class TestForgedFiles:
    """What a right checksum does not excuse."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"activations": ["silu", "softmax"]}, "the last activation is 'increasing'"),
            ({"activations": ["silu", ["increasing"]]}, "2 activations"),
            ({"activations": ["silo", "increasing"]}, "that are registered; got 'silo'"),
            ({"output": ["quantile"]}, "the name of an output"),
            ({"output_settings": {"levels": [0.25, 0.5, 0.75]}}, "as many outputs as levels, 3"),
            ({"output_settings": {"levels": float("nan")}}, "must be numbers between 0 and 1"),
            ({"output_settings": {"where": 1}}, "got 'where'"),
            ({"output_settings": [["levels", [0.25, 0.75]]]}, "a mapping of its settings"),
            ({"normalization": ["batch", "batch"]}, "one for all hidden layers or a list of 1"),
            ({"normalization": ["layer"]}, "mean1 is none there, (4, 1) in the file"),
            ({"input_scale": 1}, "input_scale is True or False; got 1"),
            ({"input_scale": True}, "s1 is (3, 1) there, none in the file"),
            ({"layer_dims": [3, -4, 2]}, "every size is a whole number of at least 1"),
            ({"layer_dims": [3, 4, 10**9]}, "W2 is (1000000000, 4) there, (2, 4) in the file"),
            ({"notes": {"seed": -1}}, "seed is a whole number"),
            ({"notes": 5}, "its header does not fit"),
            ({"more": 5}, "it has the entries"),
        ],
    )
    def test_json_that_says_what_cannot_be(self, change, message, tmp_path):
        assert message in forged(SAVED, tmp_path, nothing, lambda network: network.update(change))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[]", "it is a list"),
            ("[" * 100_000 + "]" * 100_000, "nested too deep"),
            ('{"layer_dims": [' + "9" * 10_000 + "]}", "digits"),
            ('{"notes": {}, "notes": {}}', "an entry stands twice"),
            ('{"notes": "' + "x" * 2**24 + '"}', "16,777,229 characters"),
        ],
    )
    def test_json_that_is_hard_to_read(self, text, message, tmp_path):
        assert message in forged(SAVED, tmp_path, lambda header: header["__metadata__"].update(network=text))

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("W1", np.nan, "W1 has finite numbers of float32 only"),
            ("gamma1", np.inf, "gamma1 has finite numbers"),
            ("mean1", np.nan, "mean1 has finite numbers"),
            ("variance1", -1, "variance1 has finite numbers of at least 0"),
            ("variance1", np.inf, "variance1 has finite numbers"),
        ],
    )
    def test_numbers_that_cannot_be(self, name, value, message, tmp_path):
        header, numbers = taken_apart(SAVED.read_bytes())
        start = header[name]["data_offsets"][0]
        changed = numbers[:start] + np.float32(value).tobytes() + numbers[start + 4 :]
        header["__metadata__"]["sha256"] = seal(header, changed)
        (tmp_path / "net").write_bytes(put_together(header, changed, np.random.RandomState(0)))
        with pytest.raises(FileError) as error:
            Network.load(tmp_path / "net")
        assert message in str(error.value)

    def test_precisions_that_differ(self, tmp_path):
        def halve(header):
            header["b1"].update(dtype="F16", shape=[8, 1])

        assert "its arrays are of ['float16', 'float32']" in forged(SAVED, tmp_path, halve)


@pytest.mark.parametrize("use", [Network.load, lambda path: Network([2, 1], seed=1).save(path)])
class TestNamesThatNoFileHas:
    @pytest.mark.parametrize("name", ["a\0b", "a\ud800b", "x" * 5000])
    def test_they_are_refused(self, use, name, tmp_path):
        with pytest.raises(FileError) as error:
            use(tmp_path / name)
        assert "\0" not in str(error.value)
        str(error.value).encode()  # it can be shown
