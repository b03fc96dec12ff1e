"""`model_backward` takes the caches of a learner's own forward pass: plain tuples, as the lecture's."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepstep.equations import backpropagate, model_backward, model_forward
from deepstep.errors import DataError, ShapeError


def own_forward(X: Any, parameters: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The lecture's L_model_forward: relu, …, relu, sigmoid, and a list of plain tuples."""
    A, caches, L = X, [], len(parameters) // 2
    for layer in range(1, L + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = W @ A + b
        caches.append(((A, W, b), Z))
        A = np.maximum(0, Z) if layer < L else 1 / (1 + np.exp(-Z))
    return A, caches


def problem(*sizes: int, m: int = 7) -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(4)
    parameters = {}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        parameters[f"W{layer}"] = rng.standard_normal((n_out, n_in))
        parameters[f"b{layer}"] = rng.standard_normal((n_out, 1))
    return rng.standard_normal((sizes[0], m)), (rng.random((sizes[-1], m)) > 0.5) * 1.0, parameters


def test_the_lecture_s_case_comes_out_of_its_plain_tuples(shared: Path) -> None:
    published = json.loads((shared / "reference" / "lecture.json").read_text(encoding="utf-8"))
    (case,) = (case for case in published["cases"] if case["id"] == "c1w4.L_model_backward")
    rng = np.random.RandomState(3)
    AL, Y = rng.randn(1, 2), np.array([[1, 0]])
    A1, W1, b1, Z1 = rng.randn(4, 2), rng.randn(3, 4), rng.randn(3, 1), rng.randn(3, 2)
    A2, W2, b2, Z2 = rng.randn(3, 2), rng.randn(1, 3), rng.randn(1, 1), rng.randn(1, 2)
    gradients = model_backward(AL, Y, (((A1, W1, b1), Z1), ((A2, W2, b2), Z2)))
    for name, expected in case["expected"].items():
        np.testing.assert_allclose(gradients[name], expected["computed_float64"], rtol=1e-12, atol=1e-15)


def test_plain_tuples_give_the_bits_of_the_library_s_own_caches() -> None:
    X, Y, parameters = problem(4, 5, 3, 1)
    AL, caches = model_forward(X, parameters)
    plain = [((tuple(linear)), Z) for linear, Z in caches]
    names = ["relu", "relu", "sigmoid"]
    found = model_backward(AL, Y, caches)
    for other in (model_backward(AL, Y, plain), backpropagate(AL - Y, plain, names)):  # type: ignore[arg-type]
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
    X, Y, parameters = problem(4, 3, 1)
    AL, caches = own_forward(X, parameters)
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
    X, Y, parameters = problem(4, 3, 1)
    AL, (((A, W, b), Z), second) = own_forward(X, parameters)
    (A, W), Z = spoil(A, W, Z)
    with pytest.raises(ShapeError, match=message):
        model_backward(AL, Y, [((A, W, b), Z), second])


def test_layers_in_another_order_are_refused() -> None:
    X, Y, parameters = problem(4, 5, 3, 1)
    AL, (first, second, third) = own_forward(X, parameters)
    with pytest.raises(
        ShapeError, match=r"layer 2: A_prev has the shape of Z of layer 1, \(3, 7\); got \(4, 7\)"
    ):
        model_backward(AL, Y, [second, first, third])
