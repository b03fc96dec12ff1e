"""Schedules by name: what is accepted, what is refused, and that every factor can be multiplied with."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep.equations import EQUATIONS
from deepstep.errors import ConfigurationError
from deepstep.training import SCHEDULES, Schedule, get_schedule

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
def test_every_factor_is_finite_and_from_0_to_1(schedule, t):
    assert 0 <= schedule(t) <= 1 + 1e-15


@given(schedules(), fractions)
def test_what_is_stored_comes_back_the_same(schedule, t):
    again = get_schedule(json.loads(json.dumps(schedule.to_dict())))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert again(t) == schedule(t)
    for copied in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert copied == schedule


@given(st.floats(0, 1, exclude_max=True), fractions)
def test_a_warm_up_goes_up_and_never_above_what_follows(share, t):
    schedule = Schedule("constant", {"warm_up": share})
    assert 0 <= schedule(t * share) <= schedule(share) == schedule(1) == 1


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_every_schedule_is_an_equation_and_a_name(name):
    assert EQUATIONS[f"{name}_factor"].function is SCHEDULES[name]
    assert get_schedule(name) == Schedule(name) == get_schedule({"name": name})


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_beyond_an_end_is_that_end(name):
    """A budget of time is passed by the step that ends it."""
    schedule = Schedule(name)
    assert schedule(1 + 1e-9) == schedule(7) == schedule(1)
    assert schedule(-1e-9) == schedule(0)


def test_none_is_constant_and_a_schedule_passes():
    assert get_schedule(None) == Schedule("constant")
    schedule = Schedule("cosine")
    assert get_schedule(schedule) is schedule


def test_settings_are_complete_plain_and_cannot_be_changed():
    given_settings = {"every": np.float32(0.5)}
    schedule = Schedule("step", given_settings)
    given_settings["every"] = 1
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


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, None, "1", True, 10**400])
def test_a_function_that_gives_no_factor_is_refused(bad):
    with pytest.raises(ConfigurationError, match=r"it gave .* at t = 0\.5"):
        get_schedule(lambda t: bad)(0.5)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("cosin", "Did you mean 'cosine'"),
        ({"name": "cosine", "lats": 0.1}, "setting of 'cosine'.* got 'lats'. Did you mean 'last'"),
        ({"name": "cosine", "warmup": 0.1}, "Did you mean 'warm_up'"),
        ({"name": "cosine", "warm_up": 1.0}, "warm_up is a number from 0 to below 1; got 1.0"),
        ({"name": "exponential", "last": 0}, "last is a number above 0"),
        ({"name": "cosine", "last": -0.1}, "last is a number from 0 to 1"),
        ({"name": "step", "every": 0}, "every is a number from 1e-6 to 1"),
        ({"name": "step", "drop": True}, "drop is a number from 0 to 1; got True"),
        ({"name": "one_cycle", "peak": 1}, "peak is a number between 0 and 1"),
        ({"name": "polynomial", "power": math.inf}, "power is a number above 0; got inf"),
        ({"name": "inverse_time", "decay": 10**400}, "decay is a number of at least 0"),
        ({"name": "inverse_time", "decay": "fast"}, "got 'fast'"),
        ({"last": 0.1}, "a mapping with a name"),
        ({"name": 3}, "a mapping with a name"),
        (0.5, "a schedule is a name"),
        (["cosine"], "a schedule is a name"),
        (Schedule, "a schedule is a name"),
    ],
)
def test_what_is_no_schedule_is_refused_where_it_was_given(spec, message):
    with pytest.raises(ConfigurationError, match=message) as error:
        get_schedule(spec, "Network.train, schedule")
    assert str(error.value).startswith("Network.train, schedule: ")


def test_a_function_has_no_settings_and_a_name_no_function():
    with pytest.raises(ConfigurationError, match="no settings beside a function"):
        Schedule("own", {"last": 0.1}, abs)
    with pytest.raises(ConfigurationError, match="there alone"):
        Schedule("cosine", {}, abs)
