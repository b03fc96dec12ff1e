"""Classic faults of a backward pass, written out on purpose, so that a failed gradient check can name one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepstep.equations import LayerCache, get_activation
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
    Fault("the sign of dZ is wrong", "sign of dZ"),
    Fault("the sign of dW is wrong", "sign of dW"),
    Fault("the sign of db is wrong", "sign of db"),
    Fault("the derivative of the activation is taken at A instead of Z", "A for Z"),
    Fault("the derivative of the activation is missing", "no derivative"),
    Fault("W is transposed in dA_prev = Wᵀ·dZ", "transposed W"),
    Fault("dW is transposed", "transposed dW"),
    Fault("db is summed over the units as well", "db over units"),
)


def name_fault(
    gradients: Mapping[str, Array],
    dZL: Array,
    caches: Sequence[LayerCache],
    activations: Sequence[str],
) -> str:
    """Name the fault that explains these gradients, or say that none of the known ones does.

    Parameters
    ----------
    gradients : mapping
        dW1, db1, … as they came, wrong.
    dZL : array of shape (n_L, m)
        The right derivative by the logits.
    caches, activations
        Of the forward pass.

    Returns
    -------
    str
        For example ``"layer 2: the sign of dW is wrong"``.
    """
    n_layers = len(caches)
    squeezed = [n for n in range(1, n_layers + 1) if np.ndim(gradients[f"db{n}"]) < 2]
    if squeezed:
        return f"{_layers(squeezed, n_layers)}: db is squeezed; it needs the shape (n, 1) of b"
    for fault in FAULTS:
        for layers in _places(n_layers):
            wrong = _backward_with(fault, layers, dZL, caches, activations)
            if wrong and all(_equal(gradients[name], value) for name, value in wrong.items()):
                return f"{_layers(layers, n_layers)}: {fault.name}"
    return "none of the known faults explains it"


def _backward_with(
    fault: Fault, layers: Sequence[int], dZL: Array, caches: Sequence[LayerCache], activations: Sequence[str]
) -> dict[str, Array]:
    """The whole backward pass with one fault in some layers; empty where the fault cannot run."""
    gradients: dict[str, Array] = {}
    m = dZL.shape[1]
    dZ = dZL
    for layer in range(len(caches), 0, -1):
        (A_prev, W, _), _ = caches[layer - 1]
        spoils = fault.spoils if layer in layers else ""
        if spoils == "sign of dZ":
            dZ = -dZ
        dW, db, dA_prev = dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m, W.T @ dZ
        if spoils in ("1/m", "1/m of dW"):
            dW = dW * m
        if spoils in ("1/m", "1/m of db"):
            db = db * m
        if spoils == "sign of dW":
            dW = -dW
        if spoils == "sign of db":
            db = -db
        if spoils == "transposed dW":
            dW = dW.T
        if spoils == "db over units":
            db = np.full_like(db, db.sum())
        if spoils == "transposed W":
            if W.shape[0] != W.shape[1]:
                return {}
            dA_prev = W @ dZ
        gradients[f"dW{layer}"], gradients[f"db{layer}"] = dW, db
        if layer > 1:
            below = fault.spoils if layer - 1 in layers else ""
            Z = caches[layer - 2].Z
            activation = get_activation(activations[layer - 2])
            if below == "A for Z":
                Z = activation.forward(Z)
            dZ = dA_prev if below == "no derivative" else activation.backward(dA_prev, Z)
    return gradients


def _places(n_layers: int) -> Iterator[list[int]]:
    """Each layer alone, then all at once, as a fault in a shared function is."""
    yield from ([layer] for layer in range(1, n_layers + 1))
    if n_layers > 1:
        yield list(range(1, n_layers + 1))


def _layers(layers: Sequence[int], n_layers: int) -> str:
    if len(layers) == n_layers and n_layers > 1:
        return "every layer"
    return "layer " + ", ".join(map(str, layers))


def _equal(came: Array, wrong: Array) -> bool:
    scale = float(np.abs(wrong).max(initial=0))
    return np.shape(came) == wrong.shape and np.allclose(came, wrong, rtol=1e-6, atol=1e-9 * scale)
