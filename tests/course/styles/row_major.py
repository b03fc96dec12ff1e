"""Right solutions that turn the arrays, compute with examples as rows, and turn the results back."""

import numpy as np

from deepstep.course.exercises import linear_activation_backward, linear_activation_forward


def neuron_forward(w, b, X):
    rows = X.T
    return (1 / (1 + np.exp(-(rows.dot(w) + b)))).T


def neuron_gradients(w, b, X, Y):
    rows, answers = X.T, Y.T
    error = 1 / (1 + np.exp(-(rows @ w + b))) - answers
    return rows.T @ error / len(rows), error.sum() / len(rows)


def flatten_images(images):
    rows = images.reshape((images.shape[0], -1)).astype(np.float64) / 255
    return np.ascontiguousarray(rows.transpose())


def initialize_he(layer_dims, rng):
    out = {}
    for l, n in enumerate(layer_dims[1:], 1):
        W = rng.randn(n, layer_dims[l - 1]).T * (2.0 / layer_dims[l - 1]) ** 0.5
        out["W" + str(l)], out["b" + str(l)] = W.T, np.zeros((1, n)).T
    return out


def linear_forward(A_prev, W, b):
    Z = (A_prev.T @ W.T + b.T).T
    return Z, (A_prev, W, b)


def model_forward(X, parameters):
    rows, caches, L = X.T, [], len(parameters) // 2
    for l in range(1, L + 1):
        kind = "sigmoid" if l == L else "relu"
        A, cache = linear_activation_forward(rows.T, parameters[f"W{l}"], parameters[f"b{l}"], kind)
        caches.append(cache)
        rows = A.T
    return rows.T, caches


def compute_cost(AL, Y):
    a, y = AL.T, Y.T
    return float(np.mean(-np.log(np.where(y == 1, a, 1 - a))))


def cost_from_logits(ZL, Y):
    z, y = ZL.T[:, 0], Y.T[:, 0]
    signed = np.where(y == 1, -z, z)
    return np.logaddexp(0, signed).sum() / len(z)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    rows, inputs = dZ.T, A_prev.T
    m = rows.shape[0]
    dW = (inputs.T @ rows / m).T
    db = (rows.sum(axis=0) / m).reshape(b.shape)
    return (rows @ W).T, dW, db


def model_backward(AL, Y, caches):
    dA = (-(Y.T / AL.T - (1 - Y.T) / (1 - AL.T))).T
    found = {}
    for l, cache in reversed(list(enumerate(caches, 1))):
        dA, found[f"dW{l}"], found[f"db{l}"] = linear_activation_backward(
            dA, cache, "sigmoid" if l == len(caches) else "relu"
        )
        found[f"dA{l - 1}"] = dA
    return found


def predict(X, parameters):
    return np.rint(model_forward(X, parameters)[0].T).T


def mini_batches(X, Y, batch_size, rng):
    rows = np.hstack([X.T, Y.T])[rng.permutation(len(X.T))]
    pieces = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [(piece[:, : len(X)].T, piece[:, len(X) :].T) for piece in pieces]


def dropout_forward(A, keep_prob, rng):
    mask = (rng.rand(*A.shape).T < keep_prob).astype(float).T
    mask /= keep_prob
    return (A.T * mask.T).T, mask


def standardize(train, test):
    columns, deviation = train.T, np.std(train.T, axis=1, keepdims=True)
    mean = columns.mean(axis=1, keepdims=True)
    deviation = np.where(deviation > 0, deviation, 1)
    return ((columns - mean) / deviation).T, ((test.T - mean) / deviation).T
