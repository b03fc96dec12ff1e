"""The lecture in one screen: initialize, forward, cost, backward, update, on the flower of two colours."""

import numpy as np

from deepstep.data import planar_flower
from deepstep.equations import (
    compute_cost,
    initialize_two_layer,
    model_backward,
    model_forward,
    update_parameters,
)

rows, labels = planar_flower()
X, Y = rows.T, labels.reshape(1, -1)  # columns are examples: (2, 400) and (1, 400)
activations = ["tanh", "sigmoid"]

parameters = initialize_two_layer(n_x=2, n_h=4, n_y=1, rng=np.random.RandomState(2))
for iteration in range(3000):
    AL, caches = model_forward(X, parameters, activations=activations)
    cost = compute_cost(AL, Y)
    gradients = model_backward(AL, Y, caches, activations=activations)
    parameters = update_parameters(parameters, gradients, learning_rate=1.2)
    if iteration % 500 == 0:
        print(f"iteration {iteration:5d}  cost {cost:.6f}")

AL, _ = model_forward(X, parameters, activations=activations)
print(f"accuracy {np.mean((AL > 0.5) == Y):.2%}")
