"""The lecture's activation functions, their plain kin and relu's variants, each with its backward next to it.

Every forward takes Z of shape (n, m) and gives A of the same shape; every backward takes dA and Z and gives
dZ of that shape, dA ∘ g′(Z) where the units do not depend on each other. The result is a new array of the
dtype of Z; nothing overflows for a finite Z unless the value itself is too large for the dtype, and small
values in the tails keep their digits.
"""

from collections.abc import Callable
from functools import lru_cache
from math import erfc, pi, sqrt
from typing import Any, NamedTuple

from deepstep.equations import arrays as np
from deepstep.equations.ops import Op
from deepstep.equations.registry import F, Registry, equation, equation_of
from deepstep.types import Array

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "elu",
    "elu_backward",
    "exponential",
    "exponential_backward",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "gelu_tanh_backward",
    "get_activation",
    "identity",
    "identity_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "mish",
    "mish_backward",
    "relu",
    "relu_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "tanh",
    "tanh_backward",
]


class Activation(NamedTuple):
    """A forward with its backward.

    Attributes
    ----------
    forward : callable
        Z of shape (n_l, m) → A of the same shape and dtype, a new array.
    backward : callable
        (dA, Z) → dZ, all of that shape.
    kinks : tuple of float, optional
        Values of Z at which there is no derivative; there the gradient check compares nothing.
    across_units : bool, optional
        Whether a unit's output depends on the other units of its layer, or its place among them.
    bends : tuple of float, optional
        Values of Z at which the second derivative jumps.

    Examples
    --------
    >>> ACTIVATIONS["relu"].kinks
    (0.0,)
    """

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]
    kinks: tuple[float, ...] = ()
    across_units: bool = False
    bends: tuple[float, ...] = ()


ACTIVATIONS: Registry[Activation] = Registry("activation", "activation")
"""All activations by name: those of DeepStep, then those that were registered."""


def activation(forward: Callable[[Array], Array], **fields: Any) -> Callable[[F], F]:
    """Register an activation with these fields under the name of its forward; decorates the backward."""

    def register(backward: F) -> F:
        ACTIVATIONS.add(forward.__name__, Activation(forward, backward, **fields))
        return backward

    return register


def get_activation(name: str) -> Activation:
    """Look an activation up by name.

    Parameters
    ----------
    name : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    Activation

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
    deepstep.errors.ConfigurationError: activation must be one of ... 'relu'...
    """
    return ACTIVATIONS.find(name)


def activation_op(name: str) -> Op:
    """The operation A = g(Z) of an activation."""
    return _op_of(get_activation(name), name)


@lru_cache
def _op_of(activation: Activation, name: str) -> Op:
    backward = f"{name}_backward"
    return Op(
        *activation[:2],
        reads=("Z",),
        writes=("A",),
        needs=("Z",),
        gives=("Z",),
        intermediate="g(Z{})",
        equations=(
            equation_of(activation.forward, name, f"A = {name}(Z)"),
            equation_of(activation.backward, backward, f"dZ = {backward}(dA, Z)"),
        ),
        kinks=activation.kinks,
        bends=activation.bends,
        in_loss=True,
    )


@equation("A = Z", source="lecture, course 2 (linear output)")
def identity(Z: Array) -> Array:
    """Pass the pre-activation through.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z

    Source: lecture, course 2 (linear output).

    Examples
    --------
    >>> identity(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    >>> identity_backward(np.array([[3.0]]), np.array([[-1.0]]))
    array([[3.]])
    """
    return np.array(Z)


