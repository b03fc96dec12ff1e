"""Update rules: pure functions over the flat vectors θ and g = ∂J/∂θ, with explicit state.

Each takes ``(theta, gradient, *state)`` and gives the new ``(theta, *state)``; nothing given is changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from math import isfinite, sqrt
from typing import Any

import numpy as np

from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import Array


@equation("θ := θ - α·g", source="lecture 6")
def gradient_descent_update(theta: Array, gradient: Array, *, learning_rate: float) -> tuple[Array]:
    """Gradient descent.

    Examples
    --------
    >>> gradient_descent_update(np.array([1.0]), np.array([2.0]), learning_rate=0.1)
    (array([0.8]),)
    """
    return (theta - learning_rate * gradient,)


@equation("v := β·v + (1 - β)·g,  θ := θ - α·v", source="lecture, course 2 week 2")
def momentum_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float, beta: float = 0.9
) -> tuple[Array, Array]:
    """Momentum as the lecture writes it: the velocity is a moving average of gradients.

    Examples
    --------
    >>> momentum_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.5)
    (array([0.9]), array([0.2]))
    """
    v = beta * v + (1 - beta) * gradient
    return theta - learning_rate * v, v


@equation("v := β·v - α·g,  θ := θ + v", source="Polyak 1964; Sutskever et al. 2013")
def heavy_ball_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float, beta: float = 0.9
) -> tuple[Array, Array]:
    """Classical momentum, as in scikit-learn: the velocity is a sum, so a step is 1/(1 - β) times longer.

    Examples
    --------
    >>> heavy_ball_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.8]), array([-0.2]))
    """
    v = beta * v - learning_rate * gradient
    return theta + v, v


@equation("v := β·v - α·g,  θ := θ + β·v - α·g", source="Nesterov 1983; Sutskever et al. 2013")
def nesterov_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float, beta: float = 0.9
) -> tuple[Array, Array]:
    """Nesterov's momentum: classical momentum that looks one step ahead.

    Examples
    --------
    >>> nesterov_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.62]), array([-0.2]))
    """
    v = beta * v - learning_rate * gradient
    return theta + beta * v - learning_rate * gradient, v


@equation(
    "v := β₁·v + (1 - β₁)·g,  s := β₂·s + (1 - β₂)·g²,  θ := θ - α·v̂ / (√ŝ + ε),  "
    "v̂ = v/(1 - β₁ᵗ), ŝ = s/(1 - β₂ᵗ)",
    source="lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980",
)
def adam_update(
    theta: Array,
    gradient: Array,
    v: Array,
    s: Array,
    *,
    learning_rate: float,
    t: int,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_at: str = "outside",
) -> tuple[Array, Array, Array]:
    """Adam.

    Parameters
    ----------
    theta, gradient, v, s : arrays of shape (n_parameters,)
        Parameters, gradient, moving averages of g and g².
    learning_rate : float
        α.
    t : int
        Number of this step, from 1.
    beta1, beta2, epsilon : float
        Decay of v and of s; guard of the division.
    epsilon_at : {"outside", "hat", "inside"}
        Where ε stands: √ŝ + ε (the formula of paper and lecture, torch), √s + ε before the correction of s
        (the paper's efficient order ε̂, scikit-learn), or √(ŝ + ε) (the lecture's table of 2017).

    Examples
    --------
    >>> zero = np.zeros(1)
    >>> adam_update(np.array([1.0]), np.array([2.0]), zero, zero, learning_rate=0.1, t=1)[0]
    array([0.9])
    """
    v = beta1 * v + (1 - beta1) * gradient
    s = beta2 * s + (1 - beta2) * gradient * gradient
    correction = 1 - beta2**t
    if epsilon_at == "outside":
        root = np.sqrt(s / correction) + epsilon
    elif epsilon_at == "hat":
        root = (np.sqrt(s) + epsilon) / sqrt(correction)
    elif epsilon_at == "inside":
        root = np.sqrt(s / correction + epsilon)
    else:
        raise unknown_name("adam_update", "epsilon_at", epsilon_at, _EPSILON_AT)
    return theta - learning_rate / (1 - beta1**t) * (v / root), v, s


def finite_rate(learning_rate: Any, where: str) -> float:
    """α as a Python number, which takes the precision of the arrays: a NumPy scalar would widen float32.

    Raises
    ------
    ConfigurationError
        If it is not a finite number.
    """
    if not _number(learning_rate) or not isfinite(learning_rate):
        raise ConfigurationError(where, "learning_rate is a finite number", f"got {learning_rate!r}")
    return float(learning_rate)


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _decay(value: Any) -> bool:
    return _number(value) and bool(0 <= value < 1)


def _friction(value: Any) -> bool:
    return _number(value) and bool(0 <= value <= 1)


def _positive(value: Any) -> bool:
    return _number(value) and bool(0 < value < np.inf)


_EPSILON_AT = ("outside", "hat", "inside")

_HYPERPARAMETERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("beta", "beta1", "beta2"), ("a number from 0 to below 1", _decay)),
    # A sum of gradients may keep everything, as in scikit-learn; a moving average would then never move.
    **dict.fromkeys(("heavy_ball_update.beta", "nesterov_update.beta"), ("a number from 0 to 1", _friction)),
    "epsilon": ("a positive number", _positive),
    "epsilon_at": (f"one of {', '.join(map(repr, _EPSILON_AT))}", lambda value: value in _EPSILON_AT),
}
"""What hyperparameters of these names (of one update rule: with its name) may be, in words and as a test."""


@dataclass(frozen=True)
class Optimizer:
    """An update rule with the names of its state and whether it counts steps.

    Attributes
    ----------
    update : callable
        The equation.
    state : tuple of str
        Names of the vectors of state, which begin at zero.
    counts_steps : bool
        Whether the rule takes the step's number ``t``.
    hyperparameters : mapping
        Settings that differ from the equation's defaults.
    """

    update: Callable[..., tuple[Array, ...]]
    state: tuple[str, ...] = ()
    counts_steps: bool = False
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)

    def settings(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters with these changes.

        Raises
        ------
        ConfigurationError
            If the update rule does not know one of them (the message has the nearest one), or one of them
            is out of range.
        """
        where = self.update.__name__
        if not isinstance(hyperparameters, Mapping):
            raise ConfigurationError(
                where, "hyperparameters are a mapping such as {'beta': 0.9}", f"got {hyperparameters!r}"
            )
        given = {"theta", "gradient", "learning_rate", "t", *self.state}
        known = [name for name in signature(self.update).parameters if name not in given]
        for name, value in hyperparameters.items():
            if name not in known:
                raise unknown_name(where, "hyperparameter", name, known)
            constraint = _HYPERPARAMETERS.get(f"{where}.{name}") or _HYPERPARAMETERS.get(name)
            if constraint is not None:
                expected, accepts = constraint
                if not accepts(value):
                    raise ConfigurationError(where, f"{name} is {expected}", f"got {value!r}")
        # A NumPy scalar would turn a float32 network to float64; a Python number takes the array's precision.
        plain = {n: v.item() if isinstance(v, np.generic) else v for n, v in hyperparameters.items()}
        return {**self.hyperparameters, **plain}


OPTIMIZERS: dict[str, Optimizer] = {
    "gd": Optimizer(gradient_descent_update),
    "momentum": Optimizer(momentum_update, ("v",)),
    "heavy_ball": Optimizer(heavy_ball_update, ("v",)),
    "nesterov": Optimizer(nesterov_update, ("v",)),
    "adam": Optimizer(adam_update, ("v", "s"), counts_steps=True),
}
"""All update rules by name."""


def get_optimizer(optimizer: "str | Optimizer", where: str = "optimizer") -> Optimizer:
    """Look an update rule up by name; an `Optimizer` passes as it is.

    Raises
    ------
    ConfigurationError
        If there is none of that name; the message has the nearest one.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise unknown_name(where, "optimizer", optimizer, OPTIMIZERS)
    return OPTIMIZERS[optimizer]
