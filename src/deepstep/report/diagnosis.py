"""The findings about a run, from what its folder holds."""

from typing import Any

from deepstep.inspection import Finding, diagnose
from deepstep.run import Run
from deepstep.training.health import health_in
from deepstep.types import Array

NO_HEALTH = (
    "The records hold no health of the layers, so nothing is said about units, gradients and updates: "
    "train with --log health."
)


def findings_of(run: Run, inputs: Array | None = None) -> list[Finding]:
    """What went wrong in the training of a run.

    Parameters
    ----------
    run : Run
    inputs : array of shape (m, n_inputs), optional
        Prepared rows on which the units are looked at; by default what Health saw last counts.

    Returns
    -------
    list of Finding
        The most serious first.

    Examples
    --------
    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ImagePreparation, NumberTarget, Preparation
    >>> run = Run(
    ...     Network([1, 2, 1], output="identity", initialization="zeros"),
    ...     Preparation(ImagePreparation(1, 1, 1, 1.0), NumberTarget(0.0, 1.0)), History(), {}, ((), ()))
    >>> [finding.kind for finding in findings_of(run)]
    ['twins']
    """
    results = run.config.get("results", {})
    scores: dict[str, Any] | None = results.get("train")  # what is never answered there is no matter of luck
    return diagnose(
        run.history,
        architecture=run.network.architecture,
        parameters=run.network.parameters,
        X=None if inputs is None else inputs.T.astype(run.network.dtype),
        scores=scores,
        kept_best="patience" in run.config.get("settings", {}),
    )


def has_health(run: Run) -> bool:
    """Whether the callback Health watched the training."""
    return any(health_in(record) for record in run.history)