@activation(identity)
@equation("dZ = dA")
def identity_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the identity.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA

    Source: lecture, course 2 (linear output).

    Examples
    --------
    >>> identity(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    >>> identity_backward(np.array([[3.0]]), np.array([[-1.0]]))
    array([[3.]])
    """
    return np.array(dA)


@equation("A = max(0, Z)", source="lecture 3.2")
def relu(Z: Array) -> Array:
    """Rectified linear unit.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = max(0, Z)

    Source: lecture 3.2.

    Examples
    --------
    >>> relu(np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 2.]])
    >>> relu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 5.]])
    """
    return np.maximum(Z, 0)


@activation(relu, kinks=(0.0,))
@equation("dZ = dA where Z > 0, else 0", source="lecture 5.2")
def relu_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the rectified linear unit, 0 at Z = 0.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA where Z > 0, else 0

    Source: lecture 5.2.

    Examples
    --------
    >>> relu(np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 2.]])
    >>> relu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 5.]])
    """
    dA = np.asarray(dA)
    return np.where(np.asarray(Z) > 0, dA, dA.dtype.type(0))


@equation("A = tanh(Z)", source="lecture, course 1 week 3")
def tanh(Z: Array) -> Array:
    """Hyperbolic tangent.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = tanh(Z)

    Source: lecture, course 1 week 3.

    Examples
    --------
    >>> tanh(np.array([[0.0, 1e4]]))
    array([[0., 1.]])
    >>> tanh_backward(np.array([[2.0]]), np.array([[0.0]]))
    array([[2.]])
    """
    return np.tanh(Z)


@activation(tanh)
@equation("dZ = dA ∘ (1 - tanh²(Z))")
def tanh_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the hyperbolic tangent, 1 / cosh²(Z) with t = e^(-|Z|), exact in both tails.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ (1 - tanh²(Z))

    Source: lecture, course 1 week 3.

    Examples
    --------
    >>> tanh(np.array([[0.0, 1e4]]))
    array([[0., 1.]])
    >>> tanh_backward(np.array([[2.0]]), np.array([[0.0]]))
    array([[2.]])
    """
    t = np.exp(-np.abs(Z))
    slope = 2 * t / (1 + t * t)
    return dA * slope * slope


@equation("A = 1 / (1 + e^-Z)", source="lecture 3.2")
def sigmoid(Z: Array) -> Array:
    """Logistic function; e to a negative power alone, so that nothing overflows.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = 1 / (1 + e^-Z)

    Source: lecture 3.2.

    Examples
    --------
    >>> sigmoid(np.array([[0.0, 1e4, -1e4]]))
    array([[0.5, 1. , 0. ]])
    >>> sigmoid_backward(np.array([[4.0]]), np.array([[0.0]]))
    array([[1.]])
    """
    t = np.exp(-np.abs(Z))
    return np.where(np.asarray(Z) >= 0, 1, t) / (1 + t)


@activation(sigmoid)
@equation("dZ = dA ∘ A ∘ (1 - A),  A = sigmoid(Z)", source="lecture 5.2")
def sigmoid_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the logistic function, t / (1 + t)² with t = e^(-|Z|), exact in both tails.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ A ∘ (1 - A)
        A = sigmoid(Z)

    Source: lecture 5.2.

    Examples
    --------
    >>> sigmoid(np.array([[0.0, 1e4, -1e4]]))
    array([[0.5, 1. , 0. ]])
    >>> sigmoid_backward(np.array([[4.0]]), np.array([[0.0]]))
    array([[1.]])
    """
    t = np.exp(-np.abs(Z))
    return dA * t / ((1 + t) * (1 + t))


@equation("A = e^Z", source="McCullagh & Nelder 1989, chapter 6 (log link)")
def exponential(Z: Array) -> Array:
    """A mean that is positive, as of counts; inf where e^Z is too large for the dtype.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = e^Z

    Source: McCullagh & Nelder 1989, chapter 6 (log link).

    Examples
    --------
    >>> exponential(np.array([[0.0, 1e4, -1e4]]))
    array([[ 1., inf,  0.]])
    >>> exponential_backward(np.array([[3.0, 0.0]]), np.array([[0.0, 1e4]]))
    array([[3., 0.]])
    """
    with np.errstate(over="ignore"):
        return np.exp(Z)


