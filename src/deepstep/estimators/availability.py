"""Methods that some settings take away, and say why: scikit-learn's `available_if` hides the reason."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from sklearn.utils.metaestimators import available_if

F = TypeVar("F", bound=Callable[..., Any])


def available_where(check: Callable[[Any], bool]) -> Callable[[F], F]:
    """`available_if` whose error has the reason, which the check raises.

    >>> def has_a_voice(robot):
    ...     raise AttributeError("it has no voice")
    >>> class Robot:
    ...     @available_where(has_a_voice)
    ...     def sing(self): ...
    >>> hasattr(Robot(), "sing")
    False
    >>> Robot().sing
    Traceback (most recent call last):
    AttributeError: This 'Robot' has no attribute 'sing': it has no voice
    """

    def told(method: F) -> F:
        return cast(F, _Told(method, check))

    return told


class _Told:
    def __init__(self, method: Callable[..., Any], check: Callable[[Any], bool]) -> None:
        self._method = available_if(check)(method)
        update_wrapper(self, method)  # type: ignore[arg-type]  # nothing calls it: it gives the method

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        try:
            return self._method.__get__(owner, kind)
        except AttributeError as error:
            raise AttributeError(f"{error}: {error.__cause__}") from None
