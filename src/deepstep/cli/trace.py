"""Commands that show the inside: ``trace``, ``check-gradients``, ``equations``, ``engines``, ``warmup``."""

import logging
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from deepstep.cli.open_runs import OpenedNetwork, naming_piece, open_network, read_labelled
from deepstep.cli.option_types import PATH, SEED, SIZES, member_option, run_argument
from deepstep.cli.reading import row_weights
from deepstep.cli.screen import as_json, console, json_option, print_table, say
from deepstep.engines import describe_engines, missing_numba
from deepstep.environment import blas_libraries, old_kernel, package
from deepstep.equations import EQUATIONS, example_targets
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError, MissingPackageError
from deepstep.model import Network
from deepstep.preparation.target_values import example_weights as weights_by_answers
from deepstep.run import MOST_EXAMPLES
from deepstep.targets import Targets
from deepstep.training.progress import Meter
from deepstep.types import Array, is_number


@click.command("trace")
@run_argument
@member_option
@click.option("--layer", type=int, help="Show this layer only; 0 is the input.")
@click.option("--example", type=int, help="Show this example only, from 0.")
@click.option(
    "--data",
    type=PATH,
    help=f"Table whose first {MOST_EXAMPLES} rows are the batch. Default: rows kept in RUN.",
)
@click.option("--learning-rate", type=float, help="Default: that of the training.")
@json_option
def trace_command(
    run_folder: Path,
    member: int | None,
    layer: int | None,
    example: int | None,
    data: Path | None,
    learning_rate: float | None,
    json_wanted: bool,
) -> None:
    """Show every quantity of one training step.

    The step is the next one from RUN's parameters, with its training settings; RUN is not modified. L-BFGS,
    which has no such steps, is traced to the gradients.
    """
    opened = open_network(run_folder, member)
    X, Y, weight = examples(opened, data)
    settings = step_settings(opened)
    trained_rate = 0.0075 if opened.member.learning_rate is None else opened.member.learning_rate
    rate = trained_rate if learning_rate is None else learning_rate
    if example is not None and not 0 <= example < len(X):
        requirement = f"a whole number from 0 to {len(X) - 1}"
        raise ConfigurationError.must_be("--example", requirement, f"{example}")
    with np.errstate(over="ignore", invalid="ignore"):  # a training that diverged is to be looked at, too
        trace = opened.network.trace(X.T, Y.T, learning_rate=rate, sample_weight=weight, **settings)
    trace = trace.select(layer=layer, example=example)
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


def step_settings(opened: OpenedNetwork) -> dict[str, Any]:
    """The settings of a network's steps, as `Network.trace` takes them."""
    settings = opened.settings
    if opened.by_lbfgs:  # those of a search for the minimum belong to no step
        settings.pop("optimizer_params", None)
    return settings


def examples(opened: OpenedNetwork, data: Path | None = None) -> tuple[Array, Array, Array | None]:
    """Prepared rows with their weights: those that the run keeps, or the first ones of a table.

    Their weights are their own, times those of their classes where the run has some.
    """
    name = opened.run.config.get("sample_weight")
    weight = None
    if data is None:
        X, Y = opened.run.kept_examples(opened.number)
        if name is not None:
            if "example_weights" not in opened.run.config:
                raise ConfigurationError("The run has no example_weights, though its rows had weights")
            weight = np.asarray(opened.run.config["example_weights"])
    else:
        raw, labels = read_labelled(opened.run, data)
        first = raw[:MOST_EXAMPLES]
        with naming_piece(data, 0, np.arange(len(first))):
            if name is not None and not isinstance(first, np.ndarray):
                weight = row_weights(first, name, f"{data}, the weights")
            X = opened.run.predictor.inputs(first, opened.number)
            Y = opened.encode(labels[:MOST_EXAMPLES])
    weights = opened.run.config.get("class_weights")
    if weights is None or not opened.targets.is_classes:
        return X, Y, weight
    by_class = _class_weights(weights if opened.targets.several else [weights], opened.targets, Y)
    return X, Y, by_class if weight is None else by_class * weight


def _class_weights(weights: Any, target: Targets, Y: Array) -> Array:
    """The weights (m,) of the classes of prepared rows."""
    columns = np.atleast_2d(target.decide(Y).T)
    number = len(target.labels[0])
    fits = all(
        isinstance(values, list | tuple) and len(values) == number and all(map(is_number, values))
        for values in weights
    )
    if len(weights) != len(columns) or not fits:
        requirement = f"{number} weights for each of {len(columns)} targets"
        raise ConfigurationError.must_be("class_weights of the run", requirement, f"{weights!r:.60}")
    return weights_by_answers([np.asarray(values) for values in weights], columns)


RANDOM_EXAMPLES = 8


