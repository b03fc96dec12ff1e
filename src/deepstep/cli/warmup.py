"""``deepstep warmup``: all kernels compiled, so that nobody waits for them later."""

import logging
from time import perf_counter

import click

from deepstep.cli.output import say
from deepstep.cli.screen import as_json, json_option
from deepstep.engines import missing_numba
from deepstep.errors import MissingPackageError
from deepstep.training.progress import Meter


@click.command("warmup")
@json_option
def command(json_wanted: bool) -> None:
    """Compile all kernels for this processor and keep them on disk: about a minute, once.

    For images of containers and for CI. Kernels are kept in NUMBA_CACHE_DIR, beside the package, in the
    user's cache folder or among the temporary files, wherever it can be written first.
    """
    if missing_numba():
        raise MissingPackageError(
            "warmup", "Numba, whose kernels are compiled", "it cannot be used", "Run: pip install numba"
        )
    from deepstep.engines.compiled.warm_up import kept_in, n_kernels, warm_up

    begun, total, log = perf_counter(), n_kernels(), logging.getLogger("deepstep")
    meter, level = Meter("kernels"), log.level
    meter.begin(total, text="compiling …")
    log.setLevel(logging.ERROR)  # that kernels are compiled is known
    try:
        for done, name in enumerate(warm_up(), start=1):
            meter.move(done, name)
    finally:
        log.setLevel(level)
        meter.end()
    folder, seconds = kept_in(), perf_counter() - begun
    if json_wanted:
        click.echo(as_json({"kernels": total, "folder": folder, "seconds": seconds}))
        return
    where = (
        f"kept in {folder}" if folder else "kept nowhere: set NUMBA_CACHE_DIR to a folder that can be written"
    )
    say(f"{total} kernels are ready after {seconds:.1f} s, {where}.", lines=True)
