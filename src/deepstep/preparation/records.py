"""Frozen dataclasses to plain JSON types and back, with every type checked on the way back."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from deepstep.errors import FileError
from deepstep.types import is_number

Record = TypeVar("Record")


def _is_label(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


_CHECKS: dict[Any, Callable[[Any], bool]] = {
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    float: is_number,
    tuple[float, ...]: lambda value: isinstance(value, list) and all(map(is_number, value)),
    tuple[tuple[float, ...], ...]: lambda value: (
        isinstance(value, list) and all(map(_CHECKS[tuple[float, ...]], value))
    ),
    tuple[str, ...]: lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    tuple[tuple[Any, ...], ...]: lambda value: (
        isinstance(value, list)
        and all(isinstance(part, list) and all(map(_is_label, part)) for part in value)
    ),
}

_FLOATS = (float, tuple[float, ...], tuple[tuple[float, ...], ...])
"""Kinds of entries for which JSON may have whole numbers."""


def to_record(instance: Any, kind: str) -> dict[str, Any]:
    """A flat dataclass as a dictionary of JSON types, its kind first; tuples become lists.

    What has its default is left out, so that a file changes only where something new is used.
    """
    found = ((field, getattr(instance, field.name)) for field in fields(instance))
    values = {field.name: value for field, value in found if value != field.default}
    return {"kind": kind, **{name: _listed(value) for name, value in values.items()}}


def from_record(record: object, kinds: Mapping[str, type[Record]]) -> Record:
    """The dataclass that `to_record` wrote; `kinds` says which class each kind is."""
    if not isinstance(record, dict):
        raise damaged("an object with a kind is expected", f"got {type(record).__name__}")
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise damaged(f"kind is one of {', '.join(map(repr, kinds))}", f"got {kind!r:.60}")
    wanted = {field.name: field.type for field in fields(kinds[kind])}  # type: ignore[arg-type]
    given = {name: value for name, value in record.items() if name != "kind"}
    needed = {field.name for field in fields(kinds[kind]) if field.default is MISSING}  # type: ignore[arg-type]
    if not needed <= given.keys() <= wanted.keys():
        raise damaged(f"kind {kind!r} has the entries {', '.join(wanted)}", f"got {', '.join(given)!s:.300}")
    for name, value in given.items():
        if not _CHECKS[wanted[name]](value):
            raise damaged(f"{name} of kind {kind!r} is {_type_name(wanted[name])}", f"got {value!r:.60}")
    return kinds[kind](**{name: _tupled(value, wanted[name] in _FLOATS) for name, value in given.items()})


def _listed(value: Any) -> Any:
    return [_listed(entry) for entry in value] if isinstance(value, tuple) else value


def _tupled(value: Any, floats: bool) -> Any:
    if isinstance(value, list):
        return tuple(_tupled(entry, floats) for entry in value)
    return float(value) if floats else value


def damaged(expected: str, got: str) -> FileError:
    """The error for a stored preparation that cannot be used."""
    return FileError(
        "preparation", expected, got, "The file was altered or comes from a newer version: train again."
    )


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)
