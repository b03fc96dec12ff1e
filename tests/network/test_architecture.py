"""Architecture: sizes and activations, refused where they cannot be."""

from typing import Any

import numpy as np
import pytest

from deepstep import Architecture
from deepstep.errors import ConfigurationError
from deepstep.network.architecture import layer_sizes


def test_lists_and_numpy_integers_become_plain_tuples() -> None:
    shape = Architecture(np.array([2, 3, 1]), ["tanh", "sigmoid"])  # type: ignore[arg-type]
    assert shape.layer_dims == (2, 3, 1)
    assert all(type(size) is int for size in shape.layer_dims)
    assert shape.activations == ("tanh", "sigmoid")
    assert shape == Architecture((2, 3, 1), ("tanh", "sigmoid"))
    assert hash(shape) == hash(Architecture((2, 3, 1), ("tanh", "sigmoid")))


@pytest.mark.parametrize(
    ("layer_dims", "message"),
    [
        ([], r"at least two sizes, inputs and outputs; got \[\]\. For example"),
        ([5], r"at least two sizes.*; got \[5\]"),
        ([5, 0, 1], r"whole number of at least 1; size 1 is 0"),
        ([5, 3, 1.0], r"size 2 is 1\.0"),
        ([True, 2], r"size 0 is True"),
        ([(4, 3), (1, 4)], r"size 0 is \(4, 3\)"),
        (5, r"a list of layer sizes such as \[5, 4, 1\]; got 5\."),
        ("54", r"size 0 is '5'"),
    ],
)
def test_sizes_that_cannot_be(layer_dims: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        layer_sizes(layer_dims, "here")
    assert str(caught.value).startswith("here: ")
    with pytest.raises(ConfigurationError, match=message):
        Architecture(layer_dims, ("relu",))


@pytest.mark.parametrize("activations", [(), ("relu",), ["relu", "relu", "sigmoid"], "ab"])
def test_one_activation_for_each_layer(activations: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Architecture((3, 2, 1), activations)
    assert str(caught.value).startswith(
        f"Architecture: 2 activations, one per layer after the input; got {activations!r}. Give"
    )


def test_switches_are_true_or_false() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Architecture((3, 2, 1), ("relu", "sigmoid"), input_scale=1)  # type: ignore[arg-type]
    assert str(caught.value) == "Architecture: input_scale is True or False; got 1."
