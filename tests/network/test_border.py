"""What each kind of targets is, taken and refused; weights."""

from typing import Any

import numpy as np
import pytest

from deepstep.equations import HEADS, get_head
from deepstep.errors import DataError, ShapeError
from deepstep.network.border import check_several_classes, check_targets
from head_examples import head_target


def check(Y: Any, output: str, n_outputs: int = 3, m: int = 4) -> Any:
    return check_targets(Y, n_outputs, m, get_head(output))


@pytest.mark.parametrize("output", HEADS)
def test_a_fitting_target_passes_as_it_is(output: str) -> None:
    Y = head_target(output, 3, 4)
    np.testing.assert_array_equal(check(Y, output), Y)
    assert check_targets(Y, 3, 4, get_head(output), dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("output", HEADS)
@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (4,), (3, 5), (2, 4), (0, 4), (3, 4, 1), ()])
def test_other_shapes_are_refused(output: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"^Y must have shape \(3, 4\).*, got shape"):
        check(np.zeros(shape), output)


@pytest.mark.parametrize("output", HEADS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_what_is_not_finite_is_refused(output: str, value: float) -> None:
    Y = head_target(output, 3, 4)
    Y[1, 2] = value
    with pytest.raises(DataError, match=r"^Y must have finite values of float32 only, got .* at Y\[1, 2\]"):
        check_targets(Y, 3, 4, get_head(output), dtype=np.float32)


@pytest.mark.parametrize(
    ("output", "column", "message"),
    [
        (
            "sigmoid",
            [0, 2, 0],
            "^Y must hold numbers from 0 to 1 for a sigmoid output, got values from 0 to 2",
        ),
        ("sigmoid", [0, -1, 0], "got values from -1 to 0"),
        ("softmax", [0, 0.5, 0], r"columns that sum to 1, .*, got sums that begin with \[0.5"),
        ("softmax", [2, -1, 0], "numbers from 0 to 1 for a softmax output"),
        ("poisson", [0, 3, -1], "counts of at least 0 for a poisson output, got values from -1 to 3"),
        ("ordinal", [0, 1, 1], r"ones above zeros.*begin with \[\[0.0, 1.0, 1.0\].*ordinal_code\(labels"),
        ("ordinal", [1, 0.5, 0], "ones above zeros"),
    ],
)
def test_values_of_another_kind_are_refused(output: str, column: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check(np.tile(np.array(column, dtype=float)[:, np.newaxis], 4), output)


def test_a_number_of_several_quantiles_may_stand_in_one_row() -> None:
    assert check([[1, 2, 3, 4]], "quantile").tolist() == [[1, 2, 3, 4]] * 3
    assert check(np.full((3, 4), 7), "quantile").tolist() == [[7] * 4] * 3
    with pytest.raises(ShapeError, match=r"shape \(3, 4\) or \(1, 4\), a column.*Pass Y.reshape\(1, -1\)"):
        check([1, 2, 3, 4], "quantile")


@pytest.mark.parametrize(
    ("output", "shape", "hint"),
    [
        ("softmax", (4,), r"one_hot\(labels, 3\)"),
        ("softmax", (1, 4), r"one_hot\(labels, 3\)"),
        ("ordinal", (4, 1), r"ordinal_code\(labels, 4\)"),
        ("identity", (4,), r"Y.reshape\(1, -1\)"),
    ],
)
def test_labels_are_sent_to_their_code(output: str, shape: tuple[int, ...], hint: str) -> None:
    with pytest.raises(ShapeError, match=hint):
        check(np.array([0, 1, 2, 1]).reshape(shape), output)


@pytest.mark.parametrize(
    ("output", "one_class_matters"),
    [("sigmoid", False), ("softmax", True), ("ordinal", True), ("identity", False), ("poisson", False)],
)
def test_one_class_alone(output: str, one_class_matters: bool) -> None:
    Y = np.array([[1.0] * 4, [0.0] * 4])
    check_several_classes(Y[:, :1], get_head(output))  # one example may have what it likes
    check_several_classes(np.array([[1.0, 0.0], [0.0, 1.0]]), get_head(output))
    if one_class_matters:
        with pytest.raises(DataError, match=r"^All 4 columns of Y have the same class, \[1.0, 0.0\]"):
            check_several_classes(Y, get_head(output))
    else:
        check_several_classes(Y, get_head(output))
