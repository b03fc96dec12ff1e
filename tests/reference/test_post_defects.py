"""Our code does not have the defects of the published post, which lecture.json lists as D01 … D24."""

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
    linear_activation_forward,
    linear_backward,
    linear_forward,
    model_backward,
    model_forward,
    output_gradient,
    relu_backward,
    sigmoid,
)
from deepstep.errors import ConfigurationError, DataError, DeepStepError, ShapeError

ELSEWHERE = {
    "D01": "tests/equations/test_against_torch.py: the derivative of every activation at its own argument",
    "D02": "c1w4.linear_backward.1unit in test_lecture_cases.py: a layer of one unit goes backward",
    "D03": "tests/equations/test_against_torch.py: gradients of networks of any depth",
    "D04": "tests/equations/test_what_comes_in.py: an update refuses a squeezed db",
    "D05": "tests/equations/test_against_torch.py: gradients of networks of any depth",
    "D06": "c1w4.initialize_parameters.* in test_lecture_cases.py: initial weights are normal draws",
    "D08": "c1w4.linear_backward.3units in test_lecture_cases.py: several output units",
    "D09": "c1w4.linear_backward.1unit in test_lecture_cases.py: the original case runs",
    "D10": "c1w4.update_parameters in test_lecture_cases.py: the update is run on its case",
    "D12": "tests/equations/test_registry.py: no equation changes its arguments",
    "D14": "test_bad_input.py names the nearest; the solution of linear_activation_forward in test_grader.py",
    "D20": "a sentence of the text (the global optimum): nothing that code could have",
    "D22": "test_tiny.py: a class learns the exclusive or",
}

SOURCE = Path(deepstep.__file__).parent


def small_network(*sizes: int, m: int = 5) -> tuple[Parameters, Any, Any]:
    """Parameters, X and a Y with both answers."""
    rng = np.random.RandomState(1)
    parameters = initialize_parameters(sizes, rng=rng)
    return parameters, rng.randn(sizes[0], m), np.arange(sizes[-1] * m).reshape(sizes[-1], m) % 2.0


def test_d07_the_default_scale_does_not_starve_a_deep_network() -> None:
    parameters, X, _ = small_network(100, 50, 20, 10, 5, 1, m=50)
    _, caches = model_forward(X, parameters)
    assert 0.1 < caches[-1].Z.std() < 10
    starved = initialize_parameters((100, 50, 20, 10, 5, 1), method="small", rng=np.random.RandomState(1))
    _, caches = model_forward(X, starved)
    assert caches[-1].Z.std() < 1e-6  # what one number for every layer does


@pytest.mark.parametrize("logit", [36.74, 710.0, 1e4])
@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_d11_saturation_is_no_nan(logit: float, answer: float) -> None:
    Y = np.array([[answer]])
    for Z in (np.array([[logit]]), np.array([[-logit]])):
        AL = sigmoid(Z)
        assert not np.isnan(compute_cost(AL, Y))
        assert np.isfinite(cost_from_logits(Z, Y))
        cache = LayerCache(LinearCache(np.ones((1, 1)), Z, np.zeros((1, 1))), Z)
        assert model_backward(AL, Y, [cache])["dW1"] == pytest.approx(AL - Y, abs=1e-15)
    right = np.array([[logit if answer else -logit]])
    assert compute_cost(sigmoid(right), Y) == pytest.approx(0, abs=1e-15)


def test_d13_the_global_generator_is_left_alone_also_by_imports() -> None:
    program = """
import numpy as np
np.random.seed(5)
expected = np.random.RandomState(5).rand()
from deepstep import Network, equations
networks = [Network([3, 2, 1]) for _ in range(2)]
assert networks[0].parameters != networks[1].parameters
networks[0].train(np.eye(3), [[0, 1, 1]], iterations=2, batch_size=2)
assert np.random.rand() == expected
"""
    subprocess.run([sys.executable, "-c", program], check=True)


W, B, X = np.ones((1, 2)), np.ones((1, 1)), np.ones((2, 3))
LAYER, ONES = {"W1": W, "b1": B}, np.ones((1, 3))


