"""Columns of a table as steps: raw values as numbers, the features of each fold, inputs of networks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from deepstep.environment import polars
from deepstep.export.program import RAW, Builder, Input
from deepstep.preparation import TablePreparation
from deepstep.preparation.categories import CategoryColumn, TextColumn, TwoValuesColumn
from deepstep.preparation.columns import Column, ConstantColumn
from deepstep.preparation.dates import DateColumn
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.number_formats import number_patterns
from deepstep.preparation.numbers import BooleanColumn, StandardizedColumn
from deepstep.preparation.parsing import iso_substitutions
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
        return [made("presence", blanks=not column.from_texts)]
    if isinstance(column, DateColumn):
        to_iso = iso_substitutions(column.written)
        return [made(column.kind, lenient=column.from_texts, written=column.written, to_iso=to_iso)]
    written: str = getattr(column, "written", "")
    return [made(column.kind, **number_patterns(written), example=written) if written else made(column.kind)]


TOGETHER = {"take", "standardize", "impute", "missing"}
"""Operations of single features, which are one step for all columns."""


def features_value(builder: Builder, preparation: TablePreparation, inputs: Inputs) -> str:
    """Add the features of a table, (m, n_features)."""
    together: dict[str, list[tuple[int, int, Mapping[str, Any]]]] = {}
    parts: list[tuple[str, Sequence[int]]] = []
    n = 0
    for column in (one for one in preparation.columns if one.feature_names):
        for op, at, constants in _features_of(column, inputs):
            if op in TOGETHER:
                together.setdefault(op, []).append((n, at, constants))
                n += 1
            else:
                value = builder.add(op, builder.take(RAW, [at]), **constants)
                parts.append((value, range(n, n + builder.widths[value])))
                n += builder.widths[value]
    for op, found in together.items():
        value = builder.take(RAW, [at for _, at, _ in found])
        numbers: Any = {role: np.array([given[role] for _, _, given in found]) for role in found[0][2]}
        value = value if op == "take" else builder.add(op, value, **numbers)
        parts.append((value, [place for place, _, _ in found]))
    places = np.concatenate([place for _, place in parts])
    return builder.take(builder.concat(*[value for value, _ in parts]), np.argsort(places))


def _features_of(column: Column, inputs: Inputs) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The features of a column in their order: an operation, its column of ``raw``, and its constants."""
    found = inputs.of(column)
    if isinstance(column, CategoryColumn | TwoValuesColumn):
        n = len(column.feature_names) - len(getattr(column, "words", ()))
        if n:
            yield "lookup", found.start, {"table": _table(column, found.settings["values"], n)}
        if isinstance(column, TextColumn):
            words = inputs.of(column, "words")
            for word in column.words:
                yield "take", words.start + words.settings["words"].index(word), {}
        return
    if isinstance(column, StandardizedColumn):
        yield "standardize", found.start, {"mean": column.mean, "std": column.std}
    if isinstance(column, BooleanColumn):
        yield "impute", found.start, {"value": column.mean}
    for part in getattr(column, "parts", ()):
        yield part, found.start, {}
    if column.marks_missing:  # type: ignore[attr-defined]
        yield "missing", found.start, {}


def _table(column: Any, values: Sequence[str], n: int) -> AnyArray:
    """The features of each value, of an unseen one and of a missing one, as the column itself writes them."""
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
