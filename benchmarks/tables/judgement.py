"""Errors, log-losses and seconds of many fits → what `quality.py` prints and writes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

SHIFT = 1e-2
"""Added to each mean error or log-loss before its logarithm (Holzmüller et al., arXiv 2407.04491): a single
row of a small table does not decide all."""

Records = dict[tuple[str, int], dict[str, Any]]
"""Of one method, by table and seed."""


@dataclass(frozen=True)
class Cell:
    """A method on a table: means over the seeds; no log-loss where the target is a number."""

    error: float
    log_loss: float | None
    seconds: float
    seeds: int


@dataclass(frozen=True)
class Duel:
    """The first method beside another one, on the tables and seeds that both have.

    Attributes
    ----------
    against : str
    tables : int
    error : float
        Ratio first ÷ other of the shifted geometric means of the errors, below 1 where the first is better.
    log_loss : float or None
        The same of the log-losses of the tables with classes.
    seconds : float or None
        Geometric mean of the ratios of seconds, over fits of the same run, one at a time. None without such.
    better, worse : int
        Tables where the first has the smaller and the larger mean error.
    wins, losses : int
        Those where the mean difference over the seeds exceeds its standard error; none of a single seed.
    p : float
        Of Wilcoxon's signed-rank test over the tables, two-sided: that logarithms of the ratios lie around 0.
    """

    against: str
    tables: int
    error: float
    log_loss: float | None
    seconds: float | None
    better: int
    worse: int
    wins: int
    losses: int
    p: float


@dataclass(frozen=True)
class Behind:
    """How far the first method is behind the best of the others on a table, on shared seeds.

    Attributes
    ----------
    table, best : str
    ratio : float
        Of the shifted mean errors, above 1 where the first is behind.
    beyond : bool
        Whether the mean difference exceeds its standard error over the seeds.
    """

    table: str
    best: str
    ratio: float
    beyond: bool


@dataclass(frozen=True)
class Judgement:
    """What many fits say.

    Attributes
    ----------
    cells : dict
        Table → method → `Cell`.
    means : dict
        Method → `Cell` of shifted geometric means over the tables and seeds that all methods have.
    whole : tuple of str
        Those tables.
    duels : tuple of Duel
        Of the first method with each other one.
    behind : tuple of Behind
        Of those tables, the farthest first.
    """

    cells: dict[str, dict[str, Cell]]
    means: dict[str, Cell]
    whole: tuple[str, ...]
    duels: tuple[Duel, ...]
    behind: tuple[Behind, ...]

    @property
    def worst(self) -> Behind | None:
        """The farthest behind by more than the standard error; None where there is none."""
        return next((each for each in self.behind if each.beyond and each.ratio > 1), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "worst": asdict(self.worst) if self.worst else None}


def judge(records: Sequence[dict[str, Any]], methods: Sequence[str], tables: Sequence[str]) -> Judgement:
    """Compare the first method with the others."""
    found: dict[str, Records] = {
        method: {(r["table"], r["seed"]): r for r in records if r["method"] == method} for method in methods
    }
    cells = {
        table: {method: _cell(of_table) for method in methods if (of_table := _of(found[method], table))}
        for table in tables
    }
    shared = set.intersection(*(set(found[method]) for method in methods))
    whole = tuple(table for table in tables if any(name == table for name, _ in shared))
    common = {method: {at: found[method][at] for at in sorted(shared)} for method in methods}
    means = {method: _together([_cell(_of(common[method], table)) for table in whole]) for method in methods}
    first, *others = methods
    duels = tuple(_duel(found[first], found[other], other, tables) for other in others)
    behind = [_behind(common, first, others, table) for table in whole] if others else []
    return Judgement(cells, means, whole, duels, tuple(sorted(behind, key=lambda each: -each.ratio)))


def _of(records: Records, table: str) -> list[dict[str, Any]]:
    return [records[at] for at in sorted(records) if at[0] == table]


def _cell(records: Sequence[dict[str, Any]]) -> Cell:
    error, seconds = (float(np.mean([record[name] for record in records])) for name in ("error", "seconds"))
    losses = [record["log_loss"] for record in records if record.get("log_loss") is not None]
    return Cell(error, float(np.mean(losses)) if losses else None, seconds, len(records))


def _shifted(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(np.asarray(values) + SHIFT))) - SHIFT)


def _together(cells: Sequence[Cell]) -> Cell:
    if not cells:
        return Cell(np.nan, None, np.nan, 0)
    losses = [cell.log_loss for cell in cells if cell.log_loss is not None]
    seconds = float(np.exp(np.mean(np.log([cell.seconds for cell in cells]))))
    error = _shifted([cell.error for cell in cells])
    return Cell(error, _shifted(losses) if losses else None, seconds, min(cell.seeds for cell in cells))


def _duel(ours: Records, theirs: Records, against: str, tables: Sequence[str]) -> Duel:
    shared = sorted(set(ours) & set(theirs))
    pairs = {
        table: [(ours[at], theirs[at]) for at in shared if at[0] == table]
        for table in tables
        if any(name == table for name, _ in shared)
    }
    if not pairs:
        return Duel(against, 0, np.nan, None, None, 0, 0, 0, 0, np.nan)
    errors = np.array([_log_ratio(of_table, "error") for of_table in pairs.values()])
    with_classes = [of_table for of_table in pairs.values() if of_table[0][0].get("log_loss") is not None]
    sure = np.array([_beyond(of_table) for of_table in pairs.values()])
    return Duel(
        against,
        len(pairs),
        float(np.exp(errors.mean())),
        _ratio(with_classes, lambda of_table: _log_ratio(of_table, "log_loss")),
        _ratio(list(filter(None, map(_timed, pairs.values()))), _log_ratio_of_seconds),
        int((errors < 0).sum()),
        int((errors > 0).sum()),
        int((sure & (errors < 0)).sum()),
        int((sure & (errors > 0)).sum()),
        float(wilcoxon(errors).pvalue) if np.any(errors) else 1.0,
    )


Pairs = list[tuple[dict[str, Any], dict[str, Any]]]


def _log_ratio(pairs: Pairs, name: str) -> float:
    ours, theirs = (np.mean([record[name] for record in records]) for records in zip(*pairs, strict=True))
    return float(np.log((ours + SHIFT) / (theirs + SHIFT)))


def _log_ratio_of_seconds(pairs: Pairs) -> float:
    ours, theirs = (sum(record["seconds"] for record in records) for records in zip(*pairs, strict=True))
    return float(np.log(ours / theirs))


def _ratio(tables: list[Pairs], of_table: Callable[[Pairs], float]) -> float | None:
    return float(np.exp(np.mean([of_table(pairs) for pairs in tables]))) if tables else None


def _timed(pairs: Pairs) -> Pairs:
    """The pairs of one run that had the machine in turn."""
    return [
        (ours, theirs)
        for ours, theirs in pairs
        if ours.get("jobs") == theirs.get("jobs") == 1
        and (ours["run"], ours["threads"]) == (theirs["run"], theirs["threads"])
    ]


def _beyond(pairs: Pairs) -> bool:
    """Whether the mean difference exceeds its standard error over the seeds."""
    differences = [ours["error"] - theirs["error"] for ours, theirs in pairs]
    if len(differences) < 2:
        return False
    return bool(abs(np.mean(differences)) > np.std(differences, ddof=1) / np.sqrt(len(differences)))


def _behind(common: dict[str, Records], first: str, others: Sequence[str], table: str) -> Behind:
    of_first = _of(common[first], table)
    pairs = {other: list(zip(of_first, _of(common[other], table), strict=True)) for other in others}
    best = max(pairs, key=lambda other: _log_ratio(pairs[other], "error"))
    return Behind(table, best, float(np.exp(_log_ratio(pairs[best], "error"))), _beyond(pairs[best]))


# As text


def report(judgement: Judgement, methods: Sequence[str]) -> str:
    """The tables, the means, the duels and where the first method is farthest behind."""
    lines = [f"{'error, log-loss, seconds':24}" + "".join(f"{method:>26}" for method in methods)]
    for table, row in judgement.cells.items():
        if row:
            lines.append(f"{table:24}" + "".join(_shown(row.get(method)) for method in methods))
    if not judgement.whole:
        return "\n".join([*lines, "No table has all methods."])
    lines.append(f"{'shifted geometric mean':24}" + "".join(_shown(judgement.means[m]) for m in methods))
    lines.append(f"(over the {len(judgement.whole)} tables and the seeds that all methods have; + {SHIFT})")
    if not judgement.duels:
        return "\n".join(lines)
    lines += ["", *_duels(judgement.duels, methods[0]), "", "farthest behind the best of the others:"]
    lines += [
        f"  {each.table:22}{100 * (each.ratio - 1):+6.1f} %  {each.best}"
        + ("" if each.beyond else "  (not beyond its standard error)")
        for each in judgement.behind[:5]
    ]
    return "\n".join(lines)


def _duels(duels: Sequence[Duel], first: str) -> list[str]:
    head = ("tables", "error", "log-loss", "seconds", "better", "worse", "wins", "losses", "p")
    return [
        f"{first + ' ÷ …':24}" + "".join(f"{name:>9}" for name in head),
        *(
            f"{duel.against:24}{duel.tables:9}{duel.error:9.3f}{_or_dash(duel.log_loss, 9)}"
            f"{_or_dash(duel.seconds, 9)}"
            + "".join(f"{count:9}" for count in (duel.better, duel.worse, duel.wins, duel.losses))
            + f"{duel.p:9.3f}"
            for duel in duels
        ),
        "(wins, losses: tables where the difference exceeds its standard error over the seeds)",
    ]


def _or_dash(value: float | None, width: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:{width}.3f}"


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return f"{'–':>26}"
    return f"{cell.error:9.4f}{_or_dash(cell.log_loss, 7)}{cell.seconds:8.1f} s"
