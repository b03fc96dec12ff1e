"""`deepstep.lecture`: the cells of the lecture run with its names and give the published numbers."""

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lecture import assert_printed, replay

from deepstep import equations
from deepstep import lecture as post
from deepstep.errors import DataError, ShapeError

SIGNATURES = {
    "sigmoid": ["Z"],
    "relu": ["Z"],
    "relu_bp": ["dA", "Z"],
    "sigmoid_bp": ["dA", "Z"],
    "init_params": ["nx", "nh", "ny"],
    "init_params_L": ["dims"],
    "linear_fp": ["A", "W", "b"],
    "linear_activation_fp": ["activation", "A_prev", "W", "b"],
    "L_model_fp": ["X", "params"],
    "compute_cost": ["AL", "Y"],
    "linear_bp": ["dZ", "cache"],
    "linear_activation_bp": ["activation", "dA", "cache"],
    "L_model_bp": ["AL", "Y", "caches"],
    "update_params": ["params", "grads", "lr"],
}
"""The names and arguments of the lecture, in its order."""


def test_the_cells_of_the_table_run() -> None:
    """The last column of the table in docs/lecture.md, from top to bottom, as a reader types it."""
    page = (Path(__file__).parents[2] / "docs" / "lecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \| \[\d+\][^|]+ \| `([^|]+)` \|$", page, re.MULTILINE)
    named = {name for column, _, _ in rows for name in re.findall(r"`(\w+)\(", column)}
    assert named == {*post.__all__} == {*SIGNATURES}
    rng = np.random.RandomState(0)
    names: dict[str, Any] = {"np": np, "X": rng.randn(2, 4), "Y": np.array([[0, 1, 1, 0]])}
    exec("from deepstep.lecture import *", names)
    for _, functions, cell in rows:
        for name in re.findall(r"`(\w+)`", functions):
            assert hasattr(equations, name), name
        exec(cell, names)
    assert names["grads"].keys() >= {"dW1", "db1", "dW2", "db2"}


def initial(d: dict[str, Any]) -> dict[str, Any]:
    return {f"two.{name}": value for name, value in post.init_params(3, 2, 1).items()}


def layer_forward(d: dict[str, Any]) -> dict[str, Any]:
    A_relu, lin_cache, act_cache = post.linear_activation_fp("relu", d["A_prev"], d["W"], d["b"])
    A_sigmoid, _, Z = post.linear_activation_fp("sigmoid", d["A_prev"], d["W"], d["b"])
    assert all(kept is given for kept, given in zip(lin_cache, (d["A_prev"], d["W"], d["b"]), strict=True))
    np.testing.assert_array_equal(act_cache, Z)
    return {"A_relu": A_relu, "A_sigmoid": A_sigmoid, "Z": Z}


def model_forward(d: dict[str, Any]) -> dict[str, Any]:
    AL, caches = post.L_model_fp(d.pop("X"), d)
    return {"AL": AL, "caches_length": len(caches)} | {f"Z{i + 1}": act for i, (_, act) in enumerate(caches)}


def layer_backward(d: dict[str, Any]) -> dict[str, Any]:
    cache = (d["A"], d["W"], d["b"]), d["Z"]
    found = {name: post.linear_activation_bp(name, d["dA"], cache) for name in ("relu", "sigmoid")}
    return {
        f"{name}.{quantity}": value
        for name, values in found.items()
        for quantity, value in zip(("dA_prev", "dW", "db"), values, strict=True)
    }


def model_backward(d: dict[str, Any]) -> dict[str, Any]:
    caches = tuple(((d[f"A{n}"], d[f"W{n}"], d[f"b{n}"]), d[f"Z{n}"]) for n in (1, 2))
    return post.L_model_bp(d["AL"], d["Y"], caches)


def linear_backward(d: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(("dA_prev", "dW", "db"), post.linear_bp(d["dZ"], (d["A"], d["W"], d["b"])), strict=True))


def update(d: dict[str, Any]) -> dict[str, Any]:
    params = {name: value for name, value in d.items() if name[0] != "d"}
    grads = {name: value for name, value in d.items() if name[0] == "d"}
    before = {name: value.copy() for name, value in params.items()}
    after = post.update_params(params, grads, 0.1)
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)
    return after


