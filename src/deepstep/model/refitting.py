"""What a refit needs, found out before the first of its two trainings."""

from collections.abc import Sequence

from deepstep.errors import ConfigurationError
from deepstep.model.options import SCHEDULED
from deepstep.preparation.batches import Examples
from deepstep.training import Callback, Checkpoints, Plan
from deepstep.training.refit import refuse_rates_by_course
from deepstep.training.stopping import Patience


def check_refit(
    stopping: Sequence[Patience],
    held_out: Examples | None,
    plan: Plan,
    callbacks: Sequence[Callback],
    where: str,
) -> None:
    """Refuse a refit that has nothing to count its epochs or to add, or whose rates do not come again.

    Raises
    ------
    ConfigurationError
    """
    if not stopping:
        expected, came = "patience, where refit=True", "got none"
        raise ConfigurationError(where, expected, came, "It counts the epochs.")
    if held_out is None:
        raise ConfigurationError(
            where,
            "validation data, where refit=True",
            "got none",
            "Pass validation=(X, Y), or validation_fraction=0.1.",
        )
    refuse_rates_by_course(plan.time_budget, [(name, getattr(plan, name)) for name in SCHEDULED], where)
    if any(isinstance(callback, Checkpoints) for callback in callbacks):
        raise ConfigurationError(
            where,
            "checkpoint=…, where refit=True, as each of the two trainings has a folder of its own",
            "got Checkpoints among the callbacks",
        )
