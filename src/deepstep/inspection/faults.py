"""Classic faults of a backward pass, written out on purpose, so that a failed gradient check can name one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepstep.engines import total_weight
from deepstep.equations import (
    NORMALIZATIONS,
    AnyLayerCache,
    ExtendedCache,
    NormalizedCache,
    get_activation,
    l1_backward,
    l2_backward,
    output_gradient,
)
from deepstep.inspection.problem import Problem
from deepstep.types import Array


@dataclass(frozen=True)
class Fault:
    """One fault: what a person reads, and the quantity of the backward pass that it spoils."""

    name: str
    spoils: str


FAULTS = (
    Fault("the 1/m is lost in dW and db", "1/m"),
    Fault("the 1/m is lost in dW", "1/m of dW"),
    Fault("the 1/m is lost in db", "1/m of db"),
    Fault("the 1/m stands twice, in dZ and again in dW and db", "1/m twice"),
    Fault("the sign of dZ is wrong", "sign of dZ"),
    Fault("the sign of dW is wrong", "sign of dW"),
    Fault("the sign of db is wrong", "sign of db"),
    Fault("the derivative of the activation is taken at A instead of Z", "A for Z"),
    Fault("the derivative of the activation is missing", "no derivative"),
    Fault("W is transposed in dA_prev = Wᵀ·dZ", "transposed W"),
    Fault("dW is transposed", "transposed dW"),
    Fault("db is summed over the units as well", "db over units"),
    Fault("the derivative of the regularization is missing in dW", "no regularization"),
    Fault("the dropout mask is missing in the backward pass", "no mask"),
    Fault("the derivative of mean and variance is missing in dU", "fixed statistics"),
)

OF_THE_TEXTBOOK = frozenset({"A for Z", "no derivative"})
"""What is spoilt in the output layer only where dZ[L] is dA[L] times the activation's derivative."""

SHAPE_FAULTS: tuple[tuple[str, Callable[[tuple[int, ...], int, int], bool]], ...] = (
    (
        "db is squeezed; it needs the shape (n, 1) of b",
        lambda shape, n, m: shape == (n,) or (n == 1 and shape == ()),
    ),
    ("db is summed over the units as well", lambda shape, n, m: shape in {(), (1,), (1, 1)}),
    ("db is summed over the units instead of the examples", lambda shape, n, m: shape in {(m,), (1, m)}),
)
"""Faults that the shape of db betrays, given the n units of the layer and the m examples."""


def name_fault(gradients: Mapping[str, Array], problem: Problem) -> str:
    """Name the fault that explains these gradients, or say that none of the known ones does.

    Parameters
    ----------
    gradients : mapping
        dW1, db1, … as they came, wrong.
    problem : Problem

    Returns
    -------
    str
        For example ``"layer 2: the sign of dW is wrong"``.
    """
    if problem.architecture.shared_members:
        return "the known faults are those of a single network, and this one is shared by members"
    caches = problem.caches()
    n_layers = len(caches)
    shapes = {layer: np.shape(gradients[f"db{layer}"]) for layer in range(1, n_layers + 1)}
    sizes = {layer: cache.Z.shape for layer, cache in enumerate(caches, start=1)}
    misshapen = [layer for layer, (n, _) in sizes.items() if shapes[layer] != (n, 1)]
    for name, betrays in SHAPE_FAULTS:
        if misshapen and all(betrays(shapes[layer], *sizes[layer]) for layer in misshapen):
            return f"{_layers(misshapen, n_layers)}: {name}"
    right = _backward_with(None, (), problem, caches)
    if all(_equal(gradients[name], value) for name, value in right.items()):
        return "the gradients are those of the equations; the finite differences are not good enough"
    for fault in FAULTS:
        for layers in _places(fault, problem, caches):
            wrong = _backward_with(fault, layers, problem, caches)
            if all(_equal(gradients[name], value) for name, value in wrong.items()):
                return f"{_layers(layers, n_layers)}: {fault.name}"
    return "none of the known faults explains it"


