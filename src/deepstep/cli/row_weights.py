"""``--sample-weight``: how much each row of a table counts, from a column of it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.errors import DataError
from deepstep.types import Array

if TYPE_CHECKING:
    import polars

OPTION = "--sample-weight"


def row_weights(frame: "polars.DataFrame", name: str, where: str = OPTION) -> Array:
    """The weights (m,) in a column, finite and at least 0."""
    import polars

    from deepstep.data import column

    given = column(frame, name, where)
    # a number is a number, whatever kind the column is of; a text is none
    values = given.cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    wrong = ~(np.isfinite(values) & (values >= 0))
    if not given.dtype.is_numeric():
        # the first text that is no number, else the first of all
        wrong = wrong if wrong.any() else np.ones_like(wrong)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            where, f"weights of at least 0 in the column {name!r}", f"row {row + 1} is {_shown(given[row])}"
        )
    return values


def check_some(weight: Array | None, part: str) -> None:
    """Refuse rows that all have the weight 0."""
    if weight is not None and len(weight) and not weight.any():
        raise DataError(OPTION, f"a weight above 0 among the rows to {part}", "they are all 0")


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "missing"
    return f"{value!r:.40}" if isinstance(value, str | bool) else f"{value}"
