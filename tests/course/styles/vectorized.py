"""Right solutions in short NumPy expressions, other ones than the course's own."""

import numpy as np
from scipy.special import expit

from deepstep.equations import initialize_parameters


def neuron_forward(w, b, X):
    return expit(np.einsum("nk,nm->km", w, X) + b)


def neuron_gradients(w, b, X, Y):
    error = expit(np.dot(w.T, X) + b) - Y
    return (X * error).mean(axis=1, keepdims=True), error.mean()


def parameter_shapes(layer_dims):
    pairs = list(zip(layer_dims[1:], layer_dims, strict=False))
    weights = {f"W{l}": np.array([n, p]) for l, (n, p) in enumerate(pairs, 1)}
    return weights | {f"b{l}": [n, 1] for l, (n, _) in enumerate(pairs, 1)}


def flatten_images(images):
    return np.stack([image.ravel() for image in images], axis=-1) / 255.0


def initialize_two_layer(n_x, n_h, n_y, rng):
    draws = rng.normal(0, 0.01, n_h * n_x + n_y * n_h)
    W1, W2 = draws[: n_h * n_x].reshape(n_h, n_x), draws[n_h * n_x :].reshape(n_y, n_h)
    return dict(b2=np.zeros((n_y, 1)), W2=W2, b1=np.zeros((n_h, 1)), W1=W1)


def initialize_deep(layer_dims, rng):
    return initialize_parameters(layer_dims, method="small", rng=rng)


def initialize_he(layer_dims, rng):
    return {
        f"{kind}{l}": rng.randn(n, p) / np.sqrt(p / 2) if kind == "W" else np.zeros((n, 1))
        for l, (p, n) in enumerate(zip(layer_dims[:-1], layer_dims[1:], strict=True), 1)
        for kind in "Wb"
    }


def sigmoid(Z):
    return 0.5 * (1 + np.tanh(Z / 2))


def relu(Z):
    return Z.clip(min=0)


def linear_forward(A_prev, W, b):
    return np.add(np.matmul(W, A_prev), b), [A_prev, W, b]


def linear_activation_forward(A_prev, W, b, activation):
    Z = np.dot(W, A_prev) + b
    match activation:
        case "sigmoid":
            return expit(Z), ((A_prev, W, b), Z)
        case "relu":
            return Z * (Z > 0), ((A_prev, W, b), Z)
    raise ValueError("unknown")


def model_forward(X, parameters):
    caches, A, L = [], X, len(parameters) // 2
    for l in range(L):
        W, b = parameters[f"W{l + 1}"], parameters[f"b{l + 1}"]
        Z = W @ A + b
        caches.append(((A, W, b), Z))
        A = expit(Z) if l == L - 1 else np.maximum(Z, 0)
    return A, tuple(caches)


def compute_cost(AL, Y):
    cost = -(np.dot(Y, np.log(AL).T) + np.dot(1 - Y, np.log(1 - AL).T)) / Y.shape[1]
    return np.squeeze(cost)


def cost_from_logits(ZL, Y):
    return np.mean(np.logaddexp(0, ZL) - Y * ZL)


def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def sigmoid_backward(dA, Z):
    s = 1 / (1 + np.exp(-Z))
    return dA * s - dA * s**2


def linear_backward(dZ, cache):
    A_prev, W, _ = cache
    return np.dot(W.T, dZ), np.einsum("im,jm->ij", dZ, A_prev) / dZ.shape[1], dZ.mean(1, keepdims=True)


def linear_activation_backward(dA, cache, activation):
    linear, Z = cache
    if activation not in ("relu", "sigmoid"):
        raise ValueError("activation")
    slope = (Z > 0) * 1.0 if activation == "relu" else expit(Z) * expit(-Z)
    return linear_backward(dA * slope, linear)


def model_backward(AL, Y, caches):
    gradients, dZ, m = {}, AL - Y, AL.shape[1]
    for l in reversed(range(len(caches))):
        (A, W, _), _ = caches[l]
        gradients |= {f"dW{l + 1}": dZ @ A.T / m, f"db{l + 1}": dZ.mean(axis=1, keepdims=True)}
        if l > 0:
            dZ = (W.T @ dZ) * (caches[l - 1][1] > 0)
    return gradients


def update_parameters(parameters, gradients, learning_rate):
    return {name: theta - learning_rate * gradients["d" + name] for name, theta in parameters.items()}


def numerical_gradient(cost, theta, epsilon):
    steps = epsilon * np.eye(theta.size)
    return np.array([cost(theta + step) - cost(theta - step) for step in steps]) / epsilon / 2


def relative_difference(gradient, numerical):
    d = gradient - numerical
    return np.sqrt(d @ d) / (np.sqrt(gradient @ gradient) + np.sqrt(numerical @ numerical))


def fit(X, Y, layer_dims, learning_rate, iterations, seed):
    theta = initialize_parameters(layer_dims, rng=np.random.RandomState(seed))
    costs = np.zeros(iterations)
    for step in range(iterations):
        AL, caches = model_forward(X, theta)
        costs[step] = compute_cost(AL, Y)
        theta = update_parameters(theta, model_backward(AL, Y, caches), learning_rate)
    return theta, costs


def predict(X, parameters):
    return model_forward(X, parameters)[0] > 0.5


def accuracy(P, Y):
    return 1 - np.abs(P - Y).mean()


def first_wrong(P, Y):
    wrong = (P != Y)[0]
    return np.argmax(wrong) if wrong.any() else -1


def two_layer_model(X, Y, layer_dims, learning_rate, iterations, rng):
    theta = initialize_parameters(layer_dims, method="small", rng=rng).to_dict()
    return _trained(X, Y, theta, learning_rate, iterations)


def L_layer_model(X, Y, layer_dims, learning_rate, iterations, rng):
    theta = initialize_parameters(layer_dims, method="lecun", rng=rng).to_dict()
    return _trained(X, Y, theta, learning_rate, iterations)


def _trained(X, Y, theta, learning_rate, iterations):
    costs = np.zeros(iterations)
    for step in range(iterations):
        AL, caches = model_forward(X, theta)
        costs[step] = compute_cost(AL, Y)
        theta = update_parameters(theta, model_backward(AL, Y, caches), learning_rate)
    return theta, costs, np.mean(predict(X, theta) == Y)


def mini_batches(X, Y, batch_size, rng):
    order = rng.permutation(X.shape[1])
    cuts = np.arange(batch_size, X.shape[1], batch_size)
    parts = (np.split(array[:, order], cuts, axis=1) for array in (X, Y))
    return list(zip(*parts, strict=True))


def adam_update(theta, gradient, v, s, t, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    v, s = beta1 * v + (1 - beta1) * gradient, beta2 * s + (1 - beta2) * np.square(gradient)
    rate = learning_rate / (1 - np.power(beta1, t))
    return theta - rate * v / (np.sqrt(s) / np.sqrt(1 - beta2**t) + epsilon), v, s


def l2_cost(parameters, l2, m):
    return l2 / 2 / m * sum(np.vdot(value, value) for name, value in parameters.items() if "W" in name)


def dropout_forward(A, keep_prob, rng):
    mask = np.where(rng.random_sample(A.shape) < keep_prob, 1 / keep_prob, 0)
    return np.multiply(A, mask), mask


def standardize(train, test):
    mean, deviation = train.mean(0), train.std(0)
    deviation[deviation < 1e-12] = 1
    return tuple((table - mean) / deviation for table in (train, test))


def one_hot(labels, n_classes):
    return np.eye(n_classes)[:, labels]
