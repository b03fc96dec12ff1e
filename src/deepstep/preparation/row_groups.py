"""Row groups of numbers, shared out among workers: each holds the rows of its own groups in memory."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from deepstep.data.rows import StoredRows
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation.batches import (
    Communicator,
    Examples,
    Order,
    Shard,
    Share,
    Window,
    evenly_spread,
    visited,
)
from deepstep.preparation.streams import BUFFER_BYTES, StreamedExamples
from deepstep.types import AnyArray, Array

MOST_SHOWN = 4096
"""Examples, evenly spread over all, that every worker has to look at."""


class RowGroups:
    """The row groups of some rows, and the columns of numbers that are read from them."""

    def __init__(self, rows: StoredRows, names: Sequence[str], dtype: Any) -> None:
        self.rows, self.names, self._dtype = rows, list(names), dtype
        for name in names:
            found = rows.schema[name]
            if not (found.is_numeric() or str(found) == "Boolean"):
                raise ConfigurationError(
                    f"{rows.where}, the column {name!r}",
                    "numbers, which a network takes",
                    f"got {found}",
                    "Leave it out of the file, or prepare the table first (deepstep.estimators).",
                )
        self._starts = np.concatenate([[0], np.cumsum(rows.sizes)])

    @property
    def identity(self) -> dict[str, Any]:
        """The files, and the columns that are read."""
        return {**self.rows.identity(), "read": self.names}

    def of(self, share: Share) -> list[int]:
        """The groups of a worker, neighbours: those whose middle lies in its part of all rows."""
        middle = (self._starts[:-1] + self._starts[1:]) / 2
        owner = np.minimum(share.of - 1, (middle * share.of / self.rows.n_rows).astype(int))
        return np.flatnonzero(owner == share.rank).tolist()

    def numbers(self, groups: Sequence[int]) -> AnyArray:
        """The places of the rows of some groups among all."""
        ranges = [np.arange(self._starts[group], self._starts[group + 1]) for group in groups]
        return np.concatenate([np.arange(0), *ranges])

    def read(self, groups: Sequence[int]) -> Array:
        """The numbers of all rows of some groups, (k, n_columns)."""
        found = np.empty((sum(self.rows.sizes[group] for group in groups), len(self.names)), self._dtype)
        stop, most = 0, self.rows.piece_rows(self.names)
        for group in groups:
            row = self.rows.place(group).row
            for frame in self.rows.pieces(group, self.names, most):
                start, stop = stop, stop + frame.height
                self._write(frame, found[start:stop], self.rows.place(group).where, row)
                row += frame.height
        return found

    def take(self, numbers: AnyArray) -> Array:
        """The numbers of some rows, by their places among all, wherever they lie."""
        found = np.empty((len(numbers), len(self.names)), self._dtype)
        group_of = np.searchsorted(self._starts, numbers, side="right") - 1
        for group in np.unique(group_of):
            mine = group_of == group
            found[mine] = self.read([int(group)])[numbers[mine] - self._starts[group]]
        return found

    def _write(self, frame: "polars.DataFrame", into: Array, where: str, first: int) -> None:
        with np.errstate(over="ignore"):
            for column, series in enumerate(frame.get_columns()):
                into[:, column] = series.cast(polars.Float64).to_numpy()
        finite = np.isfinite(into)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise DataError(
                f"{where}, the column {self.names[column]!r}",
                f"finite numbers of {into.dtype}",
                f"row {first + int(row) + 1:,} is {frame.get_columns()[column][int(row)]!r}",
                "Leave such rows out of the file.",
            )


class SharedOut(StreamedExamples):
    """Examples of which each worker holds those of its own row groups."""

    def __init__(
        self, groups: RowGroups, encode: Callable[[Array], Examples], workers: Communicator, own: Examples
    ) -> None:
        self._groups, self._encode_numbers, self._own = groups, encode, own
        self._numbers, self._m = groups.numbers(groups.of(workers.share)), groups.rows.n_rows
        self.sample = self._shown(workers)
        row_bytes = sum(part.shape[1] for part in (own.X, own.Y)) * own.X.dtype.itemsize
        self.buffer_rows = max(1, BUFFER_BYTES // row_bytes)
        self._visited: tuple[Order, int, AnyArray | None] | None = None

    def __len__(self) -> int:
        return self._m

    def close(self) -> None:
        """Nothing is open."""

    @cached_property
    def identity(self) -> dict[str, Any]:
        return self._groups.identity

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
        """The window that holds a batch: a worker's own rows, or without a ``share`` all, which are read."""
        batch_size = batch_size or len(self)
        _, first, stop = self.window_at(number, batch_size)
        begin, end = first * batch_size, min(stop * batch_size, len(self))
        if self._visited is None or self._visited[:2] != (order, epoch):
            self._visited = order, epoch, visited(order, epoch, len(self))
        rows = self._visited[2]
        rows = np.arange(begin, end) if rows is None else rows[begin:end]
        if share is None and len(self._own) < len(self):
            return Window(self._encode_numbers(self._groups.take(rows)), None, first, stop)
        held, at = self._held(rows)
        own = self._own.part(at)
        if share is not None:
            own = Shard(own.X, own.Y, own.weight, positions=held, of=end - begin)
        return Window(own, None, first, stop)

    def _held(self, rows: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Which of these rows this worker holds, and where among its own."""
        at = np.searchsorted(self._numbers, rows)
        held = np.flatnonzero(np.append(self._numbers, -1)[at] == rows)
        return held, at[held]

    def _shown(self, workers: Communicator) -> Examples:
        """Some examples of all, to which each worker gives those that it holds."""
        rows = evenly_spread(len(self), MOST_SHOWN)
        held, at = self._held(rows)

        def of_all(part: Array) -> Array:
            whole = np.zeros((len(rows), *part.shape[1:]))
            whole[held] = part[at]
            return workers.sums(whole).astype(part.dtype)

        own = self._own
        return Examples(of_all(own.X), of_all(own.Y), None if own.weight is None else of_all(own.weight))
