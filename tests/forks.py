"""Processes without the seconds that imports take: forked from one that has imported what commands need.

Each is a process as any other: with its own memory, signals, limits, environment and folder it can be
interrupted, killed, and end as it likes. What is about imports, or about how Python begins, needs one that
begins anew.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[1] / "src"

IMPORTED = (
    "deepstep.cli.table",
    "deepstep.cli.train",
    "deepstep.engines.compiled.session",
    "deepstep.estimators",
    "deepstep.run",
)

SECONDS = 120
"""A process that takes longer is ended by the clock's signal."""


class Forks:
    """Starts processes, one at a time; without fork they begin anew."""

    def __init__(self) -> None:
        self._first: subprocess.Popen[str] | None = None

    def run(
        self, script: str, arguments: list[str], *, folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """What became of ``python -c script arguments`` in a folder."""
        command = [sys.executable, "-c", script, *arguments]
        options: dict[str, Any] = {"text": True, "stdout": subprocess.PIPE}
        if sys.platform != "linux":
            options |= {"cwd": folder, "env": environment, "stderr": subprocess.PIPE, "timeout": SECONDS}
            return subprocess.run(command, check=False, **options)
        if self._first is None:
            own = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
            command_of_all = [sys.executable, __file__]
            self._first = subprocess.Popen(command_of_all, env=own, stdin=subprocess.PIPE, **options)
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        asked = (script, arguments, str(folder), dict(environment))
        self._first.stdin.write(json.dumps(asked) + "\n")
        self._first.stdin.flush()
        return subprocess.CompletedProcess(command, *json.loads(self._first.stdout.readline()))

    def close(self) -> None:
        """End the process that the others come from."""
        if self._first is not None:
            self._first.communicate()


def _next_in_a_child() -> Any:
    """Fork for each line that comes in and answer with its end; returns in the children alone."""
    for line in sys.stdin:
        (from_out, out), (from_err, err) = os.pipe(), os.pipe()
        child = os.fork()
        if not child:
            for own, standard in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
                os.dup2(own, standard)
                os.close(own)
            os.close(from_out)
            os.close(from_err)
            return json.loads(line)
        os.close(out)
        os.close(err)
        with ThreadPoolExecutor() as pool:  # neither pipe is to be full while the other one is read
            said = [*pool.map(_all_of, (from_out, from_err))]
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), *said]), flush=True)  # noqa: T201
    sys.exit()


def _all_of(pipe: int) -> str:
    with open(pipe, "rb") as file:
        return file.read().decode()


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    script, arguments, folder, environment = _next_in_a_child()
    signal.alarm(SECONDS)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.path[0] = ["-c", *arguments], ""
    # made anew, as at the start: they know what a stream can do, and these are pipes
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    exec(script, {"__name__": "__main__"})
