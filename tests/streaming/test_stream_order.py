"""The order in which streamed rows are visited: a function of (seed, epoch, place) alone."""

from collections import Counter
from itertools import chain, pairwise

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.data import StoredRows
from deepstep.data.rows import Place
from deepstep.preparation.batches import Examples, Shard, Share, as_they_are, shuffled
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.survey import parts_of_rows


class Numbered(StoredRows):
    """Rows that hold their own numbers, in groups of these sizes; counts the groups that are read."""

    where, bytes = "numbered", 0

    def __init__(self, sizes):
        self.groups = []
        self.sizes = tuple(sizes)
        self.schema = {"x": polars.Int64()}
        self._starts = np.concatenate([[0], np.cumsum(sizes)])

    def pieces(self, group, columns, most):
        self.groups.append(group)
        for start in range(self._starts[group], self._starts[group + 1], most):
            stop = min(start + most, self._starts[group + 1])
            yield polars.DataFrame({"x": np.arange(start, stop)})

    def place(self, group):
        return Place("a", 0)

    def identity(self):
        return {}


def streamed(sizes, buffer_rows, *, share=0.0, piece=None):
    rows = Numbered(sizes)

    def keep(frame, first):
        return parts_of_rows(7, first, first + frame.height, (share,)) == 0

    starts = np.concatenate([[0], np.cumsum(sizes)])
    kept = [int((parts_of_rows(7, *ends, (share,)) == 0).sum()) for ends in pairwise(starts)]
    few = Examples(np.zeros((1, 1)), np.zeros((1, 1)))
    found = StreamedExamples(rows, ["x"], kept, keep, encoded, few, {}, buffer_rows=buffer_rows)
    if piece is not None:
        found._piece_rows = piece
    return found


def visited_by(examples, share, epoch, batch_size, order):
    """The numbers of the rows that a worker has, place by place of an epoch; -1 for those of others."""
    number, found = 0, []
    with examples:
        while number < -(-len(examples) // batch_size):
            window = examples.window(epoch, number, batch_size, order, epochs=epoch + 1, share=share)
            rows, held = window.examples.X[:, 0].astype(int), window.examples
            if isinstance(held, Shard):
                assert window.order is None
                found.append(np.full(len(held), -1))
                found[-1][held.positions] = rows
            else:
                found.append(rows if window.order is None else rows[window.order])
            number = window.stop
    return np.concatenate(found)


@pytest.mark.parametrize("order", [as_they_are, shuffled(3)])
@settings(max_examples=20)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    buffer_rows=st.integers(1, 120),
    batch_size=st.integers(1, 9),
    workers=st.integers(2, 5),
    share=st.sampled_from([0.0, 0.3]),
    piece=st.integers(1, 50),
)
def test_the_rows_of_workers_are_those_of_one_in_the_same_places(
    order, sizes, buffer_rows, batch_size, workers, share, piece
):
    alone = streamed(sizes, buffer_rows, share=share)
    if not len(alone):
        return
    whole = [*chain(*visited(alone, 2, batch_size, order))]
    several = [streamed(sizes, buffer_rows, share=share, piece=piece) for _ in range(workers)]
    shards = [
        visited_by(examples, Share(rank, workers), 2, batch_size, order)
        for rank, examples in enumerate(several)
    ]
    window = max(1, buffer_rows // batch_size) * batch_size
    if window >= len(alone):
        assert all(shard.tolist() == whole for shard in shards)
        return
    np.testing.assert_array_equal(np.max(shards, axis=0), whole)
    assert ((np.array(shards) >= 0).sum(axis=0) == 1).all()
    even = [int((shard >= 0).sum()) for shard in shards]
    assert max(even) - min(even) <= -(-len(whole) // batch_size)  # of each batch one row more, at most
    read = sum((Counter(examples.rows.groups) for examples in several), Counter())
    assert read == Counter(dict.fromkeys(np.flatnonzero(several[0]._learned_rows), workers))


def encoded(frame):
    return Examples(frame.to_numpy().astype(float), frame.to_numpy().astype(float))


def visited(examples, epoch, batch_size, order, first=0):
    """The numbers of the rows, batch by batch, from a batch on."""
    number, of, batches = first, -(-len(examples) // batch_size), []
    with examples:
        while number < of:
            window = examples.window(epoch, number, batch_size, order)
            rows = window.examples.X[:, 0].astype(int)
            rows = rows if window.order is None else rows[window.order]
            starts = range((number - window.first) * batch_size, len(rows), batch_size)
            batches += [rows[start : start + batch_size].tolist() for start in starts]
            number = window.stop
    return batches


shapes = st.tuples(
    st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 60), st.integers(1, 13)
)


@settings(max_examples=20)
@given(
    shapes,
    st.integers(0, 2**31),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.3]),
    st.integers(1, 50),
    st.data(),
)
def test_an_epoch_is_a_permutation_in_batches_however_it_is_read(shape, seed, epoch, share, piece, data):
    """Of the size that is asked for, in any pieces, from any batch on."""
    sizes, buffer_rows, batch_size = shape
    examples = streamed(sizes, buffer_rows, share=share)
    if not len(examples):
        return
    batches = visited(examples, epoch, batch_size, shuffled(seed))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    kept = np.flatnonzero(parts_of_rows(7, 0, sum(sizes), (share,)) == 0)
    assert sorted(chain(*batches)) == kept.tolist()
    first = data.draw(st.integers(0, len(batches) - 1))
    other = streamed(sizes, buffer_rows, share=share, piece=piece)
    assert visited(other, epoch, batch_size, shuffled(seed), first) == batches[first:]


def test_the_order_of_the_file_and_a_window_of_everything_that_is_read_once():
    assert [*chain(*visited(streamed([7, 5, 9], 8), 4, 4, as_they_are))] == list(range(21))
    examples = streamed([10, 10], 100)
    for epoch in range(4):
        visited(examples, epoch, 5, shuffled(1))
    assert examples.rows.groups == [0, 1]


def test_epochs_and_windows_have_orders_of_their_own():
    examples = streamed([40] * 4, 40)
    first, second = (visited(examples, epoch, 40, shuffled(1)) for epoch in (0, 1))
    assert first != second
    within = {tuple(np.argsort(window)) for window in [*first, *second]}
    assert len(within) == 8


@settings(max_examples=20)
@given(st.integers(0, 2**63), st.integers(0, 10**12), st.lists(st.integers(0, 50), max_size=5))
def test_which_part_a_row_belongs_to_depends_on_its_number_alone(seed, start, cuts):
    stop = start + 60
    whole = parts_of_rows(seed, start, stop, (0.3, 0.2))
    bounds = sorted({start, stop, *(start + cut for cut in cuts)})
    pieces = [parts_of_rows(seed, *ends, (0.3, 0.2)) for ends in pairwise(bounds)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
