"""A line of `ledger.md` for an idea that was tried."""

import datetime
from pathlib import Path

from tables.judgement import Duel

LEDGER = Path(__file__).resolve().parents[1] / "ledger.md"


def line(idea: str, duel: Duel, seeds: int) -> str:
    """Date, idea, tables × seeds, ratios, wins and losses; whether it was kept is filled in by hand."""
    cells = (
        datetime.datetime.now(datetime.UTC).date().isoformat(),
        idea.replace("|", "/").replace("\n", " "),
        duel.against,
        f"{duel.tables} × {seeds}",
        f"{duel.error:.3f}",
        "–" if duel.log_loss is None else f"{duel.log_loss:.3f}",
        f"{duel.wins} / {duel.losses}",
        f"{duel.p:.3f}",
        "?",
    )
    return f"| {' | '.join(cells)} |"


def append(path: Path, text: str) -> None:
    """Below the last line."""
    path.write_text(f"{path.read_text(encoding='utf-8').rstrip()}\n{text}\n", encoding="utf-8")
