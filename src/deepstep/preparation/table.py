"""A table → float64 features, by rules learned from the training rows (each kind's in `columns`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.frames import without_pattern
from deepstep.environment import polars
from deepstep.errors import DataError, unknown_name
from deepstep.preparation.batches import few
from deepstep.preparation.column_statistics import column_statistics
from deepstep.preparation.columns import Column, IdentifierColumn
from deepstep.preparation.parsing import numbers

SAMPLED_ROWS = 2**12
"""Training rows, evenly spread, whose mean features and deciles are kept, at most."""


class ColumnSummary(NamedTuple):
    """One line of `TablePreparation.describe`.

    Attributes
    ----------
    column : str
        Its name.
    kind : str
        "number", "boolean", "date", "category" or "empty".
    done : str
        Its treatment.

    Examples
    --------
    >>> import polars
    >>> TablePreparation.fit(polars.DataFrame({"member": [True, False]})).describe()[0].kind
    'boolean'
    """

    column: str
    kind: str
    done: str


@dataclass(frozen=True)
class TablePreparation:
    """Statistics of the training table: for each column, how it becomes features.

    ========== ====================================================================================
    kind       features
    ========== ====================================================================================
    number     minus the training mean, divided by the training deviation; also durations, in seconds,
               and numbers written as texts (1,234.5, 12 % or 70 kg); of whole numbers with 3 to 10
               values, 20 rows or more for each on average, a 0/1 feature for each value, too
    date       days since 1970-01-01 (times of day: since midnight), in UTC, then as a number; sine
               and cosine of month, day of the week and hour where training went round them
    boolean    0 or 1
    two values texts of two values: 0 or 1
    category   a 0/1 feature for each training value, sorted; of more than 50 the 50 most frequent,
               and one for all others; one for missing ones where training had some
    text       of texts that are mostly different, or more than 50: a 0/1 feature for each of the 50
               most frequent words in at least 3 rows and 1 % of the rows, beside the categories
               where values come again
    constant   none, but a 0/1 feature where it is missing if training had missing ones
    identifier none: it names the rows
    empty      none: the column had no value in training
    ========== ====================================================================================

    A missing number, date, truth value or one of two values is the training mean, and a further 0/1
    feature marks it where the training rows had missing ones (NaN counts as missing). Every rule with its
    reason is on the page "From a table to numbers", docs/tables.md.

    Attributes
    ----------
    columns : tuple
        One frozen record per column, in the training table's order.
    averages : tuple of float
        The mean of each feature over training rows, which predictions are explained against; empty where it
        is not known.
    deciles : tuple of tuple of pairs of float
        Of each column, where it is a number or a date, the least value of these rows, the deciles and the
        greatest one, each with the share of the values up to it; new rows are compared with them.
    sampled : int
        The number of these rows.

    Examples
    --------
    >>> import polars
    >>> frame = polars.DataFrame({"age": [20.0, None, 40.0], "sex": ["f", "m", "f"]})
    >>> preparation = TablePreparation.fit(frame)
    >>> preparation.feature_names
    ('age', 'age missing', 'sex=m')
    >>> preparation.transform(frame)
    array([[-1.,  0.,  0.],
           [ 0.,  1.,  1.],
           [ 1.,  0.,  0.]])
    """

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    averages: tuple[float, ...] = ()
    deciles: tuple[tuple[tuple[float, float], ...], ...] = ()
    sampled: int = 0

    @classmethod
    def fit(
        cls,
        frame: "polars.DataFrame",
        *,
        exclude: Sequence[str] = (),
        keep: Sequence[str] = (),
        categorical: Sequence[str] = (),
    ) -> "TablePreparation":
        """Learn from the training rows.

        Parameters
        ----------
        frame : polars.DataFrame
            m rows, any columns.
        exclude : sequence of str, optional
            Columns that are no inputs, as the target.
        keep : sequence of str, optional
            Columns that are inputs even if they look as if they named the rows.
        categorical : sequence of str, optional
            Columns whose values are categories, also where they are numbers, such as postcodes.

        Returns
        -------
        TablePreparation
            With at least one feature.

        Raises
        ------
        DataError
            When there are no rows, no column varies, a column holds lists or structures, a number is
            infinite, or a categorical column holds dates.
        ConfigurationError
            When `exclude`, `keep` or `categorical` names a column that is not there.

        Examples
        --------
        >>> import polars
        >>> frame = polars.DataFrame({"postcode": [8001, 3011, 8001, 4051]})
        >>> TablePreparation.fit(frame, categorical=["postcode"]).feature_names
        ('postcode=3011', 'postcode=4051', 'postcode=8001')
        """
        names = frame.columns
        for setting, columns in {"exclude": exclude, "keep": keep, "categorical": categorical}.items():
            for name in columns:
                if name not in names:
                    raise unknown_name("column", name, names, setting=setting, inside=True)
        statistics = TableStatistics(frame.schema, exclude, categorical)
        statistics.update(frame)
        return statistics.finish(keep=keep).with_sample(frame)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, as "age", "age missing", "sex=female"."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def n_features(self) -> int:
        """The number of features."""
        return len(self.feature_names)

    @property
    def blocks(self) -> dict[str, slice]:
        """The features of each column among those of all."""
        ends = np.cumsum([0, *(len(column.feature_names) for column in self.columns)]).tolist()
        pairs = zip(self.columns, pairwise(ends), strict=True)
        return {column.name: slice(*block) for column, block in pairs}

    @property
    def fault(self) -> str:
        """The condition that a stored preparation does not meet; empty for a valid one."""
        if len({column.name for column in self.columns}) < len(self.columns):
            return "every column has its own name"
        if any(len(set(column.feature_names)) < len(column.feature_names) for column in self.columns):
            return "every category stands once"
        if len(self.averages) not in (0, self.n_features) or not all(map(isfinite, self.averages)):
            return "a finite average of each feature"
        if len(self.deciles) not in (0, len(self.columns)) or self.sampled < 0:
            return "deciles of each column"
        if any(sorted(edges) != [*edges] for edges in self.deciles):
            return "deciles that increase"
        return ""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The names of the columns that were left out because they name the rows."""
        return tuple(column.name for column in self.columns if isinstance(column, IdentifierColumn))

    def transform(self, frame: "polars.DataFrame") -> NDArray[np.float64]:
        """The features of m rows.

        Parameters
        ----------
        frame : polars.DataFrame
            The training columns in any order; further columns are ignored. A column of numbers, dates or
            truth values may come as text.

        Returns
        -------
        array of shape (m, n_features), float64, C-ordered, finite

        Raises
        ------
        DataError
            When there are no rows, a column is missing, or a value cannot be used (it is named).
        """
        if frame.height == 0:
            raise _without_rows()
        widths = {column.name: len(column.feature_names) for column in self.columns}
        used = [column for column in self.columns if widths[column.name]]
        frame = with_columns(frame, [column.name for column in used])
        features = np.zeros((frame.height, sum(widths.values())))
        start = 0
        for column in used:
            stop = start + widths[column.name]
            column.write(without_pattern(frame[column.name]), features[:, start:stop])
            start = stop
        return features

    def with_sample(self, frame: "polars.DataFrame") -> "TablePreparation":
        """The same preparation with the averages of the features, and the deciles of the columns.

        Parameters
        ----------
        frame : polars.DataFrame
            Training rows, of which at most `SAMPLED_ROWS` count.

        Returns
        -------
        TablePreparation
            With the mean of each feature.
        """
        sample = few(frame, SAMPLED_ROWS)
        averages = tuple(self.transform(sample).mean(axis=0).tolist())
        deciles = tuple(column.deciles(without_pattern(sample[column.name])) for column in self.columns)
        return replace(self, averages=averages, deciles=deciles, sampled=sample.height)

    def describe(self) -> list[ColumnSummary]:
        """The treatment of each column, for people.

        Returns
        -------
        list of ColumnSummary
            In the order of the columns.
        """
        return [ColumnSummary(column.name, column.kind, column.done) for column in self.columns]

    @property
    def cautions(self) -> tuple[str, ...]:
        """A sentence for each column that is not read as it may be meant."""
        return tuple(
            f"column {column.name!r}: {column.caution}." for column in self.columns if column.caution
        )


