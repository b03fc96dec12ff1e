"""What the lecture's functions take in and refuse: targets, weights, rates, gradients and caches."""

from copy import deepcopy

import numpy as np
import pytest
from sklearn.metrics import log_loss

from deepstep import Network
from deepstep.equations import (
    ACTIVATIONS,
    backpropagate,
    compute_cost,
    cost_from_logits,
    model_backward,
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
        ([0, 0, 0], DataError, "one of them above 0, got values from 0 to 0"),
        ([3, -1, 1], DataError, "of at least 0, .* got values from -1 to 3"),
        ([1, np.nan, 1], DataError, "finite numbers .* got values from nan to nan"),
        (["a", "b", "c"], DataError, "real numbers, got dtype <U1"),
        ([[1, 1, 1]], ShapeError, r"shape \(3,\), got shape \(1, 3\)"),
    ],
)
def test_weights_that_weigh_nothing_or_less_are_refused(equation, weight, error, message):
    with pytest.raises(error, match=f"^sample_weight must .*{message}"):
        equation(Z, Y, sample_weight=weight)


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.int64(1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_update_keeps_the_parameters_precision(dtype, rate):
    parameters = Parameters(np.array([1, 2], dtype), [1, 1])
    for gradients in (np.float32, np.float64):
        given = {"dW1": np.ones((1, 1), gradients), "db1": np.ones((1, 1), gradients)}
        updated = update_parameters(parameters, given, rate)
        assert updated.dtype == updated["W1"].dtype == dtype
        np.testing.assert_allclose(updated.flat, [1 - rate, 2 - rate], rtol=1e-6)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (None, "The gradients have no db1"),
        (np.ones(2), r"db1 must have the shape of b1, \(2, 1\), got shape \(2,\)\. Sum over"),
        (np.ones((1, 2)), r"db1 must have the shape of b1, \(2, 1\), got shape \(1, 2\)\. Sum over"),
    ],
)
def test_an_update_that_does_not_fit_is_refused(gradient, message):
    parameters = {"W1": np.ones((2, 1)), "b1": np.ones((2, 1))}
    gradients = {"dW1": np.ones((2, 1))} | ({} if gradient is None else {"db1": gradient})
    with pytest.raises(ShapeError, match=f"^{message}"):
        update_parameters(parameters, gradients, 0.1)
    for rate in (np.nan, "0.1", None, True, [0.1], 1j):
        with pytest.raises(ConfigurationError, match=r"^learning_rate must be a finite number, got"):
            update_parameters(parameters, gradients | {"db1": np.ones((2, 1))}, rate)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_take_lists(name):
    forward, backward, *_ = ACTIVATIONS[name]
    Z, dA = [[1.0, -2.0], [0.5, 3.0]], [[5.0, 6.0], [7.0, 8.0]]
    np.testing.assert_array_equal(forward(Z), forward(np.array(Z)))
    np.testing.assert_array_equal(backward(dA, Z), backward(np.array(dA), np.array(Z)))


AL = np.array([[0.8, 0.9, 0.4]])
LABELS = np.array([[1, 1, 0]])
OF_CLASSES = np.array([[0.2, 0.7], [0.5, 0.1], [0.3, 0.2]])


@pytest.mark.parametrize(
    ("output", "A", "wrong", "error", "message"),
    [
        ("sigmoid", AL, [[1, 2, 0]], DataError, r"hold numbers from 0 to 1 for a sigmoid .* from 0 to 2"),
        ("sigmoid", AL, [[0.3, 0.4, np.nan]], DataError, r"hold numbers from 0 to 1"),
        ("sigmoid", AL, Y.T, ShapeError, r"have the shape .*\(1, 3\), .* Pass Y\.reshape\(1, 3\)\.$"),
        ("sigmoid", AL, Y[:, :2], ShapeError, r"have the shape .* Columns are examples here.$"),
    ],
)
def test_a_target_that_the_loss_does_not_have_is_refused(output, A, wrong, error, message):
    """Those of other losses are in network/test_border.py."""
    with pytest.raises(error, match=f"^Y must {message}"):
        compute_cost(A, np.array(wrong), output=output)


def test_truth_values_are_labels():
    assert compute_cost(AL, LABELS == 1) == pytest.approx(log_loss(LABELS[0], AL[0]), rel=1e-12)


