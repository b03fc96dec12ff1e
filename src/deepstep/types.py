"""Types shared by every stage."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""A floating-point NumPy array; the docstring of each function gives its shape."""

AnyArray: TypeAlias = NDArray[Any]
"""A NumPy array of any dtype, as a user may hand it in."""
