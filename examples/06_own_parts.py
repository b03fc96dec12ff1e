"""Your own activation and your own loss: checked when they are registered, then trained like any other."""

from math import log

import numpy as np

from deepstep import Network
from deepstep.equations import register_activation, register_head
from deepstep.errors import ConfigurationError


def squareplus(Z):
    return (Z + np.sqrt(Z * Z + 4)) / 2


def squareplus_backward(dA, Z):
    return dA * (1 + Z / np.sqrt(Z * Z + 4)) / 2


def log_cosh(ZL, Y):
    """Squared for small errors, absolute for large ones; a row of shape (1, m)."""
    away = np.abs(ZL - Y)
    return np.sum(away + np.log1p(np.exp(-2 * away)) - log(2), axis=0, keepdims=True)


def log_cosh_backward(ZL, Y):
    return np.tanh(ZL - Y)


try:  # a derivative that forgets the inner ½ does not get in
    register_activation("squareplus", squareplus, lambda dA, Z: dA * (1 + Z / np.sqrt(Z * Z + 4)))
except ConfigurationError as error:
    print(error)

register_activation("squareplus", squareplus, squareplus_backward)
register_head("log_cosh", log_cosh, log_cosh_backward)

rng = np.random.default_rng(1)
X = rng.uniform(-3, 3, (1, 500))
Y = np.sin(X) + 0.1 * rng.standard_t(2, X.shape)  # some targets are far off

net = Network([1, 32, 32, 1], activation="squareplus", output="log_cosh", normalization="layer", seed=1)
history = net.train(
    X, Y, learning_rate=0.01, iterations=300, batch_size=32, optimizer="adamw", schedule="cosine"
)
print(history)
print(f"away from the sine: {np.abs(net.predict(X) - np.sin(X)).mean():.3f}")
print(net.check_gradients(X[:, :8], Y[:, :8]))
