"""Inverted dropout: units left out at random in training, the others raised, so that nothing is to be done in
prediction. Nothing is drawn here: the uniform numbers are an argument.
"""

from typing import Any

from deepstep.equations import arrays as np
from deepstep.equations.graph import Operations, feature
from deepstep.equations.linear import check_shape
from deepstep.equations.ops import Layer, Op
from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError
from deepstep.types import Array


@equation("mask = D / keep_prob,  D = uniform < keep_prob", source="lecture, course 2 week 1")
def dropout_mask(uniform: Array, keep_prob: float, *, dtype: Any = None) -> Array:
    """Which units stay, from uniform random numbers: 1/keep_prob where one stays, else 0.

    Parameters
    ----------
    uniform : array of shape (n_l, m)
        Numbers from 0 to below 1.
    keep_prob : float
        Probability to stay, above 0 and at most 1.
    dtype : object, optional
        Precision of the mask, by default that of the numbers; which units stay does not depend on it.

    Returns
    -------
    mask : array of shape (n_l, m)
        Dropout mask D / keep_prob, see `dropout_mask`.

    Raises
    ------
    ConfigurationError
        If keep_prob is no probability, or 0: nothing would be left to raise.

    Notes
    -----
        mask = D / keep_prob
        D = uniform < keep_prob

    Source: lecture, course 2 week 1.

    Examples
    --------
    >>> dropout_mask(np.array([[0.1, 0.7, 0.9]]), 0.8)
    array([[1.25, 1.25, 0.  ]])
    """
    if not 0 < keep_prob <= 1:
        raise ConfigurationError.must_be("keep_prob", "above 0 and at most 1", repr(keep_prob))
    keep = float(keep_prob)
    return np.asarray(uniform < keep, uniform.dtype if dtype is None else dtype) / keep


@equation("A = G ∘ mask,  mask = D / keep_prob", source="lecture, course 2 week 1; Srivastava et al. 2014")
def dropout_forward(G: Array, mask: Array) -> Array:
    """Activations that are handed on.

    Parameters
    ----------
    G : array of shape (n_l, m)
        The activation g(Z), where another operation makes A of it.
    mask : array of shape (n_l, m)
        Dropout mask D / keep_prob, see `dropout_mask`.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Raises
    ------
    ShapeError
        If the mask does not have the shape of G: another one would broadcast silently.

    Notes
    -----
        A = G ∘ mask
        mask = D / keep_prob

    Source: lecture, course 2 week 1; Srivastava et al. 2014.

    Examples
    --------
    >>> dropout_forward(np.array([[1.0, 2.0, 3.0]]), np.array([[1.25, 1.25, 0.0]]))
    array([[1.25, 2.5 , 0.  ]])
    """
    check_shape("mask", mask, np.shape(G), of="G")
    return G * np.asarray(mask, G.dtype)


@equation("dG = dA ∘ mask,  mask = D / keep_prob")
def dropout_backward(dA: Array, mask: Array) -> Array:
    """From the derivative by the activations handed on to that by the activations before.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    mask : array of shape (n_l, m)
        Dropout mask D / keep_prob, see `dropout_mask`.

    Returns
    -------
    dG : array of shape (n_l, m)
        Derivative of m·J by G.

    Raises
    ------
    ShapeError
        If the mask does not have the shape of dA.

    Notes
    -----
        dG = dA ∘ mask
        mask = D / keep_prob

    Source: lecture, course 2 week 1; Srivastava et al. 2014.

    Examples
    --------
    >>> dropout_backward(np.array([[1.0, 2.0, 3.0]]), np.array([[1.25, 1.25, 0.0]]))
    array([[1.25, 2.5 , 0.  ]])
    """
    check_shape("mask", mask, np.shape(dA), of="dA")
    return dA * np.asarray(mask, dA.dtype)


DROPOUT = Op(
    dropout_forward,
    dropout_backward,
    reads=("G", "mask"),
    writes=("A",),
    needs=("mask",),
    gives=("G",),
    faults={"the dropout mask is missing in the backward pass": lambda dA, mask: dA},
)


@feature("dropout")
def _dropped(ops: Operations, layer: Layer) -> Operations:
    return (*ops, DROPOUT)
