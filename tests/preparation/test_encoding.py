"""Features → inputs: scaled, squashed, cut into pieces; and their batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm, rankdata
from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

from deepstep.preparation.batches import batch, n_batches, shuffled
from deepstep.preparation.encoding import LIMIT, MOST_MARKS, MOST_SCORE, SCALINGS, Encoding

FEATURES = arrays(
    np.float64,
    st.tuples(st.integers(1, 30), st.integers(1, 4)),
    elements=st.floats(-1e9, 1e9, allow_subnormal=False),
)


@given(FEATURES, st.integers(0, 9), st.sampled_from(SCALINGS))
def test_inputs_are_finite_and_bounded(features, pieces, scaling):
    encoding = Encoding.fit(features, pieces, scaling)
    inputs = encoding.transform(np.vstack([features, 1e300 * np.ones_like(features)]), np.float64)
    assert inputs.shape == (2 * len(features), encoding.n_inputs)
    assert np.isfinite(inputs).all()
    n = features.shape[1]
    assert (np.abs(inputs[:, :n]) <= LIMIT * (1 + 1e-15)).all()
    assert (np.abs(inputs[:, n:]) <= 1.5).all()


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("quartiles", RobustScaler()), ("deviations", StandardScaler())]
)
def test_scaling_is_that_of_scikit_learn_then_squashed(scaling, scaler):
    X = np.random.default_rng(1).standard_normal((200, 3)) * [1, 10, 100] + [0, 5, -7]
    new = 3 * X[:50] + 1
    u = scaler.fit(X).transform(new)
    encoding = Encoding.fit(X, 0, scaling)
    assert_allclose(encoding.transform(new, np.float64), u / np.sqrt(1 + (u / 3) ** 2), rtol=1e-12)


def test_ranks_of_few_rows_are_normal_scores_of_mean_ranks():
    """The oracle counts ranks; a third of the values are tied, also at both ends."""
    X = np.random.default_rng(1).integers(0, 40, (MOST_MARKS, 3)) * np.array([1.0, 1e-9, -1e9])
    shares = (rankdata(X, axis=0) - 1) / (len(X) - 1)
    expected = np.clip(norm.ppf(shares), -MOST_SCORE, MOST_SCORE)
    inputs = Encoding.fit(X, 0, "ranks").transform(X, np.float64)
    assert_allclose(inputs, expected, atol=1e-9)
    assert len({*inputs[:, 0]}) > 20


def test_ranks_of_many_rows_are_those_of_scikit_learn_and_end_with_the_training_rows():
    rng = np.random.default_rng(1)
    X, new = np.exp(rng.standard_normal((2, 5000, 2)))
    oracle = QuantileTransformer(n_quantiles=MOST_MARKS, output_distribution="normal", subsample=None)
    expected = np.clip(oracle.fit(X).transform(new), -MOST_SCORE, MOST_SCORE)
    inputs = Encoding.fit(X, 0, "ranks").transform(new, np.float64)
    inner = np.abs(expected) < 2  # it is linear in the ranks between two quantiles, not in their scores
    assert_allclose(inputs[inner], expected[inner], atol=0.01)
    beyond = Encoding.fit(X, 0, "ranks").transform(np.array([[0.0, 1e-300], [1e6, 1e300]]), np.float64)
    assert_allclose(beyond, [[-MOST_SCORE] * 2, [MOST_SCORE] * 2], rtol=1e-12)
    order = np.argsort(new[:, 0])
    assert (np.diff(inputs[order, 0]) >= 0).all()


def test_a_feature_of_two_values_has_no_ranks():
    """It is scaled by its deviation, and beside pieces and others it stays in its place."""
    X = np.column_stack([np.arange(12) % 2, np.arange(12.0), np.arange(12) % 2 * 1e6])
    encoding, plain = (Encoding.fit(X, 0, scaling) for scaling in ("ranks", "deviations"))
    assert [len(marks) for marks in encoding.marks] == [0, 12, 0]
    assert_array_equal(encoding.transform(X)[:, ::2], plain.transform(X)[:, ::2])


@pytest.mark.parametrize(("scaling", "pieces"), [*zip(SCALINGS, (8, 0, 8), strict=True)])
def test_constant_and_huge_features_are_finite_under_every_scaling(scaling, pieces):
    signs = np.resize([1.0, -1.0, 0.5, 0.25, 0.0], 200)
    X = np.column_stack([np.full(200, 7.7), np.full(200, 1e300), 1e300 * signs, 1e-300 * signs, signs])
    encoding = Encoding.fit(X, pieces, scaling)
    inputs = encoding.transform(np.vstack([X, -X, 2 * X, np.zeros((1, 5))]), np.float64)
    assert np.isfinite(inputs).all()
    assert not inputs[:200, :2].any()
    huge, tiny, plain = inputs[:200, 2:5].T
    for one in (huge, *([] if scaling == "deviations" else [tiny])):
        assert_array_equal(np.argsort(one, kind="stable"), np.argsort(plain, kind="stable"))
        assert np.ptp(one) > 1


def test_equal_quartiles_are_scaled_by_the_range_and_constants_vanish():
    X = np.zeros((100, 2))
    X[:3, 0] = 4.0
    encoding = Encoding.fit(X, 8)
    assert encoding.factor == (0.5, 0.0)
    assert encoding.edges == ((), ())
    assert_allclose(encoding.transform(X, np.float64)[0], [2 / np.sqrt(1 + 4 / 9), 0])


@given(st.floats(1e-6, 1e9), st.lists(st.integers(-20, 20), min_size=2, max_size=40), st.booleans())
def test_a_constant_with_rounding_has_no_deviation(constant, ulps, negative):
    """Differences of the last bits, as of 0.1 + 0.2 and 0.3, are none: scaled, they would be noise."""
    column = (-1.0) ** negative * constant * (1 + 2.0**-52 * np.array(ulps))[:, np.newaxis]
    inputs = Encoding.fit(column, 0, "deviations").transform(np.vstack([column, 2 * column]), np.float64)
    assert not inputs.any()
    two = column[[column.argmin(), column.argmax()]]  # two values have no ranks
    assert not Encoding.fit(two, 0, "ranks").transform(two, np.float64).any()


def test_beyond_the_training_rows_the_outer_pieces_go_on_for_one_width():
    X = np.linspace(0, 10, 101)[:, np.newaxis]
    encoding = Encoding.fit(X, 2)
    assert encoding.edges == ((0.0, 5.0, 10.0),)
    inputs = encoding.transform(np.array([[-2.5], [-1e9], [12.5], [1e9]]), np.float64)[:, 1:] + 0.5
    assert_allclose(inputs, [[-0.5, 0], [-1, 0], [1, 1.5], [1, 2]])


# Batches: every example once


def batches(order, m, batch_size):
    """All batches of an epoch."""
    return [batch(order, m, batch_size, number) for number in range(n_batches(m, batch_size))]


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6), st.integers(1, 200), st.none() | st.integers(1, 250))
def test_every_example_comes_once_and_only_the_last_batch_is_short(seed, epoch, m, batch_size):
    cut = batches(shuffled(seed)(epoch, m), m, batch_size)
    assert sorted(np.concatenate(cut).tolist()) == list(range(m))
    size = batch_size or m
    assert all(len(rows) == min(size, m) for rows in cut[:-1])
    assert 1 <= len(cut[-1]) <= size
