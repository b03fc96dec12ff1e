"""``deepstep serve``: predictions of a run over HTTP."""

import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from deepstep.cli.open_runs import note_divergence
from deepstep.cli.option_types import run_argument
from deepstep.cli.screen import as_json, json_option, note
from deepstep.errors import FileError, missing_package
from deepstep.run import Run

MOST_CONNECTIONS = 256


class Seconds(click.FloatRange):
    """Above 0, and at most an hour; the comparisons of the range let nan pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a sentence about it."""
        seconds = float(super().convert(value, param, ctx))
        return seconds if seconds == seconds else self.fail(f"{value!r} is not a number.", param, ctx)


def _option(flag: str, kind: Any, default: object, text: str) -> Callable[[Any], Any]:
    return click.option(flag, type=kind, default=default, show_default=True, help=text)


@click.command("serve")
@run_argument
@_option("--host", click.STRING, "127.0.0.1", "0.0.0.0 for all addresses.")
@_option("--port", click.IntRange(0, 65535), 8000, "0 for a free one.")
@_option("--max-bytes", click.IntRange(1), 8_000_000, "Most bytes in a request.")
@_option("--max-rows", click.IntRange(1), 10_000, "Most rows in a request.")
@_option("--timeout", Seconds(0, 3600, min_open=True), 30.0, "Seconds for headers, body and prediction.")
@_option("--threads", click.IntRange(1), 2, "Threads that predict.")
@json_option
def serve_command(
    run_folder: Path,
    host: str,
    port: int,
    max_bytes: int,
    max_rows: int,
    timeout: float,
    threads: int,
    json_wanted: bool,
) -> None:
    """Serve predictions over HTTP.

    Post rows as JSON or CSV to /predict; /docs describes columns and answers. Ctrl-C ends it. There is no
    encryption and no password: beyond this machine, put a proxy before it.
    """
    try:
        import uvicorn

        from deepstep.serving.application import LOOPBACK, Limits, application
        from deepstep.serving.connections import in_time
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        others = [name for name in ("starlette", "uvicorn") if name != missing]
        raise missing_package("deepstep serve", missing, *others, extra="serve") from error
    run = Run.load(run_folder)
    note_divergence(run)
    limits = Limits(max_bytes, max_rows, timeout, threads)
    hosts = LOOPBACK if host in ("127.0.0.1", "localhost", "::1") else ("*",)
    config = uvicorn.Config(
        application(run, limits, hosts),
        http=in_time(timeout),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=int(timeout) + 1,
    )
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}/"
        click.echo(as_json({"run": run_folder, "url": url}) if json_wanted else url)
        sys.stdout.flush()
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # raised again after all requests are answered
            note("Ended.")
        finally:
            signal.signal(signal.SIGTERM, before)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
        # connections have it, too: else the second part of an answer waits 40 ms for the receiver's ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        problem = f"--port {port} of {host} cannot be used: {error}"
        raise FileError(problem, "Port 0 takes any that is free.") from error
