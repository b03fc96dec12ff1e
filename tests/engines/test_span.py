"""Full-batch steps in the span of the examples, against equations and plain kernels."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba")

from deepstep.engines import Settings, open_session
from deepstep.engines.compiled.span import NOTE
from deepstep.equations import initialize_parameters
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.training import ModelCheckpoint, Plan, train

STEPS = 200
RULES = ("gd", "momentum", "heavy_ball", "nesterov")
ALL = {
    "l2": 0.2,
    "weight_decay": 0.1,
    "dropout": 0.2,
    "lr_multipliers": {"W1": 0.5},
    "weight_decay_multipliers": {"b*": 1},
}
SHAPES = {
    "wide": ((50, 6, 4, 2), 11),
    "one unit": ((9, 1), 5),
    "one example": ((7, 3, 1), 1),
    "one input more than examples": ((8, 3, 1), 7),
    "inputs that plain kernels turn": ((5, 4, 1), 3),
    "more units than inputs": ((6, 30, 1), 5),
}


def problem(shape="wide", normalization="none", *, weight=True, **parts):
    layer_dims, m = SHAPES[shape]
    rng = np.random.RandomState(0)
    activations = (*("tanh", "relu")[: len(layer_dims) - 2], "sigmoid")
    architecture = Architecture(layer_dims, activations, normalization=normalization, **parts)
    values = dict(initialize_parameters(layer_dims, method="glorot", rng=rng))
    for name, size in architecture.layout:
        if name not in values or values[name].shape != size:
            values[name] = rng.uniform(0.5, 1.5, size)
    X, Y = rng.standard_normal((m, layer_dims[0])), rng.uniform(size=(m, layer_dims[-1])) > 0.5
    weights = rng.uniform(0.5, 2, m) if weight else None
    return architecture, Parameters.from_dict(values), Examples(X, Y.astype(float), weights)


def steps(session, examples, first=0, last=STEPS):
    """Costs of full-batch steps whose rates fall from step to step."""
    rates = np.linspace(0.1, 0.02, STEPS)[first:last]
    return session.steps(examples, numbers=range(last - first), learning_rate=rates).costs


def equal(one, other, tolerance=1e-10):
    one, other = one.state(), other.state()
    assert one.step == other.step
    named = ({"theta": state.theta, **state.slots, **state.statistics} for state in (one, other))
    mine, theirs = named
    for name, vector in theirs.items():
        np.testing.assert_allclose(mine[name], vector, rtol=0, atol=tolerance, err_msg=name)


def both(architecture, parameters, settings):
    """A session of the compiled engine, and one of the equations."""
    return [open_session(engine, architecture, parameters, settings) for engine in ("compiled", "reference")]


CASES = {
    **{rule: (rule, {}, ALL) for rule in RULES},
    **{str(given): ("momentum", {}, given) for given in ({}, {"l2": 0.5}, {"weight_decay": 0.1})},
    **{name: ("momentum", {"shape": name, "weight": False}, {"l2": 0.3}) for name in SHAPES},
    **{kind: ("nesterov", {"normalization": kind}, {"dropout": 0.3}) for kind in ("batch", "layer")},
}


@pytest.mark.parametrize("case", CASES)
def test_as_the_equations(case):
    rule, parts, given = CASES[case]
    *network, examples = problem(**parts)
    ours, by_equations = both(*network, Settings(rule, **given))
    costs = steps(ours, examples, last=50)
    assert ours.why == NOTE
    np.testing.assert_allclose(costs, steps(by_equations, examples, last=50), rtol=0, atol=1e-10)
    equal(ours, by_equations)


@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
def test_bits_do_not_depend_on_calls_or_on_who_looks(rule):
    *network, examples = problem()
    ours, looked_at = (open_session("compiled", *network, Settings(rule, l2=0.2)) for _ in "12")
    costs, found = steps(ours, examples, last=40), []
    for k in range(0, 40, 4):
        found.extend(steps(looked_at, examples, k, k + 1))
        looked_at.state()
        looked_at.forward(examples.X.T)
        looked_at.cost_and_gradient(examples.X.T, examples.Y.T)
        found.extend(steps(looked_at, examples, k + 1, k + 4))
    np.testing.assert_array_equal(costs, found)
    np.testing.assert_array_equal(ours.state().theta, looked_at.state().theta)


def test_other_examples_and_batches_in_between():
    *network, examples = problem()
    other = replace(examples, X=examples.X[::-1] + 0.5)
    ours, by_equations = both(*network, Settings("momentum", weight_decay=0.1))
    for session in (ours, by_equations):
        steps(session, examples, last=20)
        steps(session, other, 20, 40)
        steps(session, examples, 40, 60)
        session.steps(examples, batch_size=4, learning_rate=0.1)
        session.step(other.X.T, other.Y.T, learning_rate=0.1)
        steps(session, examples, 60, 90)
    equal(ours, by_equations)


def test_what_leaves_the_span_goes_the_plain_way():
    """Rules that bend, factors of the inputs, and more examples than inputs."""
    *plain, examples = problem()
    for network, settings, rows in (
        (plain, Settings("adam"), examples),
        (plain, Settings(l1=0.1), examples),
        (plain, Settings(clip_norm=1.0), examples),
        (plain, Settings(clip_value=1.0), examples),
        (problem(input_scale=True)[:2], Settings(), examples),
        (plain, Settings(), Examples(np.eye(50), np.ones((50, 2)))),
    ):
        ours, theirs = both(*network, settings)
        np.testing.assert_allclose(steps(ours, rows, last=40), steps(theirs, rows, last=40), rtol=1e-9)
        assert ours.why == ""
        equal(ours, theirs)


def test_training_says_it_and_keeps_bits_where_checkpoints_are_written(tmp_path):
    architecture, parameters, examples = problem()
    plan, found = Plan(epochs=60, learning_rate=0.1), []
    for callbacks in ([], [ModelCheckpoint(tmp_path, every_epochs=25)]):
        session = open_session("compiled", architecture, parameters)
        found.append(train(session, examples, plan, callbacks=callbacks))
    spanned, plain = found
    assert (spanned.why_engine, plain.why_engine) == (NOTE, "")
    np.testing.assert_allclose(spanned.costs, plain.costs, rtol=0, atol=1e-10)
