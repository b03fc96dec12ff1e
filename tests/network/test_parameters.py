"""Parameters: a mapping over one flat vector."""

import pickle
from collections.abc import Mapping

import numpy as np
import pytest

from deepstep import Parameters
from deepstep.errors import DataError, ShapeError


def numbered(dtype=np.float64):
    return Parameters(np.arange(11, dtype=dtype), [3, 2, 1])


def test_it_is_a_mapping_in_the_order_of_the_vector():
    parameters = numbered()
    assert isinstance(parameters, Mapping)
    assert ("W2" in parameters, "W3" in parameters, parameters.get("W3")) == (True, False, None)
    values = {"W1": [[0, 1, 2], [3, 4, 5]], "b1": [[6], [7]], "W2": [[8, 9]], "b2": [[10]]}
    assert {name: value.tolist() for name, value in parameters.items()} == values
    assert list(parameters) == list(values)
    assert repr(parameters) == "Parameters(3-2-1, 11 numbers, float64)"


def test_views_and_vector_are_the_same_memory():
    flat = np.zeros(11)
    parameters = Parameters(flat, [3, 2, 1])
    assert parameters.flat is flat
    parameters["b1"][1, 0] = 5
    assert flat[7] == 5
    flat[8] = -1
    assert parameters["W2"][0, 0] == -1
    assert all(np.shares_memory(view, flat) for view in parameters.values())


@pytest.mark.parametrize(
    ("flat", "got"),
    [
        ([1.0, 2.0], "list"),
        (np.arange(2), "dtype int64"),
        (np.ones(2, np.float16), "dtype float16"),
    ],
)
def test_a_vector_that_is_no_array_of_floats_is_refused(flat, got):
    with pytest.raises(DataError, match=rf"^flat must be .* float32 or float64, got {got}\. Pass "):
        Parameters(flat, [1, 1])


def test_from_dict_copies_and_ignores_the_order_of_the_keys():
    values = {"b2": np.ones((1, 1)), "W2": np.ones((1, 2)), "b1": np.zeros((2, 1)), "W1": np.ones((2, 3))}
    parameters = Parameters.from_dict(values)
    assert list(parameters) == ["W1", "b1", "W2", "b2"]
    assert parameters.layer_dims == (3, 2, 1)
    values["W1"][:] = 7
    assert (parameters["W1"] == 1).all()


@pytest.mark.parametrize(
    ("W", "b", "dtype"),
    [
        ([[1, 2]], [[3]], np.float64),
        (np.array([[True, False]]), [[0.5]], np.float64),
        (np.ones((1, 2), np.float16), np.ones((1, 1), np.float16), np.float64),
        (np.ones((2, 1), np.float32).T, np.ones((1, 1), np.float32), np.float32),
        (np.ones((1, 2), np.float32), np.ones((1, 1), np.float64), np.float64),
    ],
)
def test_from_dict_makes_floats(W, b, dtype):
    parameters = Parameters.from_dict({"W1": W, "b1": b})
    assert parameters.dtype == parameters["W1"].dtype == dtype
    np.testing.assert_array_equal(parameters["W1"], np.asarray(W, dtype=dtype))


W, b = np.ones((2, 3)), np.ones((2, 1))


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"W1": W, "b1": b, "dW1": W}, ShapeError, r"got \['W1', 'b1', 'dW1'\]. Remove other keys"),
        ({"W1": W, "b1": b, "W3": W, "b3": b}, ShapeError, r"without gaps, got"),
        ({"W1": W, "b1": b, "W2": W, "b2": b}, ShapeError, r"W2 .*n_1 = 2, got shape \(2, 3\)"),
        ({"W1": W, "b1": b, "W2": np.ones((2, 4)), "b2": b}, ShapeError, r"W2 .*Pass W2\.T\."),
        ({"W1": W, "b1": np.ones(2)}, ShapeError, r"b1 must .*got shape \(2,\)\. Pass b1\.reshape"),
        ({"W1": W, "b1": np.ones((2, 2))}, ShapeError, r"b1 must have shape \(2, 1\), got shape \(2, 2\)\.$"),
        ({"W1": np.ones(3), "b1": b}, ShapeError, r"W1 .*\(n_1, n_0\), at least 1 each, got shape \(3,\)"),
        ({"W1": W, "b1": b, "s1": b}, ShapeError, r"s1 must have shape \(3, 1\), got shape \(2, 1\)"),
        ({"W1": [["a"]], "b1": [[0]]}, DataError, r"W1 must hold real numbers, got dtype <U1"),
        ({"W1": [[1, 2], [3]], "b1": b}, DataError, r"W1 must be a matrix, got rows of different lengths"),
    ],
)
def test_from_dict_refuses(values, error, message):
    with pytest.raises(error, match=message):
        Parameters.from_dict(values)


def test_equal_means_same_sizes_and_same_numbers():
    parameters, other = numbered(), numbered().copy()
    other.flat[-1] += 1
    assert parameters == numbered()
    assert parameters != other
    assert Parameters(np.zeros(9), [2, 1, 3]) != Parameters(np.zeros(9), [2, 3])  # as many numbers
    assert parameters != dict(parameters)
    with pytest.raises(TypeError, match="unhashable"):
        hash(parameters)


def test_copies_of_another_precision_and_from_a_pickle():
    parameters = numbered()
    half = parameters.astype(np.float32)
    assert (half.dtype, parameters.dtype) == (np.float32, np.float64)
    assert not np.shares_memory(parameters.astype(np.float64).flat, parameters.flat)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(half, protocol))
        assert loaded == half
        assert loaded.dtype == np.float32
        loaded["W1"][0, 0] = 9
        assert loaded.flat[0] == 9
