"""The passes of a batch, forth and back: the mean loss and ∂J/∂θ. On CUDA they are compiled."""

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, TypeAlias

import torch
from torch import Tensor

from deepstep.engines.choice import warning_if_slow
from deepstep.engines.torch.graph import as_vector, by_name, graph_on_tensors, losses_on_tensors
from deepstep.equations import get_head
from deepstep.equations.ops import backward, forward
from deepstep.network import Architecture

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
