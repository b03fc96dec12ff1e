"""What `compute_cost` refuses and warns of: targets that a loss does not have, swapped arguments."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from deepstep.equations import compute_cost
from deepstep.errors import DataError

AL = np.array([[0.8, 0.9, 0.4]])
Y = np.array([[1, 1, 0]])
OF_CLASSES = np.array([[0.2, 0.7], [0.5, 0.1], [0.3, 0.2]])


@pytest.mark.parametrize(
    ("output", "A", "wrong", "message"),
    [
        ("sigmoid", AL, [[1, 2, 0]], r"targets from 0 to 1; got values from 0 to 2"),
        ("sigmoid", AL, [[0.5, 1.0000001, 0]], r"targets from 0 to 1"),
        ("sigmoid", AL, [[0.3, 0.4, np.nan]], r"targets from 0 to 1"),
        ("sigmoid", AL, [[80.0, 90.0, 40.0]], r"targets from 0 to 1; got values from 40 to 90"),
        ("softmax", OF_CLASSES, [[2, 0], [-1, 1], [0, 0]], r"targets from 0 to 1"),
        ("softmax", OF_CLASSES, [[1, 0], [1, 1], [0, 0]], r"each column of Y sums to 1"),
        ("ordinal", np.array([[0.9], [0.4]]), [[2], [0]], r"targets from 0 to 1"),
        ("poisson", np.array([[0.5, 2.0]]), [[1, -1]], r"counts of at least 0; got values from -1 to 1"),
    ],
)
def test_a_target_that_the_loss_does_not_have_is_refused(
    output: str, A: Any, wrong: Any, message: str
) -> None:
    with pytest.raises(DataError, match=rf"^compute_cost: .*{message}"):
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
    assert compute_cost(AL, Y == 1) == pytest.approx(log_loss(Y[0], AL[0]), rel=1e-12)


@pytest.mark.parametrize("dtype", [int, float, np.float32])
def test_swapped_arguments_are_told(dtype: Any) -> None:
    with pytest.warns(RuntimeWarning, match=r"compute_cost\(AL, Y\): were the arguments swapped\?"):
        assert compute_cost(Y.astype(dtype), AL) == np.inf
    labels = np.eye(3)[[0, 2]].T.astype(dtype)
    with pytest.warns(RuntimeWarning, match="swapped"):
        assert compute_cost(labels, OF_CLASSES, output="softmax") == np.inf
