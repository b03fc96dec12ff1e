"""Activations far out: digits kept in both tails, no warning and no NaN up to the ends of the dtype.

The oracle is mpmath with 400 digits, which torch brings along; beyond what it can hold, the asymptotes.
"""

import mpmath
import numpy as np
import pytest

from deepstep.equations import ACTIVATIONS, increasing, ordinal, ordinal_backward, softmax, softmax_backward

SELU_SCALE, SELU_ALPHA = mpmath.mpf("1.0507009873554804934"), mpmath.mpf("1.6732632423543772848")
GELU_CUBE = mpmath.mpf("0.044715")

# The function, and A → slope·Z + constant on the left and on the right.
TAILS = {
    "identity": (lambda z: z, (1, 0), (1, 0)),
    "relu": (lambda z: max(z, mpmath.mpf(0)), (0, 0), (1, 0)),
    "leaky_relu": (lambda z: z if z > 0 else z / 100, (0.01, 0), (1, 0)),
    "elu": (lambda z: z if z > 0 else mpmath.expm1(z), (0, -1), (1, 0)),
    "selu": (
        lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mpmath.expm1(z)),
        (0, -float(SELU_SCALE * SELU_ALPHA)),
        (float(SELU_SCALE), 0),
    ),
    "gelu": (lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2, (0, 0), (1, 0)),
    "gelu_tanh": (
        lambda z: z * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + GELU_CUBE * z**3))) / 2,
        (0, 0),
        (1, 0),
    ),
    "silu": (lambda z: z / (1 + mpmath.exp(-z)), (0, 0), (1, 0)),
    "mish": (lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))), (0, 0), (1, 0)),
    "softplus": (lambda z: mpmath.log1p(mpmath.exp(z)), (0, 0), (1, 0)),
    "tanh": (mpmath.tanh, (0, -1), (0, 1)),
    "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)), (0, 0), (0, 1)),
    "exponential": (mpmath.exp, (0, 0), (np.inf, 0)),
}


def test_every_activation_of_its_unit_alone_is_in_the_table():
    assert {*TAILS} == {name for name in ACTIVATIONS.built_in if not ACTIVATIONS[name].across_units}


SIZES = [1e-300, 1e-9, 1e-3, 0.3, 1.0, 3.0, 8.0, 15.0, 20.0, 30.0, 37.0, 45.0, 100.0, 340.0, 700.0]


@pytest.mark.parametrize("name", TAILS)
def test_digits_are_kept_in_both_tails(name):
    Z = np.array([[*SIZES, *(-size for size in SIZES)]])
    exact, (forward, backward, *_) = TAILS[name][0], ACTIVATIONS[name]
    # 1e-304: where numbers are subnormal float64 has no digits left to keep
    near = {"rtol": 1e-12, "atol": 1e-304}
    with mpmath.workdps(400):
        values = [[float(exact(mpmath.mpf(z))) for z in Z[0]]]
        slopes = [[float(mpmath.diff(exact, mpmath.mpf(z), h=mpmath.mpf("1e-330"))) for z in Z[0]]]
    np.testing.assert_allclose(forward(Z), values, **near)
    np.testing.assert_allclose(backward(np.ones_like(Z), Z), slopes, **near)


@pytest.mark.parametrize(
    ("dtype", "size"), [(np.float64, 1e300), (np.float64, 1.6e308), (np.float32, 3e38), (np.float32, 1e30)]
)
@pytest.mark.parametrize("name", TAILS)
def test_the_ends_of_the_dtype(name, dtype, size):
    forward, backward, *_ = ACTIVATIONS[name]
    for sign, (slope, constant) in zip((-1, 1), TAILS[name][1:], strict=True):
        Z, dA = np.full((2, 3), sign * size, dtype), np.full((2, 3), -0.5, dtype)
        A, dZ = forward(Z), backward(dA, Z)
        assert A.dtype == dZ.dtype == dtype
        flat = constant if slope == 0 else sign * size * slope
        np.testing.assert_allclose(A, np.full(Z.shape, flat), rtol=1e-6)
        np.testing.assert_allclose(dZ, np.full(Z.shape, -0.5 * slope), rtol=1e-6)


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1.7e308), (np.float32, 3e38)])
def test_the_ends_of_the_dtype_across_units(dtype, size):
    dA = np.array([[1], [2], [3]], dtype)
    up, down = np.array([[-size], [size], [0]], dtype), np.array([[size], [-size], [-size]], dtype)
    assert softmax(up).tolist() == [[0], [1], [0]]
    assert softmax_backward(dA, up).tolist() == [[0], [0], [0]]
    assert ordinal(up).tolist() == [[0], [0], [0]]
    assert ordinal(down).tolist() == [[1], [1], [1]]
    assert ordinal_backward(dA, up).ravel().tolist() == ordinal_backward(dA, down).ravel().tolist() == [0] * 3
    np.testing.assert_allclose(increasing(up), [[-size], [0], [np.log(2)]], rtol=1e-6)
    assert increasing(down).tolist() == [[down[0, 0]]] * 3
    for forward, backward, _, across_units, _ in ACTIVATIONS.values():
        if across_units:
            assert forward(up).dtype == backward(dA, up).dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_depends_on_other_units_or_on_the_place_says_so(name):
    forward, Z = ACTIVATIONS[name].forward, np.random.default_rng(3).standard_normal((4, 5))
    order = [2, 0, 3, 1]
    alone = np.vstack([forward(row[np.newaxis]) for row in Z])
    depends = not (np.allclose(forward(Z), alone) and np.allclose(forward(Z[order]), forward(Z)[order]))
    assert ACTIVATIONS[name].across_units == depends
