"""Scores on validation data, recorded after each epoch."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from deepstep.engines import Session
from deepstep.errors import ConfigurationError, naming
from deepstep.preparation.batches import Examples
from deepstep.training.callbacks import read_only
from deepstep.training.history import Record
from deepstep.training.together import cost_and_outputs_of_all, cost_of_all
from deepstep.types import Array

Metric: TypeAlias = Callable[[Array, Array], float]
"""``metric(Y, AL)``: targets and outputs, columns as examples, to a number."""

EXAMPLE = "Such as metrics={'error': lambda Y, AL: abs(AL - Y).mean()}."


def check_metrics(metrics: Mapping[str, Metric], validation: Examples | None, where: str) -> None:
    """Refuse metrics that could not be computed, before the first step."""
    if not isinstance(metrics, Mapping):
        raise ConfigurationError(
            where, "metrics is a mapping of names to functions (Y, AL)", f"got {metrics!r:.60}", EXAMPLE
        )
    for name, metric in metrics.items():
        if not isinstance(name, str):
            raise ConfigurationError(where, "names of metrics are texts", f"got {name!r:.60}", EXAMPLE)
        if not callable(metric):
            raise ConfigurationError(where, f"metrics[{name!r}] is a function (Y, AL)", f"got {metric!r}")
        if name == "cost":
            raise ConfigurationError(where, "names of metrics", "got 'cost', which is recorded in any case")
    if metrics and validation is None:
        raise ConfigurationError(
            where, "validation data for the metrics", "got none", "Pass validation=(X, Y)."
        )


def score_names(validation: Examples | None, metrics: Mapping[str, Metric]) -> list[str]:
    """The entries that `scores` gives."""
    return [] if validation is None else [f"validation_{name}" for name in ("cost", *metrics)]


def scores(session: Session, validation: Examples | None, metrics: Mapping[str, Metric]) -> Record:
    """The cost of validation data and the metrics, as entries of a record; the forward pass is done once.

    Many workers each do a part of it.
    """
    if validation is None:
        return {}
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is recorded as it is
        if not metrics:
            return {"validation_cost": cost_of_all(session, validation)}
        cost, outputs = cost_and_outputs_of_all(session, validation)
    record: Record = {"validation_cost": cost}
    for name, metric in metrics.items():
        with naming(f"the metric {name!r}"):
            value: Any = metric(read_only(validation.Y.T), outputs.T)
        if np.ndim(value) or not isinstance(value, Real | np.ndarray):
            raise ConfigurationError(
                f"metrics[{name!r}]", "a function that gives one number", f"got {value!r:.60}"
            )
        record[f"validation_{name}"] = float(value)
    return record
