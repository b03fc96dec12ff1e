"""How to read ../shared/reference/lecture.json: replay its draws, compare with its printed numbers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.equations import compute_cost, model_backward, model_forward, update_parameters
from deepstep.network import Parameters

NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def replay(draws: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The inputs of a case, drawn in order from one legacy generator, whose stream is frozen."""
    rng = np.random.RandomState()
    values: dict[str, Any] = {}
    for draw in draws:
        match draw:
            case ["seed", int(seed)]:
                rng = np.random.RandomState(seed)
            case [str(name), "randn", [*shape]]:
                values[name] = rng.randn(*shape)
            case [str(name), "const", value]:
                values[name] = np.asarray(value, dtype=float)
            case [str(name), "randn_gt", [[*shape], threshold]]:
                values[name] = (rng.randn(*shape) > threshold).astype(float)
            case [str(name), "randn_lt", [[*shape], threshold]]:
                values[name] = (rng.randn(*shape) < threshold).astype(float)
            case _:
                raise ValueError(f"a draw of an unknown kind: {draw!r}")
    return values


def assert_printed(came: Any, printed: str, what: str) -> None:
    """Every number of a printed text, to its last digit: half a unit of it, or what float64 can hold."""
    texts = NUMBER.findall(printed)
    numbers = np.ravel(np.asarray(came, dtype=float))
    assert len(texts) == numbers.size, f"{what}: {numbers.size} numbers, printed were {len(texts)}"
    for number, text in zip(numbers, texts, strict=True):
        allowed = max(0.5 * unit_of_last_digit(text), 16 * np.spacing(abs(float(text))))
        assert abs(number - float(text)) <= allowed * (1 + 1e-9), f"{what}: {number!r}, printed was {text}"


def assert_published(came: Mapping[str, Any], case: Mapping[str, Any], name: str) -> None:
    """Every number of a case: to 1e-12, and to the digit that was printed."""
    for key, expected in case["expected"].items():
        tolerance = expected.get("tolerance_used", 1e-15)
        np.testing.assert_allclose(
            came[key], expected["computed_float64"], rtol=1e-12, atol=tolerance, err_msg=f"{name}: {key}"
        )
        if "tolerance_used" not in expected:
            assert_printed(came[key], expected["printed"], f"{name}: {key}")
    for key, expected in case.get("computed_only", {}).items():
        np.testing.assert_allclose(came[key], expected, rtol=1e-12, atol=1e-15, err_msg=f"{name}: {key}")


def unit_of_last_digit(text: str) -> float:
    """0.0001 for ``"0.6931"``, 1e-07 for ``"1.234e-04"``."""
    mantissa, _, exponent = text.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def gradient_descent(
    X: Any,
    Y: Any,
    parameters: Mapping[str, Any],
    *,
    learning_rate: float,
    iterations: int,
    activations: Sequence[str] | None = None,
) -> tuple[Parameters, list[float], dict[str, Any]]:
    """The lecture's loop over the equations: parameters, costs before each update, last gradients."""
    theta = parameters if isinstance(parameters, Parameters) else Parameters.from_dict(parameters)
    costs, gradients = [], {}
    for _ in range(iterations):
        AL, caches = model_forward(X, theta, activations=activations)
        costs.append(compute_cost(AL, Y))
        gradients = model_backward(AL, Y, caches, activations=activations)
        theta = update_parameters(theta, gradients, learning_rate)
    return theta, costs, gradients
