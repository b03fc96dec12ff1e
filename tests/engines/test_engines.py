"""Every engine against a plain loop over the public equations, float64 and one array at a time.

A new engine joins by being in `ENGINES`. The loop below knows neither flat vectors nor sessions, and writes
the update rules out once more for dictionaries.
"""

from dataclasses import replace
from functools import lru_cache
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
from deepstep.preparation.batches import Examples, n_batches, shuffled
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


STEPS = 20


@lru_cache(maxsize=2 * len(ACTIVATIONS) * len(HEADS))
def expected_training(shape, activation, output, optimizer):
    """The oracle's costs, and its parameters after the first and the last step: one for all engines."""
    rate = SLOW.get(activation, RATE) * SLOWER.get(output, 1)
    begun = problem(shape, activation, output, "float64")
    costs, reached = plain_training(*begun, optimizer, STEPS, rate=rate)
    return rate, costs, {1: reached[0], STEPS: reached[-1]}


@lru_cache(maxsize=2 * len(ACTIVATIONS))
def expected_training_of_factors(shape, activation, optimizer):
    """The same with factors of inputs and activations, L2 and weights."""
    rate = SLOW.get(activation, RATE)
    begun = problem(shape, activation, "sigmoid", "float64", factors=True)
    _, reached = plain_training(*begun, optimizer, STEPS, 0.3, True, rate)
    return rate, {1: reached[0], STEPS: reached[-1]}


def cut(examples, batch_size, step):
    """The batch of a step when the examples are visited as they are."""
    m = len(examples)
    starts = list(range(0, m, batch_size or m))
    start = starts[step % len(starts)]
    return examples.take(slice(start, start + (batch_size or m)))


def close(got, expected, dtype):
    tolerance = 1e-10 if np.dtype(dtype) == np.float64 else 2e-3
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


