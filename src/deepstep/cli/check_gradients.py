"""``deepstep check-gradients``: gradients against finite differences."""

from pathlib import Path

import click
import numpy as np

from deepstep.cli.opening import open_network
from deepstep.cli.option_types import LayerSizes, member_option
from deepstep.cli.output import say
from deepstep.cli.screen import as_json, json_option
from deepstep.cli.trace import example_weights, examples, step_settings
from deepstep.equations import example_targets
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError
from deepstep.model import Network
from deepstep.types import Array

RANDOM_EXAMPLES = 8


@click.command("check-gradients")
@click.argument("run_folder", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@member_option
@click.option(
    "--network", "sizes", type=LayerSizes("-"), help="Check a fresh network instead, such as 4-5-3-1."
)
@click.option("--activation", default="relu", show_default=True, help="Of the fresh network's hidden layers.")
@click.option("--output", default="sigmoid", show_default=True, help="Of the fresh network.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of the fresh network."
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    run_folder: Path | None,
    member: int | None,
    sizes: tuple[int, ...] | None,
    activation: str,
    output: str,
    seed: int,
    json_wanted: bool,
) -> int:
    """Compare gradients with finite differences.

    Of RUN (of an ensemble: of its --member) on the examples that it keeps, with what regularizes it, or of a
    fresh network on random examples.
    The exit code is 1 when they differ.
    """
    if (run_folder is None) == (sizes is None):
        raise ConfigurationError(
            "check-gradients", "RUN or --network", "got both" if sizes else "got neither"
        )
    if run_folder is not None:
        opened = open_network(run_folder, member)
        network, (rows, targets, own) = opened.network, examples(opened)
        X, Y = rows.T, targets.T
        weight = example_weights(opened, targets, own)
        options = step_settings(opened.config) | {"sample_weight": weight}
    else:
        sizes = layer_sizes(sizes or (), "--network")
        network = Network(sizes, activation=activation, output=output, seed=seed)
        (X, Y), options = random_examples(network, seed), {}
    report = network.check_gradients(X, Y, **options)
    if json_wanted:
        click.echo(as_json({"network": repr(network), **report.to_dict()}))
    else:
        say(f"{network!r}, {X.shape[1]} examples\n\n{report}", lines=True)
    return 0 if report.passed else 1


def random_examples(network: Network, seed: int) -> tuple[Array, Array]:
    """X and Y that the network's output can learn, columns as examples."""
    rng, shape = np.random.default_rng(seed), network.architecture
    X = rng.standard_normal((shape.n_inputs, RANDOM_EXAMPLES))
    return X, example_targets(shape, shape.n_outputs, RANDOM_EXAMPLES, rng=rng)
