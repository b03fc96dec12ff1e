"""Users' own activations, losses and features: right ones are taken, wrong ones refused with the place."""

from functools import partial

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import (
    ACTIVATIONS,
    EQUATIONS,
    FEATURES,
    HEADS,
    Learned,
    Op,
    elu,
    equation_of,
    feature,
    get_activation,
    get_head,
    model_forward,
    register_activation,
    register_head,
    unregister_activation,
)
from deepstep.errors import ConfigurationError

REGISTRIES = ACTIVATIONS, HEADS, FEATURES
BEFORE = [dict(registry) for registry in REGISTRIES]
X, Y = np.array([[0.5, -1.0, 2.0], [2.0, 1.0, -0.5]]), np.array([[1, 0, 1]])


@pytest.fixture(autouse=True)
def _only_deepstep_s_own_stay():
    yield
    for registry, before in zip(REGISTRIES, BEFORE, strict=True):
        for name in registry.keys() - before.keys():
            del registry[name]


def square(Z):
    return Z * Z


def square_backward(dA, Z):
    return 2 * dA * Z


def hard_tanh(Z):
    return np.clip(Z, -1, 1)


def hard_tanh_backward(dA, Z):
    return np.where(np.abs(Z) < 1, dA, np.zeros_like(dA))


def refusal(forward, backward, name="own", **options):
    with pytest.raises(ConfigurationError) as error:
        register_activation(name, forward, backward, **options)
    assert BEFORE[0] == {**ACTIVATIONS}
    return str(error.value)


def test_a_registered_one_is_found_by_name_until_it_is_taken_away():
    activation = register_activation("square", square, square_backward)
    assert activation is ACTIVATIONS["square"] is get_activation("square")
    assert activation[:2] == (square, square_backward)
    A, _ = model_forward(np.array([[3.0]]), {"W1": [[2.0]], "b1": [[-1.0]]}, activations=["square"])
    assert A.tolist() == [[25.0]]
    assert register_activation("square", square, square_backward) is activation
    with pytest.raises(ConfigurationError, match=r"unregister_activation\('square'\) first"):
        register_activation("square", hard_tanh, hard_tanh_backward, kinks=[-1, 1])
    unregister_activation("square")
    with pytest.raises(ConfigurationError, match="got 'square'"):
        get_activation("square")


def test_a_function_of_the_name_of_an_equation_is_another_one():
    def relu(Z):
        return Z

    assert equation_of(elu, "unit", "A = unit(Z)") is EQUATIONS["elu"]
    assert equation_of(relu, "mine", "A = mine(Z)").formula == "A = mine(Z)"
    assert equation_of(partial(elu, alpha=2.0), "mine", "A = mine(Z)").formula == "A = mine(Z)"


@pytest.mark.parametrize("name", ["relu", "softmax"])
def test_deepstep_s_own_stay(name):
    assert "choose another" in refusal(square, square_backward, name)
    assert register_activation(name, **ACTIVATIONS[name]._asdict()) == ACTIVATIONS[name]
    with pytest.raises(ConfigurationError, match=f"^'{name}' belongs to DeepStep and stays"):
        unregister_activation(name)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_check_passes_all_of_deepstep_s_own(name):
    assert register_activation("own", **ACTIVATIONS[name]._asdict()) == ACTIVATIONS[name]


@pytest.mark.parametrize("name", [name for name, one in ACTIVATIONS.items() if not one.across_units])
def test_each_names_where_its_derivatives_jump(name):
    own, Z = ACTIVATIONS[name], np.linspace(-4, 4, 8001)[None]
    turns = np.abs(np.diff(own.backward(np.ones_like(Z), Z)[0], 2)) > 4e-4  # 1e-3 at a bend, else far less
    assert {round(place, 2) for place in Z[0, 1:-1][turns]} == {*own.kinks, *own.bends}


@pytest.mark.parametrize(
    "backward",
    [
        lambda dA, Z: dA * Z,
        lambda dA, Z: -2 * dA * Z,
        lambda dA, Z: 2 * dA * Z * (1 + 1e-5),
        lambda dA, Z: np.where(Z > 25, dA, 2 * dA * Z),
    ],
)
def test_a_wrong_derivative_is_refused_with_its_place(backward):
    words = refusal(square, backward).replace(",", "").split()
    dZ, Z, dA = (float(words[words.index(name) + 2]) for name in ("dZ", "Z", "dA"))
    numeric = float(words[words.index("differences") + 1].rstrip("."))
    assert numeric == pytest.approx(2 * dA * Z, rel=1e-4, abs=1e-5)
    assert dZ == pytest.approx(backward(np.array(dA), np.array(Z)), rel=1e-4)


