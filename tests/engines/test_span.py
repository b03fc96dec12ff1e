"""Full-batch steps in the span of the examples, against equations and plain kernels."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba")

from deepstep.engines import Settings, open_session
from deepstep.engines.compiled.span import NOTE, keeps_the_span
from deepstep.equations import initialize_parameters
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.training import ModelCheckpoint, Plan, train

STEPS = 200
RULES = ("gd", "momentum", "heavy_ball", "nesterov")
SETTINGS = {
    "plain": {},
    "L2": {"l2": 0.5},
    "decay": {"weight_decay": 0.1},
    "dropout": {"dropout": 0.3},
    "all": {
        "l2": 0.2,
        "weight_decay": 0.1,
        "dropout": 0.2,
        "lr_multipliers": {"W1": 0.5},
        "weight_decay_multipliers": {"b*": 1},
    },
}
SHAPES = {
    "wide": ((50, 6, 4, 2), 11),
    "one unit": ((9, 1), 5),
    "one example": ((7, 3, 1), 1),
    "one input more than examples": ((8, 3, 1), 7),
    "inputs that plain kernels turn": ((5, 4, 1), 3),
    "more units than inputs": ((6, 30, 1), 5),
}


def problem(shape="wide", normalization="none", *, weight=True, dtype=np.float64, seed=0, **parts):
    layer_dims, m = SHAPES[shape]
    rng = np.random.RandomState(seed)
    activations = (*("tanh", "relu")[: len(layer_dims) - 2], "sigmoid")
    architecture = Architecture(layer_dims, activations, normalization=normalization, **parts)
    values = dict(initialize_parameters(layer_dims, method="glorot", rng=rng))
    for name, size in architecture.layout:
        if name not in values:
            values[name] = rng.uniform(0.5, 1.5, size)
    parameters = Parameters.from_dict(values)
    X, Y = rng.standard_normal((m, layer_dims[0])), rng.uniform(size=(m, layer_dims[-1])) > 0.5
    weights = rng.uniform(0.5, 2, m) if weight else None
    return architecture, parameters.astype(dtype), Examples(X.astype(dtype), Y.astype(dtype), weights)


def steps(session, examples, first=0, last=STEPS, at_once=True):
    """Costs of full-batch steps whose rates fall from step to step."""
    rates = np.linspace(0.1, 0.02, STEPS)
    costs = []
    for numbers in [range(first, last)] if at_once else [range(k, k + 1) for k in range(first, last)]:
        ones = np.ones(len(numbers))
        found = session.steps(
            examples, order=None, batch_size=None, numbers=range(len(numbers)),
            learning_rate=rates[numbers], weight_decay=ones, dropout=ones,
        )  # fmt: skip
        costs.extend(found.costs)
    return np.array(costs)


def equal(one, other, tolerance):
    one, other = one.state(), other.state()
    assert one.step == other.step
    np.testing.assert_allclose(one.theta, other.theta, rtol=0, atol=tolerance)
    for name in one.slots:
        np.testing.assert_allclose(one.slots[name], other.slots[name], rtol=0, atol=tolerance)
    for name in one.statistics:
        np.testing.assert_allclose(one.statistics[name], other.statistics[name], rtol=0, atol=tolerance)


def opened(architecture, parameters, settings, *, spans=True):
    session = open_session("compiled", architecture, parameters, settings)
    session.spans = spans
    return session


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("rule", RULES)
def test_as_the_equations(rule, settings):
    architecture, parameters, examples = problem()
    settings = Settings(rule, **SETTINGS[settings])
    ours = opened(architecture, parameters, settings)
    by_equations = open_session("reference", architecture, parameters, settings)
    costs = steps(ours, examples)
    assert ours.why == NOTE
    np.testing.assert_allclose(costs, steps(by_equations, examples, at_once=False), rtol=0, atol=1e-10)
    equal(ours, by_equations, 1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape):
    architecture, parameters, examples = problem(shape, weight=False)
    settings = Settings("momentum", l2=0.3)
    ours = opened(architecture, parameters, settings)
    by_equations = open_session("reference", architecture, parameters, settings)
    costs = steps(ours, examples)
    assert ours.why == NOTE
    np.testing.assert_allclose(costs, steps(by_equations, examples, at_once=False), rtol=0, atol=1e-10)
    equal(ours, by_equations, 1e-10)


def test_factors_of_the_inputs_leave_the_span():
    architecture, parameters, examples = problem(input_scale=True)
    ours = opened(architecture, parameters, Settings())
    by_equations = open_session("reference", architecture, parameters, Settings())
    steps(ours, examples)
    steps(by_equations, examples, at_once=False)
    assert ours.why == ""
    equal(ours, by_equations, 1e-10)


@pytest.mark.parametrize("kind", ["none", "batch", "layer"])
def test_normalized_layers_and_parametric_activations(kind):
    architecture, parameters, examples = problem(normalization=kind, parametric=True)
    settings = Settings("nesterov", l2=0.3)
    ours = opened(architecture, parameters, settings)
    by_equations = open_session("reference", architecture, parameters, settings)
    costs = steps(ours, examples, last=50)
    assert ours.why == NOTE
    np.testing.assert_allclose(
        costs, steps(by_equations, examples, last=50, at_once=False), rtol=0, atol=1e-10
    )
    equal(ours, by_equations, 1e-10)


def test_as_plain_kernels():
    architecture, parameters, examples = problem()
    settings = Settings("heavy_ball", l2=0.2)
    ours, plain = (
        opened(architecture, parameters, settings),
        opened(architecture, parameters, settings, spans=False),
    )
    np.testing.assert_allclose(steps(ours, examples), steps(plain, examples), rtol=0, atol=1e-10)
    assert (ours.why, plain.why) == (NOTE, "")
    equal(ours, plain, 1e-10)


@pytest.mark.parametrize("rule", RULES)
def test_float32_is_as_near_to_float64_as_plain_kernels_are(rule):
    settings, found = Settings(rule, l2=0.2), []
    for dtype, spans in ((np.float64, False), (np.float32, False), (np.float32, True)):
        architecture, parameters, examples = problem(dtype=dtype)
        session = opened(architecture, parameters, settings, spans=spans)
        found.append((steps(session, examples), session.state().theta))
    assert session.why == NOTE
    for exact, plain, ours in zip(*found, strict=True):
        assert np.abs(ours - exact).max() < 10 * np.abs(plain - exact).max()


@pytest.mark.parametrize("rule", RULES)
def test_bits_do_not_depend_on_calls_or_on_who_looks(rule):
    architecture, parameters, examples = problem()
    settings = Settings(rule, l2=0.2)
    ours, looked_at = opened(architecture, parameters, settings), opened(architecture, parameters, settings)
    costs, found = steps(ours, examples, last=40), []
    for k in range(0, 40, 4):
        found.extend(steps(looked_at, examples, k, k + 1))
        looked_at.state()
        looked_at.forward(examples.X.T)
        looked_at.cost_and_gradient(examples.X.T, examples.Y.T)
        found.extend(steps(looked_at, examples, k + 1, k + 4))
    np.testing.assert_array_equal(costs, found)
    np.testing.assert_array_equal(ours.state().theta, looked_at.state().theta)


def test_what_is_seen_in_between_is_of_now():
    architecture, parameters, examples = problem(weight=False)
    ours = opened(architecture, parameters, Settings())
    steps(ours, examples, last=20)
    kept = ours.state()
    theta, J = kept.theta.copy(), ours.cost(examples.X.T, examples.Y.T)
    assert steps(ours, examples, 20, 21)[0] == pytest.approx(J, abs=1e-12)
    np.testing.assert_array_equal(kept.theta, theta)
    assert (ours.parameters["W1"] != theta[: ours.parameters["W1"].size].reshape(6, 50)).any()


@pytest.mark.parametrize("rule", RULES)
def test_load_in_between_with_a_velocity(rule):
    architecture, parameters, examples = problem()
    settings = Settings(rule, l2=0.2)
    first = open_session("reference", architecture, parameters, settings)
    steps(first, examples, last=10, at_once=False)
    ours = opened(architecture, parameters, settings)
    steps(ours, examples, last=30)
    ours.load(first.state())
    costs = steps(ours, examples, 10, 100)
    np.testing.assert_allclose(costs, steps(first, examples, 10, 100, at_once=False), rtol=0, atol=1e-10)
    equal(ours, first, 1e-10)


def test_other_examples_and_batches_in_between():
    architecture, parameters, examples = problem()
    other = replace(examples, X=examples.X[::-1] + 0.5)
    settings = Settings("momentum", weight_decay=0.1)
    ours, by_equations = opened(architecture, parameters, settings), open_session(
        "reference", architecture, parameters, settings
    )  # fmt: skip
    few = {"learning_rate": np.full(3, 0.1), "weight_decay": np.ones(3), "dropout": np.ones(3)}
    for session, at_once in ((ours, True), (by_equations, False)):
        steps(session, examples, last=20, at_once=at_once)
        steps(session, other, 20, 40, at_once=at_once)
        steps(session, examples, 40, 60, at_once=at_once)
        session.steps(examples, order=None, batch_size=4, numbers=range(3), **few)
        session.step(other.X.T, other.Y.T, learning_rate=0.1)
        steps(session, examples, 60, 90, at_once=at_once)
    equal(ours, by_equations, 1e-10)


def test_more_examples_than_inputs_and_rules_that_bend_go_the_plain_way():
    architecture, parameters, examples = problem()
    for settings in (
        Settings("adam"), Settings(l1=0.1), Settings(clip_norm=1.0), Settings(clip_value=1.0),
        Settings(max_norm=1.0), Settings(ema_decay=0.9), Settings(input_noise=0.1),
    ):  # fmt: skip
        assert not keeps_the_span(architecture, settings)
        session = opened(architecture, parameters, settings)
        steps(session, examples, last=20)
        assert session.why == ""
    square = Examples(np.eye(50), np.ones((50, 2)))
    session = opened(architecture, parameters, Settings())
    steps(session, square, last=40)
    assert session.why == ""


def test_divergence_stops_before_the_step_as_plain_kernels_do():
    architecture, parameters, examples = problem()
    huge = np.full(60, 1e200)
    huge[:30] = 0.1
    ones = np.ones(60)
    found = []
    for spans in (True, False):
        session = opened(architecture, parameters, Settings(l2=1.0), spans=spans)
        with np.errstate(over="ignore", invalid="ignore"):
            costs = session.steps(
                examples, order=None, batch_size=None, numbers=range(60),
                learning_rate=huge, weight_decay=ones, dropout=ones,
            ).costs  # fmt: skip
        found.append((np.isfinite(costs).sum(), session.state().step))
    assert found[0] == found[1]
    assert 30 <= found[0][0] < 60


def test_weights_of_zero_teach_nothing():
    architecture, parameters, examples = problem()
    session = opened(architecture, parameters, Settings(l2=1.0))
    costs = steps(session, replace(examples, weight=np.zeros(11)), last=20)
    assert np.isnan(costs).all()
    np.testing.assert_array_equal(session.state().theta, parameters.flat)


def test_training_says_it_and_keeps_bits_where_checkpoints_are_written(tmp_path):
    architecture, parameters, examples = problem()
    plan, found = Plan(epochs=60, learning_rate=0.1), []
    for callbacks in ([], [ModelCheckpoint(tmp_path, every_epochs=25)]):
        session = open_session("compiled", architecture, parameters)
        found.append(train(session, examples, plan, callbacks=callbacks))
    spanned, plain = found
    assert (spanned.why_engine, plain.why_engine) == (NOTE, "")
    np.testing.assert_allclose(spanned.costs, plain.costs, rtol=0, atol=1e-10)
