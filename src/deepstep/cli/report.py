"""``deepstep report``: a run as one page of HTML."""

from pathlib import Path

import click

from deepstep.cli.opening import open_run
from deepstep.cli.output import say
from deepstep.cli.report_rows import held_out_rows, rows_in
from deepstep.cli.reproduce import reproduce
from deepstep.cli.screen import as_json, json_option, printable
from deepstep.data.files import kind_at
from deepstep.errors import FileError
from deepstep.report import findings_of, report, write_report


@click.command("report")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", default="report.html", show_default=True, type=click.Path(path_type=Path), help="The page."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Answers are those to the rows of this table [default: the rows held out in the training].",
)
@click.option("--overwrite", is_flag=True, help="Replace the page if it exists.")
@json_option
def command(run_folder: Path, out: Path, data: Path | None, overwrite: bool, json_wanted: bool) -> None:
    """Write a run as one page of HTML.

    It holds curves, findings, answers with the examples behind them, the health of the layers, settings, and
    how to come to the same numbers; of an ensemble its presets, members and columns in place of curves and
    layers. Answers are those to the rows that were held out in the training, shown as they are written in the
    file, or as pictures. The page needs nothing else, neither network nor script: open it by a double click,
    or send it.
    """
    if kind_at(out) != "nothing" and not overwrite:
        raise FileError(str(out), "a new file", "it exists", "Take another name with -o, or --overwrite.")
    run = open_run(run_folder)
    rows = held_out_rows(run, run_folder) if data is None else rows_in(run, data)
    inputs = None if data is None else rows.inputs
    name = printable(Path(run_folder.resolve().name))
    page = report(run, name=name, rows=rows, inputs=inputs, command=reproduce(run))
    write_report(out, page)
    size = len(page.encode())
    found = findings_of(run, inputs, rows)
    if json_wanted:
        findings = [finding.to_dict() for finding in found]
        click.echo(as_json({"run": run_folder, "report": out, "bytes": size, "findings": findings}))
        return
    say(f"Written: {out} ({size / 1000:.0f} kB, {len(found)} findings)")