def spoils_Z(Z):
    Z *= 2
    return Z.copy()


def spoils_dA(dA, Z):
    dA[:] = 2 * dA * Z
    return dA.copy()


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        (lambda Z: Z.sum(axis=0), square_backward, "The forward of 'own' must give an array of the shape"),
        (square, lambda dA, Z: dA[:1], "The backward of 'own' must give an array of the shape of Z"),
        (lambda Z: Z * np.float64(2), square_backward, "gives float64 for float32"),
        (lambda Z: Z, lambda dA, Z: dA.copy(), "The forward of 'own' shares its argument's memory"),
        (lambda Z: Z.copy(), lambda dA, Z: dA, "The backward of 'own' shares its argument's memory"),
        (spoils_Z, square_backward, "The forward of 'own' changes its argument Z"),
        (square, spoils_dA, "The backward of 'own' changes its argument dA"),
        (
            lambda Z: np.where(Z < -20, np.nan, Z).astype(Z.dtype),
            square_backward,
            "must be finite for Z from -30 to 30, got nan at Z = [-",
        ),
        (lambda Z: Z - Z.mean(axis=1, keepdims=True), lambda dA, Z: dA.copy(), "gives example 0 another"),
        (lambda Z: Z - Z.mean(axis=0), lambda dA, Z: dA - dA.mean(axis=0), "Pass across_units=True."),
        (hard_tanh, hard_tanh_backward, "Where there is no derivative, name that Z in kinks."),
        ("relu", square_backward, "forward must be a function, got 'relu'"),
        (square, None, "backward must be a function, got None"),
    ],
)
def test_what_keeps_no_contract_is_refused(forward, backward, message):
    assert message in refusal(forward, backward)
    assert "For example kinks=(0.0,)." in refusal(square, square_backward, kinks=[np.nan])


def log_cosh(ZL, Y, *, scale=1.0):
    r = np.abs(ZL - Y) / scale
    return np.sum(r + np.log1p(np.exp(-2 * r)) - np.log(2.0).astype(r.dtype), axis=0, keepdims=True)


def log_cosh_backward(ZL, Y, *, scale=1.0):
    return np.tanh((ZL - Y) / scale) / scale


def hinge(ZL, Y):
    return np.sum(np.maximum(0, margin(ZL, Y)), axis=0, keepdims=True)


def hinge_backward(ZL, Y):
    return np.where(margin(ZL, Y) > 0, 1 - 2 * Y, 0 * ZL)


def margin(ZL, Y):
    return 1 - (2 * Y - 1) * ZL


def test_a_registered_head_and_activation_train_are_traced_and_checked():
    register_head("log_cosh", log_cosh, log_cosh_backward)
    register_activation("bent", hard_tanh, hard_tanh_backward, kinks=(-1, 1))
    net = Network([2, 3, 1], activation="bent", output="log_cosh", output_settings={"scale": 0.5}, seed=1)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 20)), rng.standard_normal((1, 20))
    costs = net.train(X, Y, learning_rate=0.1, iterations=30).costs
    assert costs[-1] < costs[0]
    assert net.check_gradients(X, Y).passed
    trace = net.trace(X, Y)
    assert trace["loss"].formula == "loss = log_cosh(Z2, Y)"
    assert trace["dZ2"].formula == "dZ2 = log_cosh_backward(Z2, Y)"
    assert (trace["A1"].formula, trace["A1"].source) == ("A1 = bent(Z1)", "")
    assert trace["dZ1"].formula == "dZ1 = bent_backward(dA1, Z1)"
    assert trace.check().passed


