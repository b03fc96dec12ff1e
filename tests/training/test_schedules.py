"""Schedules by name, and the plateau against torch's: what is accepted, refused, and what the factors are."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.equations import EQUATIONS
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
