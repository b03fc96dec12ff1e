"""What every record of a history has, whoever reads it from a file."""

from deepstep.errors import FileError
from deepstep.training.health import health_in
from deepstep.training.history import History
from deepstep.types import is_number

NUMBERS = ("epoch", "step", "cost")


def check_records(history: History, n_layers: int, where: str) -> None:
    """Refuse a history of which a record has not what training writes.

    Parameters
    ----------
    history : History
        As read from a file.
    n_layers : int
        Of the network that was trained.
    where : str
        The file, for error messages.

    Raises
    ------
    FileError
        If epoch, step or cost is no number, or the health of the layers is that of more or fewer layers.

    Examples
    --------
    >>> check_records(History([{"epoch": 0, "step": 9, "cost": 0.7}, {"epoch": 1}]), 2, "history.jsonl")
    Traceback (most recent call last):
    deepstep.errors.FileError: history.jsonl: numbers for epoch, step and cost in every record, and health of
    every layer if of any; record 2 has others. Train again.
    """
    for number, record in enumerate(history, start=1):
        layers = health_in(record)
        fits = all(is_number(record.get(name)) for name in NUMBERS)
        if not fits or (layers is not None and len(layers) != n_layers):
            raise FileError(
                where,
                "numbers for epoch, step and cost in every record, and health of every layer if of any",
                f"record {number} has others",
                "Train again.",
            )
