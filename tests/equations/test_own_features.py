"""Users' own operations and features: what they are called, and names that would be taken for others."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import FEATURES, Learned, Op, feature
from deepstep.errors import ConfigurationError

DEEPSTEP_S_OWN = tuple(FEATURES)
X, Y = np.array([[0.5, -1.0, 2.0], [2.0, 1.0, -0.5]]), np.array([[1, 0, 1]])


@pytest.fixture(autouse=True)
def _only_deepstep_s_own_stay():
    yield
    for name in FEATURES.keys() - set(DEEPSTEP_S_OWN):
        del FEATURES[name]


def scale(symbol):
    """A factor of each unit, an operation without a name for what it hands on."""

    def times(G, g):
        return g * G

    def times_backward(dA, G, g):
        return g * dA, (dA * G).sum(axis=1, keepdims=True) / G.shape[1]

    times.__name__ = f"times_{symbol}"
    learned = {symbol: Learned(lambda layer: (layer.n, 1), 2.0, "the factor")}
    return Op(times, times_backward, ("G", symbol), ("A",), ("G", symbol), ("G", symbol), learned)


def add(name, op):
    @feature(name)
    def added(ops, layer):
        return ops if layer.last else (*ops, op)


def test_operations_that_follow_one_another_have_names_of_their_functions():
    for symbol in "efg":
        add(f"with_{symbol}", scale(symbol))
    features = {f"with_{symbol}": True for symbol in "efg"}
    net = Network([2, 3, 1], activation="tanh", features=features, seed=1)
    assert net.check_gradients(X, Y).passed
    trace = net.trace(X, Y)
    assert trace["A1"].formula == "A1 = times_g(times_f(Z1), g1)"
    assert trace["times_f(Z1)"].formula == "times_f(Z1) = times_f(times_e(Z1), f1)"
    assert trace.check().passed


def test_gradients_of_examples_do_not_leave_out_a_parameter():
    add("own", scale("g"))
    net = Network([2, 3, 1], features={"own": True}, seed=1)
    with pytest.raises(ConfigurationError, match=r"^The operation 'times_g' has no per_example for g1\.$"):
        net.gradient_norms(X, Y)


@pytest.mark.parametrize("symbol", ["W_own", "Ws", "k1"])
def test_a_learned_symbol_that_would_be_taken_for_another_is_refused(symbol):
    """The weights, and the layer of a parameter, are told by its name."""
    with pytest.raises(ConfigurationError, match=f"^learned must be symbols .*, got '{symbol}'"):
        scale(symbol)


def test_an_operation_that_the_loss_would_not_see_is_refused():
    @feature("own")
    def everywhere(ops, layer):
        return (*ops, scale("g"))

    with pytest.raises(ConfigurationError, match=r"^The operation 'times_g' comes after Z2, and the loss"):
        Network([2, 3, 1], features={"own": True}, seed=1)


@pytest.mark.parametrize("name", DEEPSTEP_S_OWN)
def test_a_feature_of_deepstep_is_not_replaced(name):
    before = FEATURES[name]
    with pytest.raises(ConfigurationError, match=f"^There is a feature '{name}' already"):
        add(name, scale("g"))
    assert FEATURES[name] is before


def test_values_that_are_no_features_are_refused():
    add("own", scale("g"))
    with pytest.raises(ConfigurationError, match=r"\['own'\] must be a value that turns it on, got False"):
        Network([2, 3, 1], features={"own": False})
    with pytest.raises(ConfigurationError, match=r"features must hold numbers, texts, .*, got"):
        Network([2, 3, 1], features={"own": {"by": np.sin}})
