"""A normalized layer: U = W·A_prev, U_hat = U with mean 0 and variance 1, Z = gamma ∘ U_hat + b.

Mean and variance are those over the batch or over the units. dU and dU_hat are derivatives of m·J, as dZ. b
is the shift that the lecture calls β: a bias inside U would be subtracted with the mean.
"""

from math import sqrt
from typing import Any, NamedTuple

from deepstep.equations import arrays as np
from deepstep.equations.backward import LINEAR, WEIGHTS, one_per_unit
from deepstep.equations.example_gradients import PerExample
from deepstep.equations.graph import Operations, feature, replaced
from deepstep.equations.linear import product_gradient, sum_gradient
from deepstep.equations.ops import Layer, Learned, Op, Running
from deepstep.equations.registry import Registry, equation
from deepstep.errors import ConfigurationError, DataError
from deepstep.types import Array

__all__ = [
    "NORMALIZATIONS",
    "Normalized",
    "normalize_batch",
    "normalize_batch_backward",
    "normalize_fixed",
    "normalize_fixed_backward",
    "normalize_layer",
    "normalize_layer_backward",
    "product_backward",
    "product_forward",
    "running_statistics",
    "scale_shift_backward",
    "scale_shift_forward",
]


class Normalized(NamedTuple):
    """Normalized inputs with the statistics used.

    Attributes
    ----------
    U_hat : array of shape (n_l, m)
        U with mean 0 and variance 1.
    mean, variance, deviation : array of shape (n_l, 1)
        Statistics of shape (n_l, 1) over the batch, (1, m) over the units; deviation is √(variance + ε).

    Examples
    --------
    >>> normalize_batch(np.array([[1.0, 3.0]])).mean
    array([[2.]])
    """

    U_hat: Array
    mean: Array
    variance: Array
    deviation: Array


@equation(
    "mean = Σᵢ U⁽ⁱ⁾ / m,  variance = Σᵢ (U⁽ⁱ⁾ - mean)² / m,  "
    "deviation = √(variance + ε),  U_hat = (U - mean) / deviation",
    source="lecture, course 2 week 3; Ioffe & Szegedy, arXiv 1502.03167, algorithm 1",
)
def normalize_batch(U: Array, *, epsilon: float = 1e-5) -> Normalized:
    """Each unit to mean 0 and variance 1 over the examples of the batch; one example alone gives 0.

    Parameters
    ----------
    U : array of shape (n_l, m)
        W·A_prev, a column is an example.
    epsilon : float, optional
        ε, above 0.

    Returns
    -------
    Normalized
        U_hat of shape (n_l, m); mean, variance (divided by m) and deviation √(variance + ε), of shape (n_l,
        1). U may be as large as floats are: only a variance that no float can hold is inf.

    Raises
    ------
    DataError
        If there is no example.

    Notes
    -----
        mean = Σᵢ U⁽ⁱ⁾ / m
        variance = Σᵢ (U⁽ⁱ⁾ - mean)² / m
        deviation = √(variance + ε)
        U_hat = (U - mean) / deviation

    Source: lecture, course 2 week 3; Ioffe & Szegedy, arXiv 1502.03167, algorithm 1.

    Examples
    --------
    >>> normalize_batch(np.array([[1.0, 3.0]]), epsilon=1e-12).U_hat
    array([[-1.,  1.]])
    >>> U_hat, _, _, deviation = normalize_batch(np.array([[0.0, 1.0, 2.0]]))
    >>> normalize_batch_backward(np.array([[1.0, 1.0, 1.0]]), U_hat, deviation)
    array([[0., 0., 0.]])
    """
    if U.shape[1] == 0:
        raise DataError.must_be("U", "have at least one example", f"shape {U.shape}")
    return _normalize(U, axis=1, epsilon=epsilon)


