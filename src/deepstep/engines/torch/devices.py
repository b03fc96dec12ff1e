"""The devices that PyTorch finds here, and what each can do; processes in which it cannot work."""

import logging
import os
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deepstep.engines.choice import EngineDescription
from deepstep.errors import ConfigurationError, unknown_name

KINDS = ("cpu", "cuda", "mps")
"""The kinds of device that the engine knows."""

WITH_CUDA = "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128"
"""The command that installs a PyTorch that knows GPUs of NVIDIA."""


def device_of(name: str) -> torch.device:
    """The device of a name; without one a GPU of CUDA where there is one, else the CPU."""
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise unknown_name("device of the torch engine", name, (*KINDS, "cuda:1")) from None
    why = missing(device)
    if why:
        hint = "Leave the device out: engine='torch' takes what there is."
        if device.type == "cuda" and torch.version.cuda is None:
            hint = f"With a GPU of NVIDIA's run: {WITH_CUDA}"
        raise ConfigurationError(f"The device {name!r} cannot be used: {why}", hint)
    return device


def missing(device: torch.device) -> str:
    """Why a device cannot be used here; empty where it can."""
    if device.type == "cpu":
        return ""
    if device.type == "mps":
        return "" if torch.backends.mps.is_available() else "PyTorch finds no GPU of Apple's"
    if device.type != "cuda":
        return "the engine does not know it"
    if torch.version.cuda is None and torch.version.hip is None:
        return f"PyTorch {torch.__version__} is built without CUDA"
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return "" if (device.index or 0) < count else f"PyTorch finds {count} GPUs of CUDA"


def slow_bfloat16(device: torch.device) -> str:
    """Why products of bfloat16 are slow on a device; empty where they are fast."""
    if device.type == "cuda":
        major = torch.cuda.get_device_capability(device)[0]
        return "" if major >= 8 else "this GPU has no bfloat16 (NVIDIA's have it from Ampere on)"
    if device.type == "mps":
        return ""
    can: Any = getattr(torch.cpu, "get_capabilities", dict)()  # an older PyTorch cannot say: no word then
    fast = not can or can.get("avx512_bf16") or can.get("amx_bf16")
    return "" if fast else "this CPU has neither AMX nor AVX512-BF16"


def refuse_precision(dtype: "np.dtype[Any]", precision: str | None, device: torch.device) -> None:
    """Refuse precisions that do not go together or that a device has not."""
    if device.type == "mps" and dtype != np.float32:
        raise ConfigurationError.must_be("dtype", "float32 on 'mps'", f"{dtype}", "Pass dtype='float32'.")
    if precision == "bfloat16" and dtype != np.float32:
        requirement, hint = "float32 with precision='bfloat16'", "Pass dtype='float32' to the network."
        raise ConfigurationError.must_be("dtype", requirement, f"{dtype}", hint)


@cache
def warn_if_slow(precision: str | None, device: torch.device) -> str:
    """Say once in a process that products of bfloat16 are slow on a device; the same for the history."""
    slow = slow_bfloat16(device) if precision == "bfloat16" else ""
    if not slow:
        return ""
    logging.getLogger("deepstep").warning("precision='bfloat16' is slow here: %s", slow)
    return f"bfloat16 is slow here: {slow}"


def described() -> list[EngineDescription]:
    """The engine on each kind of device that it knows."""
    return [_described(torch.device(kind)) for kind in KINDS]


def _described(device: torch.device) -> EngineDescription:
    kind, why = device.type, missing(device)
    if why:
        command = WITH_CUDA if kind == "cuda" and torch.version.cuda is None else ""
        return EngineDescription(f"torch:{kind}", False, kind.upper(), (), why, command)
    words = torch.cuda.get_device_name(device) if kind == "cuda" else kind.upper()
    precisions = ("float64", "float32", "bfloat16")[kind == "mps" :]
    slow = slow_bfloat16(device)
    note = f"bfloat16 is slow: {slow}" if slow else ""
    return EngineDescription(f"torch:{kind}", True, words, precisions, note)


class _Thread(threading.local):
    process: int | None = None
    """Where this thread has worked with several; another one than this where it was forked since."""


_here = _Thread()


def begin_work(device: torch.device) -> None:
    """Refuse to work in a thread of a forked process that would wait for ever.

    GNU's OpenMP, which PyTorch uses on Linux, keeps a pool of threads for each thread that has asked for
    several. A fork copies what is known of the pool, but not its threads. One that begins in the new process
    has no pool yet. joblib's backend "multiprocessing" forks; "loky", its default, does not.
    """
    if device.type != "cpu" or torch.get_num_threads() == 1 or not _threads_stay_behind():
        return
    process = os.getpid()
    if _here.process not in (None, process):
        raise ConfigurationError(
            "This process was forked, and PyTorch would wait for ever for threads that stayed behind",
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

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
    installed = Path(torch.__file__).resolve().parents[1]
    folders = {installed / "torch", installed / "torch.libs"}
    bundled = [pool for pool in pools if folders & set(Path(pool["filepath"]).resolve().parents)]
    return any(pool["prefix"] == "libgomp" for pool in bundled or pools)
