"""Features → inputs: scaled, squashed, cut into pieces."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from sklearn.preprocessing import RobustScaler

from deepstep.errors import FileError
from deepstep.preparation.encoding import LIMIT, Encoding

FEATURES = arrays(
    np.float64,
    st.tuples(st.integers(1, 30), st.integers(1, 4)),
    elements=st.floats(-1e9, 1e9, allow_subnormal=False),
)


@given(FEATURES, st.integers(0, 9))
def test_inputs_are_finite_and_bounded(features, pieces):
    encoding = Encoding.fit(features, pieces)
    inputs = encoding.transform(np.vstack([features, 1e300 * np.ones_like(features)]), np.float64)
    assert inputs.shape == (2 * len(features), encoding.n_inputs)
    assert np.isfinite(inputs).all()
    n = features.shape[1]
    assert (np.abs(inputs[:, :n]) <= LIMIT * (1 + 1e-15)).all()
    assert (np.abs(inputs[:, n:]) <= 1.5).all()


def test_scaling_is_the_robust_one_of_scikit_learn_then_squashed():
    X = np.random.default_rng(1).standard_normal((200, 3)) * [1, 10, 100] + [0, 5, -7]
    u = RobustScaler().fit_transform(X)
    assert_allclose(Encoding.fit(X, 0).transform(X, np.float64), u / np.sqrt(1 + (u / 3) ** 2), rtol=1e-12)


def test_equal_quartiles_are_scaled_by_the_range_and_constants_vanish():
    X = np.zeros((100, 2))
    X[:3, 0] = 4.0
    encoding = Encoding.fit(X, 8)
    assert encoding.factor == (0.5, 0.0)
    assert encoding.edges == ((), ())
    assert_allclose(encoding.transform(X, np.float64)[0], [2 / np.sqrt(1 + 4 / 9), 0])


def test_a_factor_is_finite_where_the_inverse_of_a_width_is_not():
    """Of 5e-309 it is infinite: such quartiles are equal, such a range is that of a constant."""
    X = np.zeros((12, 2))
    X[:3] = [[1.0, 5e-309], [2e-308, 5e-309], [1.0, 0.0]]
    first, third = np.quantile(X[:, 0], [0.25, 0.75])
    assert first < third < 1e-308
    encoding = Encoding.fit(X, 0)
    assert encoding.factor == (2.0, 0.0)
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict()))) == encoding


def test_beyond_the_training_rows_the_outer_pieces_go_on_for_one_width():
    X = np.linspace(0, 10, 101)[:, np.newaxis]
    encoding = Encoding.fit(X, 2)
    assert encoding.edges == ((0.0, 5.0, 10.0),)
    inputs = encoding.transform(np.array([[-2.5], [-1e9], [12.5], [1e9]]), np.float64)[:, 1:] + 0.5
    assert_allclose(inputs, [[-0.5, 0], [-1, 0], [1, 1.5], [1, 2]])


@given(FEATURES, st.integers(0, 9))
def test_json_and_back_is_the_same_encoding(features, pieces):
    encoding = Encoding.fit(features, pieces)
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict()))) == encoding


FORGED = {
    "truth": ({"factor": [True, 1.0]}, "factor of kind 'encoding'"),
    "not finite": ({"center": [float("nan"), 1.0]}, "center of kind 'encoding'"),
    "beyond the floats": ({"center": [10**400, 1.0]}, "center of kind 'encoding'"),
    "one feature less": ({"center": [0.0]}, "their numbers differ"),
    "a factor below 0": ({"factor": [1.0, -1.0]}, "factors of at least 0"),
    "edges of numbers": ({"edges": [0.0, 1.0]}, "edges of kind 'encoding'"),
    "edges that stand still": ({"edges": [[0.0, 1.0, 1.0], []]}, "edges that increase"),
    "two edges": ({"edges": [[0.0, 1.0], []]}, "three or more or none"),
}


@pytest.mark.parametrize(("change", "message"), FORGED.values(), ids=FORGED)
def test_a_forged_encoding_is_refused(change, message):
    whole = {"kind": "encoding", "center": [0, 1.0], "factor": [1, 2.0], "edges": [[0, 1, 2.0], []]}
    read = Encoding.from_dict(whole)
    assert read == Encoding((0.0, 1.0), (1.0, 2.0), ((0.0, 1.0, 2.0), ()))
    assert {type(number) for number in (*read.center, *read.factor, *read.edges[0])} == {float}
    with pytest.raises(FileError, match=message):
        Encoding.from_dict({**whole, **change})
