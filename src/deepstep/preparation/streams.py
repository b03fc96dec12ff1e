"""Examples that stay in their files: a window of them at a time is in memory, the next one is read meanwhile.

The order in which rows are visited is a function of (seed, epoch, place) alone. The groups of rows (Parquet's
row groups) are put in an order, and so give a sequence of rows; the sequence is cut into windows of
``buffer_rows``, and the rows of each window are put in an order; batches are cut from that. Where one window
holds all rows, the groups stay in the order of the file, and the order is that of examples in memory,
`batches.shuffled`.

How far reading is ahead, in pieces of how many rows, and by how many workers, changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import cached_property, partial
from threading import Event
from types import TracebackType
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np

from deepstep.data.rows import StoredRows, naming_rows
from deepstep.environment import executor, polars
from deepstep.errors import ConfigurationError, FileError
from deepstep.preparation.batches import (
    Examples,
    Order,
    Shard,
    Share,
    Window,
    as_they_are,
    n_batches,
    shuffled,
)
from deepstep.types import AnyArray, Array

BUFFER_BYTES = 2**26
"""Bytes of a window, by default; two of them are in memory, the one that is learned from and the next."""


class Request(NamedTuple):
    """A window of an epoch, in batches of a size and an order; with ``share`` the part of one worker."""

    epoch: int
    window: int
    batch_size: int
    order: Order
    share: Share | None


class Piece(NamedTuple):
    """Rows of a group that follow each other in the sequence of an epoch."""

    frame: "polars.DataFrame"
    numbers: AnyArray
    group: int
    start: int

    def cut(self, rows: int) -> "tuple[Piece, Piece]":
        """The first rows, so many, and the others."""
        first, second = (
            self._replace(frame=self.frame[part], numbers=self.numbers[part], start=self.start + part.start)
            for part in (slice(0, rows), slice(rows, None))
        )
        return first, second


class _Reader:
    """Reads the sequence of an epoch, which ``epoch`` requests from its first window on.

    ``position`` is where ``pieces`` begin in it.
    """

    def __init__(self, epoch: Request, position: int, pieces: Iterator[Piece]) -> None:
        self.epoch, self.position, self._pieces = epoch, position, pieces
        self._rest: Piece | None = None

    def take(self, rows: int) -> Iterator[Piece]:
        """The next rows, so many; fewer only where reading is to end."""
        self.position += rows
        while rows:
            piece = next(self._pieces, None) if self._rest is None else self._rest
            self._rest = None
            if piece is None:
                return
            if piece.frame.height > rows:
                piece, self._rest = piece.cut(rows)
            rows -= piece.frame.height
            yield piece


class StreamedExamples:
    """Examples that stay in their files.

    ``keep(frame, first)`` says which rows of a piece are learned from, (k,) of bool, by the number of its
    first row; ``learned_rows`` has their number in each group. ``encode`` makes `Examples` of a frame,
    ``sample`` are some of them to look at, and ``identity`` tells them from others, in JSON's types.
    ``buffer_rows`` are the rows of a window, by default what `BUFFER_BYTES` hold.
    """

    streamed: ClassVar[Literal[True]] = True

    def __init__(
        self,
        rows: StoredRows,
        columns: Sequence[str],
        learned_rows: Sequence[int],
        keep: "Callable[[polars.DataFrame, int], AnyArray]",
        encode: "Callable[[polars.DataFrame], Examples]",
        sample: Examples,
        identity: dict[str, Any],
        *,
        buffer_rows: int | None = None,
    ) -> None:
        self.rows, self.sample = rows, sample
        self._columns, self._keep, self._encode = list(columns), keep, encode
        self._learned_rows = np.array(learned_rows, np.int64)
        self._identity = identity
        width = sample.X.shape[1] + sample.Y.shape[1] + 1
        row_bytes = width * sample.Y.dtype.itemsize
        self.buffer_rows = max(1, BUFFER_BYTES // row_bytes) if buffer_rows is None else buffer_rows
        self._piece_rows = rows.piece_rows(self._columns, width)
        if self.buffer_rows < 1:
            raise ConfigurationError.must_be("buffer_rows", "at least 1", repr(buffer_rows))
        self._starts = np.concatenate([[0], np.cumsum(rows.sizes)])
        self._coming: tuple[Request, Future[Examples]] | None = None
        self._reader: _Reader | None = None
        self._pool: Executor | None = None
        self._only: Examples | None = None  # the one window of few rows
        self._ended = Event()

    def __len__(self) -> int:
        return int(self._learned_rows.sum())

    def in_memory(self) -> Examples:
        """Refused: they stay in their files."""
        raise ConfigurationError("Examples are streamed, not in memory", "Pass their sample's X.T and Y.T.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End reading ahead and free the windows; a later `window` starts again."""
        self._ended.set()
        try:
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)
        finally:
            self._coming = self._pool = self._reader = None
            self._ended = Event()  # a thread that was not waited for still has the old one, and ends

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Parts that a resumed training must find again: files, preparation, and the size of windows."""
        return {**self.rows.identity(), **self._identity, "buffer_rows": self.buffer_rows}

    def window_rows(self, batch_size: int) -> int:
        """Rows of a window: whole batches."""
        return max(1, self.buffer_rows // batch_size) * batch_size

    def window_at(self, number: int, batch_size: int) -> tuple[int, int, int]:
        """The number of the window that holds a batch, its first batch, and the first of the next window."""
        size = self.window_rows(batch_size) // batch_size  # in batches
        window = number // size
        first = window * size
        return window, first, min(first + size, n_batches(len(self), batch_size))

    def window(
        self,
        epoch: int,
        number: int,
        batch_size: int | None,
        order: Order,
        *,
        epochs: int | None = None,
        share: Share | None = None,
    ) -> Window:
        """The window that holds a batch.

        ``epochs`` is the epoch that is not visited any more: nothing of it is read ahead. A worker with a
        ``share`` reads all rows and prepares its part of each batch; where one window holds all rows, every
        worker has them all.
        """
        batch_size = batch_size or len(self)
        n_windows = n_batches(len(self), self.window_rows(batch_size))
        share = None if n_windows == 1 else share
        window, first, stop = self.window_at(number, batch_size)
        request = Request(epoch, window, batch_size, order, share)
        if n_windows == 1:
            if self._only is None:
                self._only = self._fetched(request, 1, epoch + 1)
                self.close()
            examples = self._only
        else:
            examples = self._fetched(request, n_windows, epochs)
        visited = None if request.share is not None else self._order_within(request, len(examples))
        return Window(examples, visited, first, stop)

    def _fetched(self, request: Request, n_windows: int, epochs: int | None) -> Examples:
        """A window's examples, while reading of the next ones begins."""
        if self._coming and self._coming[0] != request:
            self.close()
        future = self._coming[1] if self._coming else self._submit(request)
        following = request._replace(window=request.window + 1)
        if following.window == n_windows:
            following = request._replace(epoch=request.epoch + 1, window=0)
        self._coming = None
        if epochs is None or following.epoch < epochs:
            self._coming = following, self._submit(following)
        try:
            return future.result()
        except BaseException:
            self.close()
            raise

    def _submit(self, request: Request) -> "Future[Examples]":
        if self._pool is None:
            self._pool = executor(1, "deepstep-reader")
        return self._pool.submit(self._read, request)

    def _read(self, request: Request) -> Examples:
        """In the thread that reads: a window's examples; the one after it continues there."""
        size = self.window_rows(request.batch_size)
        begin = request.window * size
        count = min(size, len(self) - begin)
        reader = self._reader
        epoch = request._replace(window=0)
        if reader is None or (reader.epoch, reader.position) != (epoch, begin):
            self._reader = reader = _Reader(epoch, begin, self._pieces(request, begin))
        if request.share is None:
            return Examples(*self._written(reader.take(count), begin, None, count))
        order = self._order_within(request, count)
        starts = range(0, count, request.batch_size)
        parts = (request.share.part(min(request.batch_size, count - start), start) for start in starts)
        positions = np.concatenate([np.arange(part.start, part.stop) for part in parts])
        into = np.full(count, -1)
        into[positions if order is None else order[positions]] = np.arange(len(positions))
        arrays = self._written(reader.take(count), begin, into, len(positions))
        return Shard(*arrays, positions=positions, of=count)

    def _written(
        self, pieces: Iterator[Piece], begin: int, into: AnyArray | None, rows: int
    ) -> tuple[Array, Array, Array | None]:
        """X, Y and weights of pieces; ``into`` says of each row of the window where it goes, or -1; None that
        each stays where it is.
        """
        X, Y = (np.empty((rows, like.shape[1]), like.dtype) for like in (self.sample.X, self.sample.Y))
        weight = None if self.sample.weight is None else np.empty(rows, self.sample.weight.dtype)
        for piece in pieces:
            places: Any = slice(piece.start - begin, piece.start - begin + piece.frame.height)
            if into is not None:
                places = into[places]
                mine = places >= 0
                piece = piece._replace(frame=piece.frame.filter(mine), numbers=piece.numbers[mine])
                places = places[mine]
            if piece.frame.height:
                with naming_rows(self.rows.place(piece.group), piece.numbers):
                    examples = self._encode(piece.frame)
                for target, part in ((X, examples.X), (Y, examples.Y), (weight, examples.weight)):
                    if target is not None:
                        target[places] = part
        return X, Y, weight

    def _pieces(self, request: Request, begin: int) -> Iterator[Piece]:
        """Rows from a place of an epoch's sequence on."""
        ended = self._ended  # that of this reading: `close` makes a new one
        groups = self._order_of_groups(request)
        starts = np.concatenate([[0], np.cumsum(self._learned_rows[groups])])
        for index in range(int(np.searchsorted(starts, begin, side="right")) - 1, len(groups)):
            group, start = int(groups[index]), int(starts[index])
            if not self._learned_rows[group]:
                continue
            n_learned = 0
            first = int(self._starts[group])
            for frame in self.rows.pieces(group, self._columns, self._piece_rows):
                if ended.is_set():
                    return
                mask = self._keep(frame, first)
                numbers = np.flatnonzero(mask) + first - self._starts[group]
                first += frame.height
                frame = frame.filter(mask)  # the other rows are freed before the piece is used
                piece = Piece(frame, numbers, group, start + n_learned)
                n_learned += frame.height
                if start + n_learned > begin:
                    yield piece if piece.start >= begin else piece.cut(begin - piece.start)[1]
            if n_learned != self._learned_rows[group]:
                counts = f"{n_learned} rows to learn from in a group, but had {self._learned_rows[group]}"
                raise FileError(
                    f"{self.rows.place(group).where} has {counts} when they were counted",
                    "The part was changed: put the old one back, or start again.",
                )

    def _order_of_groups(self, request: Request) -> AnyArray:
        n = len(self._learned_rows)
        seed = _seed_of(request.order)
        if seed is None or self.window_rows(request.batch_size) >= len(self):
            return np.arange(n)
        return _drawn(seed, [0, 1, 0, request.epoch]).permutation(n)

    def _order_within(self, request: Request, m: int) -> AnyArray | None:
        seed = _seed_of(request.order)
        return None if seed is None else _drawn(seed, [0, 0, request.window, request.epoch]).permutation(m)


def _seed_of(order: Order) -> int | None:
    """The seed of an order that is drawn; None for that of the file."""
    if order is as_they_are:
        return None
    drawn: Any = shuffled(0)
    if isinstance(order, partial) and order.func is drawn.func:
        return int(order.args[0])
    raise ConfigurationError.must_be("order", "left out where rows are streamed", f"{order!r:.60}")


def _drawn(seed: int, counter: list[int]) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed, counter=counter))
