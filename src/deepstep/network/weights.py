"""Weights of examples in the precision of a network, which holds only so small ones."""

from typing import Any

import numpy as np

from deepstep.errors import DataError
from deepstep.types import AnyArray, Array


def weights_in(dtype: Any, weight: AnyArray, where: str) -> Array:
    """Weights of at least 0 in this precision; what is small beside the others may become 0.

    Raises
    ------
    DataError
        If all are 0, or the largest one is not among the numbers that this precision holds with all digits:
        kernels and sums take smaller ones for 0; or if one is too large for it.

    Examples
    --------
    >>> weights_in("float32", np.array([2.0, 1e-60]), "fit")
    array([2., 0.], dtype=float32)
    >>> weights_in("float32", np.array([2e-60, 1e-60]), "fit")
    Traceback (most recent call last):
    deepstep.errors.DataError: fit: a weight of at least 1.2e-38, below which float32 loses digits; the
    largest is 2e-60. Multiply the sample weights by one number so that their mean is 1 (the loss does not
    change).
    """
    if not weight.any():
        raise DataError(where, "a weight above 0", "got weights that are all 0")
    limits, most = np.finfo(dtype), weight.max()
    if limits.tiny <= most <= limits.max:
        return weight.astype(dtype, copy=False)
    expected = f"a weight of at least {limits.tiny:.2g}, below which {limits.dtype} loses digits"
    if most > limits.max:
        expected = f"weights of at most {limits.max:.2g}, as {limits.dtype} holds no larger ones"
    mend = "Multiply the sample weights by one number so that their mean is 1 (the loss does not change)."
    raise DataError(where, expected, f"the largest is {most:g}", mend)