@pytest.mark.parametrize("activation", ["bent", "relu", "leaky_relu", "selu"])
def test_units_at_kinks_are_left_out_and_counted(activation):
    """At X = 1 two of three units are at one; a difference over it would lie between both slopes."""
    register_activation("bent", hard_tanh, hard_tanh_backward, kinks=(-1, 1))
    b1 = [0.0, -2.0, 0.5] if activation == "bent" else [-1.0, -1.0, 0.5]
    parameters = {"W1": np.ones((3, 1)), "b1": np.array([b1]).T, "W2": [[1.0, -1.0, 2.0]], "b2": [[0.1]]}
    net = Network(parameters=parameters, activation=activation)
    report = net.check_gradients([[1.0]], [[1]])
    assert report.passed
    assert "1/3, 2 at a kink" in str(report)
    assert [(check.checked, check.at_kink) for check in report.checks] == [(1, 2), (1, 2), (3, 0), (1, 0)]
    check = net.trace([[1.0]], [[1]]).check()
    assert check.passed
    assert {quantity.name: quantity.at_kink for quantity in check.checks}["dZ1"] == 2


def test_a_kinked_head_with_targets_of_yes_and_no():
    register_head("hinge", hinge, hinge_backward, targets="probabilities", kinks=margin)
    net = Network([2, 1], output="hinge", parameters={"W1": [[1.0, 0.0]], "b1": [[0.0]]})
    X, Y = [[1.0, -1.0, 3.0], [0.0, 2.0, 1.0]], [[1, 1, 0]]  # the first margin is 0: at the kink
    report = net.check_gradients(X, Y)
    assert report.passed
    assert sum(check.at_kink for check in report.checks) > 0
    assert net.predict(X).tolist() == [[1, 0, 1]]


@pytest.mark.parametrize("name", HEADS)
def test_the_check_passes_all_heads_of_deepstep(name):
    fields = ("loss", "loss_backward", "activation", "targets", "kinks")
    register_head("again", **{field: getattr(get_head(name), field) for field in fields})


def distance(ZL, Y):
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True)


def distance_backward(ZL, Y):
    return 2 * (ZL - Y)


def distance_from_0(ZL, Y):
    return np.sum(np.abs(ZL), axis=0, keepdims=True)


def jumps_elsewhere(ZL, Y):
    return np.where(ZL > 0.5, 1, -1).astype(ZL.dtype)


WRONG = r"^The loss_backward of 'own' gives dZL = .* at ZL = .*, Y = .*, central differences"


@pytest.mark.parametrize(
    ("loss", "backward", "options", "message"),
    [  # arrays of another dtype, changed arguments and the like: as of activations
        (distance, lambda ZL, Y: ZL - Y, {}, WRONG),
        (distance, lambda ZL, Y: 2 * (ZL - Y) / ZL.shape[1], {}, WRONG),
        (distance_from_0, jumps_elsewhere, {}, "Where there is no derivative, let kinks change its sign"),
        (lambda ZL, Y: (ZL - Y) ** 2, distance_backward, {}, r"shape \(1, 24\) here, got .*\. Sum over"),
        (distance, lambda ZL, Y: distance_backward(ZL, Y).sum(axis=0), {}, r"got shape \(24,\)"),
        (lambda ZL, Y: distance(ZL, Y) - distance(ZL, Y).mean(), distance_backward, {}, "example 0 another"),
        (hinge, hinge_backward, {"activation": "rellu"}, "Did you mean 'relu'"),
        (hinge, hinge_backward, {"targets": "number"}, "kind of targets must be .*Did you mean 'numbers'"),
        (hinge, hinge_backward, {"kinks": True}, "^kinks must be a function, got True"),
    ],
)
def test_a_wrong_head_is_refused_with_its_place(loss, backward, options, message):
    with pytest.raises(ConfigurationError, match=message):
        register_head("own", loss, backward, **options)
    assert "own" not in HEADS


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


@pytest.mark.parametrize("name", sorted(BEFORE[2]))
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


def broken(*_):
    raise ZeroDivisionError("on purpose")


def test_registration_names_what_raises_takes_other_arguments_or_no_example_alone():
    for forward in (broken, lambda Z, more: Z, lambda Z: Z + Z[0, 2]):
        with pytest.raises((ZeroDivisionError, TypeError, IndexError)) as error:
            register_activation("own", forward, lambda dA, Z: 1 * dA)
        assert error.value.__notes__ == ["Raised in the activation 'own', when it was tried."]
    with pytest.raises(ZeroDivisionError) as error:
        register_head("own", broken, broken)
    assert error.value.__notes__ == ["Raised in the loss 'own', when it was tried."]
