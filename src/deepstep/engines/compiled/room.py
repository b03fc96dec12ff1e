"""The room that steps work in; it is kept from call to call."""

from typing import Any, NamedTuple

import numpy as np

from deepstep.engines.compiled.layout import MUON, RELU, SUMS, Embedded
from deepstep.engines.compiled.lowering import Tables
from deepstep.types import AnyArray, Array

TILE = 2**17
"""Numbers of a part of the gradient: BLAS packs the inputs again for each part, so parts are large, and yet
stay in the cache until the update has used them. (Measured: 2^15 took 9 % longer at 784-512-512-10, 5 % at
50-512-512-512-2; more than 2^17 changed nothing.)
"""


LEAST_ROWS = 16
"""Units at once where rows of weights are long: each part reads all inputs of the batch once more."""


def tile_of(layers: AnyArray, n_parameters: int) -> int:
    """How many numbers of the gradient one thread makes at once: some rows of weights at least."""
    widest = max(LEAST_ROWS * int(layers["size"].max()), int(layers["size"][0] * members_of(layers)))
    return min(max(TILE, widest), n_parameters)


def members_of(layers: AnyArray) -> int:
    """K of members that share the network; 1 for an ordinary one."""
    return int(layers["blocks"][-1])


class Work(NamedTuple):
    """Room that a step works in, of the network's dtype; kept from step to step.

    Arrays of units are flat: a row of ``stride`` numbers for each unit of all layers.
    """

    inputs: Array  # the gathered batch, flat: rows of examples, or of inputs where they are turned
    A: Array  # activations
    D: Array  # dZ; before that g′(Z)
    U: Array  # normalized inputs U_hat; empty without normalization
    S: Array  # dA of a layer on its way to dZ; empty where relu alone is used
    targets: Array  # a row for each output, flat
    rows: Array  # (4 + layers, stride), see WEIGHT, …
    gradient: Array  # a part of ∂J/∂θ for each thread, or all of it, flat
    shared: Array  # float64 (n_threads, k): sums that threads tell each other


def stride_for(m: int) -> int:
    """Numbers from unit to unit: whole vectors, and an odd number of them, as after a power of two units push
    each other out of the cache.

    Examples
    --------
    >>> stride_for(60), stride_for(64), stride_for(256), stride_for(1000)
    (64, 64, 272, 1008)
    """
    vectors = -(-m // 16)
    return 16 * (vectors | 1 if m > 64 else vectors)


def work_for(layers: AnyArray, m: int, n_threads: int, *, n_gradient: int, n_inputs: int, dtype: Any) -> Work:
    """Room for batches of m examples; so many numbers of the gradient, and of inputs that are copied."""
    sizes = layers["size"]
    units, widest = int(sizes[1:].sum()), int(sizes[1:].max())
    stride = stride_for(members_of(layers) * m)
    normalized = layers["normalization"].any()
    slopes = (layers["activation"][1:-1] != RELU).any()

    def room(rows: int, needed: Any = True) -> Array:
        return np.zeros(rows * stride if needed else 0, dtype)

    return Work(
        np.zeros(n_inputs, dtype),
        room(units),
        room(units),
        room(units, normalized),
        room(widest, slopes),
        room(int(sizes[-1])),
        room(4 + len(sizes)).reshape(-1, stride),
        np.zeros(n_gradient, dtype),
        np.zeros((n_threads, SUMS + (4 * units if normalized else 0))),
    )


class OptionalRoom(NamedTuple):
    """Room that most networks do without: it is empty then."""

    moments: Array  # float64 (2, units): mean and variance of the batch, where layers are normalized
    matrices: Array  # for the matrices that Muon updates
    scaled: Array  # W_s1 in the forward pass, then W1 ∘ dW_s1, where inputs have factors
    bent: Array  # g(Z) - Z like `Work.A`, then dA ∘ (g(Z) - Z), where activations are parametric
    embedded: Embedded

    def for_batches(self, layers: AnyArray, m: int) -> "OptionalRoom":
        """With room for batches of m examples."""
        stride, found = stride_for(members_of(layers) * m), self
        if self.bent.size:
            found = found._replace(bent=_room(self.bent, int(layers["size"][1:].sum()) * stride))
        room = _room(self.embedded.room, self.embedded.rows * stride)
        return found._replace(embedded=self.embedded._replace(room=room))


def optional_room(plan: AnyArray, tables: Tables, dtype: Any) -> OptionalRoom:
    """The room that these settings need."""
    layers, parameters, embedded = tables
    units, muon = int(layers["size"][1:].sum()), plan["rule"][0] == MUON
    weights = int(layers["blocks"][1] * layers["size"][0] * layers["size"][1])
    sides = [(int(own["rows"]), int(own["width"])) for own in parameters if own["weights"] and muon]
    matrices = max((2 * n * k + 2 * min(n, k) ** 2 for n, k in sides), default=0)
    return OptionalRoom(
        np.zeros((2, units if layers["normalization"].any() else 0)),
        np.zeros(matrices, dtype),
        np.zeros(weights if layers["s"][1] >= 0 else 0, dtype),
        np.zeros(int((layers["alpha"] >= 0).any()), dtype),
        embedded,
    )


def _room(kept: Array, size: int) -> Array:
    return kept if kept.size == size else np.zeros(size, kept.dtype)
