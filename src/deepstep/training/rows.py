"""A network's outputs and cost for many rows: part by part in bounded memory, each worker its own."""

from collections.abc import Callable, Iterator, Sequence
from operator import mul
from typing import Any

import numpy as np

from deepstep.engines import Session
from deepstep.environment import single_blas_below
from deepstep.equations import cost_from_logits, get_head
from deepstep.preparation.batches import Examples
from deepstep.types import Array

NUMBERS_AT_ONCE = 2**21
"""Numbers of one part over all layers (16 MiB in float64); the forward pass holds about twice as many."""


def forward_rows(forward: Callable[[Array], Array], X: Any, layer_dims: Sequence[int]) -> Array:
    """Outputs (m, n_L) of rows (m, n_x), part by part: only the part at hand of sparse rows is made dense."""
    outputs, slices = [], list(parts(X.shape[0], layer_dims))
    largest = min(X.shape[0], slices[0].stop) if slices else 0
    with single_blas_below(largest * largest_product(layer_dims)):
        for part in slices:
            rows = X[part]
            outputs.append(forward((rows if isinstance(rows, np.ndarray) else rows.toarray()).T).T)
    return _joined(outputs)


def largest_product(layer_dims: Sequence[int]) -> int:
    """Multiplications of the layer that has most, for one row."""
    return max(map(mul, layer_dims, layer_dims[1:]))


def cost_of_rows(cost: Callable[..., float], examples: Examples, layer_dims: Sequence[int]) -> float:
    """The cost J of rows, without regularization; inf or NaN if the outputs are NaN or infinite."""
    costs = []
    slices = list(parts(len(examples), layer_dims))
    if len(slices) == 1 and examples.weight is None:
        X, Y, _ = examples.take(slices[0])
        return cost(X, Y, sample_weight=None)
    shares = _shares(examples, slices)
    for part, share in zip(slices, shares, strict=True):
        X, Y, weight = examples.take(part)
        costs.append(cost(X, Y, sample_weight=weight) if share else 0.0)  # weights of 0 have no mean
    return float(np.dot(costs, shares))


def cost_and_outputs(session: Session, examples: Examples) -> tuple[float, Array]:
    """Both of the network that predicts, from one forward pass; the outputs as rows (m, n_L)."""
    shape, statistics = session.architecture, session.state().statistics
    parameters, head = session.parameters, get_head(shape)
    costs, outputs = [], []
    slices = list(parts(len(examples), shape.layer_dims))
    shares = _shares(examples, slices)
    for part, share in zip(slices, shares, strict=True):
        X, Y, weight = examples.take(part)
        graph, tape = shape.run(X, parameters, statistics=statistics)
        outputs.append(tape[graph.output].T)
        costs.append(
            cost_from_logits(tape[graph.logits], Y, output=head, sample_weight=weight) if share else 0.0
        )
    return float(np.dot(costs, shares)), _joined(outputs)


def cost_of_all(session: Session, examples: Examples) -> float:
    """The cost of examples by the network that predicts: each worker does its part of them."""
    layer_dims, share = session.architecture.layer_dims, session.workers.share
    if share.of == 1:
        return cost_of_rows(session.cost, examples, layer_dims)
    here = examples.part(share.part(len(examples)))
    weight = _weight(here)
    J = cost_of_rows(session.cost, here, layer_dims) if weight else 0.0
    weighted_cost, total = session.workers.sums([J * weight, weight])
    return float(weighted_cost / total)


def cost_and_outputs_of_all(session: Session, examples: Examples) -> tuple[float, Array]:
    """The cost as `cost_of_all` has it and the outputs of all examples, (m, n_L), from one forward pass."""
    share = session.workers.share
    if share.of == 1:
        return cost_and_outputs(session, examples)
    part = share.part(len(examples))
    here, A = examples.part(part), np.zeros(examples.Y.shape)
    weight = J = 0.0
    if len(here):
        weight = _weight(here)
        J, A[part] = cost_and_outputs(session, here)
    sums = session.workers.sums(np.concatenate([[J * weight if weight else 0.0, weight], A.ravel()]))
    outputs = sums[2:].reshape(A.shape).astype(session.parameters.dtype)
    return float(sums[0] / sums[1]), outputs


def _weight(examples: Examples) -> float:
    """The sum of the weights; 0 where there are no examples."""
    return float(len(examples) if examples.weight is None else examples.weight.sum(dtype=float))


def parts(m: int, layer_dims: Sequence[int]) -> Iterator[slice]:
    """Slices of m rows that a forward pass can take at once."""
    size = max(1, NUMBERS_AT_ONCE // sum(layer_dims))
    for start in range(0, m, size):
        yield slice(start, start + size)


def _shares(examples: Examples, slices: Sequence[slice]) -> Array:
    """The share of each part in the mean of all; that of an only part is 1 to the last digit."""
    # relative to the largest one, so that their sum does not overflow
    weight = np.ones(len(examples)) if examples.weight is None else examples.weight / examples.weight.max()
    sizes = np.array([weight[part].sum(dtype=float) for part in slices])
    return sizes / sizes.sum()


def _joined(outputs: Sequence[Array]) -> Array:
    return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
