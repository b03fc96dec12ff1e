"""Runs of one network, for what looks into that network."""

from pathlib import Path

from deepstep.errors import FileError
from deepstep.run import Run
from deepstep.training.health import health_in
from deepstep.types import is_number

COMMITTEE = "committee.json"
"""The file that makes a run one of many networks."""


def load_single(folder: Path, command: str) -> Run:
    """A run of one network.

    Raises
    ------
    FileError
        If it is no run, or one of a committee.
    """
    if (folder / COMMITTEE).exists():
        raise FileError(
            str(folder),
            f"{command} looks into a run of one network",
            "this run is a committee of several",
            "Train one with deepstep train --recipe plain.",
        )
    run = Run.load(folder)
    for number, record in enumerate(run.history, start=1):
        numbers = all(is_number(record.get(name)) for name in ("epoch", "step", "cost"))
        layers = health_in(record)
        if not numbers or (layers is not None and len(layers) != run.network.architecture.n_layers):
            raise FileError(
                str(folder / "history.jsonl"),
                "numbers for epoch, step and cost in every record, and health of every layer if of any",
                f"record {number} has others",
                "Train again.",
            )
    return run