RULES_OF_A_SHAPE = -(-len(OPTIMIZERS) // len(SHAPES))


def triples(shape):
    """Each activation with each head and some update rules: all of them over all shapes."""
    rules, first = list(OPTIMIZERS), RULES_OF_A_SHAPE * list(SHAPES).index(shape)
    for (i, activation), (j, output) in product(enumerate(ACTIVATIONS), enumerate(HEADS)):
        for k in range(RULES_OF_A_SHAPE):
            yield activation, output, rules[(i + j + first + k) % len(rules)]


def test_the_shapes_have_every_activation_with_every_head_and_update_rule():
    assert {one for shape in SHAPES for one in triples(shape)} == set(product(ACTIVATIONS, HEADS, OPTIMIZERS))


@pytest.mark.parametrize("engine", ENGINES)  # one after the other: what is expected of them is the same
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_engine_trains_as_the_equations_do(engine, dtype, shape):
    for activation, output, optimizer in triples(shape):
        if engine == "compiled" and ACTIVATIONS[activation].across_units:
            continue  # test_choice has what becomes of these
        if activation == "softmax" and shape == "one unit everywhere":
            continue  # a softmax of one unit is constant: its derivative is 0 and Adam divides noise by noise
        if (activation, output) == ("increasing", "poisson"):
            continue  # the means begin at up to e^31 and no rate suits them
        if (output, optimizer, dtype) == ("quantile", "lion", "float32"):
            continue  # the levels may cancel to 0, and Lion takes the sign of what rounding leaves
        architecture, parameters, examples, batch_size = problem(shape, activation, output, dtype)
        session = open_session(engine, architecture, parameters, Settings(optimizer))
        rate, expected, reached = expected_training(shape, activation, output, optimizer)
        costs = []
        for step in range(STEPS):
            X, Y, _ = cut(examples, batch_size, step)
            costs.append(session.step(X, Y, learning_rate=rate))
            if step + 1 in reached:
                close(session.parameters.flat, reached[step + 1], dtype)
        close(costs, expected, dtype)
        assert session.parameters.dtype == np.dtype(dtype), (activation, output, optimizer)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
def test_factors_of_inputs_and_activations(engine, dtype, shape):
    """With every activation and the rules of two kinds, L2 and weights."""
    for activation, optimizer in product(ACTIVATIONS, ("gd", "adam")):
        if engine == "compiled" and ACTIVATIONS[activation].across_units:
            continue
        if optimizer == "adam" and shape == "one unit everywhere":
            continue  # it divides noise by noise where a unit is constant
        architecture, parameters, examples, batch_size = problem(
            shape, activation, "sigmoid", dtype, factors=True
        )
        session = open_session(engine, architecture, parameters, Settings(optimizer, l2=0.3))
        rate, reached = expected_training_of_factors(shape, activation, optimizer)
        for step in range(STEPS):
            X, Y, weight = cut(examples, batch_size, step)
            session.step(X, Y, learning_rate=rate, sample_weight=weight)
            if step + 1 in reached:
                close(session.parameters.flat, reached[step + 1], dtype)


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


LARGE = 0.05
"""An ε that shows where it stands: about as large as the root that it is added to."""

WITH_EPSILON = {
    "outside": lambda v, s, t: v / (1 - BETA1**t) / (np.sqrt(s / (1 - BETA2**t)) + LARGE),
    "inside": lambda v, s, t: v / (1 - BETA1**t) / np.sqrt(s / (1 - BETA2**t) + LARGE),
    "hat": lambda v, s, t: np.sqrt(1 - BETA2**t) / (1 - BETA1**t) * v / (np.sqrt(s) + LARGE),
}
"""Adam's steps for α = 1: Kingma & Ba 2015, algorithm 1; with ε below the root; and their ε̂ of section 2."""


@pytest.mark.parametrize("epsilon_at", WITH_EPSILON)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ENGINES)
def test_where_epsilon_of_adam_stands(engine, dtype, epsilon_at):
    architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", dtype)
    settings = Settings("adam", {"epsilon": LARGE, "epsilon_at": epsilon_at})
    session = open_session(engine, architecture, parameters, settings)
    X, Y, _ = examples.take(slice(None))
    theta = {name: value.astype(float) for name, value in parameters.items()}
    v, s = dict.fromkeys(theta, 0.0), dict.fromkeys(theta, 0.0)
    for t in range(1, STEPS + 1):
        session.step(X, Y, learning_rate=RATE)
        _, g = plain_gradients(architecture, theta, X.astype(float), Y.astype(float), None, 0.0)
        for name in theta:
            v[name] = BETA1 * v[name] + (1 - BETA1) * g[name]
            s[name] = BETA2 * s[name] + (1 - BETA2) * g[name] ** 2
            theta[name] = theta[name] - RATE * WITH_EPSILON[epsilon_at](v[name], s[name], t)
    expected = np.concatenate([value.ravel() for value in theta.values()])
    moved = np.abs(expected - parameters.flat).max()
    np.testing.assert_allclose(
        session.parameters.flat, expected, rtol=0, atol=moved * (1e-12 if dtype == "float64" else 1e-4)
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ENGINES)
def test_epsilon_of_rmsprop_stands_outside_the_root(engine, dtype):
    architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", dtype)
    X, Y, _ = examples.take(slice(None))
    session = open_session(engine, architecture, parameters, Settings("rmsprop", {"epsilon": LARGE}))
    session.step(X, Y, learning_rate=RATE)
    theta = {name: value.astype(float) for name, value in parameters.items()}
    _, g = plain_gradients(architecture, theta, X.astype(float), Y.astype(float), None, 0.0)
    g = np.concatenate([g[name].ravel() for name in theta])
    step = RATE * g / (np.sqrt((1 - RMSPROP_BETA) * g**2) + LARGE)
    atol = np.abs(step).max() * (1e-12 if dtype == "float64" else 1e-4)
    np.testing.assert_allclose(session.parameters.flat, parameters.flat - step, rtol=0, atol=atol)


