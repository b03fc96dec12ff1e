"""The equations on tensors are the equations: every function that a network, a head or an update rule has."""

from functools import partial
from itertools import cycle

import numpy as np
import pytest

from deepstep import Network, equations
from deepstep.engines import Settings, open_session
from deepstep.engines.choice import why_not_torch
from deepstep.equations import ACTIVATIONS, FEATURES, HEADS, OPTIMIZERS, example_targets, get_head
from deepstep.network import Architecture

torch = pytest.importorskip("torch")

from deepstep.engines.torch import arrays, graph  # noqa: E402
from deepstep.engines.torch.arrays import FASTER, on_tensors  # noqa: E402
from deepstep.engines.torch.updates import in_memory  # noqa: E402

SHAPE = Architecture((3, 2), ("softmax",))
OPTIONS = {
    "normalization": {"normalization": ["batch", "layer"]},
    "input_scale": {"input_scale": True},
    "parametric": {"parametric": True},
    "shared_members": {"shared_members": 3},
    **{name: {"features": {name: one.example}} for name, one in FEATURES.items() if one.example is not None},
    "dropout": {},
}
"""The options of a network that turn each feature on; dropout is a setting of training."""
RULES = [name for name in OPTIMIZERS if not why_not_torch(SHAPE, Settings(name))]
"""The update rules that the engine does not refuse."""

EVERYTHING = {
    "l1": 0.01, "l2": 0.01, "weight_decay": 0.1, "dropout": 0.2, "input_noise": 0.1, "max_norm": 2.0,
    "clip_norm": 1.0, "clip_value": 0.5, "ema_decay": 0.9,
}  # fmt: skip
M = 11


def tensors(values):
    """Arrays as tensors, whatever holds them."""
    if isinstance(values, np.ndarray):
        return torch.from_numpy(np.array(values))
    return type(values)(map(tensors, values)) if isinstance(values, tuple | list) else values


def assert_same(function, given, rtol=1e-12, atol=1e-300):
    """The function on tensors gives tensors with the numbers that it gives on arrays."""
    got, expected = on_tensors(function)(*tensors(given)), function(*given)
    several = isinstance(expected, tuple)
    pairs = zip(got, expected, strict=True) if several else [(got, expected)]
    for one, array in pairs:
        assert isinstance(one, torch.Tensor), f"{function} on tensors gives {type(one).__name__}"
        np.testing.assert_allclose(one.numpy(), array, rtol=rtol, atol=atol)


def network(activation="gelu", output="softmax", dtype="float64", **options):
    options = {"seed": 1, "dtype": dtype, "activation": activation, "output": output, **options}
    return Network([3, 6, 5, 3], **options)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_far_out(name):
    """In the tails, where float64 is subnormal, and at 0."""
    rng = np.random.default_rng(1)
    ends = [-744.0, 0.0, -1e-12, 1e-12, 709.0]
    Z = np.concatenate([np.linspace(-700, 700, 29), rng.standard_normal(8), ends]).reshape(6, 7)
    assert_same(ACTIVATIONS[name].forward, (Z,), atol=1e-323)
    assert_same(ACTIVATIONS[name].backward, (rng.standard_normal(Z.shape), Z), rtol=1e-11, atol=1e-320)


@pytest.mark.parametrize("members", [0, 2])
@pytest.mark.parametrize("name", HEADS)
def test_losses_far_out(name, members):
    shape = Architecture((2, 4, 3), ("relu", HEADS[name].activation), name, shared_members=members)
    Y = example_targets(shape, 3, 50, rng=np.random.default_rng(2)).astype(float)
    columns = max(1, members) * 50
    ZL = np.random.default_rng(3).standard_normal((3, columns)) * np.geomspace(0.1, 300, columns)
    head = get_head(shape)
    assert_same(head.loss, (ZL, Y))
    assert_same(head.loss_backward, (ZL, Y), rtol=1e-10)


@pytest.mark.parametrize("output_settings", [{"smoothing": 0.1}, {}])
def test_losses_with_settings(output_settings):
    Y = np.eye(3)[:, np.arange(50) % 3]
    ZL = np.random.default_rng(3).standard_normal(Y.shape) * np.geomspace(0.1, 300, 50)
    head = get_head("softmax").with_settings(**output_settings)
    assert_same(head.loss, (ZL, Y))
    assert_same(head.loss_backward, (ZL, Y))


