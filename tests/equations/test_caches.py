"""The caches of a whole network: copies, other activations, and what does not belong to them."""

from copy import copy, deepcopy
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import (
    Caches,
    backpropagate,
    model_backward,
    model_forward,
)
from deepstep.errors import DataError, ShapeError


def passed(masks: Any = None, **parts: Any) -> tuple[Network, Any, Any, Caches]:
    """A network with the target, output and caches of a forward pass."""
    net = Network([2, 3, 1], activation="sigmoid", seed=1, **parts)
    X, Y = np.random.default_rng(1).standard_normal((2, 4)), np.array([[0.0, 1.0, 1.0, 0.0]])
    shape = net.architecture
    AL, caches = model_forward(
        X, net.parameters, activations=shape.activations, normalization=shape.normalization, masks=masks
    )
    return net, Y, AL, caches


@pytest.mark.parametrize("copied", [copy, deepcopy])
def test_a_copy_gives_the_same_gradients(copied: Any) -> None:
    _, Y, AL, caches = passed(parametric=True, normalization="batch", input_scale=True)
    expected, got = (model_backward(AL, Y, found) for found in (caches, copied(caches)))
    assert list(got) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_masks_of_another_pass_are_refused() -> None:
    mask = np.full((3, 4), 2.0)
    _, Y, AL, caches = passed(masks={1: mask})
    expected = model_backward(AL, Y, caches, activations=["sigmoid", "sigmoid"], masks={1: mask})
    np.testing.assert_array_equal(
        model_backward(AL, Y, caches, activations=["sigmoid"] * 2)["dW1"], expected["dW1"]
    )
    _, Y, AL, caches = passed()
    with pytest.raises(DataError, match=r"masked in the forward pass, \[\]; got masks of \[1\]"):
        model_backward(AL, Y, caches, activations=["sigmoid", "sigmoid"], masks={1: mask})


def plain(*sizes: int, m: int = 7) -> tuple[Any, Any, list[Any]]:
    """Target, output and caches of a learner's own forward pass: tuples, as the lecture has them."""
    rng = np.random.default_rng(4)
    AL, caches = model_forward(rng.standard_normal((sizes[0], m)), Network(sizes, seed=1).parameters)
    return (rng.random(AL.shape) > 0.5) * 1.0, AL, [(tuple(linear), Z) for linear, Z in caches]


@pytest.mark.parametrize("kind", [list, tuple])
def test_plain_tuples_give_the_bits_of_the_library_s_own_caches(kind: Any) -> None:
    sizes = (4, 5, 3, 1)
    Y, AL, own = plain(*sizes)
    _, caches = model_forward(own[0][0][0], Network(sizes, seed=1).parameters)
    found = model_backward(AL, Y, caches)
    names = ["relu", "relu", "sigmoid"]
    for other in (model_backward(AL, Y, kind(own)), backpropagate(AL - Y, kind(own), names)):
        assert found.keys() == other.keys()
        for name, value in found.items():
            np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda caches: [caches[0], caches[1][0]], r"layer 2: the cache is \(\(A_prev, W, b\), Z\)"),
        (
            lambda caches: [(caches[0][1], caches[0][0]), caches[1]],
            r"layer 1: the cache is \(\(A_prev, W, b\)",
        ),
        (lambda caches: [None, caches[1]], r"layer 1: the cache is .*; got NoneType of another form"),
    ],
)
def test_caches_of_another_form_are_refused_by_their_layer(spoil: Any, message: str) -> None:
    Y, AL, caches = plain(4, 3, 1)
    with pytest.raises(DataError, match=message):
        model_backward(AL, Y, spoil(caches))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda A, W, Z: ((A.T, W), Z),
            r"layer 1: W has 4 columns, so A_prev needs 4 rows; got A_prev \(7, 4\)",
        ),
        (
            lambda A, W, Z: ((A, W), Z[:, :-1]),
            r"layer 1: Z has the shape of W·A_prev, \(3, 7\); got \(3, 6\)",
        ),
        (lambda A, W, Z: ((A[:, 0], W), Z), r"layer 1: A_prev has two axes; got shape \(4,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_their_layer(spoil: Any, message: str) -> None:
    Y, AL, (((A, W, b), Z), second) = plain(4, 3, 1)
    (A, W), Z = spoil(A, W, Z)
    with pytest.raises(ShapeError, match=message):
        model_backward(AL, Y, [((A, W, b), Z), second])
