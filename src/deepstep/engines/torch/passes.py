"""The forward and the backward pass on tensors whose rows are examples."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from deepstep.engines.torch.activations import ACTIVATIONS
from deepstep.engines.torch.layout import Layer
from deepstep.engines.torch.normalization import (
    MANY,
    Normalized,
    in_pieces,
    mean_over,
    normalize,
    normalize_backward,
    normalize_by,
)
from deepstep.network import Architecture


class Room(NamedTuple):
    """Where the passes over m examples work, by layer from 1: pre-activations and derivatives."""

    Z: list[Tensor]
    dA: list[Tensor]


class Cache(NamedTuple):
    """What a layer keeps for its way back.

    Attributes
    ----------
    A_prev : tensor of shape (m, n_{l-1})
        In the precision of the products.
    W : tensor of shape (n_l, n_{l-1})
        What it was multiplied with: W_s where inputs are scaled.
    Z : tensor of shape (m, n_l)
        Pre-activation; A where the activation works in place.
    normalized : Normalized or None
    bend : tensor of shape (m, n_l) or None
        g(Z) - Z of a parametric activation.
    """

    A_prev: Tensor
    W: Tensor
    Z: Tensor
    normalized: Normalized | None
    bend: Tensor | None


def room_for(architecture: Architecture, m: int, like: Tensor) -> Room:
    """Room for m examples, of the precision and on the device of a tensor."""
    Z, dA = (
        [like.new_empty(m, n) for n in architecture.layer_dims[1:]],
        [like.new_empty(m, n) for n in architecture.layer_dims[1:-1]],
    )
    return Room(Z, dA)


def forward(
    X: Tensor,
    layers: Sequence[Layer],
    architecture: Architecture,
    room: Room,
    masks: Mapping[int, Tensor],
) -> tuple[Tensor, list[Cache]]:
    """ZL and the caches of a pass in training: batches have their own statistics.

    Products are of the precision of the layers, what is normalized of float32 at least.
    """
    A, caches, last = X, [], architecture.n_layers
    for l, layer in enumerate(layers, start=1):
        kind = architecture.normalization[l - 1] if l < last else "none"
        A_prev = A.to(layer.W.dtype)
        W = layer.W if layer.s is None else layer.W * layer.s
        normalized = None
        if kind == "none" or layer.gamma is None:
            Z = torch.addmm(layer.b, A_prev, W.T, out=room.Z[l - 1])
        else:
            U = torch.mm(A_prev, W.T, out=room.Z[l - 1])
            normalized = normalize(_wide(U), kind)
            Z = torch.addcmul(layer.b.to(normalized.U_hat.dtype), normalized.U_hat, layer.gamma)
        if l == last:
            caches.append(Cache(A_prev, W, Z, normalized, None))
            return _wide(Z), caches
        g, bend = ACTIVATIONS[architecture.activations[l - 1]], None
        if layer.alpha is not None:
            G = g.forward(Z.clone() if g.in_place else Z)
            A, bend = (1 - layer.alpha) * Z + layer.alpha * G, G - Z
        else:
            A = g.forward(Z)
        caches.append(Cache(A_prev, W, Z, normalized, bend))
        if l in masks:
            A = A * masks[l]
    raise AssertionError("an architecture has a layer")


def backward(
    dZL: Tensor,
    caches: Sequence[Cache],
    layers: Sequence[Layer],
    gradients: Sequence[Layer],
    architecture: Architecture,
    room: Room,
    masks: Mapping[int, Tensor],
) -> None:
    """∂J/∂θ without L1 and L2, written into ``gradients``. dZ is that of m·J: 1/m stands in dW and db."""
    dZ, share = dZL, 1 / len(dZL)
    for l in range(len(layers), 0, -1):
        cache, layer, g = caches[l - 1], layers[l - 1], gradients[l - 1]
        _mean(dZ, g.b)
        dU = dZ
        if cache.normalized is not None and g.gamma is not None and layer.gamma is not None:
            dZ = dZ.to(g.gamma.dtype)
            _mean(dZ * cache.normalized.U_hat, g.gamma)
            kind = architecture.normalization[l - 1]
            dU = normalize_backward(dZ * layer.gamma, cache.normalized, kind)
        dU = dU.to(cache.W.dtype)
        _weight_gradient(dU, cache.A_prev, share, g.W)
        if layer.s is not None and g.s is not None:
            torch.sum(layer.W * g.W, dim=0, dtype=g.s.dtype, out=g.s)
            g.W.mul_(layer.s)
        if l > 1:
            dA = torch.mm(dU, cache.W, out=room.dA[l - 2])
            dZ = _activated_backward(dA, l - 1, caches, layers, gradients, architecture, masks)


def _activated_backward(
    dA: Tensor,
    l: int,
    caches: Sequence[Cache],
    layers: Sequence[Layer],
    gradients: Sequence[Layer],
    architecture: Architecture,
    masks: Mapping[int, Tensor],
) -> Tensor:
    """dZ of layer l from the derivative by what it handed on."""
    if l in masks:
        dA = dA * masks[l]
    cache, alpha, of_alpha = caches[l - 1], layers[l - 1].alpha, gradients[l - 1].alpha
    g = ACTIVATIONS[architecture.activations[l - 1]]
    if alpha is None or of_alpha is None or cache.bend is None:
        return g.backward(dA.to(cache.Z.dtype), cache.Z)
    _mean(dA * cache.bend, of_alpha)
    return (1 - alpha) * dA + g.backward((alpha * dA).to(cache.Z.dtype), cache.Z)


def _mean(rows: Tensor, out: Tensor) -> None:
    """The mean over the examples; of bfloat16 it is added up in float32 and rounded once."""
    if rows.dtype == out.dtype and len(rows) < MANY:
        torch.mean(rows, dim=0, out=out)
    else:
        out.copy_(mean_over(rows, 0, keepdim=False))


def _weight_gradient(dU: Tensor, A_prev: Tensor, share: float, out: Tensor) -> None:
    """dW = dUᵀ·A_prev / m, into a tensor that may be wider than the product.

    Many rows go in pieces whose products are added up: BLAS may add up all rows of a single unit one after
    another, and of two million in float32 the fourth digit is wrong.
    """
    if len(dU) >= MANY:
        (D, rest), (A, rest_of_A) = in_pieces(dU, MANY // 2), in_pieces(A_prev, MANY // 2)
        found = torch.bmm(D.transpose(1, 2), A).sum(dim=0, dtype=out.dtype)
        torch.mul(found.add_(rest.T @ rest_of_A), share, out=out)
    elif out.dtype == dU.dtype:
        torch.addmm(out, dU.T, A_prev, beta=0, alpha=share, out=out)
    else:
        out.copy_(torch.addmm(out.new_zeros((), dtype=dU.dtype), dU.T, A_prev, beta=0, alpha=share))


def outputs(
    X: Tensor,
    layers: Sequence[Layer],
    architecture: Architecture,
    running: Mapping[str, Tensor],
) -> Tensor:
    """ZL of the network that predicts: running statistics, no dropout, its own precision."""
    A, last = X, architecture.n_layers
    for l, layer in enumerate(layers, start=1):
        W = layer.W if layer.s is None else layer.W * layer.s
        if layer.gamma is None:
            Z = torch.addmm(layer.b, A, W.T)
        else:
            U = A @ W.T
            given = (running[f"mean{l}"], running[f"variance{l}"]) if f"mean{l}" in running else None
            U_hat = normalize_by(U, *given) if given else normalize(U, "layer").U_hat
            Z = torch.addcmul(layer.b, U_hat, layer.gamma)
        if l < last:
            g = ACTIVATIONS[architecture.activations[l - 1]].forward
            alpha = layer.alpha
            A = g(Z) if alpha is None else (1 - alpha) * Z + alpha * g(Z.clone())
    return Z


def _wide(values: Tensor) -> Tensor:
    """In float32 where the products are of bfloat16."""
    return values.float() if values.dtype == torch.bfloat16 else values