def test_no_feature_is_left_out():
    """A new one has an example, or gets an option above."""
    assert set(OPTIONS) == set(FEATURES)
    assert set(RULES) == set(OPTIMIZERS)


@pytest.mark.parametrize("feature", OPTIONS)
def test_every_operation(feature):
    """Each node of a network with the feature, on what the nodes before it leave on the tape."""
    net, rng = network(**OPTIONS[feature]), np.random.default_rng(0)
    columns = max(1, net.architecture.shared_members) * M
    masks = {1: rng.integers(0, 2, (6, columns)) / 0.5} if feature == "dropout" else {}
    for statistics in (None, net.statistics):
        found, tape = net.architecture.run(
            rng.standard_normal((3, M)), net.parameters, masks=masks, statistics=statistics
        )
        for node in found.nodes:
            reads, needs = ([tape[name] for name in names] for names in (node.reads, node.needs))
            assert_same(node.op.forward, reads)
            d = rng.standard_normal(tape[node.writes[0]].shape)
            assert_same(node.op.backward, [d, *needs], rtol=1e-10, atol=1e-14)
            if node.op.without_input is not None:
                assert_same(node.op.without_input, [d, *needs], rtol=1e-10, atol=1e-14)
            if node.op.running is not None and statistics is None:
                start = [np.full((6, 1), value) for value in node.op.running.start.values()]
                seen = [tape[node.names[symbol]] for symbol in node.op.running.start]
                assert_same(partial(node.op.running.update, momentum=0.3), [*start, *seen, M])


@pytest.mark.parametrize("name", RULES)
def test_update_rules(name):
    """With numbers of Python, and with tensors, as a recorded step has them."""
    rule, rng = OPTIMIZERS[name], np.random.default_rng(4)
    given = [rng.standard_normal(20), rng.standard_normal(20), *(rng.random(20) for _ in rule.state)]
    count = {"t": 7} if rule.counts_steps else {}
    layout = {"layout": (("W1", (5, 3)), ("b1", (5, 1)))} if rule.of_matrices else {}
    expected = rule.update(*given, learning_rate=0.1, **count, **layout)
    for number in (lambda value: value, partial(torch.tensor, dtype=torch.float64)):
        numbers = {one: number(value) for one, value in {"learning_rate": 0.1, **count}.items()}
        got = on_tensors(rule.update)(*tensors(given), **numbers, **layout)
        for one, array in zip(got, expected, strict=True):
            np.testing.assert_allclose(one.numpy(), array, rtol=1e-12)
    theta, g, *slots = tensors(given)
    twin = in_memory(rule, rule.settings({}))
    if twin is not None:
        twin([theta, *slots], g, [theta, *slots], 0.1, 7)  # over what is there
        for one, array in zip((theta, *slots), expected, strict=True):
            np.testing.assert_allclose(one.numpy(), array, rtol=1e-12)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e-200, 1e200, np.inf])
def test_limits(scale):
    W = np.random.default_rng(5).standard_normal((3, 4))
    W[1] *= scale if np.isfinite(scale) else 1
    W[2, 1] = scale
    for most in (0.5, 1e300):
        with np.errstate(invalid="ignore", over="ignore"):
            assert_same(partial(equations.clip_by_value, most=most), (W,))
            assert_same(partial(equations.clip_by_norm, most=most), (W.ravel(),))
            assert_same(partial(equations.limit_norms, most=most), (W,))


def test_what_has_no_form_on_tensors_is_named():
    with pytest.raises(AttributeError, match=r"np\.einsum has no form on tensors"):
        arrays.TORCH_AS_NUMPY.einsum  # noqa: B018


def test_functions_that_are_none_of_the_equations_stay_as_they_are():
    assert on_tensors(len) is len
    assert on_tensors(np.exp) is np.exp
    assert on_tensors(tensors) is tensors


def test_what_is_faster_is_an_equation():
    assert set(FASTER) <= {equation.function for equation in equations.EQUATIONS.values()}


