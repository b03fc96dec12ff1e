"""Numbers in JSON without loss: arrays as base64 of float64, values that are not finite as words."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError

Packed: TypeAlias = dict[str, Any]
"""``{"shape": [...], "f8": "base64 of little-endian float64 in C order"}``."""


def packed(values: Any) -> Packed:
    """An array for JSON, without loss."""
    array = np.asarray(values, dtype="<f8")
    return {"shape": list(array.shape), "f8": b64encode(array.tobytes()).decode("ascii")}


def unpacked(record: Mapping[str, Any]) -> NDArray[np.float64]:
    """The array of a record in a lesson, without loss.

    record: ``{"shape": [...], "f8": "base64 of little-endian float64 in C order"}``.
    returns (array of float64): The array.
    DataError: If the record has another form.

    >>> from deepstep.explorer.packing import packed
    >>> unpacked(packed([[0.1, float("nan")]]))
    array([[0.1, nan]])
    """
    try:
        numbers = np.frombuffer(b64decode(record["f8"], validate=True), dtype="<f8")
        return numbers.astype(np.float64).reshape(record["shape"])
    except (KeyError, TypeError, ValueError) as error:
        expected = "an array of a lesson, with shape and f8"
        raise DataError("unpacked", expected, f"got {record!r:.60} ({error})") from error


def number(value: Any) -> float | str:
    """A number for JSON, with the words "nan", "inf" and "-inf"."""
    plain = float(value)
    return plain if isfinite(plain) else str(plain)


def quantity(value: Any) -> Packed | float | str:
    """A value of a trace: an array, or a number."""
    return packed(value) if np.ndim(value) else number(value)
