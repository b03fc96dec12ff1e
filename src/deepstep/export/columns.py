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
from deepstep.preparation.numbers import BooleanColumn, StandardizedColumn
from deepstep.preparation.parsing import iso_substitutions, number_patterns
from deepstep.types import AnyArray

UNSEEN = "\0unseen"


class Inputs:
    """The inputs of a program: what the columns of all folds need of each raw column."""

    def __init__(self, preparations: Iterable[TablePreparation]) -> None:
        by_key: dict[Any, Input] = {}
        used = (column for table in preparations for column in table.columns if column.feature_names)
        for source in (source for column in used for source in _inputs_of(column)):
            known = by_key.setdefault(_key(source), source)
            merged = {name: _merged(known.settings[name], value) for name, value in source.settings.items()}
            by_key[_key(source)] = replace(known, settings=merged)
        widths = [len(source.settings.get("words", [0])) for source in by_key.values()]
        starts = accumulate(widths, initial=0)
        self.by_key = {
            key: replace(source, start=start, width=width)
            for (key, source), start, width in zip(by_key.items(), starts, widths, strict=False)
        }
        self.n_raw = sum(widths)

    def of(self, column: Column, kind: str = "") -> Input:
        """The input of a column, the first or that of a kind."""
        return next(self.by_key[_key(source)] for source in _inputs_of(column) if kind in ("", source.kind))


def _key(source: Input) -> tuple[Any, ...]:
    """Equal for the inputs of several folds that become one; their tuples, values or words, are merged."""
    return source.column, source.kind, *(v for v in source.settings.values() if not isinstance(v, tuple))


def _merged(value: Any, other: Any) -> Any:
    return tuple(dict.fromkeys([*value, *other])) if isinstance(other, tuple) else other


def _inputs_of(column: Column) -> list[Input]:
    """The inputs of a column of one fold, whose place is not known yet."""
    like = getattr(column, "mean", 0.0), getattr(column, "std", 1.0)

    def made(kind: str, **settings: Any) -> Input:
        return Input(column.name, kind, 0, settings=settings, like=like)

    if isinstance(column, TextColumn):
        words, category = made("words", words=column.words), made("category", values=column.categories)
        return [category, words] if len(column.feature_names) > len(column.words) else [words]
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
    for column in (column for column in preparation.columns if column.feature_names):
        for op, index, constants in _features_of(column, inputs):
            if op in TOGETHER:
                together.setdefault(op, []).append((n, index, constants))
                n += 1
            else:
                value = builder.add(op, builder.take(RAW, [index]), **constants)
                parts.append((value, range(n, n + builder.widths[value])))
                n += builder.widths[value]
    for op, features in together.items():
        value = builder.take(RAW, [index for _, index, _ in features])
        numbers: Any = {role: np.array([c[role] for *_, c in features]) for role in features[0][2]}
        value = value if op == "take" else builder.add(op, value, **numbers)
        parts.append((value, [position for position, _, _ in features]))
    # the parts are by operation: their features are sorted back
    positions = np.concatenate([position for _, position in parts])
    return builder.take(builder.concat(*[value for value, _ in parts]), np.argsort(positions))


def _features_of(column: Column, inputs: Inputs) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The features of a column in their order: an operation, its column of ``raw``, and its constants."""
    source = inputs.of(column)
    if isinstance(column, CategoryColumn | TwoValuesColumn):
        n = len(column.feature_names) - len(getattr(column, "words", ()))
        if n:
            yield "lookup", source.start, {"table": _table(column, source.settings["values"], n)}
        if isinstance(column, TextColumn):
            words = inputs.of(column, "words")
            for word in column.words:
                yield "take", words.start + words.settings["words"].index(word), {}
        return
    if isinstance(column, StandardizedColumn):
        yield "standardize", source.start, {"mean": column.mean, "std": column.std}
    if isinstance(column, BooleanColumn):
        yield "impute", source.start, {"value": column.mean}
    for part in getattr(column, "parts", ()):
        yield part, source.start, {}
    if column.marks_missing:  # type: ignore[attr-defined]
        yield "missing", source.start, {}


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
    ranked = [index for index, marks in enumerate(encoding.marks) if marks]
    plain = [index for index in range(n) if index not in set(ranked)]
    parts = [
        builder.add(
            "interpolate",
            builder.take(features, [index]),
            marks=np.array(encoding.marks[index]),
            scores=np.array(encoding.scores[index]),
        )
        for index in ranked
    ]
    if plain:
        taken = builder.take(features, plain)
        clipped = builder.add("smooth_clip", taken, center=rules.center[plain], factor=rules.factor[plain])
        parts = [clipped, *parts]
    scaled = builder.take(builder.concat(*parts), np.argsort([*plain, *ranked]))
    if len(rules.begins):
        cut = builder.take(features, encoding.origins[n:])
        pieces = {name: getattr(rules, name) for name in ("begins", "widths", "low", "high")}
        scaled = builder.concat(scaled, builder.add("pieces", cut, **pieces))
    return builder.add("single", scaled)
