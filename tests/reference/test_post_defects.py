"""Our code does not have the defects of the published post, which lecture.json lists as D01 … D24."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepstep
from deepstep import Network, Parameters
from deepstep.equations import (
    ACTIVATIONS,
    EQUATIONS,
    LayerCache,
    LinearCache,
    backpropagate,
    compute_cost,
    cost_from_logits,
    initialize_parameters,
    initialize_two_layer,
    linear_activation_backward,
    linear_activation_forward,
    linear_backward,
    linear_forward,
    model_backward,
    model_forward,
    output_gradient,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    update_parameters,
)
from deepstep.errors import ConfigurationError, DataError, DeepStepError, ShapeError

NOT_SHOWN = {"D20": "a sentence of the text (the global optimum): nothing that code could have"}

SOURCE = Path(deepstep.__file__).parent


def draws(*shapes: tuple[int, int], seed: int = 1) -> list[Any]:
    rng = np.random.RandomState(seed)
    return [rng.randn(*shape) for shape in shapes]


def small_network(*sizes: int, m: int = 5) -> tuple[Parameters, Any, Any]:
    """Parameters, X and a Y with both answers."""
    rng = np.random.RandomState(1)
    parameters = initialize_parameters(sizes, rng=rng)
    return parameters, rng.randn(sizes[0], m), np.arange(sizes[-1] * m).reshape(sizes[-1], m) % 2.0


def test_d01_the_sigmoid_s_backward_uses_its_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sigmoid_backward.__globals__, "z", np.array([[3.0]]))
    assert sigmoid_backward(np.array([[1.0]]), np.array([[0.0]])).tolist() == [[0.25]]


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_d02_a_layer_of_one_unit_goes_backward(activation: str) -> None:
    dA, A, W, b, Z = draws((1, 2), (3, 2), (1, 3), (1, 1), (1, 2), seed=2)
    *_, db = linear_activation_backward(dA, LayerCache(LinearCache(A, W, b), Z), activation)
    assert db.shape == (1, 1)


def test_d03_every_bias_gradient_has_the_shape_of_its_bias() -> None:
    parameters, X, Y = small_network(4, 3, 2, 1)
    AL, caches = model_forward(X, parameters)
    gradients = model_backward(AL, Y, caches)
    for name, value in parameters.items():
        assert gradients[f"d{name}"].shape == value.shape
    assert update_parameters(parameters, gradients, 0.1).layer_dims == parameters.layer_dims


def test_d04_a_squeezed_bias_gradient_is_refused_even_where_it_would_broadcast() -> None:
    parameters, X, Y = small_network(3, 3, 3, m=3)
    AL, caches = model_forward(X, parameters)
    gradients = model_backward(AL, Y, caches)
    gradients["db1"] = np.squeeze(gradients["db1"])
    with pytest.raises(ShapeError, match=r"^db1 must .* got shape \(3,\)\. Sum .*keepdims"):
        update_parameters(parameters, gradients, 0.1)


@pytest.mark.parametrize("sizes", [(4, 1), (4, 3, 1), (4, 3, 3, 1), (4, 3, 3, 3, 1)])
def test_d05_a_training_step_can_be_done_and_its_gradient_is_right(sizes: tuple[int, ...]) -> None:
    parameters, X, Y = small_network(*sizes)
    network = Network(parameters=parameters)
    assert network.check_gradients(X, Y).difference < 1e-9
    before = network.cost(X, Y)
    network.train(X, Y, learning_rate=0.01, iterations=1)
    assert network.cost(X, Y) < before


def test_d06_initial_weights_are_normal() -> None:
    W = initialize_two_layer(200, 100, 1, rng=np.random.RandomState(1))["W1"] / 0.01
    assert abs(W.mean()) < 0.05
    assert W.min() < -3 < 3 < W.max()


def test_d07_the_default_scale_does_not_starve_a_deep_network() -> None:
    parameters, X, _ = small_network(100, 50, 20, 10, 5, 1, m=50)
    _, caches = model_forward(X, parameters)
    assert 0.1 < caches[-1].Z.std() < 10
    starved = initialize_parameters((100, 50, 20, 10, 5, 1), method="small", rng=np.random.RandomState(1))
    _, caches = model_forward(X, starved)
    assert caches[-1].Z.std() < 1e-6  # what one number for every layer does


def test_d08_several_output_units_are_allowed() -> None:
    parameters, X, Y = small_network(3, 4, 5, 2)
    AL, caches = model_forward(X, parameters)
    assert AL.shape == (2, 5)
    assert np.isfinite(compute_cost(AL, Y))
    assert model_backward(AL, Y, caches)["db3"].shape == (2, 1)


def test_d09_the_original_case_of_one_unit_runs() -> None:
    dZ, A, W, b = draws((1, 2), (3, 2), (1, 3), (1, 1))
    *_, db = linear_backward(dZ, LinearCache(A, W, b))
    assert db == pytest.approx(np.array([[0.50629448]]), abs=5e-9)


def test_d10_the_update_is_run_on_its_case() -> None:
    W1, b1, W2, b2 = draws((3, 4), (3, 1), (1, 3), (1, 1), seed=2)
    dW1, db1, dW2, db2 = draws((3, 4), (3, 1), (1, 3), (1, 1), seed=3)
    gradients = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    updated = update_parameters({"W1": W1, "b1": b1, "W2": W2, "b2": b2}, gradients, 0.1)
    assert updated["b2"] == pytest.approx(np.array([[-0.84610769]]), abs=5e-9)


@pytest.mark.parametrize("logit", [36.74, 709.0, 710.0, 1e4])
@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_d11_saturation_is_no_nan(logit: float, answer: float) -> None:
    for Z, Y in ((np.array([[logit]]), np.array([[answer]])), (np.array([[-logit]]), np.array([[answer]]))):
        AL = sigmoid(Z)
        assert not np.isnan(compute_cost(AL, Y))
        assert np.isfinite(cost_from_logits(Z, Y))
        cache = LayerCache(LinearCache(np.ones((1, 1)), Z, np.zeros((1, 1))), Z)
        dW = model_backward(AL, Y, [cache])["dW1"]
        assert dW == pytest.approx(AL - Y, abs=1e-15)
    right = np.array([[logit if answer else -logit]])
    assert compute_cost(sigmoid(right), np.array([[answer]])) == pytest.approx(0, abs=1e-15)


def test_d12_an_update_changes_neither_parameters_nor_caches_and_takes_integers() -> None:
    before = {"W1": np.array([[1, 2]]), "b1": np.array([[3]])}
    AL, caches = model_forward(np.ones((2, 2)), before)
    gradients = model_backward(AL, np.array([[0.0, 1.0]]), caches)
    kept = caches[0].linear.W.copy()
    after = update_parameters(before, gradients, 0.5)
    assert (before["W1"].tolist(), before["b1"].tolist()) == ([[1, 2]], [[3]])
    np.testing.assert_array_equal(caches[0].linear.W, kept)
    assert after["W1"].dtype == np.float64
    assert not np.array_equal(after["W1"], before["W1"])


def test_d13_the_global_generator_is_left_alone() -> None:
    np.random.seed(5)
    expected = np.random.rand(2).tolist()
    np.random.seed(5)
    networks = [Network([3, 2, 1]) for _ in range(2)]
    assert networks[0].parameters != networks[1].parameters
    networks[0].train(np.eye(3), [[0, 1, 1]], iterations=2, batch_size=2)
    assert np.random.rand(2).tolist() == expected


def test_d13_importing_leaves_the_global_generator_alone() -> None:
    program = (
        "import numpy; numpy.random.seed(5); before = numpy.random.get_state()[1].tolist();"
        "import deepstep.model, deepstep.equations;"
        "raise SystemExit(numpy.random.get_state()[1].tolist() != before)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=SOURCE.parent, check=False).returncode == 0


def test_d14_an_unknown_activation_is_named_with_the_nearest() -> None:
    X, W, b = draws((2, 3), (1, 2), (1, 1))
    _, cache = linear_activation_forward(X, W, b, "relu")
    for attempt in (
        lambda: linear_activation_forward(X, W, b, "rellu"),
        lambda: linear_activation_backward(np.ones((1, 3)), cache, "rellu"),
        lambda: model_forward(X, {"W1": W, "b1": b}, activations=["rellu"]),
        lambda: Network([2, 2, 1], activation="rellu"),
    ):
        with pytest.raises(ConfigurationError, match=r"'rellu'\. Did you mean 'relu'\?"):
            attempt()


@pytest.mark.parametrize("shape", [(3, 1), (3,), (1, 4), ()])
def test_d15_a_target_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    Y, AL = np.ones(shape), np.array([[0.9, 0.9, 0.9]])
    X, W, b = draws((2, 3), (1, 2), (1, 1))
    _, caches = model_forward(X, {"W1": W, "b1": b})
    for attempt in (
        lambda: compute_cost(AL, Y),
        lambda: cost_from_logits(AL, Y),
        lambda: output_gradient(AL, Y),
        lambda: model_backward(AL, Y, caches),
        lambda: Network([2, 1]).cost(X, Y),
        lambda: Network([2, 1]).train(X, Y),
    ):
        with pytest.raises(ShapeError, match=r"^Y must have (the )?shape"):
            attempt()


W, B, X = np.ones((1, 2)), np.ones((1, 1)), np.ones((2, 3))
LAYER, ONES = {"W1": W, "b1": B}, np.ones((1, 3))


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: compute_cost(np.empty((1, 0)), np.empty((1, 0))),
        lambda: cost_from_logits(np.empty((1, 0)), np.empty((1, 0))),
        lambda: cost_from_logits(ONES, ONES, sample_weight=ONES),
        lambda: output_gradient(ONES, ONES, sample_weight=ONES.T),
        lambda: model_backward(np.ones((1, 1)), np.ones((1, 1)), [LayerCache(LinearCache(X, W, B), ONES)]),
        lambda: linear_backward(np.empty((1, 0)), LinearCache(np.empty((2, 0)), W, B)),
        lambda: Network([2, 1]).train(np.empty((2, 0)), np.empty((1, 0))),
        lambda: model_forward(X, {}),
        lambda: model_backward(ONES, ONES, []),
        lambda: initialize_parameters([3], rng=np.random.RandomState(1)),
        lambda: initialize_parameters([], rng=np.random.RandomState(1)),
        lambda: model_forward(X, {**LAYER, "learning_rate": 0.1}),
        lambda: model_forward(X, {**LAYER, "W2": W}),
        lambda: linear_forward([[1.0], [2.0]], W, B),
        lambda: model_forward(X.tolist(), LAYER),
        lambda: linear_forward(X, W, np.ones(1)),
        lambda: linear_forward(X.T, W, B),
        lambda: model_forward(X, [W, B]),
    ],
)
def test_d16_what_cannot_be_is_a_typed_error_of_one_form(attempt: Any) -> None:
    with pytest.raises(DeepStepError) as caught:
        attempt()
    assert re.fullmatch(r"[^;]+ must (be|have) [^;]+, got [^;]+\.( .*)?", str(caught.value))


def test_d16_lists_go_backward_too() -> None:
    cache = LayerCache(LinearCache(X, W, B), W @ X)
    came = linear_activation_backward(ONES.tolist(), cache, "relu")
    for value, expected in zip(came, linear_backward(ONES.tolist(), cache.linear), strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.slow
def test_d16_nothing_is_asserted_against_users() -> None:
    for path in SOURCE.rglob("*.py"):
        assert not [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Assert)
        ]


def test_d17_a_layer_s_cache_in_place_of_the_linear_one_is_explained() -> None:
    cache = LayerCache(LinearCache(X, W, B), W @ X)
    with pytest.raises(DataError, match=r"cache must be the LinearCache .*pass cache\.linear"):
        linear_backward(np.ones((1, 3)), cache)


def test_d18_relu_s_derivative_at_zero_is_what_its_text_says() -> None:
    assert relu_backward(np.ones((1, 1)), np.zeros((1, 1))).tolist() == [[0.0]]
    assert "0 at Z = 0" in str(relu_backward.__doc__)
    assert "Z > 0" in EQUATIONS["relu_backward"].formula


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_d19_the_factor_dA_stands_in_every_formula(activation: str) -> None:
    assert "dA" in EQUATIONS[f"{activation}_backward"].formula


def test_d21_sizes_are_numbers_and_results_are_what_is_documented() -> None:
    with pytest.raises(ConfigurationError, match=r"got \(4, 3\) as size 0"):
        initialize_parameters([(4, 3), (1, 4)], rng=np.random.RandomState(1))
    A_prev, W_again, b = linear_forward(X, W, B)[1]
    assert (A_prev is X, W_again is W, b is B) == (True, True, True)
    (linear, Z) = linear_activation_forward(X, W, B, "relu")[1]
    assert linear == (X, W, B)
    assert Z.shape == (1, 3)
    for name in ("linear_forward", "linear_activation_forward", "update_parameters", "model_backward"):
        assert re.search(r"Returns\n *-+\n *\w", str(EQUATIONS[name].function.__doc__))
    assert Parameters.from_dict(LAYER).n_layers == Network([2, 1]).architecture.n_layers == 1


def test_d22_there_is_an_easy_to_use_class() -> None:
    X, Y = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]
    network = Network([2, 4, 1], activation="tanh", seed=1)
    network.train(X, Y, learning_rate=0.5, iterations=2000)
    assert network.predict(X).tolist() == Y


def test_d23_training_does_not_compute_dA0(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, X, Y = small_network(4, 3, 2, 1)
    _, caches = model_forward(X, parameters)
    dZL = output_gradient(caches[-1].Z, Y)
    activations = ["relu", "relu", "sigmoid"]
    assert "dA0" not in backpropagate(dZL, caches, activations, input_gradient=False)
    whole = sys.modules["deepstep.equations.linear"]
    calls = []
    monkeypatch.setattr(whole, "linear_backward", lambda *args: calls.append(1) or linear_backward(*args))
    Network(parameters=parameters, engine="reference").train(X, Y, iterations=1)
    assert len(calls) == 2  # layers 3 and 2; layer 1 needs its weights' gradients alone


def test_d24_the_cost_is_tested_with_both_answers_and_refuses_what_is_no_probability() -> None:
    AL = np.array([[0.8, 0.9, 0.4]])
    assert compute_cost(AL, np.array([[1, 1, 0]])) == pytest.approx(-np.log(0.8 * 0.9 * 0.6) / 3, rel=1e-15)
    with pytest.raises(DataError, match=r"probabilities from 0 to 1, got values from 0\.8 to 1\.788"):
        compute_cost(np.array([[0.8, 1.788]]), np.array([[1, 0]]))
    Z = np.array(
        [[0.3, -0.2]]
    )  # the lecture's own backward case has such an AL: the low level lets it through
    cache = LayerCache(LinearCache(np.ones((1, 2)), np.ones((1, 1)), np.zeros((1, 1))), Z)
    assert np.isfinite(model_backward(np.array([[1.788, 0.436]]), np.array([[1, 0]]), [cache])["dW1"]).all()


def test_every_defect_is_shown_or_explained(lecture: dict[str, Any]) -> None:
    shown = {found[1].upper() for name in globals() if (found := re.match(r"test_(d\d\d)_", name))}
    assert shown | set(NOT_SHOWN) == {defect["id"] for defect in lecture["post_defects"]}
    assert not shown & set(NOT_SHOWN)
