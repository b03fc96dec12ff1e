"""y and weights that are named columns of X, a frame in memory."""

from typing import Any

from deepstep.data.frames import as_frame
from deepstep.errors import DataError, unknown_name
from deepstep.estimators.calls import Given


def with_named_columns(given: Given, where: str) -> Given:
    """Take the columns that y and the weights name out of X; where neither is a name, all as it is."""
    X, y, weight = given
    names = {name: value for name, value in (("y", y), ("sample_weight", weight)) if isinstance(value, str)}
    if not names:
        return given
    import narwhals as nw

    if not is_frame(X):
        name, value = next(iter(names.items()))
        raise DataError(
            where,
            f"{name} with a value for each row, where X is no table with names of columns",
            f"got the name {value!r} and X of type {type(X).__name__}",
            "Pass an array; names are for columns of frames and of files.",
        )
    if nw.dependencies.is_polars_lazyframe(X):
        X = X.collect()
    elif type(X).__name__ == "RecordBatch":
        import pyarrow

        X = pyarrow.Table.from_batches([X])
    try:
        frame = nw.from_native(X, eager_only=True)
        known = {str(name): name for name in frame.columns}  # pandas takes numbers for names, too
    except nw.exceptions.DuplicateError:
        as_frame(X, where=f"{where}, X")  # which names the columns
        raise
    for name, value in names.items():
        if value not in known:
            raise unknown_name(f"{where}, {name}", "column", value, known)
    columns = {name: frame.get_column(known[value]).to_native() for name, value in names.items()}
    rest = frame.drop(*{known[value] for value in names.values()}).to_native()
    return Given(rest, columns.get("y", y), columns.get("sample_weight", weight))


def is_frame(X: Any) -> bool:
    """Whether X is a frame in memory, whose columns have names.

    >>> import polars
    >>> is_frame(polars.DataFrame({"age": [31]})), is_frame([[31]])
    (True, False)
    """
    import narwhals as nw

    known = nw.dependencies.is_into_dataframe(X) or nw.dependencies.is_polars_lazyframe(X)
    return known or type(X).__name__ == "RecordBatch"
