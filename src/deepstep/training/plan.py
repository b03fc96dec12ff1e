"""How long, how fast and in what order to train."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Order, as_they_are
from deepstep.types import AnyArray


@dataclass(frozen=True)
class Plan:
    """The settings of the training loop, checked.

    Attributes
    ----------
    epochs : int
        How often training passes over the examples.
    learning_rate : float or callable
        α, or a function of the epoch that gives it.
    batch_size : int or None
        Examples an update; None for all of them.
    order : callable
        Order of the examples in each epoch.
    first_epoch : int
        Number of the first epoch: a training that goes on keeps the order that it would have had.

    Raises
    ------
    ConfigurationError
        If a setting is out of range.

    Examples
    --------
    >>> Plan(epochs=2, learning_rate=0.1).rate(0)
    0.1
    """

    epochs: int
    learning_rate: float | Callable[[int], float]
    batch_size: int | None = None
    order: Order = as_they_are
    first_epoch: int = 0

    def __post_init__(self) -> None:
        _whole("iterations", self.epochs, least=0)
        if self.batch_size is not None:
            _whole("batch_size", self.batch_size, least=1)
        if not callable(self.learning_rate):
            check_learning_rate(self.learning_rate)
        if not callable(self.order):
            raise ConfigurationError("order", "a function order(epoch, m)", f"got {self.order!r}")

    @property
    def numbers(self) -> range:
        """The numbers of the epochs."""
        return range(self.first_epoch, self.first_epoch + self.epochs)

    def visit(self, epoch: int, m: int) -> AnyArray | None:
        """The order of the m examples in an epoch; None for the order as it is.

        Raises
        ------
        ConfigurationError
            If it is not m numbers of examples.
        """
        given = self.order(epoch, m)
        if given is None:
            return None
        order = np.asarray(given)
        if order.shape != (m,) or order.dtype.kind not in "iu" or not 0 <= order.min() <= order.max() < m:
            raise ConfigurationError(
                "order",
                f"order({epoch}, {m}) gives {m} whole numbers from 0 to {m - 1}",
                f"got shape {order.shape} of {order.dtype}"
                + (
                    f" from {order.min()} to {order.max()}" if order.size and order.dtype.kind in "iu" else ""
                ),
                "For example numpy.random.default_rng(epoch).permutation(m).",
            )
        return order

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch."""
        return float(self.learning_rate(epoch) if callable(self.learning_rate) else self.learning_rate)


def check_learning_rate(learning_rate: Any) -> float:
    """Refuse a learning rate that is not a positive finite number."""
    number = isinstance(learning_rate, int | float | np.integer | np.floating)
    if not number or isinstance(learning_rate, bool) or not (isfinite(learning_rate) and learning_rate > 0):
        raise ConfigurationError(
            "learning_rate",
            "a positive number",
            f"got {learning_rate!r}",
            "The lecture uses 0.0075; Adam usually 0.001.",
        )
    return float(learning_rate)


def _whole(name: str, value: Any, *, least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ConfigurationError(name, f"a whole number of at least {least}", f"got {value!r}")
