"""Laws that hold whatever the numbers are."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from random_models import Model, cost_and_gradients, models, target

from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    cost_from_logits,
    model_backward,
    model_forward,
    output_gradient,
    update_parameters,
)
from deepstep.network import Parameters

NEAR = {"rtol": 1e-11, "atol": 1e-13}
seeds = st.integers(0, 2**32 - 1)
laws = settings(max_examples=60, deadline=None)


OF_PARAMETERS = ("dW", "db", "ds", "dalpha")


def same(got: dict[str, Any], expected: dict[str, Any], kinds: tuple[str, ...] = OF_PARAMETERS) -> None:
    for name, value in expected.items():
        if name.startswith(kinds):
            np.testing.assert_allclose(got[name], value, err_msg=name, **NEAR)


def columns(model: Model, order: Any) -> Model:
    """The model with some of its examples, in an order, perhaps more than once."""
    weight = None if model.weight is None else model.weight[order]
    return model._replace(X=model.X[:, order], Y=model.Y[:, order], weight=weight)


@laws
@given(models(), seeds)
def test_the_order_of_the_examples_does_not_matter(model: Model, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(model.X.shape[1])
    cost, gradients = cost_and_gradients(model)
    other_cost, other = cost_and_gradients(columns(model, order))
    assert other_cost == pytest.approx(cost, rel=1e-12)
    same(other, gradients)
    same(
        other, {name: dA[:, order] for name, dA in gradients.items() if name.startswith("dA")}, kinds=("dA",)
    )


@laws
@given(models(), seeds)
def test_a_weight_of_two_is_the_row_twice(model: Model, seed: int) -> None:
    m = model.X.shape[1]
    times = np.random.default_rng(seed).integers(0, 3, size=m)
    times[0] = 2
    weighted = model._replace(weight=times.astype(float))
    repeated = columns(model._replace(weight=None), np.repeat(np.arange(m), times))
    cost, gradients = cost_and_gradients(repeated)
    other_cost, other = cost_and_gradients(weighted)
    assert other_cost == pytest.approx(cost, rel=1e-12)
    same(other, gradients)


@pytest.mark.parametrize("as_given", [dict, Parameters.from_dict])
@laws
@given(model=models(), rate=st.floats(0, 10))
def test_update_parameters_changes_nothing_given(as_given: Any, model: Model, rate: float) -> None:
    parameters = as_given({name: value.copy() for name, value in model.parameters.items()})
    AL, caches = model_forward(model.X, parameters, activations=model.activations)
    gradients = model_backward(AL, model.Y, caches, activations=model.activations, output=model.head)
    given_arrays = [*parameters.values(), *gradients.values(), AL, model.X, model.Y]
    given_arrays += [array for cache in caches for array in (*cache.linear, cache.Z)]
    before = [array.tobytes() for array in given_arrays]
    updated = update_parameters(parameters, gradients, rate)
    assert [array.tobytes() for array in given_arrays] == before
    assert updated is not parameters
    assert not any(np.shares_memory(updated.flat, array) for array in given_arrays)
    same(
        {f"d{name}": value for name, value in updated.items()},
        {f"d{name}": value - rate * gradients[f"d{name}"] for name, value in parameters.items()},
    )


@pytest.mark.parametrize("output", HEADS)
@laws
@given(Z=arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)), seed=seeds)
def test_cost_and_gradient_are_finite_up_to_ten_thousand(output: str, Z: Any, seed: int) -> None:
    if output == "poisson":
        Z = np.minimum(Z, 600)  # a mean of e^710 is no float64, and dA0 is 10⁴ times as large
    Y, activations = target(output, Z.shape, np.random.default_rng(seed)), [HEADS[output].activation]
    hard = np.eye(3)[:, np.random.default_rng(seed).integers(3, size=4)]
    for truth in (Y, hard, np.roll(hard, 1, axis=0)):
        cost, dZ = cost_from_logits(Z, truth, output=output), output_gradient(Z, truth, output=output)
        assert np.isfinite(cost)
        assert np.isfinite(dZ).all()
        layer = {"W1": Z, "b1": np.zeros((3, 1))}
        AL, caches = model_forward(np.eye(4), layer, activations=activations)
        gradients = model_backward(AL, truth, caches, activations=activations, output=output)
        assert all(np.isfinite(value).all() for value in gradients.values())
        np.testing.assert_allclose(gradients["dW1"] * 4, dZ, rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_depends_on_other_units_or_on_the_place_says_so(name: str) -> None:
    forward, Z = ACTIVATIONS[name].forward, np.random.default_rng(3).standard_normal((4, 5))
    order = [2, 0, 3, 1]
    alone = np.vstack([forward(row[np.newaxis]) for row in Z])
    depends = not (np.allclose(forward(Z), alone) and np.allclose(forward(Z[order]), forward(Z)[order]))
    assert ACTIVATIONS[name].across_units == depends
