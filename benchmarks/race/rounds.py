"""Workers that take turns, and how long their work takes."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np

from race.workloads import Workload

PAUSE = 0.06
"""Seconds between turns: threads of the last one, which look for more work for a while, sleep again."""

FOLDERS = ("NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
"""Where engines keep what they compiled."""


class WorkerError(Exception):
    """An engine could not do what it was asked for."""


def environment(n_threads: int, caches: Path | None = None) -> dict[str, str]:
    """The environment of a worker: this checkout, and limits of threads for all libraries alike."""
    home = Path(__file__).resolve().parents[1]
    limits = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
    found = {
        **os.environ,
        **{f"{name}_NUM_THREADS": str(n_threads) for name in limits},
        "PYTHONPATH": os.pathsep.join([str(home), str(home.parent / "src")]),
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    if n_threads == 1:
        found["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return found | ({name: str(caches / name) for name in FOLDERS} if caches else {})


class Runner:
    """A worker, from outside."""

    def __init__(self, name: str, n_threads: int, caches: Path | None = None) -> None:
        self.name = name
        processors = sorted(os.sched_getaffinity(0))[:n_threads] if hasattr(os, "sched_getaffinity") else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "race.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(n_threads, caches),
        )
        if processors:
            os.sched_setaffinity(self._process.pid, processors)

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The reply to a request.

        Raises
        ------
        WorkerError
            If the worker says so, or has died.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **request}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        reply = json.loads(line) if line else {"error": f"the process ended with {self._process.wait()}"}
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def close(self) -> None:
        """End the worker."""
        self._process.communicate()

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Times:
    """Seconds of a step in each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        low, high = np.quantile(self.seconds, (0.25, 0.75))
        return float(low), float(high)


def times(
    runners: Iterable[Runner], workload: Workload, *, n_rounds: int, seconds: float
) -> Mapping[str, Times]:
    """Each worker's time of a step: rounds in which each works once, in an order that turns.

    The workload is open in each. Each works for about so many seconds in a round, and is never stopped within
    a unit; the first call is not counted.
    """
    runners = list(runners)
    units = {runner.name: _units(runner, workload, seconds) for runner in runners}
    found: dict[str, list[float]] = {runner.name: [] for runner in runners}
    for number in range(n_rounds):
        first = number % len(runners)
        for runner in [*runners[first:], *runners[:first]]:
            sleep(PAUSE)
            took = runner.ask("work", units=units[runner.name])["seconds"]
            found[runner.name].append(took / units[runner.name] / workload.steps_of_a_unit)
    return {name: Times(tuple(values)) for name, values in found.items()}


def _units(runner: Runner, workload: Workload, seconds: float) -> int:
    """How many units take about so long: tried with more and more of them."""
    runner.ask("work", units=1)
    units, took = 1, runner.ask("work", units=1)["seconds"]
    while took < seconds / 4 and units < 10**7:
        units = max(2 * units, round(units * min(seconds / 2 / max(took, 1e-7), 20)))
        took = runner.ask("work", units=units)["seconds"]
    units = max(1, round(units * seconds / took))
    whole = workload.iterations
    if runner.name in ("ours", "engine") and whole:  # trainings from opening to end
        return max(1, round(units / whole)) * whole
    return units


@dataclass(frozen=True)
class FirstCall:
    """Seconds in a new process, until the first unit is done.

    Attributes
    ----------
    imported : float
        Until the engine's modules are imported.
    cold, warm : float
        From there, data and opening included: with nothing in the folders of compiled code, and with what the
        process before left there.
    """

    imported: float
    cold: float
    warm: float


def first_call(name: str, workload: Workload, n_threads: int) -> FirstCall:
    """What an engine costs before it is at work, in new processes with an empty folder for compiled code."""
    with tempfile.TemporaryDirectory() as folder:
        imports, calls = [], []
        for _ in range(2):
            with Runner(name, n_threads, Path(folder)) as runner:
                imports.append(runner.ask("import", workload=workload.name)["seconds"])
                opened = runner.ask("open", workload=workload.name)["seconds"]
                calls.append(opened + runner.ask("work", units=1)["seconds"])
        return FirstCall(min(imports), *calls)
