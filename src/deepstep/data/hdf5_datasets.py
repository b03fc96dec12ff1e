"""Datasets of HDF5 files, of which none may lead to another file.

A file that was given to be learned from could else name any file of this machine: an external link, external
storage and a virtual dataset do, and rows of what is learned from are kept in runs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepstep.errors import DataError, FileError

COPY = "Copy what it refers to into the file itself."
MOST_LINKS, MOST_NAMES = 16, 1000
"""A soft link may lead to another one, and so on, so many times, as HDF5 has it; and pass so many names."""


def is_dataset(array: Any) -> bool:
    """Whether an array is a dataset of h5py, which need not be installed."""
    return type(array).__module__.startswith("h5py.")


def members(file: Any, where: str) -> tuple[dict[str, Any], list[str]]:
    """The datasets at the top of a file by name, and the names of the groups beside them."""
    import h5py

    datasets, groups = {}, []
    for name in sorted(file):
        found = member(file, name, where)
        if isinstance(found, h5py.Dataset):
            datasets[name] = found
        elif isinstance(found, h5py.Group):
            groups.append(name)
    check_datasets(datasets, where)
    return datasets, groups


def member(file: Any, name: str, where: str) -> Any:
    """The dataset or group of a name at the top of a file."""
    if why := _obstacle(file, name, [MOST_NAMES]):
        raise FileError(where, "data of this file alone", f"{name!r} {why}", COPY)
    return file[name]


def check_datasets(arrays: Mapping[str, Any], where: str) -> None:
    """Refuse datasets whose values stand in other files or that have no rows; other arrays are fine."""
    for name, array in arrays.items():
        if not is_dataset(array):
            continue
        import h5py

        if array.is_virtual or array.external:
            kind = "is a virtual dataset" if array.is_virtual else "has external storage"
            raise FileError(where, "data of this file alone", f"{name!r} {kind}, in other files", COPY)
        if array.shape is None:
            raise DataError(where, "datasets with rows", f"{name!r} is empty", "Leave it out.")
        if isinstance(h5py.check_vlen_dtype(array.dtype), np.dtype):  # of texts it is the type str
            raise DataError(
                where,
                "rows of the same length",
                f"those of {name!r} are of variable length",
                "Write them as an array (m, n), filled up to one length.",
            )


def _obstacle(group: Any, name: str, left: list[int], depth: int = 0) -> str:
    """Why what stands under a name in a group is not opened: it is, or a soft link passes, a link to another
    file. No link is followed for that but soft ones, through this file; ``left`` many names are looked at.
    """
    import h5py

    left[0] -= 1
    if left[0] < 0 or depth > MOST_LINKS:
        return "is a soft link that passes too many others"
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        return "is a link to another file" if not depth else "is a soft link that leads to another file"
    if not isinstance(link, h5py.SoftLink):
        return ""
    at = group.file if link.path.startswith("/") else group
    for part in link.path.split("/"):
        if part in ("", "."):
            continue
        if not isinstance(at, h5py.Group) or part not in at:
            return ""  # it leads nowhere
        if why := _obstacle(at, part, left, depth + 1):
            return why
        at = at[part]
    return ""
