"""What the equations take in and refuse: weights, learning rates, precision, lists; what goes out is new."""

from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import (
    ACTIVATIONS,
    cost_from_logits,
    model_forward,
    output_gradient,
    update_parameters,
)
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.network import Parameters

Z, Y = np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, 0.0, 1.0]])


@pytest.mark.parametrize("equation", [cost_from_logits, output_gradient])
@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        ([0, 0, 0], DataError, "one of them above 0; got values from 0 to 0"),
        ([3, -1, 1], DataError, "of at least 0, .* got values from -1 to 3"),
        ([1, np.nan, 1], DataError, "finite numbers .* got values from nan to nan"),
        (["a", "b", "c"], DataError, "real numbers; got dtype <U1"),
        ([1, 1], ShapeError, r"shape \(3,\); got \(2,\)"),
        ([[1, 1, 1]], ShapeError, r"got \(1, 3\)"),
    ],
)
def test_weights_that_weigh_nothing_or_less_are_refused(
    equation: Any, weight: Any, error: type[Exception], message: str
) -> None:
    for given in (weight, np.array(weight)):
        with pytest.raises(error, match=rf"^{equation.__name__}: sample_weight .*{message}"):
            equation(Z, Y, sample_weight=given)


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1), 1, np.int64(1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_update_keeps_the_parameters_precision(dtype: Any, rate: Any) -> None:
    parameters = Parameters(np.array([1, 2], dtype), [1, 1])
    for gradients in (np.float32, np.float64):
        given = {"dW1": np.ones((1, 1), gradients), "db1": np.ones((1, 1), gradients)}
        updated = update_parameters(parameters, given, rate)
        assert updated.dtype == updated["W1"].dtype == dtype
        np.testing.assert_allclose(updated.flat, [1 - rate, 2 - rate], rtol=1e-6)


@pytest.mark.parametrize("rate", [np.nan, np.inf, "0.1", None, True, [0.1], 1j])
def test_a_rate_that_is_no_number_is_refused(rate: Any) -> None:
    parameters = {"W1": [[1.0]], "b1": [[2.0]]}
    with pytest.raises(ConfigurationError, match=r"^update_parameters: .* is a finite number; got"):
        update_parameters(parameters, {"dW1": [[1.0]], "db1": [[1.0]]}, rate)


@pytest.mark.parametrize(
    ("gradient", "got"),
    [
        (None, "it is missing. Sum over"),
        (np.ones(2), r"got \(2,\). Sum over"),
        (np.ones((1, 2)), r"got \(1, 2\). Sum over"),
    ],
)
def test_a_gradient_that_does_not_fit_is_told_as_it_is(gradient: Any, got: str) -> None:
    parameters = {"W1": np.ones((2, 1)), "b1": np.ones((2, 1))}
    given = {"dW1": np.ones((2, 1))} | ({} if gradient is None else {"db1": gradient})
    with pytest.raises(ShapeError, match=rf"^update_parameters: db1 has the shape of b1, \(2, 1\); {got}"):
        update_parameters(parameters, given, 0.1)


@pytest.mark.parametrize(
    ("target", "hint"),
    [(Y.T, r"Pass Y\.reshape\(1, 3\)\.$"), (Y[:, :2], "Columns are examples here.$")],
)
def test_how_to_mend_a_target_depends_on_its_size(target: Any, hint: str) -> None:
    with pytest.raises(
        ShapeError, match=rf"Y has the shape of the output, \(1, 3\); got Y \(\d, \d\)\. {hint}"
    ):
        cost_from_logits(Z, target)


def test_parameters_that_a_pass_would_not_read_are_refused() -> None:
    """Those of embeddings do not tell the option that they belong to."""
    net = Network([2, 3, 1], features={"periodic_embedding": {"inputs": [0]}}, seed=1)
    with pytest.raises(ConfigurationError, match=r"^model_forward: .*; got omega1, phi1, V1, a1\. Take Arch"):
        model_forward(np.ones((2, 1)), net.parameters)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_take_lists(name: str) -> None:
    forward, backward, *_ = ACTIVATIONS[name]
    Z, dA = [[1.0, -2.0], [0.5, 3.0]], [[5.0, 6.0], [7.0, 8.0]]
    np.testing.assert_array_equal(forward(Z), forward(np.array(Z)))  # type: ignore[arg-type]
    expected = backward(np.array(dA), np.array(Z))
    np.testing.assert_array_equal(backward(dA, Z), expected)  # type: ignore[arg-type]
