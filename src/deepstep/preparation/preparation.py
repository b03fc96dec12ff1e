"""The two halves of a preparation together, and their JSON file."""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from deepstep.data.text_formats import json_values
from deepstep.errors import FileError
from deepstep.preparation.class_target import ClassTarget
from deepstep.preparation.images import ImagePreparation
from deepstep.preparation.label_targets import LabelTargets
from deepstep.preparation.number_target import NumberTarget
from deepstep.preparation.number_targets import NumberTargets
from deepstep.preparation.records import damaged
from deepstep.preparation.table import TablePreparation

FORMAT = "deepstep-preparation"
VERSION = 2
READABLE = (1, 2)
"""Versions of the file that this release reads."""

Target: TypeAlias = ClassTarget | NumberTarget | LabelTargets | NumberTargets
"""Targets of a network: one column of a table, or several."""

_INPUTS: dict[str, type[TablePreparation | ImagePreparation]] = {
    kind.kind: kind for kind in (TablePreparation, ImagePreparation)
}
_TARGETS: dict[str, type[Target]] = {
    kind.kind: kind for kind in (ClassTarget, NumberTarget, LabelTargets, NumberTargets)
}


@dataclass(frozen=True)
class Preparation:
    """How inputs and targets become floats; what `preparation.json` of a run folder holds.

    >>> preparation = Preparation(ImagePreparation(64, 64, 3, 1 / 255), ClassTarget(("non-cat", "cat")))
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
        inputs, target = _half(record, "inputs", _INPUTS), _half(record, "target", _TARGETS)
        return cls(_INPUTS[inputs["kind"]].from_dict(inputs), _TARGETS[target["kind"]].from_dict(target))


def _half(record: dict[str, Any], name: str, kinds: dict[str, Any]) -> dict[str, Any]:
    """One half of the record, of a known kind."""
    half = record.get(name)
    kind = half.get("kind") if isinstance(half, dict) else None
    if not isinstance(half, dict) or not isinstance(kind, str) or kind not in kinds:
        raise damaged(f"{name} is of kind {' or '.join(map(repr, kinds))}", f"got {kind!r:.60}")
    return half
