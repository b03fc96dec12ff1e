"""The order of streamed rows is a function of (seed, epoch, place) alone; stopped trainings go on in it."""

import shutil
from collections import Counter
from itertools import pairwise

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep import Network
from deepstep.data import ParquetRows, StoredRows
from deepstep.data.rows import Place
from deepstep.errors import FileError
from deepstep.preparation.batches import Examples, Shard, Share, as_they_are, shuffled
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.survey import parts_of_rows, survey
from deepstep.training import Callback, ModelCheckpoint
from tables_in_parts import table, written


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


def visited(examples, epoch, batch_size, order, *, first=0, share=None):
    """The numbers of the rows, place by place of an epoch from a batch on; -1 for those of other workers."""
    number, numbers = first, []
    with examples:
        while number < -(-len(examples) // batch_size):
            window = examples.window(epoch, number, batch_size, order, epochs=epoch + 1, share=share)
            rows, held = window.examples.X[:, 0].astype(int), window.examples
            if isinstance(held, Shard):
                assert window.order is None
                places = np.full(len(held), -1)
                places[held.positions] = rows
            else:
                places = rows if window.order is None else rows[window.order]
            assert 0 <= len(places) - (window.stop - window.first - 1) * batch_size <= batch_size
            numbers.append(places[(number - window.first) * batch_size :])
            number = window.stop
    return np.concatenate(numbers)


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
    whole = visited(alone, 2, batch_size, order)
    several = [streamed(sizes, buffer_rows, share=share, piece=piece) for _ in range(workers)]
    shards = [
        visited(examples, 2, batch_size, order, share=Share(rank, workers))
        for rank, examples in enumerate(several)
    ]
    window = max(1, buffer_rows // batch_size) * batch_size
    if window >= len(alone):
        assert all((shard == whole).all() for shard in shards)
        return
    np.testing.assert_array_equal(np.max(shards, axis=0), whole)
    assert ((np.array(shards) >= 0).sum(axis=0) == 1).all()
    even = [int((shard >= 0).sum()) for shard in shards]
    assert max(even) - min(even) <= -(-len(whole) // batch_size)  # of each batch one row more, at most
    read = sum((Counter(examples.rows.groups) for examples in several), Counter())
    assert read == Counter(dict.fromkeys(np.flatnonzero(several[0]._learned_rows), workers))


def encoded(frame):
    return Examples(frame.to_numpy().astype(float), frame.to_numpy().astype(float))


@settings(max_examples=20)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    buffer_rows=st.integers(1, 60),
    batch_size=st.integers(1, 13),
    seed=st.integers(0, 2**31),
    share=st.sampled_from([0.0, 0.3]),
    data=st.data(),
)
def test_an_epoch_is_a_permutation_however_it_is_read(sizes, buffer_rows, batch_size, seed, share, data):
    """In any pieces, from any batch on."""
    examples = streamed(sizes, buffer_rows, share=share)
    if not len(examples):
        return
    epoch, order = data.draw(st.integers(0, 5)), shuffled(seed)
    numbers = visited(examples, epoch, batch_size, order)
    kept = np.flatnonzero(parts_of_rows(7, 0, sum(sizes), (share,)) == 0)
    assert sorted(numbers) == kept.tolist()
    first = data.draw(st.integers(0, (len(numbers) - 1) // batch_size))
    other = streamed(sizes, buffer_rows, share=share, piece=data.draw(st.integers(1, 50)))
    again = visited(other, epoch, batch_size, order, first=first)
    assert again.tolist() == numbers[first * batch_size :].tolist()


def test_the_order_of_the_file_and_a_window_of_everything_that_is_read_once():
    assert visited(streamed([7, 5, 9], 8), 4, 4, as_they_are).tolist() == list(range(21))
    examples = streamed([10, 10], 100)
    for epoch in range(4):
        visited(examples, epoch, 5, shuffled(1))
    assert examples.rows.groups == [0, 1]


def test_epochs_and_windows_have_orders_of_their_own():
    examples = streamed([40] * 4, 40)
    windows = np.concatenate([visited(examples, epoch, 40, shuffled(1)) for epoch in (0, 1)]).reshape(8, 40)
    assert len({tuple(np.argsort(window)) for window in windows}) == 8


BATCH = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written(tmp_path_factory.mktemp("streams") / "parts", table(600), 3, 45)


def stream(folder):
    surveyed = survey(ParquetRows(folder), "y", drop=["target"], seed=3, validation_fraction=0.1)

    def encode(frame):
        return Examples(surveyed.inputs.transform(frame), frame.get_column("y").to_numpy()[:, np.newaxis])

    held = encode(surveyed.validation)
    identity = {"inputs": len(surveyed.inputs.columns)}
    return surveyed.stream(encode, identity, buffer_rows=100), (held.X.T, held.Y.T)


class At(Callback):
    """Does something at a pause, after some batches of some epoch."""

    def __init__(self, place=None, do=None):
        self.place, self.do = place, do

    def on_pause(self, training):
        if (training.position.epoch, training.position.batch) == self.place:
            self.do()

    def on_step_end(self, training, update):
        """Makes training pause after each step."""


def interrupt():
    raise KeyboardInterrupt


def train(folder, engine="reference", *callbacks, **options):
    examples, validation = stream(folder)
    net = Network([examples.sample.X.shape[1], 8, 1], output="identity", seed=1, engine=engine)
    plan = {"iterations": 3, "batch_size": BATCH, "learning_rate": 0.01, "patience": 3}
    settings = {"optimizer": "adam", "dropout": 0.1, "validation": validation, "callbacks": callbacks}
    return net, net.train(examples, **plan, **settings, **options)


@pytest.mark.parametrize(("engine", "place"), [("reference", (1, 0)), ("compiled", (1, 17))])
def test_from_any_batch(folder, tmp_path, engine, place):
    whole, history = train(folder, engine, At())
    keeper = ModelCheckpoint(tmp_path / "kept", every=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(folder, engine, At(place, interrupt), checkpoint=keeper)
    resumed, again = train(folder, engine, At(), checkpoint=keeper, resume=True)
    np.testing.assert_array_equal(resumed.parameters.flat, whole.parameters.flat)
    for name in ("cost", "validation_cost"):
        np.testing.assert_array_equal(again.column(name), history.column(name))


def test_a_part_that_vanishes_or_is_written_anew_in_mid_epoch(folder, tmp_path):
    """The last checkpoint is of the row that could not be read, however seldom they are written."""
    parts, aside = tmp_path / "parts", tmp_path / "aside"
    shutil.copytree(folder, parts)
    lost = parts / "part-1.parquet"
    keeper = ModelCheckpoint(tmp_path / "kept", every=None, every_epochs=99)
    whole, _ = train(folder, "reference", At())
    gone = f"^{parts}, part part-1.parquet was removed after reading began. Put"
    with pytest.raises(FileError, match=gone):
        train(parts, "reference", At((0, 9), lambda: lost.rename(aside)), checkpoint=keeper)
    aside.rename(lost)
    resumed, _ = train(parts, "reference", At(), checkpoint=keeper, resume=True)
    np.testing.assert_array_equal(resumed.parameters.flat, whole.parameters.flat)
    change = At((0, 9), lambda: table(200, seed=9).write_parquet(lost, row_group_size=45))
    with pytest.raises(FileError, match=r"part-1.parquet was changed after reading began"):
        train(parts, "reference", change)
