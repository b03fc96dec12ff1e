"""Reduce on plateau, against torch's on random sequences."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from deepstep.errors import ConfigurationError
from deepstep.training import Plateau

# Few distinct values make plateaus, ties and improvements that are too small.
values = st.lists(st.sampled_from([0.5, 0.9, 0.95, 1.0, 1.05, 1.5, 2.0, math.nan]), max_size=60)
settings = st.fixed_dictionaries(
    {
        "drop": st.sampled_from([0.1, 0.5]),
        "patience": st.integers(0, 4),
        "threshold": st.sampled_from([0.0, 1e-4, 0.07]),
        "least": st.sampled_from([0.0, 0.01]),
        "larger_is_better": st.booleans(),
    }
)


def torch_factors(sequence, *, drop, patience, threshold, least, larger_is_better):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="max" if larger_is_better else "min",
        factor=drop,
        patience=patience,
        threshold=threshold,
        min_lr=least,
        eps=0.0,
    )
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


@given(values, settings)
def test_the_factors_are_torch_s(sequence, how):
    assert run(Plateau("score", **how), sequence) == pytest.approx(torch_factors(sequence, **how), rel=1e-12)


@given(values, settings, st.integers(0, 60))
def test_a_resumed_one_goes_on_as_if_never_stopped(sequence, how, cut):
    whole = run(Plateau("score", **how), sequence)
    first, second = Plateau("score", **how), Plateau("score", **how)
    before = run(first, sequence[:cut])
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    assert before + run(second, sequence[cut:]) == whole


def test_a_negative_value_is_beaten_by_a_better_one_alone():
    """torch's rule takes -1.00001 for better than -1 where larger is better."""
    plateau = Plateau("score", patience=0, larger_is_better=True)
    assert run(plateau, [-1.0, -1.00001, -0.5]) == pytest.approx([1, 0.1, 0.1])
    plateau = Plateau("score", patience=0)
    assert run(plateau, [-1.0, -0.99999, -1.5]) == pytest.approx([1, 0.1, 0.1])


def test_a_record_without_the_quantity_is_named():
    with pytest.raises(ConfigurationError, match=r"got 'validation_cots'\. Did you mean 'validation_cost'"):
        Plateau("validation_cots").on_epoch_end(None, {"cost": 1.0, "validation_cost": 2.0})


@pytest.mark.parametrize(
    "wrong",
    [
        {"drop": 1.0},
        {"drop": -1},
        {"patience": 1.5},
        {"patience": None},
        {"threshold": math.nan},
        {"least": 2},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=f"Plateau: {next(iter(wrong))} is "):
        Plateau(**wrong)


@pytest.mark.parametrize(
    "state", [None, [], {}, {"factor": 1.0}, {"factor": "x", "best": None, "stalled": 0}]
)
def test_what_is_no_state_is_refused(state):
    plateau = Plateau()
    before = plateau.state()
    with pytest.raises(ConfigurationError, match=r"Plateau\.restore"):
        plateau.restore(state)
    assert plateau.state() == before
