"""polars in a process that was forked: its threads stay behind, and it would wait for them for ever.

That can be told beforehand where polars has been at work for DeepStep in the process before the fork.
joblib's backend "multiprocessing" forks; "loky", its default, does not.
"""

import os

from deepstep.errors import ConfigurationError


class _Process:
    """State of this process."""

    worked = False
    left_behind = False


def begin_work(where: str) -> None:
    """Say that polars is about to work."""
    if _Process.left_behind:
        raise ConfigurationError(
            where,
            "a process that was started, not forked from one in which tables have been read or fitted",
            "this one was forked, and polars would wait for ever for threads that stayed behind",
            "Use joblib's backend 'loky', or the start method 'spawn' of multiprocessing.",
        )
    _Process.worked = True


def _after_fork() -> None:
    _Process.left_behind = _Process.worked or _Process.left_behind


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
