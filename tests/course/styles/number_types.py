"""Right solutions with other types: float32, fractions, matrices, lists, errors of the learner's own."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

from deepstep.course.exercises import (
    relu,
    sigmoid,
)

FLOAT = np.float32


class UnknownActivationError(ValueError):
    pass


def neuron_forward(w, b, X):
    return np.matrix(1 / (1 + np.exp(-(np.matrix(w).T * np.matrix(X) + b))))


def neuron_gradients(w, b, X, Y):
    A = (1 / (1 + np.exp(-(w.T @ X + b)))).astype(FLOAT)
    error = A - Y
    return np.mean(X * error, axis=1).reshape(-1, 1), np.mean(error, axis=1, keepdims=True)


def flatten_images(images):
    return np.asfortranarray(images.reshape(len(images), -1).T.astype(FLOAT) / 255)


def initialize_two_layer(n_x, n_h, n_y, rng):
    W1, W2 = rng.randn(n_h, n_x).astype(FLOAT), rng.randn(n_y, n_h).astype(FLOAT)
    return {"W1": W1 / 100, "b1": [[0]] * n_h, "W2": W2 / 100, "b2": np.zeros((n_y, 1), dtype=int)}


def initialize_deep(layer_dims, rng):
    sizes = list(zip(layer_dims[1:], layer_dims, strict=False))
    weights = {f"W{l}": rng.normal(0, 0.01, size).astype(FLOAT) for l, size in enumerate(sizes, 1)}
    return weights | {f"b{l}": [[0.0]] * n for l, (n, _) in enumerate(sizes, 1)}


def linear_forward(A_prev, W, b):
    A_prev, W, b = (array.astype(FLOAT) for array in (A_prev, W, b))
    return W @ A_prev + b, [A_prev, W, b]


def linear_activation_forward(A_prev, W, b, activation):
    if activation not in ("relu", "sigmoid"):
        raise UnknownActivationError(activation)
    Z = (W @ A_prev + b).astype(FLOAT)
    return relu(Z) if activation == "relu" else sigmoid(Z), ((A_prev, W, b), Z)


def compute_cost(AL, Y):
    AL, Y = AL.astype(FLOAT), Y.astype(FLOAT)
    return -np.mean(Y * np.log(AL) + (1 - Y) * np.log(1 - AL))


def cost_from_logits(ZL, Y):
    z = ZL.astype(FLOAT)
    return (np.maximum(z, 0) - z * Y.astype(FLOAT) + np.log1p(np.exp(-np.abs(z)))).mean()


def relu_backward(dA, Z):
    return dA.astype(FLOAT) * (Z > 0).astype(FLOAT)


def update_parameters(parameters, gradients, learning_rate):
    return {
        name: (theta - learning_rate * gradients["d" + name]).astype(FLOAT)
        for name, theta in parameters.items()
    }


def accuracy(P, Y):
    return Fraction(int(np.sum(P == Y)), P.size)


def relative_difference(gradient, numerical):
    norms = [math.sqrt(sum(float(g) ** 2 for g in v)) for v in (gradient - numerical, gradient, numerical)]
    return Decimal(norms[0]) / Decimal(norms[1] + norms[2])


def dropout_forward(A, keep_prob, rng):
    mask = (rng.rand(*A.shape) < keep_prob).astype(FLOAT) / FLOAT(keep_prob)
    return A * mask, mask


def standardize(train, test):
    train, test = train.astype(FLOAT), test.astype(FLOAT)
    mean, deviation = train.mean(0), train.std(0)
    deviation += deviation == 0
    return (train - mean) / deviation, (test - mean) / deviation


def one_hot(labels, n_classes):
    return np.equal.outer(range(n_classes), labels)
