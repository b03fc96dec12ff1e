"""All kernels compiled before anybody waits for one: for images of containers, and for tests."""

from collections.abc import Iterator

import numpy as np

from deepstep.engines.compiled.calls import ROUTINES, address_of
from deepstep.engines.compiled.jit import told_while_compiled
from deepstep.engines.compiled.session import CompiledSession
from deepstep.engines.compiled.step import train
from deepstep.engines.settings import Settings
from deepstep.network import Architecture

PRECISIONS = "float32", "float64"


def n_kernels() -> int:
    """How many `warm_up` gives."""
    return len(PRECISIONS) * (1 + len(ROUTINES))


def warm_up() -> Iterator[str]:
    """Compile all kernels, or find them on disk; gives the name of each when it is ready."""
    shape = Architecture((2, 3, 1), ("relu", "sigmoid"))
    for dtype in PRECISIONS:
        session = CompiledSession(shape, shape.lay_out(np.zeros(shape.n_parameters, dtype)), Settings())
        session.prepare()
        session.forward(np.zeros((2, 1), dtype))
        yield f"steps, {dtype}"
        for routine in ROUTINES:
            with told_while_compiled():
                address_of(routine, np.dtype(dtype))
            yield f"{routine.py_func.__name__}, {dtype}"


def kept_in() -> str:
    """The folder of the kernels on this machine; empty where they cannot be kept."""
    return str(getattr(train._cache, "folder", ""))
