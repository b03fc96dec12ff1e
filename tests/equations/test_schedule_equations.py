"""Schedules against torch's, step by step, and against values worked out by hand."""

import math

import pytest
import torch
from torch.optim import lr_scheduler

from deepstep.equations import (
    constant_factor,
    cosine_factor,
    coslog4_factor,
    exponential_factor,
    flat_cos_factor,
    inverse_time_factor,
    inverse_time_rate,
    linear_factor,
    one_cycle_factor,
    polynomial_factor,
    scheduled_inverse_time_factor,
    scheduled_inverse_time_rate,
    step_factor,
    warm_up_factor,
)

LENGTHS = [1, 3, 10, 49, 333]


def torch_factors(n, make, *, rate=1.0):
    """What a scheduler of torch multiplies the rate with, before steps 0 … n."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = make(optimizer)
    factors = [optimizer.param_groups[0]["lr"] / rate]
    for _ in range(n):
        optimizer.step()
        scheduler.step()
        factors.append(optimizer.param_groups[0]["lr"] / rate)
    return factors


def ours(n, factor, **settings):
    return [factor(k / n, **settings) for k in range(n + 1)]


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_step_equals_torch_s_at_every_step(n, size):
    """Also where k / n divided by size / n falls below a whole number in floats."""
    if size <= n:
        got = ours(n, step_factor, drop=0.5, every=size / n)
        assert got == torch_factors(n, lambda o: lr_scheduler.StepLR(o, step_size=size, gamma=0.5))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_as_many_falls_as_there_are_where_training_is_long(size):
    n = 30_000
    got = ours(n, step_factor, drop=0.999, every=size / n)
    assert got == [0.999 ** (k // size) for k in range(n + 1)]


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("last", [1e-3, 0.5, 1.0])
def test_exponential_equals_torch_s(n, last):
    expected = torch_factors(n, lambda o: lr_scheduler.ExponentialLR(o, gamma=last ** (1 / n)))
    assert ours(n, exponential_factor, last=last) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("last", [0.0, 0.25, 1.0])
def test_cosine_and_linear_equal_torch_s(n, last):
    expected = torch_factors(n, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=n, eta_min=last))
    assert ours(n, cosine_factor, last=last) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    line = torch_factors(n, lambda o: lr_scheduler.LinearLR(o, 1.0, last, total_iters=n))
    assert ours(n, linear_factor, last=last) == pytest.approx(line, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("power", [0.5, 1.0, 2.0, 3.7])
def test_polynomial_equals_torch_s(n, power):
    expected = torch_factors(n, lambda o: lr_scheduler.PolynomialLR(o, total_iters=n, power=power))
    assert ours(n, polynomial_factor, power=power) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("total", [10, 20, 100, 333])
@pytest.mark.parametrize("share", [0.2, 0.3, 0.5])
def test_one_cycle_equals_torch_s(total, share):
    """torch counts from step 0 to step total - 1 and puts the peak at share · total - 1."""
    expected = torch_factors(
        total - 1, lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=total, pct_start=share)
    )
    peak = (share * total - 1) / (total - 1)
    assert ours(total - 1, one_cycle_factor, peak=peak) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("decay", [0.0, 0.3, 4.0])
def test_inverse_time_equals_the_lecture_s_in_torch(n, decay):
    expected = torch_factors(n, lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + decay * epoch)))
    assert ours(n, inverse_time_factor, decay=decay * n) == pytest.approx(expected, rel=1e-12)
    assert [inverse_time_rate(1.0, epoch, decay) for epoch in range(n + 1)] == expected


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("interval", [1, 3, 10])
def test_scheduled_inverse_time_equals_the_lecture_s_in_torch(n, interval):
    expected = torch_factors(
        n, lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + 0.3 * (epoch // interval)))
    )
    assert [scheduled_inverse_time_rate(1.0, epoch, 0.3, interval) for epoch in range(n + 1)] == expected
    assert ours(n, scheduled_inverse_time_factor, decay=0.3, every=interval / n) == expected


@pytest.mark.parametrize("n", [4, 10, 100])
def test_warm_up_before_a_cosine_equals_torch_s_sequence(n):
    steps = n // 2

    def sequence(optimizer):
        line = lr_scheduler.LinearLR(optimizer, 0.25, 1.0, total_iters=steps)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=n - steps)
        return lr_scheduler.SequentialLR(optimizer, [line, cosine], milestones=[steps])

    expected = torch_factors(n, sequence)
    got = ours(n, warm_up_factor, share=steps / n, first=0.25, then=cosine_factor)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_coslog4_by_hand():
    """Holzmüller et al.: zero at 0, 1/15, 3/15, 7/15, 1; 1 where log₂(1 + 15t) is a half more than whole."""
    for zero in (0, 1 / 15, 3 / 15, 7 / 15, 1):
        assert coslog4_factor(zero) == pytest.approx(0, abs=1e-13)
    for cycle in range(4):
        assert coslog4_factor((2 ** (cycle + 0.5) - 1) / 15) == pytest.approx(1, abs=1e-13)
    # log₂(1 + 15·t) = 1/4 at t = (2^¼ - 1)/15: a quarter of the wave, cos(π/2) = 0, the factor ½.
    assert coslog4_factor((2**0.25 - 1) / 15) == pytest.approx(0.5, abs=1e-12)
    assert (math.sqrt(2) - 1) / 15 == pytest.approx(0.0276, abs=5e-5)  # the first peak, as published


def test_flat_cos_by_hand():
    assert [flat_cos_factor(t) for t in (0, 0.25, 0.4999)] == [1, 1, 1]
    at_two_thirds = 0.75  # (1 + cos(π/3)) / 2
    assert flat_cos_factor(2 / 3) == pytest.approx(at_two_thirds, abs=1e-15)
    assert [flat_cos_factor(t) for t in (0.5, 0.75, 1)] == pytest.approx([1, 0.5, 0], abs=1e-15)


def test_constant_is_constant():
    assert {constant_factor(k / 10) for k in range(11)} == {1.0}
