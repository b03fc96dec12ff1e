"""Names of columns: those that polars takes for patterns, and those that 0.2 gave to nameless columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars


def with_old_names(frame: "polars.DataFrame", names: Sequence[str]) -> "polars.DataFrame":
    """The same table, with a nameless column of a text table under the name of 0.2 where a run asks for it.

    >>> import polars
    >>> with_old_names(polars.DataFrame({"Unnamed: 0": [1], "x": [2]}), ["column_0", "x"]).columns
    ['column_0', 'x']
    """
    there = frame.columns
    missing = set(names).difference(there)
    old = {f"Unnamed: {at}": f"column_{at}" for at in range(len(there))}
    return frame.rename({new: name for new, name in old.items() if new in there and name in missing})


def without_pattern(series: "polars.Series") -> "polars.Series":
    """The same column; a space stands before a name that polars would take for a pattern.

    Many methods of a series are expressions of polars, which look the column up by its name, where ``*`` is
    every column and ``^x$`` a regular expression.

    >>> import polars
    >>> [without_pattern(polars.Series(name, [1])).name for name in ("x", "*", "^x$")]
    ['x', ' *', ' ^x$']
    """
    name = series.name
    is_pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return series.alias(f" {name}") if is_pattern else series
