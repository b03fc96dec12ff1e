"""The graph of a network on tensors: the same nodes, with PyTorch's kernels where it has them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from deepstep.engines.torch.arrays import on_tensors, product_gradient
from deepstep.equations import Graph, Head, Op
from deepstep.equations.backward import LINEAR
from deepstep.equations.normalization import PRODUCT
from deepstep.equations.ops import Layout, Node

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def graph_on_tensors(graph: Graph, *, half: bool = False) -> Graph:
    """The graph on tensors; with ``half`` its products are of numbers rounded to bfloat16."""

    def op_of(node: Node) -> Op:
        op = node.op
        if op in (LINEAR, PRODUCT):
            forward, backward, gradients = HALF if half else FULL
            return replace(op, forward=forward, backward=backward, without_input=gradients)
        return replace(op, forward=on_tensors(op.forward), backward=on_tensors(op.backward))

    return graph.with_ops(op_of)


def _forward(A_prev: Tensor, W: Tensor, *b: Tensor) -> Tensor:
    return torch.addmm(b[0], W, A_prev) if b else W @ A_prev


def _backward(dZ: Tensor, A_prev: Tensor, W: Tensor, *b: Tensor) -> tuple[Tensor, ...]:
    return W.T @ dZ, *_gradients(dZ, A_prev, W, *b)


def _gradients(dZ: Tensor, A_prev: Tensor, W: Tensor, *b: Tensor) -> tuple[Tensor, ...]:
    """dW, and db where there is a bias."""
    return product_gradient(dZ, A_prev), *(dZ.mean(dim=1, keepdim=True) for _ in b)


def _half_forward(A_prev: Tensor, W: Tensor, *b: Tensor) -> Tensor:
    return sum(b, (W.bfloat16() @ A_prev.bfloat16()).to(W.dtype))


def _half_backward(dZ: Tensor, A_prev: Tensor, W: Tensor, *b: Tensor) -> tuple[Tensor, ...]:
    return (W.bfloat16().T @ dZ.bfloat16()).to(W.dtype), *_half_gradients(dZ, A_prev, W, *b)


def _half_gradients(dZ: Tensor, A_prev: Tensor, W: Tensor, *b: Tensor) -> tuple[Tensor, ...]:
    dW = product_gradient(dZ.bfloat16(), A_prev.bfloat16()).to(W.dtype)
    return dW, *(dZ.mean(dim=1, keepdim=True) for _ in b)


FULL = _forward, _backward, _gradients
"""The equations of W·A_prev, or W·A_prev + b: forward, backward, and backward without the inputs."""
HALF = _half_forward, _half_backward, _half_gradients
"""These equations for numbers rounded to bfloat16; the results are as precise as W."""


def losses_on_tensors(head: Head, like: Tensor) -> tuple[Loss, Loss]:
    """The loss and its backward on tensors; settings that are sequences as tensors beside ``like``."""
    settings = {
        name: torch.tensor(value, dtype=like.dtype, device=like.device)
        for name, value in head.settings.items()
        if isinstance(value, tuple)
    }
    loss, loss_backward = (partial(function, **settings) for function in (head.loss, head.loss_backward))
    return on_tensors(loss), on_tensors(loss_backward)


def by_name(vector: Tensor, layout: Layout) -> dict[str, Tensor]:
    """Parameters by name: views of a vector that lies as θ does."""
    parts = torch.split(vector, [rows * columns for _, (rows, columns) in layout])
    return {name: part.view(shape) for (name, shape), part in zip(layout, parts, strict=True)}


def as_vector(parts: Mapping[str, Tensor], layout: Layout) -> Tensor:
    """Parameters, or derivatives by them, in one vector that lies as θ does."""
    return torch.cat([parts[name].reshape(-1) for name, _ in layout])
