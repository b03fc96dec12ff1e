"""Schedules against torch's, step by step, and against values worked out by hand."""

import pytest
import torch
from torch.optim import lr_scheduler as torch_s

from deepstep.equations import (
    cosine_factor,
    coslog4_factor,
    exponential_factor,
    flat_cos_factor,
    inverse_time_factor,
    linear_factor,
    one_cycle_factor,
    polynomial_factor,
    scheduled_inverse_time_factor,
    scheduled_inverse_time_rate,
    step_factor,
    warm_up_factor,
)

LENGTHS = (1, 3, 10, 49, 333)


def warm_cosine(optimizer, n):
    line = torch_s.LinearLR(optimizer, 0.25, 1.0, total_iters=n // 2)
    cosine = torch_s.CosineAnnealingLR(optimizer, T_max=n - n // 2)
    return torch_s.SequentialLR(optimizer, [line, cosine], milestones=[n // 2])


# ours at t = k / n, and torch's scheduler of n steps
TWINS = {
    **{
        f"step {size}": (
            lambda t, n, size=size: step_factor(t, drop=0.5, every=size / n),
            lambda o, n, size=size: torch_s.StepLR(o, step_size=size, gamma=0.5),
        )
        for size in (1, 2, 3, 7, 10)  # k / n divided by size / n may fall below a whole number in floats
    },
    "exponential": (
        lambda t, n: exponential_factor(t, last=1e-3),
        lambda o, n: torch_s.ExponentialLR(o, gamma=1e-3 ** (1 / n)),
    ),
    "cosine": (
        lambda t, n: cosine_factor(t, last=0.25),
        lambda o, n: torch_s.CosineAnnealingLR(o, T_max=n, eta_min=0.25),
    ),
    "linear": (
        lambda t, n: linear_factor(t, last=0.25),
        lambda o, n: torch_s.LinearLR(o, 1.0, 0.25, total_iters=n),
    ),
    "polynomial": (
        lambda t, n: polynomial_factor(t, power=3.7),
        lambda o, n: torch_s.PolynomialLR(o, total_iters=n, power=3.7),
    ),
    "inverse time": (
        lambda t, n: inverse_time_factor(t, decay=0.3 * n),
        lambda o, n: torch_s.LambdaLR(o, lambda epoch: 1 / (1 + 0.3 * epoch)),
    ),
    "scheduled inverse time": (
        lambda t, n: scheduled_inverse_time_factor(t, decay=0.3, every=3 / n),
        lambda o, n: torch_s.LambdaLR(o, lambda epoch: 1 / (1 + 0.3 * (epoch // 3))),
    ),
    "scheduled inverse time by epochs": (
        lambda t, n: scheduled_inverse_time_rate(1.0, round(t * n), 0.3, 10),
        lambda o, n: torch_s.LambdaLR(o, lambda epoch: 1 / (1 + 0.3 * (epoch // 10))),
    ),
    "warm-up before a cosine": (
        lambda t, n: warm_up_factor(t, share=n // 2 / n, first=0.25, then=cosine_factor),
        warm_cosine,
    ),
    "one cycle": (  # torch puts the peak at share · total - 1, of total = n + 1
        lambda t, n: one_cycle_factor(t, peak=(0.3 * (n + 1) - 1) / n),
        lambda o, n: torch_s.OneCycleLR(o, max_lr=1.0, total_steps=n + 1, pct_start=0.3),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_factors_are_torch_s_at_every_step(name):
    ours, make = TWINS[name]
    for n in LENGTHS:
        if n < 10 and name in ("one cycle", "warm-up before a cosine", "step 7", "step 10"):
            continue
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = make(optimizer, n)
        expected = [optimizer.param_groups[0]["lr"]]
        for _ in range(n):
            optimizer.step()
            scheduler.step()
            expected.append(optimizer.param_groups[0]["lr"])
        assert [ours(k / n, n) for k in range(n + 1)] == pytest.approx(expected, rel=1e-9, abs=1e-12), n


@pytest.mark.parametrize("size", [1, 2, 3])
def test_as_many_falls_as_there_are_where_training_is_long(size):
    n = 30_000
    found = [step_factor(k / n, drop=0.999, every=size / n) for k in range(n + 1)]
    assert found == [0.999 ** (k // size) for k in range(n + 1)]


def test_coslog4_and_flat_cos_by_hand():
    """Holzmüller et al.: zero at 0, 1/15, 3/15, 7/15, 1; 1 where log₂(1 + 15t) is a half more than whole."""
    for zero in (0, 1 / 15, 3 / 15, 7 / 15, 1):
        assert coslog4_factor(zero) == pytest.approx(0, abs=1e-13)
    for cycle in range(4):
        assert coslog4_factor((2 ** (cycle + 0.5) - 1) / 15) == pytest.approx(1, abs=1e-13)
    # log₂(1 + 15·t) = 1/4 at t = (2^¼ - 1)/15: a quarter of the wave, cos(π/2) = 0, the factor ½.
    assert coslog4_factor((2**0.25 - 1) / 15) == pytest.approx(0.5, abs=1e-12)
    flat = [flat_cos_factor(t) for t in (0, 0.25, 0.4999, 0.5, 2 / 3, 0.75, 1)]
    assert flat == pytest.approx([1, 1, 1, 1, 0.75, 0.5, 0], abs=1e-15)
