"""Many rows at once: the same numbers, in bounded memory."""

import tracemalloc

import numpy as np
import pytest

from deepstep import Network
from deepstep.training.rows import parts


def test_memory_does_not_grow_with_the_rows():
    """All activations of these rows at once would be 78 MiB, and their Z as much again."""
    X = np.random.default_rng(0).standard_normal((50, 20_000))
    Y = (X[:1] > 0).astype(float)
    net, metrics = Network([50, 256, 256, 1], seed=1), {"mean": lambda Y, AL: AL.mean()}
    for answer in (
        lambda: net.predict(X),
        lambda: net.cost(X, Y),
        lambda: net.train(X[:, :9], Y[:, :9], iterations=1, validation=(X, Y), metrics=metrics),
    ):
        tracemalloc.start()
        try:
            answer()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 70 * 2**20


@pytest.mark.parametrize("weights", [None, [1, 2, 0, 3, 0, 0, 0, 1e300, 1e308, 5]])
def test_in_parts_it_is_the_same(monkeypatch, weights):
    """Two rows at once: one of the parts has no weight, another nearly all of it."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((3, 10)), rng.integers(0, 2, (2, 10))
    net = Network([3, 4, 2], normalization="batch", seed=1)
    net.train(X, Y, iterations=3)
    metrics = {"largest": lambda Y, AL: AL.max()}

    def answers():
        held_out = (X, Y) if weights is None else (X, Y, weights)
        options = {"iterations": 2, "validation": held_out}
        history = Network([3, 4, 2], seed=1).train(X, Y, **options, metrics=metrics)
        plain = Network([3, 4, 2], seed=1).train(X, Y, **options)
        costs = (records.column("validation_cost") for records in (history, plain))
        measured = net.cost(X, Y, sample_weight=weights), history.column("validation_largest")
        return [net.forward(X), net.predict(X), *measured, *costs]

    whole = answers()
    monkeypatch.setattr("deepstep.training.rows.NUMBERS_AT_ONCE", 2 * (3 + 4 + 2))
    assert [part.start for part in parts(10, [3, 4, 2])] == [0, 2, 4, 6, 8]
    for one, other in zip(answers(), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
