"""`Network` with members that share it: what trains, opens, stores and draws it."""

import numpy as np
from numpy.testing import assert_allclose

from deepstep import Network
from deepstep.plots import NeuronMapsDisplay

RNG = np.random.default_rng(4)
X = RNG.standard_normal((2, 80))
Y = (X[:1] * X[1:] > 0).astype(float)


def fresh(**options):
    return Network([2, 12, 8, 1], activation="tanh", shared_members=3, seed=2, **options)


def test_maps_of_units_are_the_means_of_the_members():
    net = fresh()
    display = NeuronMapsDisplay.from_network(net, X, resolution=5)
    grid = np.stack([part.ravel() for part in np.meshgrid(display.x, display.y)])
    assert [maps.shape for maps in display.maps] == [(12, 5, 5), (8, 5, 5), (1, 5, 5)]
    assert_allclose(display.maps[-1].reshape(1, -1), net.forward(grid))
    W, b, r = (net.parameters[name] for name in ("W1", "b1", "r1"))
    members = [np.tanh((W * factors) @ grid + b) for factors in r]
    assert_allclose(display.maps[0].reshape(12, -1), np.mean(members, axis=0))


def test_a_wrong_gradient_is_found_and_a_known_fault_is_named():
    net = fresh()
    gradients = net.gradients(X, Y)
    report = net.check_gradients(X, Y, gradients=gradients | {"dr1": -gradients["dr1"]})
    assert not report.passed
    assert report.worst.name == "r1"
    assert report.diagnosis == "layer 1: the sign of dr is wrong"
    report = net.check_gradients(X, Y, gradients=gradients | {"dW2": -gradients["dW2"]})
    assert report.diagnosis == "layer 2: the sign of dW is wrong"
    lost = gradients | {"dW1": 3 * 80 * gradients["dW1"]}  # the columns of three members
    assert net.check_gradients(X, Y, gradients=lost).diagnosis == "layer 1: the 1/m is lost in dW"


def test_it_tells_of_its_members():
    net = fresh()
    assert repr(net).startswith("Network(2-12-8-1: 3 members, tanh, tanh, sigmoid; ")
    lines = net.summary().splitlines()
    assert lines[1].startswith("0      input, of 3 members  2")
    assert [line.split()[2] for line in lines[2:5]] == ["12", "8", "3"]
