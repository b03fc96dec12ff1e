"""`deepstep.lecture`: the cells of the lecture run with its names and give the published numbers."""

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lecture import assert_published, replay

from deepstep import equations
from deepstep import lecture as post

ARGUMENTS = """
sigmoid(Z) relu(Z) relu_bp(dA, Z) sigmoid_bp(dA, Z) init_params(nx, nh, ny) init_params_L(dims)
linear_fp(A, W, b) linear_activation_fp(activation, A_prev, W, b) L_model_fp(X, params) compute_cost(AL, Y)
linear_bp(dZ, cache) linear_activation_bp(activation, dA, cache) L_model_bp(AL, Y, caches)
update_params(params, grads, lr)
"""
"""The names and arguments of the lecture, in its order."""


def test_the_cells_of_the_table_run_with_the_lecture_s_names_and_arguments() -> None:
    """The last column of the table in docs/lecture.md, from top to bottom, as a reader types it."""
    signatures = dict(re.findall(r"(\w+)\(([^)]+)\)", ARGUMENTS))
    for name, arguments in signatures.items():
        assert ", ".join(inspect.signature(getattr(post, name)).parameters) == arguments
    page = (Path(__file__).parents[2] / "docs" / "lecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \| \[\d+\][^|]+ \| `([^|]+)` \|$", page, re.MULTILINE)
    named = {name for column, _, _ in rows for name in re.findall(r"`(\w+)\(", column)}
    assert named == {*post.__all__} == {*signatures}
    rng = np.random.RandomState(0)
    names: dict[str, Any] = {"np": np, "X": rng.randn(2, 4), "Y": np.array([[0, 1, 1, 0]])}
    exec("from deepstep.lecture import *", names)
    for _, functions, cell in rows:
        for name in re.findall(r"`(\w+)`", functions):
            assert hasattr(equations, name), name
        exec(cell, names)
    assert names["grads"].keys() >= {"dW1", "db1", "dW2", "db2"}


def layer_forward(d: dict[str, Any]) -> dict[str, Any]:
    A_relu, _, act_cache = post.linear_activation_fp("relu", d["A_prev"], d["W"], d["b"])
    A_sigmoid, *_ = post.linear_activation_fp("sigmoid", d["A_prev"], d["W"], d["b"])
    return {"A_relu": A_relu, "A_sigmoid": A_sigmoid, "Z": act_cache}


def model_forward(d: dict[str, Any]) -> dict[str, Any]:
    AL, caches = post.L_model_fp(d.pop("X"), d)
    return {"AL": AL, "caches_length": len(caches)} | {f"Z{i + 1}": act for i, (_, act) in enumerate(caches)}


def gradients(values: tuple[Any, ...], prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in zip(("dA_prev", "dW", "db"), values, strict=True)}


def layer_backward(d: dict[str, Any]) -> dict[str, Any]:
    cache = (d["A"], d["W"], d["b"]), d["Z"]
    by_relu, by_sigmoid = (post.linear_activation_bp(name, d["dA"], cache) for name in ("relu", "sigmoid"))
    return gradients(by_relu, "relu.") | gradients(by_sigmoid, "sigmoid.")


def model_backward(d: dict[str, Any]) -> dict[str, Any]:
    caches = tuple(((d[f"A{n}"], d[f"W{n}"], d[f"b{n}"]), d[f"Z{n}"]) for n in (1, 2))
    return post.L_model_bp(d["AL"], d["Y"], caches)


def linear_backward(d: dict[str, Any]) -> dict[str, Any]:
    return gradients(post.linear_bp(d["dZ"], (d["A"], d["W"], d["b"])))


CASES = {
    "c1w4.initialize_parameters.3_2_1": lambda d: post.init_params(3, 2, 1),
    "c1w4.initialize_parameters.2_2_1": lambda d: post.init_params(2, 2, 1),
    "c1w4.linear_forward": lambda d: {"Z": post.linear_fp(d["A"], d["W"], d["b"])[0]},
    "c1w4.linear_activation_forward": layer_forward,
    "c1w4.L_model_forward.2hidden": model_forward,
    "c1w4.compute_cost.y110": lambda d: {"cost": post.compute_cost(d["AL"], d["Y"])},
    "c1w4.linear_backward.3units": linear_backward,
    "c1w4.linear_backward.post_2units": linear_backward,
    "c1w4.linear_activation_backward": layer_backward,
    "c1w4.L_model_backward": model_backward,
    "c1w4.update_parameters": lambda d: post.update_params({n: d[n] for n in d if n[0] != "d"}, d, 0.1),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cell_gives_the_published_numbers(case: str, lecture: dict[str, Any]) -> None:
    entry = lecture["cases"][case]
    assert_published(CASES[case](replay(entry["draws"])), entry, case)


def test_deep_parameters_are_normal_draws_times_one_hundredth_with_seed_2() -> None:
    np.random.seed(7)
    params, rng = post.init_params_L([3, 4, 5, 2]), np.random.RandomState(2)
    for layer, (n_prev, n) in enumerate(((3, 4), (4, 5), (5, 2)), start=1):
        np.testing.assert_array_equal(params[f"W{layer}"], rng.randn(n, n_prev) * 0.01)
        np.testing.assert_array_equal(params[f"b{layer}"], np.zeros((n, 1)))
    assert list(params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert np.random.rand() == np.random.RandomState(7).rand()  # the global generator is left alone


def test_activations_give_their_cache_and_have_right_derivatives() -> None:
    Z = np.array([[-2.0, 0.5, 3.0]])
    for forward, backward in ((post.relu, post.relu_bp), (post.sigmoid, post.sigmoid_bp)):
        assert forward(Z)[1] is Z
        slope = (forward(Z + 1e-6)[0] - forward(Z - 1e-6)[0]) / 2e-6
        np.testing.assert_allclose(backward(np.ones_like(Z), Z), slope, atol=1e-9)
