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
    sigmoid,
    update_parameters,
)


def neuron_forward_1(w, b, X):
    "the sign of the exponent is wrong"
    return 1 / (1 + np.exp(np.dot(w.T, X) + b))


def sigmoid_2(Z):
    "the parentheses of the denominator are missing"
    return 1 / 1 + np.exp(-Z)


def relu_1(Z):
    "np.max is taken over"
    return np.max(Z, 0)


def relu_2(Z):
    "np.max gives one number"
    return Z.max()


def linear_forward_1(A_prev, W, b):
    "the cache is missing"
    return W @ A_prev + b


def linear_forward_3(A_prev, W, b):
    "the cache is a dictionary"
    return W @ A_prev + b, {"A_prev": A_prev, "W": W, "b": b}


def cost_from_logits_2(ZL, Y):
    "e^Z overflows for large Z"
    return (np.log(1 + np.exp(ZL)) - Y * ZL).mean()


def neuron_forward_2(w, b, X):
    "the array lost its first axis"
    return np.array([1 / (1 + math.exp(-(w[:, 0] @ x + b))) for x in X.T])


def parameter_shapes_2(layer_dims):
    "The result has w1, w2, which it should not have."
    s = {}
    for l in range(1, len(layer_dims)):
        s[f"w{l}"] = (layer_dims[l], layer_dims[l - 1])
        s[f"b{l}"] = (layer_dims[l], 1)
    return s


def flatten_images_2(images):
    "X has the right numbers in another order."
    return images.reshape(images.shape[0], -1, order="F").T / 255


def initialize_two_layer_2(n_x, n_h, n_y, rng):
    "The global random generator was used or seeded"
    np.random.seed(7)
    W1, W2 = np.random.randn(n_h, n_x) * 0.01, np.random.randn(n_y, n_h) * 0.01
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}


def initialize_deep_2(layer_dims, rng):
    "W has a wrong factor: it is 63.25 times the expected one, elsewhere 70.71 times."
    p = {}
    for l in range(1, len(layer_dims)):
        p[f"W{l}"] = rng.randn(layer_dims[l], layer_dims[l - 1]) * np.sqrt(2 / layer_dims[l - 1])
        p[f"b{l}"] = np.zeros((layer_dims[l], 1))
    return p


def initialize_deep_3(layer_dims, rng):
    "parameters is None (does every path end in return?)"
    p = {}
    for l in range(1, len(layer_dims)):
        p[f"W{l}"] = rng.randn(layer_dims[l], layer_dims[l - 1]) * 0.01
        p[f"b{l}"] = np.zeros((layer_dims[l], 1))


def sigmoid_3(Z):
    "A function of math takes one number"
    return 1 / (1 + math.exp(-Z))


def relu_3(Z):
    "if takes one truth value"
    return Z if Z > 0 else 0


def relu_4(Z):
    "A is wrong in entries that must be 0 alone."
    return np.where(Z > 0, Z, 0.2 * Z)


def linear_forward_2(A_prev, W, b):
    "is one transposed"
    return W @ A_prev + b.T, (A_prev, W, b)


def compute_cost_4(AL, Y):
    "broadcasts to (m, m)"
    y = Y.reshape(-1, 1)
    return -(y * np.log(AL) + (1 - y) * np.log(1 - AL)).sum() / AL.size


def compute_cost_5(AL, Y):
    "the sign is wrong|the logarithm has base 2"
    return (Y * np.log2(AL) + (1 - Y) * np.log2(1 - AL)).mean()


def relu_backward_2(dA, Z):
    "The results are those with dA and Z exchanged."
    return np.where(dA > 0, Z, 0)


def sigmoid_backward_1(dA, Z):
    "NameError"
    s = 1 / (1 + np.exp(-z))  # noqa: F821
    return dA * s * (1 - s)


def linear_backward_6(dZ, cache):
    "db is summed over the units|1/m is missing in dW"
    A_prev, W, b = cache
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=0, keepdims=True) / dZ.shape[1]


