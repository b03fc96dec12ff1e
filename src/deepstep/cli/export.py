"""``deepstep export``: a run as one file that predicts without DeepStep."""

from pathlib import Path

import click

from deepstep.cli.open_runs import new_file
from deepstep.cli.option_types import PATH, run_argument
from deepstep.cli.screen import as_json, json_option, note, say
from deepstep.export import FORMATS, export
from deepstep.run import Run


@click.command("export")
@run_argument
@click.option(
    "--to", type=click.Choice(list(FORMATS)), help="Default: by the suffix of the file, .py for numpy."
)
@click.option("-o", "--out", required=True, type=PATH, help="File to write.")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@json_option
def export_command(run_folder: Path, to: str | None, out: Path, overwrite: bool, json_wanted: bool) -> None:
    """Export a run as one file that predicts without DeepStep.

    The file prepares the columns, runs the network or the whole ensemble, and names classes or rescales
    numbers. It is tried on rows with missing, unseen and large values; its largest relative difference from
    RUN is printed and written into it. Above 1e-6 nothing is written.
    """
    new_file(out, "-o", overwrite=overwrite, beside=(run_folder,))
    certificate = export(Run.load(run_folder), out, to=to or "", overwrite=overwrite, where="deepstep export")
    size = sum(path.stat().st_size for path in certificate.files)
    if json_wanted:
        click.echo(as_json({"run": run_folder, "bytes": size, **vars(certificate)}))
        return
    say(f"Written: {' and '.join(map(str, certificate.files))} ({size / 1000:,.0f} kB)")
    (say if certificate.difference is not None else note)(f"Parity certificate: {certificate}.")