@activation(exponential)
@equation("dZ = dA ∘ e^Z")
def exponential_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the exponential; 0 where dA is 0, however large Z.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ e^Z

    Source: McCullagh & Nelder 1989, chapter 6 (log link).

    Examples
    --------
    >>> exponential(np.array([[0.0, 1e4, -1e4]]))
    array([[ 1., inf,  0.]])
    >>> exponential_backward(np.array([[3.0, 0.0]]), np.array([[0.0, 1e4]]))
    array([[3., 0.]])
    """
    dA = np.asarray(dA)
    with np.errstate(over="ignore"):
        return dA * np.exp(np.where(dA == 0, 0, Z))


@equation("Aⱼ = e^Zⱼ / Σₖ e^Zₖ", source="lecture, course 2 week 3")
def softmax(Z: Array) -> Array:
    """Probabilities that sum to 1 in every column; the largest logit is taken off first.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        Aⱼ = e^Zⱼ / Σₖ e^Zₖ

    Source: lecture, course 2 week 3.

    Examples
    --------
    >>> softmax(np.array([[1e4], [1e4]]))
    array([[0.5],
           [0.5]])
    >>> softmax_backward(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]))
    array([[ 0.25],
           [-0.25]])
    """
    with np.errstate(over="ignore"):  # a logit that is further below than the dtype reaches has e^-inf = 0
        E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


@activation(softmax, across_units=True)
@equation("dZ = A ∘ (dA - Σⱼ dAⱼ Aⱼ),  A = softmax(Z)")
def softmax_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the softmax: the outputs of a column depend on all its logits.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = A ∘ (dA - Σⱼ dAⱼ Aⱼ)
        A = softmax(Z)

    Source: lecture, course 2 week 3.

    Examples
    --------
    >>> softmax(np.array([[1e4], [1e4]]))
    array([[0.5],
           [0.5]])
    >>> softmax_backward(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]))
    array([[ 0.25],
           [-0.25]])
    """
    A = softmax(Z)
    return A * (dA - np.sum(dA * A, axis=0, keepdims=True))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""λ and α with which mean 0 and variance 1 are a fixed point, as in the paper."""

SETTLED = 40
"""From here on both kinds of gelu are 0 or Z to the last bit of float64: Φ(-40) and σ(-40³) are 0."""


@equation("A = Z where Z > 0, else slope·Z", source="leaky_relu: Maas et al. 2013, slope 0.01")
def leaky_relu(Z: Array, *, slope: float = 0.01) -> Array:
    """Relu that lets a little through below 0, so that no unit dies.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    slope : float, optional
        Slope below 0.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z where Z > 0, else slope·Z

    Source: leaky_relu: Maas et al. 2013, slope 0.01.

    Examples
    --------
    >>> leaky_relu(np.array([[-1.0, 0.0, 2.0]]))
    array([[-0.01,  0.  ,  2.  ]])
    >>> leaky_relu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1.0, 0.0, 2.0]]))
    array([[0.05, 0.05, 5.  ]])
    """
    Z = np.asarray(Z)
    return np.where(Z > 0, Z, slope * Z)


@activation(leaky_relu, kinks=(0.0,))
@equation("dZ = dA where Z > 0, else slope·dA")
def leaky_relu_backward(dA: Array, Z: Array, *, slope: float = 0.01) -> Array:
    """Derivative of the leaky relu, ``slope`` at Z = 0.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    slope : float, optional
        Slope below 0.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA where Z > 0, else slope·dA

    Source: leaky_relu: Maas et al. 2013, slope 0.01.

    Examples
    --------
    >>> leaky_relu(np.array([[-1.0, 0.0, 2.0]]))
    array([[-0.01,  0.  ,  2.  ]])
    >>> leaky_relu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1.0, 0.0, 2.0]]))
    array([[0.05, 0.05, 5.  ]])
    """
    dA = np.asarray(dA)
    return np.where(np.asarray(Z) > 0, dA, slope * dA)


@equation("A = Z where Z > 0, else α·(e^Z - 1)", source="arXiv 1511.07289 (ELU), α = 1")
def elu(Z: Array, *, alpha: float = 1.0) -> Array:
    """Exponential linear unit: with α = 1 its slope is 1 on both sides of 0.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    alpha : float, optional
        α, above 0: far below 0 the activation is -α.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z where Z > 0, else α·(e^Z - 1)

    Source: arXiv 1511.07289 (ELU), α = 1.

    Examples
    --------
    >>> elu(np.array([[-1e4, 0.0, 2.0]]))
    array([[-1.,  0.,  2.]])
    >>> elu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1e4, 0.0, 2.0]]))
    array([[0., 5., 5.]])
    """
    Z = np.asarray(Z)
    # np.where computes both sides: e^Z of a large Z would overflow in the one that is not taken
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))


@activation(elu, bends=(0.0,))
@equation("dZ = dA where Z > 0, else dA ∘ α·e^Z")
def elu_backward(dA: Array, Z: Array, *, alpha: float = 1.0) -> Array:
    """Derivative of the exponential linear unit, α at Z = 0.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    alpha : float, optional
        α, above 0: far below 0 the activation is -α.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA where Z > 0, else dA ∘ α·e^Z

    Source: arXiv 1511.07289 (ELU), α = 1.

    Examples
    --------
    >>> elu(np.array([[-1e4, 0.0, 2.0]]))
    array([[-1.,  0.,  2.]])
    >>> elu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1e4, 0.0, 2.0]]))
    array([[0., 5., 5.]])
    """
    return dA * np.where(np.asarray(Z) > 0, 1, alpha * np.exp(np.minimum(Z, 0)))


@equation("A = λ·elu(Z, α),  λ = 1.0507…,  α = 1.6732…", source="arXiv 1706.02515 (SELU)")
def selu(Z: Array) -> Array:
    """Self-normalizing unit: activations drift to mean 0 and variance 1 from layer to layer.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = λ·elu(Z, α)
        λ = 1.0507…
        α = 1.6732…

    Source: arXiv 1706.02515 (SELU).

    Examples
    --------
    >>> selu(np.array([[-1e4, 0.0, 1.0]]))
    array([[-1.75809934,  0.        ,  1.05070099]])
    >>> selu_backward(np.array([[1.0, 1.0, 1.0]]), np.array([[-1e4, 0.0, 1.0]]))
    array([[0.        , 1.75809934, 1.05070099]])
    """
    return SELU_SCALE * elu(Z, alpha=SELU_ALPHA)


@activation(selu, kinks=(0.0,))
@equation("dZ = λ·dA where Z > 0, else dA ∘ λα·e^Z")
def selu_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the self-normalizing unit; at Z = 0, where it jumps, that from below, λα.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = λ·dA where Z > 0, else dA ∘ λα·e^Z

    Source: arXiv 1706.02515 (SELU).

    Examples
    --------
    >>> selu(np.array([[-1e4, 0.0, 1.0]]))
    array([[-1.75809934,  0.        ,  1.05070099]])
    >>> selu_backward(np.array([[1.0, 1.0, 1.0]]), np.array([[-1e4, 0.0, 1.0]]))
    array([[0.        , 1.75809934, 1.05070099]])
    """
    return SELU_SCALE * elu_backward(dA, Z, alpha=SELU_ALPHA)


