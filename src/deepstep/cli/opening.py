"""Runs as commands open them: of one network, or of an ensemble."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from deepstep.errors import ConfigurationError
from deepstep.model import Network
from deepstep.preparation import NumberTarget, NumberTargets, Target
from deepstep.run import Run
from deepstep.run_folder import OF_AN_ENSEMBLE, read_config
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators import EnsembleRun
    from deepstep.estimators.ensemble import Preparer

AnyRun: TypeAlias = "Run | EnsembleRun"


def of_an_ensemble(folder: Path) -> bool:
    """Whether the run in a folder is an ensemble's."""
    return bool(read_config(folder)["version"] == OF_AN_ENSEMBLE)


def open_run(folder: Path) -> AnyRun:
    """The run in a folder, of either kind."""
    if of_an_ensemble(folder):
        from deepstep.estimators import EnsembleRun  # scikit-learn comes with it

        return EnsembleRun.load(folder)
    return Run.load(folder)


@dataclass(frozen=True)
class OpenedNetwork:
    """One network, as commands open it: that of a run, or a member of an ensemble.

    ``config`` is the run's, with the ``settings`` of the network's steps. ``examples`` are prepared training
    rows, (k, n_inputs) and (k, n_outputs). ``inputs`` turns raw rows into the network's inputs.
    """

    run: AnyRun
    network: Network
    target: Target
    config: dict[str, Any]
    examples: tuple[Array, Array]
    inputs: Callable[[Any], Array]


def open_network(folder: Path, member: int | None) -> OpenedNetwork:
    """The network in a run folder; of an ensemble the member of this number, from 0."""
    run = open_run(folder)
    if isinstance(run, Run):
        if member is not None:
            raise ConfigurationError("--member", "a run of an ensemble", f"{folder} is one of one network")
        return OpenedNetwork(run, run.network, run.preparation.target, run.config, run.examples, run.inputs)
    last = len(run.ensemble.members) - 1
    if member is None or not 0 <= member <= last:
        raise ConfigurationError(
            "--member",
            f"the number of a member of the ensemble, from 0 to {last}",
            f"got {'none' if member is None else member}",
            "Or train one network, with --preset single.",
        )
    one = run.ensemble.members[member]
    return OpenedNetwork(
        run,
        one.network,
        in_units(run.preparation.target, run.ensemble.preparers[one.fold]),
        {**run.config, "settings": dict(one.settings)},
        run.few_examples(member),
        lambda raw: run.inputs(raw, member),
    )


def in_units(target: Target, preparer: "Preparer") -> Target:
    """An ensemble's target as the members of a fold learn it."""
    center, scale = preparer.center.tolist(), preparer.scale.tolist()
    if isinstance(target, NumberTarget):
        return replace(target, mean=center[0], std=scale[0])
    if isinstance(target, NumberTargets):
        return replace(target, means=tuple(center), stds=tuple(scale))
    return target
