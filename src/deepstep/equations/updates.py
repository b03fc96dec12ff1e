"""Update rules: pure functions over the flat vectors θ and g = ∂J/∂θ, with explicit state.

Each takes ``(theta, gradient, *state)`` and gives the new ``(theta, *state)``; nothing given is changed. The
learning rate α is a number, or an array like θ with a rate for each parameter.
"""

from math import sqrt
from typing import Any

import numpy as np

from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError, ShapeError, unknown_name
from deepstep.types import Array, is_number

__all__ = [
    "adam_update",
    "average_update",
    "bias_corrected",
    "decoupled_decay",
    "gradient_descent_update",
    "heavy_ball_update",
    "lion_update",
    "momentum_update",
    "nesterov_update",
    "rmsprop_update",
]


@equation("θ := θ - α·g", source="lecture 6")
def gradient_descent_update(theta: Array, gradient: Array, *, learning_rate: float | Array) -> tuple[Array]:
    """Gradient descent.

    learning_rate: α.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> gradient_descent_update(np.array([1.0]), np.array([2.0]), learning_rate=0.1)
    (array([0.8]),)
    """
    alpha = _like(theta, learning_rate)
    return (theta - alpha * gradient,)


@equation("v := β·v + (1 - β)·g,  θ := θ - α·v", source="lecture, course 2 week 2")
def momentum_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float | Array, beta: float = 0.9
) -> tuple[Array, Array]:
    """Momentum as the lecture writes it: the velocity is a moving average of gradients.

    learning_rate: α.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> momentum_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.5)
    (array([0.9]), array([0.2]))
    """
    alpha = _like(theta, learning_rate)
    v = beta * v + (1 - beta) * gradient
    return theta - alpha * v, v


@equation("v := β·v - α·g,  θ := θ + v", source="Polyak 1964; Sutskever et al. 2013")
def heavy_ball_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float | Array, beta: float = 0.9
) -> tuple[Array, Array]:
    """Classical momentum, as in scikit-learn: the velocity is a sum, so a step is 1/(1 - β) times longer.

    learning_rate: α.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> heavy_ball_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.8]), array([-0.2]))
    """
    alpha = _like(theta, learning_rate)
    v = beta * v - alpha * gradient
    return theta + v, v


@equation("v := β·v - α·g,  θ := θ + β·v - α·g", source="Nesterov 1983; Sutskever et al. 2013")
def nesterov_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float | Array, beta: float = 0.9
) -> tuple[Array, Array]:
    """Nesterov's momentum: classical momentum that looks one step ahead.

    learning_rate: α.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> nesterov_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.62]), array([-0.2]))
    """
    alpha = _like(theta, learning_rate)
    v = beta * v - alpha * gradient
    return theta + beta * v - alpha * gradient, v


@equation(
    "s := β·s + (1 - β)·g²,  θ := θ - α·g / (√s + ε)",
    source="lecture, course 2 week 2; Tieleman & Hinton 2012, lecture 6.5",
)
def rmsprop_update(
    theta: Array,
    gradient: Array,
    s: Array,
    *,
    learning_rate: float | Array,
    beta: float = 0.99,
    epsilon: float = 1e-8,
) -> tuple[Array, Array]:
    """RMSprop: each gradient over the root of its mean square. The defaults are torch's (Hinton has β = 0.9).

    learning_rate: α.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> rmsprop_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.001)
    (array([0.99]), array([0.04]))
    """
    alpha = _like(theta, learning_rate)
    s = beta * s + (1 - beta) * gradient * gradient
    return theta - alpha * (gradient / (np.sqrt(s) + epsilon)), s


@equation("v̂ = v / (1 - βᵗ)", source="lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980, section 3")
def bias_corrected(v: Array, *, beta: float, t: int) -> Array:
    """A moving average without the pull of its start at 0: after t steps its weights add up to 1 - βᵗ.

    v_hat (n_parameters,): The corrected average.

    >>> bias_corrected(np.array([0.2]), beta=0.9, t=1)
    array([2.])
    """
    return v / (1 - float(beta) ** int(t))


_EPSILON_AT = {
    "outside": "θ := θ - α·v̂ / (√ŝ + ε)",
    "hat": "θ := θ - α·v̂·√(1 - β₂ᵗ) / (√s + ε)",
    "inside": "θ := θ - α·v̂ / √(ŝ + ε)",
}


