"""What each kind of targets is, taken and refused; weights that a precision cannot hold."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

from deepstep import Network, NetworkClassifier, NetworkRegressor
from deepstep.equations import HEADS, get_head
from deepstep.errors import DataError, ShapeError
from deepstep.network.border import check_several_classes, check_targets, weights_in
from head_examples import head_target


def check(Y, output, **dtype):
    return check_targets(Y, 3, 4, get_head(output), **dtype)


@pytest.mark.parametrize("output", HEADS)
def test_a_fitting_target_passes_as_it_is_and_others_do_not(output):
    Y = head_target(output, 3, 4)
    np.testing.assert_array_equal(check(Y, output), Y)
    assert check(Y, output, dtype=np.float32).dtype == np.float32
    for shape in ((4, 3), (4, 1), (4,), (3, 5), (2, 4), (0, 4), (3, 4, 1), ()):
        with pytest.raises(ShapeError, match=r"^Y must have shape \(3, 4\).*, got shape"):
            check(np.zeros(shape), output)
    for value in (np.nan, -np.inf, 1e300):
        Y[1, 2] = value
        with pytest.raises(DataError, match=r"^Y must have finite values of float32 only, .* at Y\[1, 2\]"):
            check(Y, output, dtype=np.float32)


@pytest.mark.parametrize(
    ("output", "Y", "error", "message"),
    [
        ("sigmoid", [[0], [2], [0]], DataError, "^Y must hold numbers from 0 to 1 .* values from 0 to 2"),
        ("softmax", [[0], [0.5], [0]], DataError, r"columns that sum to 1, .* that begin with \[0.5"),
        ("poisson", [[0], [3], [-1]], DataError, "counts of at least 0 for .*, got values from -1 to 3"),
        ("ordinal", [[0], [1], [1]], DataError, r"ones above zeros.*\[\[0.0, 1.0, 1.0\].*ordinal_code"),
        ("quantile", [1, 2, 3, 4], ShapeError, r"shape \(3, 4\) or \(1, 4\), .*Pass Y.reshape\(1, -1\)"),
        ("softmax", [0, 1, 2, 1], ShapeError, r"one_hot\(labels, 3\)"),
        ("identity", [0, 1, 2, 1], ShapeError, r"Y.reshape\(1, -1\)"),
    ],
)
def test_values_of_another_kind_are_refused(output, Y, error, message):
    Y = np.tile(np.array(Y, float), 4) if error is DataError else np.array(Y)
    with pytest.raises(error, match=message):
        check(Y, output)


def test_a_number_of_several_quantiles_may_stand_in_one_row():
    assert check([[1, 2, 3, 4]], "quantile").tolist() == [[1, 2, 3, 4]] * 3


@pytest.mark.parametrize(("dtype", "least"), [("float32", 2.0**-126), ("float64", 2.0**-1022)])
def test_the_smallest_weight_that_has_all_digits(dtype, least):
    weight = weights_in(dtype, least * np.array([1.0, 0.5]))
    assert (weight.dtype, weight[0]) == (dtype, least)
    with pytest.raises(DataError, match=f"^sample_weight must hold .*, below which {dtype} loses digits"):
        weights_in(dtype, 0.5 * least * np.ones(4))


def test_weights_of_nothing_and_too_large():
    with pytest.raises(DataError, match=r"^All sample weights are 0"):
        weights_in("float32", np.zeros(4))
    with pytest.raises(DataError, match=r"weights of at most 3\.4e\+38, .*, got 1e\+300 as the largest"):
        weights_in("float32", np.array([1.0, 1e300]))


@pytest.mark.parametrize("output", HEADS)
def test_one_class_alone(output):
    Y, head = np.array([[1.0] * 4, [0.0] * 4]), get_head(output)
    check_several_classes(Y[:, :1], head)  # one example may have what it likes
    check_several_classes(np.eye(2), head)
    message = r"^All 4 columns of Y have the same class, \[1.0, 0.0\]"
    of_classes = output in ("softmax", "ordinal")
    with pytest.raises(DataError, match=message) if of_classes else nullcontext():
        check_several_classes(Y, head)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_that_cannot_hold_its_weights_says_so(dtype):
    X, Y, tiny = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[0, 1, 1, 0]]), np.full(4, 1e-310)
    train, plan = Network([1, 2, 1], seed=1, dtype=dtype).train, {"dtype": dtype, "max_iter": 1}
    fits = [partial(train, X, Y, sample_weight=tiny), partial(train, X, Y, validation=(X, Y, tiny))]
    for settings in ({}, {"class_weight": "balanced"}, {"solver": "lbfgs"}):
        fits += [partial(NetworkClassifier(2, **plan, **settings).fit, X.T, Y[0], tiny)]
    for Estimator in (NetworkClassifier, NetworkRegressor):
        held_out = {"X_val": X.T, "y_val": Y[0], "sample_weight_val": tiny}
        fits += [partial(Estimator(2, **plan).fit, X.T, Y[0], **held_out)]
    for fit in fits:
        with pytest.raises(DataError, match=r"below which .* loses digits, .* so that their mean is 1"):
            fit()
