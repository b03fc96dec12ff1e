"""The history of a training: a list of plain records."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, NoReturn

import numpy as np

from deepstep.data.text_formats import json_values
from deepstep.errors import ConfigurationError, FileError
from deepstep.types import Array

Record = dict[str, Any]


class OpenRecord(Record):
    """A record of the history as callbacks see it: entries can be added to both, and none be changed.

    >>> kept = {"epoch": 0, "cost": 0.7}
    >>> shown = OpenRecord(kept)
    >>> shown["accuracy"] = 0.9
    >>> kept
    {'epoch': 0, 'cost': 0.7, 'accuracy': 0.9}
    >>> shown["cost"] = 0.0
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: a record of training: entries that are added; got 'cost', which it
    has. Take another name, or a copy: dict(record).
    """

    def __init__(self, kept: Record) -> None:
        super().__init__(kept)
        self._kept = kept

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            raise ConfigurationError(
                "a record of training",
                "entries that are added",
                f"got {name!r}, which it has",
                "Take another name, or a copy: dict(record).",
            )
        super().__setitem__(name, value)
        self._kept[name] = value

    def update(self, *others: Any, **entries: Any) -> None:
        """Add entries."""
        for name, value in dict(*others, **entries).items():
            self[name] = value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The entry, added where there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def _refuse(self, *_: Any) -> NoReturn:
        raise ConfigurationError(
            "a record of training", "entries that stay", "one is taken away", "Take a copy: dict(record)."
        )

    __delitem__ = clear = pop = popitem = _refuse

    def __ior__(self, other: Any) -> "OpenRecord":  # type: ignore[override,misc]  # of dict it takes pairs, too
        self.update(other)
        return self

    def __reduce__(self) -> Any:  # what is copied or pickled is a plain record
        return dict, (dict(self),)


class History:
    """Records of training, one for each epoch: a pass over the examples.

    records: ``epoch`` (from 0), ``step`` (updates done after it), ``cost`` (J before the update; for
        mini-batches the epoch's mean), ``learning_rate``, ``seconds`` since the start; ``validation_cost`` if
        asked for. ``layers`` stands in the last record of `Network.train`: two lists as of
        `deepstep.training.Health`, before the first update and after the last, with the update of the whole
        training. ``examples`` stands in the record of an epoch that a time budget cut short: so many were
        seen.
    engine: The engine that ran.
    stopped: Why training ended.
    why_engine: Why that engine ran, where another one could be expected; else empty.

    >>> history = History([{"epoch": 0, "cost": 0.7}, {"epoch": 1, "cost": 0.5}])
    >>> history.costs, len(history)
    (array([0.7, 0.5]), 2)
    """

    def __init__(
        self, records: Iterable[Record] = (), *, engine: str = "", stopped: str = "", why_engine: str = ""
    ) -> None:
        self.records = list(records)
        self.engine, self.why_engine = engine, why_engine
        self.stopped = stopped

    @property
    def costs(self) -> Array:
        """J before each update, or the mean of each epoch; shape (epochs,)."""
        return self.column("cost")

    def column(self, name: str) -> Array:
        """One quantity over the epochs.

        name: An entry of the records.
        returns (epochs,): Float64; NaN where a record lacks it.
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

        returns: As many lines as records.
        ConfigurationError: If a callback added what is no JSON value.
        """
        return "".join(
            json.dumps(_plain(record, "a record of training"), allow_nan=False) + "\n"
            for record in self.records
        )

    @classmethod
    def from_jsonl(cls, text: str, *, where: str = "history.jsonl") -> "History":
        """Read what `to_jsonl` wrote.

        text: The lines.
        where: Name for error messages.
        returns: The records; engine and end are not among them.
        FileError: If a line is not a JSON object.
        """
        records = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                record = json_values(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                raise FileError(where, "one JSON object a line", f"line {number} is {line[:60]!r}")
            records.append(record)
        return cls(records)

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


class HistoryView(History):
    """A history as callbacks see it: it grows with the training, and cannot be changed.

    Its records are shown as `OpenRecord`; ``records`` is a list of copies, made when it is asked for.

    >>> kept = History([{"epoch": 0, "cost": 0.7}])
    >>> shown = HistoryView(kept)
    >>> shown.records.clear()
    >>> len(shown), shown.costs
    (1, array([0.7]))
    >>> shown.stopped = "by me"
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: training.history: it is read only; got a new 'stopped'. To end
    training raise StopTraining; for a history of your own take History(training.history.records).
    """

    def __init__(self, kept: History) -> None:
        object.__setattr__(self, "_kept", kept)

    def __getattribute__(self, name: str) -> Any:
        if name == "records":
            return [dict(record) for record in self._kept.records]
        if name in ("engine", "why_engine", "stopped"):
            return getattr(self._kept, name)
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise ConfigurationError(
            "training.history",
            "it is read only",
            f"got a new {name!r}",
            "To end training raise StopTraining; for a history of your own take "
            "History(training.history.records).",
        )

    def column(self, name: str) -> Array:
        """As that of the history."""
        return self._kept.column(name)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Record]:
        return map(OpenRecord, self._kept)

    def __getitem__(self, index: int) -> Record:
        return OpenRecord(self._kept[index])


def _plain(value: Any, where: str) -> Any:
    """The value in JSON's types."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str | int | float | None):
                raise _no_json(where, name)
        return {name: _plain(entry, f"{where}, {name!r:.60}") for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, where) for entry in value]
    if not isinstance(value, str | int | float | None):
        raise _no_json(where, value)
    return None if isinstance(value, float) and not isfinite(value) else value


def _no_json(where: str, value: Any) -> ConfigurationError:
    return ConfigurationError(
        where,
        "JSON values: texts, numbers, lists and mappings",
        f"got {type(value).__name__}",
        "Let the callback add its numbers, or its str(…).",
    )