@pytest.mark.parametrize("output", HEADS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ENGINES)
def test_weights_and_l2(engine, dtype, weighted, output):
    architecture, parameters, examples, batch_size = problem("deep, short last batch", "tanh", output, dtype)
    session = open_session(engine, architecture, parameters, Settings("gd", l2=0.3))
    for step in range(20):
        X, Y, weight = cut(examples, batch_size, step)
        session.step(X, Y, learning_rate=RATE, sample_weight=weight if weighted else None)
    _, expected = plain_training(
        architecture, parameters, examples, batch_size, "gd", 20, l2=0.3, weighted=weighted
    )
    close(session.parameters.flat, expected[-1], dtype)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("output", HEADS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_gradient_is_the_derivative_of_the_cost(engine, output, weighted):
    """Two-sided differences of the engine's own cost, with L2 and weights."""
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
    k = n_batches(len(examples), batch_size)
    ones = np.ones(k)
    done = session.steps(
        examples,
        order=order,
        batch_size=batch_size,
        numbers=range(k),
        learning_rate=RATE * ones,
        weight_decay=ones,
        dropout=ones,
    )
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

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_an_epoch_is_its_steps(self, engine, optimizer):
        architecture, parameters, examples, batch_size = problem(
            "deep, short last batch", "tanh", "softmax", "float64"
        )
        m = len(examples)
        order = shuffled(3)(0, m)
        whole = open_session(engine, architecture, parameters, Settings(optimizer))
        cost = epoch(whole, examples, order, batch_size)
        single = open_session(engine, architecture, parameters, Settings(optimizer))
        total = 0.0
        for start in range(0, m, batch_size):
            rows = order[start : start + batch_size]
            X, Y, weight = examples.take(rows)
            total += len(rows) * single.step(X, Y, learning_rate=RATE, sample_weight=weight)
        assert cost == pytest.approx(total / m, rel=1e-14)
        np.testing.assert_allclose(whole.parameters.flat, single.parameters.flat, rtol=1e-13)
        assert whole.state().step == single.state().step == 3

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_a_state_goes_on_in_a_new_session_bit_for_bit(self, engine, optimizer):
        architecture, parameters, examples, batch_size = problem("wide", "relu", "sigmoid", "float32")
        first = open_session(engine, architecture, parameters, Settings(optimizer))

        def train(session, epochs):
            for number in epochs:
                epoch(session, examples, shuffled(1)(number, len(examples)), batch_size)

        train(first, range(2))
        state = first.state()
        second = open_session(engine, architecture, parameters, Settings(optimizer))
        second.load(state)
        train(first, range(2, 4))
        train(second, range(2, 4))
        np.testing.assert_array_equal(first.parameters.flat, second.parameters.flat)
        assert first.state().step == second.state().step == 12
        for name, slot in first.state().slots.items():
            np.testing.assert_array_equal(slot, second.state().slots[name])

    def test_a_batch_of_weight_zero_teaches_nothing(self, engine):
        architecture, parameters, examples, _ = problem("batches of one", "tanh", "sigmoid", "float64")
        silent = replace(examples, weight=np.array([0.0, 1, 0, 0, 2]))
        session = open_session(engine, architecture, parameters, Settings("adam"))
        cost = epoch(session, silent, None, 1)
        heard = open_session(engine, architecture, parameters, Settings("adam"))
        costs = []
        for row in (1, 4):
            X, Y, _ = examples.take(slice(row, row + 1))
            costs.append(heard.step(X, Y, learning_rate=RATE))
        assert cost == pytest.approx(np.mean(costs), rel=1e-14)
        assert session.state().step == 2
        np.testing.assert_array_equal(session.parameters.flat, heard.parameters.flat)

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
        costs = []
        for numbers in (range(1), range(1, 4), range(4, 5)):
            ones = np.ones(len(numbers))
            rates = {"learning_rate": RATE * ones, "weight_decay": ones, "dropout": ones}
            done = parts.steps(examples, order=order, batch_size=4, numbers=numbers, **rates)
            costs += done.costs.tolist()
        np.testing.assert_array_equal(whole.parameters.flat, parts.parameters.flat)
        assert len(costs) == 5

    def test_no_weight_at_all_teaches_nothing(self, engine):
        architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", "float64")
        session = open_session(engine, architecture, parameters, Settings("adam"))
        done = session.steps(
            replace(examples, weight=np.zeros(17)),
            order=None,
            batch_size=8,
            numbers=range(3),
            learning_rate=np.ones(3),
            weight_decay=np.ones(3),
            dropout=np.ones(3),
        )
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

    def test_an_example_of_weight_zero_counts_as_absent(self, engine):
        architecture, parameters, examples, _ = problem("wide", "tanh", "softmax", "float64")
        X, Y, _ = examples.take(slice(None))
        weight = np.ones(17)
        weight[5:] = 0
        session = open_session(engine, architecture, parameters, Settings())
        with_zeros = session.cost_and_gradient(X, Y, sample_weight=weight)
        without = session.cost_and_gradient(X[:, :5], Y[:, :5])
        assert with_zeros[0] == pytest.approx(without[0], rel=1e-13)
        np.testing.assert_allclose(with_zeros[1], without[1], rtol=1e-11, atol=1e-14)

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
