"""Right solutions in loops over units and examples."""

import math

import numpy as np

from deepstep.course.exercises import initialize_he, model_backward


def neuron_forward(w, b, X):
    n, m = X.shape
    A = np.zeros((1, m))
    for i in range(m):
        z = b
        for j in range(n):
            z += w[j, 0] * X[j, i]
        A[0, i] = 1.0 / (1.0 + math.exp(-z))
    return A


def neuron_gradients(w, b, X, Y):
    n, m = X.shape
    dw, db = [[0.0] for _ in range(n)], 0.0
    for i in range(m):
        error = neuron_forward(w, b, X[:, i : i + 1])[0, 0] - Y[0, i]
        db += error / m
        for j in range(n):
            dw[j][0] += X[j, i] * error / m
    return np.array(dw), db


def parameter_shapes(layer_dims):
    shapes, previous = {}, layer_dims[0]
    for number, size in enumerate(layer_dims[1:]):
        shapes["W" + str(number + 1)] = (size, previous)
        shapes["b" + str(number + 1)] = (size, 1)
        previous = size
    return shapes


def sigmoid(Z):
    A = np.zeros(Z.shape)
    for index, z in np.ndenumerate(Z):
        A[index] = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
    return A


def relu(Z):
    return np.array([z if z > 0 else 0.0 for z in Z.flat]).reshape(Z.shape)


def linear_forward(A_prev, W, b):
    n, m = W.shape[0], A_prev.shape[1]
    Z = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            Z[i, j] = sum(W[i, k] * A_prev[k, j] for k in range(W.shape[1])) + b[i, 0]
    return Z, (A_prev, W, b)


def linear_activation_forward(A_prev, W, b, activation):
    functions = {"sigmoid": sigmoid, "relu": relu}
    if activation not in functions:
        raise ValueError("activation must be sigmoid or relu")
    Z, cache = linear_forward(A_prev, W, b)
    return functions[activation](Z), [cache, Z]


def model_forward(X, parameters):
    L, A, caches = len(parameters) // 2, X, []
    for l in range(1, L + 1):
        W, b = parameters["W" + str(l)], parameters["b" + str(l)]
        A, cache = linear_activation_forward(A, W, b, "relu" if l < L else "sigmoid")
        caches += [cache]
    return A, caches


def compute_cost(AL, Y):
    total = 0.0
    for a, y in zip(AL[0], Y[0], strict=True):
        total -= math.log(a) if y == 1 else math.log(1 - a)
    return total / Y.shape[1]


def cost_from_logits(ZL, Y):
    total = 0
    for z, y in zip(ZL.ravel(), Y.ravel(), strict=True):
        total += max(z, 0) - z * y + math.log(1 + math.exp(-abs(z)))
    return [total / ZL.size]


def relu_backward(dA, Z):
    dZ = np.zeros_like(dA)
    for index, z in np.ndenumerate(Z):
        if z > 0:
            dZ[index] = dA[index]
    return dZ


def sigmoid_backward(dA, Z):
    dZ = dA.copy()
    for index in np.ndindex(*Z.shape):
        s = 0.5 * (1 + math.tanh(Z[index] / 2))
        dZ[index] *= s * (1 - s)
    return dZ


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    n, m = dZ.shape
    dA_prev, dW, db = np.zeros(A_prev.shape), np.zeros(W.shape), np.zeros(b.shape)
    for i in range(m):
        for j in range(n):
            db[j, 0] += dZ[j, i] / m
            for k in range(W.shape[1]):
                dW[j, k] += dZ[j, i] * A_prev[k, i] / m
                dA_prev[k, i] += W[j, k] * dZ[j, i]
    return dA_prev, dW, db


def linear_activation_backward(dA, cache, activation):
    (A_prev, W, b), Z = cache
    backward = {"relu": relu_backward, "sigmoid": sigmoid_backward}.get(activation)
    if backward is None:
        raise ValueError(activation)
    return linear_backward(backward(dA, Z), (A_prev, W, b))


def numerical_gradient(cost, theta, epsilon):
    found = []
    for i in range(theta.size):
        theta[i] += epsilon
        plus = cost(theta)
        theta[i] -= 2 * epsilon
        minus = cost(theta)
        theta[i] += epsilon  # θ again, up to rounding
        found.append((plus - minus) / (2.0 * epsilon))
    return found


def relative_difference(gradient, numerical):
    above = below1 = below2 = 0.0
    for g, n in zip(gradient, numerical, strict=True):
        above += (g - n) ** 2
        below1 += g * g
        below2 += n * n
    return math.sqrt(above) / (math.sqrt(below1) + math.sqrt(below2))


