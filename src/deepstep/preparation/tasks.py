"""The task: guessed from the target column."""

from typing import TYPE_CHECKING, Literal

from deepstep.errors import DataError

if TYPE_CHECKING:
    import polars

Task = Literal["binary", "multiclass", "regression"]

MOST_NUMBER_CLASSES = 20
"""Most different whole numbers that are taken for classes."""


def guess_task(series: "polars.Series") -> tuple[Task, str]:
    """Guess from a target column what is to be learned. Missing values do not count.

    - Texts, categories and truth values are classes: two are "binary", more are "multiclass".
    - Whole numbers (also as floats: 1.0) are classes when there are two different ones, or at most 20 that
      make up at most half of the rows.
    - Other numbers are "regression".

    Parameters
    ----------
    series : polars.Series
        m values.

    Returns
    -------
    task : {"binary", "multiclass", "regression"}
    reason : str
        A sentence for people.

    Raises
    ------
    DataError
        When there is no value, only one different value, or the column holds dates, lists or structures.

    Examples
    --------
    >>> import polars
    >>> guess_task(polars.Series("survived", [0, 1, 1, 0]))
    ('binary', 'survived has 2 different values: 0, 1')
    >>> guess_task(polars.Series("mpg", [18.5, 15.0, 36.1]))
    ('regression', 'mpg has 3 different numbers')
    """
    import polars

    where = f"target {series.name!r}"
    is_text = series.dtype in (polars.String, polars.Categorical, polars.Enum, polars.Boolean)
    if not is_text and not series.dtype.is_numeric():
        raise DataError(where, "classes or numbers are expected", f"the column holds {series.dtype}")
    present = (series.fill_nan(None) if series.dtype.is_float() else series).drop_nulls()
    values = present.unique().sort()
    if len(values) < 2:
        got = f"it has only {values[0]!r}" if len(values) else "it has none"
        raise DataError(where, "at least two different values are needed", got, "Choose another target.")
    is_whole = series.dtype.is_integer() or (
        series.dtype.is_float() and bool((values.floor() == values).all())
    )
    few = len(values) == 2 or (len(values) <= MOST_NUMBER_CLASSES and 2 * len(values) <= len(present))
    if not is_text and not (is_whole and few):
        return "regression", f"{series.name} has {len(values)} different numbers"
    shown = ", ".join(map(_shown, values if is_whole else values[:5]))
    dots = "" if is_whole or len(values) <= 5 else ", …"
    task: Task = "binary" if len(values) == 2 else "multiclass"
    return task, f"{series.name} has {len(values)} different values: {shown}{dots}"


def _shown(value: object) -> str:
    """A value as people write it: a whole number without .0, also beyond the 64-bit integers."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)
