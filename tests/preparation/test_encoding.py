"""Features → inputs: scaled, squashed, cut into pieces."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from sklearn.preprocessing import RobustScaler

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


@given(FEATURES)
def test_pieces_of_a_training_row_say_which_share_of_the_others_lies_below(features):
    """Their sum is monotonic in the feature, and each lies between 0 and 1 (less ½) on training rows."""
    encoding = Encoding.fit(features, 5)
    start = features.shape[1]
    inputs = encoding.transform(features, np.float64)
    for column, edges in zip(features.T, encoding.edges, strict=True):
        if not edges:
            continue
        pieces = inputs[:, start : start + len(edges) - 1] + 0.5
        start += len(edges) - 1
        assert (pieces >= 0).all()
        assert (pieces <= 1).all()
        order = np.argsort(column, kind="stable")
        assert (np.diff(pieces.sum(axis=1)[order]) >= -1e-9).all()


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


def test_beyond_the_training_rows_the_outer_pieces_go_on_for_one_width():
    X = np.linspace(0, 10, 101)[:, np.newaxis]
    encoding = Encoding.fit(X, 2)
    assert encoding.edges == ((0.0, 5.0, 10.0),)
    inputs = encoding.transform(np.array([[-2.5], [-1e9], [12.5], [1e9]]), np.float64)[:, 1:] + 0.5
    assert_allclose(inputs, [[-0.5, 0], [-1, 0], [1, 1.5], [1, 2]])
