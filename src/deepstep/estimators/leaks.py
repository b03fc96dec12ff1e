"""Warnings of columns of a frame that alone tell the classes."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import _safe_indexing

from deepstep.data.frames import as_frame
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.column_statistics import why_identifier
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars


def warn_of_leaks(X: Any, classes: AnyArray, where: str, *, table: bool) -> None:
    """Warn of columns that number rows sorted by their class, or have one value for each class.

    Columns that share a name are not looked at. ``table`` tells that columns are prepared, not taken as
    numbers.
    """
    if len(set(map(str, X.columns))) < len(X.columns):
        return
    rows = evenly_spread(len(classes), MOST_ROWS)
    frame = as_frame(_safe_indexing(X, rows), where=where)
    # not prepared: what cannot be is refused later, under the number of its own row
    columns = dict.fromkeys(series.name for series in frame if not (table and _names_rows(series)))
    for found in leak_findings(frame, columns, {"": classes[rows]}, classes=True, surely=True):
        warnings.warn(f"{where}: {found.says}.", UserWarning, stacklevel=2)


def _names_rows(series: "polars.Series") -> bool:
    """Whether a column of whole numbers is left out, as it names the rows."""
    whole = series.dtype.is_integer() and not series.null_count()
    return whole and bool(why_identifier(series.name, series.to_numpy().astype(np.float64), in_order=True))
