"""Files and folders that appear whole or not at all.

New bytes go to a temporary sibling, reach the disk (fsync), and then take the place of the old ones by a
rename. Whatever fails before (a full disk, an interrupt, an exception of the caller) leaves the old file or
folder as it was. A process killed outright leaves at most a `.deepstep-tmp-*` sibling behind, which the next
one that writes into this folder removes: a process locks what it writes, and locks end with it.

One case is weaker: no portable call exchanges two folders, so a folder that replaces another needs two
renames. Killed outright between them (the machine loses its power, `kill -9`), a process leaves no folder of
this name; both, the old as `.deepstep-old-*` and the new as `.deepstep-tmp-*`, then lie whole beside it, to
be renamed by hand, and stay: the name of the old one has a digest of the name of the new one.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISREG
from typing import BinaryIO, Literal

from deepstep.data.own_folders import RUN_MARK as RUN_MARK
from deepstep.data.own_folders import TEMPORARY, remove_own, why_kept
from deepstep.errors import DeepStepError, FileError

_ASIDE = r"\.deepstep-old-([0-9a-f]{12})-[0-9a-f]{12}"
"""The name of a folder that was moved aside for another one, with the `_token` of that one's name."""

_RENAMES_OPEN_FILES = os.name == "posix"
"""Whether a file can have its new name while it is open, and so locked; Windows knows no such locks."""

_LONGEST_TURN = 10.0
"""Seconds that a process waits for others that give a folder its name beside."""

EntryKind = Literal["file", "folder", "something else", "nothing"]

Watched = tuple[int, int]
"""The size of a file and when it was changed, in nanoseconds."""

DAMAGED = "The file is damaged: get it again."
"""The hint for a file that cannot be read."""


@contextmanager
def atomic_write(path: Path | str) -> Iterator[BinaryIO]:
    """Write a file that appears whole or not at all.

    Parameters
    ----------
    path : Path or str
        The file to write; its folder exists. A symbolic link is followed: the file behind it is replaced.
        The new file keeps the permissions of the old one.

    Yields
    ------
    BinaryIO
        An open binary file. When the block ends without an exception its bytes become `path`.

    Raises
    ------
    FileError
        When the file cannot be written (full disk, no permission, missing folder). The old file is untouched.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "model.bin"
    >>> with atomic_write(path) as file:
    ...     _ = file.write(b"weights")
    >>> path.read_bytes()
    b'weights'
    """
    target = _real(path)
    remove_leftovers(target.parent)
    with as_file_error(path, target):
        temporary, file = _new_file(target)
        try:
            with file:
                _take_mode(temporary, target)  # before there is anything to read
                yield file
                file.flush()
                os.fsync(file.fileno())
                if _RENAMES_OPEN_FILES:  # closed, it would be a leftover to those who write beside
                    os.replace(temporary, target)
            if not _RENAMES_OPEN_FILES:
                os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync_folder(target.parent)


def check_writable(path: Path | str) -> None:
    """Refuse a file that `atomic_write` could not write now, before the work for it."""
    target = _real(path)
    with as_file_error(path, target):
        with suppress(FileNotFoundError):
            target.stat()  # refuses a name that is too long
        temporary, file = _new_file(target)
        file.close()
        temporary.unlink(missing_ok=True)  # closed, it is a leftover to those who write beside


@contextmanager
def atomic_directory(path: Path | str, *, overwrite: bool = False) -> Iterator[Path]:
    """Fill a folder that appears whole or not at all.

    Parameters
    ----------
    path : Path or str
        The folder to make; its parent exists.
    overwrite : bool, default False
        Replace an existing folder. It must be empty, or a run or a model of DeepStep with nothing else in
        it: anything else is never removed. The new folder keeps the permissions of the old one.

    Yields
    ------
    Path
        A new, empty sibling folder. When the block ends without an exception it is renamed to `path`, and the
        old folder is removed only after the new one has its place.

    Raises
    ------
    FileError
        When `path` exists and may not be replaced, or cannot be written. The old folder is untouched.

    Examples
    --------
    >>> import tempfile
    >>> run = Path(tempfile.mkdtemp()) / "run"
    >>> with atomic_directory(run) as folder:
    ...     _ = (folder / "run.json").write_text('{"seed": 1}')
    >>> [entry.name for entry in run.iterdir()]
    ['run.json']
    """
    target = _real(path)
    remove_leftovers(target.parent)
    refuse_to_replace(path, overwrite=overwrite)
    temporary = _sibling(target)
    with ExitStack() as locks, as_file_error(path, target, inside=temporary):
        temporary.mkdir()
        while locks.enter_context(_locked(temporary)) is False or not temporary.exists():
            temporary.mkdir(exist_ok=True)  # another process took it for a leftover before it was locked
        try:
            _take_mode(temporary, target)
            yield temporary
            publish(temporary, path, overwrite=overwrite)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def publish(folder: Path, path: Path | str, *, overwrite: bool = False) -> None:
    """Give a complete folder its name, in one rename where nothing stands there."""
    target = Path(os.path.realpath(path))
    with as_file_error(path, target):
        _sync_tree(folder)
        with _turn(target.parent):
            _refuse_to_replace(path, overwrite=overwrite)  # the work may have run for hours: look once more
            aside = _swap(folder, target)
        _sync_folder(target.parent)
    if aside is not None:
        try:
            with _locked(aside) as alone:
                if alone is not False:  # else another process removes it, as it would after a kill
                    remove_own(aside)
        except OSError as error:
            if not aside.exists():
                return
            problem = (
                f"{path} is in place, but the folder that it replaces stays as {aside} ({error.strerror})"
            )
            raise FileError(problem, "Remove it by hand.") from error