@pytest.mark.parametrize("shape", [(3, 1), (3,), ()])
def test_d15_a_target_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    Y = np.ones(shape)
    for attempt in (
        lambda: compute_cost(0.9 * ONES, Y),
        lambda: cost_from_logits(ONES, Y),
        lambda: model_backward(0.9 * ONES, Y, model_forward(X, LAYER)[1]),
    ):  # those of a network are in test_bad_input.py
        with pytest.raises(ShapeError, match=r"^Y must have (the )?shape"):
            attempt()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: compute_cost(np.empty((1, 0)), np.empty((1, 0))),
        lambda: cost_from_logits(ONES, ONES, sample_weight=ONES),
        lambda: output_gradient(ONES, ONES, sample_weight=ONES.T),
        lambda: model_backward(np.ones((1, 1)), np.ones((1, 1)), [LayerCache(LinearCache(X, W, B), ONES)]),
        lambda: Network([2, 1]).train(np.empty((2, 0)), np.empty((1, 0))),
        lambda: model_forward(X, {}),
        lambda: model_backward(ONES, ONES, []),
        lambda: initialize_parameters([3], rng=np.random.RandomState(1)),
        lambda: model_forward(X, {**LAYER, "learning_rate": 0.1}),
        lambda: model_forward(X, {**LAYER, "W2": W}),
        lambda: linear_forward([[1.0], [2.0]], W, B),
        lambda: model_forward(X.tolist(), LAYER),
        lambda: linear_forward(X, W, np.ones(1)),
    ],
)
def test_d16_what_cannot_be_is_a_typed_error_of_one_form(attempt: Any) -> None:
    with pytest.raises(DeepStepError) as caught:
        attempt()
    assert re.fullmatch(r"[^;]+ must (be|have) [^;]+, got [^;]+\.( .*)?", str(caught.value))


def test_d16_nothing_is_asserted_against_users() -> None:
    for path in SOURCE.rglob("*.py"):
        assert not re.search(r"^ *assert\b", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_d17_a_layer_s_cache_in_place_of_the_linear_one_is_explained() -> None:
    cache = LayerCache(LinearCache(X, W, B), W @ X)
    with pytest.raises(DataError, match=r"cache must be the LinearCache .*pass cache\.linear"):
        linear_backward(np.ones((1, 3)), cache)


def test_d18_d19_formulas_have_the_factor_dA_and_the_derivative_of_relu_at_zero() -> None:
    assert relu_backward(np.ones((1, 1)), np.zeros((1, 1))).tolist() == [[0.0]]
    assert "0 at Z = 0" in str(relu_backward.__doc__)
    assert "Z > 0" in EQUATIONS["relu_backward"].formula
    assert all("dA" in EQUATIONS[f"{activation}_backward"].formula for activation in ACTIVATIONS)


def test_d21_sizes_are_numbers_and_results_are_what_is_documented() -> None:
    with pytest.raises(ConfigurationError, match=r"got \(4, 3\) as size 0"):
        initialize_parameters([(4, 3), (1, 4)], rng=np.random.RandomState(1))
    assert linear_activation_forward(X, W, B, "relu")[1][0] == linear_forward(X, W, B)[1] == (X, W, B)


def test_d23_training_does_not_compute_dA0(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, X, Y = small_network(4, 3, 2, 1)
    _, caches = model_forward(X, parameters)
    dZL = output_gradient(caches[-1].Z, Y)
    activations = ["relu", "relu", "sigmoid"]
    assert "dA0" not in backpropagate(dZL, caches, activations, input_gradient=False)
    whole = sys.modules["deepstep.equations.backward"]
    calls = []
    monkeypatch.setattr(whole, "linear_backward", lambda *args: calls.append(1) or linear_backward(*args))
    Network(parameters=parameters, engine="reference").train(X, Y, iterations=1)
    assert len(calls) == 2  # layers 3 and 2; layer 1 needs its weights' gradients alone


def test_d24_the_cost_refuses_what_is_no_probability() -> None:
    with pytest.raises(DataError, match=r"probabilities from 0 to 1, got values from 0\.8 to 1\.788"):
        compute_cost(np.array([[0.8, 1.788]]), np.array([[1, 0]]))
    # The lecture's own backward case has such an AL: the low level lets it through.
    Z = np.array([[0.3, -0.2]])
    cache = LayerCache(LinearCache(np.ones((1, 2)), np.ones((1, 1)), np.zeros((1, 1))), Z)
    assert np.isfinite(model_backward(np.array([[1.788, 0.436]]), np.array([[1, 0]]), [cache])["dW1"]).all()


def test_every_defect_is_shown_or_explained(lecture: dict[str, Any]) -> None:
    tests = [name for name in globals() if name.startswith("test_d")]
    shown = {number.upper() for name in tests for number in re.findall(r"(?<=_)d\d\d(?=_)", name)}
    assert shown | set(ELSEWHERE) == {defect["id"] for defect in lecture["post_defects"]}
    assert not shown & set(ELSEWHERE)
