"""The reference engine against a plain loop over the public equations, and the contract of all engines.

The loop knows neither flat vectors nor sessions, and writes the update rules out once more for dictionaries.
That other engines do what the reference does is held by `test_generated`.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from deepstep.engines import ENGINES, SessionState, Settings, open_session
from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    OPTIMIZERS,
    cost_from_logits,
    initialize_parameters,
    linear_activation_forward,
    linear_backward,
    output_gradient,
)
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, shuffled
from head_examples import head_settings, head_target

RATE = 0.05
SLOW = {"exponential": 0.002, "increasing": 0.0002}
"""Rates for activations whose outputs are so large that the usual one diverges."""
SLOWER = {"poisson": 0.02}
"""Factors for heads: e to the power of a large output."""
BETA, BETA1, BETA2, EPSILON = 0.9, 0.9, 0.999, 1e-8
RMSPROP_BETA, LION_BETA2, ADAMW_DECAY = 0.99, 0.99, 0.01
MUON_BETA, MUON_DECAY = 0.95, 0.01

SHAPES = {
    "one layer": ((3, 2), 5, None),
    "one unit everywhere": ((1, 1, 1), 4, None),
    "one example": ((3, 4, 2), 1, None),
    "deep, short last batch": ((4, 5, 3, 2), 11, 4),
    "batches of one": ((2, 3, 2), 5, 1),
    "wide": ((3, 40, 3), 17, 8),
}
"""Layer sizes, examples, batch size."""


def problem(shape, activation, output, dtype, seed=0, *, factors=False):
    """An architecture, its first parameters, and examples with weights; with ``factors`` of inputs and
    activations. The numbers are the same in each precision: those of float32.
    """
    layer_dims, m, batch_size = SHAPES[shape]
    rng = np.random.RandomState(seed)
    activations = (activation,) * (len(layer_dims) - 2) + (HEADS[output].activation,)
    architecture = Architecture(
        layer_dims,
        activations,
        output,
        head_settings(output, layer_dims[-1]),
        input_scale=factors,
        parametric=factors,
    )
    parameters = initialize_parameters(layer_dims, method="glorot", rng=rng)
    if factors:
        ones = {name: np.ones(shape) for name, shape in architecture.layout}
        parameters = Parameters.from_dict({**ones, **parameters})
    parameters.flat[:] += 0.1 * rng.standard_normal(parameters.flat.size)  # biases too, and no relu at a kink
    X, Y = rng.standard_normal((m, layer_dims[0])), head_target(output, layer_dims[-1], m, seed).T
    drawn = (part.astype(np.float32).astype(dtype) for part in (X, Y, rng.uniform(0.5, 2, size=m)))
    return architecture, parameters.astype(np.float32).astype(dtype), Examples(*drawn), batch_size


def plain_gradients(architecture, theta, X, Y, weight, l2):
    """J and its derivatives, layer by layer; a dictionary in, a dictionary out."""
    caches, A, bent = [], theta.get("s1", 1) * X, {}
    n_layers = architecture.n_layers
    total = Y.shape[1] if weight is None else weight.sum()
    for layer, activation in enumerate(architecture.activations, start=1):
        A, cache = linear_activation_forward(A, theta[f"W{layer}"], theta[f"b{layer}"], activation)
        if f"alpha{layer}" in theta:
            bent[layer] = A - cache.Z
            A = cache.Z + theta[f"alpha{layer}"] * bent[layer]
        caches.append(cache)
    J = cost_from_logits(caches[-1].Z, Y, output=architecture, sample_weight=weight)
    J += l2 / (2 * total) * sum((theta[f"W{layer}"] ** 2).sum() for layer in range(1, n_layers + 1))
    dZ = output_gradient(caches[-1].Z, Y, output=architecture, sample_weight=weight)
    gradients = {}
    for layer in range(n_layers, 0, -1):
        dA, dW, gradients[f"b{layer}"] = linear_backward(dZ, caches[layer - 1].linear)
        gradients[f"W{layer}"] = dW + l2 / total * theta[f"W{layer}"]
        if layer > 1:
            backward, alpha = ACTIVATIONS[architecture.activations[layer - 2]].backward, f"alpha{layer - 1}"
            Z = caches[layer - 2].Z
            if alpha in theta:
                gradients[alpha] = np.mean(dA * bent[layer - 1], axis=1, keepdims=True)
                dZ = dA - theta[alpha] * dA + backward(theta[alpha] * dA, Z)
            else:
                dZ = backward(dA, Z)
    gradients["s1"] = np.mean(dA * X, axis=1, keepdims=True)  # dA is the derivative by s1 ∘ X
    return J, gradients


def newton_schulz(G):
    """By the singular values: each goes through the quintic five times."""
    U, values, Vt = np.linalg.svd(G, full_matrices=False)
    values = values / (np.linalg.norm(values) or 1.0)  # a unit that is dead has no gradient
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return U * values @ Vt


def plain_update(optimizer, theta, gradients, memory, t, rate=RATE):
    """The update rules as their papers write them, array by array."""
    new = {}
    for name, value in theta.items():
        g = gradients[name]
        v, s = memory.get(name, (0.0, 0.0))
        if optimizer == "gd":
            new[name] = value - rate * g
        elif optimizer == "momentum":
            v = BETA * v + (1 - BETA) * g
            new[name] = value - rate * v
        elif optimizer == "heavy_ball":
            v = BETA * v - rate * g
            new[name] = value + v
        elif optimizer == "nesterov":
            v = BETA * v - rate * g
            new[name] = value + BETA * v - rate * g
        elif optimizer == "rmsprop":
            s = RMSPROP_BETA * s + (1 - RMSPROP_BETA) * g**2
            new[name] = value - rate * g / (np.sqrt(s) + EPSILON)
        elif optimizer == "lion":
            new[name] = value - rate * np.sign(BETA1 * v + (1 - BETA1) * g)
            v = LION_BETA2 * v + (1 - LION_BETA2) * g
        elif optimizer == "muon" and name.startswith("W"):
            value = value - rate * MUON_DECAY * value
            v = MUON_BETA * v + (1 - MUON_BETA) * g
            ahead = MUON_BETA * v + (1 - MUON_BETA) * g
            new[name] = value - rate * 0.2 * np.sqrt(max(g.shape)) * newton_schulz(ahead)
        elif optimizer in ("adam", "adamw", "muon"):
            if optimizer == "adamw" and name.startswith("W"):
                value = value - rate * ADAMW_DECAY * value
            v, s = BETA1 * v + (1 - BETA1) * g, BETA2 * s + (1 - BETA2) * g**2
            new[name] = value - rate * (v / (1 - BETA1**t)) / (np.sqrt(s / (1 - BETA2**t)) + EPSILON)
        else:
            pytest.fail(
                f"write the update rule {optimizer!r} out here, so that the engines are tested with it"
            )
        memory[name] = (v, s)
    return new


def plain_training(
    architecture, parameters, examples, batch_size, optimizer, steps, l2=0.0, weighted=False, rate=RATE
):
    """Some steps of training in float64; gives the costs before them and the parameters after each."""
    theta = {name: value.astype(np.float64) for name, value in parameters.items()}
    memory, costs, reached, t = {}, [], [], 0
    m = len(examples)
    while t < steps:
        for start in range(0, m, batch_size or m):
            rows = slice(start, start + (batch_size or m))
            X, Y = (part[rows].T.astype(np.float64) for part in (examples.X, examples.Y))
            weight = examples.weight[rows].astype(np.float64) if weighted else None
            J, gradients = plain_gradients(architecture, theta, X, Y, weight, l2)
            t += 1
            theta = plain_update(optimizer, theta, gradients, memory, t, rate)
            costs.append(J)
            reached.append(np.concatenate([value.ravel() for value in theta.values()]))
            if t == steps:
                break
    return costs, reached


STEPS = 8


def cut(examples, batch_size, step):
    """The batch of a step when the examples are visited as they are."""
    m = len(examples)
    starts = list(range(0, m, batch_size or m))
    start = starts[step % len(starts)]
    return examples.take(slice(start, start + (batch_size or m)))


def close(got, expected, dtype):
    tolerance = 1e-10 if np.dtype(dtype) == np.float64 else 2e-3
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("factors", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_reference_trains_as_the_equations_do(shape, factors, fresh_seed):
    """Every activation with every head; rule, precision, L2 and weights are drawn, factors have one head."""
    rng = np.random.default_rng(fresh_seed)
    for activation, output in product(ACTIVATIONS, ("sigmoid",) if factors else HEADS):
        optimizer, dtype = str(rng.choice(list(OPTIMIZERS))), str(rng.choice(["float64", "float32"]))
        l2, weighted = float(rng.choice([0, 0.3])), bool(rng.integers(2))
        if shape == "one unit everywhere" and (activation == "softmax" or factors):
            optimizer = "gd"  # a unit that is constant has noise for a gradient, and Adam divides it by noise
        if (activation, output) == ("increasing", "poisson"):
            continue  # the means begin at up to e^31 and no rate suits them
        if (output, optimizer) == ("quantile", "lion"):
            dtype = "float64"  # the levels may cancel to 0, and Lion takes the sign of what rounding leaves
        begun = problem(shape, activation, output, "float64", factors=factors)
        rate = SLOW.get(activation, RATE) * SLOWER.get(output, 1)
        expected, reached = plain_training(*begun, optimizer, STEPS, l2, weighted, rate)
        architecture, parameters, examples, batch_size = problem(
            shape, activation, output, dtype, factors=factors
        )
        session = open_session("reference", architecture, parameters, Settings(optimizer, l2=l2))
        costs = []
        for step in range(STEPS):
            X, Y, weight = cut(examples, batch_size, step)
            weight = weight if weighted else None
            costs.append(session.step(X, Y, learning_rate=rate, sample_weight=weight))
            if step in (0, STEPS - 1):
                close(session.parameters.flat, reached[step], dtype)
        close(costs, expected, dtype)
        assert session.parameters.dtype == np.dtype(dtype), (activation, output, optimizer)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_with_factors_of_1_begins_as_the_one_without(engine, optimizer):
    """The cost and the weights after the first step, bit for bit."""
    plain, begin, examples, _ = problem("deep, short last batch", "silu", "softmax", "float32")
    shape = problem("deep, short last batch", "silu", "softmax", "float32", factors=True)[0]
    X, Y, _ = examples.take(slice(None))
    ones = {name: np.ones(size, np.float32) for name, size in shape.layout}
    sessions = [
        open_session(engine, architecture, parameters, Settings(optimizer))
        for architecture, parameters in ((plain, begin), (shape, Parameters.from_dict({**ones, **begin})))
    ]
    costs = [session.step(X, Y, learning_rate=RATE) for session in sessions]
    assert costs[0] == costs[1]
    first, more = (session.parameters for session in sessions)
    for name, value in first.items():
        np.testing.assert_array_equal(more[name], value, err_msg=name)
    assert all((more[name] != 1).any() for name in ("s1", "alpha1", "alpha2"))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("output", HEADS)
def test_the_gradient_is_the_derivative_of_the_cost(output, weighted):
    """Two-sided differences of the engine's own cost, with L2 and weights."""
    engine = "reference"
    architecture, parameters, examples, _ = problem("deep, short last batch", "tanh", output, "float64")
    X, Y, weight = examples.take(slice(None))
    options = {"sample_weight": weight} if weighted else {}

    def cost_at(flat):
        session = open_session(
            engine, architecture, Parameters(flat, parameters.layer_dims), Settings(l2=0.3)
        )
        return session.cost_and_gradient(X, Y, **options)[0]

    session = open_session(engine, architecture, parameters, Settings(l2=0.3))
    cost, gradient = session.cost_and_gradient(X, Y, **options)
    plain = session.cost(X, Y, **options)  # what L2 adds is left out where nothing is trained
    squares = sum((W**2).sum() for name, W in parameters.items() if name[0] == "W")
    m = weight.sum() if weighted else Y.shape[1]
    assert cost == pytest.approx(plain + 0.3 / (2 * m) * squares, rel=1e-13)
    epsilon = 1e-5
    unit_steps = epsilon * np.eye(parameters.flat.size)
    numeric = [
        (cost_at(parameters.flat + e) - cost_at(parameters.flat - e)) / (2 * epsilon) for e in unit_steps
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


def epoch(session, examples, order, batch_size):
    """All batches of an epoch at once; the mean cost of those with weight."""
    done = session.steps(examples, order=order, batch_size=batch_size, learning_rate=RATE)
    taught = done.sizes > 0
    assert np.isnan(done.costs[~taught]).all()
    return np.average(done.costs[taught], weights=done.sizes[taught])


@pytest.mark.parametrize("engine", ENGINES)
class TestContract:
    def test_a_step_changes_nothing_that_was_given_or_shown(self, engine):
        architecture, parameters, examples, _ = problem("wide", "relu", "softmax", "float64")
        X, Y, weight = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, Settings("adam"))
        session.step(X, Y, learning_rate=RATE)
        kept = [parameters.flat, X, Y, weight, session.parameters.flat]
        state = session.state()
        kept += [state.theta, *state.slots.values()]
        copies = [array.copy() for array in kept]
        for _ in range(3):
            session.step(X, Y, learning_rate=RATE, sample_weight=weight)
        for array, copy in zip(kept, copies, strict=True):
            np.testing.assert_array_equal(array, copy)

    def test_looking_is_not_training(self, engine):
        architecture, parameters, examples, _ = problem("wide", "relu", "softmax", "float64")
        X, Y, _ = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, Settings("momentum"))
        for _ in range(2):
            AL = session.forward(X)
            session.cost(X, Y)
            session.cost_and_gradient(X, Y)
            assert AL.shape == (3, 17)
            assert session.state().step == 0
            np.testing.assert_array_equal(session.parameters.flat, parameters.flat)

    def test_batches_of_weight_zero_count_as_absent(self, engine):
        """The cost of the epoch too: 12 of 17 examples in batches of 4, then without the others."""
        architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", "float64")
        silent = replace(examples, weight=np.repeat([0.0, 1, 2, 0, 1], [4, 4, 4, 4, 1]))
        rows = np.r_[4:12, 16]
        left = Examples(examples.X[rows], examples.Y[rows], silent.weight[rows])
        sessions = [open_session(engine, architecture, parameters, Settings("adam", l2=0.3)) for _ in "12"]
        for _ in range(3):
            costs = [
                epoch(session, part, None, 4) for session, part in zip(sessions, (silent, left), strict=True)
            ]
            assert costs[0] == pytest.approx(costs[1], rel=1e-14)
        np.testing.assert_array_equal(*(session.parameters.flat for session in sessions))

    def test_some_batches_of_an_epoch_after_others_are_the_epoch(self, engine):
        architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", "float64")
        order = shuffled(3)(0, len(examples))
        whole, parts = (open_session(engine, architecture, parameters, Settings("adam")) for _ in "12")
        epoch(whole, examples, order, 4)
        for numbers in (range(1), range(1, 4), range(4, 5)):
            parts.steps(examples, order=order, batch_size=4, numbers=numbers, learning_rate=RATE)
        np.testing.assert_array_equal(whole.parameters.flat, parts.parameters.flat)

    def test_no_weight_at_all_teaches_nothing(self, engine):
        architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", "float64")
        session = open_session(engine, architecture, parameters, Settings("adam"))
        done = session.steps(replace(examples, weight=np.zeros(17)), batch_size=8, learning_rate=1.0)
        assert not done.sizes.any()
        assert session.state().step == 0

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_a_numpy_rate_keeps_the_precision(self, engine, dtype):
        architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", dtype)
        X, Y, _ = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, Settings("nesterov"))
        session.step(X, Y, learning_rate=np.float64(RATE))
        assert {session.state().theta.dtype, session.state().slots["v"].dtype} == {np.dtype(dtype)}

    @pytest.mark.parametrize(("source", "target"), [("float32", "float64"), ("float64", "float32")])
    def test_a_state_of_another_precision_takes_the_session_s(self, engine, source, target):
        architecture, parameters, examples, _ = problem("wide", "relu", "sigmoid", source)
        first = open_session(engine, architecture, parameters, Settings("adam"))
        X, Y, _ = examples.take(slice(None))
        first.step(X, Y, learning_rate=RATE)
        state = first.state()
        second = open_session(engine, architecture, parameters.astype(target), Settings("adam"))
        second.load(state)
        second.step(X.astype(target), Y.astype(target), learning_rate=RATE)
        assert second.parameters.dtype == np.dtype(target)
        assert {slot.dtype for slot in second.state().slots.values()} == {np.dtype(target)}
        first.step(X, Y, learning_rate=RATE)
        close(second.parameters.flat, first.parameters.flat, "float32")

    def test_a_foreign_state_is_refused_and_changes_nothing(self, engine):
        architecture, parameters, _, _ = problem("wide", "tanh", "softmax", "float64")
        session = open_session(engine, architecture, parameters, Settings("adam"))
        with pytest.raises(ConfigurationError, match=r"\['v', 's'\]; got \['v'\]"):
            session.load(SessionState(parameters.flat * 2, {"v": parameters.flat}, 1))
        with pytest.raises(ShapeError):
            session.load(SessionState(parameters.flat[1:], {"v": parameters.flat, "s": parameters.flat}, 1))
        with pytest.raises(ShapeError, match=r"^Session\.load: s has shape \(\d+,\); got shape \(1,\)"):
            session.load(SessionState(parameters.flat * 2, {"v": parameters.flat, "s": np.ones(1)}, 1))
        np.testing.assert_array_equal(session.parameters.flat, parameters.flat)
        assert session.state().step == 0

    def test_an_average_that_it_does_not_keep_is_left_behind(self, engine):
        architecture, parameters, _, _ = problem("wide", "tanh", "softmax", "float64")
        session = open_session(engine, architecture, parameters, Settings("adam"))
        slots = {name: np.ones_like(parameters.flat) for name in "vs"}
        session.load(SessionState(parameters.flat, slots, 1, average=2 * parameters.flat))
        np.testing.assert_array_equal(session.outcome.flat, parameters.flat)
        assert session.state().average is None

    def test_its_name(self, engine):
        architecture, parameters, _, _ = problem("one layer", "tanh", "softmax", "float64")
        assert open_session(engine, architecture, parameters).name == engine


