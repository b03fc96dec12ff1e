"""Every small case of the lecture: inputs from its draws, results to the printed digit and to 1e-12.

Where `deepstep.lecture` has a function of the case it is called, with the equation behind it.
"""

import inspect
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lecture import assert_published, gradient_descent, replay

from deepstep import Parameters, equations
from deepstep import lecture as lecture_names
from deepstep.equations import (
    LayerCache,
    LinearCache,
    adam_update,
    backpropagate,
    compute_cost,
    dropout_backward,
    dropout_mask,
    initialize_parameters,
    initialize_two_layer,
    inverse_time_rate,
    l2_backward,
    l2_cost,
    linear_backward,
    linear_forward,
    model_backward,
    model_forward,
    momentum_update,
    scheduled_inverse_time_rate,
    sigmoid_cross_entropy_backward,
    update_parameters,
)
from deepstep.preparation.batches import batch, n_batches

Values = dict[str, Any]


def initial(d: Values, *, sizes: list[int], seed: int, method: str) -> Values:
    return dict(initialize_parameters(sizes, method=method, rng=np.random.RandomState(seed)))


def one_layer(d: Values) -> Values:
    A_relu, _, Z = lecture_names.linear_activation_fp("relu", d["A_prev"], d["W"], d["b"])
    A_sigmoid, *_ = lecture_names.linear_activation_fp("sigmoid", d["A_prev"], d["W"], d["b"])
    return {"A_sigmoid": A_sigmoid, "A_relu": A_relu, "Z": Z}


def whole_model(d: Values) -> Values:
    AL, caches = lecture_names.L_model_fp(d["X"], parameters_in(d))
    logits = {f"Z{layer}": Z for layer, (_, Z) in enumerate(caches, start=1)}
    return {"AL": AL, "caches_length": len(caches), **logits}


def planar_model(d: Values) -> Values:
    AL, _ = model_forward(d["X"], parameters_in(d), activations=["tanh", "sigmoid"])
    return {"A2": AL}


def cost_with_l2(d: Values) -> Values:
    weights = [d["W1"], d["W2"], d["W3"]]
    return {"cost": compute_cost(d["A3"], d["Y"]) + l2_cost(weights, l2=0.1, m=d["Y"].shape[1])}


def named(gradients: tuple[Any, Any, Any], prefix: str = "") -> Values:
    return {f"{prefix}{name}": value for name, value in zip(("dA_prev", "dW", "db"), gradients, strict=True)}


def linear_step_back(d: Values) -> Values:
    return named(lecture_names.linear_bp(d["dZ"], (d["A"], d["W"], d["b"])))


def layer_back(d: Values) -> Values:
    cache = (d["A"], d["W"], d["b"]), d["Z"]
    backward = lecture_names.linear_activation_bp
    by_sigmoid, by_relu = (backward(name, d["dA"], cache) for name in ("sigmoid", "relu"))
    return named(by_sigmoid, "sigmoid.") | named(by_relu, "relu.")


def whole_model_back(d: Values) -> Values:
    # AL is drawn and is no probability: the low level lets it through and goes the textbook's way.
    caches = [((d[f"A{n}"], d[f"W{n}"], d[f"b{n}"]), d[f"Z{n}"]) for n in (1, 2)]
    return lecture_names.L_model_bp(d["AL"], d["Y"], caches)


def forward_with_dropout(d: Values) -> Values:
    rng, sizes = np.random.RandomState(1), {1: (2, 5), 2: (3, 5)}
    masks = {layer: dropout_mask(rng.rand(*shape), 0.7) for layer, shape in sizes.items()}
    AL, _ = model_forward(d["X"], parameters_in(d), masks=masks)
    return {"A3": AL, **{f"D{layer}": (mask > 0).astype(float) for layer, mask in masks.items()}}


def caches_from_activations(d: Values) -> tuple[Any, list[LayerCache]]:
    """ZL, and the caches of a case that gives A, not Z.

    Relu's derivative from A > 0 is that from Z > 0, so A serves as Z.
    """
    inputs, logits = (d["X"], d["A1"], d["A2"]), (d["A1"], d["A2"], np.log(d["A3"] / (1 - d["A3"])))
    return logits[-1], [
        LayerCache(LinearCache(A_prev, W := d[f"W{n}"], np.zeros((W.shape[0], 1))), Z)
        for n, (A_prev, Z) in enumerate(zip(inputs, logits, strict=True), start=1)
    ]


