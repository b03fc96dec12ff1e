"""A network's outputs and cost for many rows, in bounded memory: a part of them at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from deepstep.engines import Session
from deepstep.equations import cost_of_the_answer, get_head
from deepstep.preparation.batches import Examples
from deepstep.types import Array

NUMBERS_AT_ONCE = 2**21
"""Numbers of one part over all layers (16 MiB in float64); the forward pass holds about twice as many."""


def forward_rows(forward: Callable[[Array], Array], X: Any, layer_dims: Sequence[int]) -> Array:
    """Outputs of rows; of sparse rows only the part at hand is made dense.

    Parameters
    ----------
    forward : callable
        Columns (n_x, k) to outputs (n_L, k).
    X : array or SciPy sparse array of shape (m, n_x)
    layer_dims : sequence of int
        Sizes of the layers, which say how many rows a part may have.

    Returns
    -------
    array of shape (m, n_L)

    Examples
    --------
    >>> forward_rows(lambda A: 2 * A, np.array([[1.0], [3.0]]), [1, 1]).tolist()
    [[2.0], [6.0]]
    """
    outputs = []
    for part in parts(X.shape[0], layer_dims):
        rows = X[part]
        outputs.append(forward((rows if isinstance(rows, np.ndarray) else rows.toarray()).T).T)
    return _joined(outputs)


def cost_of_rows(cost: Callable[..., float], examples: Examples, layer_dims: Sequence[int]) -> float:
    """The cost J of rows, without regularization.

    Parameters
    ----------
    cost : callable
        ``cost(X, Y, sample_weight=…)`` of columns, as that of a session and of a `Network`.
    examples : Examples
        Rows with their targets and weights, one of them above 0.
    layer_dims : sequence of int
        As in `forward_rows`.

    Returns
    -------
    float
        Inf or NaN where the outputs leave the finite numbers.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
    >>> cost_of_rows(net.cost, Examples(np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]])), [1, 1])
    1.0
    """
    costs = []
    slices = list(parts(len(examples), layer_dims))
    shares = _shares(examples, slices)
    for part, share in zip(slices, shares, strict=True):
        X, Y, weight = examples.take(part)
        costs.append(cost(X, Y, sample_weight=weight) if share else 0.0)
    return float(np.dot(costs, shares))


def cost_and_outputs(session: Session, examples: Examples) -> tuple[float, Array]:
    """Both of the network that predicts, from one forward pass; the outputs as rows (m, n_L)."""
    shape, statistics = session.architecture, session.state().statistics
    parameters, head = session.outcome, get_head(shape)
    costs, outputs = [], []
    slices = list(parts(len(examples), shape.held_dims))
    shares = _shares(examples, slices)
    for part, share in zip(slices, shares, strict=True):
        X, Y, weight = examples.take(part)
        graph, tape = shape.run(X, parameters, statistics=statistics)
        outputs.append(tape[graph.output].T)
        costs.append(
            cost_of_the_answer(tape[graph.logits], Y, output=head, sample_weight=weight) if share else 0.0
        )
    return float(np.dot(costs, shares)), _joined(outputs)


def parts(m: int, layer_dims: Sequence[int]) -> Iterator[slice]:
    """Slices of m rows that a forward pass can take at once."""
    size = max(1, NUMBERS_AT_ONCE // sum(layer_dims))
    for start in range(0, m, size):
        yield slice(start, start + size)


def _shares(examples: Examples, slices: Sequence[slice]) -> Array:
    """What each part counts for in the mean of all; the share of an only part is 1 to the last digit."""
    weight = np.ones(len(examples)) if examples.weight is None else examples.weight / examples.weight.max()
    sizes = np.array([weight[part].sum(dtype=float) for part in slices])
    return sizes / sizes.sum()


def _joined(outputs: Sequence[Array]) -> Array:
    return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