def cases():
    """Every activation, head, feature and update rule, with everything else in turn."""
    rules, features, settings = cycle(RULES), cycle(OPTIONS), cycle([{}, EVERYTHING])
    for activation in ACTIVATIONS:
        yield activation, "softmax", next(features), next(rules), next(settings)
    for head in HEADS:
        for feature in ("dropout", next(features)):
            yield "tanh", head, feature, next(rules), next(settings)
    for feature in OPTIONS:
        for activation in ("relu", "identity", "silu"):
            yield activation, "sigmoid", feature, next(rules), next(settings)


def trained(engine, net, settings, rng):
    """J and ∂J/∂θ; then of five steps the costs, θ, the parameters and outputs that predict."""
    shape = net.architecture
    X = (0.3 * rng.standard_normal((3, M))).astype(net.dtype)
    Y = example_targets(shape, shape.n_outputs, M, rng=rng).astype(net.dtype)
    weight = rng.uniform(0.5, 2, M)
    session = open_session(engine, shape, net.parameters, settings)
    found = [*session.cost_and_gradient(X, Y, sample_weight=weight)]
    costs = [session.step(X, Y, learning_rate=0.01, sample_weight=weight) for _ in range(5)]
    found.append(np.array(costs))
    found += [session.parameters.flat, session.outcome.flat, session.forward(X), session.cost(X, Y)]
    session.settle(X)
    return [*found, *session.state().statistics.values(), session.forward(X)]


@pytest.mark.parametrize(("activation", "head", "feature", "rule", "settings"), list(cases()))
def test_training_is_that_of_the_equations(activation, head, feature, rule, settings):
    """In float64 to the last digits; in float32 as near to float64 as the equations in float32 are."""
    given = Settings(rule, **{"dropout": 0.3 if feature == "dropout" else 0.0} | settings, seed=4)
    of = {}
    for dtype in ("float64", "float32"):
        net = network(activation, head, dtype, **OPTIONS[feature])
        for engine in ("reference", "torch:cpu"):
            of[engine, dtype] = trained(engine, net, given, np.random.default_rng(6))
    for number, exact in enumerate(of["reference", "float64"]):
        np.testing.assert_allclose(of["torch:cpu", "float64"][number], exact, rtol=1e-9, atol=1e-12)
        size = max(np.abs(exact).max(), 1e-3)
        ours, theirs = (
            np.abs(of[engine, "float32"][number] - exact).max() / size
            for engine in ("torch:cpu", "reference")
        )
        assert ours <= 20 * max(theirs, 1e-6)


@pytest.mark.parametrize("options", [{}, {"shared_members": 2}])
def test_sums_over_very_many_examples_keep_their_digits(options):
    m, rng = 500_000, np.random.default_rng(0)
    net = Network([2, 3, 1], activation="relu", seed=1, **options)
    X, Y = (3 + rng.standard_normal((2, m))).astype("float32"), (rng.random((1, m)) < 0.3).astype("float32")
    given = {"float64": (X.astype(float), Y.astype(float)), "float32": (X, Y)}
    _, exact = open_session("reference", net.architecture, net.parameters).cost_and_gradient(
        *given["float64"]
    )
    ours, theirs = (
        open_session(engine, net.architecture, net.parameters.astype(np.float32)).cost_and_gradient(X, Y)[1]
        for engine in ("torch:cpu", "reference")
    )
    assert np.abs(ours - exact).max() <= 5 * np.abs(theirs - exact).max()


def test_products_in_pieces_are_the_product(monkeypatch):
    net, rng = network(normalization="batch"), np.random.default_rng(7)
    X, Y = rng.standard_normal((3, M)), np.eye(3)[:, np.arange(M) % 3]
    session = open_session("torch:cpu", net.architecture, net.parameters)
    whole = session.cost_and_gradient(X, Y)[1], session.forward(X), session.cost(X, Y)
    monkeypatch.setattr(graph, "EXAMPLES_AT_ONCE", 4)
    monkeypatch.setattr("deepstep.engines.torch.session.EXAMPLES_AT_ONCE", 4)
    parts = session.cost_and_gradient(X, Y)[1], session.forward(X), session.cost(X, Y)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
