"""``deepstep doctor``: what went wrong in the training of a run."""

from pathlib import Path

import click

from deepstep.cli.exit_codes import FAILED, GOOD
from deepstep.cli.opening import open_run
from deepstep.cli.output import say
from deepstep.cli.report_rows import held_out_rows, rows_in
from deepstep.cli.screen import as_json, json_option, note
from deepstep.errors import ConfigurationError
from deepstep.report.diagnosis import findings_of, has_health, no_health
from deepstep.run import Run


@click.command("doctor")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Look at units and labels on the rows of this table [default: at the units as --log health saw them "
    "last, at the labels of the rows held out in the training].",
)
@click.option("--strict", is_flag=True, help="The exit code is 1 if anything was found.")
@json_option
def command(run_folder: Path, data: Path | None, strict: bool, json_wanted: bool) -> int:
    """Say what went wrong in a training.

    Causes come first. Found are a learning rate that is too high or too low, dead and saturated units,
    gradients that vanish or explode, updates that are too small or too large,
    overfitting, divergence, classes that are never answered, a target that never changes, labels that may be
    wrong, columns that alone tell the target, and an end that came too early. Of an ensemble:
    overfitting, answers that are no better than a guess, classes that are never answered, a fold that is far
    off the others, test rows that are, and members whose training was not over.
    """
    run = open_run(run_folder)
    if data is not None and not isinstance(run, Run):
        raise ConfigurationError(
            "--data",
            "a run of one network, whose units it shows",
            f"{run_folder} is an ensemble's",
            "Leave it out.",
        )
    rows = held_out_rows(run, run_folder) if data is None else rows_in(run, data)
    found = findings_of(run, None if data is None else rows.inputs, rows)
    if json_wanted:
        record = {"run": run_folder, "health": has_health(run), "findings": [one.to_dict() for one in found]}
        click.echo(as_json(record))
    else:
        if isinstance(run, Run) and not has_health(run):
            note(no_health(run))
        for one in found:
            say(f"{one.severity}, {one.kind}: {one}")
        if not found:
            click.echo("Nothing was found.")
    return FAILED if strict and found else GOOD
