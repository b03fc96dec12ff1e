"""For tests that go over all heads: fitting settings and targets, by the heads' kinds of targets."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepstep.equations import HEADS


def head_settings(output: str, n_outputs: int) -> dict[str, Any]:
    """Settings with which the head has so many outputs."""
    levels = np.linspace(0, 1, n_outputs + 2)[1:-1].round(3).tolist()
    return {"levels": levels} if output == "quantile" else {}


def _ordered(rng: np.random.Generator, n: int, m: int) -> Any:
    return (rng.permutation(np.arange(m) % (n + 1)) > np.arange(n)[:, np.newaxis]).astype(float)


TARGETS: dict[str, Callable[[np.random.Generator, int, int], Any]] = {
    "probabilities": lambda rng, n, m: rng.permuted(np.tile(np.arange(m) % 2, (n, 1)), axis=1).astype(float),
    "classes": lambda rng, n, m: np.eye(n)[:, rng.permutation(np.arange(m) % n)],
    "numbers": lambda rng, n, m: rng.standard_normal((n, m)),
    "counts": lambda rng, n, m: rng.poisson(2, size=(n, m)).astype(float),
    "one number": lambda rng, n, m: np.tile(rng.standard_normal(m), (n, 1)),
    "cumulative": _ordered,
}
"""Y (n, m) as it comes in training: of classes all that there is room for."""


def head_target(output: str, n_outputs: int, m: int, seed: int = 0) -> Any:
    """A target (n_outputs, m) that the head learns."""
    return TARGETS[HEADS[output].targets](np.random.default_rng(seed), n_outputs, m)
