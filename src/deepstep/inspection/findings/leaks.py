"""Target leakage: columns of a table that alone determine the target."""

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deepstep.data.frames import without_pattern
from deepstep.environment import package
from deepstep.inspection.findings.finding import Finding, new_finding
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.columns import Column
from deepstep.preparation.parsing import is_missing
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

MOST_ROWS, MOST_CELLS, FEWEST_ROWS = 10_000, 2_000_000, 500
"""Most rows that are examined, most cells, and fewest rows in spite of many columns."""

# Fraction of the errors of the majority class: a column with more does not determine the target. The best
# column of iris has 7 %, the smell of mushrooms 3 %.
ERRORS = 0.02
OF_OTHERS = 10  # rows outside the largest class; fewer are too easily determined by chance
FEWEST_OF_AN_ORDER = 50  # rows; with fewer a measured column may well separate the classes
CHANCE = 1e-6  # probability that a random column does as well, over all columns of the table
CORRELATION = 0.999  # of ranks: from here on a column has the order of a numeric target
FEWEST_NUMBERS = 20  # rows of a numeric target
OF_ORDER = ("number", "boolean", "date")  # kinds of columns; others have no order


def leak_findings(
    frame: "polars.DataFrame",
    columns: Mapping[str, Column | None],
    answers: Mapping[str, AnyArray],
    *,
    classes: bool,
    surely: bool = False,
) -> Iterator[Finding]:
    """Columns that alone determine a target: recorded, perhaps, when it was known already."""
    # A column determines classes if rows that are sorted by it have one class after the other, or if its
    # values repeat and each belongs to one class; numbers if it has their order, or texts that each belong
    # to one number.
    used = {name: column for name, column in columns.items() if column is None or column.feature_names}
    most = max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(1, len(used))))
    rows = evenly_spread(frame.height, most) if frame.height else np.arange(0)
    targets = {name: values[rows] for name, values in answers.items()}
    if classes:
        targets = {name: np.unique(values, return_inverse=True)[1] for name, values in targets.items()}
    targets = {name: target for name, target in targets.items() if _enough(target, classes=classes)}
    if not targets:
        return
    sample = frame[rows]
    for name, column in used.items():
        seen = _seen(column, without_pattern(sample.get_column(name)))
        if len(used) < 2 and not seen.numbers_rows:
            continue
        for answer, target in targets.items():
            if classes:
                how = _of_classes(target, seen, len(used), surely=surely)
            else:
                how = "" if surely else _of_numbers(target, seen)
            if how:
                yield new_finding(
                    "leakage",
                    1.0,
                    column=name,
                    what=f"the target {answer!r}" if len(answers) > 1 and answer else "the target",
                    how=how,
                    seen=": it numbers the rows, which are sorted by the target" if seen.numbers_rows else "",
                    quoted=shlex.quote(name),
                    condition=", and the rows came in this order" if seen.numbers_rows else "",
                )


class _Seen(NamedTuple):
    """A column: codes of the values, sorted where these have an order, and numbers, NaN if missing."""

    codes: AnyArray
    values: Array | None
    numbers_rows: bool = False


def _seen(column: Column | None, series: "polars.Series") -> _Seen:
    from deepstep.environment import polars

    numbers_rows = False
    if series.dtype.is_numeric():
        values = series.cast(polars.Float64).to_numpy()  # NaN if missing
        numbers_rows = series.dtype.is_integer() and bool((np.diff(values) > 0).all())
    elif column is None and series.dtype.is_temporal():
        values = series.to_physical().cast(polars.Float64).to_numpy()
    elif column is None or column.kind not in OF_ORDER:
        texts = series.cast(polars.String).fill_null("").to_numpy()
        return _Seen(np.unique(texts.astype(object), return_inverse=True)[1], None)
    else:
        features = np.zeros((len(series), len(column.feature_names)))
        column.write(series, features)
        values = features[:, 0]
        values[is_missing(series, blanks=True)] = np.nan
    return _Seen(np.unique(values, return_inverse=True)[1], values, numbers_rows)


def _enough(target: AnyArray, *, classes: bool) -> bool:
    """Whether there are enough rows."""
    if classes:
        return len(target) > 0 and len(target) - np.bincount(target).max() >= OF_OTHERS
    return len(target) >= FEWEST_NUMBERS and bool((target != target[0]).any())


def _of_classes(target: AnyArray, seen: _Seen, n_columns: int, *, surely: bool) -> str:
    """How well a column determines the classes, in words; empty if it does not."""
    gammaln = package("scipy.special").gammaln
    m, class_sizes = len(target), np.bincount(target)
    n_classes = len(class_sizes)
    if surely and not seen.numbers_rows and seen.codes.max() + 1 != n_classes:
        return ""  # nearly all columns end here, and there may be thousands
    pairs, counts = np.unique(seen.codes * n_classes + target, return_counts=True)
    values, labels = np.divmod(pairs, n_classes)
    order = np.lexsort((-counts, values))  # for each value the most frequent class first
    counts, labels = counts[order], labels[order]
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    n_labels = np.diff(starts, append=len(counts))
    sizes, largest = np.add.reduceat(counts, starts), counts[starts]
    second = np.where(n_labels > 1, counts[np.minimum(starts + 1, len(counts) - 1)], 0)
    most = int(ERRORS * (m - class_sizes.max()))
    # the number of ways to assign the classes to the rows, and of those with few errors
    log_ways = gammaln(m + 1) - gammaln(class_sizes + 1).sum()
    log_enough = np.log(CHANCE) - np.log(n_columns)
    ways = []
    if not surely or len(sizes) == n_classes:  # each row is predicted by the others with its value
        errors = np.where(largest - 1 > second, sizes - largest, sizes).sum()
        ways.append((errors, len(sizes) * np.log(n_classes)))
    ordered = seen.values is not None and m >= FEWEST_OF_AN_ORDER and not surely
    if ordered or seen.numbers_rows:
        changes = int(np.count_nonzero(np.diff(labels[starts])))
        isolated = max(0, changes - n_classes + 1)  # rows that change the class twice
        errors = (sizes - largest).sum() + (isolated + 1) // 2
        ways.append((errors, gammaln(n_classes + 1)))
    for errors, log_fits in ways:
        log_chance = log_fits + errors * np.log(m * n_classes) - log_ways
        if errors <= (0 if surely and not seen.numbers_rows else most) and log_chance < log_enough:
            return f"in {100 * (1 - errors / m):.3g} % of {m:,} rows"
    return ""


def _of_numbers(target: Array, seen: _Seen) -> str:
    """How well a column determines numbers, in words; empty if it does not."""
    rankdata = package("scipy.stats").rankdata
    if seen.values is None:
        counts = np.bincount(seen.codes)[seen.codes]
        sums = np.bincount(seen.codes, weights=target)[seen.codes]
        mean = target.mean()
        others = np.where(counts > 1, (sums - target) / np.maximum(1, counts - 1), mean)
        share = 1 - ((target - others) ** 2).sum() / ((target - mean) ** 2).sum()
        return f"with R² {share:.4f}" if share >= CORRELATION else ""
    there = ~np.isnan(seen.values)
    x, y = seen.values[there], target[there]
    if 2 * len(x) < len(there) or len(x) < FEWEST_NUMBERS or (x == x[0]).all() or (y == y[0]).all():
        return ""
    correlation = float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])
    return f"by a rank correlation of {correlation:.4f}" if abs(correlation) >= CORRELATION else ""
