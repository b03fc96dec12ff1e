"""Mistakes that `check_gradients` names, planted in a backward pass written from the lecture alone."""

import numpy as np
import pytest
from learner import MISTAKES, OF_TANH, learner

from deepstep import Network
from deepstep.errors import ConfigurationError, DivergenceError, ShapeError
from deepstep.inspection import FAULTS

SIZES = (4, 3, 3, 2)


def problem(dims=SIZES, activation="tanh", output="sigmoid", m=7, seed=3, features=()):
    rng = np.random.default_rng(seed + 2)
    options = {"activation": activation, "output": output, "initialization": "glorot", "seed": seed}
    net = Network(dims, **options, **dict(features))
    for name, value in net.parameters.items():
        if name[0] == "b":
            value += 0.3 * rng.standard_normal(value.shape)
    Y = rng.integers(2, size=(dims[-1], m)).astype(float)
    if output == "softmax":
        Y = np.eye(dims[-1])[:, rng.integers(dims[-1], size=m)]
    return net, rng.standard_normal((dims[0], m)), Y


def named(net, X, Y, mistakes):
    report = net.check_gradients(X, Y, gradients=learner(net, X, Y, mistakes), max_entries=12)
    assert report.passed == (not mistakes), str(report)
    return report.diagnosis


def where(layers):
    if len(layers) == len(SIZES) - 1:
        return "every layer"
    return ("layers " if len(layers) > 1 else "layer ") + ", ".join(map(str, layers))


CASES = [
    *(("tanh", name, *row) for name, row in {**MISTAKES, **OF_TANH}.items()),
    *(("sigmoid", name, *MISTAKES[name]) for name in ("A for Z", "no derivative", "derivative twice")),
]


@pytest.mark.parametrize(("activation", "mistake", "sentence", "layers", "steps"), CASES)
def test_a_mistake_in_each_layer_and_in_all(activation, mistake, sentence, layers, steps):
    net, X, Y = problem(activation=activation)
    assert named(net, X, Y, {}) == ""
    for layer in layers:
        assert named(net, X, Y, {layer: [mistake]}) == f"layer {layer}: {sentence}"
    if len(layers) > 1:
        found = named(net, X, Y, {layer: [mistake] for layer in layers})
        assert found == f"{where(layers)}: {sentence}"


FACTORS = {
    "the 1/m is lost in {}": lambda n, m: m,
    "the 1/m stands twice, in dZ and again in {}": lambda n, m: 1 / m,
    "{} is divided by the number of units n instead of the number of examples m": lambda n, m: m / n,
    "{} has a factor of 2 too much": lambda n, m: 2,
    "{} has a factor of 1/2 too much": lambda n, m: 1 / 2,
    "the sign of {} is wrong": lambda n, m: -1,
}


@pytest.mark.parametrize("sentence", FACTORS)
def test_a_factor_in_one_derivative_of_one_layer_and_of_several(sentence):
    net, X, Y = problem((4, 3, 3, 5), seed=4, features={"normalization": "batch"})
    right = net.gradients(X, Y)
    for names, where in (
        (("gamma1",), "layer 1"),
        (("W2",), "layer 2"),
        (("b3",), "layer 3"),
        (("W1", "W2", "W3"), "every layer"),
        (("gamma1", "gamma2"), "layers 1, 2"),
    ):
        factors = {f"d{name}": FACTORS[sentence](len(net.parameters[name]), 7) for name in names}
        wrong = right | {name: factor * right[name] for name, factor in factors.items()}
        found = net.check_gradients(X, Y, gradients=wrong, max_entries=4).diagnosis
        assert found == f"{where}: {sentence.format('d' + names[0][:-1])}"


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
def test_gradients_taken_after_the_update_of_later_layers(size):
    net, X, Y = problem()
    X = size * X  # what W1 has an effect on: Z1 stays
    net.parameters["W1"][:] /= size
    gradients = learner(net, X, Y)
    for l in (2, 1):
        moved = net.parameters.copy()
        for later in range(l + 1, 4):
            moved[f"W{later}"][:] -= 0.3 * gradients[f"dW{later}"]
        gradients |= {f"d{q}{l}": _with_later(net, moved, X, Y, l)[f"d{q}{l}"] for q in "Wb"}
    report = net.check_gradients(X, Y, gradients=gradients)
    assert report.diagnosis == (
        "layers 2, 3: dA_prev is taken with weights that were updated already, at learning rate 0.3: "
        "take all gradients before the first update"
    )


def _with_later(net, moved, X, Y, l):
    """The gradients of layer l with Z and A of this network, and the weights of later layers moved."""
    theta, A, Z = net.parameters, {0: X}, {}
    for k in (1, 2, 3):
        Z[k] = theta[f"W{k}"] @ A[k - 1] + theta[f"b{k}"]
        A[k] = np.tanh(Z[k]) if k < 3 else 1 / (1 + np.exp(-Z[k]))
    dZ = A[3] - Y
    for k in range(3, l, -1):
        dZ = (moved[f"W{k}"].T @ dZ) * (1 - A[k - 1] ** 2)
    return {f"dW{l}": dZ @ A[l - 1].T / X.shape[1], f"db{l}": dZ.mean(axis=1, keepdims=True)}


@pytest.mark.parametrize(
    "mistakes",
    [{3: ["sign of db"], 1: ["derivative of sigmoid"]}, {3: ["derivative twice"], 2: ["A[l]"]}],
    ids=str,
)
def test_two_mistakes_at_once(mistakes):
    known = {**MISTAKES, **OF_TANH}
    expected = [f"layer {layer}: {known[name][0]}" for layer, names in mistakes.items() for name in names]
    assert sorted(named(*problem(), mistakes).split("; and ")) == sorted(expected)


