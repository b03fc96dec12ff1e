"""The two halves of a preparation together, and their JSON file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deepstep.data.text_formats import json_values
from deepstep.errors import FileError
from deepstep.preparation.images import ImagePreparation
from deepstep.preparation.records import damaged
from deepstep.preparation.table import TablePreparation
from deepstep.preparation.targets import ClassificationTarget, RegressionTarget, Target

FORMAT = "deepstep-preparation"
VERSION = 3
READABLE = (1, 2, 3)
"""Versions of the file that this release reads."""

_INPUTS: dict[str, type[TablePreparation | ImagePreparation]] = {
    kind.kind: kind for kind in (TablePreparation, ImagePreparation)
}
_TARGETS: dict[str, type[Target]] = {kind.kind: kind for kind in (ClassificationTarget, RegressionTarget)}
_OLD_TARGETS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "classes": lambda old: {**old, "kind": "classification", "classes": [old.get("classes")]},
    "labels": lambda old: {**old, "kind": "classification", "classes": _pairs(old.get("classes"))},
    "number": lambda old: _without(old, "mean", "std", means=[old.get("mean")], stds=[old.get("std")]),
    "numbers": lambda old: _without(old),
}
"""Records of targets in versions 1 and 2, as version 3 has them."""


@dataclass(frozen=True)
class Preparation:
    """How inputs and targets become floats; what `preparation.json` of a run folder holds.

    >>> target = ClassificationTarget((("non-cat", "cat"),))
    >>> preparation = Preparation(ImagePreparation(64, 64, 3, 1 / 255), target)
    >>> Preparation.from_json(preparation.to_json()) == preparation
    True
    """

    inputs: TablePreparation | ImagePreparation
    target: Target

    def to_json(self) -> str:
        """The preparation as text.

        returns: JSON with format, version and both halves.
        """
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "inputs": self.inputs.to_dict(),
                "target": self.target.to_dict(),
            },
            ensure_ascii=False,
            allow_nan=False,
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> "Preparation":
        """The preparation that `to_json` wrote.

        text: As `to_json` wrote it.
        returns: The same.
        FileError: When the text is no JSON, of another format or version, or was altered.
        """
        try:
            record = json_values(text)
        except ValueError as error:
            raise damaged("JSON is expected", f"it cannot be read ({error!s:.200})") from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise damaged(f"an object with format {FORMAT!r} is expected", "this is none")
        if record.get("version") not in READABLE:
            raise FileError(
                "preparation",
                f"version {' or '.join(map(str, READABLE))} is expected",
                f"got version {record.get('version')!r:.20}",
                "Update DeepStep, or train again with this version.",
            )
        inputs, target = _half(record, "inputs", _INPUTS), _half(record, "target", _TARGETS | _OLD_TARGETS)
        if target["kind"] in _OLD_TARGETS:
            target = _OLD_TARGETS[target["kind"]](target)
        return cls(_INPUTS[inputs["kind"]].from_dict(inputs), _TARGETS[target["kind"]].from_dict(target))


def _pairs(classes: Any) -> Any:
    """The two classes of each column, which stood in one list."""
    whole = isinstance(classes, list)
    return [classes[at : at + 2] for at in range(0, len(classes), 2)] if whole else classes


def _without(old: dict[str, Any], *names: str, **new: Any) -> dict[str, Any]:
    """A record of numbers with other entries."""
    kept = {name: value for name, value in old.items() if name not in names}
    return {**kept, "kind": "regression", **new}


def _half(record: dict[str, Any], name: str, kinds: dict[str, Any]) -> dict[str, Any]:
    """One half of the record, of a known kind."""
    half = record.get(name)
    kind = half.get("kind") if isinstance(half, dict) else None
    if not isinstance(half, dict) or not isinstance(kind, str) or kind not in kinds:
        raise damaged(f"{name} is of kind {' or '.join(map(repr, kinds))}", f"got {kind!r:.60}")
    return half
