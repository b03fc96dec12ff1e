"""The check of a history that is read from a file: entries that every record has."""

from deepstep.errors import FileError
from deepstep.training.health import health_in, layers_in
from deepstep.training.history import History
from deepstep.types import is_number

NUMBERS = ("epoch", "step", "cost")


def check_records(history: History, n_layers: int, where: str) -> None:
    """Refuse a history of which a record has not what training writes; ``where`` is its file."""
    for number, record in enumerate(history, start=1):
        looks = [health_in(record), *layers_in(record)]
        fits = all(is_number(record.get(name)) for name in NUMBERS)
        if not fits or any(look is not None and len(look) != n_layers for look in looks):
            raise FileError(
                where,
                "numbers for epoch, step and cost in every record, and health of every layer if of any",
                f"record {number} has others",
                "Train again.",
            )
