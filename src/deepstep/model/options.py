"""The options of a training by name, as `Network.train` takes them, turned into what the stages take."""

from typing import Any

from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import Plan
from deepstep.training.plan import check_learning_rate
from deepstep.training.schedules import get_schedule
from deepstep.training.stopping import Patience

SCHEDULED = ("schedule", "decay_schedule", "dropout_schedule")


def as_plan(options: dict[str, Any], seed: int, where: str) -> Plan:
    """The plan among the options, which are taken out of them; what is left are settings of the session."""
    batch_size, order = options.pop("batch_size", None), options.pop("order", None)
    if order is None:
        order = as_they_are if batch_size is None else shuffled(seed)
    given = {name: options.pop(name, None) for name in SCHEDULED}
    schedules: dict[str, Any] = {
        name: get_schedule(schedule, f"{where}, {name}")
        for name, schedule in given.items()
        if schedule is not None
    }
    return Plan(
        options.pop("iterations"),
        check_learning_rate(options.pop("learning_rate")),
        batch_size,
        order,
        time_budget=options.pop("time_budget", None),
        **schedules,
    )


def as_patience(
    patience: int | None, watch: str | None, held_out: Examples | None, where: str
) -> list[Patience]:
    """The callback that ends training, if it is asked for."""
    if patience is None:
        if watch is not None:
            raise ConfigurationError(where, "patience, where watch is given", f"got watch={watch!r} alone")
        return []
    if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
        raise ConfigurationError(where, "patience is a whole number of at least 1", f"got {patience!r}")
    quantity = watch or ("cost" if held_out is None else "validation_cost")
    return [
        Patience(
            quantity.removeprefix("-"),
            tolerance=0.0,
            epochs=patience - 1,
            larger_is_better=quantity.startswith("-"),
            keep_best=True,
            ties_count=False,
        )
    ]
