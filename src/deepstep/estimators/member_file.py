"""A finished member of an ensemble as one file: what the selection needs of it. Nothing is pickled."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.text_formats import json_values
from deepstep.errors import DeepStepError, FileError
from deepstep.estimators.members import Trained
from deepstep.estimators.saved import Values
from deepstep.estimators.training import FitResult
from deepstep.training.checkpoint import checksum
from deepstep.types import AnyArray

FORMAT, VERSION = "deepstep-member", 1

CONTENT = "content"
"""The array that holds the JSON text of a member; the names of the others are numbers."""

OF_A_MEMBER = ("engine", "epochs", "validation_cost", "best_epoch", "settings")
"""Fields of `Member` that are stored as they are."""


def write_member(path: Path, known: Mapping[str, Any], trained: Trained) -> None:
    """Write a member with what is known of its fit; the file appears whole or not at all."""
    values, member = Values({}), trained.member
    snapshots = [
        [one.epochs, one.parameters.flat, dict(one.statistics), one.outputs] for one in trained.snapshots
    ]
    record = {
        **known,
        "theta": member.network.parameters.flat,
        "statistics": dict(member.network.statistics),
        "fit": member.fit,
        "snapshots": snapshots,
        "outputs": trained.outputs,
        "last": trained.last,
        **{name: getattr(member, name) for name in OF_A_MEMBER},
    }
    text = json.dumps(values.packed(record)).encode()
    arrays: dict[str, AnyArray] = {**values.arrays, CONTENT: np.frombuffer(text, np.uint8)}
    header = {"format": FORMAT, "version": str(VERSION), "sha256": checksum("", arrays)}
    write_arrays(path, arrays, header)


def read_member(path: Path) -> dict[str, Any]:
    """The contents of a file; a FileError where it is damaged or something else."""
    header, arrays = read_arrays(path, "a member of an ensemble", hint="")
    if (header.get("format"), header.get("version")) != (FORMAT, str(VERSION)):
        raise FileError(str(path), f"a member, format version {VERSION}", "its header says something else")
    if header.get("sha256") != checksum("", arrays):
        raise FileError(
            str(path), "the contents that were written, by their checksum", "the file was altered or damaged"
        )
    with fitting_parts(path):
        kept = dict(Values(arrays).unpacked(json_values(arrays[CONTENT].tobytes(), finite=False)))
        if not (isinstance(kept["fit"], FitResult) and isinstance(kept["seed"], int)):
            raise TypeError("its training is missing")
        return kept


@contextmanager
def fitting_parts(path: Path) -> Iterator[None]:
    """Let what does not fit together be an error of the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, DeepStepError) as error:
        raise FileError(str(path), "a whole member", f"its parts do not fit: {error!s:.200}") from None
