"""Batches: every example once, in an order that (seed, epoch) alone decide."""

import numpy as np
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from deepstep.preparation.batches import Examples, batch, n_batches, shuffled

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(1, 200)


def batches(order, m, batch_size):
    """All batches of an epoch."""
    return [batch(order, m, batch_size, number) for number in range(n_batches(m, batch_size))]


@given(seeds, st.integers(0, 10**6), counts, st.none() | st.integers(1, 250))
def test_every_example_comes_once_and_only_the_last_batch_is_short(seed, epoch, m, batch_size):
    cut = batches(shuffled(seed)(epoch, m), m, batch_size)
    assert sorted(np.concatenate(cut).tolist()) == list(range(m))
    size = batch_size or m
    assert all(len(rows) == min(size, m) for rows in cut[:-1])
    assert 1 <= len(cut[-1]) <= size


@given(seeds, st.lists(st.integers(0, 1000), min_size=2, max_size=6), counts)
def test_the_order_is_a_function_of_seed_and_epoch_alone(seed, epochs, m):
    forward = {epoch: shuffled(seed)(epoch, m).tolist() for epoch in epochs}
    order = shuffled(seed)
    for epoch in reversed(epochs):  # other epochs before it, and the global generator, change nothing
        np.random.seed(epoch)
        assert order(epoch, m).tolist() == forward[epoch]


def test_a_batch_is_columns_of_rows():
    X, Y = np.arange(12.0).reshape(4, 3), np.arange(4.0).reshape(4, 1)
    examples = Examples(X, Y, np.arange(4.0))
    assert len(examples) == 4
    X_batch, Y_batch, weight = examples.take(np.array([2, 0]))
    np.testing.assert_array_equal(X_batch, [[6, 0], [7, 1], [8, 2]])
    np.testing.assert_array_equal(Y_batch, [[2, 0]])
    np.testing.assert_array_equal(weight, [2, 0])
    X_batch, Y_batch, weight = Examples(X, Y).take(slice(0, 2))
    assert np.shares_memory(X, X_batch)  # a slice costs no copy
    assert np.shares_memory(Y, Y_batch)
    assert weight is None
    sparse, _, _ = Examples(scipy.sparse.csr_matrix(X), Y).take(np.array([2, 0]))
    assert type(sparse) is np.ndarray
    np.testing.assert_array_equal(sparse, X[[2, 0]].T)
