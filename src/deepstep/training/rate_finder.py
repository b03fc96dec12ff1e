"""Learning rates by trial: growing ones, of which one is suggested, and how far one is too high."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, Session, SessionState
from deepstep.errors import DataError
from deepstep.preparation.batches import Examples, Order, as_they_are, batch, n_batches, visited
from deepstep.training.plan import Plan
from deepstep.training.schedules import check_range
from deepstep.types import Array, is_whole

AUTO = "auto"  # in place of a learning rate: one is searched for

DIVERGED = 3.0
"""The search ends when the smoothed cost rose by so many times the size of the first or of the lowest one."""

STEPS, EXAMPLES = 10, 2000
"""Whether a rate is too high is tried for so many steps, on so many examples of the batch."""

LEAST_EXPONENT, EXACT = -300.0, 0.1
"""That search goes down to 10 to this power times the rate, and ends so close to the largest good one."""


@dataclass(frozen=True)
class RateSearch:
    """The rates and costs of a search for a learning rate.

    Attributes
    ----------
    rates : array of shape (k,)
        The learning rates tried, rising by the same factor.
    costs : array of shape (k,)
        The smoothed cost after the update at each, from which is taken by how much the batch is easier or
        harder than others at the first parameters.
    first_cost : float
        The cost before all of them, the mean over the batches.
    suggestion : float or None
        A tenth of the rate at which the smoothed cost was lowest; None where it only rose.
    diverged : bool
        Whether the cost rose so far that the search ended before the last rate.

    Examples
    --------
    >>> search = RateSearch(np.array([0.1, 1.0]), np.array([0.5, 0.9]), 0.7, 0.01, diverged=False)
    >>> float(search.rates[search.costs.argmin()])
    0.1
    """

    rates: Array
    costs: Array
    first_cost: float
    suggestion: float | None
    diverged: bool


def find_rate(
    session: Session,
    examples: Examples,
    *,
    least: float = 1e-6,
    most: float = 10.0,
    steps: int = 100,
    batch_size: int | None = None,
    order: Order = as_they_are,
    smoothing: float | None = None,
) -> RateSearch:
    """Search for a learning rate.

    The rates grow by the same factor from step to step, on one batch each. Some batches are easier than
    others: the cost of each is taken relative to that of the same batch, with the same masks, at
    the first parameters. It is smoothed by a moving average, corrected for its beginning as in Adam. The
    search ends when all rates were tried or the smoothed cost rose far above the lowest one: to four times
    the first one if it had not fallen. The suggestion is a tenth of the rate at which it was lowest: there
    the cost falls fast, and the edge of divergence is an order of magnitude away.

    Smith, "Cyclical learning rates for training neural networks", arXiv 1506.01186, section 3.3 (the range
    test). A tenth of the minimum, the smoothing and the end at four times the cost: Gugger, "How do you find
    a good learning rate" (2018), and the library fastai.

    Parameters
    ----------
    session : Session
        Where the updates are done; it is afterwards as it was before.
    examples : Examples
        Training data.
    least, most : float, optional
        The first and the last rate.
    steps : int, optional
        Updates, at least 2.
    batch_size : int or None, optional
        Examples an update; None for all of them.
    order : callable, optional
        Order of the examples in each pass over them, as in training.
    smoothing : float, optional
        Weight of the past in the moving average, from 0 (none) to below 1. By default 0.9, and 0 for all
        examples at once, whose costs have no noise: an average lags behind and makes the suggestion larger.

    Returns
    -------
    RateSearch
        The rates and costs, with the suggestion.

    Raises
    ------
    ConfigurationError
        If a setting is out of range.
    DataError
        If the cost is not finite before the first update, or all weights are 0.

    Examples
    --------
    >>> from deepstep import Architecture, Parameters
    >>> from deepstep.engines import open_session
    >>> line = Architecture((1, 1), ("identity",))  # J = ½ mean((w·x - y)²): gradient descent bears α < 2
    >>> session = open_session("reference", line, Parameters(np.zeros(2), [1, 1]))
    >>> x = np.array([[-1.0], [1.0]])
    >>> search = find_rate(session, Examples(x, 3 * x), least=1e-4, most=100.0)
    >>> 0.05 < search.suggestion < 0.5
    True
    """
    if smoothing is None:
        smoothing = 0.0 if batch_size is None else 0.9
    check_range("least", least, ("a positive number", lambda x: x > 0))
    check_range("most", most, (f"a number above {least!r}", lambda x: x > least))
    check_range("steps", steps, ("a whole number of at least 2", lambda x: is_whole(x, 2)))
    check_range("smoothing", smoothing, ("a number from 0 to below 1", lambda x: 0 <= x < 1))
    if examples.weight is not None and not examples.weight.any():
        raise DataError("All sample weights are 0")
    plan = Plan(epochs=1, learning_rate=least, batch_size=batch_size, order=order)
    rates = np.geomspace(least, most, steps)
    begun = session.state()
    at_first: list[float] = []  # the cost of each batch before any update
    seen: list[float] = []  # the smoothed cost before each update, so that seen[i + 1] is what rate i came to
    average = 0.0
    try:
        for number, taken in zip(range(steps + 1), _taught(examples, plan), strict=False):
            session.load(replace(begun, step=begun.step + number))  # the step's masks
            cost = _step(session, taken, 0.0)
            if not isfinite(cost):
                break
            at_first.append(cost)
        if not at_first:
            raise DataError(f"The cost is {cost} before the first update", "Scale the inputs.")
        session.load(begun)
        usual = sum(at_first) / len(at_first)
        batches = zip([*rates.tolist(), least], at_first, _taught(examples, plan), strict=False)
        for rate, before, taken in batches:
            average = smoothing * average + (1 - smoothing) * (_step(session, taken, rate) - before)
            smoothed = usual + average / (1 - smoothing ** (len(seen) + 1))
            if not isfinite(smoothed):
                break
            seen.append(smoothed)
            if smoothed - min(seen) > DIVERGED * max(abs(seen[0]), abs(min(seen))):
                break
    finally:
        session.load(begun)
    first, *costs = seen
    tried = rates[: len(costs)]
    fell = bool(costs) and min(costs) < first
    suggestion = float(tried[int(np.argmin(costs))]) / 10 if fell else None
    return RateSearch(tried, np.array(costs), first, suggestion, len(costs) < steps)


_Batch = tuple[Array, Array, Array | None]


def _taught(examples: Examples, plan: Plan) -> Iterator[_Batch]:
    """Batch after batch, pass after pass; one without weight teaches nothing and uses up no rate."""
    m = len(examples)
    for epoch in count():
        order = visited(plan.order, epoch, m)
        for number in range(n_batches(m, plan.batch_size)):
            taken = examples.take(batch(order, m, plan.batch_size, number))
            if taken[2] is None or taken[2].any():
                yield taken


def _step(session: Session, taken: _Batch, rate: float) -> float:
    X, Y, weight = taken
    with np.errstate(over="ignore", invalid="ignore"):  # the search is meant to end so
        return session.step(X, Y, learning_rate=rate, sample_weight=weight)


def times_too_high(
    session: ReferenceSession, opened: OpenedStep, rate: float, decay: float, states: Iterable[SessionState]
) -> float | None:
    """How many times higher a rate is than the largest that does not raise the cost, if there is one."""
    columns = np.unique(np.linspace(0, opened.X.shape[1] - 1, EXAMPLES).astype(int))
    X, Y, weight = opened.X[:, columns], opened.Y[:, columns], opened.sample_weight
    weight = None if weight is None else weight[columns]
    if weight is not None and not weight.any():
        return None
    settings = replace(session.settings, dropout=0.0)  # it lets the cost waver
    trial = ReferenceSession(session.architecture, session.parameters, settings, session.state().statistics)

    def good(exponent: float, state: SessionState) -> bool:
        trial.load(state)
        options = {"learning_rate": rate * 10**exponent, "sample_weight": weight, "weight_decay": decay}
        costs = (trial.step(X, Y, **options) for _ in range(STEPS + 1))
        first = next(costs)
        limit = first + 1e-6 * abs(first)
        return isfinite(first) and all(cost <= limit for cost in costs)

    for state in states:
        high, low = 0.0, LEAST_EXPONENT
        if good(high, state) or not good(low, state):
            continue
        while high - low > EXACT:
            middle = (high + low) / 2
            high, low = (high, middle) if good(middle, state) else (middle, low)
        return float(10**-low)
    return None
