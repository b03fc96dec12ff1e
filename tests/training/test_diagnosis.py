"""What is said when training leaves the finite numbers: the place, the cause, and the last finite state."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from deepstep import Network
from deepstep.engines import Settings, open_session
from deepstep.equations import OPTIMIZERS, initialize_parameters, register_activation, register_head
from deepstep.equations.own import unregister_activation, unregister_head
from deepstep.errors import DivergenceError
from deepstep.estimators import NetworkRegressor
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, shuffled
from deepstep.training import History, Plan, train, updates
from deepstep.training.diagnosis import all_finite

RNG = np.random.RandomState(3)
X = RNG.standard_normal((20, 3))
Y = RNG.standard_normal((20, 2))


def opened(layer_dims=(3, 4, 2), hidden="tanh", dtype="float64", shape=None, **settings):
    architecture = Architecture(
        layer_dims, (hidden,) * (len(layer_dims) - 2) + ("identity",), **(shape or {})
    )
    drawn = initialize_parameters(layer_dims, method="glorot", rng=np.random.RandomState(1))
    ones = {name: np.ones(size) for name, size in architecture.layout}
    parameters = Parameters.from_dict({**ones, **drawn}).astype(dtype)
    return open_session("reference", architecture, parameters, Settings(**settings))


def examples(inputs=X, targets=Y, dtype="float64"):
    return Examples(np.asarray(inputs, dtype), np.asarray(targets, dtype))


def said(session, data, plan=None, **options):
    with pytest.raises(DivergenceError) as error:
        train(session, data, plan or Plan(2000, **{"learning_rate": 0.01, **options}))
    text = str(error.value)
    assert text.startswith("Training diverged: ")
    assert text.endswith(".")
    return text


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_is_the_one_before_the_step_that_is_named(optimizer, fresh_seed):
    """The same training, walked step by step, says which one that is."""
    rng = np.random.default_rng(fresh_seed)
    batch_size, dtype = rng.choice([None, 4, 7]), str(rng.choice(["float64", "float32"]))
    settings = {"optimizer": optimizer, "dropout": 0.2, "seed": 5}
    plan = Plan(500, 1e120 if dtype == "float64" else 1e15, batch_size, shuffled(2))
    data = examples(dtype=dtype)
    session, twin = (opened((3, 4, 4, 2), "relu", dtype, **settings) for _ in range(2))
    text = said(session, data, plan)
    walked = []
    with pytest.raises(DivergenceError) as error:
        walked.extend(updates(twin, data, plan))
    assert str(error.value).split(": ")[1:3] == text.split(": ")[1:3]  # the place and the time
    state, last = session.state(), twin.state()
    assert all_finite(state)
    assert state.step == last.step == len(walked)
    assert f"step {len(walked) + 1}, " in text
    np.testing.assert_array_equal(state.theta, last.theta)
    for name, slot in state.slots.items():
        np.testing.assert_array_equal(slot, last.slots[name])


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(OPTIMIZERS)),
    st.sampled_from(["none", "batch", "layer"]),
    st.sampled_from([None, 3, 20]),
    st.sampled_from([0.0, 1.0, 1e80, 1e160, 1e300]),
    st.sampled_from([1e-3, 1e3, 1e120, 1e300]),
    st.fixed_dictionaries(
        {},
        optional={
            "l1": st.just(1e200),
            "l2": st.just(0.1),
            "weight_decay": st.just(1e3),
            "dropout": st.just(0.5),
            "clip_norm": st.just(1e300),
            "clip_value": st.just(1e300),
        },
    ),
    st.booleans(),
)
def test_any_training_ends_finite_or_says_where_it_did_not(
    optimizer, normalization, batch_size, size, rate, settings, zeros
):
    session = opened(shape={"normalization": normalization}, hidden="relu", optimizer=optimizer, **settings)
    if zeros:
        session.load(replace(session.state(), theta=0 * session.state().theta))
    data, plan = examples(size * X), Plan(4, rate, batch_size)
    history, text = History(), ""
    try:
        train(session, data, plan, history=history)
    except DivergenceError as error:
        text = str(error)
    assert not text or re.search(r"(layer \d|the cost J|A0).* in epoch \d+, step \d+, at learning", text)
    assert all_finite(session.state())
    assert np.isfinite(history.costs).all()


def spoiled(*rows):
    """The inputs with a huge number in some rows."""
    inputs = X.copy()
    inputs[list(rows)] = 1e200
    return inputs


LATER = Examples(spoiled(0, 1, 2, 3, 9), Y, np.repeat([0.0, 1.0], [4, 16]))
PLACES = [
    (
        opened(hidden="relu"),
        examples(spoiled(13)),
        Plan(3, 1e-3, 4, shuffled(8)),
        r"layer 2, loss: example 13 is inf in epoch 0, step \d, .* Scale the inputs to mean 0 and standard "
        r"deviation 1: they go up to 1e\+200\.",
    ),
    # in a batch without weight, which is no step, too
    (opened(hidden="relu"), LATER, Plan(1, 1e-3, 4), "layer 2, loss: example 9 is inf in epoch 0, step 2"),
    # J and its gradient are finite; α·g is not
    (
        opened((3, 2)),
        examples(30 * X),
        Plan(1, 1e308),
        r"layer 1, W: entry \[\d, \d\] is -?inf in epoch 0, step 1, .* the update overflows, θ from",
    ),
    # g² is too large for float32: s is infinite, and every later step of Adam would be 0
    (
        opened((3, 2), dtype="float32", optimizer="adam"),
        examples(1e12 * X, dtype="float32"),
        Plan(3, 1e-3),
        r"layer 1, W, the optimizer's s: entry \[\d, \d\] is inf",
    ),
    (
        opened(shape={"normalization": "batch"}),
        examples(1e200 * X),
        Plan(9, 0.01),
        r"layer 1, variance: entry \[0, 0\] is inf in epoch 0, .* variance1 = Σᵢ \(U1⁽ⁱ⁾ - mean1\)² "
        "/ m overflows, U1 from .* Scale the inputs",
    ),
    *(
        (opened((9, 40, 2), **{name: 1.7e308}), examples(np.tile(X, 3)), Plan(1, 1e3, 1), words)
        for name, words in (
            ("l2", "the cost J is inf in epoch 0, step 1, at learning rate 1000: the L2 term "),
            ("l1", "the cost J is inf in epoch 0, step 1, at learning rate 1000: the L1 term "),
            ("weight_decay", "the weight decay overflows"),
        )
    ),
    (
        opened(),
        examples(),
        Plan(9, lambda epoch: np.nan if epoch == 3 else 0.01),
        r"in epoch 3, step 4, at learning rate nan: the learning rate is nan\. Let learning_rate give finite",
    ),
]


@pytest.mark.parametrize(("session", "data", "plan", "pattern"), PLACES)
def test_the_place(session, data, plan, pattern):
    assert re.search(pattern, said(session, data, plan))


def test_the_product_with_what_went_into_it():
    session = opened((2, 2, 1), "identity")
    session.load(replace(session.state(), theta=np.array([1e200, 0, 0, 1, 0, 0, 1.0, 1.0, 0.0])))
    inputs = np.ones((6, 2))
    inputs[4, 0] = 1e150
    text = said(session, examples(inputs, np.ones((6, 1))))
    assert ": layer 1, Z: example 4, unit 0 is inf in epoch 0, step 1, at learning rate 0.01: " in text
    assert "Z1 = W1·A0 + b1 overflows, A0 from 1 to 1e+150, W1 from 0 to 1e+200, b1 = 0. " in text
    assert text.endswith("Begin with smaller weights: they go up to 1e+200.")


@pytest.mark.parametrize(("factor", "batch_size"), [(30, 20), (3, None), (1e6, 20), (1e100, None)])
def test_how_many_times_too_high(factor, batch_size):
    """Gradient descent on squares is stable up to 2 / the largest eigenvalue of the second moments."""
    with_ones = np.column_stack([X, np.ones(20)])
    limit = 2 / np.linalg.eigvalsh(with_ones.T @ with_ones / 20)[-1]
    text = said(opened((3, 2)), examples(), Plan(4000, factor * limit, batch_size))
    got = float(re.search(r"the learning rate is about (\S+) × too high", text)[1])
    assert 0.5 * factor < got < 2 * factor
    lower = float(re.search(r"Lower the learning rate to about (\S+?)\.(?: |$)", text)[1])
    assert 0.5 * limit < lower < 2 * limit
    train(opened((3, 2)), examples(), Plan(500, lower / 2, batch_size))


@pytest.mark.parametrize(("solver", "engine"), [("adam", "compiled"), ("lbfgs", "reference")])
def test_weights_so_small_that_what_is_divided_by_their_sum_overflows(solver, engine):
    """No learning rate helps; weights of mean 1 do, and mean the same."""
    model = NetworkRegressor(4, random_state=0, dtype="float64", solver=solver, engine=engine, max_iter=2)
    with pytest.raises(DivergenceError) as error:
        model.fit(X, Y[:, 0], sample_weight=np.full(20, 1e-300))
    text = str(error.value)
    assert re.search(r"\. Multiply the sample weights .* mean is 1 .*: it is 1e-300, and L1 and L2", text)
    assert "ower the learning rate" not in text


@contextmanager
def registered(name, forward, backward):
    register_activation(name, forward, backward, check=False)
    yield
    unregister_activation(name)


def test_the_users_own_functions_are_named():
    inputs, targets = np.zeros((20, 3)), Y.copy()
    inputs[11] = -1e3 * np.sign(opened().parameters["W1"][2])
    root = lambda Z: np.sqrt(Z + 7)  # noqa: E731
    with registered("shifted_root", root, lambda dA, Z: dA / (2 * root(Z))):
        text = said(opened((3, 4, 2), "shifted_root"), examples(inputs))
    assert re.search(r"layer 1, A: example 11(, unit \d)? is nan in epoch 0, step 1", text)
    assert "shifted_root, your own, is not finite for Z1 from" in text
    assert text.endswith("Correct shifted_root.")
    targets[17, 0] = 5
    marks = lambda Y: np.where(Y == 5, np.nan, 1)  # noqa: E731
    for quantity in ("loss", "dZ"):
        loss = lambda ZL, Y, of=quantity: ((ZL - Y)[:1] ** 2) * (marks(Y[:1]) if of == "loss" else 1)  # noqa: E731
        register_head("moody", loss, lambda ZL, Y: (ZL - Y) * marks(Y), check=False)
        architecture = Architecture((3, 2), ("identity",), "moody")
        session = open_session("reference", architecture, opened((3, 2)).parameters)
        text = said(session, examples(targets=targets))
        unregister_head("moody")
        assert f"layer 1, {quantity}: example 17" in text
        assert "the loss of the output 'moody', your own, is not finite for Z1 from" in text
        assert "Correct the " in text


def lbfgs_said(*args, inputs, targets, **options):
    net = Network(*args, seed=1, output="identity", **options)
    before = net.parameters.flat.copy()
    with pytest.raises(DivergenceError) as error:
        net.train(inputs, targets, optimizer="lbfgs", iterations=200)
    np.testing.assert_array_equal(net.parameters.flat, before)
    assert "learning rate" not in str(error.value)
    return str(error.value)


def test_where_lbfgs_left_the_finite_numbers():
    """In a line search after finite J and gradient, or in an evaluation before what it ends at."""
    inputs, targets = load_diabetes(return_X_y=True)
    data = {"inputs": StandardScaler().fit_transform(inputs).T, "targets": targets[np.newaxis]}
    text = lbfgs_said([10, 16, 16, 1], activation="exponential", **data)
    assert re.search(r": the line search left the finite numbers, from a cost J of \d\.\d+e\+\d{3}\. ", text)
    assert text.endswith("Begin with smaller weights, or use activations that grow more slowly.")
    steep = lambda Z: np.where(np.abs(Z) > 5, np.nan, Z**3)  # noqa: E731
    with registered("steep", steep, lambda dA, Z: dA * 3 * Z**2):
        text = lbfgs_said([3, 4, 1], inputs=X.T, targets=50 * Y.T[:1], activation="steep")
    assert re.search(r": layer 1, A: example \d+.* is nan: steep, your own, is not finite", text)
