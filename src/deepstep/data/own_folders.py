"""Which folders may be replaced or removed: those that DeepStep wrote and to which nothing was added.

A folder of runs is known by the record in it (``config.toml`` of a run, ``training.json`` of a training that
is not done), which has a format and its own digest; everything else in it by its name, as the parts of
DeepStep that write into such folders give it, or as desktops do that keep the look of a folder in it. Of the
other files neither presence nor content matters: a damaged run can be replaced, too. Symbolic links are never
followed and belong to no run.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deepstep.data.text_formats import json_values, read_text, toml_values
from deepstep.errors import FileError

RUN_MARK, TRAINING_MARK = "config.toml", "training.json"
"""The files that make a folder a run of DeepStep, or a training that is not done."""

RUN_FORMAT, TRAINING_FORMAT = "deepstep-run", "deepstep-training"
"""The values of ``format`` in these files."""

DIGEST = "sha256"
"""The key under which they hold their own digest."""

MOST_OF_A_MARK = 2**26
"""Bytes of these files."""

MOST_NAMED = 3
"""Foreign files in a message; of the others the number alone."""

_CHECKPOINT = r"checkpoint-[0-9]{12,}\.safetensors"
_MEMBER = r"member-[0-9]{3,}-[0-9]+\.safetensors"
TEMPORARY = r"\.deepstep-tmp-[0-9a-f]{12}"
"""Names of files and folders that are being written."""

_OF_DESKTOPS = r"\.DS_Store|Thumbs\.db|desktop\.ini"
"""Files that macOS and Windows write into a folder that somebody has looked into."""

_FILES = {
    "": "|".join(
        (
            r"config\.toml|preparation\.json|ensemble\.json|estimator\.json",
            r"(examples|estimator|held_out)\.safetensors",
            rf"training\.json|{_CHECKPOINT}|{_MEMBER}",  # of a training that is not done, and its logs
            r"history(-refit)?\.csv",
        )
    ),
    "members": r"[0-9]{2,}-[A-Za-z]+-[0-9]+\.(safetensors|jsonl)",
    "refit": _CHECKPOINT,
}
"""Names of files by the folder that they lie in."""


def config_digest(config: Mapping[str, Any]) -> str:
    """The SHA-256 of a config's values without the digest itself, whatever the layout of the file."""
    values = {name: value for name, value in config.items() if name != DIGEST}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def why_kept(folder: Path, *, training: bool = False) -> str:
    """Why a folder may not be replaced or removed."""
    if folder.is_symlink() or not folder.is_dir():
        return "it is something else"
    with os.scandir(folder) as entries:
        if next(entries, None) is None:
            return ""
    reason = _why_no_mark(folder, TRAINING_MARK if training else RUN_MARK, training=training)
    if reason:
        return reason
    foreign = sorted(path.relative_to(folder).as_posix() for path, own in _entries(folder) if not own)
    if not foreign:
        return ""
    named = ", ".join(map(repr, foreign[:MOST_NAMED]))
    more = f" and {len(foreign) - MOST_NAMED} more" if len(foreign) > MOST_NAMED else ""
    return f"there is something in it that DeepStep did not write: {named}{more}"


def remove_own(folder: Path) -> None:
    """Remove what DeepStep wrote into a folder, and the folder itself if nothing else is left in it."""
    for path, own in _entries(folder):
        if own:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


def _why_no_mark(folder: Path, mark: str, *, training: bool) -> str:
    """Why the record of a folder is none of DeepStep's; empty where it is."""
    path = folder / mark
    if path.is_symlink() or not path.is_file():
        return f"it is something else, without a {mark}"
    expected = TRAINING_FORMAT if training else RUN_FORMAT
    try:
        text = read_text(path, most=MOST_OF_A_MARK)
        record = json_values(text, finite=False, surrogates=True) if training else toml_values(text)
    except (FileError, ValueError) as error:
        got = f"{(error.__cause__ if isinstance(error, FileError) else None) or error!s:.200}"
        return f"it is something else, with a {mark} that cannot be read ({got})"
    if not isinstance(record, dict) or record.get("format") != expected:
        return f"it is something else, with a {mark} of another format than {expected!r}"
    if DIGEST in record and record[DIGEST] != config_digest(record):  # the first releases wrote none
        return f"its {mark} was altered"
    return ""


def _entries(folder: Path) -> Iterator[tuple[Path, bool]]:
    """All that is in a folder and in those of DeepStep within it, with whether DeepStep wrote it."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        inner = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if entry.name in _FILES:
                with os.scandir(inner) as deeper:
                    files = sorted(deeper, key=lambda file: file.name)
                yield from ((Path(file.path), _is_own(file, entry.name)) for file in files)
            yield inner, entry.name in _FILES
        else:
            yield inner, _is_own(entry, "")


def _is_own(entry: "os.DirEntry[str]", within: str) -> bool:
    name = re.fullmatch(f"{_FILES[within]}|{TEMPORARY}|{_OF_DESKTOPS}", entry.name)
    return entry.is_file(follow_symlinks=False) and name is not None
