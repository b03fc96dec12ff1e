"""Columns of texts: categories, two values, and texts of words."""

from dataclasses import dataclass, field
from math import ceil
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.data.frames import as_categories
from deepstep.environment import polars
from deepstep.preparation.columns import Column, ConstantColumn, IdentifierColumn, with_mark
from deepstep.preparation.numbers import mark_done
from deepstep.preparation.parsing import is_missing, wrong_kind

MOST_CATEGORIES = 50
"""Most categories of a column that get a feature of their own, the frequent ones first."""
MOST_WORDS = 50
"""Most words of a column of texts that get a feature."""
FEWEST_ROWS_OF_A_WORD, LEAST_SHARE_OF_A_WORD = 20, 0.01
"""Training rows, and their share, in which a word has to occur to get a feature."""
FEWEST_ROWS_TO_TELL = 20
"""Rows from which on values that are all, or nearly all, different mark an identifier."""
WORD = r"[\p{L}\p{N}]+"
"""A word: letters and digits without a break."""


@dataclass(frozen=True)
class TwoValuesColumn(Column):
    """Texts of two values: 0 for the first in sorted order, 1 for the second, as truth values are."""

    kind: ClassVar[str] = "two values"
    why = "texts of 2 different values"
    name: str
    values: tuple[str, ...]
    mean: float
    marks_missing: bool

    @property
    def feature_names(self) -> tuple[str, ...]:
        return with_mark((f"{self.name}={self.values[1]}",), self.name, self.marks_missing)

    @property
    def done(self) -> str:
        first, second = self.values
        missing = mark_done(self.marks_missing, f" ({self.mean:.6g})")
        return f"encoded as 0 ({first!r}) and 1 ({second!r}){missing}; unseen: the mean"

    @property
    def fault(self) -> str:
        if len(self.values) != 2 or len(set(self.values)) != 2:
            return "there are two different values"
        return "" if 0 <= self.mean <= 1 else "the mean is from 0 to 1"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        position = positions(series, self.values)
        out[:, 0] = np.where(position < 0, self.mean, position)
        out[:, 1:] = is_missing(series)[:, None]


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Texts: a 0/1 feature for each category, in sorted order, for missing ones and for all others."""

    kind: ClassVar[str] = "category"
    name: str
    categories: tuple[str, ...]
    left_out: int
    marks_missing: bool = False
    has_other: bool = False
    caution: str = field(default="", kw_only=True)

    @property
    def feature_names(self) -> tuple[str, ...]:
        names = tuple(f"{self.name}={category}" for category in self.categories)
        other = (f"{self.name} other",) if self.has_other else ()
        return (*with_mark(names, self.name, self.marks_missing), *other)

    @property
    def done(self) -> str:
        n = len(self.categories)
        missing = ", and an indicator of missing values" if self.marks_missing else ""
        if self.has_other:
            return f"one-hot encoded: the {n} most frequent values, and one feature for all others{missing}"
        rest = "unseen: all 0" if self.marks_missing else "missing and unseen: all 0"
        encoded = f"one-hot encoded: {n} values{missing}; {rest}"
        if not self.left_out:
            return encoded
        return f"{encoded}; only the {n} most frequent are kept, {self.left_out} are left out"

    @property
    def why(self) -> str:
        return f"texts of {len(self.categories) + self.left_out} different values"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        position = positions(series, self.categories)
        known = np.flatnonzero(position >= 0)
        out[known, position[known]] = 1.0
        # the marks stand behind the categories: missing, then other
        missing = is_missing(series)
        mark = len(self.categories)
        if self.marks_missing:
            out[:, mark] = missing
        if self.has_other:
            out[:, mark + self.marks_missing] = (position < 0) & ~missing


@dataclass(frozen=True)
class TextColumn(CategoryColumn):
    """Texts of words: a 0/1 feature for each frequent word, beside those of categories, if any."""

    kind: ClassVar[str] = "text"
    words: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (*super().feature_names, *(f"{self.name} has {word}" for word in self.words))

    @property
    def done(self) -> str:
        words = f"an indicator of each of {len(self.words)} frequent words"
        if self.categories:
            return f"{words}; {super().done}"
        return f"{words}{', and of missing values' if self.marks_missing else ''}"

    @property
    def why(self) -> str:
        return f"{super().why}, with words that come again"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        first = len(self.feature_names) - len(self.words)
        super().write(series, out[:, :first])
        words = words_of(polars.DataFrame({"value": _as_texts(series)}).with_row_index("row"))
        known = words.with_columns(
            polars.col("word").cast(polars.Enum(self.words), strict=False)
        ).drop_nulls()
        out[known["row"].to_numpy(), first + known["word"].to_physical().to_numpy().astype(np.intp)] = 1.0


def words_of(texts: "polars.DataFrame") -> "polars.DataFrame":
    """A row for each different word of each text: its column "value" becomes "word", the others stay."""
    words = polars.col("value").str.to_lowercase().str.extract_all(WORD).list.unique()
    return texts.with_columns(word=words).drop("value").explode("word", empty_as_null=False, keep_nulls=False)


def positions(series: "polars.Series", categories: tuple[str, ...]) -> NDArray[np.intp]:
    """The position of each value among the categories, −1 where it is missing or none of them: (m,)."""
    enum = polars.Enum(categories)

    def codes(texts: "polars.Series") -> "polars.Series":
        return texts.cast(enum, strict=False).to_physical().cast(polars.Int64)

    result = codes(_as_texts(series))
    if series.dtype.is_float():  # 1.0 is the category 1 as well
        result = result.zip_with(result.is_not_null(), codes(as_categories(series)))
    return result.fill_null(-1).to_numpy().astype(np.intp)


def _as_texts(series: "polars.Series") -> "polars.Series":
    if series.dtype.is_nested() or series.dtype.is_temporal() or series.dtype == polars.Binary:
        raise wrong_kind(series, "texts")
    return series.cast(polars.String)


def count_texts(series: "polars.Series") -> "polars.DataFrame":
    """The different texts of a column, "value", and their numbers of rows, "rows"."""
    return series.alias("value").cast(polars.String).drop_nulls().value_counts(name="rows")


def column_of_texts(
    name: str, counts: "polars.DataFrame", m: int, *, identifiers: bool, others: int, declared: bool = False
) -> Column:
    """The kind of a column of texts, by how often each occurs."""
    n_present, n = int(counts["rows"].sum()) + others, counts.height + others
    marks_missing = n_present < m
    if n == 1:
        return ConstantColumn(name, counts["value"][0][:60], marks_missing, from_texts=True)
    if n == 2:
        share = int(counts["rows"][1]) / n_present
        return TwoValuesColumn(name, tuple(counts["value"]), share, marks_missing)
    mostly_different = n_present >= FEWEST_ROWS_TO_TELL and 2 * n > n_present and not declared
    words: tuple[str, ...] = ()
    if (n > MOST_CATEGORIES and not declared) or mostly_different:
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
    rows = polars.col("rows").sum()
    words = words_of(counts).group_by("word").agg(rows)
    # rows in which the word is the whole value: a category, which has a feature already
    values = counts.group_by(polars.col("value").str.to_lowercase().alias("word")).agg(rows.alias("as value"))
    least = max(FEWEST_ROWS_OF_A_WORD, ceil(LEAST_SHARE_OF_A_WORD * m))
    frequent = (
        words.join(values, on="word", how="left")
        .filter(
            polars.col("rows").is_between(least, m - 1),
            polars.col("rows") > polars.col("as value").fill_null(0),
        )
        .sort(["rows", "word"], descending=[True, False])
    )
    return tuple(frequent["word"].head(MOST_WORDS).sort())
