"""Trainings that diverged: what was reached becomes a run that says so, for ``doctor`` and ``report``."""

import shlex
from pathlib import Path
from typing import Any

from deepstep.cli.screen import note, program
from deepstep.data.files import kind_at
from deepstep.errors import DivergenceError, FileError
from deepstep.run_folder import DIVERGED, RunFolder, read_config

ENDING = ".diverged"
"""Ending of the folder beside a good run, which a training that diverged does not replace."""


def what_happened(error: DivergenceError) -> dict[str, Any]:
    """Entries of the run's config about the divergence."""
    costs = [] if error.history is None else error.history.costs.tolist()
    told = {"came": error.got, "mend": error.hint, "layer": error.layer, "step": error.step, "costs": costs}
    return {DIVERGED: {name: value for name, value in told.items() if value is not None}}


def is_diverged(run: Path) -> bool:
    """Whether what stands there is the run of a training that diverged, which the next one may replace."""
    try:
        return DIVERGED in read_config(run)
    except FileError:  # there is no run, or a damaged one, which is not for us to judge
        return False


def keep(run: RunFolder, folder: Path, error: DivergenceError) -> None:
    """Save a run that diverged where it was to be, or beside a good one that stands there.

    Its config has `what_happened`. The error names the folder afterwards.
    """
    place = folder
    if kind_at(folder) != "nothing" and not is_diverged(folder):
        place = folder.with_name(folder.name + ENDING)
    try:
        run.save(place, overwrite=kind_at(place) != "nothing" and is_diverged(place))
    except FileError as trouble:
        error.also(f"What was reached could not be kept: {trouble}")
        return
    error.also(f"What was reached is kept; more of it say: {program()} doctor {shlex.quote(str(place))}")


def note_divergence(run: RunFolder) -> None:
    """Let a person know whose answers these are."""
    if DIVERGED in run.config:
        note("The training of this run diverged: its answers are those of the last step that was finite.")
