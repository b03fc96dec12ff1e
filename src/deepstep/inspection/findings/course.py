"""What the course of the costs says: divergence, overfitting, a rate that is too low or too high."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from deepstep.inspection.findings.finding import NOTE, SERIOUS, WARNING, Finding
from deepstep.training import History
from deepstep.types import Array, is_whole

FEWEST = 10
"""Fewer epochs have no course."""

TENTH = 0.1
"""Means over a tenth of the epochs are compared: single ones jump."""

STILL_FALLING = 0.025
"""Of the whole fall, in the last tenth of the epochs: a quarter of what it would be of a straight line."""

RISEN = 0.1
"""Of the fall of the validation cost: so much above its best is more than its usual up and down."""

DOUBLED = 2.0
"""Times the best validation cost: that is far above it, too, though the first epoch was much worse still …"""

A_LITTLE = 0.02
"""… and though it rose by no more than this of the fall."""

FELL_LITTLE = 0.1
"""Of the first cost: after this little a training has only begun."""

NOTHING = 0.01
"""Of the first cost: less than this is nothing learned."""

STRAIGHT = 0.25
"""Of the fall in the second half of the epochs: it has not slowed down, as it does near a minimum."""

STEADY = 0.9
"""Share of the epochs in which the cost falls when the steps are short."""

JUMPS = 0.1
"""Of the whole fall, from one epoch to the next, typical of the second half: steps that overshoot."""


def course_findings(history: History, *, kept_best: bool) -> Iterator[Finding]:
    """Findings of the costs; with ``kept_best`` overfitting did no harm, as patience kept the best."""
    costs = _finite(history.costs)
    steps = [int(record.get("step", number + 1)) for number, record in enumerate(history)]
    beyond = list(_not_finite(history, costs, steps))
    yield from beyond
    known = ~np.isnan(costs)
    if beyond or known.sum() < 2:
        return
    first, last, lowest = float(costs[0]), float(costs[-1]), float(costs.min())
    scale = abs(first) or 1.0
    fall = first - lowest
    if last > first:
        says = f"the cost ended at {last:.4g}, above the {first:.4g} where it began"
        yield Finding("divergence", SERIOUS, says, "lower the learning rate", last / scale, None, steps[-1])
        return
    if len(costs) < FEWEST:
        return
    if fall < FELL_LITTLE * scale and _straight(costs, fall):
        says = (
            f"the cost fell steadily, and by no more than {100 * fall / scale:.2g} % in {len(costs)} epochs"
        )
        mend = "raise the learning rate: deepstep find-learning-rate suggests one"
        yield Finding("learning rate too low", WARNING, says, mend, fall / scale, None, steps[-1])
        return
    if fall < NOTHING * scale:
        says = f"the cost fell by no more than {100 * fall / scale:.2g} % in {len(costs)} epochs"
        mend = "look whether the inputs say anything about the target, and try other learning rates"
        yield Finding("nothing learned", WARNING, says, mend, fall / scale, None, steps[-1])
        return
    jump = float(np.median(np.abs(np.diff(costs[len(costs) // 2 :]))))
    if jump > JUMPS * fall:
        says = (
            f"the cost jumps by {jump:.2g} from epoch to epoch, {100 * jump / fall:.0f} % of its whole fall"
        )
        mend = "lower the learning rate, or let it fall with schedule='cosine'"
        yield Finding("unsteady cost", WARNING, says, mend, jump / fall, None, steps[len(costs) // 2])
    yield from _generalization(history, costs, steps, kept_best=kept_best)


def divergence_finding(diverged: Mapping[str, Any]) -> Finding:
    """The finding of a training that left the finite numbers, from what its `DivergenceError` said.

    Parameters
    ----------
    diverged : mapping
        ``came``, ``mend``, and where they are known ``layer`` and ``step``.

    Returns
    -------
    Finding

    Examples
    --------
    >>> print(divergence_finding({"came": "the cost J is inf in step 3", "mend": "Lower the learning rate."}))
    the cost J is inf in step 3; lower the learning rate.
    """
    mend = str(diverged.get("mend", "")).rstrip(".") or "lower the learning rate"
    says = str(diverged.get("came", "the training left the finite numbers"))
    layer, step = (one if is_whole(one := diverged.get(name), 1) else None for name in ("layer", "step"))
    return Finding("divergence", SERIOUS, says, f"{mend[:1].lower()}{mend[1:]}", float("nan"), layer, step)


def _not_finite(history: History, costs: Array, steps: list[int]) -> Iterator[Finding]:
    if np.isnan(costs).any():
        at = int(np.flatnonzero(np.isnan(costs))[0])
        says = f"the cost is not finite in epoch {history[at]['epoch']}"
        mend = "lower the learning rate, and scale the inputs"
        yield Finding("not finite", SERIOUS, says, mend, float("nan"), None, steps[at])
        return
    for at, record in enumerate(history):
        value = record.get("validation_cost", 0.0)
        if value is None or not np.isfinite(value):
            says = f"the validation cost is not finite in epoch {record['epoch']}"
            mend = "look for validation rows that lie far from the training rows"
            yield Finding("not finite", SERIOUS, says, mend, float("nan"), None, steps[at])
            return


def _generalization(
    history: History, costs: Array, steps: list[int], *, kept_best: bool
) -> Iterator[Finding]:
    """Overfitting, or an end that came too early: of the validation cost where there is one."""
    validation = _finite(history.column("validation_cost"))
    validated = not np.isnan(validation).any()
    watched = validation if validated else costs
    window = max(3, round(TENTH * len(watched)))
    best, first = int(watched.argmin()), float(watched[0])
    end = float(watched[-window:].mean())
    rise, fall = end - float(watched[best]), first - float(watched[best])
    learns_on = float(costs[-window:].mean()) < float(costs[best])
    far = rise > RISEN * max(fall, abs(first) / 10)
    far |= end > DOUBLED * watched[best] > 0 and rise > A_LITTLE * fall
    if validated and learns_on and best < len(watched) - window and far:
        if not kept_best:
            says = (
                f"the validation cost rises since epoch {history[best]['epoch']}, from {watched[best]:.4g} "
                f"to {watched[-1]:.4g}, while the cost falls"
            )
            mend = "stop there (patience), regularize (dropout, weight_decay), or take a smaller network"
            yield Finding("overfitting", WARNING, says, mend, rise, None, steps[best])
        return
    still = float(watched[-2 * window : -window].mean()) - end
    ended_by_itself = kept_best and best < len(watched) - 1 - window
    if fall > 0 and still > STILL_FALLING * fall and not ended_by_itself and not _stopped_early(history):
        name = "validation cost" if validated else "cost"
        share = f"{100 * still / fall:.0f} % of its fall in the last tenth"
        says = f"the {name} was still falling at the end: {share}"
        yield Finding("not converged", NOTE, says, "train for longer", still / fall, None, steps[-1])


def _stopped_early(history: History) -> bool:
    return "did not improve" in history.stopped


def _straight(costs: Array, fall: float) -> bool:
    """Whether the cost falls in nearly every epoch and has not slowed down."""
    half = len(costs) // 2
    steady = float((np.diff(costs) < 0).mean()) >= STEADY
    return fall > 0 and steady and float(costs[half] - costs[-1]) >= STRAIGHT * fall


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)