CASES = {
    "c1w4.initialize_parameters.3_2_1": lambda d: post.init_params(3, 2, 1),
    "c1w4.initialize_parameters.2_2_1": lambda d: post.init_params(2, 2, 1),
    "c1w4.linear_forward": lambda d: {"Z": post.linear_fp(d["A"], d["W"], d["b"])[0]},
    "c1w4.linear_activation_forward": layer_forward,
    "c1w4.L_model_forward.1hidden": model_forward,
    "c1w4.L_model_forward.2hidden": model_forward,
    "c1w4.compute_cost.y111": lambda d: {"cost": post.compute_cost(d["AL"], d["Y"])},
    "c1w4.compute_cost.y110": lambda d: {"cost": post.compute_cost(d["AL"], d["Y"])},
    "c1w4.linear_backward.1unit": linear_backward,
    "c1w4.linear_backward.3units": linear_backward,
    "c1w4.linear_backward.post_2units": linear_backward,
    "c1w4.linear_activation_backward": layer_backward,
    "c1w4.L_model_backward": model_backward,
    "c1w4.update_parameters": update,
}


@pytest.mark.parametrize("case", CASES)
def test_a_cell_gives_the_published_numbers(case: str, lecture: dict[str, Any]) -> None:
    entry = lecture["cases"][case]
    came = CASES[case](replay(entry["draws"]))
    for name, expected in {**entry["expected"], **entry.get("computed_only", {})}.items():
        value = came[name]
        exact = expected["computed_float64"] if isinstance(expected, dict) else expected
        np.testing.assert_allclose(np.squeeze(value), np.squeeze(exact), rtol=1e-12, atol=1e-15, err_msg=name)
        if isinstance(expected, dict) and expected.get("printed"):
            assert_printed(value, expected["printed"], name)


def test_every_function_of_the_lecture_is_here_with_its_arguments_in_order() -> None:
    assert sorted(SIGNATURES) == sorted(post.__all__)
    for name, arguments in SIGNATURES.items():
        assert list(inspect.signature(getattr(post, name)).parameters) == arguments


def test_deep_parameters_are_normal_draws_times_one_hundredth_with_seed_2() -> None:
    params, rng = post.init_params_L([3, 4, 5, 2]), np.random.RandomState(2)
    for layer, (n_prev, n) in enumerate(((3, 4), (4, 5), (5, 2)), start=1):
        np.testing.assert_array_equal(params[f"W{layer}"], rng.randn(n, n_prev) * 0.01)
        assert params[f"b{layer}"].shape == (n, 1)
        assert not params[f"b{layer}"].any()
    assert list(params) == ["W1", "b1", "W2", "b2", "W3", "b3"]


def test_activations_give_their_cache_and_have_right_derivatives() -> None:
    Z = np.array([[-2.0, 0.0, 3.0]])
    for forward, backward in ((post.relu, post.relu_bp), (post.sigmoid, post.sigmoid_bp)):
        A, cache = forward(Z)
        assert cache is Z
        step = 1e-6
        slope = (forward(Z + step)[0] - forward(Z - step)[0]) / (2 * step)
        if forward is post.relu:
            slope[0, 1] = 0  # at the kink
        np.testing.assert_allclose(backward(np.ones_like(Z), Z), slope, atol=1e-9)
        assert A.shape == Z.shape


def test_the_global_generator_is_left_alone() -> None:
    np.random.seed(7)
    expected = np.random.RandomState(7).rand()
    post.init_params(2, 3, 1)
    post.init_params_L([2, 3, 1])
    assert np.random.rand() == expected


def test_a_network_learns_and_its_gradients_are_those_of_the_class() -> None:
    from deepstep import Network

    rng = np.random.RandomState(0)
    X, Y = rng.randn(2, 50), (rng.randn(1, 50) > 0).astype(float)
    params = post.init_params_L([2, 6, 3, 1])
    AL, caches = post.L_model_fp(X, params)
    grads = post.L_model_bp(AL, Y, caches)
    network = Network(parameters=params)
    for name, value in network.gradients(X, Y).items():
        np.testing.assert_allclose(grads[name], value, rtol=1e-12, atol=1e-18)
    assert network.check_gradients(X, Y, gradients=grads).passed


def test_saturated_outputs_have_finite_gradients() -> None:
    params = {"W1": np.array([[1000.0]]), "b1": np.array([[0.0]])}
    AL, caches = post.L_model_fp(np.array([[1.0, -1.0]]), params)
    grads = post.L_model_bp(AL, np.array([[1, 0]]), caches)
    assert post.compute_cost(AL, np.array([[1, 0]])) == 0
    assert np.isfinite(grads["dW1"]).all()


def test_caches_in_another_form_are_explained() -> None:
    A, W, b = np.ones((2, 3)), np.ones((1, 2)), np.zeros((1, 1))
    with pytest.raises(DataError, match=r"\(A_prev, W, b\)"):
        post.linear_bp(np.ones((1, 3)), (A, W))
    with pytest.raises(DataError, match=r"\(\(A_prev, W, b\), Z\)"):
        post.L_model_bp(np.full((1, 3), 0.5), np.ones((1, 3)), [(A, W, b)])
    with pytest.raises(ShapeError):
        post.compute_cost(np.full((1, 3), 0.5), np.ones((3, 1)))
