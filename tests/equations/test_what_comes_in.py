"""What the lecture's functions take in and refuse: targets, weights, rates, gradients and caches."""

from copy import copy, deepcopy
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from deepstep import Network
from deepstep.equations import (
    ACTIVATIONS,
    Caches,
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
        ([1, 1], ShapeError, r"shape \(3,\), got shape \(2,\)"),
        ([[1, 1, 1]], ShapeError, r"got shape \(1, 3\)"),
    ],
)
def test_weights_that_weigh_nothing_or_less_are_refused(
    equation: Any, weight: Any, error: type[Exception], message: str
) -> None:
    for sample_weight in (weight, np.array(weight)):
        with pytest.raises(error, match=f"^sample_weight must .*{message}"):
            equation(Z, Y, sample_weight=sample_weight)


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
    with pytest.raises(ConfigurationError, match=r"^learning_rate must be a finite number, got"):
        update_parameters(parameters, {"dW1": [[1.0]], "db1": [[1.0]]}, rate)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (None, "The gradients have no db1"),
        (np.ones(2), r"db1 must have the shape of b1, \(2, 1\), got shape \(2,\)\. Sum over"),
        (np.ones((1, 2)), r"db1 must have the shape of b1, \(2, 1\), got shape \(1, 2\)\. Sum over"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused(gradient: Any, message: str) -> None:
    parameters = {"W1": np.ones((2, 1)), "b1": np.ones((2, 1))}
    gradients = {"dW1": np.ones((2, 1))} | ({} if gradient is None else {"db1": gradient})
    with pytest.raises(ShapeError, match=f"^{message}"):
        update_parameters(parameters, gradients, 0.1)


@pytest.mark.parametrize(
    ("target", "hint"),
    [(Y.T, r"Pass Y\.reshape\(1, 3\)\.$"), (Y[:, :2], "Columns are examples here.$")],
)
def test_how_to_mend_a_target_depends_on_its_size(target: Any, hint: str) -> None:
    with pytest.raises(
        ShapeError, match=rf"^Y must have the shape of the output, \(1, 3\), got shape \(\d, \d\)\. {hint}"
    ):
        cost_from_logits(Z, target)


def test_parameters_that_a_pass_would_not_read_are_refused() -> None:
    """Those of embeddings do not tell the option that they belong to."""
    net = Network([2, 3, 1], features={"periodic_embedding": {"inputs": [0]}}, seed=1)
    with pytest.raises(ConfigurationError, match=r"^omega1, phi1, V1, a1 do not say .*\. Take Arch"):
        model_forward(np.ones((2, 1)), net.parameters)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_take_lists(name: str) -> None:
    forward, backward, *_ = ACTIVATIONS[name]
    Z, dA = [[1.0, -2.0], [0.5, 3.0]], [[5.0, 6.0], [7.0, 8.0]]
    np.testing.assert_array_equal(forward(Z), forward(np.array(Z)))  # type: ignore[arg-type]
    expected = backward(np.array(dA), np.array(Z))
    np.testing.assert_array_equal(backward(dA, Z), expected)  # type: ignore[arg-type]


AL = np.array([[0.8, 0.9, 0.4]])
LABELS = np.array([[1, 1, 0]])
OF_CLASSES = np.array([[0.2, 0.7], [0.5, 0.1], [0.3, 0.2]])


@pytest.mark.parametrize(
    ("output", "A", "wrong", "message"),
    [
        ("sigmoid", AL, [[1, 2, 0]], r"numbers from 0 to 1 for a sigmoid output, got values from 0 to 2"),
        ("sigmoid", AL, [[0.5, 1.0000001, 0]], r"numbers from 0 to 1"),
        ("sigmoid", AL, [[0.3, 0.4, np.nan]], r"numbers from 0 to 1"),
        ("sigmoid", AL, [[80.0, 90.0, 40.0]], r"numbers from 0 to 1 .*, got values from 40 to 90"),
        ("softmax", OF_CLASSES, [[2, 0], [-1, 1], [0, 0]], r"numbers from 0 to 1"),
        ("softmax", OF_CLASSES, [[1, 0], [1, 1], [0, 0]], r"columns that sum to 1"),
        ("ordinal", np.array([[0.9], [0.4]]), [[2], [0]], r"numbers from 0 to 1"),
        ("poisson", np.array([[0.5, 2.0]]), [[1, -1]], r"counts of at least 0 .*, got values from -1 to 1"),
    ],
)
def test_a_target_that_the_loss_does_not_have_is_refused(
    output: str, A: Any, wrong: Any, message: str
) -> None:
    with pytest.raises(DataError, match=f"^Y must (have|hold) {message}"):
        compute_cost(A, np.array(wrong), output=output)


def test_soft_labels_and_numbers_stay_what_they_are() -> None:
    """No warning and no error (a warning is an error here): these belong to the loss."""
    soft = np.array([[0.9, 0.75, 0.1]])
    expected = -(soft * np.log(AL) + (1 - soft) * np.log(1 - AL)).mean()
    assert compute_cost(AL, soft) == pytest.approx(expected, rel=1e-15)
    shares = np.array([[0.1, 0.6], [0.6, 0.3], [0.3, 0.1]])
    expected = -(shares * np.log(OF_CLASSES)).sum(axis=0).mean()
    assert compute_cost(OF_CLASSES, shares, output="softmax") == pytest.approx(expected, rel=1e-15)
    falling = np.array([[0.9], [0.3]])
    assert np.isfinite(compute_cost(np.array([[0.8], [0.4]]), falling, output="ordinal"))
    assert compute_cost(np.array([[3.0, -7.0]]), np.array([[1.0, -9.0]]), output="identity") == 2
    assert compute_cost(AL, LABELS == 1) == pytest.approx(log_loss(LABELS[0], AL[0]), rel=1e-12)


@pytest.mark.parametrize("dtype", [int, float, np.float32])
def test_swapped_arguments_are_told(dtype: Any) -> None:
    with pytest.warns(RuntimeWarning, match=r"compute_cost\(AL, Y\): were the arguments swapped\?"):
        assert compute_cost(LABELS.astype(dtype), AL) == np.inf
    labels = np.eye(3)[[0, 2]].T.astype(dtype)
    with pytest.warns(RuntimeWarning, match="swapped"):
        assert compute_cost(labels, OF_CLASSES, output="softmax") == np.inf


def passed(masks: Any = None, **parts: Any) -> tuple[Network, Any, Any, Caches]:
    """A network with the target, output and caches of a forward pass."""
    net = Network([2, 3, 1], activation="sigmoid", seed=1, **parts)
    X, Y = np.random.default_rng(1).standard_normal((2, 4)), np.array([[0.0, 1.0, 1.0, 0.0]])
    shape = net.architecture
    AL, caches = model_forward(
        X, net.parameters, activations=shape.activations, normalization=shape.normalization, masks=masks
    )
    return net, Y, AL, caches


@pytest.mark.parametrize("copied", [copy, deepcopy])
def test_a_copy_gives_the_same_gradients(copied: Any) -> None:
    _, Y, AL, caches = passed(normalization="batch", input_scale=True)
    expected, got = (model_backward(AL, Y, found) for found in (caches, copied(caches)))
    assert list(got) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_masks_of_another_pass_are_refused() -> None:
    mask = np.full((3, 4), 2.0)
    _, Y, AL, caches = passed(masks={1: mask})
    expected = model_backward(AL, Y, caches, activations=["sigmoid", "sigmoid"], masks={1: mask})
    np.testing.assert_array_equal(
        model_backward(AL, Y, caches, activations=["sigmoid"] * 2)["dW1"], expected["dW1"]
    )
    _, Y, AL, caches = passed()
    with pytest.raises(DataError, match=r"masked in the forward pass, \[\], got masks of \[1\]"):
        model_backward(AL, Y, caches, activations=["sigmoid", "sigmoid"], masks={1: mask})


def plain(*sizes: int, m: int = 7) -> tuple[Any, Any, list[Any]]:
    """Target, output and caches of a learner's own forward pass: tuples, as the lecture has them."""
    rng = np.random.default_rng(4)
    AL, caches = model_forward(rng.standard_normal((sizes[0], m)), Network(sizes, seed=1).parameters)
    return (rng.random(AL.shape) > 0.5) * 1.0, AL, [(tuple(linear), Z) for linear, Z in caches]


@pytest.mark.parametrize("kind", [list, tuple])
def test_plain_tuples_give_the_bits_of_the_library_s_own_caches(kind: Any) -> None:
    sizes = (4, 5, 3, 1)
    Y, AL, own = plain(*sizes)
    _, caches = model_forward(own[0][0][0], Network(sizes, seed=1).parameters)
    found = model_backward(AL, Y, caches)
    names = ["relu", "relu", "sigmoid"]
    for other in (model_backward(AL, Y, kind(own)), backpropagate(AL - Y, kind(own), names)):
        assert found.keys() == other.keys()
        for name, value in found.items():
            np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda caches: [caches[0], caches[1][0]], r"layer 2 must be \(\(A_prev, W, b\), Z\), got tuple"),
        (lambda caches: [(caches[0][1], caches[0][0]), caches[1]], r"layer 1 must be \(\(A_prev, W, b\)"),
        (lambda caches: [None, caches[1]], r"layer 1 must be .*, got NoneType of another form"),
    ],
)
def test_caches_of_another_form_are_refused_by_their_layer(spoil: Any, message: str) -> None:
    Y, AL, caches = plain(4, 3, 1)
    with pytest.raises(DataError, match=message):
        model_backward(AL, Y, spoil(caches))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda A, W, Z: ((A.T, W), Z),
            r"A0 must have 4 rows, one for each column of W1, got shape \(7, 4\)",
        ),
        (
            lambda A, W, Z: ((A, W), Z[:, :-1]),
            r"Z1 must have the shape of W1·A0, \(3, 7\), got shape \(3, 6\)",
        ),
        (lambda A, W, Z: ((A[:, 0], W), Z), r"A0 must have two axes, got shape \(4,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_their_layer(spoil: Any, message: str) -> None:
    Y, AL, (((A, W, b), Z), second) = plain(4, 3, 1)
    (A, W), Z = spoil(A, W, Z)
    with pytest.raises(ShapeError, match=message):
        model_backward(AL, Y, [((A, W, b), Z), second])
