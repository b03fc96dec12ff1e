"""One fit in a process of its own → one record, kept as a line of a file under what it depends on."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from machine import state, versions
from tables.methods import METHODS, PACKAGES
from tables.sets import Table, load

ROOT = Path(__file__).resolve().parents[2]
LEAST_PROBABILITY = 1e-6
"""Probabilities below it count as this much in a log-loss."""

Record = dict[str, Any]
Key = tuple[str, str, int, str]
"""Method, table, seed and the code that computed it."""


def key(record: Mapping[str, Any]) -> Key:
    """Of a record."""
    return record["method"], record["table"], record["seed"], record["code"]


def kept(path: Path) -> dict[Key, Record]:
    """The records of a file; of several with one key the last."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {key(record): record for record in map(json.loads, lines)}


def keep(path: Path, record: Record) -> None:
    """Append a record to a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


# The code that a record depends on


def code_of(method: str, source: Path) -> str:
    """A peer's package and version; for ours a hash of deepstep's files, for an ablation of its own, too."""
    if method in PACKAGES:
        return f"{PACKAGES[method]} {version(PACKAGES[method])}"
    blobs = {path.relative_to(source).as_posix(): _blob(path.read_bytes()) for path in source.rglob("*.py")}
    found = _hash({name: blob for name, blob in blobs.items() if name.startswith("deepstep/")})
    if method in METHODS:
        return found
    return _hash({"source": found, "ablations": _blob(Path(__file__).with_name("ablations.py").read_bytes())})


def code_of_commit(commit: str) -> str:
    """The same hash for a commit, by git's own hashes of its files."""
    listed = _git("ls-tree", "-r", commit, "src/deepstep").decode().splitlines()
    blobs = {line.split("\t")[1].removeprefix("src/"): line.split()[2] for line in listed}
    return _hash({name: blob for name, blob in blobs.items() if name.endswith(".py")})


def source_of_commit(commit: str, folder: Path) -> Path:
    """The files of a commit in a folder, to fit with; what is there already stays."""
    if not (folder / "src").exists():
        with tarfile.open(fileobj=BytesIO(_git("archive", commit, "src"))) as archive:
            archive.extractall(folder, filter="data")
    return folder / "src"


def _git(*typed: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *typed], capture_output=True, check=True).stdout


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _hash(blobs: Mapping[str, str]) -> str:
    told = "".join(f"{name} {blob}\n" for name, blob in sorted(blobs.items()))
    return hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()[:12]


# A fit


def fit(
    methods: Mapping[str, Callable[..., Any]], method: str, table: str, seed: int, limit: int | None = None
) -> Record:
    """Fit on 80 % of a table's rows: error and log-loss on the others, and seconds.

    Past the limit, in seconds of the processor, which other programs do not lengthen, the process ends.
    """
    from sklearn.model_selection import train_test_split

    if limit is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))  # a signal, then the end
    warnings.simplefilter("ignore")
    data = load(table)
    X, X_test, y, y_test = train_test_split(
        data.X, data.y, test_size=0.2, random_state=seed, stratify=data.y if data.classes else None
    )
    X, X_test = X.reset_index(drop=True), X_test.reset_index(drop=True)
    started, begun = time.perf_counter(), time.process_time()
    predicted = methods[method](X, y, X_test, data.classes, seed)
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - begun
    return {
        "rows": len(y),
        **_losses(data, predicted, y, y_test),
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "state": state(),
        "versions": {name: found for name, found in versions(["numpy", *PACKAGES.values()]).items() if found},
    }


def _losses(data: Table, predicted: Any, y: Any, y_test: Any) -> Record:
    import numpy as np

    if not data.classes:
        return {"error": float(np.sqrt(np.mean((predicted - y_test) ** 2)) / np.std(y)), "log_loss": None}
    known = np.unique(y)
    right = known[None, :] == y_test[:, None]
    clipped = np.maximum(np.sum(predicted, axis=1, where=right), LEAST_PROBABILITY)
    wrong = known[np.argmax(predicted, axis=1)] != y_test
    return {"error": float(np.mean(wrong)), "log_loss": float(-np.mean(np.log(clipped)))}


def fit_in_a_process(
    job: Key, program: Path, source: Path, threads: int, limit: int | None, notes: Mapping[str, Any]
) -> Record:
    """`fit` by ``PROGRAM --one``: its record, or one with a reason in ``failed`` or the limit in ``over``."""
    method, table, seed, code = job
    known = {"method": method, "table": table, "seed": seed, "code": code, "threads": threads, **notes}
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(limits, str(threads)), "DEEPSTEP_SOURCE": str(source)}
    command = [sys.executable, str(program), "--one", method, table, str(seed)]
    command += [] if limit is None else ["--limit", str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == -signal.SIGXCPU:
        return {**known, "over": limit}
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return {**known, "failed": done.stderr[-500:]}
    if code_of(method, source) != code:
        return {**known, "failed": "The source was changed while it was fitted with."}
    return {**known, **json.loads(lines[-1])}


def losses(records: Iterable[Record]) -> list[Record]:
    """The records of fits that came to their end."""
    return [record for record in records if "error" in record]
