"""Users' own activations: right ones are taken, wrong ones are refused with the place and the numbers."""

from functools import partial

import numpy as np
import pytest

from deepstep.equations import (
    ACTIVATIONS,
    EQUATIONS,
    elu,
    equation_of,
    get_activation,
    model_forward,
    register_activation,
    unregister_activation,
)
from deepstep.errors import ConfigurationError

DEEPSTEP_S_OWN = tuple(ACTIVATIONS)


@pytest.fixture(autouse=True)
def _only_deepstep_s_own_stay():
    yield
    for name in ACTIVATIONS.keys() - set(DEEPSTEP_S_OWN):
        unregister_activation(name)


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
    assert tuple(ACTIVATIONS) == DEEPSTEP_S_OWN
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


@pytest.mark.parametrize("name", DEEPSTEP_S_OWN)
def test_the_check_passes_all_of_deepstep_s_own(name):
    assert register_activation("own", **ACTIVATIONS[name]._asdict()) == ACTIVATIONS[name]


@pytest.mark.parametrize("name", sorted(set(DEEPSTEP_S_OWN) - {"softmax", "increasing", "ordinal"}))
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
        (lambda Z: 1.0, square_backward, "of the shape of Z, (4, 35), got float"),
        (square, lambda dA, Z: dA[:1], "The backward of 'own' must give an array of the shape of Z"),
        (lambda Z: Z * np.float64(2), square_backward, "gives float64 for float32"),
        (square, lambda dA, Z: dA * Z * np.ones(1), "The backward of 'own' gives float64 for float32"),
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
        (lambda Z: Z + 1e-6 * Z.mean(axis=1)[:, np.newaxis], lambda dA, Z: +dA, "gives example 0 another"),
        (lambda Z: Z - Z.mean(axis=0), lambda dA, Z: dA - dA.mean(axis=0), "Pass across_units=True."),
        (hard_tanh, hard_tanh_backward, "Where there is no derivative, name that Z in kinks."),
        ("relu", square_backward, "forward must be a function, got 'relu'"),
        (square, None, "backward must be a function, got None"),
    ],
)
def test_what_keeps_no_contract_is_refused(forward, backward, message):
    assert message in refusal(forward, backward)
    assert "For example kinks=(0.0,)." in refusal(square, square_backward, kinks=[np.nan])
