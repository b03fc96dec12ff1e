"""The finished members of a fit as files, from which the same call is resumed to the same bits."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import Any

from deepstep import archive
from deepstep.ensembles.member_fit import Task, Trained
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.errors import ConfigurationError, FileError, warn_the_caller
from deepstep.preparation.batches import Examples, digest
from deepstep.training.checkpoint import differences, plain
from deepstep.training.checkpoints import checkpoint_files, ready_folder, refuse_earlier

LONG = 1.0
"""Seconds of training from which on a member is written at once."""

SECONDS = 5.0
"""Seconds between two times at which finished members are written; a shorter fit leaves none."""

KIND = "member"
"""First part of the names of the folders."""


def member_folders(folder: Path | str) -> list[Path]:
    """The finished members in a folder, by their names.

    >>> member_folders("no/such/folder")
    []
    """
    return sorted(path for path in Path(folder).glob(f"{KIND}-[0-9]*-[0-9]*") if "." not in path.name)


def seed_of_members(folder: Path | str) -> int | None:
    """The seed of the fit whose members are in a folder; None where none can be read."""
    for path in member_folders(folder):
        try:
            return int(archive.read(path)["identity"]["random_state"])
        except (FileError, KeyError, TypeError):  # `FinishedMembers.read` warns of it
            continue
    return None


class FinishedMembers:
    """Reads and writes the members of one fit: an archive for each.

    ``identity`` is what the members of a fit have in common. ``one_network`` says that the fit has one
    network, which writes checkpoints into the same folder.
    """

    def __init__(
        self, folder: Path | str, identity: Mapping[str, Any], *, resume: bool, one_network: bool
    ) -> None:
        self._folder = Path(folder)
        self._identity = _as_json(identity)
        self._digests: dict[tuple[int, str], dict[str, Any]] = {}
        self._read: set[Path] = set()
        self._damaged: set[Path] = set()
        self._waiting: list[tuple[Path, dict[str, Any]]] = []
        self._begun = self._written = monotonic()
        self._warned = False
        ready_folder(self._folder)
        if not (one_network and resume):
            hint = "They are of one network. Choose another folder."
            refuse_earlier(self._folder, checkpoint_files(self._folder), hint=hint)
        if not resume:
            refuse_earlier(self._folder, member_folders(self._folder))

    def read(
        self,
        number: int,
        task: Task,
        preprocessor: Preprocessor,
        learned: Examples,
        held_out: Examples | None,
    ) -> Trained | None:
        """The member of a task; None where it is not there, damaged, or was trained in another window."""
        if (task.fold, task.preset.inputs) not in self._digests:
            units = [values.tolist() for values in (preprocessor.center, preprocessor.scale)]
            training_data = f"{digest(learned)} {units}"
            self._digests[task.fold, task.preset.inputs] = {
                "training data": sha256(training_data.encode()).hexdigest(),
                "validation data": None if held_out is None else digest(held_out),
            }
        path = self._path(number, task)
        if not path.exists():
            return None
        try:
            record = archive.read(path)
            trained, window, identity = (record[name] for name in ("trained", "window", "identity"))
            if not isinstance(trained, Trained):
                raise FileError(f"{path} holds a {type(trained).__name__}, not a member of an ensemble")
        except (FileError, KeyError, TypeError) as error:
            self._damaged.add(path)
            warn_the_caller(f"{error} The member is trained again.")
            return None
        if tuple(window) != task.window:
            return None
        other = differences(identity, self._identity_of(task))
        if other:
            requirement = "a folder with members of this fit, of the same data and parameters"
            value = f"{str(self._folder)!r} with others:"
            hint = "Pass what they were trained with, or choose another folder."
            raise ConfigurationError.must_be("checkpoint_dir", requirement, value, hint, listed=other)
        self._read.add(path)
        return trained

    def add(self, number: int, task: Task, trained: Trained) -> None:
        """Write a finished member, unless it was read: now, or a short one with the next ones."""
        path = self._path(number, task)
        if path not in self._read:
            record = {"identity": self._identity_of(task), "window": task.window, "trained": trained}
            self._waiting.append((path, record))
        if (trained.member.seconds or 0.0) >= LONG or monotonic() - self._written >= SECONDS:
            self.flush()

    def end(self) -> None:
        """Write the last ones of a fit that is not short."""
        if monotonic() - self._begun >= SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the members that wait; where that fails, training continues with a warning."""
        waiting, self._waiting = self._waiting, []
        try:
            for path, record in waiting:
                if path in self._damaged:  # it may be none that an archive would replace
                    rmtree(path, ignore_errors=True)
                archive.write(path, record, overwrite=True)
        except FileError as error:
            if not self._warned:
                self._warned = True
                warn_the_caller(f"Training continues without the files of some members: {error}")
        self._written = monotonic()

    def _path(self, number: int, task: Task) -> Path:
        return self._folder / f"{KIND}-{number:03}-{task.fold}"

    def _identity_of(self, task: Task) -> dict[str, Any]:
        """The conditions of a member: the fit, the data, the preset and the seed."""
        member = {"preset of the member": plain(task.preset), "seed of the member": task.seed}
        return {**self._identity, **self._digests[task.fold, task.preset.inputs], **_as_json(member)}


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they come back from a file."""
    return dict(json.loads(json.dumps(plain(values), default=str)))
