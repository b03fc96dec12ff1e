"""One column of a table → its features: what each kind of column learns and how it becomes numbers.

Missing values never stop a transformation. A number, a date or a truth value that is missing is the
training mean; where the training rows had missing ones, a further 0/1 feature says where. A text that is
missing, or that training never saw, is all zeros.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError
from deepstep.preparation.values import days, numbers, refuse_infinite, truths, wrong_kind

if TYPE_CHECKING:
    import polars

MOST_CATEGORIES = 50
"""Of a text column, so many most frequent values get a feature of their own."""


class Column(Protocol):
    """What the table needs of a column."""

    kind: ClassVar[str]

    @property
    def name(self) -> str: ...

    @property
    def feature_names(self) -> tuple[str, ...]: ...

    @property
    def done(self) -> str:
        """What is done with the column, for people."""

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write the features of m values to `out`, zeros of (m, number of features)."""


@dataclass(frozen=True)
class NumberColumn:
    """Numbers: standardized with the training mean and standard deviation."""

    kind: ClassVar[str] = "number"
    unit: ClassVar[str] = ""
    name: str
    mean: float
    std: float
    marks_missing: bool

    @staticmethod
    def values(series: "polars.Series") -> NDArray[np.float64]:
        """Floats, NaN where missing: (m,)."""
        return numbers(series)

    @classmethod
    def fit(cls, series: "polars.Series") -> Self:
        return cls(series.name, *_moments(series.name, cls.values(series)))

    @property
    def feature_names(self) -> tuple[str, ...]:
        return _with_mark(self.name, self.marks_missing)

    @property
    def done(self) -> str:
        return (
            f"{self.unit}minus the mean {self.mean:.6g}, divided by {self.std:.6g}"
            f"{_mark_done(self.marks_missing)}"
        )

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        values = self.values(series)
        missing = np.isnan(values)
        with np.errstate(over="ignore"):
            standardized = np.where(missing, 0.0, (values - self.mean) / self.std)
        refuse_infinite(series.name, standardized, values)
        out[:, 0] = standardized
        out[:, 1:] = missing[:, None]


@dataclass(frozen=True)
class DateColumn(NumberColumn):
    """Dates and times: days since 1970-01-01 (times of day: since midnight), then as numbers."""

    kind: ClassVar[str] = "date"
    unit: ClassVar[str] = "days since 1970-01-01, "

    @staticmethod
    def values(series: "polars.Series") -> NDArray[np.float64]:
        return days(series)


@dataclass(frozen=True)
class BooleanColumn:
    """Truth values: 0 or 1."""

    kind: ClassVar[str] = "boolean"
    name: str
    mean: float
    marks_missing: bool

    @classmethod
    def fit(cls, series: "polars.Series") -> "BooleanColumn":
        values = truths(series)
        missing = np.isnan(values)
        return cls(series.name, float(values[~missing].mean()), bool(missing.any()))

    @property
    def feature_names(self) -> tuple[str, ...]:
        return _with_mark(self.name, self.marks_missing)

    @property
    def done(self) -> str:
        return f"false 0, true 1{_mark_done(self.marks_missing, f' (here {self.mean:.6g})')}"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        values = truths(series)
        missing = np.isnan(values)
        out[:, 0] = np.where(missing, self.mean, values)
        out[:, 1:] = missing[:, None]


@dataclass(frozen=True)
class CategoryColumn:
    """Texts: a 0/1 feature for each category, in sorted order."""

    kind: ClassVar[str] = "category"
    name: str
    categories: tuple[str, ...]
    left_out: int

    @classmethod
    def fit(cls, series: "polars.Series") -> "CategoryColumn":
        import polars

        counts = series.alias("value").cast(polars.String).drop_nulls().value_counts(name="rows")
        frequent = counts.sort(["rows", "value"], descending=[True, False])["value"].to_list()
        kept = frequent[:MOST_CATEGORIES]
        return cls(series.name, tuple(sorted(kept)), len(frequent) - len(kept))

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(f"{self.name}={category}" for category in self.categories)

    @property
    def done(self) -> str:
        kept = f"one 0/1 feature for each of {len(self.categories)} values; missing and unseen: all 0"
        if not self.left_out:
            return kept
        return f"{kept}; only the {len(self.categories)} most frequent are kept, {self.left_out} are left out"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        import polars

        if series.dtype.is_nested() or series.dtype.is_temporal() or series.dtype == polars.Binary:
            raise wrong_kind(series, "texts")
        position = series.cast(polars.String).cast(polars.Enum(self.categories), strict=False).to_physical()
        rows = position.is_not_null().arg_true().to_numpy()
        out[rows, position.drop_nulls().to_numpy()] = 1.0


@dataclass(frozen=True)
class EmptyColumn:
    """A column without a single value in training: it tells nothing and gives no feature."""

    kind: ClassVar[str] = "empty"
    name: str

    @classmethod
    def fit(cls, series: "polars.Series") -> "EmptyColumn":
        return cls(series.name)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ()

    @property
    def done(self) -> str:
        return "left out: it had no value in training"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write nothing: there is no feature."""


AnyColumn = NumberColumn | DateColumn | BooleanColumn | CategoryColumn | EmptyColumn
COLUMN_KINDS: dict[str, type[AnyColumn]] = {
    column.kind: column for column in (NumberColumn, DateColumn, BooleanColumn, CategoryColumn, EmptyColumn)
}


def fit_column(series: "polars.Series") -> AnyColumn:
    """Choose a column's kind by its type and learn what it needs from its values.

    Raises
    ------
    DataError
        When the type has no numbers in it (lists, structures), or a number is infinite.
    """
    import polars

    dtype = series.dtype
    if series.null_count() == len(series) or (dtype.is_float() and series.fill_nan(None).count() == 0):
        return EmptyColumn.fit(series)
    if dtype == polars.Boolean:
        return BooleanColumn.fit(series)
    if dtype.is_numeric():
        return NumberColumn.fit(series)
    if dtype.is_temporal():
        return DateColumn.fit(series)
    if dtype in (polars.String, polars.Categorical, polars.Enum):
        return CategoryColumn.fit(series)
    raise wrong_kind(series, "numbers, texts, truth values or dates")


def _with_mark(name: str, marks_missing: bool) -> tuple[str, ...]:
    return (name, f"{name} missing") if marks_missing else (name,)


def _mark_done(marks_missing: bool, mean: str = "") -> str:
    return f"; missing: the mean{mean}" + (", and a 0/1 feature marks it" if marks_missing else "")


def _moments(name: str, values: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Mean, standard deviation (1 for a constant) and whether any value is missing."""
    present = values[~np.isnan(values)]
    low, high = float(present.min()), float(present.max())
    marks_missing = len(present) < len(values)
    if low == high:
        # Not by the computed deviation: rounding leaves a constant 0.1 with one of 1e-17.
        return low, 1.0, marks_missing
    with np.errstate(over="ignore"):
        mean, std = float(present.mean()), float(present.std())
    if not np.isfinite(std):
        raise DataError(
            f"column {name!r}",
            "numbers that can be standardized are expected",
            f"they reach from {low:g} to {high:g}",
            "Divide the column by a constant.",
        )
    return mean, std or 1.0, marks_missing