def _backward_with(
    fault: Fault | None, layers: Sequence[int], problem: Problem, caches: Sequence[AnyLayerCache]
) -> dict[str, Array]:
    """The whole backward pass with one fault in some layers, or with none."""
    spoilt = dict.fromkeys(layers, "" if fault is None else fault.spoils)
    activations = problem.architecture.activations
    gradients: dict[str, Array] = {}
    m = problem.Y.shape[1]
    dZ = _output_with(spoilt.get(len(caches), ""), problem, caches[-1].Z)
    for layer in range(len(caches), 0, -1):
        cache, spoils = caches[layer - 1], spoilt.get(layer, "")
        linear = cache.linear
        A_prev, W = linear[:2]
        if spoils == "sign of dZ":
            dZ = -dZ
        db, dU = dZ.sum(axis=1, keepdims=True) / m, dZ
        if isinstance(linear, NormalizedCache):
            gradients[f"dgamma{layer}"] = (dZ * linear.U_hat).sum(axis=1, keepdims=True) / m
            dU = _through_statistics(linear.gamma * dZ, linear, fixed=spoils == "fixed statistics")
        dW, dA_prev = dU @ A_prev.T / m, W.T @ dU
        if isinstance(cache, ExtendedCache):
            W = cache.W
            if cache.s is not None:
                gradients[f"ds{layer}"] = (W * dW).sum(axis=0)[:, np.newaxis]
                dW = dW * cache.s.T
        if spoils in ("1/m", "1/m of dW"):
            dW = dW * m
        if spoils in ("1/m", "1/m of db"):
            db = db * m
        if spoils == "1/m twice":
            dW, db = dW / m, db / m
        if spoils == "sign of dW":
            dW = -dW
        if spoils == "sign of db":
            db = -db
        if spoils == "transposed dW":
            dW = dW.T
        if spoils == "db over units":
            db = np.full_like(db, db.sum())
        if spoils == "transposed W":
            dA_prev = W @ dU
        if spoils != "no regularization" and dW.shape == W.shape:
            dW = dW + _of_regularization(problem, W)
        gradients[f"dW{layer}"], gradients[f"db{layer}"] = dW, db
        if layer > 1:
            below = spoilt.get(layer - 1, "")
            if layer - 1 in problem.masks and below != "no mask":
                dA_prev = dA_prev * problem.masks[layer - 1]
            cache, name = caches[layer - 2], activations[layer - 2]
            g, Z = get_activation(name), cache.Z
            at = g.forward(Z) if below == "A for Z" else Z
            alpha = cache.alpha if isinstance(cache, ExtendedCache) else None
            if alpha is not None:
                dalpha = (dA_prev * (g.forward(Z) - Z)).sum(axis=1, keepdims=True) / m
                gradients[f"dalpha{layer - 1}"] = dalpha
            if below == "no derivative":
                dZ = dA_prev
            elif alpha is None:
                dZ = g.backward(dA_prev, at)
            else:
                dZ = (1 - alpha) * dA_prev + g.backward(alpha * dA_prev, at)
    return gradients


def _through_statistics(dU_hat: Array, linear: NormalizedCache, *, fixed: bool) -> Array:
    if fixed:
        return dU_hat / linear.deviation
    return NORMALIZATIONS[linear.kind].backward(dU_hat, linear.U_hat, linear.deviation)


def _of_regularization(problem: Problem, W: Array) -> Array:
    settings, m = problem.settings, total_weight(problem.Y, problem.sample_weight)
    return l1_backward(W, settings.l1, m) + l2_backward(W, settings.l2, m)


def _output_with(spoils: str, problem: Problem, ZL: Array) -> Array:
    """dZ[L], by the textbook's two factors where the fault is in one of them."""
    head, weight = problem.head, problem.sample_weight
    if spoils in OF_THE_TEXTBOOK and head.textbook_backward is not None:
        forward, backward = get_activation(head.activation)[:2]
        AL = forward(ZL)
        with np.errstate(all="ignore"):  # the textbook's way has no value at saturation
            dAL = head.textbook_backward(AL, problem.Y)
            dAL = dAL if weight is None else dAL * (weight / weight.mean())
            return dAL if spoils == "no derivative" else backward(dAL, AL)
    return output_gradient(ZL, problem.Y, output=head, sample_weight=weight)


def _places(fault: Fault, problem: Problem, caches: Sequence[AnyLayerCache]) -> Iterator[list[int]]:
    """Each layer alone, then all hidden ones, then all, as a fault in a shared function is."""
    layers = list(range(1, len(caches) + 1))
    if fault.spoils == "transposed W":  # needs a square W; and dA0 reaches no parameter
        shapes = {layer: caches[layer - 1].linear.W.shape for layer in layers[1:]}
        layers = [layer for layer, (n, n_prev) in shapes.items() if n == n_prev]
    if fault.spoils in OF_THE_TEXTBOOK and problem.head.textbook_backward is None:
        layers = layers[:-1]  # dZ[L] has no two factors
    if fault.spoils == "no mask":
        layers = list(problem.masks)
    if fault.spoils == "fixed statistics":
        layers = list(problem.architecture.normalized)
    hidden = [layer for layer in layers if layer < len(caches)]
    yield from ([layer] for layer in layers)
    yield from (place for place in (hidden, layers) if len(place) > 1)


def _layers(layers: Sequence[int], n_layers: int) -> str:
    if len(layers) == n_layers and n_layers > 1:
        return "every layer"
    return ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))


def _equal(came: Array, wrong: Array) -> bool:
    scale = float(np.abs(wrong).max(initial=0))
    return np.shape(came) == wrong.shape and np.allclose(came, wrong, rtol=1e-6, atol=1e-9 * scale)
