"""``deepstep trace``: one training step opened."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import numpy as np

from deepstep.cli.opening import OpenedNetwork, open_network
from deepstep.cli.options import member_option
from deepstep.cli.output import say
from deepstep.cli.parts import columns_of
from deepstep.cli.row_weights import row_weights
from deepstep.cli.screen import as_json, json_option
from deepstep.cli.sources import read_labelled
from deepstep.engines import Settings
from deepstep.errors import ConfigurationError
from deepstep.model.options import LBFGS
from deepstep.preparation.class_weights import example_weights as weights_by_answers
from deepstep.run import MOST_EXAMPLES
from deepstep.types import Array, is_number


@click.command("trace")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@member_option
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
    member: int | None,
    layer: int | None,
    example: int | None,
    data: Path | None,
    learning_rate: float | None,
    json_wanted: bool,
) -> None:
    """Open one training step: every quantity of it.

    It is the first step that RUN's optimizer would make from RUN's parameters, with all that RUN was trained
    with; RUN stays as it is. Of an ensemble it is a step of its --member. For L-BFGS, which has no such
    steps, it ends with the gradients.
    """
    opened = open_network(run_folder, member)
    X, Y, own = examples(opened, data)
    settings = step_settings(opened.config)
    rate = opened.config.get("settings", {}).get("learning_rate", 0.0075)
    rate = rate if learning_rate is None else learning_rate
    if example is not None and not 0 <= example < len(X):
        raise ConfigurationError("--example", f"a whole number from 0 to {len(X) - 1}", f"got {example}")
    weight = example_weights(opened, Y, own)
    with np.errstate(over="ignore", invalid="ignore"):  # a training that diverged is to be looked at, too
        whole = opened.network.trace(X.T, Y.T, learning_rate=rate, sample_weight=weight, **settings)
    trace = whole.select(layer=layer, example=example)
    if json_wanted:
        record = {
            "run": run_folder,
            "optimizer": settings.get("optimizer", "gd"),
            "learning_rate": rate,
            "settings": settings,
        }
        click.echo(as_json(record | trace.to_dict()))
    else:
        say(str(trace), lines=True)


def step_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a network's steps, as `Network.trace` takes them."""
    trained = config.get("settings", {})
    given = {part.name: trained[part.name] for part in fields(Settings) if part.name in trained}
    if given.get("optimizer") == LBFGS:  # those of a search for the minimum belong to no step
        given.pop("optimizer_params", None)
    return given


def example_weights(opened: OpenedNetwork, Y: Array, own: Array | None) -> Array | None:
    """The weights (m,) of prepared rows: their own, times those of their classes where the run has some."""
    target, weights = opened.target, opened.config.get("class_weights")
    if weights is None or not target.is_classification:
        return own
    of_each = weights if target.several else [weights]
    columns = columns_of(target.decide(Y))
    number = len(target.classes[0])
    fits = all(isinstance(one, list) and len(one) == number and all(map(is_number, one)) for one in of_each)
    if len(of_each) != len(columns) or not fits:
        expected = f"{number} weights for each of {len(columns)} targets"
        raise ConfigurationError("class_weights of the run", expected, f"got {weights!r:.60}")
    of_classes = weights_by_answers([np.asarray(found) for found in of_each], columns)
    return of_classes if own is None else of_classes * own


def examples(opened: OpenedNetwork, data: Path | None = None) -> tuple[Array, Array, Array | None]:
    """Prepared rows with their own weights: those that the run keeps, or the first ones of a table."""
    name = opened.config.get("sample_weight")
    if data is None:
        own = opened.config.get("example_weights")
        if name is not None and own is None:
            raise ConfigurationError("example_weights of the run", "those of its rows", "there are none")
        return *opened.examples, None if name is None else np.asarray(own)
    raw, labels = read_labelled(opened.run, data)
    first = raw[:MOST_EXAMPLES]
    weight = None
    if name is not None and not isinstance(first, np.ndarray):
        weight = row_weights(first, name, f"{data}, the weights")
    return opened.inputs(first), opened.target.encode(labels[:MOST_EXAMPLES]), weight