@equation(
    "dU = (dU_hat - Σᵢ dU_hat⁽ⁱ⁾ / m - U_hat ∘ Σᵢ (dU_hat ∘ U_hat)⁽ⁱ⁾ / m) / deviation",
    source="Ioffe & Szegedy, arXiv 1502.03167, section 3, gathered",
)
def normalize_batch_backward(dU_hat: Array, U_hat: Array, deviation: Array) -> Array:
    """Through the batch's own mean and variance: every example moves both, and so every other example.

    Parameters
    ----------
    dU_hat : array of shape (n_l, m)
        Derivative of m·J by U_hat.
    U_hat : array of shape (n_l, m)
        U with mean 0 and variance 1.
    deviation : array of shape (n_l, 1)
        √(variance + ε).

    Returns
    -------
    dU : array of shape (n_l, m)
        Derivative of m·J by U.

    Notes
    -----
        dU = (dU_hat - Σᵢ dU_hat⁽ⁱ⁾ / m - U_hat ∘ Σᵢ (dU_hat ∘ U_hat)⁽ⁱ⁾ / m) / deviation

    Source: Ioffe & Szegedy, arXiv 1502.03167, section 3, gathered.

    Examples
    --------
    >>> normalize_batch(np.array([[1.0, 3.0]]), epsilon=1e-12).U_hat
    array([[-1.,  1.]])
    >>> U_hat, _, _, deviation = normalize_batch(np.array([[0.0, 1.0, 2.0]]))
    >>> normalize_batch_backward(np.array([[1.0, 1.0, 1.0]]), U_hat, deviation)
    array([[0., 0., 0.]])
    """
    return _normalize_backward(dU_hat, U_hat, deviation, axis=1)


@equation(
    "mean = Σⱼ Uⱼ / n,  variance = Σⱼ (Uⱼ - mean)² / n,  "
    "deviation = √(variance + ε),  U_hat = (U - mean) / deviation",
    source="Ba et al., arXiv 1607.06450, equation 3",
)
def normalize_layer(U: Array, *, epsilon: float = 1e-5) -> Normalized:
    """Each example to mean 0 and variance 1 over the n units of the layer; one unit alone gives 0.

    Parameters
    ----------
    U : array of shape (n_l, m)
        W·A_prev, a column is an example.
    epsilon : float, optional
        ε, above 0.

    Returns
    -------
    Normalized
        As of `normalize_batch`, with mean, variance and deviation of shape (1, m).

    Notes
    -----
        mean = Σⱼ Uⱼ / n
        variance = Σⱼ (Uⱼ - mean)² / n
        deviation = √(variance + ε)
        U_hat = (U - mean) / deviation

    Source: Ba et al., arXiv 1607.06450, equation 3.

    Examples
    --------
    >>> normalize_layer(np.array([[1.0], [3.0]]), epsilon=1e-12).U_hat
    array([[-1.],
           [ 1.]])
    """
    return _normalize(U, axis=0, epsilon=epsilon)


@equation(
    "dU = (dU_hat - Σⱼ dU_hatⱼ / n - U_hat ∘ Σⱼ dU_hatⱼ U_hatⱼ / n) / deviation",
    source="Ba et al., arXiv 1607.06450, equation 3, differentiated",
)
def normalize_layer_backward(dU_hat: Array, U_hat: Array, deviation: Array) -> Array:
    """Through the mean and variance of each example: every unit moves both; examples do not interact.

    Parameters
    ----------
    dU_hat : array of shape (n_l, m)
        Derivative of m·J by U_hat.
    U_hat : array of shape (n_l, m)
        U with mean 0 and variance 1.
    deviation : array of shape (1, m)
        √(variance + ε).

    Returns
    -------
    dU : array of shape (n_l, m)
        Derivative of m·J by U.

    Notes
    -----
        dU = (dU_hat - Σⱼ dU_hatⱼ / n - U_hat ∘ Σⱼ dU_hatⱼ U_hatⱼ / n) / deviation

    Source: Ba et al., arXiv 1607.06450, equation 3, differentiated.

    Examples
    --------
    >>> U_hat, _, _, deviation = normalize_layer(np.array([[0.0], [1.0], [2.0]]))
    >>> normalize_layer_backward(np.array([[1.0], [1.0], [1.0]]), U_hat, deviation)
    array([[0.],
           [0.],
           [0.]])
    """
    return _normalize_backward(dU_hat, U_hat, deviation, axis=0)