def linear_activation_backward_2(dA, cache, activation):
    "The number of names differs"
    Z, (A_prev, W, b) = cache
    if activation == "relu":
        dZ = dA * (Z > 0)
    elif activation == "sigmoid":
        dZ = dA * sigmoid(Z) * (1 - sigmoid(Z))
    else:
        raise ValueError
    m = dA.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m


def update_parameters_2(parameters, gradients, learning_rate):
    "updated is 2 results, expected a dictionary."
    return [parameters[k] - learning_rate * gradients["d" + k] for k in parameters]


def update_parameters_3(parameters, gradients, learning_rate):
    "W is wrong in the layers after the first alone."
    new = {k: v.copy() for k, v in parameters.items()}
    for k in ("W1", "b1"):
        new[k] = parameters[k] - learning_rate * gradients["d" + k]
    return new


def numerical_gradient_1(cost, theta, epsilon):
    "θ is not copied"
    g = np.zeros_like(theta)
    for i in range(theta.size):
        p = theta
        p[i] += epsilon
        q = theta
        q[i] -= epsilon
        g[i] = (cost(p) - cost(q)) / (2 * epsilon)
    return g


def predict_1(X, parameters):
    "A tuple stands where an array"
    AL = model_forward(X, parameters)
    return (AL > 0.5).astype(int)


def predict_2(X, parameters):
    "P is a list of texts"
    return ["1" if p > 0.5 else "0" for p in model_forward(X, parameters)[0][0]]


# Accepted by an earlier grader: constant cases, last elements, extremes, other shapes, names with two digits.


def standardize_2(train, test):
    "a constant column is divided by 1e-8|expected [["
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-8
    return (train - mean) / deviation, (test - mean) / deviation


def first_wrong_4(P, Y):
    "the result is -1, expected 0 with P = [[0]], Y = [[1]]."
    wrong = np.flatnonzero(P != Y)
    return wrong[0] if wrong.any() else -1


def sigmoid_backward_2(dA, Z):
    "NaN for large Z"
    s = np.exp(Z) / (1 + np.exp(Z))
    return dA * s * (1 - s)


def relu_5(Z):
    "It is right with matrices alone"
    return np.array([[max(0, z) for z in row] for row in Z])


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


# Mistakes that a table names, or a number locates.


def linear_activation_forward_5(A_prev, W, b, activation):
    "ValueError is expected with activation = 'rellu', got Exception."
    Z, cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid":
        return sigmoid(Z), (cache, Z)
    if activation == "relu":
        return relu(Z), (cache, Z)
    raise Exception("unknown")


def relu_7(Z):
    "Python's max, or an if"
    return max(0, Z)


def model_forward_7(X, parameters):
    "two layers are written out|It is right with 2 layers alone."
    A1, cache1 = linear_activation_forward(X, parameters["W1"], parameters["b1"], "relu")
    A2, cache2 = linear_activation_forward(A1, parameters["W2"], parameters["b2"], "sigmoid")
    return A2, [cache1, cache2]


def model_forward_8(X, parameters, caches=[]):  # noqa: B006
    "the caches of an earlier call stay|as with caches=[] in the line of def"
    L = len(parameters) // 2
    for l in range(1, L + 1):
        X, cache = linear_activation_forward(
            X, parameters[f"W{l}"], parameters[f"b{l}"], "relu" if l < L else "sigmoid"
        )
        caches.append(cache)
    return X, caches


def accuracy_1(P, Y):
    "the result is in percent, rounded to one decimal"
    return round(100 * np.mean(P == Y), 1)


def compute_cost_6(AL, Y):
    "J is rounded to 4 decimals: give the number as it is.|J is 0.2798, expected 0.279777"
    return np.round(-np.mean(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)), 4)


# Named wrongly by an earlier grader: what must not be said stands in NEVER.


def initialize_two_layer_4(n_x, n_h, n_y, rng):
    "b is the number 0|W is right."
    W1 = rng.randn(n_h, n_x) * 0.01
    return {"W1": W1, "b1": 0, "W2": rng.randn(n_y, n_h) * 0.01, "b2": 0}


