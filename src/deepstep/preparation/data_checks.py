"""Checks of a table before a training: each finds one common defect and says so in a sentence; none refuses.

What stops a training is refused elsewhere. Columns that are read otherwise than they may be meant have a
`caution`, and columns that alone determine the target are found by `deepstep.inspection.findings.leaks`.

After it, `drift` compares new rows with those of the training.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from deepstep.data.frames import without_pattern
from deepstep.data.text_tables import is_number
from deepstep.environment import polars
from deepstep.errors import DataError
from deepstep.preparation.batches import evenly_spread, few
from deepstep.preparation.categories import CategoryColumn, TwoValuesColumn, positions
from deepstep.preparation.columns import Column, mark_name
from deepstep.preparation.dates import DateColumn
from deepstep.preparation.numbers import BooleanColumn, StandardizedColumn
from deepstep.preparation.parsing import is_missing, truths
from deepstep.preparation.table import TablePreparation, with_columns
from deepstep.types import AnyArray

FEW_ROWS, FEW_OF_A_CLASS = 20, 10
"""Rows of a table, and of a class, below which a score of them says little."""

FAR_SHARE, FAR_ROWS = 0.05, 5
"""A far value is in more than this share of the rows, and in at least so many."""
FAR, FAR_CODE = 3.0, 0.5
"""Its distance from all others, in ranges of these; of a code for missing values, such as -999."""
DIFFERENT = 10
"""Different other values that a far one needs: of fewer, as doses, one may well be far from the others."""
_CODE = re.compile(r"-?9{2,}(\.0)?|-9(\.0)?")

MOST_ROWS, MOST_CELLS, FEWEST_ROWS = 10_000, 2_000_000, 500
"""Most rows whose values are looked at, most cells, and fewest rows in spite of many columns."""

SHOWN = 3
"""Classes and columns that a sentence names."""

_AGAIN = re.compile(r"\.\d+$")
"""The end that DeepStep and pandas give to a name which a header has once more."""


class Data(NamedTuple):
    """A table before a training, with few of its rows, and all values of its targets.

    Attributes
    ----------
    inputs : polars.DataFrame
        Columns that are learned from, some rows of them.
    targets : mapping
        The values of each target by its name, which is empty where it is unknown.
    classes : bool
        Whether the targets are classes.
    rows : int or None
        How many rows are learned from; None where ``targets`` are those of a part of them.
    """

    inputs: "polars.DataFrame"
    targets: Mapping[str, AnyArray]
    classes: bool
    rows: int | None


def few_rows(data: Data) -> str:
    """A table of few rows."""
    if data.rows is None or data.rows >= FEW_ROWS:
        return ""
    rows = "1 row is" if data.rows == 1 else f"{data.rows} rows are"
    return f"{rows} learned from, fewer than {FEW_ROWS}: scores of so few vary by chance"


def few_of_a_class(data: Data) -> str:
    """Classes of few rows, in a table that has more."""
    if not data.classes or data.rows is None or data.rows < FEW_ROWS:
        return ""
    few: dict[str, int] = {}
    n = 0
    for name, sizes in _class_sizes(data):
        n += len(sizes)
        few |= {f"{_prefix(name, data)}{cls!r}": size for cls, size in sizes.items() if size < FEW_OF_A_CLASS}
    listed = [f"{cls} ({size})" for cls, size in sorted(few.items(), key=lambda item: item[1])]
    says = f"{len(few)} of {n} classes have fewer than {FEW_OF_A_CLASS} rows to learn from: {_first(listed)}"
    return f"{says}; collect more rows of them, or merge classes" if few else ""


def similar_classes(data: Data) -> str:
    """Classes that differ in case or blanks alone."""
    pairs = []
    for name, sizes in _class_sizes(data) if data.classes else ():
        written: dict[str, list[str]] = {}
        for cls in sizes:
            if isinstance(cls, str):
                written.setdefault("".join(cls.split()).casefold(), []).append(repr(cls))
        pairs += [_prefix(name, data) + " and ".join(same) for same in written.values() if len(same) > 1]
    says = f"classes that differ in case or blanks alone: {_first(pairs)}"
    return f"{says}; write them the same way if they mean the same" if pairs else ""


def header_of_values(data: Data) -> str:
    """A header whose cells are values of their own columns, as that of a file without a header."""
    columns = [*data.inputs, *(_series(name, values) for name, values in data.targets.items() if name)]
    named = [column for column in columns if not column.name.startswith(("Unnamed: ", "column_"))]
    numbers = [number for column in named if (number := _number(column.name)) is not None]
    hits = [column for column in named if _is_value(column)]
    steps = np.diff(numbers)
    counted = len(steps) > 0 and bool((steps > 0).all())  # columns by number, years, wavelengths
    if len(named) < 2 or (counted and all(_number(column.name) is not None for column in hits)):
        return ""
    only_numbers = len(numbers) == len(named)
    hits = named if only_numbers else hits
    if not only_numbers and (len(hits) < 2 or 2 * len(hits) < len(named)):
        return ""
    return (
        f"{len(hits)} of {len(columns)} names of columns look like values: "
        f"{_first([repr(column.name) for column in hits])}; if the file has no header, read it with "
        "--read header=false (header=False, in pandas header=None)"
    )


def target_twice(data: Data) -> str:
    """An input with the name of the target."""
    repeated = [
        column
        for column in data.inputs.columns
        for name in data.targets
        if name and _number(name) is None
        if column == name or (column.startswith(name) and _AGAIN.fullmatch(column[len(name) :]))
    ]
    says = f"the header has the name of the target more than once: {_first(list(map(repr, repeated)))}"
    return f"{says} may be the target again; drop it from the inputs (--exclude) then" if repeated else ""


def far_values(data: Data) -> str:
    """Columns of numbers with one value far from all others in many rows, as a code for missing values."""
    columns = [*data.inputs]
    if not data.classes:
        columns += [_series(name or "the target", values) for name, values in data.targets.items()]
    far = [f"{column.name!r} ({says})" for column in columns if (says := _far_value(column))]
    says = f"one value far from all others in many rows of {_first(far)}"
    advice = "leave these cells empty, or these rows out for a target,"
    return f"{says}; {advice} if it stands for a missing value" if far else ""


CHECKS: tuple[Callable[[Data], str], ...] = (
    few_rows,
    few_of_a_class,
    similar_classes,
    header_of_values,
    target_twice,
    far_values,
)
"""The checks, in the order in which their sentences are shown; empty where nothing is found."""


def data_cautions(
    inputs: "polars.DataFrame", targets: Mapping[str, AnyArray], *, classes: bool, rows: int | None
) -> list[str]:
    """The sentences of all checks about the rows that are learned from.

    ``inputs`` may be some of these rows; ``rows`` is None where the targets are those of some rows, too.

    >>> import polars
    >>> frame = polars.DataFrame({"age": [*range(20, 40), -999, -999, -999, -999, -999]})
    >>> kinds = np.array(["a", "b", "A", "b", "b"] * 5)
    >>> data_cautions(frame, {"kind": kinds}, classes=True, rows=25)[1][:56]
    "classes that differ in case or blanks alone: 'A' and 'a'"
    """
    most = max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(1, inputs.width)))
    data = Data(few(inputs, most), targets, classes, rows)
    return [f"{says}." for check in CHECKS if (says := check(data))]


def _class_sizes(data: Data) -> Iterator[tuple[str, dict[Any, int]]]:
    """The number of rows of each class of each target."""
    for name, values in data.targets.items():
        classes, sizes = np.unique(values, return_counts=True)
        yield name, dict(zip(classes.tolist(), sizes.tolist(), strict=True))


def _prefix(name: str, data: Data) -> str:
    return f"{name} " if len(data.targets) > 1 else ""


def _first(names: Sequence[str]) -> str:
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _series(name: str, values: AnyArray) -> "polars.Series":
    rows = values[evenly_spread(len(values), MOST_ROWS)]
    return polars.Series(name, rows if rows.dtype.kind in "biuf" else list(map(str, rows.tolist())))


def _number(name: str) -> float | None:
    """The number that a name is, if it is one."""
    return float(name) if is_number(name) and "," not in name else None


def _is_value(series: "polars.Series") -> bool:
    """Whether the name of a column is among its values, or a decimal number in their range."""
    names = {series.name, _AGAIN.sub("", series.name)}
    plain = without_pattern(series)
    if not series.dtype.is_numeric():
        if series.dtype.is_nested() or series.dtype in (polars.Duration, polars.Binary, polars.Object):
            return False  # no text of a header is one
        texts = plain.cast(polars.String, strict=False).str.strip_chars()
        return bool(texts.is_in(list(names)).any())
    values = plain.drop_nulls().cast(polars.Float64).to_numpy()
    numbers = [number for name in names if (number := _number(name)) is not None]
    low, high = (values.min(), values.max()) if len(values) else (np.inf, -np.inf)
    inside = "." in series.name and any(low <= number <= high for number in numbers)
    return inside or bool(np.isin(numbers, values).any())


def _far_value(series: "polars.Series") -> str:
    """The value that is far from all others, in words; empty where there is none."""
    if not series.dtype.is_numeric():
        return ""
    values = without_pattern(series).drop_nulls().cast(polars.Float64).to_numpy()
    values = values[np.isfinite(values)]
    for value in (values.min(), values.max()) if len(values) else ():
        is_value = values == value
        others = values[~is_value]
        if is_value.sum() < FAR_ROWS or is_value.mean() <= FAR_SHARE or len(others) < FAR_ROWS:
            continue
        low, high = np.quantile(others, (0.01, 0.99), method="nearest")
        code = _CODE.fullmatch(f"{value:.15g}") is not None
        far = np.abs(others - value).min() > (FAR_CODE if code else FAR) * (high - low) > 0
        if far and (code or len(np.unique(others)) >= DIFFERENT):
            return f"{value:.15g} in {100 * is_value.mean():.0f} %, the others mostly {low:.6g} to {high:.6g}"
    return ""


Deciles = Sequence[tuple[float, float]]
"""Values, each with the share of those of the training up to it."""

LEAST_PSI, LEAST_SHARE, LEAST_ROWS = 0.1, 0.02, 3
"""A smaller difference from the training is none: of distributions, and of a share of the rows."""

LEAST_PART = 0.05
"""The share of the training rows that each part of a column of numbers has."""

CHANCE, DEVIATIONS = 0.999, 3.3
"""The share of samples of the training that have no difference, and as deviations of a share."""


MOSTLY = 0.9
"""Share of missing values from which on a column of new rows may be empty."""


class ColumnDrift(NamedTuple):
    """How far a column of new rows differs from that of the training.

    Attributes
    ----------
    column, kind : str
        As in `deepstep.preparation.TablePreparation`.
    missing, missing_before : float
        The share of rows without a value, and that of the training.
    unseen : float or None
        The share of rows whose text no training row had; None where not all of them are known.
    outside : float or None
        The share of rows whose number or date is beyond those that the preparation has a sample of.
    psi : float or None
        The population stability index, Σ (p - q) log(p / q) over deciles or categories.
    why : tuple of str
        What differs by more than chance, in words; empty where nothing does. Dates move on, so that of them
        only missing ones count.
    """

    column: str
    kind: str
    missing: float
    missing_before: float
    unseen: float | None
    outside: float | None
    psi: float | None
    why: tuple[str, ...]


def drift(inputs: TablePreparation, pieces: "Iterable[polars.DataFrame]") -> list[ColumnDrift]:
    """New rows against the statistics that a preparation has of the training.

    A difference counts where it is large, and beyond what one of 1,000 samples of the same rows has. Of two
    samples of n and N rows (n + N)/(n N) times a chi-squared variable with a degree of freedom less than
    there are parts is the PSI (Yurdakul, Statistical properties of population stability index, 2018).

    Parameters
    ----------
    inputs : TablePreparation
        Of the training.
    pieces : iterable of polars.DataFrame
        New rows; columns that training left out need not be there.

    Returns
    -------
    list of ColumnDrift
        One for each column that has features.

    Raises
    ------
    DataError
        If a column is missing, a value cannot be read, there are no rows, or the preparation has no sample.

    Examples
    --------
    >>> import polars
    >>> from deepstep.preparation import TablePreparation
    >>> before = polars.DataFrame({"age": [*range(20, 70)] * 4, "town": ["Bern", "Rome"] * 100})
    >>> after = before.with_columns(polars.col("age") + 30)
    >>> [column.why for column in drift(TablePreparation.fit(before), [after])]
    [('60.0 % of the values are out of range', 'the values are distributed otherwise (PSI 3.30)'), ()]
    """
    if not inputs.sampled:
        raise DataError("The model has no statistics of its training rows", "Models of tables keep them.")
    columns = [column for column in inputs.columns if column.feature_names]
    deciles = {column.name: edges for column, edges in zip(inputs.columns, inputs.deciles, strict=True)}
    before = {name: np.array(inputs.averages[block]) for name, block in inputs.blocks.items()}
    rows, counts = 0, dict[str, AnyArray]()
    for piece in pieces:
        frame = with_columns(piece, [column.name for column in columns])
        rows += frame.height
        for column in columns:
            counted = _counts(column, without_pattern(frame[column.name]), deciles[column.name])
            counts[column.name] = counts.get(column.name, 0) + counted
    if not rows:
        raise DataError("There are no rows to compare")
    return [
        _drift(column, counts[column.name], rows, before[column.name], deciles[column.name], inputs.sampled)
        for column in columns
    ]


def unknown_columns(inputs: TablePreparation, frame: "polars.DataFrame") -> list[str]:
    """Columns of which no row has a value, or a text, that the training knows.

    Columns that were mostly empty in the training are none of them.

    >>> import polars
    >>> before = polars.DataFrame({"town": ["Bern", "Rome", "Oslo"] * 9, "n": range(27)})
    >>> after = polars.DataFrame({"town": ["bern", "rome", None], "n": [1, None, None]})
    >>> unknown_columns(TablePreparation.fit(before), after)
    ['town']
    """
    names = []
    for column in inputs.columns:
        average = np.array(inputs.averages[inputs.blocks[column.name]])
        if column.feature_names and _missing_before(column, average) < MOSTLY:
            counts = _counts(column, without_pattern(frame[column.name]), ())
            all_known = isinstance(column, CategoryColumn | TwoValuesColumn)
            all_known = all_known and not getattr(column, "left_out", 0)
            if counts[0] + (counts[-1] if all_known else 0) == frame.height:
                names.append(column.name)
    return names


def _missing_before(column: Column, average: AnyArray) -> float:
    """The share of training rows without a value, from the means of the column's features."""
    if not getattr(column, "marks_missing", False):
        return 0.0
    return float(average[column.feature_names.index(mark_name(column.name))])


