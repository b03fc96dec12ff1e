"""The functions of NumPy that equations call as ``np``, by name.

Who brings arrays of another library puts functions here that take both: `deepstep.engines.torch.arrays` does
so for PyTorch. So every engine in Python has one definition of each equation.
"""

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from numpy import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """NumPy's, looked up once."""
    if name.startswith("__"):
        raise AttributeError(name)
    value = globals()[name] = getattr(numpy, name)
    return value
