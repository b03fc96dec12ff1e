"""Many networks as one: K members that share all matrices but the last.

The columns of the members stand side by side, Z = [Z₁, …, Z_K] of shape (n, K·m): between the first and the
last layer the ordinary equations hold as they stand, for K·m columns, with one product for all. In the first
layer each member scales the inputs by a row r of its own, in the last one it has its own W and b. As
everywhere, the derivative by a quantity is that of J times its number of columns: of m·J by X and the answer,
of K·m·J by everything between, where a column has a loss of its own and J is the mean of them all.

r is written as a factor of the weights, as in `deepstep.equations.scaled_weights`: no pass over the examples
is needed for it, forth or back.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from deepstep.equations import arrays as np
from deepstep.equations.backward import LINEAR
from deepstep.equations.example_gradients import PerExample
from deepstep.equations.feature_scaling import scaled_weights, scaled_weights_backward
from deepstep.equations.graph import Operations, feature, replaced
from deepstep.equations.ops import Layer, Learned, Op
from deepstep.equations.registry import equation
from deepstep.equations.relu_variants import softplus
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.types import Array

__all__ = [
    "MEAN_LOGITS",
    "mean_logits",
    "members_linear_backward",
    "members_linear_forward",
    "members_mean",
    "members_mean_backward",
    "members_output_backward",
    "members_output_forward",
]

SOURCE = "arXiv 2410.24210 (TabM-mini)"


@equation("Zₖ = (W ∘ rₖ)·A_prev + b,  Z = [Z₁, …, Z_K]", source=SOURCE)
def members_linear_forward(A_prev: Array, W: Array, b: Array, r: Array) -> Array:
    """The first layer of all members: the same weights and bias, the inputs scaled by each member's r.

    A_prev (n_0, m): Inputs; a column is an example.
    r (K, n_0): A factor of each input for each member; ±1 at the beginning.
    Z (n_1, K·m): Pre-activation of the first member, then of the second, …

    >>> X, r = np.array([[1.0, 2.0]]), np.array([[1.0], [-1.0]])
    >>> members_linear_forward(X, np.array([[3.0]]), np.array([[0.5]]), r)
    array([[ 3.5,  6.5, -2.5, -5.5]])
    """
    return np.concatenate([scaled_weights(W, row[:, np.newaxis]) @ A_prev for row in r], axis=1) + b


@equation(
    "dA_prev = Σₖ (W ∘ rₖ)ᵀ·dZₖ / K,  dW = Σₖ rₖ ∘ (dZₖ·A_prevᵀ) / (K·m),  db = Σᵢ dZ⁽ⁱ⁾ / (K·m),  "
    "drₖ = Σᵢ (W ∘ (dZₖ·A_prevᵀ))ᵢ / (K·m), over the rows i"
)
def members_linear_backward(
    dZ: Array, A_prev: Array, W: Array, b: Array, r: Array
) -> tuple[Array, Array, Array, Array]:
    """From the derivative by Z to those by the inputs, the shared weights and bias, and each member's r.

    >>> X, W, b, r = np.array([[1.0]]), np.array([[3.0]]), np.array([[0.5]]), np.array([[1.0], [-1.0]])
    >>> members_linear_backward(np.array([[1.0, 3.0]]), X, W, b, r)
    (array([[-3.]]), array([[-1.]]), array([[2.]]), array([[1.5],
           [4.5]]))
    """
    gradients = _weight_gradients(dZ, A_prev, W, b, r)
    dA_prev = np.zeros_like(A_prev)
    for k, part in enumerate(_parts(dZ.shape[1], len(r))):
        dA_prev += scaled_weights(W, r[k][:, np.newaxis]).T @ dZ[:, part]
    return dA_prev / len(r), *gradients


def _weight_gradients(dZ: Array, A_prev: Array, W: Array, b: Array, r: Array) -> tuple[Array, Array, Array]:
    """dW, db and dr alone: in training nobody needs dA0."""
    columns = len(r) * A_prev.shape[1]
    dW, dr = np.zeros_like(W), np.empty_like(r)
    for k, part in enumerate(_parts(columns, len(r))):
        dW_k, dr_k = scaled_weights_backward(dZ[:, part] @ A_prev.T / columns, W, r[k][:, np.newaxis])
        dW += dW_k
        dr[k] = dr_k[:, 0]
    return dW, dZ.sum(axis=1, keepdims=True) / columns, dr


@equation("Zₖ = Wₖ·A_prevₖ + bₖ,  Z = [Z₁, …, Z_K]", source=SOURCE)
def members_output_forward(A_prev: Array, W: Array, b: Array, members: int) -> Array:
    """The last layer: of each member its own.

    A_prev (n_{L-1}, K·m): Activations of the first member, then of the second, …
    W (K·n_L, n_{L-1}): Weights of the first member, under them those of the second, …
    b (K·n_L, 1): Bias, likewise.
    Z (n_L, K·m): Logits of the first member, then of the second, …

    >>> A, W, b = np.array([[1.0, 2.0]]), np.array([[3.0], [5.0]]), np.array([[0.0], [1.0]])
    >>> members_output_forward(A, W, b, 2)
    array([[ 3., 11.]])
    """
    parts = zip(_parts(len(W), members), _parts(A_prev.shape[1], members), strict=True)
    return np.concatenate([W[rows] @ A_prev[:, part] + b[rows] for rows, part in parts], axis=1)


@equation("dA_prevₖ = Wₖᵀ·dZₖ,  dWₖ = dZₖ·A_prevₖᵀ / (K·m),  dbₖ = Σᵢ dZₖ⁽ⁱ⁾ / (K·m)")
def members_output_backward(
    dZ: Array, A_prev: Array, W: Array, b: Array, members: int
) -> tuple[Array, Array, Array]:
    """From the derivative by the logits to those by the activations, and by each member's weights and bias.

    >>> A, W, b = np.array([[1.0, 2.0]]), np.array([[3.0], [5.0]]), np.array([[0.0], [1.0]])
    >>> members_output_backward(np.array([[1.0, -1.0]]), A, W, b, 2)
    (array([[ 3., -5.]]), array([[ 0.5],
           [-1. ]]), array([[ 0.5],
           [-0.5]]))
    """
    columns = A_prev.shape[1]
    dA_prev, dW, db = np.empty_like(A_prev), np.empty_like(W), np.empty_like(b)
    for rows, part in zip(_parts(len(W), members), _parts(columns, members), strict=True):
        dA_prev[:, part] = W[rows].T @ dZ[:, part]
        dW[rows] = dZ[:, part] @ A_prev[:, part].T / columns
        db[rows] = dZ[:, part].sum(axis=1, keepdims=True) / columns
    return dA_prev, dW, db


@equation("A = Σₖ Gₖ / K,  G = [G₁, …, G_K]", source=SOURCE)
def members_mean(G: Array, members: int) -> Array:
    """The mean of the outputs of all members, or of their losses.

    G (n, K·m): The columns of the first member, then of the second, …
    A (n, m): The mean.

    >>> members_mean(np.array([[1.0, 2.0, 3.0, 6.0]]), 2)
    array([[2., 4.]])
    >>> members_mean_backward(np.array([[1.0, 2.0]]), 2)
    array([[1., 2., 1., 2.]])
    """
    return G.reshape(len(G), members, -1).mean(axis=1)


@equation("dG = [dA, …, dA]")
def members_mean_backward(dA: Array, members: int) -> Array:
    """The derivative by the mean reaches every member: of m·J before, of K·m·J after."""
    return np.tile(dA, (1, members))


def _parts(size: int, members: int) -> Iterator[slice]:
    """The columns of each member, or its rows."""
    each = size // members
    return (slice(start, start + each) for start in range(0, size if each else 0, max(1, each)))


def _log_mean(logarithms: Array) -> Array:
    """log(Σₖ exp(·) / K) of (n, K, m), over the members."""
    largest = logarithms.max(axis=1, keepdims=True)
    return (largest + np.log(np.exp(logarithms - largest).mean(axis=1, keepdims=True)))[:, 0]


def _of_probabilities(Z: Array) -> Array:
    return _log_mean(-softplus(-Z)) - _log_mean(-softplus(Z))


def _of_classes(Z: Array) -> Array:
    shifted = Z - Z.max(axis=0)
    return _log_mean(shifted - np.log(np.exp(shifted).sum(axis=0)))


def _softplus_inverse(steps: Array) -> Array:
    """z of softplus(z), for steps above 0; of one that is 0 by rounding, that of the smallest number."""
    steps = np.maximum(steps, np.finfo(steps.dtype).tiny)
    return steps + np.log(-np.expm1(-steps))


def _of_increasing(Z: Array) -> Array:
    return np.concatenate([Z[:1].mean(axis=1), _softplus_inverse(softplus(Z[1:]).mean(axis=1))])


def _of_ordered_classes(Z: Array) -> Array:
    falling = np.cumsum(np.concatenate([Z[:1], -softplus(Z[1:])]), axis=0)
    U = _of_probabilities(falling)
    return np.concatenate([U[:1], _softplus_inverse(-np.diff(U, axis=0))])


MEAN_LOGITS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda Z: Z.mean(axis=1),
    "sigmoid": _of_probabilities,
    "softmax": _of_classes,
    "exponential": _log_mean,
    "increasing": _of_increasing,
    "ordinal": _of_ordered_classes,
}
"""By the activation of the output: the logits (n, m) of the mean answer, from those of members (n, K, m)."""


@equation("Z = g⁻¹(Σₖ g(ZLₖ) / K)", source=SOURCE)
def mean_logits(ZL: Array, members: int, activation: str) -> Array:
    """The logits with which one network would give the mean of the members' answers.

    ZL (n_L, K·m): Logits of the first member, then of the second, …
    Z (n_L, m): The logits of the mean answer; those of a single member unchanged.
    ConfigurationError: If outputs of that activation cannot be inverted.

    >>> from deepstep.equations import sigmoid
    >>> Z = mean_logits(np.array([[0.0, 50.0]]), 2, "sigmoid")
    >>> sigmoid(Z).round(3), mean_logits(np.array([[-1000.0, -1002.0]]), 2, "sigmoid").round(3)
    (array([[0.75]]), array([[-1000.566]]))
    """
    if activation not in MEAN_LOGITS:
        expected = f"an output of {', '.join(MEAN_LOGITS)}, whose mean has logits"
        raise ConfigurationError("mean_logits", expected, f"got {activation!r}")
    if members == 1:
        return ZL
    return MEAN_LOGITS[activation](ZL.reshape(len(ZL), members, -1))


def _example_gradients(dZ: Array, A_prev: Array, W: Array, b: Array, r: Array) -> dict[str, PerExample]:
    scaled = np.concatenate([row[:, np.newaxis] * A_prev for row in r], axis=1)
    dr = np.tile(A_prev, (1, len(r))) * (W.T @ dZ)
    return {"W": PerExample(dZ, scaled), "b": PerExample(dZ), "r": PerExample(dr, shared=False)}


def _signs(rng: Any, rows: int, columns: int) -> Array:
    return np.where(rng.random((rows, columns)) < 0.5, -1.0, 1.0)


MEMBERS_LINEAR = Op(
    members_linear_forward,
    members_linear_backward,
    reads=("A_prev", "W", "b", "r"),
    writes=("Z",),
    needs=("A_prev", "W", "b", "r"),
    gives=("A_prev", "W", "b", "r"),
    learned={
        **LINEAR.learned,
        "r": Learned(
            lambda layer: (layer.options["shared_members"], layer.n_in),
            _signs,
            "the factors of the inputs, member by member",
        ),
    },
    without_input=_weight_gradients,
    per_example=_example_gradients,
)


@lru_cache
def _members_output(members: int) -> Op:
    return Op(
        partial(members_output_forward, members=members),
        partial(members_output_backward, members=members),
        reads=("A_prev", "W", "b"),
        writes=("Z",),
        needs=("A_prev", "W", "b"),
        gives=("A_prev", "W", "b"),
        learned={
            "W": Learned(lambda layer: (members * layer.n, layer.n_in), None, "the weights"),
            "b": Learned(lambda layer: (members * layer.n, 1), 0.0, "the bias"),
        },
        per_example=lambda dZ, A_prev, W, b: {
            "W": PerExample(dZ, A_prev, shared=False),
            "b": PerExample(dZ, shared=False),
        },
    )


@lru_cache
def _members_mean(members: int) -> Op:
    return Op(
        partial(members_mean, members=members),
        partial(members_mean_backward, members=members),
        reads=("G",),
        writes=("A",),
        needs=(),
        gives=("G",),
        in_loss=True,
    )


def _of_one_member(layer: Layer, members: int) -> Layer:
    """The last W has the rows of all members."""
    where = f"layer {layer.number}"
    if layer.last and layer.number == 1:
        raise ShapeError(where, "a hidden layer, which the members of r1 share", "got one layer")
    if layer.last and layer.n % members:
        expected = f"W{layer.number} has as many rows for each of the {members} members of r1"
        raise ShapeError(where, expected, f"got {layer.n} rows")
    return layer._replace(n=layer.n // members) if layer.last else layer


def _members_of(r: Array) -> int:
    """K; at least 1, so that an r of another shape is refused for its shape."""
    return max(1, len(np.atleast_1d(r)))


@feature("shared_members", symbol="r", value=_members_of, whole_network=True, resize=_of_one_member)
def _ensemble(ops: Operations, layer: Layer) -> Operations:
    members = layer.options["shared_members"]
    if layer.number == 1:
        return replaced(ops, LINEAR, MEMBERS_LINEAR)
    if layer.last:
        return (*replaced(ops, LINEAR, _members_output(members)), _members_mean(members))
    return ops