def fit(X, Y, layer_dims, learning_rate, iterations, seed):
    parameters = initialize_he(layer_dims, np.random.RandomState(seed))
    costs = []
    i = 0
    while i < iterations:
        AL, caches = model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        parameters = update_parameters(parameters, model_backward(AL, Y, caches), learning_rate)
        i += 1
    return parameters, costs


def accuracy(P, Y):
    right = 0
    for i in range(P.shape[1]):
        if P[0, i] == Y[0, i]:
            right += 1
    return right / P.shape[1]


def first_wrong(P, Y):
    for i in range(P.shape[1]):
        if P[0, i] != Y[0, i]:
            return i
    return -1


def two_layer_model(X, Y, layer_dims, learning_rate, iterations, rng):
    n_x, n_h, n_y = layer_dims
    m = X.shape[1]
    W1, b1 = 0.01 * rng.randn(n_h, n_x), np.zeros((n_h, 1))
    W2, b2 = 0.01 * rng.randn(n_y, n_h), np.zeros((n_y, 1))
    costs, step = [], 0
    while step < iterations:
        Z1 = W1 @ X + b1
        A1 = np.maximum(0, Z1)
        A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
        cost = 0.0
        for i in range(m):
            cost -= math.log(A2[0, i] if Y[0, i] == 1 else 1 - A2[0, i])
        costs.append(cost / m)
        dZ2 = A2 - Y
        dZ1 = (W2.T @ dZ2) * (Z1 > 0)
        W2, b2 = W2 - learning_rate * dZ2 @ A1.T / m, b2 - learning_rate * dZ2.sum(axis=1, keepdims=True) / m
        W1, b1 = W1 - learning_rate * dZ1 @ X.T / m, b1 - learning_rate * dZ1.sum(axis=1, keepdims=True) / m
        step += 1
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    return parameters, costs, accuracy(predict(X, parameters), Y)


def L_layer_model(X, Y, layer_dims, learning_rate, iterations, rng):
    parameters, costs = {}, []
    for l, (before, units) in enumerate(zip(layer_dims, layer_dims[1:], strict=False), 1):
        parameters["W" + str(l)] = rng.randn(units, before) / math.sqrt(before)
        parameters["b" + str(l)] = np.zeros((units, 1))
    for _ in range(iterations):
        AL, caches = model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        parameters = update_parameters(parameters, model_backward(AL, Y, caches), learning_rate)
    return parameters, costs, accuracy(predict(X, parameters), Y)


def mini_batches(X, Y, batch_size, rng):
    order, batches = list(rng.permutation(X.shape[1])), []
    while order:
        now, order = order[:batch_size], order[batch_size:]
        batches += [[np.stack([X[:, i] for i in now], axis=1), np.stack([Y[:, i] for i in now], axis=1)]]
    return batches


def adam_update(theta, gradient, v, s, t, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    theta, v, s = list(theta), list(v), list(s)
    for i in range(len(theta)):
        v[i] = beta1 * v[i] + (1 - beta1) * gradient[i]
        s[i] = beta2 * s[i] + (1 - beta2) * gradient[i] * gradient[i]
        root = math.sqrt(s[i] / (1 - beta2**t))
        theta[i] -= learning_rate * (v[i] / (1 - beta1**t)) / (root + epsilon)
    return theta, v, s


def l2_cost(parameters, l2, m):
    total = 0.0
    for key, value in parameters.items():
        if key.startswith("W"):
            for weight in value.flat:
                total += weight * weight
    return 0.5 * l2 * total / m


def standardize(train, test):
    train, test = train.astype(float), test.astype(float)
    for j in range(train.shape[1]):
        column = train[:, j].copy()
        mean = sum(column) / len(column)
        deviation = math.sqrt(sum((x - mean) ** 2 for x in column) / len(column)) or 1.0
        train[:, j] = (train[:, j] - mean) / deviation
        test[:, j] = (test[:, j] - mean) / deviation
    return train, test


def one_hot(labels, n_classes):
    return [[1 if label == k else 0 for label in labels] for k in range(n_classes)]


def update_parameters(parameters, gradients, learning_rate):
    new = {}
    for key in parameters:
        value = np.empty(parameters[key].shape)
        for index, theta in np.ndenumerate(parameters[key]):
            value[index] = theta - learning_rate * gradients["d" + key][index]
        new[key] = value
    return new


def predict(X, parameters):
    AL = model_forward(X, parameters)[0]
    P = np.zeros(AL.shape)
    for i in range(AL.shape[0]):
        for j in range(AL.shape[1]):
            if AL[i, j] > 0.5:
                P[i, j] = 1
    return P
