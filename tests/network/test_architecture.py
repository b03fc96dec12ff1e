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
        ([], r"have at least two sizes, inputs and outputs, got \[\]"),
        ([5], r"at least two sizes.*, got \[5\]"),
        ([5, 0, 1], r"whole numbers of at least 1, got 0 as size 1"),
        ([5, 3, 1.0], r"1\.0 as size 2"),
        ([True, 2], r"True as size 0"),
        ([(4, 3), (1, 4)], r"\(4, 3\) as size 0"),
        (5, r"a list of layer sizes such as \[5, 4, 1\], got 5\."),
        ("54", r"'5' as size 0"),
    ],
)
def test_sizes_that_cannot_be(layer_dims: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^--network must .*{message}"):
        layer_sizes(layer_dims, "--network")
    with pytest.raises(ConfigurationError, match=f"^layer_dims must .*{message}"):
        Architecture(layer_dims, ("relu",))


@pytest.mark.parametrize("activations", [(), ("relu",), ["relu", "relu", "sigmoid"], "ab"])
def test_one_activation_for_each_layer(activations: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Architecture((3, 2, 1), activations)
    assert str(caught.value).startswith(
        f"activations must be a list of 2 names, one per layer after the input, got {activations!r}. Give"
    )


def test_switches_are_true_or_false() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Architecture((3, 2, 1), ("relu", "sigmoid"), input_scale=1)  # type: ignore[arg-type]
    assert str(caught.value) == "input_scale must be True or False, got 1."
