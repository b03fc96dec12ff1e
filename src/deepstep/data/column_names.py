"""Names of columns that polars takes for patterns: ``*`` is every column, ``^x$`` a regular expression."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars


def without_pattern(series: "polars.Series") -> "polars.Series":
    """The same column; a space stands before a name that polars would take for a pattern.

    Many methods of a series are expressions of polars, which look the column up by its name.

    Examples
    --------
    >>> import polars
    >>> [without_pattern(polars.Series(name, [1])).name for name in ("x", "*", "^x$")]
    ['x', ' *', ' ^x$']
    """
    name = series.name
    is_pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return series.alias(f" {name}") if is_pattern else series
