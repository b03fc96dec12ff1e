"""Wrong solutions, written without the grader's table; each docstring is in the text of the grade."""

import math

import numpy as np

from deepstep.course.exercises import (
    compute_cost,
    initialize_he,
    linear_activation_backward,
    linear_activation_forward,
    linear_backward,
    linear_forward,
    model_backward,
    model_forward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    update_parameters,
)


def neuron_forward_1(w, b, X):
    "the sign of the exponent is wrong"
    return 1 / (1 + np.exp(np.dot(w.T, X) + b))


def neuron_forward_2(w, b, X):
    "the array lost its first axis"
    return np.array([1 / (1 + math.exp(-(w[:, 0] @ x + b))) for x in X.T])


def neuron_gradients_1(w, b, X, Y):
    "the sign is wrong"
    error = Y - 1 / (1 + np.exp(-(w.T @ X + b)))
    return np.dot(X, error.T) / X.shape[1], error.mean()


def neuron_gradients_2(w, b, X, Y):
    "1/m is missing in db"
    error = sigmoid(np.dot(w.T, X) + b) - Y
    return (X * error).mean(axis=1).reshape(-1, 1), error.sum()


def neuron_gradients_3(w, b, X, Y):
    "the derivative of the sigmoid stands in dZ twice"
    A = sigmoid(w.T.dot(X) + b)
    dZ = A * (1 - A) * (A - Y)
    return X.dot(dZ.T) / Y.size, dZ.mean()


def parameter_shapes_1(layer_dims):
    "the last layer is missing"
    pairs = list(zip(layer_dims, layer_dims[1:], strict=False))[:-1]
    W = {f"W{i + 1}": (b, a) for i, (a, b) in enumerate(pairs)}
    return W | {f"b{i + 1}": (b, 1) for i, (a, b) in enumerate(pairs)}


def parameter_shapes_2(layer_dims):
    "b has the shape (n,)"
    shapes = {}
    for l, (p, n) in enumerate(zip(layer_dims, layer_dims[1:], strict=False), 1):
        shapes |= {f"W{l}": (n, p), f"b{l}": (n,)}
    return shapes


def flatten_images_1(images):
    "mixes the pixels of different images"
    m, h, w, c = images.shape
    return np.reshape(images, (h * w * c, m)) / 255


def flatten_images_2(images):
    "the division by 255 is missing"
    return np.stack([picture.flatten() for picture in images]).T


def initialize_two_layer_1(n_x, n_h, n_y, rng):
    "the draws are uniform"
    W1 = 0.01 * rng.random_sample((n_h, n_x))
    return dict(W1=W1, b1=np.zeros((n_h, 1)), W2=0.01 * rng.random_sample((n_y, n_h)), b2=np.zeros((n_y, 1)))


def initialize_two_layer_2(n_x, n_h, n_y, rng):
    "The global random generator was used or seeded"
    np.random.seed(7)
    W1, W2 = np.random.randn(n_h, n_x) * 0.01, np.random.randn(n_y, n_h) * 0.01
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}


def initialize_deep_1(layer_dims, rng):
    "the factor 0.01 is missing"
    out = {}
    for l, (p, n) in enumerate(zip(layer_dims, layer_dims[1:], strict=False), 1):
        out["W" + str(l)] = rng.standard_normal((n, p))
        out["b" + str(l)] = np.zeros((n, 1))
    return out


def initialize_he_1(layer_dims, rng):
    "the factor is 0.01 for every layer"
    out = {}
    for l, (p, n) in enumerate(zip(layer_dims, layer_dims[1:], strict=False), 1):
        out |= {f"W{l}": rng.normal(0, 1, (n, p)) / 100, f"b{l}": np.zeros((n, 1))}
    return out


def initialize_he_2(layer_dims, rng):
    "the factor uses n[l] in place of n[l-1]"
    out = {}
    for l, (p, n) in enumerate(zip(layer_dims, layer_dims[1:], strict=False), 1):
        out |= {f"W{l}": rng.randn(n, p) * math.sqrt(2.0 / n), f"b{l}": np.zeros((n, 1))}
    return out


