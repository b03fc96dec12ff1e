"""Schedules and the plateau against torch's, step by step, and by hand; what is accepted and refused."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler as torch_s

from deepstep.equations import (
    EQUATIONS,
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
from deepstep.errors import ConfigurationError
from deepstep.training import SCHEDULES, ReduceLROnPlateau, Schedule, get_schedule

fractions = st.floats(0, 1)
SETTING = {
    "every": st.floats(1e-6, 1),
    "decay": st.floats(0, 1e308),
    "power": st.floats(0, 1e308, exclude_min=True),
    "peak": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "warm_up": st.floats(0, 1, exclude_max=True),
}


@st.composite
def schedules(draw):
    name = draw(st.sampled_from(sorted(SCHEDULES)))
    settings = {}
    for setting in [*Schedule(name).settings, "warm_up", "warm_up_from"]:
        if draw(st.booleans()):
            above_zero = (name, setting) == ("exponential", "last")
            settings[setting] = draw(SETTING.get(setting, st.floats(0, 1, exclude_min=above_zero)))
    return Schedule(name, settings)


@given(schedules(), fractions)
def test_every_factor_is_from_0_to_1_and_what_is_stored_comes_back_the_same(schedule, t):
    assert 0 <= schedule(t) <= 1 + 1e-15
    again = get_schedule(json.loads(json.dumps(schedule.to_dict())))
    assert again(t) == schedule(t)
    for copied in (again, copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert copied == schedule
        assert hash(copied) == hash(schedule)


@given(st.floats(0, 1, exclude_max=True), fractions)
def test_a_warm_up_goes_up_and_never_above_what_follows(share, t):
    schedule = Schedule("constant", {"warm_up": share})
    assert 0 <= schedule(t * share) <= schedule(share) == schedule(1) == 1


def test_every_schedule_is_an_equation_and_a_name_and_cannot_be_changed():
    for name, function in SCHEDULES.items():
        assert EQUATIONS[f"{name}_factor"].function is function
        assert get_schedule(name) == Schedule(name) == get_schedule({"name": name})
    schedule = Schedule("step", {"every": np.float32(0.5)})
    assert schedule.to_dict() == {"name": "step", "drop": 0.1, "every": 0.5}
    assert type(schedule.settings["every"]) is float
    with pytest.raises(TypeError):
        schedule.settings["every"] = 1


def test_a_function_of_the_user_s_is_asked_and_cannot_be_stored():
    schedule = get_schedule(lambda t: np.float64(t * t))
    assert schedule(0.5) == 0.25
    assert type(schedule(0.5)) is float
    with pytest.raises(ConfigurationError, match="cannot be stored: pass it again"):
        get_schedule(schedule.to_dict())
    for bad in (math.nan, -0.1, None, True, 10**400):
        with pytest.raises(ConfigurationError, match=r"^schedule must be a function .* got .* at t = 0\.5"):
            get_schedule(lambda t, bad=bad: bad)(0.5)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("cosin", "Did you mean 'cosine'"),
        ({"name": "cosine", "lats": 0.1}, "have names among .* got 'lats'. Did you mean 'last'"),
        ({"name": "cosine", "warm_up": 1.0}, "must be a number from 0 to below 1, got 1.0"),
        ({"name": "cosine", "last": -0.1}, "must be a number from 0 to 1"),
        ({"name": "step", "every": 0}, "must be a number from 1e-6 to 1"),
        ({"name": "one_cycle", "peak": 1}, "must be a number between 0 and 1"),
        ({"name": "inverse_time", "decay": 10**400}, "must be a number of at least 0"),
        (0.5, " must be a name"),
    ],
)
def test_what_is_no_schedule_is_refused_where_it_was_given(spec, message):
    with pytest.raises(ConfigurationError, match=message) as error:
        get_schedule(spec, "dropout_schedule")
    assert str(error.value).startswith("dropout_schedule")


# Few distinct values make plateaus, ties and improvements that are too small.
values = st.lists(st.sampled_from([0.5, 0.9, 0.95, 1.0, 1.05, 1.5, 2.0, math.nan]), max_size=60)
PLATEAUS = st.fixed_dictionaries(
    {
        "drop": st.sampled_from([0.1, 0.5]),
        "patience": st.integers(0, 4),
        "threshold": st.sampled_from([0.0, 1e-4, 0.07]),
        "least": st.sampled_from([0.0, 0.01]),
        "larger_is_better": st.booleans(),
    }
)


def torch_factors(sequence, *, drop, least, larger_is_better, **how):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    options = {"mode": "max" if larger_is_better else "min", "factor": drop, "min_lr": least, "eps": 0.0}
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options, **how)
    factors = []
    for value in sequence:
        scheduler.step(value)
        factors.append(optimizer.param_groups[0]["lr"])
    return factors


def run(plateau, sequence):
    factors = []
    for value in sequence:
        plateau.on_epoch_end(None, {"score": value})
        factors.append(plateau.factor)
    return factors


@settings(max_examples=40)
@given(values, PLATEAUS, st.integers(0, 60))
def test_the_factors_are_torch_s_also_of_one_that_goes_on(sequence, how, cut):
    whole = run(ReduceLROnPlateau("score", **how), sequence)
    assert whole == pytest.approx(torch_factors(sequence, **how), rel=1e-12)
    first, second = ReduceLROnPlateau("score", **how), ReduceLROnPlateau("score", **how)
    before = run(first, sequence[:cut])
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    assert before + run(second, sequence[cut:]) == whole


def test_a_negative_value_is_beaten_by_a_better_one_alone():
    """torch's rule takes -1.00001 for better than -1 where larger is better."""
    for larger, values in ((True, [-1.0, -1.00001, -0.5]), (False, [-1.0, -0.99999, -1.5])):
        plateau = ReduceLROnPlateau("score", patience=0, larger_is_better=larger)
        assert run(plateau, values) == pytest.approx([1, 0.1, 0.1])
    with pytest.raises(ConfigurationError, match=r"got 'scores'\. Did you mean 'score'"):
        ReduceLROnPlateau("scores").on_epoch_end(None, {"cost": 1.0, "score": 2.0})


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
