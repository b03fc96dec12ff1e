"""Which recipe a training has: a committee, or the one network that options of a single training ask for."""

from typing import NamedTuple

import click
from click.core import ParameterSource

from deepstep.cli.workers import by_torchrun
from deepstep.errors import ConfigurationError

TABLE, SHARED, PLAIN = "table", "shared", "plain"
ASKED = "as asked"

COMMITTEES = {
    TABLE: "a committee of networks",
    SHARED: "networks that are many in one",
}
"""The recipes that take a table through the estimators, and what they train."""

FOR_BOTH = (
    "file", "targets", "task", "drop", "drop_missing_target", "classes", "test_fraction",
    "sample_weight", "class_weight", "recipe", "loss", "quantiles", "huber_delta", "seed",
    "engine", "deterministic", "time_budget", "out", "overwrite", "json_wanted", "stream", "buffer_rows",
)  # fmt: skip
"""Options of all recipes; ``--members`` is the committees', and all others are a single training's."""


class RecipeChoice(NamedTuple):
    """A recipe, why it is this one, and what it trains if that is not as usual; for people."""

    name: str
    why: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.what or COMMITTEES.get(self.name, 'one network')}, {self.why}"


def chosen_recipe(context: click.Context) -> RecipeChoice:
    """The recipe that is asked for; else plain where an option of a single training is given, else table.

    Raises
    ------
    ConfigurationError
        If an option of the one recipe is given with the other.
    """
    given = [parameter for parameter in context.command.params if _is_given(context, parameter)]
    single = [" or ".join(one.opts) for one in given if one.name not in (*FOR_BOTH, "members")]
    asked, members = context.params["recipe"], context.params["members"]
    belongs = f"{', '.join(single)}, which belong{'' if len(single) > 1 else 's'} to a single training"
    if asked in COMMITTEES and single:
        raise ConfigurationError(
            f"--recipe {asked}",
            "options that a committee has",
            f"got {belongs}",
            "Leave that out, or take --recipe plain.",
        )
    if by_torchrun() and (asked in COMMITTEES or members is not None):
        raise ConfigurationError(
            "torchrun",
            "one network, which the workers train together",
            f"got {'--members' if members is not None else f'--recipe {asked}'}",
            "Take --recipe plain; a committee is spread over machines by joblib, see docs/scale.md.",
        )
    plain = asked == PLAIN or bool(single)
    if plain and members is not None:
        came = "got --recipe plain" if asked == PLAIN else f"got {belongs}"
        raise ConfigurationError("--members", "--recipe table, of which a committee is", came)
    if asked is not None:
        return RecipeChoice(asked, ASKED)
    if plain:
        return RecipeChoice(PLAIN, f"because of {', '.join(single)}")
    if by_torchrun():
        return RecipeChoice(PLAIN, "which workers train together")
    return RecipeChoice(TABLE, "the default, as no option of a single training is given")


def recipe_of_streams(choice: RecipeChoice) -> RecipeChoice:
    """The recipe where rows are streamed: one network, as folds of a committee would read them all some dozen
    times; by default the one that can go on after a kill.
    """
    if choice.name == PLAIN:
        return choice
    if choice.why == ASKED:
        return choice._replace(what="one network", why="as rows are streamed")
    return RecipeChoice(PLAIN, "as rows are streamed, and it can go on after a kill")


def _is_given(context: click.Context, parameter: click.Parameter) -> bool:
    return context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
