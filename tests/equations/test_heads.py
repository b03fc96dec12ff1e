"""Heads: settings, what fits an architecture, answers and probabilities, costs at the edges of floats."""

import pickle
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from deepstep.equations import (
    HEADS,
    answers,
    compute_cost,
    cost_from_logits,
    get_activation,
    get_head,
    model_backward,
    model_forward,
    output_gradient,
    probabilities,
)
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture
from head_examples import head_target


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("tanh",),), "^output must be one of .* got 'tanh'"),
        ((("softmax",), "sigmoid"), "must be 'sigmoid' .*The output 'softmax' has another loss.$"),
        ((("relu",), "sigmoid"), "^The last activation must be 'sigmoid' .*got 'relu'.$"),
        ((("identity",), "poisson"), "must be 'exponential' for the output 'poisson'"),
        (
            (("increasing",), "quantile"),
            r"^The levels \[0.1, 0.5, 0.9\] need 3 outputs, got 2\. Let the last",
        ),
        ((("identity",), "huber", {"delta": 0}), "^output_settings.* must be a positive number, got 0"),
        ((("identity",), "huber", {"detla": 1}), "must have names among 'delta', got 'detla'. Did you"),
        ((("identity",), "identity", {"delta": 1.0}), " must have no names, got 'delta'"),
        ((("sigmoid",), "sigmoid", {"smoothing": 1.0}), "must be a number from 0 to below 1, got 1.0"),
        ((("increasing",), "quantile", {"levels": []}), "must be numbers between 0 and 1 that increase"),
        ((("increasing",), "quantile", {"levels": [0.0, 0.5]}), r"got \[0.0, 0.5\]"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        get_head(Architecture((5, 2), *arguments))


def test_what_the_loss_does_not_have_is_refused():
    Z = np.zeros((1, 4))
    for equation in (cost_from_logits, output_gradient, compute_cost):
        with pytest.raises(ShapeError, match=r"a row for each of .* \[0.1, 0.5, 0.9\], got shape \(1, 4\)"):
            equation(Z, Z, output="quantile")
    bare = replace(get_head("identity"), textbook=None, textbook_backward=None)
    with pytest.raises(ConfigurationError, match=r"^The loss of 'identity' is of the logits\. Use cost_"):
        compute_cost(Z, Z, output=bare)


def test_answers_and_probabilities_by_hand():
    AL = np.array([[0.9, 0.5, 0.2], [0.6, 0.5, 0.1]])
    assert answers("sigmoid", AL).tolist() == [[1, 0, 0], [1, 0, 0]]
    assert answers("softmax", AL).tolist() == [[0, 0, 0]]
    assert answers("ordinal", AL).tolist() == [[2, 0, 0]]
    for name in ("identity", "absolute_error", "huber", "poisson", "quantile"):
        assert answers(name, AL).tolist() == AL.tolist()
        assert probabilities(name, AL) is None
    for name in ("sigmoid", "softmax"):
        np.testing.assert_array_equal(probabilities(name, AL), AL)
    ordered = [[0.1, 0.5, 0.8], [0.3, 0, 0.1], [0.6, 0.5, 0.1]]
    np.testing.assert_allclose(probabilities("ordinal", AL), ordered, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ordered_classes_have_probabilities(dtype):
    """At least 0, of sum 1, and in the precision of the output, however far out."""
    ends = [-1e4, -40.0, -1.0, 0.0, 1.0, 40.0, 1e4]
    Z = np.stack(np.meshgrid(ends, ends, ends)).reshape(3, -1)
    P = probabilities("ordinal", get_activation("ordinal").forward(Z.astype(dtype)))
    assert P.dtype == dtype
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=0), 1, rtol=1e-6)


def test_costs_at_the_edges_of_floats():
    """A mean of large losses is finite; what no float can hold is infinite, without a warning."""
    Z, zero = np.full((1, 10), 1e308), np.zeros((1, 10))
    for cost in (cost_from_logits, compute_cost):
        assert cost(Z, zero, output="absolute_error") == pytest.approx(1e308, rel=1e-14)
    assert cost_from_logits(Z, zero) == pytest.approx(1e308, rel=1e-14)
    assert cost_from_logits(zero + 1e-320, zero, output="absolute_error") == pytest.approx(1e-320)
    sure = np.array([[1.7e308, -1.7e308], [-1.7e308, 1.7e308]])
    costs = [cost_from_logits(sure[:, [i]], np.array([[1.0], [0.0]]), output="softmax") for i in (0, 1)]
    assert costs == [0, np.finfo(float).max]
    assert cost_from_logits(np.array([[1e200]]), np.array([[0.0]]), output="identity") == np.inf
    assert cost_from_logits(np.array([[1e4]]), np.array([[1.0]]), output="poisson") == np.inf
    assert output_gradient(np.array([[1e4]]), np.array([[1.0]]), output="poisson").item() == np.inf


@pytest.mark.parametrize("output", HEADS)
def test_cost_and_gradient_are_finite_up_to_ten_thousand(output):
    most = 600 if output == "poisson" else 1e4  # a mean of e^710 is no float64
    rng, ends = np.random.default_rng(0), np.array([-1e4, -36.8, -1e-3, 0, 1, most])
    Z = np.stack(np.meshgrid(ends, ends, ends)).reshape(3, -1)
    m, activations = Z.shape[1], [HEADS[output].activation]
    hard = np.eye(3)[:, rng.integers(3, size=m)]
    for truth in (head_target(output, *Z.shape), hard, np.roll(hard, 1, axis=0)):
        dZ = output_gradient(Z, truth, output=output)
        assert np.isfinite(cost_from_logits(Z, truth, output=output))
        assert np.isfinite(dZ).all()
        AL, caches = model_forward(np.eye(m), {"W1": Z, "b1": np.zeros((3, 1))}, activations=activations)
        gradients = model_backward(AL, truth, caches, activations=activations, output=output)
        assert all(np.isfinite(value).all() for value in gradients.values())
        np.testing.assert_allclose(gradients["dW1"] * m, dZ, rtol=1e-15, atol=1e-300)


def test_settings_are_plain_numbers_and_copied():
    for numbers in (np.array([0.1, 0.5]), [np.float64(0.1), np.float32(0.5)]):
        levels = get_head("quantile").with_settings(levels=numbers).settings["levels"]
        assert levels == (0.1, 0.5)
        assert all(type(level) is float for level in levels)
    head = get_head("huber").with_settings(delta=2.0)
    for again in (deepcopy(head), pickle.loads(pickle.dumps(head))):
        assert dict(again.settings) == {"delta": 2.0}
