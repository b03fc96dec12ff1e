"""Processes without the seconds that imports take: forked from one that has imported what commands need.

Each is a process as any other: with its own memory, signals, limits, environment and folder it can be
interrupted, killed, and end as it likes. What is about imports, or about how Python begins, needs one that
begins anew.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
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
        if sys.platform != "linux":
            return subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        if self._first is None:
            self._first = subprocess.Popen(
                [sys.executable, __file__],
                env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        asked = {
            "script": script,
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment),
        }
        self._first.stdin.write(json.dumps(asked) + "\n")
        self._first.stdin.flush()
        code, out, err = json.loads(self._first.stdout.readline())
        return subprocess.CompletedProcess(command, code, out, err)

    def close(self) -> None:
        """End the process that the others come from."""
        if self._first is not None:
            self._first.communicate()


def _said(*pipes: int) -> list[str]:
    """All that comes from pipes until they are closed."""
    got: dict[int, bytes] = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                part = os.read(key.fd, 65536)
                got[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [got[pipe].decode() for pipe in pipes]


def _next_in_a_child() -> dict[str, Any]:
    """Fork for each line that comes in and answer with its end; returns in the children alone."""
    for line in sys.stdin:
        from_out, out = os.pipe()
        from_err, err = os.pipe()
        child = os.fork()
        if not child:
            for own, standard in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
                os.dup2(own, standard)
                os.close(own)
            os.close(from_out)
            os.close(from_err)
            asked: dict[str, Any] = json.loads(line)
            return asked
        os.close(out)
        os.close(err)
        said = _said(from_out, from_err)
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), *said]), flush=True)  # noqa: T201
    sys.exit()


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    asked = _next_in_a_child()
    signal.alarm(SECONDS)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv, sys.path[0] = ["-c", *asked["arguments"]], ""
    # made anew, as at the start: they know what a stream can do, and these are pipes
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    exec(asked["script"], {"__name__": "__main__"})
