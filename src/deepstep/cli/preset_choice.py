"""Which preset a training has: an ensemble, or the one network that options of a single training ask for."""

from typing import NamedTuple

import click
from click.core import ParameterSource

from deepstep.errors import ConfigurationError

TABLE, SHARED, PLAIN = "tabular", "tabm", "single"
ASKED, BEGUN = "as asked", "as it began"

ENSEMBLES = {
    TABLE: "an ensemble of networks",
    SHARED: "networks that are many in one",
}
"""The presets that take a table through the estimators, and what they train."""

FOR_BOTH = (
    "file", "targets", "task", "drop", "keep", "drop_missing_target", "classes", "test_fraction",
    "sample_weight", "class_weight", "preset", "loss", "quantiles", "huber_delta", "seed",
    "engine", "deterministic", "time_budget", "out", "overwrite", "json_wanted", "stream", "buffer_rows",
)  # fmt: skip
"""Options of all presets; ``--n-estimators`` is the ensembles', and all others are a single training's."""

OF_CHECKPOINTS = ("checkpoint_every", "keep_checkpoints")
"""Options of a single training that an ensemble of one has, too, where rows are streamed."""


class PresetChoice(NamedTuple):
    """A preset, why it is this one, and what it trains if that is not as usual; for people."""

    name: str
    why: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.what or ENSEMBLES.get(self.name, 'one network')}, {self.why}"


def chosen_preset(context: click.Context, *, streamed: bool) -> PresetChoice:
    """The preset that is asked for.

    Without one it is single where an option of a single training is given or rows are streamed, else tabular.
    """
    given = [parameter for parameter in context.command.params if _is_given(context, parameter)]
    asked, n_estimators = context.params["preset"], context.params["n_estimators"]
    shared = (*FOR_BOTH, *(OF_CHECKPOINTS if streamed and asked in ENSEMBLES else ()))
    single = [" or ".join(one.opts) for one in given if one.name not in (*shared, "n_estimators")]
    belongs = f"{', '.join(single)}, which belong{'' if len(single) > 1 else 's'} to a single training"
    if asked in ENSEMBLES and single:
        raise ConfigurationError(
            f"--preset {asked}",
            "options that an ensemble has",
            f"got {belongs}",
            "Leave that out, or take --preset single.",
        )
    plain = asked == PLAIN or bool(single)
    if plain and n_estimators is not None:
        got = "got --preset single" if asked == PLAIN else f"got {belongs}"
        raise ConfigurationError("--n-estimators", "--preset tabular, of which an ensemble is", got)
    if asked is not None:
        choice = PresetChoice(asked, ASKED)
    elif plain:
        choice = PresetChoice(PLAIN, f"because of {', '.join(single)}")
    else:
        choice = PresetChoice(TABLE, "the default, as no option of a single training is given")
    return _of_a_stream(choice) if streamed else choice


def preset_that_began(asked: str | None) -> PresetChoice:
    """The preset of a training that goes on, by the ``--preset`` that it began with."""
    if asked not in ENSEMBLES:
        return PresetChoice(PLAIN, BEGUN)
    return PresetChoice(asked, BEGUN, "one network")


def _of_a_stream(choice: PresetChoice) -> PresetChoice:
    """The preset where rows are streamed: one network, as folds of an ensemble would read them all some dozen
    times.
    """
    if choice.name == PLAIN:
        return choice
    if choice.why == ASKED:
        return choice._replace(what="one network", why="as rows are streamed")
    return PresetChoice(PLAIN, "as rows are streamed")


def _is_given(context: click.Context, parameter: click.Parameter) -> bool:
    return context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
