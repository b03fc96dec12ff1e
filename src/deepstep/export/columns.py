"""Columns of a table as steps: raw values as numbers, the features of each fold, inputs of networks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from deepstep.export.program import RAW, Builder, Input
from deepstep.preparation import TablePreparation
from deepstep.preparation.categories import CategoryColumn, TextColumn, TwoValuesColumn
from deepstep.preparation.columns import Column, ConstantColumn
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.number_formats import number_patterns
from deepstep.preparation.numbers import BooleanColumn, DateColumn, StandardizedColumn
from deepstep.preparation.parsing import DATE_FORMATS
from deepstep.types import AnyArray

UNSEEN = "\0unseen"


class Inputs:
    """The inputs of a program: what the columns of all folds need of each raw column."""

    def __init__(self, preparations: Iterable[TablePreparation]) -> None:
        found: dict[Any, Input] = {}
        for column in (column for one in preparations for column in one.columns if column.feature_names):
            for one in _inputs_of(column):
                known = found.setdefault(_key(one), one)
                merged = {name: _merged(known.settings[name], value) for name, value in one.settings.items()}
                found[_key(one)] = replace(known, settings=merged)
        widths = [len(one.settings.get("words", [0])) for one in found.values()]
        starts = accumulate(widths, initial=0)
        self.by_key = {
            key: replace(one, start=start, width=width)
            for (key, one), start, width in zip(found.items(), starts, widths, strict=False)
        }
        self.n_raw = sum(widths)

    def of(self, column: Column, kind: str = "") -> Input:
        """The input of a column, the first or that of a kind."""
        return next(self.by_key[_key(one)] for one in _inputs_of(column) if kind in ("", one.kind))


def _key(one: Input) -> tuple[Any, ...]:
    """The same for inputs of folds that are one; tuples, values or words, are those of all folds together."""
    return one.column, one.kind, *(value for value in one.settings.values() if not isinstance(value, tuple))


def _merged(one: Any, other: Any) -> Any:
    return tuple(dict.fromkeys([*one, *other])) if isinstance(other, tuple) else other


def _inputs_of(column: Column) -> list[Input]:
    """The inputs of a column of one fold, whose place is not known yet."""
    like = getattr(column, "mean", 0.0), getattr(column, "std", 1.0)

    def made(kind: str, **settings: Any) -> Input:
        return Input(column.name, kind, 0, settings=settings, like=like)

    if isinstance(column, TextColumn):
        words, whole = made("words", words=column.words), made("category", values=column.categories)
        return [whole, words] if len(column.feature_names) > len(column.words) else [words]
    if isinstance(column, CategoryColumn | TwoValuesColumn):
        values = column.categories if isinstance(column, CategoryColumn) else column.values
        return [made("category", values=tuple(values))]
    if isinstance(column, ConstantColumn):
        return [made("presence", blanks=not column.of_texts)]
    if isinstance(column, DateColumn):
        form = DATE_FORMATS[column.written]
        iso = re.sub(r"\$\{(\d)\}", r"\\\1", form.iso)
        return [made(column.kind, lenient=column.of_texts, pattern=form.pattern, iso=iso)]
    written: str = getattr(column, "written", "")
    return [made(column.kind, **number_patterns(written), example=written) if written else made(column.kind)]


class _Features:
    """The features of a table, gathered by operation: each kind of column is one step for all columns."""

    def __init__(self, builder: Builder, inputs: Inputs) -> None:
        self.builder, self.inputs = builder, inputs
        self.n = 0
        self.gathered: dict[str, list[tuple[int, int, tuple[float, ...]]]] = {}
        self.blocks: list[tuple[str, list[int]]] = []

    def add(self, op: str, at: int, *numbers: float) -> None:
        """One feature of the raw column ``at``."""
        self.gathered.setdefault(op, []).append((self.n, at, numbers))
        self.n += 1

    def block(self, op: str, at: int, **constants: Any) -> None:
        """Several features of one raw column."""
        value = self.builder.add(op, self.builder.take(RAW, [at]), **constants)
        places = range(self.n, self.n + self.builder.widths[value])
        self.blocks.append((value, [*places]))
        self.n = places.stop

    def value(self) -> str:
        """All features in their order."""
        parts = [*self.blocks]
        for op, found in self.gathered.items():
            taken = self.builder.take(RAW, [at for _, at, _ in found])
            columns = zip(*(numbers for _, _, numbers in found), strict=True)
            constants: Any = dict(zip(CONSTANTS.get(op, ()), map(np.array, columns), strict=True))
            made = taken if op == "take" else self.builder.add(op, taken, **constants)
            parts.append((made, [place for place, _, _ in found]))
        places = np.concatenate([place for _, place in parts])
        return self.builder.take(self.builder.concat(*[value for value, _ in parts]), np.argsort(places))


CONSTANTS = {"standardize": ("mean", "std"), "impute": ("value",)}
"""Numbers that a feature has, by operation."""


def features_value(builder: Builder, preparation: TablePreparation, inputs: Inputs) -> str:
    """Add the features of a table, (m, n_features)."""
    features = _Features(builder, inputs)
    for column in preparation.columns:
        if column.feature_names:
            _add(features, column)
    return features.value()


def _add(features: _Features, column: Column) -> None:
    found = features.inputs.of(column)
    if isinstance(column, CategoryColumn | TwoValuesColumn):
        n = len(column.feature_names) - len(getattr(column, "words", ()))
        if n:
            features.block("lookup", found.start, table=_table(column, found.settings["values"], n))
        words = features.inputs.of(column, "words") if isinstance(column, TextColumn) else None
        for word in getattr(column, "words", ()):
            features.add("take", words.start + words.settings["words"].index(word))  # type: ignore[union-attr]
        return
    if isinstance(column, StandardizedColumn):
        features.add("standardize", found.start, column.mean, column.std)
    if isinstance(column, BooleanColumn):
        features.add("impute", found.start, column.mean)
    for part in getattr(column, "parts", ()):
        features.block(part, found.start)
    if column.marks_missing:  # type: ignore[attr-defined]
        features.add("missing", found.start)


def _table(column: Any, values: Sequence[str], n: int) -> AnyArray:
    """The features of each value, of an unseen one and of a missing one, as the column itself writes them."""
    from deepstep.environment import polars

    kind = CategoryColumn if isinstance(column, TextColumn) else type(column)
    table = np.zeros((len(values) + 2, n))
    kind.write(column, polars.Series(column.name, [*values, UNSEEN, None], polars.String), table)
    return table


def encoded_value(builder: Builder, features: str, encoding: Encoding | None) -> str:
    """Add the inputs that an encoding makes of features, as float32; features as they are without one."""
    if encoding is None:
        return features
    n, rules = len(encoding.center), encoding.rules
    ranked = [at for at, marks in enumerate(encoding.marks) if marks]
    plain = [at for at in range(n) if at not in set(ranked)]
    parts = [
        builder.add(
            "interpolate",
            builder.take(features, [at]),
            marks=np.array(encoding.marks[at]),
            scores=np.array(encoding.scores[at]),
        )
        for at in ranked
    ]
    if plain:
        taken = builder.take(features, plain)
        clipped = builder.add("smooth_clip", taken, center=rules.center[plain], factor=rules.factor[plain])
        parts = [clipped, *parts]
    scaled = builder.take(builder.concat(*parts), np.argsort([*plain, *ranked]))
    if len(rules.begins):
        cut = builder.take(features, encoding.origins[n:])
        given = {name: getattr(rules, name) for name in ("begins", "widths", "low", "high")}
        scaled = builder.concat(scaled, builder.add("pieces", cut, **given))
    return builder.add("single", scaled)