@pytest.mark.parametrize("dtype", [int, np.float32])
def test_swapped_arguments_are_told(dtype):
    with pytest.warns(RuntimeWarning, match=r"compute_cost\(AL, Y\): were the arguments swapped\?"):
        assert compute_cost(LABELS.astype(dtype), AL) == np.inf
    with pytest.warns(RuntimeWarning, match="swapped"):
        assert compute_cost(np.eye(3)[[0, 2]].T.astype(dtype), OF_CLASSES, output="softmax") == np.inf
    assert compute_cost(LABELS.astype(dtype), 1 - LABELS) == np.inf  # sure and wrong: no warning


def passed(sizes=(4, 5, 3, 1), masks=None, **parts):
    """The target, output and caches of a forward pass of a network of sigmoids."""
    net, rng = Network(sizes, activation="sigmoid", seed=1, **parts), np.random.default_rng(4)
    names, kinds = net.architecture.activations, net.architecture.normalization
    X = rng.standard_normal((sizes[0], 7))
    AL, caches = model_forward(X, net.parameters, activations=names, normalization=kinds, masks=masks)
    return (rng.random(AL.shape) > 0.5) * 1.0, AL, caches


def tuples(caches):
    """The caches of a learner's own forward pass, as the lecture has them."""
    return [(tuple(linear), Z) for linear, Z in caches]


def test_copies_and_plain_tuples_give_the_bits_of_the_library_s_own_caches():
    Y, AL, caches = passed(normalization="batch", input_scale=True)
    expected, copied = model_backward(AL, Y, caches), model_backward(AL, Y, deepcopy(caches))
    Y, AL, caches = passed()
    names = ["sigmoid"] * 3
    plain = model_backward(AL, Y, caches, activations=names)
    for right, found in (
        (expected, copied),
        (plain, model_backward(AL, Y, tuples(caches), activations=names)),
        (plain, backpropagate(AL - Y, tuple(tuples(caches)), names)),
    ):
        assert found.keys() == right.keys()
        for name, value in right.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_masks_of_another_pass_are_refused():
    masks = {1: np.full((5, 7), 2.0)}
    Y, AL, caches = passed(masks=masks)
    expected = model_backward(AL, Y, caches, activations=["sigmoid"] * 3, masks=masks)["dW1"]
    without = model_backward(AL, Y, caches, activations=["sigmoid"] * 3)["dW1"]
    np.testing.assert_array_equal(without, expected)
    Y, AL, caches = passed()
    with pytest.raises(DataError, match=r"masked in the forward pass, \[\], got masks of \[1\]"):
        model_backward(AL, Y, caches, activations=["sigmoid"] * 3, masks=masks)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda A, W, b, Z: (A, W, b), DataError, r"layer 1 must be \(\(A_prev, W, b\), Z\), got tuple"),
        (lambda A, W, b, Z: (Z, (A, W, b)), DataError, r"layer 1 must be \(\(A_prev, W, b\)"),
        (lambda A, W, b, Z: None, DataError, r"layer 1 must be .*, got NoneType of another form"),
        (lambda A, W, b, Z: ((A.T, W, b), Z), ShapeError, r"A0 must have 4 rows, .* got shape \(7, 4\)"),
        (lambda A, W, b, Z: ((A, W, b), Z[:, :-1]), ShapeError, r"Z1 must .*W1·A0, \(3, 7\), got .*\(3, 6\)"),
        (lambda A, W, b, Z: ((A[:, 0], W, b), Z), ShapeError, r"A0 must have two axes, got shape \(4,\)"),
    ],
)
def test_caches_that_do_not_fit_are_refused_by_their_layer(spoil, error, message):
    Y, AL, caches = passed((4, 3, 1))
    (linear, Z), second = tuples(caches)
    with pytest.raises(error, match=message):
        model_backward(AL, Y, [spoil(*linear, Z), second])
    (A1, *others), Z2 = second
    with pytest.raises(ShapeError, match=r"A1 must have the shape of Z1, \(3, 7\), got shape \(3, 6\)"):
        model_backward(AL, Y, [(linear, Z), ((A1[:, 1:], *others), Z2[:, 1:])])
    with pytest.raises(ShapeError, match=r"^dZL must have the shape of ZL, \(1, 7\), got shape \(1, 1\)"):
        backpropagate(np.ones((1, 1)), caches)


def test_parameters_that_a_pass_would_not_read_are_refused():
    """Those of embeddings do not tell the option that they belong to."""
    net = Network([2, 3, 1], features={"periodic_embedding": {"inputs": [0]}}, seed=1)
    with pytest.raises(ConfigurationError, match=r"^omega1, phi1, V1, a1 do not say .*\. Take Arch"):
        model_forward(np.ones((2, 1)), net.parameters)
