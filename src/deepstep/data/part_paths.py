"""Which files are the parts of a folder of Parquet.

- Every file that ends in .parquet, also in folders within, in the order of its path. Files whose names
  begin with "." or "_" (``_SUCCESS``, ``_metadata``) are passed over; anything else is refused.
- Folders named ``key=value`` (Hive's partitions) are refused: their column stands in no file.
- Links to folders are refused, as they may lead around in circles; so are folders that cannot be read.
"""

import os
from pathlib import Path

from deepstep.data.files import kind_at, refuse_pipe
from deepstep.errors import FileError

SUFFIX = ".parquet"


def part_paths(path: Path) -> list[Path]:
    """The parts of a folder, relative to it; of a file that file.

    They come in the order of their paths. A folder that is a link, or something else among the parts, is a
    FileError.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b.parquet", "a.parquet", "_SUCCESS"):
    ...     (folder / name).touch()
    >>> [part.name for part in part_paths(folder)]
    ['a.parquet', 'b.parquet']
    """
    kind = kind_at(path)
    if kind == "file":
        return [Path(path.name)]
    refuse_pipe(path, "a Parquet file, or a folder of such parts")
    if kind != "folder":
        raise FileError(str(path), "a Parquet file, or a folder of such parts", "there is none")
    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in folders:
            _check_folder(path, Path(folder, name))
        for name in names:
            if name.startswith((".", "_")):
                continue
            if not name.lower().endswith(SUFFIX):
                raise FileError(
                    str(path),
                    "a folder of Parquet parts alone",
                    f"{name!r} does not end in {SUFFIX}",
                    "Move it away, or name it so that it begins with a point.",
                )
            found.append(Path(folder, name).relative_to(path))
    if not found:
        raise FileError(str(path), "a folder of Parquet parts", f"nothing in it ends in {SUFFIX}")
    return sorted(found, key=lambda part: part.parts)


def _check_folder(path: Path, within: Path) -> None:
    if "=" in within.name:
        raise FileError(
            str(path),
            "a folder of Parquet parts that hold all their columns",
            f"{within.name!r} is a partition, whose column stands in no file",
            "Write it without partitions, with that column in the parts.",
        )
    if within.is_symlink():
        raise FileError(
            str(path),
            "a folder of Parquet parts and of folders of them",
            f"{within.relative_to(path).as_posix()!r} is a link to a folder",
            "Move its parts here, or link to each of them.",
        )


def _refuse(error: OSError) -> None:
    """Name a folder that cannot be read; its parts would be left out."""
    reason = error.strerror or str(error)
    raise FileError(
        str(error.filename),
        "a folder of Parquet parts that can be read",
        f"it cannot ({reason[:1].lower()}{reason[1:]})",
        "Allow yourself to read it.",
    ) from error