@equation(
    "v := β₁·v + (1 - β₁)·g,  s := β₂·s + (1 - β₂)·g²,  v̂ = v / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ),  "
    "θ := θ - α·v̂ / (√ŝ + ε)",
    source="lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980",
    forms={"epsilon_at": _EPSILON_AT},
)
def adam_update(
    theta: Array,
    gradient: Array,
    v: Array,
    s: Array,
    *,
    learning_rate: float | Array,
    t: int,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_at: str = "outside",
) -> tuple[Array, Array, Array]:
    """Adam.

    learning_rate: α.
    epsilon_at: Where ε stands: √ŝ + ε (the formula of paper and lecture, torch), √s + ε before the correction
        of s (the paper's efficient order ε̂, scikit-learn), or √(ŝ + ε) (the lecture's table of 2017).
    ConfigurationError: If ``epsilon_at`` is none of these.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> zero = np.zeros(1)
    >>> adam_update(np.array([1.0]), np.array([2.0]), zero, zero, learning_rate=0.1, t=1)[0]
    array([0.9])
    """
    alpha = _like(theta, learning_rate)
    v = beta1 * v + (1 - beta1) * gradient
    s = beta2 * s + (1 - beta2) * gradient * gradient
    v_hat, s_hat = bias_corrected(v, beta=beta1, t=t), bias_corrected(s, beta=beta2, t=t)
    if epsilon_at == "outside":
        root = np.sqrt(s_hat) + epsilon
    elif epsilon_at == "hat":
        root = (np.sqrt(s) + epsilon) / sqrt(1 - beta2**t)
    elif epsilon_at == "inside":
        root = np.sqrt(s_hat + epsilon)
    else:
        raise unknown_name("adam_update", "epsilon_at", epsilon_at, _EPSILON_AT)
    return theta - alpha * (v_hat / root), v, s


@equation(
    "θ := θ - α·sign(β₁·v + (1 - β₁)·g),  v := β₂·v + (1 - β₂)·g",
    source="Chen et al., arXiv 2302.06675, algorithm 2",
)
def lion_update(
    theta: Array,
    gradient: Array,
    v: Array,
    *,
    learning_rate: float | Array,
    beta1: float = 0.9,
    beta2: float = 0.99,
) -> tuple[Array, Array]:
    """Lion: a step of length α along each parameter, in the direction of an average with the new gradient.

    The paper's weight decay is `decoupled_decay`; it advises a rate 3 to 10 times smaller than Adam's.

    learning_rate: α.
    ShapeError: If the learning rate is an array of another shape than theta.

    >>> lion_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.9]), array([0.02]))
    """
    alpha = _like(theta, learning_rate)
    direction = np.sign(beta1 * v + (1 - beta1) * gradient)
    return theta - alpha * direction, beta2 * v + (1 - beta2) * gradient


@equation("θ := (1 - α·λ)·θ", source="Loshchilov & Hutter, arXiv 1711.05101")
def decoupled_decay(theta: Array, *, learning_rate: float | Array, weight_decay: float | Array) -> Array:
    """Weight decay beside the gradient, as in AdamW: it comes before the update rule, which never sees it.

    learning_rate, weight_decay: α and λ.
    ShapeError: If α or λ is an array of another shape than theta.

    >>> decoupled_decay(np.array([1.0, -2.0]), learning_rate=0.1, weight_decay=0.5)
    array([ 0.95, -1.9 ])
    """
    return (1 - _like(theta, learning_rate) * _like(theta, weight_decay)) * theta


@equation(
    "θ̄ := θ for t = 1, then θ̄ := θ̄ + (1 - β) / (1 - βᵗ)·(θ - θ̄)",
    source="Kingma & Ba, arXiv 1412.6980, section 7.2; Polyak & Juditsky 1992",
)
def average_update(average: Array, theta: Array, *, decay: float, t: int) -> Array:
    """Moving average of the parameters themselves, to predict with, without the pull of its start.

    It is ``bias_corrected`` of an average begun at 0: after t steps the weights (1 - β)·βᵗ⁻ⁱ / (1 - βᵗ) of
    all θᵢ add up to 1, and the first θ has the least of them.

    average, theta (n_parameters,): θ̄ until now (any values for the first step) and θ after this step's
        update.
    decay: β, from 0 (θ̄ is θ) to below 1.

    >>> average_update(np.array([1.0]), np.array([2.5]), decay=0.5, t=2)
    array([2.])
    """
    return theta.copy() if t == 1 else average + corrected_share(decay, t) * (theta - average)


def corrected_share(decay: float, t: int) -> float:
    """The weight (1 - β) / (1 - βᵗ) of what is new at step t in a bias-corrected average: 1 at first.

    >>> [round(corrected_share(0.5, t), 3) for t in (1, 2, 3, 100)]
    [1.0, 0.667, 0.571, 0.5]
    """
    return (1 - float(decay)) / (1 - float(decay) ** int(t))


def finite_rate(learning_rate: Any, where: str) -> float:
    """α as a Python number."""
    if not is_number(learning_rate):
        raise ConfigurationError(where, "learning_rate is a finite number", f"got {shown(learning_rate)}")
    return float(learning_rate)


def shown(value: Any) -> str:
    """The value for a message; of an int with more digits than anybody reads, its size."""
    huge = isinstance(value, int) and value.bit_length() > 1024
    return f"an integer of {value.bit_length()} bits" if huge else repr(value)


def _like(theta: Array, factor: float | Array) -> float | Array:
    """A factor in the precision of θ: a NumPy scalar or array of float64 would widen float32."""
    if np.ndim(factor) == 0:
        return float(factor)
    if np.shape(factor) != theta.shape:
        raise ShapeError(
            "update", f"a number, or an array like theta, {theta.shape}", f"got shape {np.shape(factor)}"
        )
    return np.asarray(factor, theta.dtype)
