"""All activations by name."""

from collections.abc import Callable
from typing import NamedTuple

from deepstep.equations.activations import (
    exponential,
    exponential_backward,
    identity,
    identity_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from deepstep.equations.ordered_activations import (
    increasing,
    increasing_backward,
    ordinal,
    ordinal_backward,
)
from deepstep.equations.relu_variants import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    gelu_tanh,
    gelu_tanh_backward,
    leaky_relu,
    leaky_relu_backward,
    mish,
    mish_backward,
    selu,
    selu_backward,
    silu,
    silu_backward,
    softplus,
    softplus_backward,
)
from deepstep.errors import unknown_name
from deepstep.types import Array


class Activation(NamedTuple):
    """A forward with its backward.

    Attributes
    ----------
    forward : callable
        Z of shape (n, m) → A of the same shape and dtype, a new array.
    backward : callable
        (dA, Z) → dZ, all of that shape.
    kinks : tuple of float
        Values of Z at which there is no derivative; there the gradient check compares nothing.
    across_units : bool
        Whether a unit's output depends on the other units of its layer, or on its place among them.

    Examples
    --------
    >>> ACTIVATIONS["relu"].kinks
    (0.0,)
    """

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]
    kinks: tuple[float, ...] = ()
    across_units: bool = False


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, identity_backward),
    "relu": Activation(relu, relu_backward, kinks=(0.0,)),
    "leaky_relu": Activation(leaky_relu, leaky_relu_backward, kinks=(0.0,)),
    "elu": Activation(elu, elu_backward),
    "selu": Activation(selu, selu_backward, kinks=(0.0,)),
    "gelu": Activation(gelu, gelu_backward),
    "gelu_tanh": Activation(gelu_tanh, gelu_tanh_backward),
    "silu": Activation(silu, silu_backward),
    "mish": Activation(mish, mish_backward),
    "softplus": Activation(softplus, softplus_backward),
    "tanh": Activation(tanh, tanh_backward),
    "sigmoid": Activation(sigmoid, sigmoid_backward),
    "exponential": Activation(exponential, exponential_backward),
    "softmax": Activation(softmax, softmax_backward, across_units=True),
    "increasing": Activation(increasing, increasing_backward, across_units=True),
    "ordinal": Activation(ordinal, ordinal_backward, across_units=True),
}
"""All activations by name: those of DeepStep, then those that were registered."""


def get_activation(name: str, where: str = "activation") -> Activation:
    """Look an activation up by name.

    Parameters
    ----------
    name : str
        A name in ``ACTIVATIONS``.
    where : str
        Name for error messages.

    Returns
    -------
    Activation
        Its forward and backward.

    Raises
    ------
    ConfigurationError
        If there is none of that name; the message has the nearest one.

    Examples
    --------
    >>> get_activation("softmax").across_units
    True
    >>> get_activation("rleu")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: activation: ... 'relu'...
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise unknown_name(where, "activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
