"""Muon: the update of a weight matrix is its momentum with all singular values moved to about 1."""

from math import sqrt
from typing import Any

import numpy as np

from deepstep.equations.ops import Layout
from deepstep.equations.registry import equation
from deepstep.equations.updates import Rate, adam_update, like_theta, optimizer
from deepstep.types import Array

SOURCE = "Jordan et al. 2024 (Muon); arXiv 2502.16982 (the factor 0.2·√max(n, n_prev))"
COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""a, b, c of a·x + b·x³ + c·x⁵: applied five times, it brings 0.01 < x ≤ 1 to between 0.65 and 1.35."""


@equation("O = NS(V / ‖V‖),  NS(X) := a·X + (b·A + c·A²)·X, A = X·Xᵀ, five times", source=SOURCE)
def orthogonalized(V: Array, *, steps: int = 5) -> Array:
    """A matrix with the singular vectors of another and singular values near 1, by Newton–Schulz steps.

    V (n, n_prev):
    steps: Number of Newton–Schulz steps.
    O (n, n_prev): 0 where V is 0.

    >>> O = orthogonalized(np.array([[3.0, 0.0], [0.0, 0.5]]))
    >>> np.allclose(np.linalg.svd(O, compute_uv=False), 1, atol=0.35)
    True
    """
    largest = np.max(np.abs(V))
    can = (largest > 0) & (largest < np.inf)
    X = V.T if V.shape[0] > V.shape[1] else V  # the smaller of the two products
    X = np.where(can, X, 0) / np.where(can, largest, 1)
    X = X / np.where(can, np.linalg.norm(X), 1)
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        A = X @ X.T
        X = a * X + (b * A + c * (A @ A)) @ X
    return np.where(can, X.T if V.shape[0] > V.shape[1] else X, V)


@optimizer("muon", weight_decay=0.01, of_vectors=adam_update)
@equation(
    "v := β·v + (1 - β)·g,  s := s,  θ := θ - α·0.2·√max(n, n_prev)·NS(β·v + (1 - β)·g),  "
    "of each W; all else as by adam_update",
    source=SOURCE,
)
def muon_update(
    theta: Array,
    gradient: Array,
    v: Array,
    s: Array,
    *,
    learning_rate: Rate,
    t: int,
    layout: Layout,
    beta: float = 0.95,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Array, Array, Array]:
    """Orthogonalized momentum for the weights W, Adam for all other parameters, at one learning rate.

    The factor 0.2·√max(n, n_prev) gives the update of a matrix about the size that Adam's has.

    theta, gradient, v, s (n_parameters,): θ, g = ∂J/∂θ, the average of gradients, and of their squares for
        what is no weight; 0 at first.
    layout (tuple of pairs): Names and shapes of the parameters in θ, see ``Parameters.layout``.

    >>> layout = (("W1", (1, 2)), ("b1", (1, 1)))
    >>> theta, g, zero = np.zeros(3), np.array([3.0, 4.0, 1.0]), np.zeros(3)
    >>> after, v, s = muon_update(theta, g, zero, zero, learning_rate=0.1, t=1, layout=layout)
    >>> after.round(3)
    array([-0.012, -0.016, -0.1  ])
    """
    theta_new, v_new, s_new = adam_update(
        theta, gradient, v, s, learning_rate=learning_rate, t=t, beta1=beta1, beta2=beta2, epsilon=epsilon
    )
    alpha: Any = like_theta(theta, learning_rate)
    start = 0
    for name, shape in layout:
        part = slice(start, start + shape[0] * shape[1])
        start = part.stop
        if name[0] != "W":
            continue
        g = gradient[part]
        v_new[part] = beta * v[part] + (1 - beta) * g
        direction = orthogonalized((beta * v_new[part] + (1 - beta) * g).reshape(shape)).ravel()
        rate = alpha[part] if np.ndim(alpha) else alpha
        theta_new[part] = theta[part] - rate * (0.2 * sqrt(max(shape)) * direction)
        s_new[part] = s[part]
    return theta_new, v_new, s_new
