"""The identity of a training: one may go on where another stood only if both have the same."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np

from deepstep.engines import Settings
from deepstep.network import Architecture
from deepstep.network.architecture import LATER_ENTRIES
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.plan import Plan

LATER_SETTINGS = {"precision": None}
"""Settings that came later, and what they are where nothing is said of them."""

NUMBERS_AT_ONCE = 2**20
"""Numbers of a chunk that is hashed."""


def identity(
    architecture: Architecture,
    dtype: "np.dtype[Any]",
    settings: Settings,
    plan: Plan,
    examples: Examples | StreamedExamples,
    validation: Examples | None,
) -> dict[str, Any]:
    """The network, the settings and the data of a training, as JSON values by name.

    The number of epochs is among them only where a schedule depends on it: else more of them, or fewer, are
    the same training that goes on longer or ends earlier. Data have a SHA-256 of their numbers; in files,
    of what tells them from others. A function of the user's (an order, a schedule, an
    activation) has its name alone: its results cannot be compared.
    """
    parts = architecture.entries()
    parts["dtype"] = dtype.name
    for part in (settings, plan):
        parts |= {field.name: getattr(part, field.name) for field in fields(part)}
    epochs = parts.pop("epochs")
    if plan.by_fraction:
        parts[f"iterations, on which {' and '.join(plan.by_fraction)} depends,"] = epochs
    parts |= {
        "training data": digest(examples)
        if isinstance(examples, Examples)
        else hashlib.sha256(json.dumps(examples.identity, sort_keys=True).encode()).hexdigest(),
        "validation data": None if validation is None else digest(validation),
    }
    return {name: plain(value) for name, value in parts.items()}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The settings that differ, in words; one that only one side has differs, or is off in the other."""
    before, now = ({**LATER_ENTRIES, **LATER_SETTINGS, **parts} for parts in (before, now))
    return [
        f"the {name} is another"
        if name.endswith(" data")
        else f"{name} was {before[name]!r:.60} and is {now[name]!r:.60}"
        for name in before
        if name in now and before[name] != now[name]
    ]


def digest(examples: Examples) -> str:
    """The SHA-256 of all numbers, their shapes and precision; the order of rows in memory does not matter."""
    result = hashlib.sha256()
    parts = (examples.X, examples.Y, examples.weight)
    result.update(repr([part if part is None else (part.shape, part.dtype.str) for part in parts]).encode())
    size = max(1, NUMBERS_AT_ONCE // (examples.X.shape[1] + examples.Y.shape[1]))
    for start in range(0, len(examples), size):
        X, Y, weight = examples.take(slice(start, start + size))
        for rows in (X.T, Y.T, weight):
            if rows is not None:
                result.update(np.ascontiguousarray(rows).data)
    return result.hexdigest()


def plain(value: Any) -> Any:
    """A setting in JSON's types; functions by their names."""
    if is_dataclass(value) and not isinstance(value, type):  # a Schedule, an Optimizer
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, partial):
        return [plain(value.func), *map(plain, value.args)]
    if callable(value):
        named = value if hasattr(value, "__qualname__") else type(value)
        return f"{named.__module__}.{named.__qualname__}"
    return value
