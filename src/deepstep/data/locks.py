"""Files that one process holds at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepstep.errors import FileError


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
    deepstep.errors.FileError: the run: nobody else is at work on it; another process is. Wait for
    it, or end it.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise FileError(what, f"{path} can be read", error.strerror or str(error)) from error
    with file:
        try:
            from fcntl import LOCK_EX, LOCK_NB, flock
        except ImportError:  # Windows
            yield
            return
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise FileError(
                what, "nobody else is at work on it", "another process is", "Wait for it, or end it."
            ) from None
        except OSError:
            pass  # a disk that knows no locks: then nobody can be told apart
        yield
