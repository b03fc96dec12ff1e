"""Columns of a table: the interface of all kinds, the columns that tell nothing, and records of columns in
JSON.

Imputation: a missing number, date or truth value becomes the training mean, and where the training rows had
missing values a further 0/1 feature, the missing indicator, marks them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import FileError
from deepstep.preparation.parsing import is_missing
from deepstep.types import is_number

if TYPE_CHECKING:
    import polars


class Column(ABC):
    """Statistics of one column of the training table; each kind is a frozen dataclass of plain values."""

    kind: ClassVar[str]
    name: str

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """The names of its features; none where it is left out."""

    @property
    @abstractmethod
    def done(self) -> str:
        """The treatment of the column, for people."""

    @property
    def why(self) -> str:
        """The reason in the training rows, for people; nothing where `done` says it."""
        return ""

    @property
    def caution(self) -> str:
        """Training values that are not read as they may be meant, for people; nothing where all are."""
        return ""

    @property
    def fault(self) -> str:
        """The condition that a stored column does not meet; empty for a valid one."""
        return ""

    @abstractmethod
    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write the features of m values to `out`, zeros of (m, number of features)."""


def mark_name(name: str) -> str:
    """The name of the 0/1 feature that says where a column has no value."""
    return f"{name} missing"


def with_mark(names: tuple[str, ...], column: str, marks_missing: bool) -> tuple[str, ...]:
    """The names of features, with the mark of missing values at the end where there is one."""
    return (*names, mark_name(column)) if marks_missing else names


class LeftOutColumn(Column):
    """A column without features; it need not be there later."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ()

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write nothing: there is no feature."""


@dataclass(frozen=True)
class EmptyColumn(LeftOutColumn):
    """A column without a single value in training."""

    kind: ClassVar[str] = "empty"
    done = "left out: it had no value in training"
    name: str


@dataclass(frozen=True)
class IdentifierColumn(LeftOutColumn):
    """A column that names the rows: what it says of one is true of no other."""

    kind: ClassVar[str] = "identifier"
    name: str
    reason: str
    caution: str = ""

    @property
    def done(self) -> str:
        return f"left out: {self.reason}"


@dataclass(frozen=True)
class ConstantColumn(Column):
    """A column with one value; where the training rows had missing ones, where it is missing."""

    kind: ClassVar[str] = "constant"
    name: str
    value: str
    marks_missing: bool
    of_texts: bool

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (mark_name(self.name),) if self.marks_missing else ()

    @property
    def done(self) -> str:
        if self.marks_missing:
            return "a 0/1 feature where it is missing"
        return f"left out: it was always {self.value!r}"

    @property
    def why(self) -> str:
        return f"where it is there, it was always {self.value!r}" if self.marks_missing else ""

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        out[:] = is_missing(series, blanks=not self.of_texts)[:, None]


Record = TypeVar("Record")


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value of JSON is one of a kind of entry; any is a label."""
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(_fits(entry, get_args(kind)[0]) for entry in value)
    if kind is Any:
        return isinstance(value, str | int | float | bool)
    return is_number(value) if kind is float else type(value) is kind


def _as_kind(value: Any, kind: Any) -> Any:
    """Lists as tuples, and whole numbers as floats where JSON may have them."""
    if get_origin(kind) is tuple:
        return tuple(_as_kind(entry, get_args(kind)[0]) for entry in value)
    return float(value) if kind is float else value


def to_record(instance: Any, kind: str) -> dict[str, Any]:
    """A flat dataclass as a dictionary of JSON types, its kind first; tuples become lists."""
    found = ((field, getattr(instance, field.name)) for field in fields(instance))
    values = {field.name: value for field, value in found if value != field.default}
    return {"kind": kind, **{name: _listed(value) for name, value in values.items()}}


def from_record(record: object, kinds: Mapping[str, type[Record]]) -> Record:
    """The dataclass that `to_record` wrote; `kinds` says which class each kind is."""
    if not isinstance(record, dict):
        raise damaged("an object with a kind is expected", f"got {type(record).__name__}")
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise damaged(f"kind is one of {', '.join(map(repr, kinds))}", f"got {kind!r:.60}")
    wanted = {field.name: field.type for field in fields(kinds[kind])}  # type: ignore[arg-type]
    given = {name: value for name, value in record.items() if name != "kind"}
    needed = {field.name for field in fields(kinds[kind]) if field.default is MISSING}  # type: ignore[arg-type]
    if not needed <= given.keys() <= wanted.keys():
        raise damaged(f"kind {kind!r} has the entries {', '.join(wanted)}", f"got {', '.join(given)!s:.300}")
    for name, value in given.items():
        if not _fits(value, wanted[name]):
            raise damaged(f"{name} of kind {kind!r} is {_type_name(wanted[name])}", f"got {value!r:.60}")
    instance = kinds[kind](**{name: _as_kind(value, wanted[name]) for name, value in given.items()})
    if fault := getattr(instance, "fault", ""):
        raise damaged(fault, "this is not so")
    return instance


def _listed(value: Any) -> Any:
    return [_listed(entry) for entry in value] if isinstance(value, tuple) else value


def damaged(expected: str, got: str) -> FileError:
    """The error for a stored preparation that cannot be used."""
    return FileError(
        "preparation", expected, got, "The file was altered or comes from a newer version: train again."
    )


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)
