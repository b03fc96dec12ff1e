"""The results as tables of text, which are Markdown too."""

from collections.abc import Mapping, Sequence
from typing import Any

from race.workloads import WORKLOADS

MARKS = {True: "✓", False: "✗", None: ""}


def ratios(rows: Mapping[str, Any], peers: Sequence[str]) -> str:
    """A row for each workload: our time, each peer's as a multiple, the engine's and the floor's share."""
    lines = [["workload", "ours, µs", *peers, "share of the engine", "share of the floor"]]
    for name, row in rows.items():
        ours = row["times"]["ours"]["median"]
        low, high = row["times"]["ours"]["quartiles"]
        cells = [WORKLOADS[name].title, f"{1e6 * ours:.4g} ({1e6 * low:.4g}–{1e6 * high:.4g})"]
        cells += [_ratio(row, peer) for peer in peers]
        lines.append([*cells, _ratio(row, "engine"), _ratio(row, "floor")])
    return markdown(lines)


def _ratio(row: Mapping[str, Any], name: str) -> str:
    """A ratio with its quartiles and its target, or why there is none."""
    if name not in row["times"]:
        return "–"
    if row["refused"].get(name):
        return "refused: costs differ"
    told = row["ratios"][name]
    text = f"{told['median']:.2f} ({told['quartiles'][0]:.2f}–{told['quartiles'][1]:.2f})"
    return text + (f" ≥ {told['target']:.3g} {MARKS[told['reached']]}" if told["target"] else "")


def first_calls(rows: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each engine."""
    lines = [["engine", "import, s", "first epoch, nothing compiled, s", "first epoch, compiled before, s"]]
    lines += [
        [name, *(f"{row[column]:.2f}" for column in ("imported", "cold", "warm"))]
        for name, row in rows.items()
    ]
    return markdown(lines)


def costs(rows: Mapping[str, Any]) -> str:
    """The costs that were compared."""
    lines = [["workload", "right cost", "limit", "largest distance", "of"]]
    for name, row in rows.items():
        distances = {engine: abs(told["distance"]) for engine, told in row["costs"].items()}
        worst = max(distances, key=distances.__getitem__, default="")
        if worst:
            right = row["right"]
            lines.append([name, f"{right:.7f}", f"{row['limit']:.1e}", f"{distances[worst]:.1e}", worst])
    return markdown(lines)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    return "\n".join([rows[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows[1:]])
