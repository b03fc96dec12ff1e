"""Where runs come to stand: new folders, and names that are free."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from deepstep.data import atomic_directory
from deepstep.data.files import kind_at
from deepstep.errors import FileError
from deepstep.run import Run


@contextmanager
def new_run(folder: Path) -> Iterator[Callable[[Run], None]]:
    """The function that fills a folder, which becomes the run when the block ends."""
    with folder_for(folder), atomic_directory(folder) as whole:
        yield lambda run: run.write(whole)


@contextmanager
def folder_for(run: Path) -> Iterator[None]:
    """Make the folders that the run stands in; what was made goes again when nothing comes to stand there."""
    missing = [folder for folder in run.parents if kind_at(folder) != "folder"]
    try:
        for folder in reversed(missing):
            _make(folder)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):  # it was never made, or others have put something there by now
                folder.rmdir()
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(
            str(folder),
            "a folder for the run can be made",
            error.strerror or str(error),
            "Choose another --out.",
        ) from error


def free_name(stem: str, endings: Sequence[str] = ("",)) -> Path:
    """``runs/stem``, or ``runs/stem-2``, … : the first where nothing stands, with any of the endings."""
    number = 1
    while True:
        path = Path("runs", stem if number == 1 else f"{stem}-{number}")
        if all(kind_at(f"{path}{ending}") == "nothing" for ending in endings):
            return path
        number += 1
