"""Rows as the user has them → features of a table: what an ensemble takes and keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.sparse import issparse

from deepstep.data.frames import as_frame
from deepstep.preparation.table import TablePreparation
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

TableRows: TypeAlias = "polars.DataFrame | Any"
"""A frame, or a sparse matrix (csr) whose numbers are taken as they are."""


def as_rows(X: Any, where: str) -> TableRows:
    """Sparse rows as they are, everything else as a frame of columns with types."""
    return X if issparse(X) else as_frame(X, where=where)


def take(rows: TableRows, numbers: AnyArray) -> TableRows:
    """The rows of these numbers."""
    return rows[numbers]


@dataclass(frozen=True)
class Table:
    """How columns become features, learned from some rows; None for sparse rows, which stay as they are."""

    preparation: TablePreparation | None

    @classmethod
    def fit(cls, rows: TableRows, keep: Sequence[str] = ()) -> "Table":
        """Learn from rows; ``keep`` names columns that are inputs even if they name the rows."""
        return cls(None if issparse(rows) else TablePreparation.fit(rows, keep=keep))

    @property
    def cautions(self) -> tuple[str, ...]:
        """Columns that may be meant otherwise than they are read, see `TablePreparation.cautions`."""
        return () if self.preparation is None else self.preparation.cautions

    def features(self, rows: TableRows) -> Any:
        """Features (m, n) as float64, or the sparse rows as floats."""
        if self.preparation is not None:
            return self.preparation.transform(rows)
        sparse: Any = rows
        return sparse if sparse.dtype in (np.float64, np.float32) else sparse.astype(np.float64)


def n_rows(rows: TableRows) -> int:
    """How many there are."""
    return int(rows.shape[0])


def dense(features: Any) -> bool:
    """Whether features are an array, which is centred and cut, or sparse."""
    return isinstance(features, np.ndarray)
