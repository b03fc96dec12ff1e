"""The norm of each example's own gradient, from one backward pass.

The gradient of one example's loss by W is an outer product, dZ⁽ⁱ⁾·A_prev⁽ⁱ⁾ᵀ, and its norm is the product of
the norms: no gradient of a single example is ever formed.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations.ops import Node, Tape, backward
from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.types import Array

__all__ = ["PerExample", "gradient_norms", "linear_gradient_norms"]

SOURCE = "Goodfellow, arXiv 1510.01799"


class PerExample(NamedTuple):
    """The gradients of all examples by one parameter.

    Attributes
    ----------
    left : array of shape (n, m)
        A factor of the gradients; a column is an example.
    right : array of shape (n_prev, m), optional
        The gradient is the outer product of both columns, or the column of ``left`` alone.

    Examples
    --------
    >>> PerExample(np.array([[3.0], [4.0]]), np.array([[2.0]])).norms()
    array([[10.]])
    """

    left: Array
    right: Array | None = None

    def norms(self) -> Array:
        """Norm of the gradient of each example, (1, m), also where its square overflows or vanishes.

        Returns
        -------
        array of shape (1, m)
        """
        # in units of a power of two near the largest entry of the column: squares of their own would overflow
        units, squares = [], []
        for columns in (self.left,) if self.right is None else (self.left, self.right):
            largest = np.max(np.abs(columns), axis=0, initial=0)
            units.append(np.ldexp(columns.dtype.type(1), np.frexp(largest)[1] - 1))
            scaled = columns / units[-1]
            squares.append(np.einsum("nm,nm->m", scaled, scaled))
        return (np.sqrt(np.prod(squares, axis=0)) * np.prod(units, axis=0))[np.newaxis]


@equation("norm_W = ‖dZ⁽ⁱ⁾‖·‖A_prev⁽ⁱ⁾‖,  norm_b = ‖dZ⁽ⁱ⁾‖", source=SOURCE)
def linear_gradient_norms(dZ: Array, A_prev: Array) -> tuple[Array, Array]:
    """Norms of each example's own gradient at one layer.

    Parameters
    ----------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.

    Returns
    -------
    norm_W : array of shape (1, m)
        Frobenius norm of the derivative of each example's loss by W.
    norm_b : array of shape (1, m)
        Norm of that by b.

    Raises
    ------
    ShapeError
        If there are not as many columns of both.

    Notes
    -----
        norm_W = ‖dZ⁽ⁱ⁾‖·‖A_prev⁽ⁱ⁾‖
        norm_b = ‖dZ⁽ⁱ⁾‖

    Source: Goodfellow, arXiv 1510.01799.

    Examples
    --------
    >>> linear_gradient_norms(np.array([[3.0], [4.0]]), np.array([[2.0]]))
    (array([[10.]]), array([[5.]]))
    """
    if dZ.shape[1] != A_prev.shape[1]:
        requirement = f"have a column for each of the {dZ.shape[1]} examples of dZ"
        raise ShapeError.must_be("A_prev", requirement, f"shape {A_prev.shape}")
    return PerExample(dZ, A_prev).norms(), PerExample(dZ).norms()


def gradient_norms(nodes: Sequence[Node], tape: Tape, d: dict[str, Array], m: int) -> Array:
    """Norm of each example's own gradient by all parameters, from one backward pass.

    Parameters
    ----------
    nodes : sequence of Node
        The graph of training, without dropout.
    tape : dict
        Quantities of a forward pass by name.
    d : dict
        ``{"Z…": dZL}``, the derivative of m·J by the logits.
    m : int
        Number of examples.

    Returns
    -------
    array of shape (1, m)
        ‖∂loss⁽ⁱ⁾/∂θ‖.

    Raises
    ------
    ConfigurationError
        With batch normalization: an example has no loss of its own there. With an operation that has
        parameters and no ``per_example``.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.array([[0.0, 1.0]]), {"W1": np.zeros((1, 1)), "b1": np.zeros((1, 1))})
    >>> gradient_norms(caches.graph.nodes, caches.tape, {"Z1": AL - 1}, 2).round(4)
    array([[0.5   , 0.7071]])
    """
    complete: dict[str, Any] = dict(d)  # derivatives to which no further node adds
    written = {name for node in nodes for name in node.writes}
    total = np.zeros((1, m), next(iter(d.values())).dtype)
    for node, derivatives in backward(nodes, tape, dict(d), input_gradient=False):
        op = node.op
        derivative = complete.pop(node.writes[0])
        complete |= {name: value for name, value in derivatives.items() if name in written}
        if op.per_example is None:
            parameters = [name for name in node.gives if name not in written and name != "A0"]
            if parameters:
                operation = f"The operation {op.forward_equation.name!r}"
                raise ConfigurationError(f"{operation} has no per_example for {', '.join(parameters)}")
            continue
        for symbol, gradients in op.per_example(derivative, *[tape[name] for name in node.needs]).items():
            if node.names[symbol] in written:  # weights that another operation made: its node continues
                complete[node.names[symbol]] = gradients
            else:
                total = np.hypot(total, gradients.norms())
    return total


def euclidean_norm(values: Array) -> float:
    """‖values‖, also where the squares of the numbers overflow or vanish."""
    unit = 2.0 ** (int(np.frexp(np.abs(values).max(initial=0))[1]) - 1)  # the division does not round
    return float(np.linalg.norm(values / unit)) * unit