@equation(
    "deviation = √(variance + ε),  U_hat = (U - mean) / deviation,  mean and variance given",
    source="Ioffe & Szegedy, arXiv 1502.03167, algorithm 2",
)
def normalize_fixed(U: Array, mean: Array, variance: Array, *, epsilon: float = 1e-5) -> Normalized:
    """Each unit by statistics that are given, as in prediction: an affine map of each example by itself.

    Parameters
    ----------
    U : array of shape (n_l, m)
        W·A_prev, a column is an example.
    mean, variance : array of shape (n_l, 1)
        Mean and variance of each unit.
    epsilon : float, optional
        ε, above 0.

    Returns
    -------
    Normalized
        As of `normalize_batch`, with the mean and the variance that were given.

    Notes
    -----
        deviation = √(variance + ε)
        U_hat = (U - mean) / deviation
        mean and variance given

    Source: Ioffe & Szegedy, arXiv 1502.03167, algorithm 2.

    Examples
    --------
    >>> normalize_fixed(np.array([[1.0, 5.0]]), np.array([[3.0]]), np.array([[4.0]]), epsilon=1e-12).U_hat
    array([[-1.,  1.]])
    >>> normalize_fixed_backward(np.array([[1.0, 5.0]]), np.array([[2.0]]))
    array([[0.5, 2.5]])
    """
    mean, variance = np.asarray(mean, U.dtype), np.asarray(variance, U.dtype)
    deviation = np.sqrt(variance + epsilon)
    return Normalized((U - mean) / deviation, mean, variance, deviation)


@equation("dU = dU_hat / deviation")
def normalize_fixed_backward(dU_hat: Array, deviation: Array) -> Array:
    """Through statistics that are given: they do not move.

    Parameters
    ----------
    dU_hat : array of shape (n_l, m)
        Derivative of m·J by U_hat.
    deviation : array of shape (n_l, 1)
        √(variance + ε).

    Returns
    -------
    dU : array of shape (n_l, m)
        Derivative of m·J by U.

    Notes
    -----
        dU = dU_hat / deviation

    Source: Ioffe & Szegedy, arXiv 1502.03167, algorithm 2.

    Examples
    --------
    >>> normalize_fixed(np.array([[1.0, 5.0]]), np.array([[3.0]]), np.array([[4.0]]), epsilon=1e-12).U_hat
    array([[-1.,  1.]])
    >>> normalize_fixed_backward(np.array([[1.0, 5.0]]), np.array([[2.0]]))
    array([[0.5, 2.5]])
    """
    return dU_hat / deviation


@equation(
    "mean := (1 - ρ)·mean + ρ·mean_batch,  variance := (1 - ρ)·variance + ρ·m / (m - 1)·variance_batch",
    source="Ioffe & Szegedy, arXiv 1502.03167, algorithm 2; torch.nn.BatchNorm1d",
)
def running_statistics(
    mean: Array, variance: Array, batch_mean: Array, batch_variance: Array, m: int, *, momentum: float = 0.1
) -> tuple[Array, Array]:
    """Moving averages of a batch's mean and (unbiased) variance, for `normalize_fixed` in prediction.

    Parameters
    ----------
    mean, variance : array of shape (n_l, 1)
        Mean and variance of each unit.
    batch_mean, batch_variance : array of shape (n_l, 1)
        Statistics of this batch, the variance divided by m.
    m : int
        Number of examples; one alone has no variance, and leaves both averages as they are.
    momentum : float, optional
        ρ, the share of the new batch.

    Returns
    -------
    mean : array of shape (n_l, 1)
        After this step.
    variance : array of shape (n_l, 1)
        After this step.

    Notes
    -----
        mean := (1 - ρ)·mean + ρ·mean_batch
        variance := (1 - ρ)·variance + ρ·m / (m - 1)·variance_batch

    Source: Ioffe & Szegedy, arXiv 1502.03167, algorithm 2; torch.nn.BatchNorm1d.

    Examples
    --------
    >>> zero, one = np.array([[0.0]]), np.array([[1.0]])
    >>> running_statistics(zero, one, np.array([[2.0]]), np.array([[2.0]]), 5)
    (array([[0.2]]), array([[1.15]]))
    """
    if m == 1:
        return mean, variance
    share, unbiased = float(momentum), float(m / (m - 1))
    return (
        (1 - share) * mean + share * batch_mean,
        (1 - share) * variance + share * unbiased * batch_variance,
    )


