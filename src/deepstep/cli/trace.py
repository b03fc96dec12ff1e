"""``deepstep trace``: one training step opened."""

from pathlib import Path

import click

from deepstep.cli.screen import as_json, json_option
from deepstep.cli.sources import read_labelled
from deepstep.errors import ConfigurationError
from deepstep.run import MOST_EXAMPLES, Run
from deepstep.types import Array


@click.command("trace")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--layer", type=int, help="Only this layer's quantities; 0 is the input.")
@click.option("--example", type=int, help="Only this example's columns, from 0.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help=f"The step is on the first {MOST_EXAMPLES} rows of this table [default: the rows kept in RUN].",
)
@click.option("--learning-rate", type=float, help="Of the step's update [default: that of the training].")
@json_option
def command(
    run_folder: Path,
    layer: int | None,
    example: int | None,
    data: Path | None,
    learning_rate: float | None,
    json_wanted: bool,
) -> None:
    """Open one training step: every quantity of it.

    It is the first step that RUN's optimizer would make from RUN's parameters; RUN stays as it is.
    """
    run = Run.load(run_folder)
    X, Y = examples(run, data)
    trained = run.config.get("settings", {})
    optimizer = trained.get("optimizer", "gd")
    rate = trained.get("learning_rate", 0.0075) if learning_rate is None else learning_rate
    if example is not None and not 0 <= example < len(X):
        raise ConfigurationError("--example", f"a whole number from 0 to {len(X) - 1}", f"got {example}")
    whole = run.network.trace(X.T, Y.T, learning_rate=rate, optimizer=optimizer)
    trace = whole.select(layer=layer, example=example)
    if json_wanted:
        click.echo(
            as_json({"run": run_folder, "optimizer": optimizer, "learning_rate": rate, **trace.to_dict()})
        )
    else:
        click.echo(trace)


def examples(run: Run, data: Path | None) -> tuple[Array, Array]:
    """Prepared rows: those that the run keeps, or the first ones of a table."""
    if data is None:
        return run.examples
    raw, labels = read_labelled(run, data)
    inputs = run.inputs(raw[:MOST_EXAMPLES])
    return inputs, run.preparation.target.encode(labels[:MOST_EXAMPLES])
