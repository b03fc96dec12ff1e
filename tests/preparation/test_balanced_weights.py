"""Weights of classes, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from deepstep.preparation.class_weights import class_weights, example_weights

COLUMNS = {
    "all there": np.array([[0, 0, 1, 2, 2, 2]]),
    "one never seen": np.array([[0, 0, 2, 2, 2, 2]]),
    "several": np.array([[0, 0, 1, 2], [1, 1, 1, 2], [0, 1, 2, 2]]),
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_balanced_weights_are_scikit_learns(columns):
    weights = example_weights(class_weights("balanced", columns, "abc", None, "test"), columns)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", columns.T))


def test_a_class_that_is_not_there_has_none():
    for weight in (None, np.array([1.0, 1, 1, 1, 1, 1])):
        assert class_weights("balanced", COLUMNS["one never seen"], "abc", weight, "test")[0][1] == 0


def test_a_class_without_weight_is_not_there():
    columns = np.array([[0, 0, 1, 2]])
    weights = class_weights("balanced", columns, "abc", np.array([1.0, 2, 3, 0]), "test")[0]
    np.testing.assert_allclose(weights, [1, 1, 0])
    np.testing.assert_array_equal(class_weights("balanced", columns, "abc", np.zeros(4), "test")[0], 0)
