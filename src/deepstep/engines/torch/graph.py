"""The graph of a network on tensors: the same nodes, each with its operation on tensors.

For training, operations write into memory that is kept from step to step, and derivatives by weights and
biases into the flat gradient: new memory takes longer than the smaller products.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from deepstep.engines.torch.arrays import on_tensors
from deepstep.equations import Graph, Op, relu
from deepstep.equations.backward import LINEAR
from deepstep.equations.normalization import PRODUCT
from deepstep.equations.ops import Node

EXAMPLES_AT_ONCE = 2**12
"""Examples whose products are added up in one call: a BLAS may add one after another, and of many in float32
lose digits.
"""


def graph_on_tensors(
    graph: Graph, gradient: Mapping[str, Tensor] | None = None, *, half: bool = False
) -> Graph:
    """The graph on tensors; in memory that is kept, for one number of examples, if a gradient is given."""
    kept = gradient is not None
    used = Counter(name for node in graph.nodes for name in {*node.reads, *node.needs})

    def op_of(node: Node) -> Op:
        op = node.op
        forward, backward, without_input = map(on_tensors, (op.forward, op.backward, op.without_input))
        if op in (LINEAR, PRODUCT):
            parts = [(gradient or {}).get(node.names.get(symbol, "")) for symbol in "Wb"]
            product = (HalfProduct if half else Product)(kept, *parts)
            forward, backward, without_input = product.forward, product.backward, product.gradients
        elif kept and op.forward is relu and used[node.reads[0]] == 1 and node.reads[0] != graph.logits:
            forward, backward = torch.relu_, _relu_backward_  # nobody else reads Z
        return replace(op, forward=forward, backward=backward, without_input=without_input)

    return graph.with_ops(op_of)


class Product:
    """W·A_prev, with b where the operation has one, and its backward; ``kept``: see `graph_on_tensors`."""

    def __init__(self, kept: bool, dW: Tensor | None, db: Tensor | None) -> None:
        self._kept, self._dW, self._db = kept, dW, db
        self._memory: dict[str, Tensor] = {}

    def _into(self, name: str, like: Tensor, *shape: int) -> Tensor | None:
        """Where a result goes: None for new memory."""
        if self._kept and name not in self._memory:
            self._memory[name] = like.new_empty(shape)
        return self._memory.get(name)

    def forward(self, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
        out = self._into("Z", W, W.shape[0], A_prev.shape[1])
        return torch.mm(W, A_prev, out=out) if b is None else torch.addmm(b, W, A_prev, out=out)

    def backward(self, dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> tuple[Tensor, ...]:
        dA = torch.mm(W.T, dZ, out=self._into("dA", W, *A_prev.shape))
        return dA, *self.gradients(dZ, A_prev, W, b)

    def gradients(self, dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> tuple[Tensor, ...]:
        """dW = dZ·A_prevᵀ / m, and db."""
        m = dZ.shape[1]
        if m <= EXAMPLES_AT_ONCE and dZ.dtype == W.dtype:
            dW = torch.addmm(W, dZ, A_prev.T, beta=0, alpha=1 / m, out=self._dW)
        else:
            pieces = zip(*(torch.split(one, EXAMPLES_AT_ONCE, 1) for one in (dZ, A_prev)), strict=True)
            dW = reduce(torch.add, ((d @ A.T).to(W.dtype) for d, A in pieces)) * (1 / m)
        return (dW,) if b is None else (dW, torch.mean(dZ, dim=1, keepdim=True, out=self._db))


class HalfProduct(Product):
    """A product of numbers rounded to bfloat16; what comes out is as precise as W."""

    def __init__(self, kept: bool, dW: Tensor | None, db: Tensor | None) -> None:
        super().__init__(kept, None, db)

    def forward(self, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
        self._rounded = A, half = A_prev.bfloat16(), W.bfloat16()
        return self._wide("Z", half @ A, W, 0 if b is None else b)

    def backward(self, dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> tuple[Tensor, ...]:
        gradients = self.gradients(dZ, A_prev, W, b)
        return self._wide("dA", self._rounded[1].T @ self._dZ, W), *gradients

    def gradients(self, dZ: Tensor, A_prev: Tensor, W: Tensor, b: Tensor | None = None) -> tuple[Tensor, ...]:
        self._dZ = dZ.bfloat16()
        dW = super().gradients(self._dZ, self._rounded[0], W)
        return dW if b is None else (*dW, torch.mean(dZ, dim=1, keepdim=True, out=self._db))

    def _wide(self, name: str, values: Tensor, like: Tensor, b: Tensor | int = 0) -> Tensor:
        return torch.add(values, b, out=self._into(name, like, *values.shape)).to(like.dtype)


def _relu_backward_(dA: Tensor, Z: Tensor) -> Any:
    """dZ, in the place of dA; Z may be A."""
    return torch.ops.aten.threshold_backward.grad_input(dA, Z, 0, grad_input=dA)


def parameters_in(vector: Tensor, graph: Graph) -> dict[str, Tensor]:
    """The parameters by name: views of a vector that lies as θ does."""
    parts = torch.split(vector, [rows * columns for _, (rows, columns) in graph.layout])
    return {name: part.view(shape) for (name, shape), part in zip(graph.layout, parts, strict=True)}