def initialize_two_layer_5(n_x, n_h, n_y, rng):
    "Nothing was drawn from rng"
    rng = np.random.RandomState(1)
    W1, W2 = rng.randn(n_h, n_x) * 0.01, rng.randn(n_y, n_h) * 0.01
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}


def relu_backward_3(dA, Z):
    "the product is one of matrices|The product entry by entry is *."
    return np.dot(dA, Z > 0)


def parameter_shapes_3(layer_dims):
    "arrays stand in the place of the shapes|expected the shape alone"
    sizes = list(enumerate(zip(layer_dims[1:], layer_dims, strict=False), 1))
    return {f"W{l}": np.zeros(size) for l, size in sizes} | {f"b{l}": np.zeros((n, 1)) for l, (n, _) in sizes}


def flatten_images_3(images):
    "reshaped in Fortran order"
    return images.reshape(len(images), -1, order="F").T / 255


def compute_cost_8(AL, Y):
    "Y.shape[0] and len(Y) are 1"
    m = Y.shape[0]
    return -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m


def cost_from_logits_3(ZL, Y):
    "J is 5.259132, expected 200.078315 with ZL ="
    A = sigmoid(ZL)
    return -np.mean(Y * np.log(A + 1e-9) + (1 - Y) * np.log(1 - A + 1e-9))


def linear_activation_forward_7(A_prev, W, b, activation):
    "sigmoid is used for every name, also for unknown ones"
    Z, cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid" or "Sigmoid":  # noqa: SIM222
        return sigmoid(Z), (cache, Z)
    if activation == "relu":
        return relu(Z), (cache, Z)
    raise ValueError("unknown activation")


def linear_forward_4(A_prev, W, b):
    "was an axis lost?"
    return W @ A_prev + np.squeeze(b), (A_prev, W, b)


