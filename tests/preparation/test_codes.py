"""Class numbers to Y: one-hot and ordered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep.equations import answers
from deepstep.errors import DataError, ShapeError
from deepstep.preparation import one_hot, ordinal_code

labels_of_7 = st.lists(st.integers(0, 6), max_size=20)


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
