"""Right solutions that are not the course's own: other formulas, types, layouts of arrays, and containers."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.linalg import norm
from scipy.special import expit

from deepstep.course import exercises
from deepstep.course.exercises import model_backward, model_forward, relu, sigmoid, update_parameters
from deepstep.equations import compute_cost, initialize_parameters

FLOAT = np.float32

EXPRESSIONS = {
    "neuron_forward": {
        "einsum": lambda w, b, X: expit(np.einsum("nk,nm->km", w, X) + b),
        "matrix": lambda w, b, X: np.matrix(1 / (1 + np.exp(-(np.matrix(w).T * np.matrix(X) + b)))),
        "rows": lambda w, b, X: (1 / (1 + np.exp(-(X.T.dot(w) + b)))).T,
    },
    "parameter_shapes": {
        "arrays and lists": lambda sizes: {
            name: np.array(shape) if name[0] == "W" else [*shape]
            for name, shape in exercises.parameter_shapes(sizes).items()
        }
    },
    "initialize_two_layer": {
        "float32 and lists": lambda *args: {
            name: value.astype(FLOAT) if name[0] == "W" else value.astype(int).tolist()
            for name, value in exercises.initialize_two_layer(*args).items()
        }
    },
    "model_forward": {"a tuple": lambda *args: (model_forward(*args)[0], tuple(model_forward(*args)[1]))},
    "flatten_images": {
        "stack": lambda images: np.stack([image.ravel() for image in images], axis=-1) / 255.0,
        "Fortran": lambda images: np.asfortranarray(images.reshape(len(images), -1).T.astype(FLOAT) / 255),
    },
    "initialize_deep": {"Parameters": lambda n, rng: initialize_parameters(n, method="small", rng=rng)},
    "initialize_he": {"Parameters": lambda n, rng: initialize_parameters(n, method="he", rng=rng)},
    "sigmoid": {"tanh": lambda Z: 0.5 * (1 + np.tanh(Z / 2))},
    "relu": {"clip": lambda Z: Z.clip(min=0), "-0": lambda Z: Z * (Z > 0)},
    "linear_forward": {
        "a list": lambda A, W, b: (np.add(np.matmul(W, A), b), [A, W, b]),
        "rows": lambda A, W, b: ((A.T @ W.T + b.T).T, (A, W, b)),
    },
    "compute_cost": {
        "rows": lambda AL, Y: float(np.mean(-np.log(np.where(Y.T == 1, AL.T, 1 - AL.T)))),
        "float32": lambda AL, Y: compute_cost(AL.astype(FLOAT), Y.astype(FLOAT)),
        "an array": lambda AL, Y: np.array(compute_cost(AL, Y)),
    },
    "cost_from_logits": {
        "logaddexp": lambda ZL, Y: np.mean(np.logaddexp(0, ZL) - Y * ZL),
        "float32": lambda ZL, Y: np.logaddexp(0, np.where(Y == 1, -ZL, ZL).astype(FLOAT)).mean(),
    },
    "sigmoid_backward": {"a difference": lambda dA, Z: dA * expit(Z) - dA * expit(Z) ** 2},
    "model_backward": {
        "no dA": lambda *args: {name: d for name, d in model_backward(*args).items() if name[1] != "A"},
        "further keys": lambda AL, Y, caches: (
            dict.fromkeys(("L", "m", "AL", "A1", "dA1", "dAL", "cache"), AL - Y)
            | model_backward(AL, Y, caches)
        ),
    },
    "update_parameters": {
        "float32": lambda *args: {name: new.astype(FLOAT) for name, new in update_parameters(*args).items()}
    },
    "numerical_gradient": {
        "unit matrix": lambda cost, theta, epsilon: (
            np.array([cost(theta + e) - cost(theta - e) for e in epsilon * np.eye(theta.size)]) / epsilon / 2
        )
    },
    "relative_difference": {
        "dot": lambda g, n: np.sqrt((g - n) @ (g - n)) / (np.sqrt(g @ g) + np.sqrt(n @ n)),
        "Decimal": lambda g, n: Decimal(norm(g - n).item()) / Decimal(norm(g).item() + norm(n).item()),
    },
    "predict": {
        "truth values": lambda X, parameters: model_forward(X, parameters)[0] > 0.5,
        "rounded": lambda X, parameters: np.rint(model_forward(X, parameters)[0].T).T,
    },
    "accuracy": {
        "the other way": lambda P, Y: 1 - np.abs(P - Y).mean(),
        "Fraction": lambda P, Y: Fraction(int(np.sum(P == Y)), P.size),
    },
    "first_wrong": {"argmax": lambda P, Y: np.argmax(P != Y) if (P != Y).any() else -1},
    "l2_cost": {"vdot": lambda p, l2, m: l2 / 2 / m * sum(np.vdot(p[k], p[k]) for k in p if "W" in k)},
    "one_hot": {
        "eye": lambda labels, n_classes: np.eye(n_classes)[:, labels],
        "truth values": lambda labels, n_classes: np.equal.outer(range(n_classes), labels),
    },
}


def neuron_gradients_1(w, b, X, Y):
    error = expit(np.dot(w.T, X) + b) - Y
    return (X * error).mean(axis=1, keepdims=True), error.mean()


def neuron_gradients_2(w, b, X, Y):
    error = (1 / (1 + np.exp(-(w.T @ X + b)))).astype(FLOAT) - Y
    return np.mean(X * error, axis=1).reshape(-1, 1), np.mean(error, axis=1, keepdims=True)


def linear_backward_1(dZ, cache):
    A_prev, W, b = cache
    return np.dot(W.T, dZ), np.einsum("im,jm->ij", dZ, A_prev) / dZ.shape[1], dZ.mean(1, keepdims=True)


def initialize_two_layer_1(n_x, n_h, n_y, rng):
    draws = rng.normal(0, 0.01, n_h * n_x + n_y * n_h)
    W1, W2 = draws[: n_h * n_x].reshape(n_h, n_x), draws[n_h * n_x :].reshape(n_y, n_h)
    return dict(b2=np.zeros((n_y, 1)), W2=W2, b1=np.zeros((n_h, 1)), W1=W1)


class UnknownActivationError(ValueError):
    pass


def linear_activation_forward_1(A_prev, W, b, activation):
    if activation not in ("relu", "sigmoid"):
        raise UnknownActivationError(activation)
    Z = (W @ A_prev + b).astype(FLOAT)
    return relu(Z) if activation == "relu" else sigmoid(Z), ((A_prev, W, b), Z)


def _trained(X, Y, theta, learning_rate, iterations):
    costs = np.zeros(iterations)
    for step in range(iterations):
        AL, caches = model_forward(X, theta)
        costs[step] = compute_cost(AL, Y)
        theta = update_parameters(theta, model_backward(AL, Y, caches), learning_rate)
    return theta, costs


def fit_1(X, Y, layer_dims, learning_rate, iterations, seed):
    theta = initialize_parameters(layer_dims, rng=np.random.RandomState(seed))
    return _trained(X, Y, theta, learning_rate, iterations)


def two_layer_model_1(X, Y, layer_dims, learning_rate, iterations, rng, method="small"):
    theta = initialize_parameters(layer_dims, method=method, rng=rng).to_dict()
    theta, costs = _trained(X, Y, theta, learning_rate, iterations)
    return theta, costs, np.mean((model_forward(X, theta)[0] > 0.5) == Y)


def L_layer_model_1(X, Y, layer_dims, learning_rate, iterations, rng):
    return two_layer_model_1(X, Y, layer_dims, learning_rate, iterations, rng, method="lecun")


def mini_batches_1(X, Y, batch_size, rng):
    order = rng.permutation(X.shape[1])
    cuts = np.arange(batch_size, X.shape[1], batch_size)
    parts = (np.split(array[:, order], cuts, axis=1) for array in (X, Y))
    return list(zip(*parts, strict=True))


def adam_update_1(theta, gradient, v, s, t, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    v, s = beta1 * v + (1 - beta1) * gradient, beta2 * s + (1 - beta2) * np.square(gradient)
    rate = learning_rate / (1 - np.power(beta1, t))
    return theta - rate * v / (np.sqrt(s) / np.sqrt(1 - beta2**t) + epsilon), v, s


def dropout_forward_1(A, keep_prob, rng):
    mask = np.where(rng.random_sample(A.shape) < keep_prob, 1 / keep_prob, 0).astype(FLOAT)
    return np.multiply(A, mask), mask


def standardize_1(train, test):
    train, test = train.astype(FLOAT), test.astype(FLOAT)
    mean, deviation = train.mean(0), train.std(0)
    deviation[deviation < 1e-12] = 1
    return tuple((table - mean) / deviation for table in (train, test))
