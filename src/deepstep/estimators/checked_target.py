"""A target as scikit-learn's checks leave it, made an array of one or several columns."""

from datetime import date, time, timedelta
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from deepstep.errors import DataError
from deepstep.preparation.target_values import reads_as_number
from deepstep.types import AnyArray


def as_target(y: Any, *, numbers: bool, where: str) -> AnyArray:
    """y dense, (m,) or (m, n); a single column as (m,), with scikit-learn's warning.

    ``numbers`` is True for a regressor, which refuses dates and durations: their counts of nanoseconds are
    not meant.
    """
    y = y if isinstance(y, np.ndarray) else y.toarray()
    if numbers:
        refuse_times(y, where)
    if y.ndim == 2 and y.shape[1] == 1:
        return np.asarray(column_or_1d(y, warn=True))
    return y


def refuse_texts(y: AnyArray, where: str) -> None:
    """Refuse texts that are no numbers, which a regressor cannot learn."""
    if y.dtype.kind not in "OSU":
        return
    text = next(
        (value for value in y.flat if isinstance(value, str | bytes) and not reads_as_number(value)), None
    )
    if text is not None:
        hint = "Use DeepClassifier, which learns classes, or make numbers of them."
        raise DataError(where, "y of numbers", f"got texts such as {str(text)[:40]!r}", hint)


def refuse_times(y: AnyArray, where: str) -> None:
    """Refuse dates and durations, NumPy's or objects."""
    kinds = {"M": "got dates", "m": "got durations"}
    got = kinds.get(y.dtype.kind)
    if y.dtype == object and y.size and isinstance(y.flat[0], (date, time, timedelta)):
        got = f"got such as {y.flat[0]!r}"
    if got is not None:
        hint = "Count in a unit of yours, as in (y - y.min()) / np.timedelta64(1, 'D')."
        raise DataError(where, "y of numbers", got, hint)
