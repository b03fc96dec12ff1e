"""The history of a training: a list of plain records."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Self

import numpy as np

from deepstep.archive import Lines
from deepstep.data.text_formats import html_table, json_values
from deepstep.errors import ConfigurationError, FileError
from deepstep.types import Array, is_number

Record = dict[str, Any]

RECORD = "A record of training"  # in error messages


class History:
    """Records of training, one for each epoch: a pass over the examples.

    Parameters
    ----------
    records : iterable of dict, optional
        ``epoch`` (from 0), ``step`` (updates done after it), ``cost`` (J before the update; for mini-batches
        the epoch's mean), ``learning_rate``, ``seconds`` since the start; ``validation_cost`` if asked for.
        ``layers`` is in the last record of `Network.train`: two lists as of `deepstep.training.Health`,
        before the first update and after the last, with the update of the whole training. ``examples`` is in
        the record of an epoch that a time budget cut short: so many were seen.
    engine : str, optional
        The engine that ran.
    stopped : str, optional
        Why training ended.
    why_engine : str, optional
        Why that engine ran, where another one could be expected; else empty.

    Examples
    --------
    >>> history = History([{"epoch": 0, "cost": 0.7}, {"epoch": 1, "cost": 0.5}])
    >>> history.costs, len(history)
    (array([0.7, 0.5]), 2)
    """

    def __init__(
        self, records: Iterable[Record] = (), *, engine: str = "", stopped: str = "", why_engine: str = ""
    ) -> None:
        self.records = list(records)
        self.engine, self.why_engine, self.stopped = engine, why_engine, stopped

    @property
    def costs(self) -> Array:
        """J before each update, or the mean of each epoch; shape (epochs,)."""
        return self.column("cost")

    def column(self, name: str) -> Array:
        """One quantity over the epochs.

        Parameters
        ----------
        name : str
            An entry of the records.

        Returns
        -------
        array of shape (epochs,)
            Float64; NaN where a record lacks it.
        """
        return np.array([record.get(name, np.nan) for record in self.records], dtype=float)

    def __add__(self, later: "History") -> "History":
        """The records of a training and of one that went on from there; engine and end are the later's."""
        records = [*self.records, *later.records]
        return History(records, engine=later.engine, stopped=later.stopped, why_engine=later.why_engine)

    def to_jsonl(self) -> str:
        """One JSON object a line.

        NumPy values that callbacks added become plain numbers and lists, and what is not finite, such as the
        validation cost of an example out of all proportion, null: JSON has no such numbers.

        Returns
        -------
        str
            As many lines as records.

        Raises
        ------
        ConfigurationError
            If a callback added what is no JSON value.
        """
        return "".join(json.dumps(_plain(record, RECORD), allow_nan=False) + "\n" for record in self.records)

    @classmethod
    def from_jsonl(cls, text: str, *, where: str = "history.jsonl") -> Self:
        """Read what `to_jsonl` wrote.

        Parameters
        ----------
        text : str
            The lines.
        where : str, optional
            Name for error messages.

        Returns
        -------
        Self
            The records; engine and end are not among them.

        Raises
        ------
        FileError
            If a line is not a JSON object.
        """
        records = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                record = json_values(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                raise FileError(f"{where} has no JSON object in line {number}: {line[:60]!r}")
            records.append(record)
        return cls(records)

    def to_archive(self) -> dict[str, Any]:
        """The entries of this history in `deepstep.archive`.

        Returns
        -------
        dict
            A line for each record, the engine and the end.
        """
        ends = {"engine": self.engine, "why_engine": self.why_engine, "stopped": self.stopped}
        return {"records": Lines(self.to_jsonl()), **ends}

    @classmethod
    def from_archive(cls, records: Lines, engine: str, why_engine: str, stopped: str) -> Self:
        """The history that `deepstep.archive` reads; a number that was not finite is NaN.

        Parameters
        ----------
        records : Lines
            As of `to_jsonl`.
        engine : str
            The engine that ran.
        why_engine : str
            Why that engine ran, where another one could be expected; else empty.
        stopped : str
            Why training ended.

        Returns
        -------
        Self

        Raises
        ------
        FileError
            If a line is not a JSON object.
        """
        history = cls.from_jsonl(records)
        history.engine, history.why_engine, history.stopped = engine, why_engine, stopped
        for record in history.records:
            record |= {name: np.nan for name, value in record.items() if value is None}
        return history

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, index: int) -> Record:
        return self.records[index]

    def __repr__(self) -> str:
        if not self.records:
            return "History(empty)"
        first, last = self.costs[[0, -1]]
        return f"History({len(self)} epochs, cost {first:.6g} → {last:.6g}, engine {self.engine!r})"

    def _repr_html_(self) -> str:
        """The numbers of some epochs, the first and the last among them."""
        n = len(self)
        shown = [self[k] for k in sorted({round(k * (n - 1) / 9) for k in range(10)})] if n else []
        names = [*dict.fromkeys(name for record in shown for name in record if is_number(record[name]))]
        rows = [[f"{record[name]:.6g}" if name in record else "" for name in names] for record in shown]
        return html_table(names, rows, caption=f"{self!r}, {self.stopped or 'no end recorded'}")


Look = list[dict[str, float | None]]
"""Statistics of the layers by `Health`, one mapping for each layer."""


def health_in(record: Record) -> Look | None:
    """The list that `Health` wrote into a record, one mapping for each layer; None where there is none."""
    layers = record.get("health")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        return None
    numbers = (value for layer in layers for value in layer.values())
    return layers if layers and all(value is None or is_number(value) for value in numbers) else None


def layers_in(record: Record) -> list[Look]:
    """The layer statistics before and after a training, of its last record; empty if it has none."""
    pair = record.get("layers")
    looks = [health_in({"health": layers}) for layers in pair] if isinstance(pair, list) else []
    known = [look for look in looks if look is not None]
    return known if len(known) == len(looks) == 2 and len(known[0]) == len(known[1]) else []


def check_records(history: History, n_layers: int) -> None:
    """Refuse a history of which a record has not what training writes."""
    for number, record in enumerate(history, start=1):
        looks = [health_in(record), *layers_in(record)]
        fits = all(is_number(record.get(name)) for name in ("epoch", "step"))
        cost = record.get("cost")  # NaN or None: it was not finite
        fits &= is_number(cost) or (isinstance(cost, float | None) and "cost" in record)
        if not fits or any(look is not None and len(look) != n_layers for look in looks):
            lacks = "numbers for epoch, step and cost, or the health of every layer"
            raise FileError(f"Record {number} of the history lacks {lacks}", "Train again.")


def _plain(value: Any, where: str) -> Any:
    """The value in JSON's types."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(entry, where) for entry in value]
    if isinstance(value, Mapping):
        entries = value.items()
        return {_scalar(name, where): _plain(entry, f"{where}, {name!r:.60}") for name, entry in entries}
    return _scalar(value, where)


def _scalar(value: Any, where: str) -> str | float | None:
    if not isinstance(value, str | int | float | None):
        expected = "hold JSON values: texts, numbers, lists and mappings"
        hint = "Let the callback add its numbers, or its str(…)."
        raise ConfigurationError.must_be(where, expected, type(value).__name__, hint)
    return None if isinstance(value, float) and not isfinite(value) else value