@equation("A = log(1 + e^Z)", source="Dugas et al. 2000 (softplus)")
def softplus(Z: Array) -> Array:
    """Smooth relu; e to a negative power alone, so that nothing overflows.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = log(1 + e^Z)

    Source: Dugas et al. 2000 (softplus).

    Examples
    --------
    >>> softplus(np.array([[-1e4, 0.0, 1e4]]))
    array([[0.00000000e+00, 6.93147181e-01, 1.00000000e+04]])
    >>> softplus_backward(np.array([[4.0]]), np.array([[0.0]]))
    array([[2.]])
    """
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))


@activation(softplus)
@equation("dZ = dA ∘ σ(Z)")
def softplus_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the smooth relu.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ σ(Z)

    Source: Dugas et al. 2000 (softplus).

    Examples
    --------
    >>> softplus(np.array([[-1e4, 0.0, 1e4]]))
    array([[0.00000000e+00, 6.93147181e-01, 1.00000000e+04]])
    >>> softplus_backward(np.array([[4.0]]), np.array([[0.0]]))
    array([[2.]])
    """
    return dA * sigmoid(Z)


@equation("A = Z ∘ Φ(Z),  Φ = ½(1 + erf(Z/√2))", source="arXiv 1606.08415 (GELU)")
def gelu(Z: Array) -> Array:
    """Z times the normal probability of a smaller number.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z ∘ Φ(Z)
        Φ = ½(1 + erf(Z/√2))

    Source: arXiv 1606.08415 (GELU).

    Examples
    --------
    >>> gelu(np.array([[-1e4, 0.0, 1.0, 1e4]]))
    array([[-0.00000000e+00,  0.00000000e+00,  8.41344746e-01,  1.00000000e+04]])
    >>> gelu_backward(np.array([[2.0, 2.0]]), np.array([[0.0, 1e4]]))
    array([[1., 2.]])
    """
    return Z * _normal_probability(Z)


@activation(gelu)
@equation("dZ = dA ∘ (Φ(Z) + Z ∘ φ(Z)),  φ = e^(-Z²/2) / √2π")
def gelu_backward(dA: Array, Z: Array) -> Array:
    """Derivative of gelu.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ (Φ(Z) + Z ∘ φ(Z))
        φ = e^(-Z²/2) / √2π

    Source: arXiv 1606.08415 (GELU).

    Examples
    --------
    >>> gelu(np.array([[-1e4, 0.0, 1.0, 1e4]]))
    array([[-0.00000000e+00,  0.00000000e+00,  8.41344746e-01,  1.00000000e+04]])
    >>> gelu_backward(np.array([[2.0, 2.0]]), np.array([[0.0, 1e4]]))
    array([[1., 2.]])
    """
    near = np.clip(Z, -SETTLED, SETTLED)
    density = np.exp(-near * near / 2) / sqrt(2 * pi)
    return dA * (_normal_probability(Z) + near * density)


@equation("A = Z ∘ σ(2u),  u = √(2/π)·(Z + 0.044715·Z³)", source="arXiv 1606.08415 (GELU), section 2")
def gelu_tanh(Z: Array) -> Array:
    """The published approximation of gelu, ½·Z·(1 + tanh u) = Z·σ(2u): the latter is exact far below 0.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z ∘ σ(2u)
        u = √(2/π)·(Z + 0.044715·Z³)

    Source: arXiv 1606.08415 (GELU), section 2.

    Examples
    --------
    >>> gelu_tanh(np.array([[-1e4, 0.0, 1.0, 1e4]]))
    array([[-0.00000000e+00,  0.00000000e+00,  8.41191991e-01,  1.00000000e+04]])
    >>> gelu_tanh_backward(np.array([[2.0, 2.0]]), np.array([[0.0, 1e4]]))
    array([[1., 2.]])
    """
    return Z * sigmoid(_cubic(np.clip(Z, -SETTLED, SETTLED)))


@activation(gelu_tanh)
@equation("dZ = dA ∘ (σ(2u) + Z ∘ 2u′ ∘ σ′(2u)),  u′ = √(2/π)·(1 + 3·0.044715·Z²)")
def gelu_tanh_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the approximation of gelu.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ (σ(2u) + Z ∘ 2u′ ∘ σ′(2u))
        u′ = √(2/π)·(1 + 3·0.044715·Z²)

    Source: arXiv 1606.08415 (GELU), section 2.

    Examples
    --------
    >>> gelu_tanh(np.array([[-1e4, 0.0, 1.0, 1e4]]))
    array([[-0.00000000e+00,  0.00000000e+00,  8.41191991e-01,  1.00000000e+04]])
    >>> gelu_tanh_backward(np.array([[2.0, 2.0]]), np.array([[0.0, 1e4]]))
    array([[1., 2.]])
    """
    near = np.clip(Z, -SETTLED, SETTLED)
    cubic, steepness = _cubic(near), 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * near * near)
    return dA * (sigmoid(cubic) + sigmoid_backward(near * steepness, cubic))