class TableStatistics:
    """Statistics of the columns of a table, updated chunk by chunk."""

    def __init__(
        self,
        schema: "Mapping[str, polars.DataType]",
        exclude: Collection[str] = (),
        categorical: Collection[str] = (),
    ) -> None:
        self._columns = {
            name: column_statistics(name, dtype, categorical=name in categorical)
            for name, dtype in schema.items()
            if name not in exclude
        }
        self.rows = 0

    def update(self, frame: "polars.DataFrame") -> None:
        """Add rows."""
        self.rows += frame.height
        for name, column in self._columns.items():
            column.update(without_pattern(frame.get_column(name)))

    def check(self, frame: "polars.DataFrame") -> None:
        """Refuse rows that are held out, as `update` refuses those that are learned from."""
        for name in self._columns:
            if frame.schema[name].is_numeric():
                numbers(frame.get_column(name))

    def finish(self, *, keep: Collection[str] = ()) -> TablePreparation:
        """The learned preparation; ``keep`` names columns that are inputs even if they name the rows."""
        if not self.rows:
            raise _without_rows()
        # Better the names of the rows than nothing: they may be the days of a series.
        for identifiers in (True, False):
            preparation = TablePreparation(
                tuple(
                    column.finish(identifiers=identifiers and name not in keep)
                    for name, column in self._columns.items()
                )
            )
            if preparation.n_features:
                return preparation
        problem = "There is no column besides the target"
        if preparation.columns:
            problem = "All columns besides the target are empty or constant"
        if self.rows == 1:  # "1 sample" is what scikit-learn's checks of estimators look for
            problem = "There is 1 sample, one row, in which nothing can differ"
        raise DataError(problem, "Training needs a column with different values.")


def with_columns(frame: "polars.DataFrame", names: Sequence[str]) -> "polars.DataFrame":
    """The table, which has all the columns of training."""
    present = set(frame.columns)
    missing = [name for name in names if name not in present]
    if missing:
        listed = f"{', '.join(map(repr, missing[:5]))}{' …' if len(missing) > 5 else ''}"
        raise DataError(
            f"The table lacks {len(missing)} of the {len(names)} columns of training: {listed}",
            unknown_name("column", missing[0], sorted(present.difference(names))).hint,
        )
    return frame


def _without_rows() -> DataError:
    return DataError("The table has no rows")
