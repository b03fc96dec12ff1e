"""How many times too high a learning rate is: the largest one with which some steps do not raise the cost."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import isfinite

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, SessionState

STEPS, EXAMPLES = 10, 2000
"""A rate is tried for so many steps, on so many examples of the batch."""

LEAST_EXPONENT, EXACT = -300.0, 0.1
"""The search goes down to 10 to this power times the rate, and ends so close to the largest good one."""


def times_too_high(
    session: ReferenceSession, opened: OpenedStep, rate: float, decay: float, states: Iterable[SessionState]
) -> float | None:
    """How many times higher a rate is than the largest good one, on the batch of ``opened``.

    The first of the states counts at which the rate is too high and a lower one is good; None where there is
    none. Dropout and noise, which let the cost waver, are left out.
    """
    columns = np.unique(np.linspace(0, opened.X.shape[1] - 1, EXAMPLES).astype(int))
    weight = None if opened.sample_weight is None else opened.sample_weight[columns]
    if weight is not None and not weight.any():
        return None
    settings = replace(session.settings, dropout=0.0, input_noise=0.0)
    trial = ReferenceSession(session.architecture, session.parameters, settings, session.state().statistics)

    def good(rate: float, state: SessionState) -> bool:
        trial.load(state)
        costs = (
            trial.step(
                opened.X[:, columns],
                opened.Y[:, columns],
                learning_rate=rate,
                sample_weight=weight,
                weight_decay=decay,
            )
            for _ in range(STEPS + 1)
        )
        first = next(costs)
        limit = first + 1e-6 * abs(first)
        return isfinite(first) and all(cost <= limit for cost in costs)

    for state in states:
        if not good(rate, state) and good(rate * 10**LEAST_EXPONENT, state):
            return _search(partial(good, state=state), rate)
    return None


def _search(good: Callable[[float], bool], rate: float) -> float:
    """By halving the exponent between one that is too high and one that is good."""
    high, low = 0.0, LEAST_EXPONENT
    while high - low > EXACT:
        middle = (high + low) / 2
        if good(rate * 10**middle):
            low = middle
        else:
            high = middle
    return float(10**-low)