def test_auto_is_one_of_the_engines():
    architecture, parameters, _, _ = problem("one layer", "tanh", "softmax", "float64")
    assert open_session("auto", architecture, parameters).name in ENGINES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adm"}, "Did you mean 'adam'?"),
        ({"optimizer": None}, "got None"),
        ({"optimizer": "momentum", "optimizer_params": {"bta": 0.9}}, "Did you mean 'beta'?"),
        ({"optimizer": "gd", "optimizer_params": {"beta": 0.9}}, "must have no names, got 'beta'"),
        ({"optimizer": "momentum", "optimizer_params": {"beta": 1.0}}, "must be a number from 0 to below 1"),
        ({"optimizer": "momentum", "optimizer_params": {"beta": "0.9"}}, "got '0.9'"),
        ({"optimizer": "adam", "optimizer_params": {"beta2": float("nan")}}, "got nan"),
        ({"optimizer": "adam", "optimizer_params": {"epsilon": 0}}, "must be a positive number"),
        ({"optimizer": "adam", "optimizer_params": {"epsilon_at": "in"}}, "'outside', 'hat', 'inside'"),
        ({"optimizer": "adam", "optimizer_params": {"t": 3}}, "got 't'"),
        ({"optimizer": "adam", "optimizer_params": ["beta1"]}, "a mapping"),
        ({"l2": -0.1}, "l2 must be a finite number of at least 0, got -0.1"),
        ({"l2": float("nan")}, "got nan"),
        ({"l2": "1"}, "got '1'"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(ConfigurationError) as error:
        Settings(**settings)
    assert message in str(error.value)


@pytest.mark.parametrize("engine", ["refrence", None, 1, ["reference"]])
def test_an_unknown_engine_is_refused(engine):
    architecture, parameters, _, _ = problem("one layer", "tanh", "softmax", "float64")
    with pytest.raises(ConfigurationError, match="engine must be one of 'auto', 'reference'"):
        open_session(engine, architecture, parameters)
