"""Whose costs are right: those that differ from float64's by no more than rounding explains.

The definition is our reference engine in float64. How far rounding carries a float32 run from there is
measured: the same engine in float32 trains the same network with inputs, hidden units and the examples
of each batch in other orders, which changes nothing but the order in which sums are added up. Its Adam
has the corrections 1 - βᵗ in float32, as JAX and Keras have them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepstep.engines import Settings, open_session
from deepstep.preparation.batches import Examples, batch
from race.entrants.session import architecture_of, parameters_of
from race.workloads import Layers, Orders, Workload, cost_of, data_of, first_layers

TIMES, LEAST, MOST, RUNS = 10, 2e-6, 0.01, 3
"""The limit: so many times the largest of so many distances, and at least that part of the cost.

A limit above the part ``MOST`` tells nothing, and everybody is refused."""

BETAS = 0.9, 0.999
"""Adam's, everybody's default."""


@dataclass(frozen=True)
class EpochScoring:
    """The right cost after a workload's checked units, and how far from it a float32 run may end."""

    right: dict[str, float]
    limit: float

    def right_for(self, epsilon_at: str) -> float:
        """The right cost for an engine with Adam's ε there."""
        return self.right.get(epsilon_at, next(iter(self.right.values())))


def judge_of(workload: Workload) -> EpochScoring:
    """The judge of a workload in which networks are trained."""
    places = ("outside", "hat") if workload.optimizer == "adam" else ("outside",)
    right = {place: _trained(workload, np.float64, place) for place in places}
    others = [_trained(workload, np.float32, places[0], seed) for seed in range(RUNS)]
    distance = max(abs(cost - right[places[0]]) for cost in others)
    limit = max(TIMES * distance, LEAST * right[places[0]])
    return EpochScoring(right, limit if limit <= MOST * right[places[0]] else 0.0)


def _trained(workload: Workload, dtype: type, epsilon_at: str, seed: int | None = None) -> float:
    """The cost after the checked units; with a seed, of a run whose sums are added up in other orders."""
    data, layers = data_of(workload), first_layers(workload)
    X, shuffled = data.X, _as_they_are
    if seed is not None:
        rng = np.random.default_rng(seed)
        shuffled = rng.permutation
        kept = np.arange(X.shape[1])
        for number, (W, b) in enumerate(layers):
            before = rng.permutation(W.shape[1]) if number == 0 else kept
            last = number == len(layers) - 1
            kept, first = (
                (np.arange(len(b)) if last else rng.permutation(len(b))),
                before if number == 0 else None,
            )
            layers[number] = W[kept][:, before], b[kept]
            if first is not None:
                X = np.ascontiguousarray(X[:, first])
    found = _train(workload, X.astype(dtype), data.Y.astype(dtype), layers, epsilon_at, shuffled)
    return cost_of(workload, found, data._replace(X=X))


def _as_in_float32(workload: Workload, step: int) -> float:
    """α with which the update is that of a peer whose 1 - βᵗ is float32: far from it while βᵗ is near 1."""
    rounded = [np.float32(1) - np.float32(beta) ** np.float32(step) for beta in BETAS]
    first, second = (float(near) / (1 - beta**step) for near, beta in zip(rounded, BETAS, strict=True))
    return workload.rate / first * second**0.5


def _as_they_are(rows: np.ndarray) -> np.ndarray:
    return rows


def _train(
    workload: Workload,
    X: np.ndarray,
    Y: np.ndarray,
    layers: Layers,
    epsilon_at: str,
    shuffled: Callable[[np.ndarray], np.ndarray],
) -> Layers:
    """The layers after the checked units."""
    settings = {"epsilon_at": epsilon_at} if workload.optimizer == "adam" else {}
    session = open_session(
        "reference",
        architecture_of(workload),
        parameters_of(layers, X.dtype.type),
        Settings(workload.optimizer, settings),
    )
    examples, epochs, step = Examples(X, Y), Orders(len(X)), 0
    for _ in range(workload.checked):
        order = np.arange(len(X)) if workload.batch_size is None else next(epochs)
        for number in range(workload.steps_of_a_unit):
            rows = shuffled(order[batch(None, len(X), workload.batch_size, number)])
            step += 1
            rounds = X.dtype == np.float32 and workload.optimizer == "adam"
            rate = _as_in_float32(workload, step) if rounds else workload.rate
            session.step(*examples.take(rows)[:2], learning_rate=rate)
    found = session.parameters
    return [(found[f"W{l}"], found[f"b{l}"]) for l in range(1, len(layers) + 1)]