@equation("A = Z ∘ σ(Z)", source="arXiv 1702.03118 (SiLU)")
def silu(Z: Array) -> Array:
    """Sigmoid-weighted linear unit, also called swish.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z ∘ σ(Z)

    Source: arXiv 1702.03118 (SiLU).

    Examples
    --------
    >>> silu(np.array([[-1e4, 0.0, 1e4]]))
    array([[   -0.,     0., 10000.]])
    >>> silu_backward(np.array([[2.0, 2.0]]), np.array([[0.0, 1e4]]))
    array([[1., 2.]])
    """
    return Z * sigmoid(Z)


@activation(silu)
@equation("dZ = dA ∘ σ(Z) ∘ (1 + Z ∘ σ(-Z))")
def silu_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the sigmoid-weighted linear unit.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ σ(Z) ∘ (1 + Z ∘ σ(-Z))

    Source: arXiv 1702.03118 (SiLU).

    Examples
    --------
    >>> silu(np.array([[-1e4, 0.0, 1e4]]))
    array([[   -0.,     0., 10000.]])
    >>> silu_backward(np.array([[2.0, 2.0]]), np.array([[0.0, 1e4]]))
    array([[1., 2.]])
    """
    Z = np.asarray(Z)
    return dA * sigmoid(Z) * (1 + Z * sigmoid(-Z))


@equation("A = Z ∘ tanh(softplus(Z))", source="arXiv 1908.08681 (Mish)")
def mish(Z: Array) -> Array:
    """Smooth and not monotone, like silu.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        A = Z ∘ tanh(softplus(Z))

    Source: arXiv 1908.08681 (Mish).

    Examples
    --------
    >>> mish(np.array([[-1e4, 0.0, 1e4]]))
    array([[   -0.,     0., 10000.]])
    >>> mish_backward(np.array([[5.0, 5.0]]), np.array([[0.0, 1e4]]))
    array([[3., 5.]])
    """
    return Z * np.tanh(softplus(Z))


@activation(mish)
@equation("dZ = dA ∘ (T + Z ∘ (1 - T²) ∘ σ(Z)),  T = tanh(softplus(Z))")
def mish_backward(dA: Array, Z: Array) -> Array:
    """Derivative of mish.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZ = dA ∘ (T + Z ∘ (1 - T²) ∘ σ(Z))
        T = tanh(softplus(Z))

    Source: arXiv 1908.08681 (Mish).

    Examples
    --------
    >>> mish(np.array([[-1e4, 0.0, 1e4]]))
    array([[   -0.,     0., 10000.]])
    >>> mish_backward(np.array([[5.0, 5.0]]), np.array([[0.0, 1e4]]))
    array([[3., 5.]])
    """
    T = np.tanh(softplus(Z))
    return dA * (T + Z * (1 - T * T) * sigmoid(Z))


def _normal_probability(Z: Array) -> Array:
    """Φ(Z), exact in both tails."""
    try:
        from scipy.special import ndtr  # SciPy is loaded by those who use it
    except ModuleNotFoundError:  # slower, and the last digits differ
        return np.vectorize(lambda z: erfc(-z / sqrt(2)) / 2, otypes=[np.result_type(Z, np.float32)])(Z)
    probability: Array = ndtr(Z)
    return probability


def _cubic(near: Array) -> Array:
    """2u of the approximation of gelu."""
    return 2 * sqrt(2 / pi) * (near + 0.044715 * near * near * near)
