"""Schedules: how the learning rate, or anything else with a size, changes during training.

The lecture's two give α as a function of the epoch. The factors are functions of t, the fraction of training
done, from 0 to 1; what they multiply is α, dropout or weight decay. They do not know epochs, so that the same
one serves ten epochs and a time budget.
"""

from collections.abc import Callable
from math import cos, floor, log2, pi

from deepstep.equations.registry import equation


@equation("α = α₀ / (1 + decay·epoch)", source="lecture, course 2 week 2")
def inverse_time_rate(learning_rate: float, epoch: float, decay: float) -> float:
    """The learning rate of an epoch, falling in each.

    Parameters
    ----------
    learning_rate : float
        α₀, the rate of epoch 0.
    epoch : float
        Number of the epoch, from 0; between two epochs too.
    decay : float
        At least 0.

    Returns
    -------
    α : float
        The learning rate.

    Notes
    -----
        α = α₀ / (1 + decay·epoch)

    Source: lecture, course 2 week 2.

    Examples
    --------
    >>> inverse_time_rate(0.5, 4, 0.25)
    0.25
    """
    return learning_rate / (1 + decay * epoch)


@equation("α = α₀ / (1 + decay·⌊epoch / interval⌋)", source="lecture, course 2 week 2")
def scheduled_inverse_time_rate(learning_rate: float, epoch: int, decay: float, interval: int) -> float:
    """The learning rate of an epoch, falling once in each interval.

    Parameters
    ----------
    learning_rate : float
        α₀, the rate of the first interval.
    epoch : int
        Number of the epoch, from 0.
    decay : float
        At least 0.
    interval : int
        Epochs between two falls, at least 1.

    Returns
    -------
    α : float
        The learning rate.

    Notes
    -----
        α = α₀ / (1 + decay·⌊epoch / interval⌋)

    Source: lecture, course 2 week 2.

    Examples
    --------
    >>> [scheduled_inverse_time_rate(0.5, epoch, 1.0, 100) for epoch in (0, 99, 100)]
    [0.5, 0.5, 0.25]
    """
    return inverse_time_rate(learning_rate, epoch // interval, decay)


@equation("f = 1", source="lecture 6")
def constant_factor(t: float) -> float:
    """No change.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = 1

    Source: lecture 6.

    Examples
    --------
    >>> constant_factor(0.5)
    1.0
    """
    return 1.0


@equation("f = dropᵏ,  k = ⌊t / every⌋", source="lecture, course 2 week 2 (staircase)")
def step_factor(t: float, *, drop: float = 0.1, every: float = 1 / 3) -> float:
    """Fall to a share of itself, again and again.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    drop : float, optional
        Share that is left after each fall.
    every : float, optional
        Fraction of training between two falls.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = dropᵏ
        k = ⌊t / every⌋

    Source: lecture, course 2 week 2 (staircase).

    Examples
    --------
    >>> [step_factor(t, drop=0.5, every=0.25) for t in (0.0, 0.24, 0.25, 1.0)]
    [1.0, 1.0, 0.5, 0.0625]
    """
    return float(drop ** _falls(t, every))


@equation("f = lastᵗ", source="lecture, course 2 week 2, over the fraction of training")
def exponential_factor(t: float, *, last: float = 0.01) -> float:
    """Fall by the same share in equal times.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    last : float, optional
        The factor at the end, above 0: the lecture's base to the power of the number of epochs.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = lastᵗ

    Source: lecture, course 2 week 2, over the fraction of training.

    Examples
    --------
    >>> exponential_factor(0.5, last=0.25)
    0.5
    """
    return float(last**t)


@equation("f = 1 / (1 + decay·t)", source="lecture, course 2 week 2, over the fraction of training")
def inverse_time_factor(t: float, *, decay: float = 9.0) -> float:
    """The lecture's learning-rate decay; with the default it ends at a tenth.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    decay : float, optional
        At least 0: the lecture's decay times the number of epochs.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = 1 / (1 + decay·t)

    Source: lecture, course 2 week 2, over the fraction of training.

    Examples
    --------
    >>> inverse_time_factor(1.0, decay=3.0)
    0.25
    """
    return inverse_time_rate(1.0, t, decay)


@equation("f = 1 / (1 + decay·⌊t / every⌋)", source="lecture, course 2 week 2, over the fraction of training")
def scheduled_inverse_time_factor(t: float, *, decay: float = 1.0, every: float = 0.1) -> float:
    """The lecture's scheduled learning-rate decay.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    decay : float, optional
        At least 0, as in the lecture.
    every : float, optional
        Fraction of training between two falls: the lecture's interval by the number of epochs.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = 1 / (1 + decay·⌊t / every⌋)

    Source: lecture, course 2 week 2, over the fraction of training.

    Examples
    --------
    >>> [scheduled_inverse_time_factor(t, every=0.5) for t in (0.0, 0.49, 0.5)]
    [1.0, 1.0, 0.5]
    """
    return inverse_time_rate(1.0, _falls(t, every), decay)


@equation("f = last + (1 - last)·(1 + cos πt) / 2", source="Loshchilov & Hutter, arXiv 1608.03983")
def cosine_factor(t: float, *, last: float = 0.0) -> float:
    """Half a wave of the cosine: slowly at both ends.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    last : float, optional
        The factor at the end.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = last + (1 - last)·(1 + cos πt) / 2

    Source: Loshchilov & Hutter, arXiv 1608.03983.

    Examples
    --------
    >>> [round(cosine_factor(t), 3) for t in (0.0, 0.5, 1.0)]
    [1.0, 0.5, 0.0]
    """
    return last + (1 - last) * (1 + cos(pi * t)) / 2


@equation("f = last + (1 - last)·(1 - t)", source="Li et al., arXiv 1905.04753")
def linear_factor(t: float, *, last: float = 0.0) -> float:
    """A straight line down.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    last : float, optional
        The factor at the end.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = last + (1 - last)·(1 - t)

    Source: Li et al., arXiv 1905.04753.

    Examples
    --------
    >>> linear_factor(0.25), linear_factor(1.0, last=0.1)
    (0.75, 0.1)
    """
    return last + (1 - last) * (1 - t)


@equation("f = last + (1 - last)·(1 - t)ᵖ", source="Chen et al., arXiv 1606.00915")
def polynomial_factor(t: float, *, power: float = 2.0, last: float = 0.0) -> float:
    """A power of what is left of training.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    power : float, optional
        p, above 0.
    last : float, optional
        The factor at the end.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = last + (1 - last)·(1 - t)ᵖ

    Source: Chen et al., arXiv 1606.00915.

    Examples
    --------
    >>> polynomial_factor(0.5), polynomial_factor(0.5, power=3.0)
    (0.25, 0.125)
    """
    return float(last + (1 - last) * (1 - t) ** power)


@equation(
    "f = first + (1 - first)·(1 - cos(πt/peak)) / 2 for t < peak,  "
    "then last + (1 - last)·(1 + cos(π(t - peak)/(1 - peak))) / 2",
    source="Smith & Topin, arXiv 1708.07120, with the cosine of torch's OneCycleLR",
)
def one_cycle_factor(
    t: float, *, peak: float = 0.3, first: float = 1 / 25, last: float = 1 / 250_000
) -> float:
    """Up to the largest rate and down to next to nothing, in one cycle.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    peak : float, optional
        Where the factor is 1, between 0 and 1.
    first : float, optional
        The factor at the beginning.
    last : float, optional
        The factor at the end.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = first + (1 - first)·(1 - cos(πt/peak)) / 2 for t < peak
        then last + (1 - last)·(1 + cos(π(t - peak)/(1 - peak))) / 2

    Source: Smith & Topin, arXiv 1708.07120, with the cosine of torch's OneCycleLR.

    Examples
    --------
    >>> [round(one_cycle_factor(t), 3) for t in (0.0, 0.15, 0.3, 0.65, 1.0)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    if t < peak:
        return first + (1 - first) * (1 - cos(pi * t / peak)) / 2
    return cosine_factor((t - peak) / (1 - peak), last=last)


@equation("f = (1 - cos(2π·log₂(1 + 15t))) / 2", source="Holzmüller et al., arXiv 2407.04491 (RealMLP)")
def coslog4_factor(t: float) -> float:
    """Four cycles, each twice as long as the one before: 0 at t = 0, 1/15, 3/15, 7/15, 1.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = (1 - cos(2π·log₂(1 + 15t))) / 2

    Source: Holzmüller et al., arXiv 2407.04491 (RealMLP).

    Examples
    --------
    >>> [round(coslog4_factor(t), 3) for t in (0.0, (2**0.5 - 1) / 15, 1 / 15, 1.0)]
    [0.0, 1.0, 0.0, 0.0]
    """
    return (1 - cos(2 * pi * log2(1 + 15 * t))) / 2


@equation(
    "f = 1 for t < 1/2,  then (1 + cos(π(2t - 1))) / 2",
    source="Holzmüller et al., arXiv 2407.04491 (RealMLP)",
)
def flat_cos_factor(t: float) -> float:
    """Flat for the first half, then the cosine down to 0; RealMLP's for dropout and weight decay.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = 1 for t < 1/2
        then (1 + cos(π(2t - 1))) / 2

    Source: Holzmüller et al., arXiv 2407.04491 (RealMLP).

    Examples
    --------
    >>> [round(flat_cos_factor(t), 3) for t in (0.0, 0.5, 0.75, 1.0)]
    [1.0, 1.0, 0.5, 0.0]
    """
    return 1.0 if t < 0.5 else cosine_factor(2 * t - 1)


@equation(
    "f = first + (1 - first)·t/share for t < share,  then g((t - share)/(1 - share))",
    source="Goyal et al., arXiv 1706.02677, section 2.2",
)
def warm_up_factor(
    t: float, *, share: float = 0.1, first: float = 0.0, then: Callable[[float], float] = constant_factor
) -> float:
    """A straight line up before another schedule, which takes what is left of training.

    Parameters
    ----------
    t : float
        Fraction of training done, from 0 to 1.
    share : float, optional
        Fraction of training that warms up, from 0 to below 1.
    first : float, optional
        The factor at the beginning.
    then : callable, optional
        g, the schedule behind the warm-up.

    Returns
    -------
    f : float
        The factor.

    Notes
    -----
        f = first + (1 - first)·t/share for t < share
        then g((t - share)/(1 - share))

    Source: Goyal et al., arXiv 1706.02677, section 2.2.

    Examples
    --------
    >>> [warm_up_factor(t, share=0.5, then=linear_factor) for t in (0.0, 0.25, 0.5, 0.75)]
    [0.0, 0.5, 1.0, 0.5]
    """
    if t < share:
        return first + (1 - first) * t / share
    return then((t - share) / (1 - share))


def _falls(t: float, every: float) -> int:
    """⌊t / every⌋ of the real numbers: 0.3 / 0.1 is below 3 in floats alone."""
    passed = t / every
    return round(passed) if abs(passed - round(passed)) < 1e-9 * max(1.0, passed) else floor(passed)
