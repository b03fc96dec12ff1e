"""PyTorch's threads in a process that was forked: they stay behind, and it would wait for them for ever.

GNU's OpenMP, which PyTorch uses on Linux, keeps a pool of threads for each thread that has asked for several.
A fork copies what is known of the pool, but not its threads. So it is the thread which forked that would
wait; one that begins in the new process has no pool yet. Other implementations of OpenMP begin anew.
joblib's backend "multiprocessing" forks; "loky", its default, does not.
"""

import os
import sys
import threading
from functools import cache
from pathlib import Path

import torch

from deepstep.engines.torch.devices import WHERE
from deepstep.errors import ConfigurationError


class _Thread(threading.local):
    """What is known of this thread."""

    process: int | None = None
    """Where it has worked with several threads; another one than this where it was forked since."""


_here = _Thread()


def begin_work(device: torch.device) -> None:
    """Say that PyTorch is about to work in this thread.

    Parameters
    ----------
    device : torch.device

    Raises
    ------
    ConfigurationError
        If it has worked with several threads before this process was forked, and would do so again.
    """
    if device.type != "cpu" or torch.get_num_threads() == 1 or not _threads_stay_behind():
        return
    process = os.getpid()
    if _here.process not in (None, process):
        raise ConfigurationError(
            WHERE,
            "a process that was started, not forked from one in which it has worked with several threads",
            "this one was forked, and PyTorch would wait for ever for threads that stayed behind",
            "Use joblib's backend 'loky', the start method 'spawn' of multiprocessing, or "
            "torch.set_num_threads(1) in this process.",
        )
    _here.process = process


@cache
def _threads_stay_behind() -> bool:
    """Whether PyTorch has GNU's OpenMP: its own, or else that of the system."""
    if sys.platform != "linux":
        return False
    from threadpoolctl import threadpool_info

    found = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
    installed = Path(torch.__file__).resolve().parents[1]
    folders = {installed / "torch", installed / "torch.libs"}
    own = [pool for pool in found if folders & set(Path(pool["filepath"]).resolve().parents)]
    return any(pool["prefix"] == "libgomp" for pool in own or found)