def l2_cost_2(parameters, l2, m):
    "expected 0.25 in the example of the task"
    return l2 / 2 * m * sum(np.sum(parameters[f"W{l}"] ** 2) for l in range(1, len(parameters) // 2 + 1))


# Accepted, misnamed or left vague by an earlier grader.


def compute_cost_9(AL, Y):
    "J has shape (1, 1), a number is expected: .item() gives it."
    return -(np.log(AL) @ Y.T + np.log(1 - AL) @ (1 - Y).T) / Y.shape[1]


def _backward(dZ, caches):
    gradients, L = {}, len(caches)
    dA, gradients[f"dW{L}"], gradients[f"db{L}"] = linear_backward(dZ, caches[-1][0])
    for l in range(L - 1, 0, -1):
        dA, dW, db = linear_activation_backward(dA, caches[l - 1], "relu")
        gradients |= {f"dW{l}": dW, f"db{l}": db}
    return gradients


def linear_forward_5(W, A_prev, b):
    "another order than in linear_forward(A_prev, W, b): A_prev and W are exchanged."
    return W @ A_prev + b, (A_prev, W, b)


def _trained(X, Y, parameters, learning_rate, iterations, ends=lambda costs: False):
    costs = []
    for _ in range(iterations):
        AL, caches = model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        if ends(costs):
            break
        parameters = update_parameters(parameters, model_backward(AL, Y, caches), learning_rate)
    return parameters, costs


def fit_7(X, Y, layer_dims, learning_rate, iterations, seed):
    "costs is a list of 5, expected a list of 12."
    parameters = initialize_he(layer_dims, np.random.RandomState(seed))
    ends = lambda costs: len(costs) > 4 and abs(costs[-1] - costs[-2]) < 1e-4  # noqa: E731
    return _trained(X, Y, parameters, learning_rate, iterations, ends)


def fit_8(X, Y, layer_dims, learning_rate, iterations, seed):
    "the parameters are those before the last update|costs is right."
    parameters, costs = initialize_he(layer_dims, np.random.RandomState(seed)), []
    for i in range(iterations):
        AL, caches = model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        if i < iterations - 1:
            parameters = update_parameters(parameters, model_backward(AL, Y, caches), learning_rate)
    return parameters, costs


def _first_parameters(layer_dims, rng):
    parameters = {}
    for l, (before, n) in enumerate(zip(layer_dims, layer_dims[1:], strict=False), 1):
        parameters |= {f"W{l}": rng.randn(n, before) / np.sqrt(before), f"b{l}": np.zeros((n, 1))}
    return parameters


def _right(X, Y, parameters):
    return np.mean((model_forward(X, parameters)[0] > 0.5) == Y)


def L_layer_model_6(X, Y, layer_dims, learning_rate, iterations, rng):
    "the parameters of the lowest cost are returned, not the last|costs, right are right."
    p, costs = best, _ = _first_parameters(layer_dims, rng), []
    for _ in range(iterations):
        AL, caches = model_forward(X, p)
        costs.append(compute_cost(AL, Y))
        best = p if costs[-1] == min(costs) else best
        p = update_parameters(p, model_backward(AL, Y, caches), learning_rate)
    return best, costs, _right(X, Y, p)


def mini_batches_2(X, Y, batch_size, rng):
    "batches is an iterator of 3, as yield makes it (return the list), expected a list of 3."
    order = rng.permutation(X.shape[1])
    for k in range(0, len(order), batch_size):
        yield X[:, order[k : k + batch_size]], Y[:, order[k : k + batch_size]]


def mini_batches_3(X, Y, batch_size, rng):
    "batch_size is taken for the number of batches|batches is a list of 2, expected a list of 3."
    return [(X[:, part], Y[:, part]) for part in np.array_split(rng.permutation(X.shape[1]), batch_size)]


def mini_batches_4(X, Y, batch_size, rng):
    "two lists are returned, of X and of Y, not one of pairs"
    order = rng.permutation(X.shape[1])
    parts = [order[k : k + batch_size] for k in range(0, len(order), batch_size)]
    return [X[:, part] for part in parts], [Y[:, part] for part in parts]


def predict_3(X, parameters):
    "the threshold is not 0.5, but about 0.6"
    return (model_forward(X, parameters)[0] > 0.6) * 1


def predict_4(X, parameters):
    "P is an array of texts, not of numbers, expected an array of shape (1, 3)."
    return np.where(model_forward(X, parameters)[0] > 0.5, "cat", "non-cat")


def initialize_two_layer_1(n_x, n_h, n_y, rng):
    "the factor 0.01 is missing in W2|it is 100 times the expected one"
    W1, W2 = rng.randn(n_h, n_x) * 0.01, rng.randn(n_y, n_h)
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}


def l2_cost_3(parameters, l2, m):
    "the result is"
    return l2 / (2 * m) * sum(np.linalg.norm(v, 2) ** 2 for k, v in parameters.items() if k[0] == "W")


def l2_cost_4(parameters, l2, m):
    "the result is"
    return l2 / (2 * m) * sum(np.sum(v @ v.T) for k, v in parameters.items() if k[0] == "W")


def parameter_shapes_5(layer_dims):
    "b is a tuple of 1, expected a tuple of 2.|b1 is (2,), expected (2, 1) in the example of the task."
    sizes = enumerate(zip(layer_dims[1:], layer_dims, strict=False), 1)
    return {key: shape for l, (n, p) in sizes for key, shape in ((f"W{l}", (n, p)), (f"b{l}", (n,)))}


def update_parameters_4(parameters, gradients, learning_rate):
    "parameters was changed in place: make a new dictionary.|Begin with a new dictionary"
    for key in parameters:
        parameters[key] = parameters[key] - learning_rate * gradients["d" + key]
    return parameters


velocity = {}


def update_parameters_5(parameters, gradients, learning_rate):
    "The same call gives another result the second time"
    updated = {}
    for key in parameters:
        velocity[key] = 0.9 * velocity.get(key, 0) + gradients["d" + key]
        updated[key] = parameters[key] - learning_rate * velocity[key]
    return updated


def _layers(X, parameters):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        name = "relu" if l < L else "sigmoid"
        X, cache = linear_activation_forward(X, parameters[f"W{l}"], parameters[f"b{l}"], name)
        yield X, cache


def model_forward_2(X, parameters):
    "has the activations in place of the caches|caches is an array of shape (2, 3), expected a list of 2."
    *activations, AL = [A for A, _ in _layers(X, parameters)]
    return AL, [*activations, activations[-1] if activations else X]


def model_forward_0(X, parameters):
    "the cache of the last layer alone is returned|caches is a list of 2, expected a list of 1."
    return list(_layers(X, parameters))[-1]


def relative_difference_3(gradient, numerical):
    "the result is True or False, expected a number."
    size = np.linalg.norm(gradient) + np.linalg.norm(numerical)
    return np.linalg.norm(gradient - numerical) / size < 1e-7


def parameter_shapes_1(layer_dims):
    "The result has no W2, b2."
    s = {}
    for l in range(len(layer_dims) - 1):
        s[f"W{l}"] = (layer_dims[l + 1], layer_dims[l])
        s[f"b{l}"] = (layer_dims[l + 1], 1)
    return s


def linear_activation_forward_1(A_prev, W, b, activation):
    "It is wrong with activation 'relu' alone."
    if activation == "sigmoid":
        Z = W @ A_prev + b
        return 1 / (1 + np.exp(-Z)), ((A_prev, W, b), Z)
    if activation == "relu":
        Z = W @ A_prev
        return np.maximum(Z, 0), ((A_prev, W, b), Z)
    raise ValueError(activation)


def model_forward_1(X, parameters):
    "each hidden layer gets X|The shapes of a product must fit"
    caches = []
    L = len(parameters) // 2
    for l in range(1, L):
        A, c = linear_activation_forward(X, parameters[f"W{l}"], parameters[f"b{l}"], "relu")
        caches.append(c)
    A, c = linear_activation_forward(A, parameters[f"W{L}"], parameters[f"b{L}"], "sigmoid")
    caches.append(c)
    return A, caches


def model_forward_3(X, parameters):
    "L counts W and b|Parameters are named W1"
    A, caches = X, []
    L = len(parameters)
    for l in range(1, L):
        A, c = linear_activation_forward(A, parameters[f"W{l}"], parameters[f"b{l}"], "relu")
        caches.append(c)
    A, c = linear_activation_forward(A, parameters[f"W{L}"], parameters[f"b{L}"], "sigmoid")
    caches.append(c)
    return A, caches


def model_forward_5(X, parameters):
    "The shapes of the two arrays do not fit"
    L = len(parameters) // 2
    A, caches = X, []
    for l in range(1, L + 1):
        A, cache = linear_activation_forward(
            A, parameters[f"W{l}"], parameters["b1"], "relu" if l < L else "sigmoid"
        )
        caches.append(cache)
    return A, caches


NEVER = {
    "fit_8": "too few",
    "L_layer_model_6": "too few",
    "predict_3": "Z[L]",
    "initialize_two_layer_1": "percent",
    "compute_cost_9": "matrices alone",
    "l2_cost_3": "1 layer alone",
    "l2_cost_4": "1 layer alone",
    "update_parameters_4": "-=",
    "update_parameters_5": "ValueError|shape",
    "linear_forward_5": "Mistake|core dimension",
    "linear_activation_forward_7": "relu|alone",
    "linear_forward_4": "transposed",
    "l2_cost_2": "alone",
    "initialize_two_layer_4": "sum, mean or maximum|sum of|global",
    "initialize_two_layer_5": "global",
    "relu_backward_3": "transposed",
    "parameter_shapes_3": "axis",
    "flatten_images_3": "factor",
    "compute_cost_8": "differs from array to array",
    "cost_from_logits_3": "factor|everywhere",
    "first_wrong_4": "everywhere",
}
