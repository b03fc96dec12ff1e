"""What a benchmark ran on."""

import datetime
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def machine(packages: Sequence[str], n_threads: int) -> dict[str, Any]:
    """Date, processor, threads, BLAS, load, Python, system and versions of packages: plain JSON types."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "processor": processor(),
        "threads": n_threads,
        "blas": blas(),
        "load_before": load(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions(packages),
    }


def blas() -> list[dict[str, Any]]:
    """Library, version, kernel and threads of each BLAS of this process, with NumPy's."""
    import numpy  # noqa: F401  # its BLAS is loaded
    from threadpoolctl import threadpool_info

    names = {
        "library": "internal_api",
        "version": "version",
        "kernel": "architecture",
        "threads": "num_threads",
    }
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [{name: pool.get(key) for name, key in names.items()} for pool in pools]


def versions(packages: Sequence[str]) -> dict[str, str | None]:
    """Of each package, None where it is not installed."""
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def state() -> str:
    """The commit of this checkout, with a + where files differ from it; empty where git does not know."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processor() -> str:
    """The processor's name, and its widest vectors; marked where a variable names the kernel of BLAS."""
    kernel = os.environ.get("OPENBLAS_CORETYPE")
    return _processor() + (f", OPENBLAS_CORETYPE={kernel}" if kernel else "")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    entries = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {name.strip(): value.strip() for name, value in entries.items()}
    flags = named.get("flags", "").split()
    vectors = next((flag for flag in ("avx512f", "avx2", "avx") if flag in flags), "")
    family = f"family {named.get('cpu family')}, model {named.get('model')}"
    return ", ".join(part for part in (named.get("model name", platform.machine()), family, vectors) if part)


def matrix_instructions() -> list[str]:
    """What the processor has for products of matrices in bfloat16, as the system names it."""
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return []
    return sorted({"amx_tile", "amx_bf16", "avx512_bf16"} & set(words))


def load() -> float | None:
    """Processes that are at work beside, as a mean of the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