def discard(folder: Path) -> None:
    """Remove a training that is not done; under its own name it is whole or gone."""
    with as_file_error(folder, folder):
        if not folder.exists() or why_kept(folder, training=True):
            return
        temporary = _sibling(folder)
        os.rename(folder, temporary)
    with suppress(OSError):
        remove_own(temporary)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed while they wrote into a folder left in it.

    What a living process writes is locked and stays, as does everything where locks are not known, and both
    folders of a process that was killed between its two renames.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError:  # the folder is missing or of another user; writing into it gives the error
        return
    aside = {match[0]: match[1] for name in names if (match := re.fullmatch(_ASIDE, name))}
    tokens = {_token(name) for name in names} & {*aside.values()} if aside else set()
    for name in names:
        left = name in aside or re.fullmatch(TEMPORARY, name)
        if left and aside.get(name, _token(name)) not in tokens:
            with suppress(OSError):  # it belongs to another user, or another process removes it
                _remove_left(folder / name)


def _remove_left(path: Path) -> None:
    status = path.lstat()
    is_folder = S_ISDIR(status.st_mode)
    if not (_RENAMES_OPEN_FILES and (is_folder or S_ISREG(status.st_mode))):
        return  # on Windows, opening it to ask for its lock would keep its writer from renaming it
    with _locked(path) as alone:
        if alone and is_folder:
            remove_own(path)
        elif alone:
            path.unlink()


def refuse_to_replace(path: Path | str, *, overwrite: bool) -> None:
    """Refuse a name under which a folder may not be written, before or after hours of work."""
    with _turn(_real(path).parent):
        _refuse_to_replace(path, overwrite=overwrite)


def _refuse_to_replace(path: Path | str, *, overwrite: bool) -> None:
    target = _real(path)
    with as_file_error(path, target):
        if kind_at(target) == "nothing":
            return
        if not overwrite:
            hint = "Choose another name, or replace it: --overwrite (overwrite=True)."
            raise FileError(f"{path} exists already", hint)
        reason = why_kept(target)
    if reason:
        raise FileError(
            f"{path} is not replaced: {reason}",
            "Only an empty folder, a run or a model of DeepStep is. Choose another name, or move this one.",
        )


def kind_at(path: Path | str) -> EntryKind:
    """The kind of entry at a path; symbolic links are followed."""
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise _no_name(path, error.strerror if isinstance(error, OSError) else error) from error
    if S_ISREG(mode):
        return "file"
    return "folder" if S_ISDIR(mode) else "something else"


def refuse_pipe(path: Path | str, expected: str) -> None:
    """Refuse what is neither a file nor a folder, before it is opened: reading from a pipe may never end."""
    if kind_at(path) == "something else":
        hint = "Write what comes from it to a file first."
        raise FileError(f"{path} is a pipe or a device, not {expected}", hint)


def check_file(path: Path | str, expected: str, folder_hint: str = "") -> None:
    """Refuse what is no file, before it is opened; ``expected`` is a noun, such as "a picture"."""
    refuse_pipe(path, expected)
    kind = kind_at(path)
    if kind == "folder":
        raise FileError(f"{path} is a folder, not {expected}", folder_hint)
    if kind != "file":
        raise FileError(f"{path} does not exist")


def as_opened(path: Path) -> Watched:
    """The size of a file and when it was changed, which tell whether it is changed later."""
    check_file(path, "a file of rows")
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, opened: Watched, where: str = "") -> None:
    """Refuse a file that was rewritten: its rows need not be those counted, and a shorter one has none."""
    if kind_at(path) == "nothing":
        raise changed(where or path, "was removed")
    if as_opened(path) != opened:
        raise changed(where or path, "was changed")


def changed(where: Path | str, change: str) -> FileError:
    """The error for a file that is another one than when reading began."""
    return FileError(f"{where} {change} after reading began", "Put the old one back, or start again.")


@contextmanager
def reading(
    where: Path | str, expected: str, *errors: type[BaseException], hint: str = DAMAGED
) -> Iterator[None]:
    """Let what the system refuses to read, or a library with these errors, be one sentence about a file."""
    refusals: tuple[type[BaseException], ...] = (OSError, *errors)
    try:
        yield
    except DeepStepError:
        raise
    except refusals as error:
        if isinstance(error, FileNotFoundError):
            raise FileError(f"{where} does not exist") from error
        raise FileError(f"{where} cannot be read as {expected} ({reason_of(error):.300})", hint) from error