def _normalize(U: Array, axis: int, epsilon: float) -> Normalized:
    """In two passes, so that a large mean costs no digits, and in a unit that keeps every square finite."""
    largest = np.max(np.abs(U), axis=axis, keepdims=True)
    # a power of two, so that ordinary numbers keep every bit; 1 for small ones
    unit = np.ldexp(np.ones_like(largest), np.maximum(np.frexp(largest)[1] - 1, 0))
    centered = U / unit
    mean = centered.mean(axis=axis, keepdims=True)
    centered -= mean
    variance = np.mean(centered * centered, axis=axis, keepdims=True)
    deviation = np.hypot(np.sqrt(variance), sqrt(epsilon) / unit)
    with np.errstate(over="ignore"):
        centered /= deviation
        return Normalized(centered, unit * mean, unit * (unit * variance), unit * deviation)


def _normalize_backward(dU_hat: Array, U_hat: Array, deviation: Array, axis: int) -> Array:
    mean = dU_hat.mean(axis=axis, keepdims=True)
    along = np.mean(dU_hat * U_hat, axis=axis, keepdims=True)
    dU = dU_hat - mean
    dU -= U_hat * along
    dU /= deviation
    return dU


@equation("U = W·A_prev", source="lecture, course 2 week 3")
def product_forward(A_prev: Array, W: Array) -> Array:
    """Weigh the activations of the layer before, without a bias.

    Parameters
    ----------
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.
    W : array of shape (n_l, n_{l-1})
        Weights.

    Returns
    -------
    U : array of shape (n_l, m)
        W·A_prev, a column is an example.

    Notes
    -----
        U = W·A_prev

    Source: lecture, course 2 week 3.

    Examples
    --------
    >>> product_forward(np.array([[1.0, 3.0]]), np.array([[5.0]]))
    array([[ 5., 15.]])
    >>> product_backward(np.array([[1.0, 1.0]]), np.array([[1.0, 3.0]]), np.array([[5.0]]))
    (array([[5., 5.]]), array([[2.]]))
    """
    return W @ A_prev


@equation("dA_prev = Wᵀ·dU,  dW = dU·A_prevᵀ / m", source="lecture 5.1")
def product_backward(dU: Array, A_prev: Array, W: Array) -> tuple[Array, Array]:
    """From the derivative by U to those by the layer before and by the weights.

    Parameters
    ----------
    dU : array of shape (n_l, m)
        Derivative of m·J by U.
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.
    W : array of shape (n_l, n_{l-1})
        Weights.

    Returns
    -------
    dA_prev : array of shape (n_{l-1}, m)
        Derivative of m·J by A_prev.
    dW : array of shape (n_l, n_{l-1})
        Derivative of the cost J by W: 1/m is applied here.

    Notes
    -----
        dA_prev = Wᵀ·dU
        dW = dU·A_prevᵀ / m

    Source: lecture 5.1.

    Examples
    --------
    >>> product_forward(np.array([[1.0, 3.0]]), np.array([[5.0]]))
    array([[ 5., 15.]])
    >>> product_backward(np.array([[1.0, 1.0]]), np.array([[1.0, 3.0]]), np.array([[5.0]]))
    (array([[5., 5.]]), array([[2.]]))
    """
    return W.T @ dU, product_gradient(dU, A_prev)


@equation("Z = gamma ∘ U_hat + b", source="Ioffe & Szegedy, arXiv 1502.03167, algorithm 1")
def scale_shift_forward(U_hat: Array, gamma: Array, b: Array) -> Array:
    """Scale and shift the normalized inputs.

    Parameters
    ----------
    U_hat : array of shape (n_l, m)
        U with mean 0 and variance 1.
    gamma : array of shape (n_l, 1)
        Scale of each unit.
    b : array of shape (n_l, 1)
        Bias.

    Returns
    -------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Notes
    -----
        Z = gamma ∘ U_hat + b

    Source: Ioffe & Szegedy, arXiv 1502.03167, algorithm 1.

    Examples
    --------
    >>> scale_shift_forward(np.array([[-1.0, 1.0]]), np.array([[2.0]]), np.array([[0.5]]))
    array([[-1.5,  2.5]])
    """
    return gamma * U_hat + b


