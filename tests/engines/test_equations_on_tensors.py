"""The equations on tensors are the equations: every function that a network, a head or an update rule has."""

from functools import partial

import numpy as np
import pytest

from deepstep import Network, equations
from deepstep.engines import Settings
from deepstep.engines.choice import why_not_torch
from deepstep.equations import ACTIVATIONS, FEATURES, HEADS, OPTIMIZERS, example_targets, get_head
from deepstep.network import Architecture

torch = pytest.importorskip("torch")

from deepstep.engines.torch import arrays  # noqa: E402
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


def test_what_has_no_form_on_tensors():
    with pytest.raises(AttributeError, match=r"np\.einsum has no form on tensors"):
        arrays.TORCH_AS_NUMPY.einsum  # noqa: B018
    for other in (len, np.exp, tensors):  # none of the equations
        assert on_tensors(other) is other
    assert set(FASTER) <= {equation.function for equation in equations.EQUATIONS.values()}
