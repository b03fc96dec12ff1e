"""Arrays that are locked, for those who take only arrays that are not, and write into none of them."""

import numpy as np

from deepstep.types import Array


def writable(array: Array) -> Array:
    """The array without its lock, the same memory.

    Examples
    --------
    >>> rows = np.zeros(2)
    >>> rows.flags.writeable = False
    >>> writable(rows).flags.writeable, np.shares_memory(rows, writable(rows))
    (True, True)
    """
    return array if array.flags.writeable else np.asarray(_Writable(array))


class _Writable:
    """The memory of an array that is locked."""

    def __init__(self, array: Array) -> None:
        self.array = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}
