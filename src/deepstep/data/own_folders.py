"""Folders that may be replaced or removed: those that DeepStep wrote and to which nothing was added.

A folder is known by the record in it (``model.json`` of a saved model, which a run is with a ``run.json``
beside it, ``training.json`` of a training that is not done), which has a format and its own digest.
Everything else in it is known by its name, as the parts of DeepStep that write into such folders give it, or
as desktops do that keep the look of a folder in it. Of the other files neither presence nor content matters:
a damaged run can be replaced, too. Symbolic links are never followed and belong to no run.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deepstep.errors import FileError

MODEL_MARK, RUN_MARK, TRAINING_MARK = "model.json", "run.json", "training.json"
"""The files that make a folder a saved model, a run of the command line, or a training that is not done."""

MODEL_FORMAT, RUN_FORMAT, TRAINING_FORMAT = "deepstep", "deepstep-run", "deepstep-training"
"""The values of ``format`` in these files."""

ARRAYS, HISTORY, ROWS = "arrays.safetensors", "history.jsonl", "rows.safetensors"
"""The files of a saved model beside ``model.json``, and that of a run beside ``run.json``."""

DIGEST = "sha256"
"""The key under which they hold their own digest."""

MOST_OF_A_MARK = 2**26
"""Most bytes of ``training.json``; other records have `deepstep.data.text_formats.MOST_BYTES`."""

MOST_NAMED = 3
"""Foreign files in a message; of the others the number alone."""

_CHECKPOINT = r"checkpoint-[0-9]{12,}\.safetensors"
_MEMBER = r"member-[0-9]{3,}-[0-9]+"
TEMPORARY = r"\.deepstep-tmp-[0-9a-f]{12}"
"""Names of files and folders that are being written."""

_OF_DESKTOPS = r"\.DS_Store|Thumbs\.db|desktop\.ini"
"""Files that macOS and Windows write into a folder that somebody has looked into."""

_MODEL = r"model\.json|arrays\.safetensors|history\.jsonl"

_FILES = {
    "": "|".join(
        (
            _MODEL,
            r"run\.json|rows\.safetensors",
            rf"training\.json|{_CHECKPOINT}",  # of a training that is not done, and its logs
            r"history(-refit)?\.csv",
        )
    ),
    _MEMBER: _MODEL,
    "refit": _CHECKPOINT,
}
"""Names of files by the folder that they lie in, relative to that of the record."""


def config_digest(config: Mapping[str, Any]) -> str:
    """The SHA-256 of a config's values without the digest itself, whatever the layout of the file."""
    values = {name: value for name, value in config.items() if name != DIGEST}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def sealed(values: Mapping[str, Any]) -> str:
    """Values as JSON, with the SHA-256 of this text as the last entry.

    >>> sealed({"a": 1})[:20]
    '{"a": 1, "sha256": "'
    >>> is_sealed(sealed({"a": 1})), is_sealed(sealed({"a": 1}).replace("1", "2"))
    (True, False)
    """
    text = json.dumps(values, ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{text[:-1]}, "{DIGEST}": "{digest}"}}'


def is_sealed(text: str) -> bool:
    """Whether a text is as `sealed` made it."""
    content, _, end = text.rpartition(f', "{DIGEST}": "')
    digest = hashlib.sha256(f"{content}}}".encode()).hexdigest()
    return end == f'{digest}"}}'


def why_kept(folder: Path, *, training: bool = False) -> str:
    """Why a folder may not be replaced or removed; empty where it may."""
    if folder.is_symlink() or not folder.is_dir():
        return "it is something else"
    with os.scandir(folder) as entries:
        if next(entries, None) is None:
            return ""
    reason = _why_no_mark(folder, TRAINING_MARK if training else MODEL_MARK)
    if reason:
        return reason
    foreign = sorted(path.relative_to(folder).as_posix() for path, is_own in _entries(folder) if not is_own)
    if not foreign:
        return ""
    named = ", ".join(map(repr, foreign[:MOST_NAMED]))
    more = f" and {len(foreign) - MOST_NAMED} more" if len(foreign) > MOST_NAMED else ""
    return f"there is something in it that DeepStep did not write: {named}{more}"


def remove_own(folder: Path) -> None:
    """Remove what DeepStep wrote into a folder, then the folder; OSError if anything else is left in it."""
    for path, is_own in _entries(folder):
        if is_own:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


def _why_no_mark(folder: Path, mark: str) -> str:
    """Why the record of a folder is none of DeepStep's; empty where the record is sound."""
    from deepstep.data.text_formats import MOST_BYTES, json_values, read_text  # a cycle: by `files`

    path = folder / mark
    if path.is_symlink() or not path.is_file():
        return f"it is something else, without a {mark}"
    expected = {MODEL_MARK: MODEL_FORMAT, TRAINING_MARK: TRAINING_FORMAT}[mark]
    try:
        text = read_text(path, most=MOST_BYTES if mark == MODEL_MARK else MOST_OF_A_MARK)
        record = json_values(text, finite=False, surrogates=True)
    except (FileError, ValueError) as error:
        reason = (error.__cause__ if isinstance(error, FileError) else None) or error
        return f"it is something else, with a {mark} that cannot be read ({reason!s:.200})"
    if not isinstance(record, dict) or record.get("format") != expected:
        return f"it is something else, with a {mark} of another format than {expected!r}"
    is_unaltered = is_sealed(text) if mark == MODEL_MARK else record.get(DIGEST) == config_digest(record)
    return "" if is_unaltered else f"its {mark} was altered"


def _entries(folder: Path, place: str = "") -> Iterator[tuple[Path, bool]]:
    """All that is in a folder, contents before their folder, with whether DeepStep wrote it."""
    files = f"{_names_in(place)}|{TEMPORARY}|{_OF_DESKTOPS}"
    with os.scandir(folder) as entries:
        sorted_entries = sorted(entries, key=lambda entry: entry.name)
    for entry in sorted_entries:
        path = Path(entry.path)
        # a junction of Windows is a link to a folder, and Python 3.11 does not tell it from one
        if entry.is_dir(follow_symlinks=False) and not getattr(entry, "is_junction", bool)():
            inner_place = f"{place}/{entry.name}".removeprefix("/")
            is_own = _names_in(inner_place) is not None
            if is_own:
                yield from _entries(path, inner_place)
            yield path, is_own
        else:
            is_own = re.fullmatch(files, entry.name) is not None
            yield path, is_own and entry.is_file(follow_symlinks=False)


def _names_in(place: str) -> str | None:
    """The names of files in a folder, as a pattern; None for a folder that DeepStep does not make."""
    return next((names for folders, names in _FILES.items() if re.fullmatch(folders, place)), None)
