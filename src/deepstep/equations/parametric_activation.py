"""An activation that learns how far it bends: α per unit, from A = Z at 0 to A = g(Z) at 1.

Written with 1 - α, and not as Z + α ∘ (g(Z) - Z): with α = 1, where training begins, A is g(Z) to the last
bit.
"""

import numpy as np

from deepstep.equations.activation_table import get_activation
from deepstep.equations.registry import equation
from deepstep.errors import ShapeError
from deepstep.types import Array

SOURCE = "arXiv 2407.04491 (RealMLP), the parametric activation"


@equation("A = (1 - alpha) ∘ Z + alpha ∘ g(Z)", source=SOURCE)
def parametric_forward(Z: Array, alpha: Array, activation: str) -> Array:
    """Between the identity and an activation, as far as each unit has learned.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    alpha : array of shape (n_l, 1)
        α of each unit; 1 at the beginning.
    activation : str
        A name in ``ACTIVATIONS``.

    Raises
    ------
    ConfigurationError
        If the activation is unknown.
    ShapeError
        If there is not one α for each unit.

    Examples
    --------
    >>> parametric_forward(np.array([[-2.0, 2.0], [-2.0, 2.0]]), np.array([[1.0], [0.75]]), "relu")
    array([[ 0. ,  2. ],
           [-0.5,  2. ]])
    """
    where = "parametric_forward"
    g = get_activation(activation, where).forward
    _check(where, Z, alpha)
    return (1 - alpha) * Z + alpha * g(Z)


@equation(
    "dg = alpha ∘ dA,  dZ = (1 - alpha) ∘ dA + dg ∘ g′(Z),  dalpha = Σᵢ (dA ∘ (g(Z) - Z))⁽ⁱ⁾ / m",
    source=SOURCE,
)
def parametric_backward(dA: Array, Z: Array, alpha: Array, activation: str) -> tuple[Array, Array]:
    """From the derivative by A to those by Z and by α.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A, of the dtype of Z.
    Z : array of shape (n_l, m)
        Pre-activation.
    alpha : array of shape (n_l, 1)
        α of each unit.
    activation : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z, a new array.
    dalpha : array of shape (n_l, 1)
        Derivative of the cost J by alpha: 1/m stands here.

    Raises
    ------
    ConfigurationError
        If the activation is unknown.
    ShapeError
        If the shapes do not fit.

    Examples
    --------
    >>> Z, alpha = np.array([[-2.0, 2.0]]), np.array([[0.75]])
    >>> parametric_backward(np.array([[1.0, 1.0]]), Z, alpha, "relu")
    (array([[0.25, 1.  ]]), array([[1.]]))
    """
    where = "parametric_backward"
    g = get_activation(activation, where)
    _check(where, Z, alpha)
    if np.shape(dA) != Z.shape:
        raise ShapeError(where, f"dA has the shape of Z, {Z.shape}", f"got {np.shape(dA)}")
    dZ = (1 - alpha) * dA + g.backward(alpha * dA, Z)
    return dZ, np.sum(dA * (g.forward(Z) - Z), axis=1, keepdims=True) / Z.shape[1]


def _check(where: str, Z: Array, alpha: Array) -> None:
    if alpha.shape != (Z.shape[0], 1):
        raise ShapeError(where, f"alpha has shape ({Z.shape[0]}, 1), one for each unit", f"got {alpha.shape}")
