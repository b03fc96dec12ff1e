"""Trainings that are not done: ``RUN.unfinished``, which ``deepstep train --resume RUN`` continues.

The folder holds ``training.json`` (the command: the file with its SHA-256, and the options), and what the
estimators write into their ``checkpoint_dir``: checkpoints of one network, or the finished members of an
ensemble. When training is done it gets the run's files, and in one rename the run's name: at each instant
there is either an unfinished training or a whole run.
"""

import json
import os
import shlex
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from deepstep import __version__
from deepstep.cli.open_runs import folder_for, is_diverged
from deepstep.cli.screen import note, program, warnings_as_notes
from deepstep.data import atomic_directory
from deepstep.data.files import RUN_MARK, as_file_error, discard, held, kind_at, publish, refuse_to_replace
from deepstep.data.own_folders import (
    DIGEST,
    MOST_OF_A_MARK,
    TRAINING_FORMAT,
    TRAINING_MARK,
    config_digest,
    why_kept,
)
from deepstep.data.parquet import digest_of
from deepstep.data.sources import STDIN, local, shown
from deepstep.data.text_formats import json_values, read_text
from deepstep.ensembles.finished import member_folders
from deepstep.errors import ConfigurationError, DivergenceError, FileError
from deepstep.run import UNFINISHED, Run
from deepstep.training import Callback, Csv, Health, History, latest_checkpoint
from deepstep.training.callbacks import FIRST
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.fit import REFIT


def free_name(stem: str, endings: Sequence[str] = ("",)) -> Path:
    """``runs/stem``, or ``runs/stem-2``, … : the first where nothing stands, with any of the endings."""
    number = 1
    while True:
        path = Path("runs", stem if number == 1 else f"{stem}-{number}")
        if all(kind_at(f"{path}{ending}") == "nothing" for ending in endings):
            return path
        number += 1


VERSION = 5
"""The version of ``training.json``."""


@dataclass(frozen=True)
class Training:
    """A training's command: the table by absolute path and SHA-256, and the options in JSON's types.

    ``validation_sha256`` is that of the table to validate on; empty without.
    """

    file: str
    file_sha256: str
    options: Mapping[str, Any]
    validation_sha256: str = ""

    @classmethod
    def of(cls, file: Path, options: Mapping[str, Any]) -> "Training":
        """A new one on a table, with perhaps a second one to validate on."""
        second = options.get("validation")
        digest = "" if second is None else digest_of(Path(second))
        return cls(
            os.path.abspath(file), digest_of(file), json.loads(json.dumps(options, default=str)), digest
        )

    def check(self, file: Path) -> None:
        """Refuse tables that are not those that training began with."""
        if file.name == STDIN and str(file) != STDIN:
            problem = "FILE is missing, as the table came from standard input"
            raise ConfigurationError(problem, "Type: cat FILE | deepstep train - --resume RUN")
        _check_table(
            file, self.file_sha256, "FILE", "If it was moved, name it: append its new place to the command."
        )
        if self.validation_sha256:
            second = Path(self.options["validation"])
            hint = "Put it back, or start again with --overwrite."
            _check_table(second, self.validation_sha256, "--validation", hint)


def _check_table(path: Path, digest: str, name: str, hint: str) -> None:
    if kind_at(local(path)) == "nothing":
        raise FileError(f"{path}, the {name} that this training began with, is missing", hint)
    if digest_of(path) != digest:
        problem = f"{shown(path)} is not the table that this training began with, or was changed"
        raise FileError(problem, "Restore it, or start again with --overwrite.")


class Keeping(NamedTuple):
    """How a running training is kept: ``cannot_resume`` says why none of its networks can be gone on with,
    ``by_folds`` tells an ensemble, whose networks are kept when they are done.
    """

    training: Training
    resumed: bool
    by_folds: bool
    cannot_resume: str = ""

    def parameters(self, run: Path) -> dict[str, Any]:
        """The parameters of an estimator that writes what can be gone on with."""
        if self.cannot_resume:
            return {}
        return {"checkpoint_dir": unfinished(run), "resume": True}  # where it begins there is nothing yet

    def interrupted(self, run: Path, history: History, *, again: bool) -> None:
        """After Ctrl-C: raise KeyboardInterrupt, unless a run is made of what was reached."""
        if again or not history or _kept(unfinished(run)):
            raise KeyboardInterrupt
        why = self.cannot_resume or "there is no checkpoint"
        note(f"Interrupted: {why}, and what was reached is being saved; Ctrl-C once more ends at once.")