def backward_with_dropout(d: Values) -> Values:
    # dA is ours by what is handed on, the case's by what came before D.
    Z3, caches = caches_from_activations(d)
    masks = {n: d[f"D{n}"] / 0.8 for n in (1, 2)}
    dZ3 = sigmoid_cross_entropy_backward(Z3, d["Y"])
    gradients = backpropagate(dZ3, caches, ["relu", "relu", "sigmoid"], masks=masks)
    masked = {f"dA{n}": dropout_backward(gradients[f"dA{n}"], masks[n]) for n in masks}
    return {"dZ3": dZ3, **gradients, **masked}


def whole_model_back_with_l2(d: Values) -> Values:
    Z3, caches = caches_from_activations(d)
    dZ3 = sigmoid_cross_entropy_backward(Z3, d["Y"])
    gradients = backpropagate(dZ3, caches, ["relu", "relu", "sigmoid"])
    for n in (1, 2, 3):
        gradients[f"dW{n}"] = gradients[f"dW{n}"] + l2_backward(d[f"W{n}"], l2=0.7, m=d["Y"].shape[1])
    return {"dZ3": dZ3, **gradients}


def logistic(d: Values, *, learning_rate: float, iterations: int) -> Values:
    # A network of one layer; the lecture's w is a column and its b a number.
    theta, costs, gradients = gradient_descent(
        d["X"],
        d["Y"],
        {"W1": d["w"].T, "b1": d["b"].reshape(1, 1)},
        learning_rate=learning_rate,
        iterations=iterations,
    )
    return {
        "w": theta["W1"].T,
        "b": theta["b1"].item(),
        "dw": gradients["dW1"].T,
        "db": gradients["db1"].item(),
        "cost": costs[-1],
    }


def two_steps(d: Values, *, parameters: Callable[[], Parameters]) -> Values:
    theta, costs, _ = gradient_descent(d["X"], d["Y"], parameters(), learning_rate=0.0075, iterations=2)
    return {**theta, "cost0": costs[0], "cost1": costs[1], "cost_last": costs[-1]}


def gradient_check_of_one_weight(d: Values) -> Values:
    # J = θ·x is the linear step of one unit on one example without bias.
    x, theta, b, epsilon = np.array([[2.0]]), np.array([[4.0]]), np.zeros((1, 1)), 1e-7
    J, cache = linear_forward(x, theta, b)
    _, dtheta, _ = linear_backward(np.ones_like(J), cache)
    plus, minus = (linear_forward(x, theta + step, b)[0] for step in (epsilon, -epsilon))
    numeric = (plus - minus) / (2 * epsilon)
    difference = abs(dtheta - numeric) / (abs(dtheta) + abs(numeric))
    return {"J": J.item(), "dtheta": dtheta.item(), "difference": difference.item()}


def updates_by_array(d: Values, *, rule: Callable[..., Any], state: str, prefix: str = "") -> Values:
    # Array by array: the rules are over flat vectors, and any array may be flattened.
    result = {}
    for name in ("W1", "b1", "W2", "b2"):
        zeros = [np.zeros_like(d[name]) for _ in state]
        result[f"{prefix}{name}"], *moments = rule(d[name], d[f"d{name}"], *zeros, learning_rate=0.01)
        result |= {f"{letter}_d{name}": value for letter, value in zip(state, moments, strict=True)}
    return result


def update_with_gd(d: Values) -> Values:
    names = ("W1", "b1", "W2", "b2")  # W2 (3, 3) does not follow a layer of two units: an update allows it
    gradients = {f"d{name}": d[f"d{name}"] for name in names}
    return update_parameters({name: d[name] for name in names}, gradients, 0.01).to_dict()


def adam(d: Values) -> Values:
    # The table of 2017 has ε inside the root, the formula beside it has it outside.
    table, as_written = (partial(adam_update, t=2, epsilon_at=where) for where in ("inside", "outside"))
    return updates_by_array(d, rule=as_written, state="vs", prefix="formula_as_written.") | updates_by_array(
        d, rule=table, state="vs"
    )