def sigmoid_1(Z):
    "NaN for large Z"
    e = np.exp(Z)
    return e / (e + 1)


def relu_1(Z):
    "Z is changed in place"
    Z[Z < 0] = 0.0
    return Z


def relu_2(Z):
    "np.max gives one number"
    return Z.max()


def linear_forward_1(A_prev, W, b):
    "the bias is missing"
    return np.dot(W, A_prev), (A_prev, W, b)


def linear_forward_2(A_prev, W, b):
    "the cache is in the order W, A_prev, b"
    return W.dot(A_prev) + b, (W, A_prev, b)


def linear_activation_forward_1(A_prev, W, b, activation):
    "the activations are exchanged"
    Z, cache = linear_forward(A_prev, W, b)
    if activation not in ("sigmoid", "relu"):
        raise ValueError
    return (np.where(Z > 0, Z, 0) if activation == "sigmoid" else sigmoid(Z)), (cache, Z)


def linear_activation_forward_2(A_prev, W, b, activation):
    "the cache holds A in place of Z"
    functions = {"sigmoid": sigmoid, "relu": relu}
    if activation not in functions:
        raise ValueError(activation)
    A = functions[activation](W @ A_prev + b)
    return A, ((A_prev, W, b), A)


def linear_activation_forward_3(A_prev, W, b, activation):
    "an unknown activation is not refused"
    Z, cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid":
        answer = sigmoid(Z)
    if activation == "relu":
        answer = relu(Z)
    return answer, (cache, Z)


