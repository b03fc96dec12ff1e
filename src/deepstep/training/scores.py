"""Scores on validation data, recorded after each epoch."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from deepstep.engines import Session
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Examples
from deepstep.training.callbacks import Callback, Training, read_only
from deepstep.training.history import Record
from deepstep.types import Array

Metric: TypeAlias = Callable[[Array, Array], float]
"""``metric(Y, AL)``: targets and outputs, columns as examples, to a number."""


class Scores(Callback):
    """Write ``validation_<name>`` into the records.

    Parameters
    ----------
    session : Session
    held_out : Examples or None
        Validation data.
    metrics : mapping
        Functions ``(Y, AL) -> float`` of columns, by name.
    where : str
        Name for error messages.

    Raises
    ------
    ConfigurationError
        If there is no validation data, or a metric is no function.
    """

    def __init__(
        self, session: Session, held_out: Examples | None, metrics: Mapping[str, Metric], where: str
    ) -> None:
        if held_out is None:
            raise ConfigurationError(
                where, "validation data for the metrics", "got none", "Pass validation=(X, Y)."
            )
        for name, metric in metrics.items():
            if not callable(metric):
                raise ConfigurationError(where, f"metrics[{name!r}] is a function (Y, AL)", f"got {metric!r}")
        self._session, self._metrics = session, metrics
        X, Y, _ = held_out.take(slice(None))
        self._X, self._Y = X, read_only(Y)

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Score."""
        with np.errstate(over="ignore", invalid="ignore"):  # the next epoch's cost reports divergence
            AL = self._session.forward(self._X)
        for name, metric in self._metrics.items():
            value: Any = metric(self._Y, AL)
            if np.ndim(value) or not isinstance(value, Real | np.ndarray):
                raise ConfigurationError(
                    f"metrics[{name!r}]", "a function that gives one number", f"got {value!r:.60}"
                )
            record[f"validation_{name}"] = float(value)
