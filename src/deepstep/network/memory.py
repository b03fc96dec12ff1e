"""Whether a network fits into the memory of this machine: refused before the system ends the process."""

import os
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.network.architecture import Architecture


def check_memory(architecture: Architecture, bytes_each: int, purpose: str, where: str) -> None:
    """Refuse a network that cannot fit; where the system does not say how much memory it has, none."""
    needed, there = architecture.n_parameters * bytes_each, memory()
    if there is not None and needed > there:
        raise ConfigurationError(
            where,
            "sizes whose parameters fit into memory",
            f"got {architecture.n_parameters:,}, which take at least {_gigabytes(needed)} {purpose}, "
            f"and there are {_gigabytes(there)}",
            "Use fewer or smaller layers.",
            setting="layer_dims",
        )


def check_memory_to_train(architecture: Architecture, dtype: "np.dtype[Any]", kept: int, where: str) -> None:
    """Refuse a network that cannot be trained: θ, its gradient, the next θ and the optimizer's take room."""
    check_memory(architecture, (3 + kept) * dtype.itemsize, "to train", where)


def memory() -> int | None:
    """Bytes of this machine's memory, used or not; None where the system does not say."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, other systems not these names
        return None
    return pages * size if pages > 0 and size > 0 else None


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:.3g} GB"