def test_where_nothing_explains_the_difference_its_beginning_is_named(monkeypatch):
    monkeypatch.setattr("deepstep.inspection.faults.MOST_MULTIPLICATIONS", 1e4)
    net, X, Y = problem()
    noise = np.random.default_rng(1)
    for names, look in ((("dW1", "dW2", "db2"), "dZ2"), (("dW2",), "dW2"), (("db1", "dW3"), "dW3")):
        gradients = learner(net, X, Y)
        for name in names:
            gradients[name] = gradients[name] + noise.standard_normal(gradients[name].shape)
        above = "" if look == "dW3" else ", all of layer 3 and above are right"
        assert net.check_gradients(X, Y, gradients=gradients).diagnosis == (
            f"none of the known faults explains it; look at {look} next: it is the first that differs{above}"
        )


def test_numbers_that_are_not_finite_are_named_and_counted_from_the_output_on():
    net, X, Y = problem()
    gradients, right = learner(net, X, Y), learner(net, X, Y)
    gradients["dW1"] = np.full_like(gradients["dW1"], np.inf)
    gradients["db3"] = np.array([[0.0], [-np.inf]])
    assert net.check_gradients(X, Y, gradients=gradients).diagnosis == "layer 3: db3[1, 0] is -inf"
    gradients["db3"] = right["db3"]
    assert net.check_gradients(X, Y, gradients=gradients).diagnosis == (
        "layer 1: dW1[0, 0] is inf (12 of 12 entries are not finite)"
    )
    right["dW2"][0, 1] = np.nan
    assert net.check_gradients(X, Y, gradients=right).diagnosis == "layer 2: dW2[0, 1] is nan"


@pytest.mark.parametrize("fault", [*FAULTS, "derivative of relu"])
def test_a_class_sees_what_a_mistake_does(fault):
    """The first step of a training with a mistake is a step by the gradients that the mistake gives."""
    net, X, Y = problem((3, 3, 3, 3))
    start = net.parameters.copy()
    options = {"no regularization": {"l2": 0.5}, "no mask": {"dropout": 0.3}}.get(fault, {})
    history = net.train(X, Y, iterations=1, learning_rate=0.1, fault=fault, **options)
    assert history.engine == "reference"
    moved = (start.flat - net.parameters.flat) / 0.1
    right, again = (Network([3, 3, 3, 3], activation="tanh", parameters=start, seed=3) for _ in "12")
    right.train(X, Y, iterations=1, learning_rate=0.1, **options)
    expected = (start.flat - right.parameters.flat) / 0.1
    different = not np.allclose(moved, expected, rtol=1e-6, atol=1e-12)
    assert different == (fault not in ("Z(1 - Z) for A(1 - A)",))  # no hidden layer has that activation
    if fault == "lost 1/m":
        np.testing.assert_allclose(moved, expected * X.shape[1], rtol=1e-9)
    found = again.check_gradients(X, Y, gradients={f"d{n}": v for n, v in start.like(moved).items()})
    if not options and different:
        assert not found.passed
        assert "none of the known" not in found.diagnosis


@pytest.mark.parametrize("fault", ["W for Wᵀ", "dW transposed", "A[l] for A[l-1]"])
def test_a_mistake_that_no_layer_of_these_sizes_can_have_ends_in_a_sentence(fault):
    """As in the lecture's own code, where it is an error of NumPy."""
    net = Network([3, 4, 2, 1], activation="tanh", seed=1)
    begun = net.parameters.copy()
    with pytest.raises(ShapeError, match=r"(has|must have) (the shape of|as many columns as) .* got"):
        net.train(np.ones((3, 5)), np.eye(5)[:1], iterations=2, fault=fault)
    assert net.parameters == begun


@pytest.mark.parametrize("fault", [None, "lost 1/m", "sign of dZ", "no regularization", "no mask"])
def test_steps_train_as_train_does_and_trace_what_is_done(fault):
    (trained, X, Y), (stepped, _, _) = (problem((3, 3, 3, 1)) for _ in "12")
    options = {"learning_rate": 0.1, "iterations": 3, "l2": 0.5, "dropout": 0.2}
    trained.train(X, Y, fault=fault, **options)
    right = next(problem((3, 3, 3, 1))[0].steps(X, Y, **options)).trace()
    for step in stepped.steps(X, Y, fault=fault, **options):
        trace = step.trace()
        assert [entry.formula for entry in trace] == [entry.formula for entry in right]
        for name in step.after:
            moved = step.before[name] - 0.1 * trace[f"d{name}"].value
            np.testing.assert_allclose(step.after[name], moved, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(stepped.parameters.flat, trained.parameters.flat)


def test_trainings_with_a_mistake_that_cannot_be():
    net, X, Y = problem((3, 4, 1))
    for use in (net.steps, net.train):
        with pytest.raises(ConfigurationError, match="fault must be one of"):
            use(X, Y, fault="lost 1/n")
    with pytest.raises(ConfigurationError, match=r"^fault and engine='compiled' cannot be given tog"):
        Network([3, 4, 1], engine="compiled").train(X, Y, fault="sign of dW")
    with pytest.raises(DivergenceError, match=r"the mistake in the backward pass\. Leave") as caught:
        net.train(X, Y, iterations=5000, learning_rate=5.0, fault="1 - Z² for 1 - A²")
    assert np.isfinite(caught.value.parameters.flat).all()
