"""What each kind of targets is, taken and refused; weights."""

import numpy as np
import pytest

from deepstep.equations import HEADS, get_head
from deepstep.errors import DataError, ShapeError
from deepstep.network.border import check_several_classes, check_targets
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
        ("sigmoid", [[0], [-1], [0]], DataError, "got values from -1 to 0"),
        ("softmax", [[0], [0.5], [0]], DataError, r"columns that sum to 1, .* that begin with \[0.5"),
        ("softmax", [[2], [-1], [0]], DataError, "numbers from 0 to 1 for a softmax output"),
        ("poisson", [[0], [3], [-1]], DataError, "counts of at least 0 for .*, got values from -1 to 3"),
        ("ordinal", [[0], [1], [1]], DataError, r"ones above zeros.*\[\[0.0, 1.0, 1.0\].*ordinal_code"),
        ("ordinal", [[1], [0.5], [0]], DataError, "ones above zeros"),
        ("quantile", [1, 2, 3, 4], ShapeError, r"shape \(3, 4\) or \(1, 4\), .*Pass Y.reshape\(1, -1\)"),
        ("softmax", [0, 1, 2, 1], ShapeError, r"one_hot\(labels, 3\)"),
        ("softmax", [[0, 1, 2, 1]], ShapeError, r"one_hot\(labels, 3\)"),
        ("identity", [0, 1, 2, 1], ShapeError, r"Y.reshape\(1, -1\)"),
    ],
)
def test_values_of_another_kind_are_refused(output, Y, error, message):
    Y = np.tile(np.array(Y, float), 4) if error is DataError else np.array(Y)
    with pytest.raises(error, match=message):
        check(Y, output)


def test_a_number_of_several_quantiles_may_stand_in_one_row():
    assert check([[1, 2, 3, 4]], "quantile").tolist() == [[1, 2, 3, 4]] * 3


@pytest.mark.parametrize(
    ("output", "refused"),
    [("sigmoid", False), ("softmax", True), ("ordinal", True), ("identity", False), ("poisson", False)],
)
def test_one_class_alone(output, refused):
    Y = np.array([[1.0] * 4, [0.0] * 4])
    check_several_classes(Y[:, :1], get_head(output))  # one example may have what it likes
    check_several_classes(np.eye(2), get_head(output))
    if refused:
        with pytest.raises(DataError, match=r"^All 4 columns of Y have the same class, \[1.0, 0.0\]"):
            check_several_classes(Y, get_head(output))
    else:
        check_several_classes(Y, get_head(output))
