"""Class numbers to Y: one-hot and ordered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep.equations import answers
from deepstep.errors import DataError, ShapeError
from deepstep.preparation import one_hot, ordinal_code
from deepstep.preparation.target_values import class_probabilities, encode_classes

labels_of_7 = st.lists(st.integers(0, 6), max_size=20)


@given(labels=labels_of_7)
def test_one_hot_is_the_identity_s_columns(labels):
    expected = np.eye(7)[:, np.array(labels, dtype=int)]
    np.testing.assert_array_equal(one_hot(np.array(labels, dtype=int), 7), expected)


@given(labels=labels_of_7)
def test_the_code_of_ordered_classes_counts_the_classes_below(labels):
    Y = ordinal_code(np.array(labels, dtype=int), 7)
    assert Y.shape == (6, len(labels))
    assert Y.sum(axis=0).tolist() == labels
    assert (np.diff(Y, axis=0) <= 0).all()


@given(labels=labels_of_7)
def test_the_answers_to_a_code_are_its_labels(labels):
    for code, output in ((one_hot, "softmax"), (ordinal_code, "ordinal")):
        assert answers(output, code(np.array(labels, dtype=int), 7)).ravel().tolist() == labels


@pytest.mark.parametrize("code", [one_hot, ordinal_code])
@pytest.mark.parametrize(
    ("labels", "error"),
    [([3], DataError), ([-1], DataError), ([1.0], DataError), ([[1]], ShapeError), (["a"], DataError)],
)
def test_what_is_no_class_number_is_refused(code, labels, error):
    with pytest.raises(error, match=f"^{code.__name__}: labels are "):
        code(np.array(labels), 3)


def test_probabilities_are_the_way_back_from_a_code():
    """As differences of P(y > k) by hand; 0 has no sign."""
    positions = np.array([0, 2, 1, 2])
    for kind in ("classes", "cumulative"):
        code = encode_classes(positions, 3, kind)
        np.testing.assert_array_equal(class_probabilities(code, kind), np.eye(3)[positions])
    code = encode_classes(positions // 2, 2, "probabilities")
    found = class_probabilities(code, "probabilities")
    np.testing.assert_array_equal(found, np.eye(2)[positions // 2])
    assert not np.signbit(found).any()
    np.testing.assert_allclose(class_probabilities(np.array([[0.9, 0.4]]), "cumulative"), [[0.1, 0.5, 0.4]])