@equation(
    "dU_hat = gamma ∘ dZ,  dgamma = Σᵢ (dZ ∘ U_hat)⁽ⁱ⁾ / m,  db = Σᵢ dZ⁽ⁱ⁾ / m",
    source="Ioffe & Szegedy, arXiv 1502.03167, section 3",
)
def scale_shift_backward(dZ: Array, U_hat: Array, gamma: Array) -> tuple[Array, Array, Array]:
    """From the derivative by Z to those by the normalized inputs, the scale and the shift.

    Parameters
    ----------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.
    U_hat : array of shape (n_l, m)
        U with mean 0 and variance 1.
    gamma : array of shape (n_l, 1)
        Scale of each unit.

    Returns
    -------
    dU_hat : array of shape (n_l, m)
        Derivative of m·J by U_hat.
    dgamma : array of shape (n_l, 1)
        Derivative of the cost J by gamma: 1/m is applied here.
    db : array of shape (n_l, 1)
        Derivative of the cost J by b: 1/m is applied here.

    Notes
    -----
        dU_hat = gamma ∘ dZ
        dgamma = Σᵢ (dZ ∘ U_hat)⁽ⁱ⁾ / m
        db = Σᵢ dZ⁽ⁱ⁾ / m

    Source: Ioffe & Szegedy, arXiv 1502.03167, section 3.

    Examples
    --------
    >>> scale_shift_backward(np.array([[1.0, 2.0]]), np.array([[-1.0, 1.0]]), np.array([[2.0]]))
    (array([[2., 4.]]), array([[0.5]]), array([[1.5]]))
    """
    return gamma * dZ, sum_gradient(dZ * U_hat), sum_gradient(dZ)


def _no_loss_of_its_own(*_: Any) -> dict[str, PerExample]:
    problem = (
        "Batch normalization leaves no example a loss of its own: each moves the mean and variance of all"
    )
    raise ConfigurationError(problem, "Use normalization='layer'.")


PRODUCT = Op(
    product_forward,
    product_backward,
    reads=("A_prev", "W"),
    writes=("U",),
    needs=("A_prev", "W"),
    gives=("A_prev", "W"),
    learned=WEIGHTS,
    without_input=lambda dU, A_prev, W: (product_gradient(dU, A_prev),),
    per_example=lambda dU, A_prev, W: {"W": PerExample(dU, A_prev)},
)

NORMALIZED = ("U_hat", "mean", "variance", "deviation")

FAULTS = {
    "the derivative of mean and variance is missing in dU": lambda dU_hat, _, deviation: dU_hat / deviation
}

FIXED = Op(
    normalize_fixed,
    normalize_fixed_backward,
    reads=("U", "mean", "variance"),
    writes=NORMALIZED,
    needs=("deviation",),
    gives=("U",),
    per_layer=NORMALIZED[1:],
)

BY_BATCH = Op(
    normalize_batch,
    normalize_batch_backward,
    reads=("U",),
    writes=NORMALIZED,
    needs=("U_hat", "deviation"),
    gives=("U",),
    per_layer=NORMALIZED[1:],
    per_example=_no_loss_of_its_own,
    faults=FAULTS,
    running=Running({"mean": 0.0, "variance": 1.0}, running_statistics, FIXED),
)

BY_LAYER = Op(
    normalize_layer,
    normalize_layer_backward,
    reads=("U",),
    writes=NORMALIZED,
    needs=("U_hat", "deviation"),
    gives=("U",),
    faults=FAULTS,
)

SCALE_SHIFT = Op(
    scale_shift_forward,
    scale_shift_backward,
    reads=("U_hat", "gamma", "b"),
    writes=("Z",),
    needs=("U_hat", "gamma"),
    gives=("U_hat", "gamma", "b"),
    learned={"gamma": Learned(one_per_unit, 1.0, "the scale"), "b": Learned(one_per_unit, 0.0, "the shift")},
    per_example=lambda dZ, U_hat, gamma: {"gamma": PerExample(dZ * U_hat), "b": PerExample(dZ)},
)

NORMALIZATIONS: Registry[Op] = Registry("normalization")
"""How U is normalized, by name."""

NORMALIZATIONS.update(batch=BY_BATCH, layer=BY_LAYER)


@feature("normalization", symbol="gamma", value=lambda gamma: "layer")
def _normalized(ops: Operations, layer: Layer) -> Operations:
    kind = NORMALIZATIONS.find(layer.options["normalization"])
    return replaced(ops, LINEAR, PRODUCT, kind, SCALE_SHIFT)
