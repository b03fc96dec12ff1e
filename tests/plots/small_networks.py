"""Small trained networks for the tests of displays."""

import numpy as np

from deepstep import Network
from deepstep.training import Health

RNG = np.random.RandomState(3)
X = RNG.randn(2, 60)
Y = (X[:1] * X[1:] > 0).astype(float)


def trained(*, epochs=6, health=True, **options):
    """A network of the plane with its history."""
    network = Network([2, 5, 3, 1], activation="tanh", seed=1, engine="reference")
    options = {"batch_size": 20, "optimizer": "adam", "learning_rate": 0.01} | options
    return network, network.train(X, Y, iterations=epochs, callbacks=[Health()] if health else [], **options)
