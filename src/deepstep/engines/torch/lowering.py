"""The graph of a network on tensors: the same nodes, each with its operation on tensors."""

from dataclasses import replace
from functools import cache, lru_cache

import torch
from torch import Tensor

from deepstep.engines.torch.arrays import EXAMPLES_AT_ONCE, on_tensors
from deepstep.equations import Graph, Op
from deepstep.equations.backward import LINEAR
from deepstep.equations.normalization import PRODUCT
from deepstep.network import Architecture


@lru_cache(maxsize=64)
def lowered(architecture: Architecture, dropped: frozenset[int], predicting: bool) -> Graph:
    """The graph on tensors."""
    graph = architecture.graph_with_dropout(dropped)
    graph = graph.predicting if predicting else graph
    return graph.with_ops(lambda node: _on_tensors(node.op))


@cache
def _on_tensors(op: Op) -> Op:
    if op in PRODUCTS:
        return PRODUCTS[op]
    partial_backward = op.without_input
    return replace(
        op,
        forward=on_tensors(op.forward),
        backward=on_tensors(op.backward),
        without_input=partial_backward and on_tensors(partial_backward),
    )


def _linear(A_prev: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return torch.addmm(b, W, A_prev.to(W.dtype))


def _linear_backward(dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return W.T @ dZ.to(W.dtype), *_linear_gradients(dZ, A_prev, W, b)


def _linear_gradients(dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return _weight_gradient(dZ, A_prev, W), dZ.mean(dim=1, keepdim=True)


def _product(A_prev: Tensor, W: Tensor) -> Tensor:
    return _wide(W @ A_prev.to(W.dtype))


def _product_backward(dU: Tensor, A_prev: Tensor, W: Tensor) -> tuple[Tensor, Tensor]:
    return W.T @ dU.to(W.dtype), _weight_gradient(dU, A_prev, W)


def _weight_gradient(dZ: Tensor, A_prev: Tensor, W: Tensor) -> Tensor:
    """dZ·A_prevᵀ / m, in pieces where the sums are long."""
    m = dZ.shape[1]
    pieces = zip(dZ.split(EXAMPLES_AT_ONCE, dim=1), A_prev.split(EXAMPLES_AT_ONCE, dim=1), strict=True)
    first, *others = (d.to(W.dtype) @ A.to(W.dtype).T for d, A in pieces)
    for other in others:
        first = first + other
    return first.mul_(1 / m)


def _wide(values: Tensor) -> Tensor:
    """In float32 where the products are of bfloat16."""
    return values.float() if values.dtype == torch.bfloat16 else values


PRODUCTS: dict[Op, Op] = {
    LINEAR: replace(LINEAR, forward=_linear, backward=_linear_backward, without_input=_linear_gradients),
    PRODUCT: replace(
        PRODUCT,
        forward=_product,
        backward=_product_backward,
        without_input=lambda dU, A_prev, W: (_weight_gradient(dU, A_prev, W),),
    ),
}
"""Products of matrices, which may be of another precision than what goes in and comes out."""
