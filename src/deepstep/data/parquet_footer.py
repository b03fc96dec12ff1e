"""The memory that the table of a Parquet file takes, by its footer, without another package.

The footer is a structure of Thrift's compact protocol. Fields by their numbers, as parquet.thrift has them:

- FileMetaData: 2 the schema, 3 the number of rows, 4 the row groups;
- SchemaElement: 1 the type, which groups of columns do not have;
- RowGroup: 2 the bytes of its columns before they were compressed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCHEMA, ROWS, GROUPS, TYPE, BYTES = 2, 3, 4, 1, 2
_WANTED: Mapping[int, Any] = {SCHEMA: {TYPE: {}}, ROWS: {}, GROUPS: {BYTES: {}}}
LONG = 2**20
"""Bytes of a footer; of a longer one, which takes seconds to read, rows and columns alone are read."""
_NUMBER, _TEXT = 8, 16
"""Bytes of a value in memory: a number as it is learned from, and the place of a text."""
_OF_TEXTS = 6
"""The type of texts, BYTE_ARRAY."""
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_WHOLE = (4, 5, 6)


def bytes_in_memory(path: Path) -> int:
    """About the bytes that the table of a Parquet file takes; 0 where its footer cannot be read.

    Few bytes of a file can stand for many rows, or for long texts.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        end = file.read(8)
        length = int.from_bytes(end[:4], "little")
        if end[4:] != b"PAR1" or not 0 < length <= size - 8:
            return 0
        file.seek(size - 8 - length)
        footer = file.read(length)
    try:
        found = _Reader(footer).struct(_WANTED, last=ROWS if length > LONG else GROUPS)
        types = [element[TYPE] for element in found[SCHEMA] if TYPE in element]
        row = sum(_TEXT if kind == _OF_TEXTS else _NUMBER for kind in types)
        return max(0, found[ROWS] * row, sum(group[BYTES] for group in found.get(GROUPS, ())))
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return 0  # who reads the table says what is damaged


class _Reader:
    """Reads values one after the other."""

    def __init__(self, buffer: bytes) -> None:
        self._buffer, self._at = buffer, 0

    def struct(self, wanted: Mapping[int, Any], last: int = 2**15) -> dict[int, Any]:
        """The fields that are wanted, by their numbers, up to the last one; they come in order."""
        found, number = {}, 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._whole()
            if number > last:
                break
            of_field = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, wanted.get(number, {}))
            if number in wanted:
                found[number] = of_field
        return found

    def _value(self, kind: int, wanted: Mapping[int, Any]) -> Any:
        if kind in _WHOLE:
            return self._whole()
        if kind in (_TRUE, _FALSE, _BYTE):  # of a list each is a byte
            return self._byte()
        if kind == _DOUBLE:
            return self._pass(8)
        if kind == _BINARY:
            return self._pass(self._varint())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = self._varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15, wanted) for _ in range(count)]
        if kind == _MAP:
            count = self._varint()
            kinds = self._byte() if count else 0
            return [(self._value(kinds >> 4, {}), self._value(kinds & 15, {})) for _ in range(count)]
        if kind == _STRUCT:
            return self.struct(wanted)
        raise ValueError(f"there is no type {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._buffer[self._at - 1]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def _whole(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _pass(self, count: int) -> None:
        self._at += count
        if self._at > len(self._buffer):
            raise IndexError("the footer ends within a value")
