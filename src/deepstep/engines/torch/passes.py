"""The passes of a batch over the graph on tensors: the mean loss and ∂J/∂θ. On CUDA they are compiled.

The nodes are those of the network's graph, with PyTorch's kernels where it has them.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import Any, TypeAlias

import torch
from torch import Tensor

from deepstep.engines.choice import warning_if_slow
from deepstep.engines.torch.arrays import on_tensors, product_gradient
from deepstep.equations import Graph, Head, Op, get_head
from deepstep.equations.backward import LINEAR
from deepstep.equations.normalization import PRODUCT
from deepstep.equations.ops import Layout, Node, backward, forward
from deepstep.network import Architecture

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


Statistics: TypeAlias = dict[str, Tensor]
Passes: TypeAlias = Callable[..., tuple[Tensor, Tensor, Statistics]]
"""(θ, X, Y, weights or None, masks by layer) → the mean loss, ∂J/∂θ and the statistics of the batch."""

COMPILED = 64
"""Kinds of batches for which passes are compiled in a process; of further ones they are not."""


@lru_cache(maxsize=COMPILED)
def passes_of(
    architecture: Architecture, dropped: frozenset[int], dtype: torch.dtype, device: torch.device, half: bool
) -> Passes:
    """The passes of a network, the same for all sessions: PyTorch compiles them once.

    dropped: The layers with a dropout mask.
    half: Whether products are of bfloat16.
    """
    graph = graph_on_tensors(architecture.graph_with_dropout(dropped), half=half)
    loss, loss_backward = losses_on_tensors(
        get_head(architecture), torch.empty(0, dtype=dtype, device=device)
    )
    nodes, logits, layout, running = graph.to_logits, graph.logits, graph.layout, tuple(graph.running)
    wide = torch.float32 if device.type == "mps" else torch.float64

    def passes(
        theta: Tensor, X: Tensor, Y: Tensor, weight: Tensor | None, masks: Mapping[int, Tensor]
    ) -> tuple[Tensor, Tensor, Statistics]:
        tape: dict[str, Any] = {"A0": X, **by_name(theta, layout)}
        tape |= {f"mask{layer}": mask for layer, mask in masks.items()}
        forward(nodes, tape)
        ZL = tape[logits]
        losses, dZL = loss(ZL, Y), loss_backward(ZL, Y)
        if weight is not None:
            losses, dZL = losses * weight, dZL * weight
        d: dict[str, Any] = {logits: dZL}
        gradients: dict[str, Any] = {}
        for _, derivatives in backward(nodes, tape, d, input_gradient=False):
            gradients |= derivatives
        statistics = {name: tape[name] for name in running}
        return losses.mean(dtype=wide), as_vector(gradients, layout), statistics

    return compiled_passes(passes) if device.type == "cuda" and find_spec("triton") else passes


def compiled_passes(passes: Passes) -> Passes:
    """Passes by PyTorch's compiler, for each size of a batch; as they are from the first failure on."""
    from torch import _dynamo, _inductor

    _dynamo.config.recompile_limit = max(_dynamo.config.recompile_limit, COMPILED)
    # a resumed training has to have the same bits: nothing is chosen by the clock
    options: dict[str, Any] = {"deterministic": True} if hasattr(_inductor.config, "deterministic") else {}
    by_compiler = torch.compile(passes, dynamic=False, options=options)
    sizes: set[int] = set()
    failed = False

    def passed(theta: Tensor, X: Tensor, *others: Any) -> tuple[Tensor, Tensor, Statistics]:
        nonlocal failed
        tensors, m = (theta, X, *others), X.shape[1]
        if failed:
            return passes(*tensors)
        slow = warning_if_slow(f"compiling the passes of {m} examples: once, some seconds")
        try:
            with nullcontext() if m in sizes else slow:
                values = by_compiler(*tensors)
            sizes.add(m)
            return values
        except Exception as error:  # a compiler raises what it likes
            failed = True
            words = f"{type(error).__name__}: {next(iter(str(error).splitlines()), ''):.160}"
            logging.getLogger("deepstep").warning("PyTorch's compiler failed, which is slower: %s", words)
            return passes(*tensors)

    return passed
