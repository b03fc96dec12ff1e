"""Rows of an epoch's sequence on their way from the files, a piece at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars


class Piece(NamedTuple):
    """Rows of a group that follow each other in a sequence.

    ``numbers`` are those of the rows in the group, ``start`` is where the first of them stands in the
    sequence.
    """

    frame: "polars.DataFrame"
    numbers: AnyArray
    group: int
    start: int

    def those(self, mask: AnyArray) -> "Piece":
        """Some of the rows; they need not follow each other any more."""
        return self._replace(frame=self.frame.filter(mask), numbers=self.numbers[mask])

    def cut(self, at: int) -> "tuple[Piece, Piece]":
        """The first rows, so many, and the others."""
        first, second = (
            self._replace(frame=self.frame[part], numbers=self.numbers[part], start=self.start + part.start)
            for part in (slice(0, at), slice(at, None))
        )
        return first, second


class Reader:
    """Reads a sequence of rows on, or those of it that a worker reads.

    ``position`` is where in the sequence reading begins; ``pieces`` follow from there on.
    """

    def __init__(self, of: tuple[object, ...], position: int, pieces: Iterator[Piece]) -> None:
        self._of, self._position, self._pieces = of, position, pieces
        self._rest: Piece | None = None

    def stands_at(self, of: tuple[object, ...], position: int) -> bool:
        """Whether the next rows are those of a position of the same."""
        return (self._of, self._position) == (of, position)

    def take(self, count: int, rows: int) -> Iterator[Piece]:
        """The rows of the next ``count`` places of the sequence that are read, so many in all; fewer only
        where reading is to end.
        """
        self._position += count
        while rows:
            piece = next(self._pieces, None) if self._rest is None else self._rest
            self._rest = None
            if piece is None:
                return
            if piece.frame.height > rows:
                piece, self._rest = piece.cut(rows)
            rows -= piece.frame.height
            yield piece
