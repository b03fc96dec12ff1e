"""A factor s for each input, which is learned: Z = W·(s ∘ X) + b.

Written as a factor of the weights, Z = (W ∘ sᵀ)·X + b: the layer itself stays as it is, and no pass over the
examples is needed for s, forth or back.
"""

from deepstep.equations import arrays as np
from deepstep.equations.backward import WEIGHTS
from deepstep.equations.example_gradients import PerExample
from deepstep.equations.graph import Operations, feature
from deepstep.equations.ops import Layer, Learned, Op
from deepstep.equations.registry import equation
from deepstep.types import Array

SOURCE = "arXiv 2407.04491 (RealMLP), the scaling layer"


@equation("W_s = W ∘ sᵀ,  so that W_s·X = W·(s ∘ X)", source=SOURCE)
def scaled_weights(W: Array, s: Array) -> Array:
    """The weights of the first layer with the factor of each input: column j times s_j.

    Parameters
    ----------
    W : array of shape (n_l, n_{l-1})
        Weights.
    s : array of shape (n_0, 1)
        Factor of each input; 1 at the beginning.

    Returns
    -------
    W_s : array of shape (n_1, n_0)
        A new array.

    Notes
    -----
        W_s = W ∘ sᵀ
        so that W_s·X = W·(s ∘ X)

    Source: arXiv 2407.04491 (RealMLP), the scaling layer.

    Examples
    --------
    >>> scaled_weights(np.array([[1.0, 2.0]]), np.array([[3.0], [0.5]]))
    array([[3., 1.]])
    """
    return W * s.T


@equation("dW = dW_s ∘ sᵀ,  ds = Σᵢ (W ∘ dW_s)ᵢᵀ, over the rows i")
def scaled_weights_backward(dW_s: Array, W: Array, s: Array) -> tuple[Array, Array]:
    """From the derivative by the scaled weights to those by the weights and by the factors.

    Parameters
    ----------
    dW_s : array of shape (n_1, n_0)
        Derivative of the cost J by W_s: 1/m is applied here.
    W : array of shape (n_l, n_{l-1})
        Weights.
    s : array of shape (n_0, 1)
        Factor of each input; 1 at the beginning.

    Returns
    -------
    dW : array of shape (n_l, n_{l-1})
        Derivative of the cost J by W: 1/m is applied here.
    ds : array of shape (n_0, 1)
        Derivative of the cost J by s: 1/m is applied here.

    Notes
    -----
        dW = dW_s ∘ sᵀ
        ds = Σᵢ (W ∘ dW_s)ᵢᵀ, over the rows i

    Source: arXiv 2407.04491 (RealMLP), the scaling layer.

    Examples
    --------
    >>> W, s = np.array([[1.0, 2.0]]), np.array([[3.0], [0.5]])
    >>> dW, ds = scaled_weights_backward(np.array([[1.0, 10.0]]), W, s)
    >>> dW, ds
    (array([[3., 5.]]), array([[ 1.],
           [20.]]))
    """
    return dW_s * s.T, (W * dW_s).sum(axis=0)[:, np.newaxis]


def _per_example(dW_s: PerExample, W: Array, s: Array) -> dict[str, PerExample]:
    dZ, X = dW_s.left, np.asarray(dW_s.right)
    return {"W": PerExample(dZ, s * X), "s": PerExample(X * (W.T @ dZ))}


SCALED_WEIGHTS = Op(
    scaled_weights,
    scaled_weights_backward,
    reads=("W", "s"),
    writes=("W_s",),
    needs=("W", "s"),
    gives=("W", "s"),
    learned={**WEIGHTS, "s": Learned(lambda layer: (layer.n_in, 1), 1.0, "the factors of the inputs")},
    replaces={"W": "W_s"},
    per_layer=("W_s",),
    per_example=_per_example,
)


@feature("input_scale", symbol="s")
def _scaled(ops: Operations, layer: Layer) -> Operations:
    return (SCALED_WEIGHTS, *ops) if layer.number == 1 else ops
