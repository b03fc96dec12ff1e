"""All kernels compiled before anybody waits for one: for images of containers, and for tests."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from deepstep.engines.compiled.session import CompiledSession
from deepstep.engines.compiled.step import train
from deepstep.engines.settings import Settings
from deepstep.network import Architecture

NETWORKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "normalized": {"normalization": "batch"},
    "embedded": {"features": {"periodic_embedding": True}},
    "embedded and normalized": {"normalization": "batch", "features": {"periodic_embedding": True}},
}
"""A network for each kind of kernel, which is each combination of what `OptionalRoom` may do without."""

PRECISIONS = "float32", "float64"


def warm_up() -> Iterator[str]:
    """Compile the kernels of each kind, or find them on disk; gives the name of each when it is ready."""
    for dtype in PRECISIONS:
        for name, parts in NETWORKS.items():
            session = session_of(parts, dtype)
            session.prepare()
            session.forward(np.zeros((2, 1), dtype))
            yield f"{name}, {dtype}"


def session_of(parts: dict[str, Any], dtype: str) -> CompiledSession:
    """A session that has such a kernel."""
    shape = Architecture((2, 3, 1), ("relu", "sigmoid"), **parts)
    return CompiledSession(shape, shape.lay_out(np.zeros(shape.n_parameters, dtype)), Settings())


def kept_in() -> str:
    """The folder of the kernels on this machine; empty where they cannot be kept."""
    return str(getattr(train._cache, "folder", ""))
