"""The update of the parameters, as the lecture writes it: from a dictionary of gradients."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepstep.equations.registry import equation
from deepstep.equations.updates import finite_rate, gradient_descent_update
from deepstep.errors import DataError, ShapeError
from deepstep.network.parameters import Parameters, as_parameters
from deepstep.types import Array


@equation("W[l] := W[l] - α·dW[l],  b[l] := b[l] - α·db[l]", source="lecture 6")
def update_parameters(
    parameters: Mapping[str, Array], gradients: Mapping[str, Array], learning_rate: float
) -> Parameters:
    """One step of gradient descent; nothing given is changed.

    Parameters
    ----------
    parameters : mapping
        W1, b1, …
    gradients : mapping
        dW1, db1, … of the same shapes; other keys (dA0, …) are left alone.
    learning_rate : float
        α.

    Returns
    -------
    Parameters
        New parameters, of the dtype of those given.

    Raises
    ------
    ShapeError
        If a gradient is missing or has another shape than its parameter: a squeezed db would broadcast.
    ConfigurationError
        If the learning rate is not a finite number.

    Examples
    --------
    >>> before = {"W1": [[1.0]], "b1": [[0.0]]}
    >>> update_parameters(before, {"dW1": np.array([[2.0]]), "db1": np.array([[1.0]])}, 0.1)["W1"]
    array([[0.8]])
    """
    # an update goes entry by entry, and the lecture's own exercise has shapes that make no network
    theta = as_parameters(parameters, "update_parameters", chained=False)
    gradient = flatten_gradients(gradients, theta, "update_parameters")
    rate = finite_rate(learning_rate, "update_parameters")
    (flat,) = gradient_descent_update(theta.flat, gradient, learning_rate=rate)
    return theta.like(flat.astype(theta.dtype, copy=False))


def flatten_gradients(gradients: Mapping[str, Any], parameters: Parameters, where: str) -> Array:
    """dW1, db1, … as one vector in the order of the parameters.

    Parameters
    ----------
    gradients : mapping
        dW1, db1, … by name; others are left alone.
    parameters : Parameters
        Whose order and shapes count.
    where : str
        Name for error messages.

    Returns
    -------
    gradient : array of shape (n_parameters,)
        ∂J/∂θ.

    Raises
    ------
    DataError
        If the gradients are no mapping of arrays of real numbers.
    ShapeError
        If one is missing or has another shape than its parameter.

    Examples
    --------
    >>> theta = Parameters(np.zeros(3), [2, 1])
    >>> flatten_gradients({"db1": [[3.0]], "dW1": [[1.0, 2.0]]}, theta, "here")
    array([1., 2., 3.])
    """
    if not isinstance(gradients, Mapping):
        raise DataError(where, "gradients are a mapping with dW1, db1, …", f"got {type(gradients).__name__}")
    found = []
    for name, value in parameters.items():
        gradient = gradients.get(f"d{name}")
        if gradient is None or np.shape(gradient) != value.shape:
            raise ShapeError(
                where,
                f"d{name} has the shape of {name}, {value.shape}",
                "it is missing" if gradient is None else f"got {np.shape(gradient)}",
                "Sum over the examples with keepdims=True." if name.startswith("b") else "",
            )
        array = np.asarray(gradient)
        if array.dtype.kind not in "fiub":
            raise DataError(where, f"d{name} holds real numbers", f"got dtype {array.dtype}")
        found.append(array.ravel())
    return np.concatenate(found)
