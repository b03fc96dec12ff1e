"""The graph of a network on tensors: the same nodes, each with its operation on tensors.

For training, operations write into memory that is kept from step to step, and the derivatives by weights and biases
into the flat gradient: allocating it anew takes longer than the smaller products.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from deepstep import equations
from deepstep.engines.torch.arrays import on_tensors
from deepstep.equations import ACTIVATIONS, Graph, Op
from deepstep.equations.backward import LINEAR
from deepstep.equations.normalization import PRODUCT
from deepstep.equations.ops import Node

EXAMPLES_AT_ONCE = 2**16
"""Examples whose products are added up in one call: float32 loses digits in longer sums."""

AT_ONCE = 2**15
"""Numbers for each thread that element-wise functions of a CPU work on at once: they stay in its cache."""


def graph_on_tensors(
    graph: Graph, gradient: Mapping[str, Tensor] | None = None, *, half: bool = False
) -> Graph:
    """The graph on tensors.

    Parameters
    ----------
    graph : Graph
    gradient : mapping, optional
        Where the derivative by each parameter goes. With it, operations keep the memory that they work in: the graph
        is then for one number of examples, and for one pass at a time.
    half : bool
        Whether products are of bfloat16; everything else keeps its precision.
    """
    used = Counter(name for node in graph.nodes for name in {*node.reads, *node.needs})
    element_wise = {one.forward for one in ACTIVATIONS.values() if not one.across_units}

    def op_of(node: Node) -> Op:
        op = node.op
        if op in (LINEAR, PRODUCT):
            parts = (
                None if gradient is None else [gradient.get(node.names.get(symbol, "")) for symbol in "Wb"]
            )
            made = Product(parts, half=half)
            return replace(op, forward=made.forward, backward=made.backward, without_input=made.gradients)
        forward, backward = on_tensors(op.forward), on_tensors(op.backward)
        if gradient is not None and op.forward in element_wise and node.reads[0] != graph.logits:
            alone = used[node.reads[0]] == 1  # nobody else reads Z
            if op.forward is equations.relu and alone:
                return replace(op, forward=torch.relu_, backward=_relu_backward_)
            blocks = Blocks(forward, backward)
            return replace(op, forward=blocks.forward, backward=blocks.backward)
        return replace(op, forward=forward, backward=backward, without_input=on_tensors(op.without_input))

    return graph.with_ops(op_of)


class Product:
    """W·A_prev, with b where the operation has one, and its backward.

    Parameters
    ----------
    parts : pair of tensors or None
        Where dW and db go; each may be None. None for a product that keeps no memory.
    half : bool
    """

    def __init__(self, parts: Any, *, half: bool) -> None:
        self._keeps, (self._dW, self._db) = parts is not None, parts or (None, None)
        self._half = half
        self._Z = self._dA = None

    def forward(self, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
        if self._half:
            Z = W.bfloat16() @ A_prev.bfloat16()
            return Z.to(W.dtype) if b is None else b + Z
        if self._keeps and self._Z is None:
            self._Z = W.new_empty(len(W), A_prev.shape[1])
        return torch.mm(W, A_prev, out=self._Z) if b is None else torch.addmm(b, W, A_prev, out=self._Z)

    def backward(self, dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> tuple[Tensor, ...]:
        if self._half:
            dA = (W.bfloat16().T @ dZ.bfloat16()).to(W.dtype)
        else:
            if self._keeps and self._dA is None:
                self._dA = W.new_empty(W.shape[1], dZ.shape[1])
            dA = torch.mm(W.T, dZ, out=self._dA)
        return dA, *self.gradients(dZ, A_prev, W, b)

    def gradients(self, dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> tuple[Tensor, ...]:
        """dW = dZ·A_prevᵀ / m and db = Σᵢ dZ⁽ⁱ⁾ / m, of very many examples in pieces."""
        if self._half:
            dZ_, A_prev = dZ.bfloat16(), A_prev.bfloat16()
        else:
            dZ_ = dZ
        share, pieces = 1 / dZ.shape[1], ((dZ_, A_prev),)
        if dZ.shape[1] > EXAMPLES_AT_ONCE:
            pieces = tuple(zip(*(one.split(EXAMPLES_AT_ONCE, dim=1) for one in pieces[0]), strict=True))
        if self._dW is None or self._half:
            dW = sum((d @ A.T).to(W.dtype) for d, A in pieces) * share
        else:
            dW = self._dW
            for number, (d, A) in enumerate(pieces):
                torch.addmm(dW, d, A.T, beta=min(number, 1), alpha=share, out=dW)
        return (dW,) if b is None else (dW, torch.mean(dZ, dim=1, keepdim=True, out=self._db))


class Blocks:
    """An element-wise operation of a CPU, some numbers after the other: what it computes in between stays in cache."""

    def __init__(self, forward: Any, backward: Any) -> None:
        self._forward, self._backward = forward, backward
        self._A: Tensor | None = None

    def forward(self, Z: Tensor) -> Tensor:
        """A, in memory that is kept."""
        if _is_one_block(Z):
            return self._forward(Z)
        self._A = A = torch.empty_like(Z) if self._A is None else self._A
        for a, z in zip(_blocks(A), _blocks(Z), strict=True):
            a.copy_(self._forward(z))
        return A

    def backward(self, dA: Tensor, Z: Tensor) -> Tensor:
        """dZ, in the place of dA."""
        if _is_one_block(Z) or not dA.is_contiguous():
            return self._backward(dA, Z)
        for d, z in zip(_blocks(dA), _blocks(Z), strict=True):
            d.copy_(self._backward(d, z))
        return dA


def block_size(like: Tensor) -> int:
    """Numbers that element-wise functions work on at once: all of them on a GPU."""
    return AT_ONCE * torch.get_num_threads() if like.is_cpu else 2**62


def _is_one_block(values: Tensor) -> bool:
    return not values.is_contiguous() or values.numel() <= block_size(values)


def _blocks(values: Tensor) -> tuple[Tensor, ...]:
    return values.view(-1).split(block_size(values))


def _relu_backward_(dA: Tensor, Z: Tensor) -> Tensor:
    """dZ, in the place of dA; Z may be A."""
    found: Tensor = torch.ops.aten.threshold_backward.grad_input(dA, Z, 0, grad_input=dA)
    return found


def parameters_in(vector: Tensor, graph: Graph) -> dict[str, Tensor]:
    """The parameters by name: views of a vector that lies as θ does."""
    sizes = [rows * columns for _, (rows, columns) in graph.layout]
    parts = zip(graph.layout, vector.split(sizes), strict=True)
    return {name: part.view(shape) for (name, shape), part in parts}
