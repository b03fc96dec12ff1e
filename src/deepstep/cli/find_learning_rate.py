"""``deepstep find-learning-rate``: growing rates tried on a table, and one suggested."""

import shlex
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import click

from deepstep.cli.asked import asked, suited
from deepstep.cli.option_names import named_as_typed
from deepstep.cli.output import harmless
from deepstep.cli.parts import example_weights, weights_of_classes
from deepstep.cli.screen import as_json, console, json_option, note, print_table, program
from deepstep.cli.table_task import table_task
from deepstep.cli.target_choice import Goal
from deepstep.cli.target_words import table_of
from deepstep.cli.train import command as train
from deepstep.cli.train_options import SectionedCommand, SectionOption
from deepstep.cli.train_settings import TrainSettings, typed
from deepstep.data import atomic_write
from deepstep.errors import ConfigurationError
from deepstep.model.options import LBFGS
from deepstep.plots import RateSearchDisplay
from deepstep.preparation.batches import evenly_spread
from deepstep.training import RateSearch

WITHOUT_USE = (
    "validation",
    "validation_fraction",
    "learning_rate",
    "iterations",
    "schedule",
    "warm_up",
    "weight_decay_schedule",
    "dropout_schedule",
    "time_budget",
    "patience",
    "scoring",
    "deterministic",
    "refit",
)
"""Options of a training that a search has none of: it has one pass, without an end to wait for."""

DRAWN = (".png", ".svg", ".pdf")
MOST_ROWS = 12


_search = partial(click.option, cls=SectionOption, section="Search")


@click.command("find-learning-rate", cls=SectionedCommand)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@_search("--least", type=float, default=1e-6, show_default=True, help="The first rate.")
@_search("--most", type=float, default=10.0, show_default=True, help="The last rate.")
@_search("--steps", type=click.IntRange(min=2), default=100, show_default=True, help="Rates tried.")
@_search("--plot", type=click.Path(path_type=Path), help="Draw the cost over the rate into a .png file.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path,
    least: float,
    most: float,
    steps: int,
    plot: Path | None,
    json_wanted: bool,
    **options: Any,
) -> None:
    """Try growing learning rates on a table, an update each, and suggest one.

    It takes those options of train that say what is learned, by which network and by which updates, and saves
    nothing. Of epochs, schedules, validation and patience it makes no use, and refuses them.
    """
    if not options["targets"]:
        raise click.MissingParameter(ctx=context, param=_of_train("targets"))
    if plot is not None and plot.suffix not in DRAWN:
        raise ConfigurationError("--plot", f"a name that ends in {' or '.join(DRAWN)}", f"got {plot}")
    if options["optimizer"] == LBFGS:
        raise ConfigurationError("--optimizer", "one that has a learning rate", f"got {LBFGS!r}")
    goal, settings = asked({**dict.fromkeys(WITHOUT_USE), "learning_rate": 1.0, "iterations": 1, **options})
    task = table_task(table_of(file, goal, goal.targets), goal, None)
    settings = suited(settings, task)
    of_classes = weights_of_classes(settings, task.preparation.target, task.train)
    with typed("--hidden-layers"):
        network = settings.network(task.preparation)
    with typed(), named_as_typed(["least", "most"]):
        search = network.find_learning_rate(
            task.train.X.T,
            task.train.Y.T,
            least=least,
            most=most,
            steps=steps,
            sample_weight=example_weights(task.train, of_classes),
            **settings.options(validated=False),
        )
    if plot is not None:
        _draw(search, plot)
    if json_wanted:
        click.echo(
            as_json({"file": file, "target": goal.target, "batch_size": settings.batch_size, **vars(search)})
        )
    else:
        _print(search, file, goal)


def _of_train(name: str) -> click.Parameter:
    return next(parameter for parameter in train.params if parameter.name == name)


_NAMES = {part.name for kind in (Goal, TrainSettings) for part in fields(kind)} - set(WITHOUT_USE)
command.params += [parameter for parameter in train.params if parameter.name in _NAMES]


def _draw(search: RateSearch, path: Path) -> None:
    figure = RateSearchDisplay.from_search(search).plot().figure_
    with atomic_write(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=120)
    note(f"Drawn in {path}")


def _print(search: RateSearch, file: Path, goal: Goal) -> None:
    screen, shown = console(), evenly_spread(len(search.rates), MOST_ROWS)
    rows = [(f"{search.rates[at]:.3g}", f"{search.costs[at]:.6g}") for at in shown]
    print_table(screen, ("learning rate", "smoothed cost"), rows, left=0)
    screen.print(RateSearchDisplay.from_search(search).describe(), markup=False)
    if search.suggestion is not None:
        typed = (word for name in goal.targets for word in ("--target", shlex.quote(name)))
        words = (program(), "train", shlex.quote(str(file)), *typed)
        line = harmless(f"  {' '.join(words)} --learning-rate {search.suggestion:.2g}")
        screen.print(f"\nNext, with the same options:\n{line}", markup=False, soft_wrap=True)
