"""`Network.train`: schedules, budgets, validation, metrics and weights do what they say."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import ENGINES
from deepstep.errors import ConfigurationError

M, BATCH = 10, 4
SIZES = [3, 4, 2]


def data(m=M, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((3, m))
    return X, (rng.standard_normal((2, 3)) @ X > 0).astype(float)


X, Y = data()


def network(**options):
    return Network(SIZES, **{"activation": "tanh", "seed": 1, **options})


def trained(net=None, examples=(X, Y), **options):
    net = network() if net is None else net
    net.train(*examples, **{"learning_rate": 0.3, "iterations": 6, **options})
    return net


def same(first, second):
    return first.parameters.flat.tobytes() == second.parameters.flat.tobytes()


HELD_OUT = data(m=6, seed=3)


def test_validation_and_metrics_are_of_the_network_that_predicts():
    """Running statistics, no dropout, weights of the held-out examples in the cost alone."""
    weight, seen = np.array([1.0, 0, 2, 1, 0.5, 3]), []

    def accuracy(targets, outputs):
        seen.append((targets.copy(), outputs.copy()))
        return np.float32(((outputs > 0.5) == targets).mean())

    net = network(normalization="batch")
    options = {"batch_size": BATCH, "dropout": 0.3, "metrics": {"accuracy": accuracy}}
    history = net.train(X, Y, iterations=4, validation=(*HELD_OUT, weight), **options)
    last = history[-1]["validation_cost"]
    assert last == pytest.approx(net.cost(*HELD_OUT, sample_weight=weight), rel=1e-14)
    assert last != pytest.approx(net.cost(*HELD_OUT), rel=1e-3)
    assert len(seen) == 4
    np.testing.assert_array_equal(seen[-1], [HELD_OUT[1], net.forward(HELD_OUT[0])])
    assert history[-1]["validation_accuracy"] == pytest.approx(net.accuracy(*HELD_OUT))
    assert type(history[-1]["validation_accuracy"]) is float


@pytest.mark.parametrize("name", ["schedule", "weight_decay_schedule", "dropout_schedule"])
def test_a_factor_that_cannot_be_ends_the_training_there(name):
    net, twin, options = network(), network(), {"weight_decay": 0.1, "dropout": 0.1}
    with pytest.raises(
        ConfigurationError, match=rf"^{name} must be .* finite numbers of at least 0, got .* at t = 0\.5"
    ):
        trained(net, **{name: lambda t: float("nan") if t > 0.4 else 1.0}, **options)
    assert same(net, trained(twin, iterations=3, **options))  # what was reached until then


@pytest.mark.parametrize("engine", ENGINES)
def test_a_factor_that_drops_every_unit(engine):
    message = r"^dropout_schedule must .* dropout of 0\.5 stays below 1, got the factor 2 in step 1\.$"
    with pytest.raises(ConfigurationError, match=message):
        trained(network(engine=engine), dropout=0.5, dropout_schedule=lambda t: 2.0)


NEUTRAL = {"l1": 0.0, "clip_norm": 1e6, "clip_value": 1e6, "deterministic": True, "schedule": "constant"}
NEUTRAL |= {"lr_multipliers": {"*": 1.0}, "weight_decay_multipliers": {"*": 1.0}, "batch_size": BATCH}


def test_what_should_change_nothing_does_not():
    for settings, others in (
        ({"batch_size": BATCH}, NEUTRAL),
        ({}, {"dropout": 0.5, "dropout_schedule": lambda t: 0.0}),
        ({"dropout": 0.25}, {"dropout": 0.5, "dropout_schedule": lambda t: 0.5}),
        ({"dropout": 0.3}, {"dropout": 0.3, "seed": 1}),
    ):
        assert same(trained(**settings), trained(**others))
    assert not same(trained(), trained(dropout=0.3))
    assert not same(trained(dropout=0.3), trained(dropout=0.3, seed=2))


def test_batches_of_one_have_no_statistics_of_their_own():
    net = network(normalization="batch")
    for examples, options in (((X, Y), {"batch_size": 1}), ((X[:, :1], Y[:, :1]), {})):
        with pytest.raises(ConfigurationError, match=r"^Batch normalization makes all inputs 0 in batches"):
            trained(net, examples, **options)
    assert len(net.train(X, Y, iterations=1, batch_size=3)) == 1  # the last one is short, and is borne


@pytest.mark.parametrize("method", ["train", "steps", "find_learning_rate"])
def test_a_foreign_or_misspelt_argument_names_the_right_one(method):
    for name, instead in {
        "lr": "learning_rate",
        "validation_data": "validation=(X, Y)",
        "optimiser": "'optimizer'",
        "alpha": "learning_rate for α of the equations, l2",
        "engine": "the argument of Network",
    }.items():
        with pytest.raises(ConfigurationError, match=name) as error:
            getattr(network(), method)(X, Y, **{name: 1})
        assert instead in str(error.value)
    with pytest.raises(ConfigurationError, match=r"no argument 'patience'\. Network.train has it"):
        network().steps(X, Y, patience=1)
    with pytest.raises(ConfigurationError, match=r"^epochs=7 and iterations=7 are given, which are the same"):
        network().train(X, Y, epochs=7, iterations=7)
