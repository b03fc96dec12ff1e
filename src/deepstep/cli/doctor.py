"""``deepstep doctor``: what went wrong in the training of a run."""

from pathlib import Path

import click

from deepstep.cli.exit_codes import FAILED, GOOD
from deepstep.cli.opening import open_with_history
from deepstep.cli.screen import as_json, json_option, note
from deepstep.cli.sources import read_labelled
from deepstep.errors import ConfigurationError
from deepstep.report.diagnosis import NO_HEALTH, findings_of, has_health
from deepstep.run import Run


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
    overfitting, divergence, classes that are never answered, and an end that came too early. Of a committee:
    overfitting, answers that are no better than a guess, classes that are never answered, a fold that is far
    off the others, test rows that are, and members whose training was not over.
    """
    run = open_with_history(run_folder)
    inputs = None
    if data is not None:
        if not isinstance(run, Run):
            raise ConfigurationError(
                "--data",
                "a run of one network, whose units it shows",
                f"{run_folder} is a committee's",
                "Leave it out.",
            )
        inputs = run.inputs(read_labelled(run, data).raw)
    found = findings_of(run, inputs)
    if json_wanted:
        record = {"run": run_folder, "health": has_health(run), "findings": [one.to_dict() for one in found]}
        click.echo(as_json(record))
    else:
        if isinstance(run, Run) and not has_health(run):
            note(NO_HEALTH)
        for one in found:
            click.echo(f"{one.severity}, {one.kind}: {one}")
        if not found:
            click.echo("Nothing was found.")
    return FAILED if strict and found else GOOD
