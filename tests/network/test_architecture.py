"""Architecture: sizes and activations, refused where they cannot be."""

import numpy as np
import pytest

from deepstep import Architecture
from deepstep.errors import ConfigurationError
from deepstep.network.architecture import layer_sizes


def test_lists_and_numpy_integers_become_plain_tuples():
    shape = Architecture(np.array([2, 3, 1]), ["tanh", "sigmoid"])
    assert shape.layer_dims == (2, 3, 1)
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
        ([(4, 3), (1, 4)], r"\(4, 3\) as size 0"),
        (5, r"a list of layer sizes such as \[5, 4, 1\], got 5\."),
        ("54", r"'5' as size 0"),
    ],
)
def test_sizes_that_cannot_be(layer_dims, message):
    with pytest.raises(ConfigurationError, match=f"^--network must .*{message}"):
        layer_sizes(layer_dims, "--network")


@pytest.mark.parametrize(
    ("activations", "switches", "message"),
    [
        *(
            (activations, {}, r"^activations must be a list of 2 names, one per layer after the input, got ")
            for activations in (("relu",), ["relu", "relu", "sigmoid"], "ab")
        ),
        (("relu", "sigmoid"), {"input_scale": 1}, r"^input_scale must be True or False, got 1\.$"),
    ],
)
def test_activations_and_switches_that_cannot_be(activations, switches, message):
    with pytest.raises(ConfigurationError, match=message):
        Architecture((3, 2, 1), activations, **switches)
