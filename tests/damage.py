"""Damaged and forged safetensors files, each a function of its number, and a survey that reads them.

The survey is given what is to be done with each file, and limits its memory and time.
"""

import contextlib
import json
import os
import signal
import struct
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HOSTILE = (
    *(None, True, False, 0, 1, -1, 3, -3, 10**9, 2**31, 2**63, 2**64, -(2**63), 10**30, 0.5, 1e308),
    *(float("nan"), float("inf"), float("-inf"), "", "0", "1", "relu", "batch", "huber", "none", "x" * 5000),
    *("\0", "\ud800", "__class__", "../../etc/passwd", [], {}, [[]], [None], [1, 2], [3, 4, 2], [0], [-1]),
    *([10**9] * 3, [1] * 5000, ["relu"] * 5000, {"a": {}}, {"where": 1}, {"self": 1}, {"levels": [[[]]]}),
    *("DEEP 100", "DEEP 900", "DEEP 100000", "DIGITS"),
)
"""Values to put where others are expected. DEEP and DIGITS become nests and a number, both hard to parse."""


def damaged(whole: bytes, rng: np.random.RandomState) -> bytes:
    """The bytes with a defect as disks and copies make them: cut, moved, zeroed, replaced, a bit flipped."""
    data = bytearray(whole)
    at, length = rng.randint(len(data)), 1 + rng.randint(64)
    lengths = [0, 1, 7, len(data), 2**31, 2**40, 2**63 - 1, 2**64 - 1]
    match rng.randint(4):
        case 0:
            data[at] ^= 1 << rng.randint(8)
        case 1:
            del data[at:]
        case 2:
            data[at : at + length * rng.randint(2)] = (b"", bytes(length), rng.bytes(length))[rng.randint(3)]
        case 3:
            data[:8] = struct.pack("<Q", lengths[rng.randint(len(lengths))])
    return bytes(data)


def taken_apart(whole: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the numbers of a safetensors file."""
    (length,) = struct.unpack("<Q", whole[:8])
    return json.loads(whole[8 : 8 + length]), whole[8 + length :]


def put_together(header: dict[str, Any], numbers: bytes, rng: np.random.RandomState) -> bytes:
    """The other way; what is to be nested deep or to stand twice is written in."""
    text = as_text(header, rng).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + numbers


def with_other_header(whole: bytes, rng: np.random.RandomState) -> bytes:
    """One or two places of the header changed: sizes, types, offsets, names, metadata."""
    header, numbers = taken_apart(whole)
    for _ in range(1 + rng.randint(2)):
        forge(header, rng)
    return put_together(header, numbers, rng)


def with_other_numbers(whole: bytes, rng: np.random.RandomState) -> bytes:
    """Some numbers replaced by what they must not be, as bytes of their type."""
    header, numbers = taken_apart(whole)
    changed = bytearray(numbers)
    arrays = [entry for name, entry in header.items() if name != "__metadata__"]
    entry = arrays[rng.randint(len(arrays))]
    dtype = {"F64": "<f8", "F32": "<f4"}.get(entry["dtype"])
    start, stop = entry["data_offsets"]
    if dtype is not None and start < stop:
        size = np.dtype(dtype).itemsize
        at = start + size * rng.randint((stop - start) // size)
        value = rng.choice([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, -1e308, 5e-324])
        with np.errstate(over="ignore"):
            changed[at : at + size] = np.array(value).astype(dtype).tobytes()
    return put_together(header, bytes(changed), rng)


def forge(tree: Any, rng: np.random.RandomState) -> None:
    """Change one place of a JSON value: another value, none, another name, a name that is there already."""
    places = list(_places(tree))
    if not places:
        return
    holder, key = places[rng.randint(len(places))]
    kind = rng.randint(10)
    value = deepcopy(HOSTILE[rng.randint(len(HOSTILE))])  # it may be changed in its turn
    if kind < 6:
        holder[key] = value
    elif kind == 6:
        del holder[key]
    elif kind == 7 and isinstance(holder, dict):
        names = [*holder, "W9", "gamma1", "normalisation", ""]
        holder[names[rng.randint(len(names))]] = holder.pop(key)
    elif kind == 8 and isinstance(holder, dict):
        holder[f"TWICE {key}"] = value
    elif isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder["another"] = value


def as_text(tree: Any, rng: np.random.RandomState) -> str:
    """JSON, in which what is to be nested deep or to stand twice is written in."""
    text = json.dumps(tree, ensure_ascii=bool(rng.randint(2)))
    for depth in (100, 900, 100_000):
        text = text.replace(f'"DEEP {depth}"', "[" * depth + "]" * depth)
    return text.replace('"DIGITS"', "9" * 10_000).replace('"TWICE ', '"')


def survey(
    cases: Iterator[tuple[str, Callable[[], str]]], *, seconds: float, gigabytes: float
) -> dict[str, Any]:
    """Run cases, which answer with a word such as "loaded" or "refused"; whatever a case raises is a failure.

    Each may take so many seconds, and all so much memory beyond what is taken now. Gives ``counts`` of the
    answers, the ``failures`` as texts, and the ``gigabytes`` that were taken beyond at most.
    """
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts: dict[str, int] = {}
    failures = []
    fsync, limits = os.fsync, resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, _too_long)
    try:
        # a greater request fails at once, before a machine that has less begins to swap
        with contextlib.suppress(FileNotFoundError):
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + int(gigabytes * 2**30)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limits[1]))
        os.fsync = lambda descriptor: None  # what is written here need not outlive the power
        for name, case in cases:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                answer = case()
                counts[answer] = counts.get(answer, 0) + 1
            except BaseException as error:  # a panic of a library in Rust is no Exception
                failures.append(f"{name}: {type(error).__name__}: {error!s:.300}")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        os.fsync = fsync
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, handler)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"counts": counts, "failures": failures, "gigabytes": taken / 2**20}


class TooLongError(BaseException):
    """Nothing that a reader could take for a damaged file."""


def _too_long(number: int, frame: Any) -> None:
    raise TooLongError


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every entry of every list and mapping, as its holder and its key."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(entries):
        yield tree, key
        yield from _places(value)
