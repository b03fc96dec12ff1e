"""Wrong solutions, written without the grader's table, with the texts of their grade.

Texts are separated by |; one that begins with "not: " must not be there. An earlier grader accepted some of
them (constant cases, last elements, extremes, names with two digits), misnamed others or left them vague.
"""

import math
import sys
from itertools import pairwise

import numpy as np

from deepstep.course import exercises
from deepstep.course.exercises import (
    cost_from_logits,
    initialize_two_layer,
    linear_activation_forward,
    model_forward,
    sigmoid,
)


def _walked(X, parameters, L, caches):
    for l in range(1, L + 1):
        name = "relu" if l < L else "sigmoid"
        X, cache = linear_activation_forward(X, parameters[f"W{l}"], parameters[f"b{l}"], name)
        caches.append(cache)
    return X, caches


def _shapes(layer_dims, first=1, kinds="Wb"):
    """Pairs of names and shapes, which are right as they are."""
    for l, (before, n) in enumerate(pairwise(layer_dims), first):
        yield from ((f"{kinds[0]}{l}", (n, before)), (f"{kinds[1]}{l}", (n, 1)))


EXPRESSIONS = {
    "sigmoid": {
        "A function of math takes one number": lambda Z: 1 / (1 + math.exp(-Z)),
    },
    "relu": {
        "A is [[1., 2.]], expected [[0., 2.]] in the example of the task.": lambda Z: np.abs(Z),
        "if takes one truth value": lambda Z: Z if Z > 0 else 0,
        "A is wrong in entries that must be 0 alone.": lambda Z: np.where(Z > 0, Z, 0.2 * Z),
        "It is right with matrices alone": lambda Z: np.array([[max(0, z) for z in row] for row in Z]),
    },
    "linear_forward": {
        "is one transposed": lambda A_prev, W, b: (W @ A_prev + b.T, (A_prev, W, b)),
        "was an axis lost?|not: transposed": lambda A, W, b: (W @ A + np.squeeze(b), (A, W, b)),
        "Z is off by 2 everywhere.": lambda A, W, b: (W @ A + b + 2, (A, W, b)),
        "Z is not finite": lambda A, W, b: ((W @ A + b) / 0, (A, W, b)),
        "Z is cut to whole numbers": lambda A, W, b: (np.trunc(W @ A + b).astype(int), (A, W, b)),
        "Z has the wrong sign.": lambda A, W, b: (-(W @ A + b), (A, W, b)),
        "Z is m times too large: 1/m is missing, or m is not the number of columns.": lambda A, W, b: (
            ((W @ A + b) * A.shape[1], (A, W, b))
        ),
        "result is None (does every path end in return?)": lambda A, W, b: None,
        "Z is set, expected an array of shape": lambda A, W, b: ({1.0}, (A, W, b)),
        "result is 3 results, expected 2 results": lambda A, W, b: (W @ A + b, A, W),
        "The results are in another order: expected Z, cache.": lambda A, W, b: ((A, W, b), W @ A + b),
        "with A_prev (1, 2), W (2, 1), b (2, 1): index 1000 is out of bounds": lambda A, W, b: A[1000],
        "SystemExit": lambda A, W, b: sys.exit("bye"),
        "Z is an array of dtype float64 and shape (1000000,), expected": lambda A, W, b: (
            (np.zeros(10**6), (A, W, b))
        ),
        "Z is a text": lambda A, W, b: ("Z", (A, W, b)),
        "Z is wrong in the last row alone.": lambda A, W, b: (
            (W @ A + b + np.eye(len(W))[:, -1:], (A, W, b))
        ),
    },
    "cost_from_logits": {
        "J is 5.259132, expected 200.078315 with ZL =|not: factor|not: everywhere": lambda ZL, Y: (
            -np.mean(Y * np.log(sigmoid(ZL) + 1e-9) + (1 - Y) * np.log(1 - sigmoid(ZL) + 1e-9))
        ),
        "J has a wrong factor: it is 1.37 times the expected one.": lambda ZL, Y: (
            1.37 * cost_from_logits(ZL, Y)
        ),
        "J is 0 everywhere.": lambda ZL, Y: 0,
        "J has the wrong sign, and 1/m is missing.": lambda ZL, Y: -Y.size * cost_from_logits(ZL, Y),
        "J is 0.25993, expected 0.346574 in the example of the task.": lambda ZL, Y: (
            3 / Y.size**2 * cost_from_logits(ZL, Y)
        ),
        "J is divided by the fixed number 7, not by m.": lambda ZL, Y: Y.size / 7 * cost_from_logits(ZL, Y),
        "J has the divisor m - 1 in place of m.": lambda ZL, Y: (
            Y.size / max(Y.size - 1, 1) * cost_from_logits(ZL, Y)
        ),
    },
    "flatten_images": {
        "reshaped in Fortran order|X has the right numbers in another order.|not: factor": lambda images: (
            images.reshape(len(images), -1, order="F").T / 255
        )
    },
    "compute_cost": {
        "Y.shape[0] and len(Y) are 1|not: differs from array to array": lambda AL, Y: (
            -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / len(Y)
        ),
        "J is rounded to 4 decimals: give the number as it is.|J is 0.2798, expected 0.279777": lambda A, Y: (
            np.round(-np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)), 4)
        ),
        "J has shape (1, 1), a number is expected: .item() gives it.|not: matrices alone": lambda AL, Y: (
            -(np.log(AL) @ Y.T + np.log(1 - AL) @ (1 - Y).T) / Y.shape[1]
        ),
    },
    "relu_backward": {
        "The results are those with dA and Z exchanged.": lambda dA, Z: np.where(dA > 0, Z, 0),
        "the product is one of matrices|The product entry by entry is *.|not: transposed": lambda dA, Z: (
            np.dot(dA, Z > 0)
        ),
    },
    "update_parameters": {
        "W is wrong in the layers after the first alone.": lambda p, g, rate: (
            p | exercises.update_parameters({k: p[k] for k in ("W1", "b1")}, g, rate)
        ),
        "updated is 2 results, expected a dictionary.": lambda p, g, rate: [
            p[k] - rate * g["d" + k] for k in p
        ],
    },
    "predict": {
        "A tuple stands where an array": lambda X, parameters: (model_forward(X, parameters) > 0.5) * 1,
        "P is a list of texts": lambda X, theta: [
            "1" if p > 0.5 else "0" for p in model_forward(X, theta)[0][0]
        ],
        "the threshold is not 0.5, but about 0.6|not: Z[L]": lambda X, theta: (
            (model_forward(X, theta)[0] > 0.6) * 1
        ),
        "P is an array of texts, not of numbers, expected an array of shape (1, 3).": lambda X, parameters: (
            np.where(model_forward(X, parameters)[0] > 0.5, "cat", "non-cat")
        ),
    },
    "sigmoid_backward": {
        "NameError": lambda dA, Z: dA * sigmoid(z) * (1 - sigmoid(z)),  # noqa: F821
    },
    "relative_difference": {
        "the result is True or False, expected a number.": lambda gradient, numerical: (
            np.linalg.norm(gradient - numerical) < 1e-7 * np.linalg.norm(gradient + numerical)
        )
    },
    "initialize_two_layer": {
        "b is the number 0|W is right.|not: sum, mean or maximum|not: sum of|not: global": (
            lambda *args: initialize_two_layer(*args) | {"b1": 0, "b2": 0}
        ),
        "the factor 0.01 is missing in W2|it is 100 times the expected one|not: percent": (
            lambda *args: (theta := initialize_two_layer(*args)) | {"W2": 100 * theta["W2"]}
        ),
        "Nothing was drawn from rng|not: global": (
            lambda *args: initialize_two_layer(*args[:3], np.random.RandomState(1))
        ),
        "The global random generator was used or seeded": (
            lambda *args: initialize_two_layer(*args[:3], np.random)
        ),
    },
    "standardize": {
        "a constant column is divided by 1e-8|expected [[": lambda train, test: tuple(
            (table - train.mean(axis=0)) / (train.std(axis=0) + 1e-8) for table in (train, test)
        )
    },
    "parameter_shapes": {
        "The result has w1, w2, which it should not have.": lambda sizes: dict(_shapes(sizes, kinds="wb")),
        "The result has no W2, b2.": lambda sizes: dict(_shapes(sizes, first=0)),
        "arrays stand in the place of the shapes|expected the shape alone|not: axis": lambda sizes: {
            name: np.zeros(shape) for name, shape in _shapes(sizes)
        },
        "b is a tuple of 1, expected a tuple of 2.|b1 is (2,), expected (2, 1) in the example": lambda n: {
            name: shape if name[0] == "W" else shape[:1] for name, shape in _shapes(n)
        },
    },
    "initialize_deep": {
        "W has a wrong factor: it is 63.25 times the expected one, elsewhere 70.71": exercises.initialize_he,
    },
    "linear_activation_forward": {
        "sigmoid is used for every name, also for unknown ones|not: relu|not: alone": (
            lambda A_prev, W, b, activation: linear_activation_forward(A_prev, W, b, "sigmoid")
        )
    },
    "model_forward": {
        "L counts W and b|Parameters are named W1": lambda X, theta: _walked(X, theta, len(theta), []),
        "The shapes of the two arrays do not fit": lambda X, theta: _walked(
            X, {name: theta["b1" if name[0] == "b" else name] for name in theta}, len(theta) // 2, []
        ),
    },
    "l2_cost": {
        "expected 0.25 in the example of the task|not: alone": lambda parameters, l2, m: (
            l2 / 2 * m * sum(np.sum(parameters[f"W{l}"] ** 2) for l in range(1, len(parameters) // 2 + 1))
        ),
        "the result is|not: 1 layer alone": lambda p, l2, m: (
            l2 / (2 * m) * sum(np.linalg.norm(p[k], 2) ** 2 for k in p if k[0] == "W")
        ),
        "not: 1 layer alone|the result is": lambda parameters, l2, m: (
            l2 / (2 * m) * sum(np.sum(v @ v.T) for k, v in parameters.items() if k[0] == "W")
        ),
    },
}


def linear_activation_backward_2(dA, cache, activation):
    "The number of names differs"
    Z, (A_prev, W, b) = cache
    return exercises.linear_backward(dA * (Z > 0), (A_prev, W, b))


def first_wrong_4(P, Y):
    "the result is -1, expected 0 with P = [[0]], Y = [[1]].|not: everywhere"
    wrong = np.flatnonzero(P != Y)
    return wrong[0] if wrong.any() else -1


def model_forward_6(X, parameters):
    "It is wrong with 11 layers alone: names such as W10 have two digits."
    A, caches = X, []
    names = sorted(name for name in parameters if name[0] == "W")
    for name in names:
        kind = "sigmoid" if name == names[-1] else "relu"
        A, cache = linear_activation_forward(A, parameters[name], parameters["b" + name[1:]], kind)
        caches.append(cache)
    return A, caches


def adam_update_2(theta, gradient, v, s, t, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
    "with theta = |learning_rate = 0.1.|v, s are right."
    v = beta1 * v + (1 - beta1) * gradient
    s = beta2 * s + (1 - beta2) * gradient**2
    return theta - learning_rate * v / (1 - beta1**t) / (np.sqrt(s / (1 - beta2**t)) + epsilon), v, s


def linear_activation_forward_5(A_prev, W, b, activation):
    "ValueError is expected with activation = 'rellu', got Exception."
    if activation not in ("relu", "sigmoid"):
        raise Exception("unknown")
    return linear_activation_forward(A_prev, W, b, activation)


def _trained(X, Y, parameters, learning_rate, iterations):
    costs = []
    for _ in range(iterations):
        AL, caches = model_forward(X, parameters)
        costs.append(exercises.compute_cost(AL, Y))
        parameters = exercises.update_parameters(
            parameters, exercises.model_backward(AL, Y, caches), learning_rate
        )
    return parameters, costs


def fit_7(X, Y, layer_dims, learning_rate, iterations, seed):
    "costs is a list of 5, expected a list of 12."
    parameters = exercises.initialize_he(layer_dims, np.random.RandomState(seed))
    return _trained(X, Y, parameters, learning_rate, min(iterations, 5))


def fit_8(X, Y, layer_dims, learning_rate, iterations, seed):
    "the parameters are those before the last update|costs is right.|not: too few"
    parameters = exercises.initialize_he(layer_dims, np.random.RandomState(seed))
    before, _ = _trained(X, Y, parameters, learning_rate, iterations - 1)
    return before, _trained(X, Y, parameters, learning_rate, iterations)[1]


def mini_batches_2(X, Y, batch_size, rng):
    "batches is an iterator of 3, as yield makes it (return the list), expected a list of 3."
    order = rng.permutation(X.shape[1])
    for k in range(0, len(order), batch_size):
        yield X[:, order[k : k + batch_size]], Y[:, order[k : k + batch_size]]


def update_parameters_4(parameters, gradients, learning_rate):
    "parameters was changed in place: make a new dictionary.|Begin with a new dictionary|not: -="
    for key in parameters:
        parameters[key] = parameters[key] - learning_rate * gradients["d" + key]
    return parameters


velocity = {}


def update_parameters_5(parameters, gradients, learning_rate):
    "The same call gives another result the second time|not: ValueError|not: shape"
    updated = {}
    for key in parameters:
        velocity[key] = 0.9 * velocity.get(key, 0) + gradients["d" + key]
        updated[key] = parameters[key] - learning_rate * velocity[key]
    return updated


def linear_activation_forward_1(A_prev, W, b, activation):
    "It is wrong with activation 'relu' alone."
    A, (linear_cache, Z) = linear_activation_forward(A_prev, W, b, activation)
    return (np.maximum(Z - b, 0) if activation == "relu" else A), (linear_cache, Z)


def linear_forward_6(A, W, b):
    "A_prev was changed in place"
    A *= 2
    return W @ A / 2 + b, (A / 2, W, b)


def linear_forward_7(A, W, b):
    "Z is"
    nested = []
    nested.append(nested)
    return nested, (A, W, b)


def linear_backward_1(dZ, cache):
    "keepdims was lost in db.|dW has a wrong factor: it is 5|db has shape (1,), expected|dA_prev is right."
    dA_prev, dW, db = exercises.linear_backward(dZ, cache)
    return dA_prev, 5 * dW, db[:, 0]


def linear_forward_5(W, A_prev, b):
    "another order than in linear_forward(A_prev, W, b): A_prev and W are exchanged.|not: Mistake|not: core"
    return W @ A_prev + b, (A_prev, W, b)
