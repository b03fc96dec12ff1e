"""Which kind a column is: by its type and by what the training rows have in it."""

import re
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation.category_columns import (
    MOST_CATEGORIES,
    CategoryColumn,
    TextColumn,
    TwoValuesColumn,
    words_of,
)
from deepstep.preparation.columns import AnyColumn
from deepstep.preparation.date_columns import DateColumn
from deepstep.preparation.left_out_columns import ConstantColumn, EmptyColumn, IdentifierColumn
from deepstep.preparation.number_columns import BooleanColumn, DurationColumn, NumberColumn, is_whole
from deepstep.preparation.values import is_missing, numbers, stripped, wrong_kind
from deepstep.preparation.words_among_numbers import cautioned, words_among_numbers
from deepstep.preparation.written_dates import date_writing_of
from deepstep.preparation.written_numbers import writing_of

if TYPE_CHECKING:
    import polars

MOST_WORDS = 50
"""So many most frequent words of texts get a feature."""
FEWEST_ROWS_OF_A_WORD, LEAST_SHARE_OF_A_WORD = 20, 0.01
"""A word has to stand in so many training rows, and in this share of them."""
FEWEST_ROWS_TO_TELL = 20
"""In fewer rows, values that are all, or nearly all, different do not show an identifier."""
FEWEST_ROWS_THAT_COUNT = 10
"""Fewer are enough for whole numbers that grow from row to row: such an order hardly ever comes by chance."""
# Also user_id and PassengerId, but not paid; Unnamed: 0 and __index_level_0__ are the index that pandas
# writes. A name is asked for because ranks and numbers of days count the rows, too, and mean something.
_NAMES_OF_IDENTIFIERS = re.compile(
    r"(?i:^(?:unnamed: \d+(?:\.\d+)*|__index_level_\d+__|#|pk|"
    r"(?:row|record|obs|observation|seq|sequence)[ _]?(?:id|index|idx|nr|no|num|number|names?)?\.?)?$"
    r"|(?:^|[_\W])(?:id|uuid|guid|key|index|idx|nr|no|number)\.?$)"
    r"|[a-z0-9]I[dD]$"
)


def fit_column(series: "polars.Series", *, identifiers: bool = True) -> AnyColumn:
    """Choose a column's kind and learn what it needs from its values.

    ``identifiers`` says whether columns that name the rows are left out.
    """
    import polars

    dtype = series.dtype
    if is_missing(series).all():
        return EmptyColumn(series.name)
    if dtype == polars.Boolean:
        return _constant(series) or BooleanColumn.fit(series)
    if dtype.is_numeric():
        return _number(series, "", identifiers and dtype.is_integer())
    if isinstance(dtype, polars.Duration):
        return _constant(series) or DurationColumn.fit(series)
    if dtype.is_temporal():
        return _constant(series) or DateColumn.fit(series)
    if dtype == polars.String:
        text = stripped(series)
        if text.count():
            written = writing_of(text)
            if written is not None:
                return _number(text, written, identifiers)
            written = date_writing_of(text)
            if written is not None:
                return _constant(text) or DateColumn.fit(text, written)
        counts = counted(series)
        among = words_among_numbers(counts)
        if among is not None:
            found = NumberColumn.fit(series.name, numbers(text, among.written), among.written)
            return replace(found, words=among.words, rows_of_words=among.rows)
        return cautioned(column_of_texts(series.name, counts, len(series), identifiers=identifiers), counts)
    if dtype in (polars.Categorical, polars.Enum):
        return _texts(series, identifiers)
    raise wrong_kind(series, "numbers, texts, truth values or dates")


def _number(series: "polars.Series", written: str, identifiers: bool) -> AnyColumn:
    values = numbers(series, written)
    missing = np.isnan(values)
    present = values[~missing]
    if present.min() == present.max():
        value = f"{present[0]:.15g}"
        return ConstantColumn(series.name, value, bool(missing.any()), of_texts=False)
    if identifiers and not missing.any():
        reason = why_identifier(series.name, values, in_order=not written)
        if reason:
            return IdentifierColumn(series.name, reason)
    return NumberColumn.fit(series.name, values, written)


