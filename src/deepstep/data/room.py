"""How much memory there is, and a sentence where something would take more."""

import os
from pathlib import Path

from deepstep.errors import DataError

SHARE = 0.5
"""Share of the memory that one array or table may take; its model takes as much again."""
LITTLE = 2**20
"""Bytes up to which the system is not asked."""
_OF_GROUP = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much the processes of a container may have, in version 2 and 1."""


def memory() -> int | None:
    """The bytes of memory that this process can have at most; None where the system does not say."""
    limits = [*_of_the_machine(), *_of_the_group(), *_of_the_process()]
    return min(limits) if limits else None


def check_room(n_bytes: int, where: str, what: str, got: str, hint: str = "") -> None:
    """Refuse what does not fit into memory, before it is asked for."""
    there = memory() if n_bytes > LITTLE else None
    if there is None or n_bytes <= SHARE * there:
        return
    raise DataError(
        where,
        f"{what} of at most {_gibibytes(SHARE * there)}, half of the memory",
        f"{got} would take {_gibibytes(n_bytes)}",
        hint,
    )


def _gibibytes(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:,.3g} GiB" if n_bytes < 2**40 else f"{n_bytes / 2**30:,.0f} GiB"


def _of_the_machine() -> list[int]:
    if not hasattr(os, "sysconf"):  # Windows
        return []
    try:
        return [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (OSError, ValueError):  # a system that does not count its pages
        return []


def _of_the_group() -> list[int]:
    texts = [path.read_text() for path in map(Path, _OF_GROUP) if path.is_file()]
    return [int(text) for text in texts if text.strip().isdigit()]  # or "max"


def _of_the_process() -> list[int]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return [] if limit == resource.RLIM_INFINITY else [limit]