@contextmanager
def place(run: Path, keeping: Keeping, *, overwrite: bool) -> Iterator[Callable[[Run], None]]:
    """Give the function that fills the run's folder, which is the run when the block ends."""
    with (
        warnings_as_notes(),
        _saying_what_is_kept(run, keeping),
        _place_to_train(run, keeping, overwrite=overwrite) as save,
    ):
        yield save


def unfinished(run: Path) -> Path:
    """Where the training of a run that is not done stands."""
    target = Path(os.path.realpath(run))
    return target.with_name(target.name + UNFINISHED)


def named_run(run: Path) -> Path:
    """The run of a folder that may be named with or without the ending.

    >>> named_run(Path("runs/a.unfinished")).as_posix(), named_run(Path("runs/a")).as_posix()
    ('runs/a', 'runs/a')
    """
    return run.with_name(run.name.removesuffix(UNFINISHED))


def resume_command(run: Path) -> str:
    """The command that resumes a training; a table from standard input comes from there once more."""
    try:
        piped = Path(read_training(run).file).name == STDIN
    except FileError:
        piped = False
    before, file = ("cat FILE | ", f"{STDIN} ") if piped else ("", "")
    return f"{before}{program()} train {file}--resume {shlex.quote(run.as_posix())}"


def read_training(run: Path) -> Training:
    """The unfinished training of a run, written by this version and not altered."""
    path = unfinished(run) / TRAINING_MARK
    if kind_at(path) != "file":
        if kind_at(run) == "folder":
            raise FileError(
                f"{run} cannot be resumed: its training has ended", "Train again with --overwrite."
            )
        raise FileError(f"{run} cannot be resumed: there is no {path.parent.name}")
    try:
        record = json_values(read_text(path, most=MOST_OF_A_MARK), finite=False, surrogates=True)
        if record["format"] != TRAINING_FORMAT or record[DIGEST] != config_digest(record):
            raise ValueError("its contents were altered")
        training = Training(
            str(record["file"]),
            str(record["file_sha256"]),
            dict(record["options"]),
            str(record["validation_sha256"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = error.problem if isinstance(error, FileError) else f"{path} cannot be used ({error!s:.300})"
        raise FileError(problem, "Start a new training.") from None
    if (record["version"], record["deepstep"]) != (VERSION, __version__):
        begun = record["deepstep"]
        raise FileError(
            f"{path} was begun with DeepStep {begun!r}, and this is {__version__!r}",
            f"A resumed training is exact within one version only: install deepstep=={begun}, or start again "
            "with --overwrite.",
        )
    return training


@contextmanager
def _place_to_train(run: Path, keeping: Keeping, *, overwrite: bool) -> Iterator[Callable[[Run], None]]:
    """Give the function that fills the folder of an unfinished training; after the block it becomes the run.

    After an exception the folder stays if there is something to go on from in it; else nothing is left.
    """
    folder = unfinished(run)
    mark = folder / TRAINING_MARK
    both = kind_at(run / RUN_MARK) == kind_at(mark) == "file"
    if both and not (keeping.resumed or overwrite):
        problem = f"{run} exists already, and so does {folder.name}, a training of it that is not done"
        raise FileError(problem, f"Resume the training: {resume_command(run)}. Or replace both: --overwrite.")
    overwrite = overwrite or is_diverged(run)
    refuse_to_replace(run, overwrite=overwrite)
    with folder_for(run):
        try:
            if not keeping.resumed:
                _begin(run, folder, keeping.training, overwrite=overwrite)
            with held(mark, str(run)):
                try:
                    yield partial(_fill, folder, run)
                    with _going_on_named(folder, run):
                        publish(folder, run, overwrite=overwrite)
                except BaseException as error:
                    if not _kept(folder) or (keeping.by_folds and isinstance(error, DivergenceError)):
                        discard(folder)
                    raise
        except KeyboardInterrupt:  # perhaps between two of these lines
            if kind_at(mark) == "file" and not _kept(folder):
                # a training that another process is at work on stays
                with suppress(FileError), held(mark, str(run)):
                    discard(folder)
            raise
    with suppress(OSError):  # the run is whole with or without them
        for path in (run / TRAINING_MARK, *_kept(run)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with suppress(OSError):
        (run / REFIT).rmdir()


def _begin(run: Path, folder: Path, training: Training, *, overwrite: bool) -> None:
    """Make the folder of a training that begins."""
    _clear(run, folder, overwrite=overwrite)
    record = {"format": TRAINING_FORMAT, "version": VERSION, "deepstep": __version__, **asdict(training)}
    record[DIGEST] = config_digest(record)
    try:
        with atomic_directory(folder) as new:
            (new / TRAINING_MARK).write_text(json.dumps(record, indent=1), encoding="utf-8")
    except FileError:
        _clear(run, folder, overwrite=False)  # another process began the same training meanwhile
        raise


def _fill(folder: Path, name: Path, run: Run) -> None:
    """Write the run; the checkpoints before the last one make room for it."""
    for path in _checkpoints(folder)[:-1]:
        path.unlink(missing_ok=True)
    with _going_on_named(folder, name):
        run.write(folder)


@contextmanager
def _going_on_named(folder: Path, run: Path) -> Iterator[None]:
    """Add the way to resume to errors of files that cannot be written, where there is a checkpoint."""
    left = f"the last checkpoint, if there is one, stays in {folder}"
    try:
        with as_file_error(run, Path(os.path.realpath(run)), inside=folder, left=left):
            yield
    except FileError as error:
        if not _kept(folder):
            raise
        hint = f"Make room, or remove the cause, and resume: {resume_command(run)}"
        raise FileError(error.problem, hint) from error


@contextmanager
def _saying_what_is_kept(run: Path, keeping: Keeping) -> Iterator[None]:
    """Let Ctrl-C and a divergence say where the training stands and what to type next."""
    folder = unfinished(run)
    try:
        yield
    except KeyboardInterrupt:
        checkpoints, members = _checkpoints(folder), len(member_folders(folder))
        if not (checkpoints or members):
            first = "before a network was saved" if keeping.by_folds else "before there was a checkpoint"
            ended = f": {keeping.cannot_resume}" if keeping.cannot_resume else f" {first}"
            raise KeyboardInterrupt(f"Interrupted{ended}, and nothing is kept.") from None
        what = f"{members} networks are"
        if checkpoints:
            what = f"What was reached by update {_step(checkpoints[-1]):,} is"
        going_on = f"Resume it: {resume_command(run)}"
        raise KeyboardInterrupt(f"Interrupted. {what} kept in {folder}. {going_on}") from None
    except DivergenceError as error:
        checkpoints = _checkpoints(folder)
        if checkpoints:
            error.also(
                "To start again, add --overwrite. "
                f"The last good checkpoint, of update {_step(checkpoints[-1]):,}, is kept; in Python it is "
                f"Network.from_checkpoint({str(checkpoints[-1])!r})"
            )
        raise


def _checkpoints(folder: Path) -> list[Path]:
    """All checkpoints of a training, then those of its refit."""
    return [*checkpoint_files(folder), *checkpoint_files(folder / REFIT)]


def _kept(folder: Path) -> list[Path]:
    """All from which a training can go on."""
    return [*_checkpoints(folder), *member_folders(folder)]


def _step(checkpoint: Path) -> int:
    return int(checkpoint.stem.rpartition("-")[2])


def _clear(run: Path, folder: Path, *, overwrite: bool) -> None:
    """Refuse a training of the run that is not done, or drop it where that is asked for."""
    if kind_at(folder) == "nothing":
        return
    if kind_at(folder / TRAINING_MARK) != "file":
        raise FileError(f"{folder} is no training of DeepStep", "Move it.")
    with as_file_error(folder, folder):
        reason = why_kept(folder, training=True)
    if overwrite and reason:
        raise FileError(f"{folder} is not replaced: {reason}", "Move it.")
    with held(folder / TRAINING_MARK, str(run)):
        if not overwrite:
            problem = f"{run} has a training that is not done, {folder.name}"
            raise FileError(problem, f"Resume it: {resume_command(run)}. Or replace it: --overwrite.")
        discard(folder)


def log_callbacks(log: str, run: Path, *, resumed: bool) -> list[Callback]:
    """The callbacks that write each epoch's record into a CSV file, with the health of the layers.

    The file of a training that is resumed without a checkpoint begins again. The folder, which may be of
    others, names the file: what `Csv` has not written stays, and it refuses that.
    """
    with warnings.catch_warnings(action="ignore"):  # of damaged ones, which training warns of
        checkpoint = latest_checkpoint(unfinished(run))
    if resumed and (checkpoint is None or not checkpoint.records):
        with suppress(OSError), open(log, "r+b") as file:
            if file.read(len(FIRST)) == FIRST:
                file.truncate(0)
    return [Health(), Csv(Path(log), append=resumed)]
