"""Everything with everything: activation × head × optimizer × regularizer, as in docs/combinations.md."""

import runpy
from dataclasses import fields
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import Settings, open_session
from deepstep.equations import ACTIVATIONS, HEADS, NORMALIZATIONS, OPTIMIZERS, example_targets
from deepstep.training.diagnosis import all_finite

DOCS = Path(__file__).resolve().parents[1] / "docs"
GENERATED = runpy.run_path(str(DOCS / "generate.py"))
REGULARIZERS = GENERATED["REGULARIZERS"]
PULLS_ELSEWHERE = {"weight_decay", "dropout"}
"""With these a step need not go down the gradient of the undisturbed cost."""

M = 4

OF_THE_NETWORK = {"normalization", "input_scale", "features"}
"""What `Network` takes; the rest is for `Network.train`."""


def problem(activation, head, parts):
    """A tiny network, so that thousands of them take seconds, with examples that its head can learn."""
    rng = np.random.default_rng(7)
    net = Network([2, 3, 3], activation=activation, output=head, seed=4, **parts)
    of_factors = np.random.default_rng(8)  # W, b, X and Y are the same with them and without
    for name, value in net.parameters.items():  # biases too
        value += 0.1 * (rng if name[0] in "Wbg" else of_factors).standard_normal(value.shape)
    return net, rng.standard_normal((2, M)), example_targets(net.architecture, 3, M, rng=rng)


def split(regularizer):
    """What is of the network, and the other settings."""
    given = REGULARIZERS[regularizer]
    return tuple(
        {name: value for name, value in given.items() if (name in OF_THE_NETWORK) == wanted}
        for wanted in (True, False)
    )


def cases(activation, regularizer, fresh_seed):
    """Each optimizer with one head, another one first for each activation, regularizer and run."""
    turn = fresh_seed + list(ACTIVATIONS).index(activation) + list(REGULARIZERS).index(regularizer)
    parts, given = split(regularizer)
    for at, optimizer in enumerate(OPTIMIZERS, turn):
        head = list(HEADS)[at % len(HEADS)]
        case = f"{activation}, {head}, {optimizer}, {regularizer}"
        yield case, head, optimizer, given, *problem(activation, head, parts)


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_step_of_each(activation, regularizer, fresh_seed):
    for case, _, optimizer, given, net, X, Y in cases(activation, regularizer, fresh_seed):
        before = net.parameters
        session = open_session("auto", net.architecture, before, Settings(**given))
        _, gradient = session.cost_and_gradient(X, Y)
        session = open_session("auto", net.architecture, before, Settings(optimizer, seed=1, **given))
        cost = session.step(X, Y, learning_rate=0.01)
        assert np.isfinite(cost), case
        assert all_finite(session.state()), case
        for layer in (1, 2):  # every layer learns
            moved = session.parameters[f"W{layer}"] - before[f"W{layer}"]
            assert np.abs(moved).max() > 0, case
        if not PULLS_ELSEWHERE & given.keys():
            assert np.vdot(session.parameters.flat - before.flat, gradient) < 0, f"uphill: {case}"


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradients_of_each(activation, regularizer, fresh_seed):
    for case, head, _, given, net, X, Y in islice(cases(activation, regularizer, fresh_seed), 3):
        report = net.check_gradients(X, Y, max_entries=2, **given)
        assert report.passed, f"{case}\n{report}"
        smooth = not ACTIVATIONS[activation].kinks and HEADS[head].kinks is None and "l1" not in given
        assert all(check.at_kink == 0 for check in report.checks) or not smooth, case
        assert all(check.verdict == "good" for check in report.checks), case


def test_every_regularizer_is_in_the_table():
    """A setting that comes into being gets its column."""
    multipliers = {"lr_multipliers", "weight_decay_multipliers"}
    of_other_kinds = {"optimizer", "optimizer_params", *multipliers, "precision", "seed"}
    in_table = [name for given in REGULARIZERS.values() for name in given if name not in OF_THE_NETWORK]
    assert sorted(in_table) == sorted({field.name for field in fields(Settings)} - of_other_kinds)
    kinds = {given.get("normalization", "none") for given in REGULARIZERS.values()}
    assert kinds == {"none", *NORMALIZATIONS}


def test_the_page_is_up_to_date():
    page = (DOCS / "combinations.md").read_text(encoding="utf-8")
    assert page == GENERATED["combinations_page"](), "run: python docs/generate.py"