@click.command("check-gradients")
@click.argument("run_folder", metavar="[RUN]", required=False, type=PATH)
@member_option
@click.option("--network", "sizes", type=SIZES, help="Check a new network of these layers, such as 4-5-3-1.")
@click.option("--activation", default="relu", show_default=True, help="Activation of --network.")
@click.option("--output", default="sigmoid", show_default=True, help="Output of --network.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Seed of --network.")
@json_option
@click.pass_context
def check_gradients_command(
    context: click.Context,
    run_folder: Path | None,
    member: int | None,
    sizes: tuple[int, ...] | None,
    activation: str,
    output: str,
    seed: int,
    json_wanted: bool,
) -> int:
    """Check gradients against finite differences.

    Checks RUN on its kept rows, with regularization, or a new --network on random data. Exit code 1: they
    disagree.
    """
    if (run_folder is None) == (sizes is None):
        problem = "RUN and --network exclude each other" if sizes else "RUN and --network are both missing"
        raise ConfigurationError(problem, "Name one of them.")
    if run_folder is not None:
        opened = open_network(run_folder, member)
        network, (rows, targets, weight) = opened.network, examples(opened)
        X, Y = rows.T, targets.T
        options = step_settings(opened) | {"sample_weight": weight}
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
    rng = np.random.default_rng(seed)
    shape = network.architecture
    X = rng.standard_normal((shape.n_inputs, RANDOM_EXAMPLES))
    return X, example_targets(shape, shape.n_outputs, RANDOM_EXAMPLES, rng=rng)


@click.command("equations")
@json_option
def equations_command(json_wanted: bool) -> None:
    """List the equations with their formulas and sources.

    Names are those in deepstep.equations.
    """
    if json_wanted:
        records = [
            {"name": e.name, "topic": e.topic, "formula": e.formula, "source": e.source, "summary": e.summary}
            for e in EQUATIONS.values()
        ]
        click.echo(as_json({"equations": records}))
        return
    screen = console()
    for topic in dict.fromkeys(equation.topic for equation in EQUATIONS.values()):
        rows = [(e.name, e.formula, e.source) for e in EQUATIONS.values() if e.topic == topic]
        print_table(screen, (topic, "formula", "source"), rows, left=3, whole_names=True)


@click.command("engines")
@json_option
def engines_command(json_wanted: bool) -> None:
    """List engines, their devices and precisions, and BLAS.

    BLAS multiplies matrices. What is missing is shown with the command that installs it. PyTorch is loaded to
    list its devices.
    """
    engines = describe_engines()
    if not missing_numba():
        package("scipy.linalg")  # whose BLAS the kernels call
    libraries = blas_libraries()
    slow = old_kernel()
    if json_wanted:
        record = {"engines": [engine._asdict() for engine in engines], "blas": libraries, "slow": slow}
        click.echo(as_json(record))
        return
    rows = [
        (engine.name, "yes" if engine.available else "no", engine.device, ", ".join(engine.precisions))
        for engine in engines
    ]
    print_table(console(), ("engine", "here", "device", "precisions"), rows, left=4, whole_names=True)
    for engine in engines:
        if engine.note:
            hint = f" Run: {engine.hint}" if engine.hint else ""
            say(f"{engine.name}: {engine.note}.{hint}", lines=True)
    for values in dict.fromkeys(tuple(library.values()) for library in libraries):
        name, version, kernel, threads = (value or "unknown" for value in values)
        say(f"BLAS: {name} {version}, kernel {kernel}, threads {threads}.")
    if slow:
        say(f"Warning: {slow}")


@click.command("warmup", short_help="Compile all kernels for this processor.")
@json_option
def warmup_command(json_wanted: bool) -> None:
    """Compile all kernels for this processor and keep them on disk (about a minute, once).

    For container images and CI. Kernels are kept in the first of these that is writable: NUMBA_CACHE_DIR,
    beside the package, the user's cache folder, the temporary files.
    """
    if missing_numba():
        raise MissingPackageError("Numba compiles the kernels, and cannot be used", "Run: pip install numba")
    from deepstep.engines.compiled.session import kept_in, n_kernels, warm_up

    begun = perf_counter()
    total = n_kernels()
    log = logging.getLogger("deepstep")
    meter = Meter("kernels")
    level = log.level
    meter.begin(total, text="compiling …")
    log.setLevel(logging.ERROR)  # that kernels are compiled is known
    try:
        for done, name in enumerate(warm_up(), start=1):
            meter.move(done, name)
    finally:
        log.setLevel(level)
        meter.end()
    folder = kept_in()
    seconds = perf_counter() - begun
    if json_wanted:
        click.echo(as_json({"kernels": total, "folder": folder, "seconds": seconds}))
        return
    where = (
        f"kept in {folder}" if folder else "kept nowhere: set NUMBA_CACHE_DIR to a folder that can be written"
    )
    say(f"{total} kernels are ready after {seconds:.1f} s, {where}.", lines=True)
