"""Members that share a network: the compiled engine does what the equations do."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import Settings, choose_engine, open_session
from deepstep.engines.compiled import threads
from deepstep.equations import ACTIVATIONS, HEADS, example_targets
from deepstep.preparation.batches import Examples, shuffled

SHAPES = {
    "one unit everywhere": ((1, 1, 1), 4, None),
    "one example": ((3, 4, 2), 1, None),
    "deep, short last batch": ((4, 5, 3, 2), 11, 4),
    "batches of one": ((2, 3, 2), 5, 1),
    "more inputs than are turned": ((20, 6, 2), 9, 4),
    "more outputs than units": ((3, 2, 7), 6, 3),
    "for every head": ((4, 5, 4, 3), 11, 4),
}
"""Layer sizes, examples, batch size."""


def problem(shape, head, dtype, members, **parts):
    layer_dims, m, batch_size = SHAPES[shape]
    rng = np.random.default_rng(3)
    net = Network(
        layer_dims, activation="silu", output=head, shared_members=members, seed=1, dtype=dtype, **parts
    )
    net.parameters.flat[:] += 0.1 * rng.standard_normal(net.parameters.flat.size)
    X = rng.standard_normal((m, layer_dims[0])).astype(dtype)
    Y = example_targets(net.architecture, layer_dims[-1], m, rng=rng).T.astype(dtype)
    return net, Examples(X, Y, rng.uniform(0.5, 2, m).astype(dtype)), batch_size


def both(net, settings):
    return [
        open_session(name, net.architecture, net.parameters, settings) for name in ("reference", "compiled")
    ]


def epochs(session, examples, batch_size, count):
    of = 1 if batch_size is None else -(-len(examples) // batch_size)
    costs = []
    for epoch in range(count):
        found = session.steps(
            examples, order=shuffled(1)(epoch, len(examples)), batch_size=batch_size, numbers=range(of),
            learning_rate=np.full(of, 0.01), weight_decay=np.ones(of), dropout=np.ones(of),
        )  # fmt: skip
        costs += found.costs.tolist()
    return costs


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
def test_twenty_epochs_are_those_of_the_equations(shape, dtype, n_threads, monkeypatch):
    """Costs, θ, the answers and what they cost; with a state that moves to the other engine in the midst."""
    monkeypatch.setattr("deepstep.engines.compiled.session.threads_for", lambda *of: n_threads)
    monkeypatch.setattr(threads, "limit", lambda: n_threads)
    tolerance = {"rtol": 1e-9, "atol": 1e-10} if dtype == "float64" else {"rtol": 5e-3, "atol": 5e-3}
    for head, members in (("softmax", 3), ("sigmoid", 1), ("identity", 4)):
        net, examples, batch_size = problem(shape, head, dtype, members, parametric=True)
        equations, kernel = both(net, Settings("adam", l2=0.1, dropout=0.2, seed=4))
        for half in range(2):
            costs = [epochs(session, examples, batch_size, 10) for session in (equations, kernel)]
            np.testing.assert_allclose(costs[1], costs[0], **tolerance)
            np.testing.assert_allclose(kernel.parameters.flat, equations.parameters.flat, **tolerance)
            X, Y = examples.X.T, examples.Y.T
            np.testing.assert_allclose(kernel.forward(X), equations.forward(X), **tolerance)
            kept = {"sample_weight": examples.weight}
            np.testing.assert_allclose(kernel.cost(X, Y, **kept), equations.cost(X, Y, **kept), **tolerance)
            found = [session.cost_and_gradient(X, Y, **kept)[1] for session in (equations, kernel)]
            np.testing.assert_allclose(found[1], found[0], **tolerance)
            if half == 0:
                equations.load(kernel.state())


@pytest.mark.parametrize("head", HEADS)
def test_a_first_gradient_is_the_same_to_rounding(head):
    net, examples, _ = problem("for every head", head, "float64", 3)
    X, Y = examples.X.T, examples.Y.T
    (left, expected), (right, got) = (
        session.cost_and_gradient(X, Y, sample_weight=examples.weight) for session in both(net, Settings())
    )
    assert left == pytest.approx(right, rel=1e-13)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_full_batches_of_more_inputs_than_examples_take_the_usual_way():
    """In the span of the examples are no factors of the inputs."""
    net, examples, _ = problem("more inputs than are turned", "softmax", "float64", 3)
    sessions = both(net, Settings("gd"))
    for session in sessions:
        session.steps(
            examples, order=None, batch_size=None, numbers=range(30), learning_rate=np.full(30, 0.1),
            weight_decay=np.ones(30), dropout=np.ones(30),
        )  # fmt: skip
    np.testing.assert_allclose(sessions[1].parameters.flat, sessions[0].parameters.flat, rtol=1e-10)
    assert sessions[1].why == ""


def test_who_trains_members():
    net, _, _ = problem("one example", "softmax", "float64", 3)
    assert choose_engine("auto", net.architecture).name == "compiled"
    across = next(name for name, activation in ACTIVATIONS.items() if activation.across_units)
    other = Network([3, 4, 2], activation=across, shared_members=3, seed=1).architecture
    assert choose_engine("auto", other).name == "reference"
    assert choose_engine("torch", net.architecture).name == "torch"
