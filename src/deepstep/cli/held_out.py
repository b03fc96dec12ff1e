"""The entry ``held_out`` of a run's config: the rows that were not learned from.

The file that holds them with its SHA-256, and a SHA-256 of their numbers: by these
`deepstep.cli.report_rows` finds them again.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from deepstep.cli.screen import printable
from deepstep.cli.table_task import TableSplit
from deepstep.data import sha256
from deepstep.data.files import kind_at
from deepstep.data.hdf5 import TEST_FILE
from deepstep.types import AnyArray

KEY, STREAMED = "held_out", "streamed"
"""Entries of a run's config: the rows held out, or how rows that stayed in their files were read."""
TEST, VALIDATION, LEARNED = "test", "validation", "train"
"""Parts, the first that there is counts."""


def of_table(
    file: Path, run: Path, split: TableSplit, validation: Path | None, *, refit: bool
) -> dict[str, Any]:
    """Entries of a run's config about the held-out rows of a table.

    ``validation`` is the table that was validated on. With ``refit`` the rows validated on were learned from
    in the end.
    """
    part, rows = LEARNED, split.train
    if split.test is not None:
        part, rows = TEST, split.test
    elif split.validation is not None and not refit:
        part, rows = VALIDATION, split.validation
    holds_them = validation if part == VALIDATION and validation is not None else file
    if kind_at(holds_them) == "folder":  # of parts, whose rows have no numbers in a file
        return {}
    return {KEY: {"part": part, **_named(holds_them, run), **numbered(rows.numbers)}}


def of_builtin(name: str, seed: int) -> dict[str, Any]:
    """The same of a built-in set."""
    return {KEY: {"part": TEST, "builtin": name, "seed": seed}}


def of_cats(folder: Path, run: Path) -> dict[str, Any]:
    """The same of the folder of the cats' files."""
    return {KEY: {"part": TEST, **_named(folder / TEST_FILE, run)}}


def _named(file: Path, run: Path) -> dict[str, Any]:
    """A file by its place beside the run, so that both can be moved together."""
    path, start = os.path.realpath(file), os.path.realpath(run)
    try:
        place = os.path.relpath(path, start)
    except ValueError:  # on another drive
        place = path
    return {"file": printable(Path(place)), "sha256": sha256(file)}


def numbered(rows: AnyArray) -> dict[str, Any]:
    """How many rows, and a SHA-256 of their numbers."""
    return {"rows": len(rows), "of_rows": hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()}
