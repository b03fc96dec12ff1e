"""Wrong solutions, written without the grader's table, with the texts of their grade.

Texts are separated by |; one that begins with "not: " must not be there.
"""

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


def _layers(X, parameters):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        name = "relu" if l < L else "sigmoid"
        X, cache = linear_activation_forward(X, parameters[f"W{l}"], parameters[f"b{l}"], name)
        yield X, cache


EXPRESSIONS = {
    "neuron_forward": {
        "the sign of the exponent is wrong": lambda w, b, X: 1 / (1 + np.exp(np.dot(w.T, X) + b)),
        "the array lost its first axis": lambda w, b, X: np.array(
            [1 / (1 + math.exp(-(w[:, 0] @ x + b))) for x in X.T]
        ),
    },
    "sigmoid": {
        "the parentheses of the denominator are missing": lambda Z: 1 / 1 + np.exp(-Z),
        "A function of math takes one number": lambda Z: 1 / (1 + math.exp(-Z)),
    },
    "relu": {
        "np.max is taken over": lambda Z: np.max(Z, 0),
        "np.max gives one number": lambda Z: Z.max(),
        "if takes one truth value": lambda Z: Z if Z > 0 else 0,
        "A is wrong in entries that must be 0 alone.": lambda Z: np.where(Z > 0, Z, 0.2 * Z),
        "It is right with matrices alone": lambda Z: np.array([[max(0, z) for z in row] for row in Z]),
        "Python's max, or an if": lambda Z: max(0, Z),
    },
    "linear_forward": {
        "the cache is missing": lambda A_prev, W, b: W @ A_prev + b,
        "the cache is a dictionary": lambda A_prev, W, b: (
            W @ A_prev + b,
            {"A_prev": A_prev, "W": W, "b": b},
        ),
        "is one transposed": lambda A_prev, W, b: (W @ A_prev + b.T, (A_prev, W, b)),
        "was an axis lost?|not: transposed": lambda A_prev, W, b: (
            W @ A_prev + np.squeeze(b),
            (A_prev, W, b),
        ),
    },
    "cost_from_logits": {
        "J is 5.259132, expected 200.078315 with ZL =|not: factor|not: everywhere": lambda ZL, Y: (
            -np.mean(Y * np.log(sigmoid(ZL) + 1e-9) + (1 - Y) * np.log(1 - sigmoid(ZL) + 1e-9))
        ),
        "e^Z overflows for large Z": lambda ZL, Y: (np.log(1 + np.exp(ZL)) - Y * ZL).mean(),
    },
    "flatten_images": {
        "reshaped in Fortran order|X has the right numbers in another order.|not: factor": lambda images: (
            images.reshape(len(images), -1, order="F").T / 255
        ),
    },
    "compute_cost": {
        "broadcasts to (m, m)": lambda AL, Y: (
            -(Y.T * np.log(AL) + (1 - Y.T) * np.log(1 - AL)).sum() / AL.size
        ),
        "Y.shape[0] and len(Y) are 1|not: differs from array to array": lambda AL, Y: (
            -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / len(Y)
        ),
        "the sign is wrong|the logarithm has base 2": lambda AL, Y: (
            Y * np.log2(AL) + (1 - Y) * np.log2(1 - AL)
        ).mean(),
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
        "updated is 2 results, expected a dictionary.": lambda parameters, gradients, learning_rate: [
            parameters[k] - learning_rate * gradients["d" + k] for k in parameters
        ],
    },
    "predict": {
        "A tuple stands where an array": lambda X, parameters: (model_forward(X, parameters) > 0.5) * 1,
        "P is a list of texts": lambda X, parameters: [
            "1" if p > 0.5 else "0" for p in model_forward(X, parameters)[0][0]
        ],
        "the threshold is not 0.5, but about 0.6|not: Z[L]": lambda X, parameters: (
            (model_forward(X, parameters)[0] > 0.6) * 1
        ),
        "P is an array of texts, not of numbers, expected an array of shape (1, 3).": lambda X, parameters: (
            np.where(model_forward(X, parameters)[0] > 0.5, "cat", "non-cat")
        ),
    },
    "accuracy": {
        "the result is in percent, rounded to one decimal": lambda P, Y: round(100 * np.mean(P == Y), 1),
    },
    "sigmoid_backward": {
        "NameError": lambda dA, Z: dA * sigmoid(z) * (1 - sigmoid(z)),  # noqa: F821
        "NaN for large Z": lambda dA, Z: dA * np.exp(Z) / (1 + np.exp(Z)) ** 2,
    },
    "relative_difference": {
        "the result is True or False, expected a number.": lambda gradient, numerical: (
            np.linalg.norm(gradient - numerical) < 1e-7 * np.linalg.norm(gradient + numerical)
        ),
    },
    "linear_backward": {
        "db is summed over the units|1/m is missing in dW": lambda dZ, cache: (
            cache[1].T @ dZ,
            dZ @ cache[0].T,
            dZ.sum(axis=0, keepdims=True) / dZ.shape[1],
        ),
    },
    "initialize_two_layer": {
        "b is the number 0|W is right.|not: sum, mean or maximum|not: sum of|not: global": (
            lambda n_x, n_h, n_y, rng: {
                "W1": rng.randn(n_h, n_x) * 0.01,
                "b1": 0,
                "W2": rng.randn(n_y, n_h) * 0.01,
                "b2": 0,
            }
        ),
        "the factor 0.01 is missing in W2|it is 100 times the expected one|not: percent": (
            lambda n_x, n_h, n_y, rng: {
                "W1": rng.randn(n_h, n_x) * 0.01,
                "b1": np.zeros((n_h, 1)),
                "W2": rng.randn(n_y, n_h),
                "b2": np.zeros((n_y, 1)),
            }
        ),
    },
    "standardize": {
        "a constant column is divided by 1e-8|expected [[": lambda train, test: tuple(
            (table - train.mean(axis=0)) / (train.std(axis=0) + 1e-8) for table in (train, test)
        ),
    },
    "l2_cost": {
        "expected 0.25 in the example of the task|not: alone": lambda parameters, l2, m: (
            l2 / 2 * m * sum(np.sum(parameters[f"W{l}"] ** 2) for l in range(1, len(parameters) // 2 + 1))
        ),
        "the result is|not: 1 layer alone": lambda parameters, l2, m: (
            l2 / (2 * m) * sum(np.linalg.norm(v, 2) ** 2 for k, v in parameters.items() if k[0] == "W")
        ),
        "not: 1 layer alone|the result is": lambda parameters, l2, m: (
            l2 / (2 * m) * sum(np.sum(v @ v.T) for k, v in parameters.items() if k[0] == "W")
        ),
    },
}


def parameter_shapes_2(layer_dims):
    "The result has w1, w2, which it should not have."
    s = {}
    for l in range(1, len(layer_dims)):
        s[f"w{l}"] = (layer_dims[l], layer_dims[l - 1])
        s[f"b{l}"] = (layer_dims[l], 1)
    return s


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
    Z, cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid":
        return sigmoid(Z), (cache, Z)
    if activation == "relu":
        return relu(Z), (cache, Z)
    raise Exception("unknown")


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


def initialize_two_layer_5(n_x, n_h, n_y, rng):
    "Nothing was drawn from rng|not: global"
    rng = np.random.RandomState(1)
    W1, W2 = rng.randn(n_h, n_x) * 0.01, rng.randn(n_y, n_h) * 0.01
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}


def parameter_shapes_3(layer_dims):
    "arrays stand in the place of the shapes|expected the shape alone|not: axis"
    sizes = list(enumerate(zip(layer_dims[1:], layer_dims, strict=False), 1))
    return {f"W{l}": np.zeros(size) for l, size in sizes} | {f"b{l}": np.zeros((n, 1)) for l, (n, _) in sizes}


def linear_activation_forward_7(A_prev, W, b, activation):
    "sigmoid is used for every name, also for unknown ones|not: relu|not: alone"
    Z, cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid" or "Sigmoid":  # noqa: SIM222
        return sigmoid(Z), (cache, Z)
    if activation == "relu":
        return relu(Z), (cache, Z)
    raise ValueError("unknown activation")


def _backward(dZ, caches):
    gradients, L = {}, len(caches)
    dA, gradients[f"dW{L}"], gradients[f"db{L}"] = linear_backward(dZ, caches[-1][0])
    for l in range(L - 1, 0, -1):
        dA, dW, db = linear_activation_backward(dA, caches[l - 1], "relu")
        gradients |= {f"dW{l}": dW, f"db{l}": db}
    return gradients


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
    "the parameters are those before the last update|costs is right.|not: too few"
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
    "the parameters of the lowest cost are returned, not the last|costs, right are right.|not: too few"
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


def mini_batches_4(X, Y, batch_size, rng):
    "two lists are returned, of X and of Y, not one of pairs"
    order = rng.permutation(X.shape[1])
    parts = [order[k : k + batch_size] for k in range(0, len(order), batch_size)]
    return [X[:, part] for part in parts], [Y[:, part] for part in parts]


def parameter_shapes_5(layer_dims):
    "b is a tuple of 1, expected a tuple of 2.|b1 is (2,), expected (2, 1) in the example of the task."
    sizes = enumerate(zip(layer_dims[1:], layer_dims, strict=False), 1)
    return {key: shape for l, (n, p) in sizes for key, shape in ((f"W{l}", (n, p)), (f"b{l}", (n,)))}


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


def model_forward_2(X, parameters):
    "has the activations in place of the caches|caches is an array of shape (2, 3), expected a list of 2."
    *activations, AL = [A for A, _ in _layers(X, parameters)]
    return AL, [*activations, activations[-1] if activations else X]


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


def linear_forward_5(W, A_prev, b):
    "another order than in linear_forward(A_prev, W, b): A_prev and W are exchanged.|not: Mistake|not: core"
    return W @ A_prev + b, (A_prev, W, b)


def mini_batches_3(X, Y, batch_size, rng):
    "batch_size is taken for the number of batches|batches is a list of 2, expected a list of 3."
    return [(X[:, part], Y[:, part]) for part in np.array_split(rng.permutation(X.shape[1]), batch_size)]


def model_forward_0(X, parameters):
    "the cache of the last layer alone is returned|caches is a list of 2, expected a list of 1."
    return list(_layers(X, parameters))[-1]