def why_identifier(name: str, values: NDArray[np.float64], *, in_order: bool) -> str:
    """Why these numbers name the rows, or nothing; ``in_order`` says whether they stand as in the table."""
    m = len(values)
    if not says_identifier(name) or m < FEWEST_ROWS_THAT_COUNT or not is_whole(values):
        return ""
    if m < FEWEST_ROWS_TO_TELL and not (in_order and (np.diff(values) > 0).all()):
        return ""
    if len(np.unique(values)) < m:
        return ""
    return "it is another whole number in every row, and its name says that it identifies them"


def says_identifier(name: str) -> bool:
    """Whether a column is called as those are that name the rows."""
    return _NAMES_OF_IDENTIFIERS.search(name) is not None


def _constant(series: "polars.Series") -> ConstantColumn | None:
    """A column of truth values, dates or spans, where it has one value; missing ones do not count."""
    import polars

    present = series.drop_nulls()
    if (present != present[:1]).any():
        return None
    # polars writes no spans; Python needs a database of time zones to write moments.
    value = (
        str(present[0]) if isinstance(series.dtype, polars.Duration) else present[:1].cast(polars.String)[0]
    )
    return ConstantColumn(series.name, value[:60], series.null_count() > 0, of_texts=False)


def _texts(series: "polars.Series", identifiers: bool) -> AnyColumn:
    return column_of_texts(series.name, counted(series), len(series), identifiers=identifiers)


def counted(series: "polars.Series") -> "polars.DataFrame":
    """The different texts of a column, "value", and their numbers of rows, "rows"."""
    import polars

    return series.alias("value").cast(polars.String).drop_nulls().value_counts(name="rows")


def column_of_texts(
    name: str, counts: "polars.DataFrame", m: int, *, identifiers: bool, others: int = 0
) -> AnyColumn:
    """The kind of a column of texts, by how often each occurs.

    ``counts`` is as `counted` gives it, ``m`` counts rows without a text, too, and ``others`` are rows whose
    texts were not counted: they are taken to be all different.
    """
    import polars

    n_present, n = int(counts["rows"].sum()) + others, counts.height + others
    marks_missing = n_present < m
    if n == 1:
        return ConstantColumn(name, counts["value"][0][:60], marks_missing, of_texts=True)
    if n == 2:
        two = counts.sort("value")
        share = int(two["rows"][1]) / n_present
        return TwoValuesColumn(name, tuple(two["value"]), share, marks_missing)
    mostly_different = n_present >= FEWEST_ROWS_TO_TELL and 2 * n > n_present
    words: tuple[str, ...] = ()
    if n > MOST_CATEGORIES or mostly_different:
        words = _frequent_words(counts, m)
    if words and mostly_different:
        return TextColumn(name, (), n, marks_missing, words=words)
    if identifiers and not words and n == n_present and mostly_different:
        return IdentifierColumn(name, "it is another text in every row, without words that come again")
    if identifiers and mostly_different and n > MOST_CATEGORIES:  # from a few rows nothing is learned
        counts = counts.filter(polars.col("rows") >= FEWEST_ROWS_OF_A_WORD)
        if not (counts.height or words or marks_missing):
            return IdentifierColumn(name, "its texts are mostly different, and none comes often")
    frequent = counts.sort(["rows", "value"], descending=[True, False])["value"].head(MOST_CATEGORIES)
    categories, left_out = tuple(frequent.sort()), n - len(frequent)
    if words:
        return TextColumn(name, categories, left_out, marks_missing, left_out > 0, words)
    return CategoryColumn(name, categories, left_out, marks_missing, left_out > 0)


def _frequent_words(counts: "polars.DataFrame", m: int) -> tuple[str, ...]:
    """The most frequent words that are more than a whole value, and not in every row: sorted."""
    import polars

    rows = polars.col("rows").sum()
    of_words = words_of(counts).group_by("word").agg(rows)
    whole = counts.group_by(polars.col("value").str.to_lowercase().alias("word")).agg(rows.alias("whole"))
    least = max(FEWEST_ROWS_OF_A_WORD, ceil(LEAST_SHARE_OF_A_WORD * m))
    kept = (
        of_words.join(whole, on="word", how="left")
        .filter(
            polars.col("rows").is_between(least, m - 1), polars.col("rows") > polars.col("whole").fill_null(0)
        )
        .sort(["rows", "word"], descending=[True, False])
    )
    return tuple(kept["word"].head(MOST_WORDS).sort())
