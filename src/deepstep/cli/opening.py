"""Runs as commands open them: of one network, or of a committee."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from deepstep.errors import ConfigurationError
from deepstep.run import Run
from deepstep.run_folder import OF_A_COMMITTEE, read_config

if TYPE_CHECKING:
    from deepstep.estimators import CommitteeRun

AnyRun: TypeAlias = "Run | CommitteeRun"


def of_a_committee(folder: Path) -> bool:
    """Whether the run in a folder is a committee's.

    Raises
    ------
    FileError
        When the folder is no run.
    """
    return bool(read_config(folder)["version"] == OF_A_COMMITTEE)


def open_run(folder: Path) -> AnyRun:
    """The run in a folder, of either kind.

    Raises
    ------
    FileError
        When the folder is no run, or is damaged.
    """
    if of_a_committee(folder):
        from deepstep.estimators import CommitteeRun  # scikit-learn comes with it

        return CommitteeRun.load(folder)
    return Run.load(folder)


def open_run_of_one_network(folder: Path, command: str) -> Run:
    """The run in a folder, for a command that opens one network.

    Raises
    ------
    ConfigurationError
        When it is a committee's.
    FileError
        As `open_run`.
    """
    if of_a_committee(folder):
        raise ConfigurationError(
            f"{command} {folder}",
            "a run of one network",
            "it is one of a committee",
            "Train with --recipe plain.",
        )
    return Run.load(folder)
