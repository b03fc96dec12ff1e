"""The values of one column as floats: NaN where missing, and an error that names the row where impossible."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError

if TYPE_CHECKING:
    import polars


def numbers(series: "polars.Series") -> NDArray[np.float64]:
    """Floats with NaN for missing; texts are parsed."""
    import polars

    if series.dtype in (polars.String, polars.Categorical, polars.Enum):
        series = _parsed(series, lambda text: text.cast(polars.Float64, strict=False), "a number")
    elif not (series.dtype.is_numeric() or series.dtype in (polars.Boolean, polars.Null)):
        raise wrong_kind(series, "numbers")
    values = series.cast(polars.Float64).to_numpy()
    refuse_infinite(series.name, values, values)
    return values


def refuse_infinite(name: str, values: NDArray[np.float64], came: NDArray[np.float64]) -> None:
    """Name the first row whose value is infinite, and what came there."""
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise DataError(
            f"column {name!r}",
            "finite numbers of the training rows' size are expected",
            f"row {infinite[0] + 1} is {came[infinite[0]]:g}",
            "Correct the value or leave the field empty.",
        )


def days(series: "polars.Series") -> NDArray[np.float64]:
    """Days since the epoch (times of day: since midnight) with NaN for missing; ISO texts are parsed."""
    import polars

    if series.dtype == polars.String:
        series = _parsed(series, _iso_moments, "an ISO date")
    if series.dtype == polars.Null:
        return np.full(len(series), np.nan)
    if not series.dtype.is_temporal():
        raise wrong_kind(series, "dates")
    per_day = {"Date": 1, "Time": 86_400 * 10**9}.get(str(series.dtype))
    if per_day is None:
        per_day = 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[series.dtype.time_unit]  # type: ignore[attr-defined]
    return series.to_physical().cast(polars.Float64).to_numpy() / per_day


def _iso_moments(text: "polars.Series") -> "polars.Series":
    import polars

    moments = text.str.replace("T", " ", literal=True).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False)
    dates = text.str.to_date("%Y-%m-%d", strict=False).cast(polars.Datetime(moments.dtype.time_unit))  # type: ignore[attr-defined]
    return moments.zip_with(moments.is_not_null(), dates)


def truths(series: "polars.Series") -> NDArray[np.float64]:
    """0 and 1 with NaN for missing; the numbers 0 and 1 and the texts true and false are truth values too."""
    import polars

    if series.dtype == polars.String:
        words = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}

        def truth(text: "polars.Series") -> "polars.Series":
            return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=polars.Float64)

        series = _parsed(series, truth, "true or false")
    values = numbers(series)
    wrong = np.flatnonzero(~np.isnan(values) & (values != 0) & (values != 1))
    if wrong.size:
        raise DataError(
            f"column {series.name!r}",
            "true or false is expected",
            f"row {wrong[0] + 1} is {values[wrong[0]]:g}",
        )
    return values


def _parsed(
    series: "polars.Series", parse: "Callable[[polars.Series], polars.Series]", wanted: str
) -> "polars.Series":
    """Texts as `parse` reads them; an empty text is a missing value."""
    import polars

    text = series.cast(polars.String).str.strip_chars().replace("", None)
    parsed = parse(text)
    wrong = (parsed.is_null() & text.is_not_null()).arg_true()
    if len(wrong):
        raise DataError(
            f"column {series.name!r}",
            f"{wanted} is expected, as in training",
            f"row {wrong[0] + 1} is {text[wrong[0]]!r}",
            "Correct the value or leave the field empty.",
        )
    return parsed


def wrong_kind(series: "polars.Series", wanted: str) -> DataError:
    """The error for a column whose type cannot become what is wanted."""
    return DataError(
        f"column {series.name!r}",
        f"{wanted} are expected",
        f"the column holds {series.dtype}",
        "Convert or drop the column.",
    )
