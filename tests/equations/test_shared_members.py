"""Members that share a network: against single networks, torch's autograd, and the answers themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep import Network
from deepstep.engines import open_session
from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    MEAN_LOGITS,
    cost_from_logits,
    example_targets,
    get_head,
    mean_logits,
    model_backward,
    model_forward,
)
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.network import Architecture, Parameters

MEMBERS, M = 3, 5


def shared(head="softmax", members=MEMBERS, seed=0, **parts):
    """A network of members with weights of all kinds, and examples that its head can learn."""
    rng = np.random.default_rng(seed)
    net = Network([4, 6, 5, 3], output=head, activation="tanh", shared_members=members, seed=1, **parts)
    for value in net.parameters.values():
        value += 0.3 * rng.standard_normal(value.shape)
    return net, rng.standard_normal((4, M)), example_targets(net.architecture, 3, M, rng=rng)


def alone(net, k):
    """The ordinary network that member k is: its r in the weights, its rows of the output layer."""
    theta, L, n = net.parameters, net.architecture.n_layers, net.architecture.n_outputs
    parts = {name: value for name, value in theta.to_dict().items() if name != "r1"}
    parts["W1"] = theta["W1"] * theta["r1"][k]
    for name in (f"W{L}", f"b{L}"):
        parts[name] = theta[name][k * n : (k + 1) * n]
    shape = net.architecture
    return Network(parameters=parts, activation=list(shape.activations[:-1]), output=shape.output)


@pytest.mark.parametrize("head", HEADS)
def test_members_are_single_networks_whose_answers_and_losses_are_averaged(head):
    net, X, Y = shared(head)
    members = [alone(net, k) for k in range(MEMBERS)]
    answers = np.mean([one.forward(X) for one in members], axis=0)
    np.testing.assert_allclose(net.forward(X), answers, rtol=1e-13)
    weight = np.array([1.0, 0.5, 2.0, 0.0, 1.0])
    session = open_session("reference", net.architecture, net.parameters)
    for w in (None, weight):
        cost, _ = session.cost_and_gradient(X, Y, sample_weight=w)
        np.testing.assert_allclose(
            cost, np.mean([one.cost(X, Y, sample_weight=w) for one in members]), rtol=1e-13
        )


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    members=st.integers(1, 5),
    m=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
    weighted=st.booleans(),
)
def test_against_torch_s_autograd(sizes, members, m, seed, weighted):
    """r and the outputs as TabM has them: tensors with an axis of members, and nothing of ours."""
    torch = pytest.importorskip("torch")
    rng, n_outputs = np.random.default_rng(seed), 2
    shape = Architecture(
        (*sizes, n_outputs), ("tanh",) * (len(sizes) - 1) + ("softmax",), shared_members=members
    )
    theta = shape.lay_out(rng.standard_normal(shape.n_parameters))
    X, labels = rng.standard_normal((sizes[0], m)), rng.integers(n_outputs, size=m)
    weight = rng.uniform(0.1, 2, m) if weighted else None
    Y = np.eye(n_outputs)[:, labels]
    cost, gradient = open_session("reference", shape, theta).cost_and_gradient(X, Y, sample_weight=weight)
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in theta.items()}
    A, L = torch.tensor(X.T)[:, None, :] * tensors["r1"], shape.n_layers  # (m, K, n)
    for layer in range(1, L):
        A = torch.tanh(A @ tensors[f"W{layer}"].T + tensors[f"b{layer}"][:, 0])
    W = tensors[f"W{L}"].view(members, n_outputs, -1)
    logits = torch.einsum("mki,koi->mko", A, W) + tensors[f"b{L}"].view(members, n_outputs)
    losses = torch.nn.functional.cross_entropy(
        logits.reshape(-1, n_outputs), torch.tensor(labels).repeat_interleave(members), reduction="none"
    ).view(m, members)
    shares = torch.ones(m, dtype=torch.float64) if weight is None else torch.tensor(weight)
    right = (losses.mean(dim=1) * shares).sum() / shares.sum()
    right.backward()
    np.testing.assert_allclose(cost, right.item(), rtol=1e-12)
    for name, value in theta.like(gradient).items():
        np.testing.assert_allclose(value, tensors[name].grad.numpy(), rtol=1e-9, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("activation", MEAN_LOGITS)
def test_mean_logits_give_the_mean_answer(activation):
    ZL = 3 * np.random.default_rng(1).standard_normal((4, 3 * M))
    g = ACTIVATIONS[activation].forward
    expected = g(ZL).reshape(4, 3, M).mean(axis=1)
    np.testing.assert_allclose(g(mean_logits(ZL, 3, activation)), expected, rtol=1e-12)
    np.testing.assert_array_equal(mean_logits(ZL, 1, activation), ZL)
    assert mean_logits(ZL.astype(np.float32), 3, activation).dtype == np.float32


def test_members_begin_apart_and_share_what_they_share():
    net = Network([3, 8, 2], output="softmax", shared_members=4, seed=1)
    theta = net.parameters
    assert net.architecture == Architecture((3, 8, 2), ("relu", "softmax"), shared_members=4)
    assert set(np.unique(theta["r1"])) == {-1.0, 1.0}
    heads = theta["W2"].reshape(4, 2, 8)
    assert all((heads[0] != head).all() for head in heads[1:])
    assert not theta["b1"].any()
    assert not theta["b2"].any()
    stream = np.random.RandomState(1)  # W1, the W2 of each member, r
    np.testing.assert_array_equal(theta["W1"], stream.standard_normal((8, 3)) * np.sqrt(2 / 3))
    np.testing.assert_array_equal(heads, stream.standard_normal((4, 2, 8)) * np.sqrt(2 / 8))
    np.testing.assert_array_equal(theta["r1"] < 0, stream.random_sample((4, 3)) < 0.5)
    by_glorot = Network([3, 4000, 2], initialization="glorot", shared_members=4, seed=1).parameters
    np.testing.assert_allclose(by_glorot["W2"].std(), np.sqrt(2 / 4002), rtol=0.05)


def test_what_does_not_fit_is_refused():
    net, X, Y = shared()
    AL, caches = model_forward(X, net.parameters, activations=net.architecture.activations)
    with pytest.raises(DataError, match="the mean output of the members"):
        model_backward(AL[::-1], Y, caches, activations=net.architecture.activations)
    with pytest.raises(ShapeError, match="for each of 3 members"):
        cost_from_logits(caches[-1].Z[:, 1:], Y, output=get_head(net.architecture))
    with pytest.raises(ConfigurationError, match="whose mean has logits; got 'relu'"):
        mean_logits(np.ones((1, 2)), 2, "relu")
    with pytest.raises(ConfigurationError, match="parameters drawn from data"):
        Network([2, 3, 1], shared_members=2, initialization="data")
    with pytest.raises(ConfigurationError, match="whose layers follow one another"):
        net.to_torch()
    with pytest.raises(ConfigurationError, match="with \\['r1'\\]"):
        Network([4, 6, 5, 3], output="softmax", shared_members=2, parameters=net.parameters)
    assert isinstance(net.parameters, Parameters)
