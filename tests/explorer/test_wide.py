"""Wide inputs on a page: coordinates that leave every Z, A, dA, dZ and db as they are."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError
from deepstep.explorer import export_html, lesson
from deepstep.explorer.page import unpacked


@pytest.fixture(scope="module")
def cats():
    """Pictures of the lecture's size, and its network of four layers."""
    rng = np.random.default_rng(7)
    X, Y = rng.uniform(size=(12288, 209)), rng.integers(0, 2, (1, 209))
    return Network([12288, 20, 7, 5, 1], initialization="lecun", seed=1), X, Y


def test_the_lecture_s_wide_network_makes_a_small_page(cats, tmp_path):
    network, X, Y = cats
    document = lesson(network, X, Y, iterations=30)
    assert document["wide"] is True
    assert document["network"]["layer_dims"] == [16, 20, 7, 5, 1]
    assert "16 examples and their span" in document["title"]
    assert any("12,288" in note for note in document["notes"])
    assert export_html(document, tmp_path / "wide.html") < 1_000_000


def test_coordinates_leave_the_step_as_it_is(cats):
    network, X, Y = cats
    document = lesson(network, X, Y, iterations=3, learning_rate=0.1)
    chosen = document["golden"][-1]
    rows = [int(np.argmin(np.abs(X.T @ X[:, row] - X[:, row] @ X[:, row]))) for row in range(X.shape[1])]
    assert rows == list(range(X.shape[1]))
    small = unpacked(document["data"]["X"])
    picked = picked_rows(document, X)
    assert np.allclose(small.T @ small, X[:, picked].T @ X[:, picked], rtol=1e-10)
    step = list(network.steps(X[:, picked], Y[:, picked], iterations=3, learning_rate=0.1))[-1]
    trace = step.trace()
    for name in ("Z1", "A1", "Z4", "dZ4", "dA2", "dZ1", "db1", "dW2", "db4"):
        assert np.allclose(unpacked(chosen["quantities"][name]), trace[name].value, rtol=1e-9, atol=1e-12), (
            name
        )
    assert abs(chosen["quantities"]["J"] - trace["J"].value) < 1e-12


def picked_rows(document, X):
    """The examples of a page, found by their lengths."""
    lengths = np.linalg.norm(unpacked(document["data"]["X"]), axis=0)
    return [int(np.argmin(np.abs(np.linalg.norm(X, axis=0) - length))) for length in lengths]


def test_what_would_go_another_way_is_left_out_and_named(cats):
    document = lesson(*cats, iterations=2, optimizer="adam", learning_rate=0.001)
    assert document["training"]["optimizer"] == "gd"
    assert any("optimizer 'adam'" in note for note in document["notes"])


def test_networks_that_stay_too_large_are_refused():
    X = np.random.default_rng(1).uniform(size=(784, 20))
    with pytest.raises(ConfigurationError, match="at most 50,000 parameters, when 16 inputs are left"):
        lesson(Network([784, 512, 512, 1], seed=1), X, X[:1] > 0.5)
    with pytest.raises(ConfigurationError, match="a wide network without it; got l1"):
        lesson(Network([784, 100, 1], seed=1), X, X[:1] > 0.5, l1=0.1)
