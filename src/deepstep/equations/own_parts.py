"""What each part of a user's own goes through before it may train: its name, and how it answers."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.types import Array


def name_taken(
    where: str, kind: str, name: str, built_in: Collection[str], unregister: str
) -> ConfigurationError:
    """The error for a name that something else has; with the way to free it, unless it is DeepStep's own."""
    mend = f"Call {unregister}({name!r}) first."
    if name in built_in:
        mend = "It belongs to DeepStep: choose another."
    return ConfigurationError(where, "a name that is not taken", f"there is an {kind} {name!r}", mend)


def refuse_built_in(where: str, name: str, built_in: Collection[str]) -> None:
    """Refuse to take away what belongs to DeepStep."""
    if name in built_in:
        raise ConfigurationError(where, "a name that was registered", f"{name!r} belongs to DeepStep")


def called(
    where: str,
    what: str,
    function: Callable[..., Any],
    given: dict[str, Array],
    *,
    shape: tuple[int, ...],
    form: str,
    mend: str = "",
) -> Array:
    """What a function gives for arrays of one dtype."""
    before = {argument: value.copy() for argument, value in given.items()}
    came = function(*given.values())
    for argument, value in given.items():
        if not np.array_equal(value, before[argument]):
            raise ConfigurationError(
                where, f"{what} leaves {argument} as it is", "it was changed", "Work on a copy."
            )
    if not isinstance(came, np.ndarray) or came.shape != shape:
        got = f"shape {came.shape}" if isinstance(came, np.ndarray) else type(came).__name__
        raise ConfigurationError(where, f"{what} gives an array of {form}", f"got {got}", mend)
    dtype = next(iter(given.values())).dtype
    if came.dtype != dtype:
        raise ConfigurationError(
            where,
            f"{what} gives {dtype} for {dtype}",
            f"got {came.dtype}",
            "Plain Python numbers keep float32, NumPy's float64 numbers do not.",
        )
    return came
