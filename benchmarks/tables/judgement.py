"""Errors and seconds of many runs → the table that `quality.py` prints."""

from collections.abc import Sequence
from typing import Any

import numpy as np

LEAST = 1e-3
"""Added to every mean error before the geometric mean, so that a table without errors does not decide it."""


def report(records: Sequence[dict[str, Any]], methods: Sequence[str], tables: Sequence[str]) -> str:
    """Mean error a table and method, their geometric means, and seconds."""
    errors = _means(records, "error")
    seconds = _means(records, "seconds")
    lines = [f"{'table':14}" + "".join(f"{method:>22}" for method in methods)]
    whole = []
    for table in tables:
        cells = [(errors.get((m, table)), seconds.get((m, table))) for m in methods]
        if any(error is not None for error, _ in cells):
            lines.append(f"{table:14}" + "".join(_cell(*cell) for cell in cells))
        if all(error is not None for error, _ in cells):
            whole.append(table)
    for name, values, least in (("error", errors, LEAST), ("seconds", seconds, 0.0)):
        means = [_geometric([values[m, table] for table in whole], least) for m in methods]
        lines.append(f"{f'mean {name}':14}" + "".join(f"{mean:22.4f}" for mean in means))
    return "\n".join(lines)


def _means(records: Sequence[dict[str, Any]], quantity: str) -> dict[tuple[str, str], float]:
    groups: dict[tuple[str, str], list[float]] = {}
    for record in records:
        groups.setdefault((record["method"], record["table"]), []).append(record[quantity])
    return {key: float(np.mean(group)) for key, group in groups.items()}


def _geometric(values: Sequence[float], least: float) -> float:
    return float(np.exp(np.mean(np.log(np.array(values) + least)))) - least if values else float("nan")


def _cell(error: float | None, seconds: float | None) -> str:
    return f"{'–':>22}" if error is None or seconds is None else f"{f'{error:.4f} {seconds:8.2f} s':>22}"
