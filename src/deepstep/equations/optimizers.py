"""The update rules by name, with the names of their state and what their settings may be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np

from deepstep.equations.muon import muon_update
from deepstep.equations.updates import (
    adam_update,
    bias_corrected,
    gradient_descent_update,
    heavy_ball_update,
    lion_update,
    momentum_update,
    nesterov_update,
    rmsprop_update,
    shown,
)
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import Array, is_number

__all__ = ["OPTIMIZERS", "Optimizer", "get_optimizer"]


def _decay(value: Any) -> bool:
    return is_number(value) and bool(0 <= value < 1)


def _friction(value: Any) -> bool:
    return is_number(value) and bool(0 <= value <= 1)


def _positive(value: Any) -> bool:
    return is_number(value) and float(value) > 0  # as a float: what underflows to 0 guards nothing


_EPSILON_AT = ("outside", "hat", "inside")

_HYPERPARAMETERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("beta", "beta1", "beta2"), ("a number from 0 to below 1", _decay)),
    # A sum of gradients may keep everything, as in scikit-learn; a moving average would then never move.
    **dict.fromkeys(("heavy_ball_update.beta", "nesterov_update.beta"), ("a number from 0 to 1", _friction)),
    "epsilon": ("a positive number", _positive),
    "epsilon_at": (
        f"one of {', '.join(map(repr, _EPSILON_AT))}",
        lambda value: isinstance(value, str) and value in _EPSILON_AT,
    ),
}
"""What hyperparameters of these names (of one rule: with its name) may be, in words and as a test."""


def _check_hyperparameter(name: str, value: Any, rule: str) -> None:
    """Refuse a hyperparameter that is out of its range; a name without a range passes."""
    constraint = _HYPERPARAMETERS.get(f"{rule}.{name}") or _HYPERPARAMETERS.get(name)
    if constraint is not None:
        expected, accepts = constraint
        if not accepts(value):
            raise ConfigurationError(rule, f"{name} is {expected}", f"got {shown(value)}")


def check_number(name: str, value: Any, least: float, below: float = np.inf, *, above: bool = False) -> None:
    """Refuse a setting that is no number of its range, from ``least`` (or ``above`` it) to ``below``.

    >>> check_number("average", 1, 0, 1)
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: average: a finite number of at least 0 and below 1; got 1.
    """
    if not is_number(value) or not (least <= value < below) or (above and value == least):
        upper = "" if below == np.inf else f" and below {below:g}"
        least_words = f"above {least:g}" if above else f"of at least {least:g}"
        raise ConfigurationError(name, f"a finite number {least_words}{upper}", f"got {shown(value)}")


@dataclass(frozen=True)
class Optimizer:
    """An update rule with the names of its state and whether it counts steps.

    update: The equation.
    state: Names of the vectors of state, which begin at zero.
    counts_steps: Whether the rule takes the step's number ``t``.
    hyperparameters: Settings that differ from the equation's defaults.
    weight_decay: λ of `decoupled_decay` before each update, where nothing else is asked for.
    corrections: Symbol of each vector of state that is corrected for its start at zero, with the names of
        that vector and of its decay: ``{"v̂": ("v", "beta1"), …}``.
    of_vectors: The equation for parameters that are no weights, where it is another one.
    ConfigurationError: If the weight decay or a hyperparameter is out of range.

    >>> OPTIMIZERS["adam"].state
    ('v', 's')
    >>> Optimizer(momentum_update, ("v",), hyperparameters={"beta": 0.5}).settings({})
    {'beta': 0.5}
    """

    update: Callable[..., tuple[Array, ...]]
    state: tuple[str, ...] = ()
    counts_steps: bool = False
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.0
    corrections: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    of_vectors: Callable[..., tuple[Array, ...]] | None = None

    def __post_init__(self) -> None:
        check_number("weight_decay", self.weight_decay, 0)
        self.settings(self.hyperparameters)

    @property
    def of_matrices(self) -> bool:
        """Whether the rule takes the layout of θ: it updates whole matrices."""
        return "layout" in signature(self.update).parameters

    def settings(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters with these changes.

        hyperparameters: What is to differ, by name.
        returns: All that differ from the equation's defaults.
        ConfigurationError: If the update rule does not know one of them (the message has the nearest one), or
            one of them is out of range.
        """
        where = self.update.__name__
        if not isinstance(hyperparameters, Mapping):
            raise ConfigurationError(
                where, "hyperparameters are a mapping such as {'beta': 0.9}", f"got {hyperparameters!r}"
            )
        given = {"theta", "gradient", "learning_rate", "t", "layout", *self.state}
        known = [name for name in signature(self.update).parameters if name not in given]
        for name, value in hyperparameters.items():
            if name not in known:
                raise unknown_name(where, "hyperparameter", name, known)
            _check_hyperparameter(name, value, where)
        # A NumPy scalar would turn a float32 network to float64; a Python number takes the array's precision.
        plain = {n: float(v) if isinstance(v, np.number) else v for n, v in hyperparameters.items()}
        return {**self.hyperparameters, **plain}

    def corrected(
        self, state: Mapping[str, Array], *, t: int, hyperparameters: Mapping[str, Any]
    ) -> dict[str, Array]:
        """The rule's bias-corrected averages after step t, for who wants to see them.

        state: Vectors of state after the update, by name.
        returns: The averages by symbol; empty for a rule that corrects none.

        >>> OPTIMIZERS["adam"].corrected(
        ...     {"v": np.array([0.2]), "s": np.array([0.004])}, t=1, hyperparameters={}
        ... )
        {'v̂': array([2.]), 'ŝ': array([4.])}
        """
        defaults, settings = signature(self.update).parameters, self.settings(hyperparameters)
        return {
            symbol: bias_corrected(state[name], beta=settings.get(decay, defaults[decay].default), t=t)
            for symbol, (name, decay) in self.corrections.items()
        }


_ADAM = {"v̂": ("v", "beta1"), "ŝ": ("s", "beta2")}

OPTIMIZERS: dict[str, Optimizer] = {
    "gd": Optimizer(gradient_descent_update),
    "momentum": Optimizer(momentum_update, ("v",)),
    "heavy_ball": Optimizer(heavy_ball_update, ("v",)),
    "nesterov": Optimizer(nesterov_update, ("v",)),
    "rmsprop": Optimizer(rmsprop_update, ("s",)),
    "adam": Optimizer(adam_update, ("v", "s"), counts_steps=True, corrections=_ADAM),
    "adamw": Optimizer(adam_update, ("v", "s"), counts_steps=True, weight_decay=0.01, corrections=_ADAM),
    "lion": Optimizer(lion_update, ("v",)),
    "muon": Optimizer(muon_update, ("v", "s"), True, weight_decay=0.01, of_vectors=adam_update),
}
"""All update rules by name."""


def get_optimizer(optimizer: "str | Optimizer", where: str = "optimizer") -> Optimizer:
    """Look an update rule up by name; an `Optimizer` passes as it is.

    optimizer: A name in ``OPTIMIZERS``.
    returns: The rule.
    ConfigurationError: If there is none of that name; the message has the nearest one.

    >>> get_optimizer("adamw").weight_decay
    0.01
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise unknown_name(where, "optimizer", optimizer, OPTIMIZERS)
    return OPTIMIZERS[optimizer]
