"""Periodic embedding of numeric inputs: cosines of learned frequencies, and a linear map for each input.

C holds K cosines of each of c inputs, below each other; E is X with d outputs of each of them below it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from math import pi, sqrt
from typing import Any

from deepstep.equations import arrays as np
from deepstep.equations.example_gradients import PerExample
from deepstep.equations.graph import Operations, feature
from deepstep.equations.linear import rows_in_place
from deepstep.equations.ops import Layer, Learned, Op
from deepstep.equations.registry import equation
from deepstep.types import Array, is_number, is_whole

SOURCE = "arXiv 2407.04491 (RealMLP), PBLD; arXiv 2203.05556"
DEFAULTS: dict[str, Any] = {"frequencies": 16, "outputs": 3, "scale": 0.1, "inputs": None}
"""Settings: K, d, the standard deviation of the first frequencies, and which inputs (all: None)."""


@equation("C = cos(2π·omega ∘ x + phi),  x: the row of each input, K times", source=SOURCE)
def cosine_features(X: Array, omega: Array, phi: Array, *, inputs: Sequence[int] | None = None) -> Array:
    """K cosines of each input.

    Parameters
    ----------
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    omega, phi : array of shape (c, K)
        Frequencies and phases of the c inputs.
    inputs : sequence of int, optional
        Which rows of X, by default all.

    Returns
    -------
    C : array of shape (c·K, m)
        K cosines of each of c inputs.

    Notes
    -----
        C = cos(2π·omega ∘ x + phi)
        x: the row of each input, K times

    Source: arXiv 2407.04491 (RealMLP), PBLD; arXiv 2203.05556.

    Examples
    --------
    >>> cosine_features(np.array([[0.0, 0.5]]), np.array([[1.0, 2.0]]), np.zeros((1, 2))).round(9) + 0.0
    array([[ 1., -1.],
           [ 1.,  1.]])
    >>> one = np.ones((1, 1))
    >>> dX, domega, dphi = cosine_features_backward(one, 0.25 * one, one, 0 * one)
    >>> dX.round(4), domega.round(4), dphi
    (array([[-6.2832]]), array([[-1.5708]]), array([[-1.]]))
    """
    return np.cos(_angles(_rows(X, inputs), omega, phi)).reshape(np.size(omega), -1)


@equation(
    "dX = Σₖ 2π·omega ∘ dP,  domega = Σᵢ 2π·(x ∘ dP)⁽ⁱ⁾ / m,  dphi = Σᵢ dP⁽ⁱ⁾ / m,  "
    "dP = -sin(2π·omega ∘ x + phi) ∘ dC"
)
def cosine_features_backward(
    dC: Array, X: Array, omega: Array, phi: Array, *, inputs: Sequence[int] | None = None
) -> tuple[Array, Array, Array]:
    """From the derivative by the cosines to those by the inputs, the frequencies and the phases.

    Parameters
    ----------
    dC : array of shape (c·K, m)
        Derivative of m·J by C.
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    omega, phi : array of shape (c, K)
        Frequencies and phases of the c inputs.
    inputs : sequence of int, optional
        Which rows of X, by default all.

    Returns
    -------
    dX : array of shape (n_0, m)
        Derivative of m·J by X.
    domega : array of shape (c, K)
        Derivative of the cost J by omega: 1/m is applied here.
    dphi : array of shape (c, K)
        Derivative of the cost J by phi: 1/m is applied here.

    Notes
    -----
        dX = Σₖ 2π·omega ∘ dP
        domega = Σᵢ 2π·(x ∘ dP)⁽ⁱ⁾ / m
        dphi = Σᵢ dP⁽ⁱ⁾ / m
        dP = -sin(2π·omega ∘ x + phi) ∘ dC

    Source: arXiv 2407.04491 (RealMLP), PBLD; arXiv 2203.05556.

    Examples
    --------
    >>> cosine_features(np.array([[0.0, 0.5]]), np.array([[1.0, 2.0]]), np.zeros((1, 2))).round(9) + 0.0
    array([[ 1., -1.],
           [ 1.,  1.]])
    >>> one = np.ones((1, 1))
    >>> dX, domega, dphi = cosine_features_backward(one, 0.25 * one, one, 0 * one)
    >>> dX.round(4), domega.round(4), dphi
    (array([[-6.2832]]), array([[-1.5708]]), array([[-1.]]))
    """
    x, m = _rows(X, inputs), X.shape[1]
    dP = -np.sin(_angles(x, omega, phi)) * dC.reshape(*omega.shape, m)
    dX = 2 * pi * (omega[:, :, np.newaxis] * dP).sum(axis=1)
    dX = dX if inputs is None else rows_in_place(dX, inputs, X)
    domega = 2 * pi * (x[:, np.newaxis] * dP).sum(axis=2) / m
    return dX, domega, dP.sum(axis=2) / m


@equation("E = [X; V·C + a],  V·C: of each input its own d × K map", source=SOURCE)
def input_maps_forward(X: Array, C: Array, V: Array, a: Array) -> Array:
    """The inputs, and below them d numbers for each that has cosines.

    Parameters
    ----------
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    C : array of shape (c·K, m)
        K cosines of each of c inputs.
    V : array of shape (c·d, K)
        A linear map of each of these inputs.
    a : array of shape (c·d, 1)
        Bias of the maps.

    Returns
    -------
    E : array of shape (n_0 + c·d, m)
        X, and below it the d outputs of each map.

    Notes
    -----
        E = [X; V·C + a]
        V·C: of each input its own d × K map

    Source: arXiv 2407.04491 (RealMLP), PBLD; arXiv 2203.05556.

    Examples
    --------
    >>> C, V = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])  # two inputs, K = d = 1
    >>> input_maps_forward(np.array([[7.0], [8.0]]), C, V, np.zeros((2, 1))).T
    array([[ 7.,  8.,  3., 10.]])
    >>> C, V = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])
    >>> dX, dC, dV, da = input_maps_backward(np.array([[1.0], [1.0], [1.0], [1.0]]), C, V)
    >>> dC.T, dV.T, da.T
    (array([[3., 5.]]), array([[1., 2.]]), array([[1., 1.]]))
    """
    maps, cosines = _by_input(C, V)
    return np.concatenate([X, (maps @ cosines).reshape(len(V), -1) + a])


@equation("dX = the rows of dE that X has,  dC = Vᵀ·dE,  dV = dE·Cᵀ / m,  da = Σᵢ dE⁽ⁱ⁾ / m")
def input_maps_backward(dE: Array, C: Array, V: Array) -> tuple[Array, Array, Array, Array]:
    """From the derivative by E to those by the inputs, the cosines, the maps and their bias.

    Parameters
    ----------
    dE : array of shape (n_0 + c·d, m)
        Derivative of m·J by E.
    C : array of shape (c·K, m)
        K cosines of each of c inputs.
    V : array of shape (c·d, K)
        A linear map of each of these inputs.

    Returns
    -------
    dX : array of shape (n_0, m)
        Derivative of m·J by X.
    dC : array of shape (c·K, m)
        Derivative of m·J by C.
    dV : array of shape (c·d, K)
        Derivative of the cost J by V: 1/m is applied here.
    da : array of shape (c·d, 1)
        Derivative of the cost J by a: 1/m is applied here.

    Notes
    -----
        dX = the rows of dE that X has
        dC = Vᵀ·dE
        dV = dE·Cᵀ / m
        da = Σᵢ dE⁽ⁱ⁾ / m

    Source: arXiv 2407.04491 (RealMLP), PBLD; arXiv 2203.05556.

    Examples
    --------
    >>> C, V = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])  # two inputs, K = d = 1
    >>> input_maps_forward(np.array([[7.0], [8.0]]), C, V, np.zeros((2, 1))).T
    array([[ 7.,  8.,  3., 10.]])
    >>> C, V = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])
    >>> dX, dC, dV, da = input_maps_backward(np.array([[1.0], [1.0], [1.0], [1.0]]), C, V)
    >>> dC.T, dV.T, da.T
    (array([[3., 5.]]), array([[1., 2.]]), array([[1., 1.]]))
    """
    m, n_0 = dE.shape[1], len(dE) - len(V)
    maps, cosines = _by_input(C, V)
    d = dE[n_0:].reshape(len(maps), -1, m)
    dC = (maps.swapaxes(1, 2) @ d).reshape(len(C), m)
    dV = (d @ cosines.swapaxes(1, 2)).reshape(V.shape) / m
    return np.array(dE[:n_0]), dC, dV, dE[n_0:].sum(axis=1, keepdims=True) / m


def _rows(X: Array, inputs: Sequence[int] | None) -> Array:
    return X if inputs is None else np.take(X, inputs, axis=0)


def _angles(x: Array, omega: Array, phi: Array) -> Array:
    """The arguments of the cosines, (c, K, m)."""
    return 2 * pi * omega[:, :, np.newaxis] * x[:, np.newaxis] + phi[:, :, np.newaxis]


def _by_input(C: Array, V: Array) -> tuple[Array, Array]:
    """V as (c, d, K) and C as (c, K, m)."""
    K = V.shape[1]
    cosines = C.reshape(-1, K, C.shape[1])
    return V.reshape(len(cosines), -1, K), cosines


def _settings(value: Any) -> dict[str, Any]:
    return {**DEFAULTS, **(value if isinstance(value, Mapping) else {})}


def _check(value: Any, n_0: int) -> str:
    """The requirement of the option, where this value does not meet it."""
    settings = _settings(value)
    inputs = settings["inputs"]
    sizes = all(is_whole(settings[name], 1) for name in ("frequencies", "outputs"))
    scale = is_number(settings["scale"]) and settings["scale"] > 0
    rows = isinstance(inputs, list | tuple) and all(is_whole(row, 0) and row < n_0 for row in inputs)
    listed = inputs is None or (rows and len(inputs) == len(set(inputs)) > 0)
    known = value is True or (isinstance(value, Mapping) and set(value) <= set(DEFAULTS))
    requirement = "True or a mapping of frequencies, outputs (whole), scale (above 0), inputs (rows of X)"
    return "" if known and sizes and scale and listed else requirement


def _uniform(limit: float) -> Any:
    return lambda rng, rows, columns: rng.uniform(-limit, limit, (rows, columns))


def _count(value: Any, n_0: int) -> int:
    """c, the number of inputs that are embedded."""
    inputs = _settings(value)["inputs"]
    return n_0 if inputs is None else len(inputs)


@lru_cache
def _ops(K: int, d: int, scale: float, inputs: tuple[int, ...] | None) -> Operations:
    def rows(each: int) -> Any:
        return lambda layer: (each * (layer.n_prev if inputs is None else len(inputs)), K)

    def angle_gradients(dC: Array, X: Array, omega: Array, phi: Array) -> dict[str, PerExample]:
        x = _rows(X, inputs)
        dP = -np.sin(_angles(x, omega, phi)) * dC.reshape(*omega.shape, -1)
        domega = 2 * pi * x[:, np.newaxis] * dP
        return {"omega": PerExample(domega.reshape(len(dC), -1)), "phi": PerExample(dP.reshape(len(dC), -1))}

    def map_gradients(dE: Array, C: Array, V: Array) -> dict[str, PerExample]:
        maps, cosines = _by_input(C, V)
        d_out = dE[len(dE) - len(V) :].reshape(len(maps), -1, 1, dE.shape[1])
        dV = d_out * cosines[:, np.newaxis]
        return {"V": PerExample(dV.reshape(V.size, -1)), "a": PerExample(dE[len(dE) - len(V) :])}

    cosines = Op(
        partial(cosine_features, inputs=inputs),
        partial(cosine_features_backward, inputs=inputs),
        reads=("A_prev", "omega", "phi"),
        writes=("C",),
        needs=("A_prev", "omega", "phi"),
        gives=("A_prev", "omega", "phi"),
        learned={
            "omega": Learned(
                rows(1), lambda rng, n, k: rng.normal(0.0, scale, (n, k)), "the frequencies of the inputs"
            ),
            "phi": Learned(rows(1), _uniform(pi), "their phases"),
        },
        per_example=angle_gradients,
    )
    maps = Op(
        input_maps_forward,
        input_maps_backward,
        reads=("A_prev", "C", "V", "a"),
        writes=("E",),
        needs=("C", "V"),
        gives=("A_prev", "C", "V", "a"),
        learned={
            "V": Learned(rows(d), _uniform(1 / sqrt(K)), "a map of each input's cosines"),
            "a": Learned(lambda layer: (rows(d)(layer)[0], 1), _uniform(1 / sqrt(K)), "its bias"),
        },
        replaces={"A_prev": "E"},
        per_example=map_gradients,
    )
    return cosines, maps


@feature(
    "periodic_embedding",
    check=_check,
    example={"frequencies": 4, "outputs": 2, "scale": 0.5, "inputs": [0]},
    widen=lambda n_prev, value: n_prev + _settings(value)["outputs"] * _count(value, n_prev),
)
def _periodic(ops: Operations, layer: Layer) -> Operations:
    if layer.number > 1:
        return ops
    settings = _settings(layer.options["periodic_embedding"])
    inputs = None if settings["inputs"] is None else tuple(map(int, settings["inputs"]))
    K, d, scale = int(settings["frequencies"]), int(settings["outputs"]), float(settings["scale"])
    return (*_ops(K, d, scale, inputs), *ops)