def gradient_check(d: Values, *, planted: dict[str, float]) -> Values:
    # The lecture's numbers are those of its cost from the probabilities, whose 1 - AL loses digits.
    theta, Y, epsilon = Parameters.from_dict(parameters_in(d)), d["Y"].reshape(1, -1), 1e-7
    AL, caches = model_forward(d["X"], theta)
    gradients = model_backward(AL, Y, caches)
    faulty = gradients | {name: factor * gradients[name] for name, factor in planted.items()}
    analytic = np.concatenate([faulty[f"d{name}"].ravel() for name in theta])
    numeric = np.empty_like(analytic)
    for entry, kept in enumerate(theta.flat.copy()):
        costs = []
        for value in (kept + epsilon, kept - epsilon):
            theta.flat[entry] = value
            costs.append(compute_cost(model_forward(d["X"], theta)[0], Y))
        theta.flat[entry] = kept
        numeric[entry] = (costs[0] - costs[1]) / (2 * epsilon)
    norm = np.linalg.norm
    return {"difference": norm(analytic - numeric) / (norm(analytic) + norm(numeric))}


def mini_batches(d: Values, *, size: int) -> Values:
    m = d["X"].shape[1]
    order = np.random.RandomState(0).permutation(m)
    cut = [batch(order, m, size, number) for number in range(n_batches(m, size))]
    taken = {f"batch{number}_X": d["X"][:, rows] for number, rows in enumerate(cut, start=1)}
    sizes = [len(rows) for rows in cut]
    return {"first": taken["batch1_X"][0, :3], "n": len(cut), "sizes": sizes, **taken}


def scheduled_rates(d: Values) -> Values:
    # The case gives its numbers in words.
    arguments = [(0.5, 10, 0.3, 100), (0.5, 100, 0.3, 100), (0.3, 1000, 0.25, 100), (0.3, 100, 0.25, 100)]
    return {name: scheduled_inverse_time_rate(*given) for name, given in zip("abcd", arguments, strict=True)}


def parameters_in(d: Values) -> dict[str, Any]:
    return {name: value for name, value in d.items() if name[0] in "Wb"}


CASES: dict[str, Callable[[Values], Values]] = {
    "c1w4.initialize_parameters.3_2_1": lambda d: lecture_names.init_params(3, 2, 1),
    "c1w4.initialize_parameters.2_2_1": lambda d: lecture_names.init_params(2, 2, 1),
    "c1w4.initialize_parameters_deep.5_4_3": partial(initial, sizes=[5, 4, 3], seed=3, method="small"),
    "c1w4.linear_forward": lambda d: {"Z": lecture_names.linear_fp(d["A"], d["W"], d["b"])[0]},
    "c1w4.linear_activation_forward": one_layer,
    "c1w4.L_model_forward.1hidden": whole_model,
    "c1w4.L_model_forward.2hidden": whole_model,
    "c1w4.compute_cost.y111": lambda d: {"cost": lecture_names.compute_cost(d["AL"], d["Y"])},
    "c1w4.compute_cost.y110": lambda d: {"cost": lecture_names.compute_cost(d["AL"], d["Y"])},
    "c1w4.linear_backward.1unit": linear_step_back,
    "c1w4.linear_backward.3units": linear_step_back,
    "c1w4.linear_backward.post_2units": linear_step_back,
    "c1w4.linear_activation_backward": layer_back,
    "c1w4.L_model_backward": whole_model_back,
    "c1w4.update_parameters": lambda d: lecture_names.update_params(parameters_in(d), d, 0.1),
    "c1w4.two_layer_model.step2": partial(
        two_steps, parameters=lambda: initialize_two_layer(10, 4, 1, rng=np.random.RandomState(1))
    ),
    "c1w4.L_layer_model.step2": partial(
        two_steps,
        parameters=lambda: initialize_parameters([10, 5, 6, 1], method="lecun", rng=np.random.RandomState(1)),
    ),
    "c1w2.propagate.v5": partial(logistic, learning_rate=0.009, iterations=1),
    "c1w2.propagate.v3": partial(logistic, learning_rate=0.009, iterations=1),
    "c1w2.optimize.v5": partial(logistic, learning_rate=0.009, iterations=100),
    "c1w3.initialize_parameters.2_4_1": lambda d: initialize_two_layer(2, 4, 1, rng=np.random.RandomState(2)),
    "c1w3.forward_propagation.2021": planar_model,
    "c1w3.compute_cost.2021": lambda d: {"cost": compute_cost(d["A2"], d["Y"])},
    "c2w1.initialize_parameters_random": partial(initial, sizes=[3, 2, 1], seed=3, method="large"),
    "c2w1.initialize_parameters_he.2_4_1": partial(initial, sizes=[2, 4, 1], seed=3, method="he"),
    "c2w1.initialize_parameters_he.3_1_2": partial(initial, sizes=[3, 1, 2], seed=3, method="he"),
    "c2w1.compute_cost_with_regularization": cost_with_l2,
    "c2w1.backward_propagation_with_regularization": whole_model_back_with_l2,
    "c2w1.forward_propagation_with_dropout": forward_with_dropout,
    "c2w1.backward_propagation_with_dropout": backward_with_dropout,
    "c2w1.gradient_check_1d": gradient_check_of_one_weight,
    "c2w1.gradient_check_n.planted_errors": partial(gradient_check, planted={"dW2": 2, "db1": 4}),
    "c2w1.gradient_check_n.fixed": partial(gradient_check, planted={}),
    "c2w2.update_parameters_with_gd": update_with_gd,
    "c2w2.update_parameters_with_momentum": partial(updates_by_array, rule=momentum_update, state="v"),
    "c2w2.update_parameters_with_adam.2017": adam,
    "c2w2.update_lr": lambda d: {"lr": inverse_time_rate(0.5, 2, 1)},
    "c2w2.schedule_lr_decay": scheduled_rates,
    "c2w2.random_mini_batches": partial(mini_batches, size=64),
    "c2w2.random_mini_batches.small": partial(mini_batches, size=2),
}