def model_forward_1(X, parameters):
    "relu is used in the last layer"
    caches = []
    for l in range(1, len(parameters) // 2 + 1):
        X, cache = linear_activation_forward(X, parameters[f"W{l}"], parameters[f"b{l}"], "relu")
        caches.append(cache)
    return X, caches


def model_forward_2(X, parameters):
    "sigmoid is used in the hidden layers"
    caches, A = [], X
    for l in range(len(parameters) // 2):
        W, b = parameters[f"W{l + 1}"], parameters[f"b{l + 1}"]
        caches.append(((A, W, b), W @ A + b))
        A = 1 / (1 + np.exp(-W @ A - b))
    return A, caches


def model_forward_3(X, parameters):
    "the last hidden layer is left out"
    L, A, caches = len(parameters) // 2, X, []
    for l in [*range(1, L - 1), L]:
        kind = "relu" if l < L else "sigmoid"
        A, cache = linear_activation_forward(A, parameters[f"W{l}"], parameters[f"b{l}"], kind)
        caches.append(cache)
    return A, caches


def model_forward_4(X, parameters):
    "the cache of the last layer is missing"
    AL, caches = model_forward(X, parameters)
    return AL, caches[:-1]


def compute_cost_1(AL, Y):
    "1/m is missing"
    return -np.sum(np.where(Y == 1, np.log(AL), np.log(1 - AL)))


def compute_cost_2(AL, Y):
    "the logarithm has base 2"
    return -np.mean(Y * np.log2(AL) + (1 - Y) * np.log2(1 - AL))


def compute_cost_3(AL, Y):
    "the term of the label 0 is missing"
    return float(-(Y @ np.log(AL).T).item() / Y.size)


def compute_cost_4(AL, Y):
    "broadcasts to (m, m)"
    y = Y.reshape(-1, 1)
    return -(y * np.log(AL) + (1 - y) * np.log(1 - AL)).sum() / AL.size


def compute_cost_5(AL, Y):
    "the sign is wrong|the logarithm has base 2"
    return (Y * np.log2(AL) + (1 - Y) * np.log2(1 - AL)).mean()


def cost_from_logits_1(ZL, Y):
    "NaN or infinite at saturation"
    return compute_cost(1 / (1 + np.exp(-ZL)), Y)


def cost_from_logits_2(ZL, Y):
    "e^Z overflows for large Z"
    return (np.log(1 + np.exp(ZL)) - Y * ZL).mean()


def relu_backward_1(dA, Z):
    "the derivative at Z = 0 is 1"
    dZ = dA.copy()
    dZ[Z < 0] = 0
    return dZ


def relu_backward_2(dA, Z):
    "dA is changed in place"
    dA[Z <= 0] = 0
    return dA


def relu_backward_3(dA, Z):
    "the factor dA is missing"
    return np.where(Z > 0, 1.0, 0.0)


def sigmoid_backward_1(dA, Z):
    "NameError"
    s = 1 / (1 + np.exp(-z))  # noqa: F821
    return dA * s * (1 - s)


def sigmoid_backward_2(dA, Z):
    "the formula is applied to Z in place of A"
    return dA * Z * (1 - Z)


def linear_backward_1(dZ, cache):
    "keepdims was lost in db"
    A_prev, W, b = cache
    return W.T.dot(dZ), dZ.dot(A_prev.T) / dZ.shape[1], dZ.mean(1)


def linear_backward_2(dZ, cache):
    "db is squeezed"
    A_prev, W, b = cache
    m = A_prev.shape[1]
    return np.dot(W.T, dZ), 1 / m * np.dot(dZ, A_prev.T), np.squeeze(1 / m * np.sum(dZ, 1, keepdims=True))


def linear_backward_3(dZ, cache):
    "1/m is missing in dW and db"
    A_prev, W, b = cache
    return W.T @ dZ, np.einsum("im,jm->ij", dZ, A_prev), dZ.sum(axis=1).reshape(-1, 1)


def linear_backward_4(dZ, cache):
    "1/m stands in dA_prev"
    A_prev, W, b = cache
    m = dZ.shape[1]
    dZ = dZ / m
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(1, keepdims=True)


def linear_backward_5(dZ, cache):
    "dW is transposed"
    A_prev, W, b = cache
    m = dZ.shape[1]
    return W.T @ dZ, np.dot(A_prev, dZ.T) / m, np.sum(dZ, 1, keepdims=True) / m


def linear_backward_6(dZ, cache):
    "db is summed over the units|1/m is missing in dW"
    A_prev, W, b = cache
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=0, keepdims=True) / dZ.shape[1]


def linear_backward_7(dZ, cache):
    "the results are in the order dW, db, dA_prev"
    dA_prev, dW, db = linear_backward(dZ, cache)
    return dW, db, dA_prev


def linear_activation_backward_1(dA, cache, activation):
    "A is taken for Z in the derivative"
    linear, Z = cache
    if activation == "relu":
        dZ = relu_backward(dA, relu(Z))
    elif activation == "sigmoid":
        dZ = sigmoid_backward(dA, sigmoid(Z))
    else:
        raise ValueError
    return linear_backward(dZ, linear)


def linear_activation_backward_2(dA, cache, activation):
    "the derivative of the activation is missing"
    if activation not in ("relu", "sigmoid"):
        raise ValueError
    return linear_backward(dA, cache[0])


def model_backward_1(AL, Y, caches):
    "dAL is AL - Y"
    gradients, dA = {}, AL - Y
    for l in range(len(caches), 0, -1):
        kind = "sigmoid" if l == len(caches) else "relu"
        dA, gradients[f"dW{l}"], gradients[f"db{l}"] = linear_activation_backward(dA, caches[l - 1], kind)
    return gradients


def model_backward_2(AL, Y, caches):
    "the sign of dAL is wrong"
    dA, gradients = Y / AL - (1 - Y) / (1 - AL), {}
    for l in range(len(caches), 0, -1):
        kind = "sigmoid" if l == len(caches) else "relu"
        dA, gradients[f"dW{l}"], gradients[f"db{l}"] = linear_activation_backward(dA, caches[l - 1], kind)
    return gradients


def model_backward_3(AL, Y, caches):
    "the first layer is left out"
    found = model_backward(AL, Y, caches)
    return {k: v for k, v in found.items() if k not in ("dW1", "db1") or len(caches) == 1}


def update_parameters_1(parameters, gradients, learning_rate):
    "the step is added"
    return {k: v + learning_rate * gradients["d" + k] for k, v in parameters.items()}


def update_parameters_2(parameters, gradients, learning_rate):
    "the parameters given are changed in place"
    for key in parameters:
        parameters[key] -= learning_rate * gradients["d" + key]
    return parameters


def update_parameters_3(parameters, gradients, learning_rate):
    "b is not updated"
    new = dict(parameters)
    for l in range(1, len(new) // 2 + 1):
        new[f"W{l}"] = new[f"W{l}"] - learning_rate * gradients[f"dW{l}"]
    return new


def numerical_gradient_1(cost, theta, epsilon):
    "the difference is one-sided, forward"
    base, found = cost(theta), []
    for i in range(len(theta)):
        moved = theta.copy()
        moved[i] += epsilon
        found.append((cost(moved) - base) / epsilon)
    return np.array(found)


def numerical_gradient_2(cost, theta, epsilon):
    "theta is changed and not restored"
    found = np.empty_like(theta)
    for i in range(len(theta)):
        theta[i] += epsilon
        up = cost(theta)
        theta[i] -= 2 * epsilon
        found[i] = (up - cost(theta)) / (2 * epsilon)
    return found


def relative_difference_1(gradient, numerical):
    "the norms are missing"
    return np.abs(gradient - numerical) / (np.abs(gradient) + np.abs(numerical))


def fit_1(X, Y, layer_dims, learning_rate, iterations, seed):
    "the result of the update is not kept"
    theta, costs = initialize_he(layer_dims, np.random.RandomState(seed)), []
    for _ in range(iterations):
        AL, caches = model_forward(X, theta)
        costs.append(compute_cost(AL, Y))
        update_parameters(theta, model_backward(AL, Y, caches), learning_rate)
    return theta, costs


def predict_1(X, parameters):
    "0.5 counts as 1"
    return (model_forward(X, parameters)[0] >= 0.5) * 1


def accuracy_1(P, Y):
    "the number of right predictions is returned"
    return np.count_nonzero(P == Y)


def first_wrong_1(P, Y):
    "the answer is 0 where all are right"
    return np.argmax(P != Y)


def mini_batches_1(X, Y, batch_size, rng):
    "the last, smaller batch is dropped"
    order = rng.permutation(X.shape[1])
    parts = [order[i * batch_size : (i + 1) * batch_size] for i in range(X.shape[1] // batch_size)]
    return [(X[:, part], Y[:, part]) for part in parts]


def mini_batches_2(X, Y, batch_size, rng):
    "different permutations"
    X, Y = X[:, rng.permutation(X.shape[1])], Y[:, rng.permutation(X.shape[1])]
    starts = range(0, X.shape[1], batch_size)
    return [(X[:, i : i + batch_size], Y[:, i : i + batch_size]) for i in starts]


def adam_update_1(theta, gradient, v, s, t, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    "the bias correction is missing"
    v = v + (1 - beta1) * (gradient - v)
    s = s + (1 - beta2) * (gradient**2 - s)
    return theta - learning_rate * v / (epsilon + s**0.5), v, s


def l2_cost_1(parameters, l2, m):
    "the biases are counted too"
    return l2 / (2 * m) * sum((value**2).sum() for value in parameters.values())


def dropout_forward_1(A, keep_prob, rng):
    "the kept activations are not rescaled"
    D = (rng.rand(*A.shape) < keep_prob).astype(int)
    return A * D, D


def standardize_1(train, test):
    "the test table is standardized by its own mean and deviation"
    scaled = []
    for table in (train, test):
        deviation = table.std(axis=0)
        deviation[deviation == 0] = 1
        scaled.append((table - table.mean(axis=0)) / deviation)
    return scaled


def standardize_2(train, test):
    "a constant column is divided by 0"
    return (train - train.mean(0)) / train.std(0), (test - train.mean(0)) / train.std(0)


def one_hot_1(labels, n_classes):
    "the array is transposed"
    return np.eye(n_classes)[labels]


def one_hot_2(labels, n_classes):
    "the number of classes is taken from the labels"
    return (np.arange(max(labels) + 1)[:, None] == labels).astype(float)
