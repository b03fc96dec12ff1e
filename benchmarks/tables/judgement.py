"""Errors and seconds of many fits → what `quality.py` prints and writes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

LEAST = 1e-3
"""Added to every mean error before a logarithm, so that a table without errors does not decide all."""

SHIFT = 1e-2
"""Added instead by Holzmüller et al. (arXiv 2407.04491): a single row of a small table counts less."""

Key = tuple[str, int]
"""Table and seed."""


@dataclass(frozen=True)
class Cell:
    """A method on a table: means over the seeds."""

    error: float
    seconds: float
    seeds: int


@dataclass(frozen=True)
class Duel:
    """The first method beside another one, on the tables and seeds that both have.

    Attributes
    ----------
    against : str
    tables : int
    error, seconds : float
        Geometric means over the tables of the ratios first ÷ other, below 1 where the first is better.
    shifted : float
        That of the errors, each plus `SHIFT`.
    better, worse : int
        Tables with a ratio of errors below and above 1.
    p : float
        Of Wilcoxon's signed-rank test over the tables, two-sided: that their logarithms lie around 0.
    """

    against: str
    tables: int
    error: float
    shifted: float
    seconds: float
    better: int
    worse: int
    p: float


@dataclass(frozen=True)
class Judgement:
    """What many fits say.

    Attributes
    ----------
    cells : dict
        Table → method → `Cell`.
    means : dict
        Method → geometric means over the tables and seeds that all methods have.
    whole : tuple of str
        Those tables.
    duels : tuple of Duel
        Of the first method with each other one.
    worst : tuple of (str, float)
        Table and ratio where the first method is farthest behind the best of the others, on shared seeds.
    """

    cells: dict[str, dict[str, Cell]]
    means: dict[str, Cell]
    whole: tuple[str, ...]
    duels: tuple[Duel, ...]
    worst: tuple[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def judge(records: Sequence[dict[str, Any]], methods: Sequence[str], tables: Sequence[str]) -> Judgement:
    """Compare the first method with the others."""
    found = {
        method: {(r["table"], r["seed"]): r for r in records if r["method"] == method} for method in methods
    }
    cells: dict[str, dict[str, Cell]] = {
        table: {
            method: _cell(list(of_table))
            for method in methods
            if (of_table := [r for (name, _), r in found[method].items() if name == table])
        }
        for table in tables
    }
    shared = set.intersection(*(set(found[method]) for method in methods))
    whole = tuple(table for table in tables if any(name == table for name, _ in shared))
    means = {method: _together([_of(found[method], shared, table) for table in whole]) for method in methods}
    first, *others = methods
    duels = tuple(_duel(found[first], found[other], other, tables) for other in others)
    return Judgement(cells, means, whole, duels, _worst(found, methods, shared, whole))


def report(judgement: Judgement, methods: Sequence[str]) -> str:
    """As text."""
    lines = [f"{'mean error, seconds':20}" + "".join(f"{method:>20}" for method in methods)]
    for table, row in judgement.cells.items():
        if row:
            lines.append(f"{table:20}" + "".join(_shown(row.get(method)) for method in methods))
    if not judgement.whole:
        return "\n".join([*lines, "No table has all methods."])
    lines.append(f"{'geometric mean':20}" + "".join(_shown(judgement.means[m]) for m in methods))
    lines.append(f"(geometric means over {', '.join(judgement.whole)}: the tables and seeds of all methods)")
    lines.append("")
    lines.append(
        f"{methods[0] + ' ÷ …':20}{'tables':>8}{'error':>8}{'shifted':>9}"
        f"{'seconds':>9}{'better':>8}{'worse':>7}{'p':>8}"
    )
    lines += [
        f"{d.against:20}{d.tables:8}{d.error:8.3f}{d.shifted:9.3f}{d.seconds:9.3f}{d.better:8}{d.worse:7}{d.p:8.3f}"
        for d in judgement.duels
    ]
    table, ratio = judgement.worst
    lines.append(f"farthest behind the best of the others: {table}, {100 * (ratio - 1):+.1f} %")
    return "\n".join(lines)


def _cell(records: Sequence[dict[str, Any]]) -> Cell:
    error = float(np.mean([record["error"] for record in records]))
    return Cell(error, float(np.mean([record["seconds"] for record in records])), len(records))


def _of(found: dict[Key, dict[str, Any]], shared: set[Key], table: str) -> Cell:
    return _cell([record for key, record in found.items() if key in shared and key[0] == table])


def _together(cells: Sequence[Cell]) -> Cell:
    if not cells:
        return Cell(np.nan, np.nan, 0)
    error = np.exp(np.mean([np.log(cell.error + LEAST) for cell in cells])) - LEAST
    seconds = np.exp(np.mean([np.log(cell.seconds) for cell in cells]))
    return Cell(float(error), float(seconds), min(cell.seeds for cell in cells))


def _duel(
    ours: dict[Key, dict[str, Any]], theirs: dict[Key, dict[str, Any]], against: str, tables: Sequence[str]
) -> Duel:
    shared = set(ours) & set(theirs)
    both = [
        (_of(ours, shared, table), _of(theirs, shared, table))
        for table in tables
        if any(name == table for name, _ in shared)
    ]
    if not both:
        return Duel(against, 0, np.nan, np.nan, np.nan, 0, 0, np.nan)
    errors = np.log([(a.error + LEAST) / (b.error + LEAST) for a, b in both])
    shifted = np.log([(a.error + SHIFT) / (b.error + SHIFT) for a, b in both])
    seconds = np.log([a.seconds / b.seconds for a, b in both])
    p = float(wilcoxon(errors).pvalue) if np.any(errors) else 1.0
    better, worse = int((errors < 0).sum()), int((errors > 0).sum())
    ratios = (float(np.exp(np.mean(values))) for values in (errors, shifted, seconds))
    return Duel(against, len(both), *ratios, better, worse, p)


def _worst(
    found: dict[str, dict[Key, dict[str, Any]]],
    methods: Sequence[str],
    shared: set[Key],
    whole: Sequence[str],
) -> tuple[str, float]:
    first, *others = methods
    ratios = {
        table: (_of(found[first], shared, table).error + LEAST)
        / (min(_of(found[other], shared, table).error for other in others) + LEAST)
        for table in whole
        if others
    }
    return max(ratios.items(), key=lambda item: item[1]) if ratios else ("", np.nan)


def _shown(cell: Cell | None) -> str:
    return f"{'–':>20}" if cell is None else f"{f'{cell.error:.4f} {cell.seconds:7.1f} s':>20}"