def _parts(deciles: Deciles) -> tuple[AnyArray, AnyArray]:
    """The values at which parts of a column end, and the shares of the parts in the training."""
    ends, shares, last = [], list[float](), 0.0
    for edge, below in deciles:
        if below - last >= LEAST_PART and below <= 1 - LEAST_PART:
            ends.append(edge)
            shares.append(below - last)
            last = below
    return np.array(ends), np.array([*shares, 1 - last])


def _counts(column: Column, series: "polars.Series", deciles: Deciles) -> AnyArray:
    """How many rows have no value, one out of range, and one of each part; unknown texts are the last."""
    outside = 0
    if isinstance(column, StandardizedColumn):
        values = column.values(series)
        missing, edges = np.isnan(values), _parts(deciles)[0]
        part, n = np.searchsorted(edges, values), len(edges) + 1
        if len(deciles):
            outside = int(((values < deciles[0][0]) | (values > deciles[-1][0])).sum())
    elif isinstance(column, BooleanColumn):
        values = truths(series)
        missing, n = np.isnan(values), 2
        part = np.where(missing, 0, values).astype(np.intp)
    else:
        categories = getattr(column, "categories", getattr(column, "values", ()))
        missing, n = is_missing(series), len(categories) + 1
        part = positions(series, categories) % n if categories else np.zeros(len(series), np.intp)
    return np.array([missing.sum(), outside, *np.bincount(part[~missing], minlength=n)])


