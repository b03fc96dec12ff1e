"""``deepstep doctor``: what went wrong in the training of a run."""

from pathlib import Path

import click

from deepstep.cli.exit_codes import FAILED, GOOD
from deepstep.cli.screen import as_json, json_option, note
from deepstep.cli.single_run import load_single
from deepstep.cli.sources import read_labelled
from deepstep.report.diagnosis import NO_HEALTH, findings_of, has_health


@click.command("doctor")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Look at the units on the rows of this table [default: what --log health saw last].",
)
@click.option("--strict", is_flag=True, help="The exit code is 1 if anything was found.")
@json_option
def command(run_folder: Path, data: Path | None, strict: bool, json_wanted: bool) -> int:
    """Say what went wrong in a training.

    Dead and saturated units, gradients that vanish or explode, updates that are too small or too large,
    overfitting, divergence, classes that are never answered, and an end that came too early.
    """
    run = load_single(run_folder, "doctor")
    inputs = None if data is None else run.inputs(read_labelled(run, data).raw)
    found = findings_of(run, inputs)
    if json_wanted:
        record = {"run": run_folder, "health": has_health(run), "findings": [one.to_dict() for one in found]}
        click.echo(as_json(record))
    else:
        if not has_health(run):
            note(NO_HEALTH)
        for one in found:
            click.echo(f"{one.severity}, {one.kind}: {one}")
        if not found:
            click.echo("Nothing was found.")
    return FAILED if strict and found else GOOD