@pytest.mark.parametrize("name", CASES)
def test_the_case_comes_out(name: str, lecture: dict[str, Any]) -> None:
    case = lecture["cases"][name]
    assert_published(CASES[name](replay(case["draws"])), case, name)


def test_every_case_is_tested(lecture: dict[str, Any]) -> None:
    assert set(CASES) == set(lecture["cases"])


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
        assert ", ".join(inspect.signature(getattr(lecture_names, name)).parameters) == arguments
    page = (Path(__file__).parents[2] / "docs" / "lecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \| \[\d+\][^|]+ \| `([^|]+)` \|$", page, re.MULTILINE)
    named = {name for column, _, _ in rows for name in re.findall(r"`(\w+)\(", column)}
    assert named == {*lecture_names.__all__} == {*signatures}
    rng = np.random.RandomState(0)
    names: dict[str, Any] = {"np": np, "X": rng.randn(2, 4), "Y": np.array([[0, 1, 1, 0]])}
    exec("from deepstep.lecture import *", names)
    for _, functions, cell in rows:
        for name in re.findall(r"`(\w+)`", functions):
            assert hasattr(equations, name), name
        exec(cell, names)
    assert names["grads"].keys() >= {"dW1", "db1", "dW2", "db2"}


def test_deep_parameters_are_normal_draws_times_one_hundredth_with_seed_2() -> None:
    np.random.seed(7)
    params, rng = lecture_names.init_params_L([3, 4, 5, 2]), np.random.RandomState(2)
    for layer, (n_prev, n) in enumerate(((3, 4), (4, 5), (5, 2)), start=1):
        np.testing.assert_array_equal(params[f"W{layer}"], rng.randn(n, n_prev) * 0.01)
        np.testing.assert_array_equal(params[f"b{layer}"], np.zeros((n, 1)))
    assert list(params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert np.random.rand() == np.random.RandomState(7).rand()  # the global generator is left alone


def test_activations_give_their_cache_and_have_right_derivatives() -> None:
    Z = np.array([[-2.0, 0.5, 3.0]])
    for forward, backward in (
        (lecture_names.relu, lecture_names.relu_bp),
        (lecture_names.sigmoid, lecture_names.sigmoid_bp),
    ):
        assert forward(Z)[1] is Z
        slope = (forward(Z + 1e-6)[0] - forward(Z - 1e-6)[0]) / 2e-6
        np.testing.assert_allclose(backward(np.ones_like(Z), Z), slope, atol=1e-9)
