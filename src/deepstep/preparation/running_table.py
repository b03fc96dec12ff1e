"""`TablePreparation` from rows that come a piece at a time, in one pass and in bounded memory."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Self

from deepstep.data.column_names import without_pattern
from deepstep.errors import DataError
from deepstep.preparation.columns import AnyColumn
from deepstep.preparation.running_columns import running_column
from deepstep.preparation.table import TablePreparation
from deepstep.preparation.values import numbers

if TYPE_CHECKING:
    import polars


class RunningTable:
    """Running statistics of a table.

    ``first`` says whether these are among the first of all rows, which tell whether numbers name them.
    """

    def __init__(
        self, schema: "Mapping[str, polars.DataType]", exclude: Collection[str] = (), *, first: bool = True
    ) -> None:
        self._columns = {
            name: running_column(name, dtype, first=first)
            for name, dtype in schema.items()
            if name not in exclude
        }
        self.rows = 0

    def update(self, frame: "polars.DataFrame") -> None:
        """Take rows in."""
        self.rows += frame.height
        for name, column in self._columns.items():
            column.update(without_pattern(frame.get_column(name)))

    def check(self, frame: "polars.DataFrame") -> None:
        """Refuse rows that are held out, as `update` refuses those that are learned from."""
        for name in self._columns:
            if frame.schema[name].is_numeric():
                numbers(frame.get_column(name))

    def merge(self, other: Self) -> None:
        """Take in what another has seen of the rows after these."""
        self.rows += other.rows
        for name, column in self._columns.items():
            column.merge(other._columns[name])

    def finish(self, *, keep: Collection[str] = ()) -> TablePreparation:
        """The learned preparation; ``keep`` names columns that are inputs even if they name the rows."""
        if not self.rows:
            raise DataError("table", "at least one row is expected", "it has none")

        def columns(identifiers: bool) -> Iterator[AnyColumn]:
            for name, column in self._columns.items():
                yield column.finish(identifiers=identifiers and name not in keep)

        return TablePreparation.of(columns, self.rows)