def reason_of(error: BaseException) -> str:
    """The fault that another program names, without the lines of its details."""
    reason = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0].rstrip(". ")
    return reason or type(error).__name__


def sha256(path: Path | str) -> str:
    """The SHA-256 of a file's bytes.

    Parameters
    ----------
    path : Path or str
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    FileError
        When the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "abc"
    >>> _ = path.write_bytes(b"abc")
    >>> sha256(path)
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    """
    refuse_pipe(path, "a file")
    with reading(path, "a file"), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _real(path: Path | str) -> Path:
    """The path behind symbolic links."""
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:  # a zero byte, or a character that no name can have
        raise _no_name(path, error) from error


def _no_name(path: Path | str, reason: object) -> FileError:
    # a zero byte ends a message for some programs, and half a character cannot be encoded
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(path)[:200])
    return FileError(f"{shown} cannot be the name of a file or folder ({reason})")


def _sibling(target: Path) -> Path:
    """A new hidden name in the same folder, and so on the same disk: only there is a rename atomic."""
    return target.with_name(f".deepstep-tmp-{secrets.token_hex(6)}")


def _token(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:12]


def _new_file(target: Path) -> tuple[Path, BinaryIO]:
    """A new temporary file, open and locked."""
    while True:
        temporary = _sibling(target)
        file = temporary.open("xb")
        if _lock(file.fileno()) is not False and temporary.exists():
            return temporary, file
        file.close()  # another process took it for a leftover before it was locked


def _take_mode(new: Path, old: Path) -> None:
    """Let the new one be read and written by those who could read and write the old one, if there is one."""
    with suppress(FileNotFoundError, NotADirectoryError):  # none, or another process moves it aside just now
        if _RENAMES_OPEN_FILES:  # Windows has one mode, read-only, in which nothing is replaced or removed
            new.chmod(S_IMODE(old.stat().st_mode))


@contextmanager
def as_file_error(
    path: Path | str, target: Path, *, inside: Path | None = None, left: str = "nothing was left behind"
) -> Iterator[None]:
    """Turn what the operating system refuses into the one sentence that people need.

    Errors about a file ``inside``, a folder that has another name until all is written, become errors about
    ``path``.
    """
    try:
        yield
    except OSError as error:
        reason: object = error.strerror or error
        if isinstance(error, DeepStepError):
            if inside is None or str(inside) not in str(error):
                raise
            # the reason of the system holds for `path`, too; the rest of the inner message does not
            reason = getattr(error.__cause__, "strerror", None) or error
        state = "the old one is untouched" if os.path.lexists(target) else left
        raise FileError(
            f"{path} cannot be written ({reason}); {state}",
            "Choose a folder that exists, that you may write to, and that has room.",
        ) from error


def _swap(new: Path, target: Path) -> Path | None:
    """Rename `new` to `target`; the folder that stood there, if any, moved aside."""
    if not target.exists():
        os.rename(new, target)
        return None
    aside = target.with_name(f".deepstep-old-{_token(new.name)}-{secrets.token_hex(6)}")
    os.rename(target, aside)
    try:
        os.rename(new, target)
    except BaseException:
        os.rename(aside, target)
        raise
    return aside


def _sync_tree(folder: Path) -> None:
    for directory, _, names in os.walk(folder):
        for name in names:
            with Path(directory, name).open("rb+") as file:
                os.fsync(file.fileno())
        _sync_folder(Path(directory))


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk; Windows has no such call and journals renames by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold a file as long as the block runs; the operating system lets go of it, too, when the process dies.

    The file may be renamed meanwhile. Where the system or the disk knows no such locks, nothing is held.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "training.json"
    >>> file.touch()
    >>> with held(file, "the run"), held(file, "the run"):
    ...     pass
    Traceback (most recent call last):
    deepstep.errors.FileError: the run is in use by another process. Wait for it, or end it.
    """
    with reading(what, f"a run with the record {path}"):
        file = path.open("rb")
    with file:
        if (alone := _lock(file.fileno())) is False:
            raise FileError(f"{what} is in use by another process", "Wait for it, or end it.")
        if alone is None:
            file.close()  # Windows renames no folder in which a file is open
        yield


def _lock(descriptor: int) -> bool | None:
    """Lock what is open until it is closed; False where another process has it, None where nobody knows."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # Windows
        return None
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk that knows no locks: then other processes are not known
        return None
    return True


@contextmanager
def _locked(path: Path) -> Iterator[bool | None]:
    """Lock a file or a folder as long as the block runs; gives what `_lock` gives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:  # Windows opens no folders
        yield None
        return
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Keep other processes from renaming in a folder as long as the block runs, where locks are known."""
    until = time.monotonic() + _LONGEST_TURN
    while True:
        with _locked(folder) as alone:
            if alone is not False or time.monotonic() > until:
                yield
                return
        time.sleep(0.01)