def _drift(
    column: Column, counts: AnyArray, n: int, average: AnyArray, deciles: Deciles, sampled: int
) -> ColumnDrift:
    """The differences of a column of n rows from the training, of which so many rows are known."""
    unseen = outside = None
    missing_before = _missing_before(column, average)
    if isinstance(column, StandardizedColumn):
        parts = _parts(deciles)[1]
        outside = counts[1] / n
    elif isinstance(column, BooleanColumn | TwoValuesColumn):
        parts = np.array([1 - column.mean, column.mean])
    else:
        known = len(getattr(column, "categories", ()))
        parts = average[:known] / max(1 - missing_before, 1 / sampled)
    if isinstance(column, CategoryColumn | TwoValuesColumn) and len(parts):
        parts = np.append(parts, max(1 - parts.sum(), 0.0))
        unseen = None if getattr(column, "left_out", 0) else counts[-1] / n
    missing = counts[0] / n
    moves_on = isinstance(column, DateColumn)  # later rows have later dates
    differences = (
        ("missing", missing, missing_before),
        ("unknown texts", unseen, 0.0),
        ("out of range", None if moves_on else outside, 0.0),
    )
    why = []
    for what, share, share_before in differences:
        if (
            share is not None
            and not (moves_on and what == "out of range")
            and _differ(share, share_before, n, sampled)
        ):
            before = f", and {100 * share_before:.1f} % before" if share_before else ""
            why.append(f"{100 * share:.1f} % of the values are {what}{before}")
    psi = None
    if len(parts) > 1 and counts[2:].any():
        p = (counts[2:] + 0.5) / (counts[2:].sum() + 0.5 * len(parts))
        q = (parts * sampled + 0.5) / (sampled + 0.5 * len(parts))
        psi = float(((p - q) * np.log(p / q)).sum())
        from scipy.stats import chi2  # which takes a while to load

        bound = float(chi2.ppf(CHANCE, len(parts) - 1)) * (1 / counts[2:].sum() + 1 / sampled)
        if psi > max(LEAST_PSI, bound) and not moves_on:
            why.append(f"the values are distributed otherwise (PSI {psi:.2f})")
    shares = (missing, missing_before, unseen, outside)
    return ColumnDrift(column.name, column.kind, *shares, psi, tuple(why))


def _differ(share: float, before: float, n: int, sampled: int) -> bool:
    """Whether a share of n rows is larger or smaller than that of the training by more than chance."""
    pooled = (share * n + before * sampled + 1) / (n + sampled + 2)
    deviation = sqrt(pooled * (1 - pooled) * (1 / n + 1 / sampled))
    return abs(share - before) > max(LEAST_SHARE, LEAST_ROWS / n, DEVIATIONS * deviation)
