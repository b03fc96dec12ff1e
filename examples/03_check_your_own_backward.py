"""You wrote the backward pass yourself? Hand your gradients in; a classic fault is found and named."""

import numpy as np

from deepstep import Network
from deepstep.equations import model_forward

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((3, 8)), rng.integers(0, 2, (1, 8))
net = Network([3, 4, 1], activation="tanh", seed=1)

AL, caches = model_forward(X, net.parameters, activations=net.architecture.activations)
(A1, W2, _), _ = caches[1]
(A0, _, _), Z1 = caches[0]
m = X.shape[1]

dZ2 = AL - Y
dZ1 = (W2.T @ dZ2) * (1 - np.tanh(A1) ** 2)  # the derivative belongs at Z1, not at A1
mine = {
    "dW2": dZ2 @ A1.T / m,
    "db2": dZ2.sum(axis=1, keepdims=True) / m,
    "dW1": dZ1 @ A0.T / m,
    "db1": dZ1.sum(axis=1, keepdims=True) / m,
}
report = net.check_gradients(X, Y, gradients=mine)
print(report)
assert not report.passed
