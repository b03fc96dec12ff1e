"""Exercises of chapters 1 to 6: shapes, initialization, the forward pass and the cost."""

import numpy as np

from deepstep.course.exercise import Draws, exercise, normal

LAYERS = ((3, 4, 5), (2, 3, 3), (1, 3, 2), (3, 3, 3), (1, 1, 1), (4, 2, 1), (2, 6, 7))
"""Shapes (n, n_prev, m) of the hidden cases; square ones hide transposes, which the others show."""

DEEP = (2, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1)
"""Sizes of a network with 11 layers: names such as W10 have two digits."""

NETWORKS = ((3, 4, 1), (2, 1), (4, 3, 2, 1), (3, 3, 3, 3), (2, 2, 2, 2, 1), (1, 1, 1), DEEP)
"""Sizes of the networks of the hidden cases."""

SHAPES = ((3, 4), (1, 5), (2, 2), (1, 1), (5,), (2, 3, 2))
"""Shapes of arrays, for functions of each entry."""

OTHER_NAMES = ("rellu", "tanh", "ReLU", "leaky_relu", "")
"""Names of activations that a layer refuses."""


def labels(rng, m):
    """Labels (1, m) of both classes, where there are two examples."""
    return np.array([rng.permutation(np.arange(m) % 2)], dtype=float)


def drawn_parameters(rng, layer_dims):
    """W1, b1, … of normal draws, none of them 0."""
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters[f"W{l}"] = rng.randn(layer_dims[l], layer_dims[l - 1])
        parameters[f"b{l}"] = rng.randn(layer_dims[l], 1)
    return parameters


def _neurons(rng):
    sizes = (3, 4), (3, 3), (1, 5), (2, 1), (1, 1), (4, 2)
    return [(rng.randn(n, 1), rng.randn(), rng.randn(n, m)) for n, m in sizes]


@exercise(cases=_neurons)
def neuron_forward(w, b, X):
    """The activations of one sigmoid neuron: A = σ(wᵀ·X + b).

    w (n, 1): the weights of n inputs; b: a number; X (n, m): m examples, one per column. Return A (1, m),
    with σ(z) = 1 / (1 + e^-z).

    >>> neuron_forward(np.array([[1.0], [2.0]]), 2.0, np.array([[1.0, -1.0], [3.0, -3.2]])).round(4)
    array([[0.9999, 0.0045]])
    """
    Z = w.T @ X + b
    A = 1 / (1 + np.exp(-Z))
    return A


@exercise(
    cases=lambda rng: [
        *((w, b, X, labels(rng, X.shape[1])) for w, b, X in _neurons(rng)),
        *((w, b, X, np.full((1, X.shape[1]), y)) for y, (w, b, X) in enumerate(_neurons(rng)[:2])),
    ],
)
def neuron_gradients(w, b, X, Y):
    """The derivatives of the cost of one neuron: dw = X·(A - Y)ᵀ / m and db = Σᵢ (a⁽ⁱ⁾ - y⁽ⁱ⁾) / m.

    w (n, 1), b (a number), X (n, m) as before; Y (1, m): labels 0 or 1. Return dw (n, 1) and db (a number).

    >>> X, Y = np.array([[1.0, 2.0, -1.0], [3.0, 4.0, -3.2]]), np.array([[1.0, 0.0, 1.0]])
    >>> neuron_gradients(np.array([[1.0], [2.0]]), 2.0, X, Y)[0]
    array([[0.99845601],
           [2.39507239]])
    """
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    dZ = A - Y
    dw = X @ dZ.T / m
    db = np.sum(dZ) / m
    return dw, db


@exercise(
    cases=lambda rng: [
        *((dims,) for dims in ([5, 4, 3], [2, 1], [4, 4, 4], [7, 1, 3, 2, 1], list(DEEP))),
        (rng.randint(1, 9, 4).tolist(),),
    ],
)
def parameter_shapes(layer_dims):
    """The shapes of all parameters of a network.

    layer_dims: sizes n[0], …, n[L], the input first. Return a dictionary: "W1": (n[1], n[0]),
    "b1": (n[1], 1), …, up to "WL" and "bL".

    >>> parameter_shapes([3, 2, 1])
    {'W1': (2, 3), 'b1': (2, 1), 'W2': (1, 2), 'b2': (1, 1)}
    """
    shapes = {}
    for l in range(1, len(layer_dims)):
        shapes[f"W{l}"] = (layer_dims[l], layer_dims[l - 1])
        shapes[f"b{l}"] = (layer_dims[l], 1)
    return shapes


@exercise(
    published=lambda: [(np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3),)],
    cases=lambda rng: [
        (rng.randint(0, 256, shape).astype(np.uint8),)
        for shape in ((5, 2, 3, 3), (12, 2, 2, 3), (1, 3, 3, 3), (4, 2, 2, 1), (2, 1, 4, 2), (1, 1, 1, 1))
    ],
)
def flatten_images(images):
    """Images as columns of numbers from 0 to 1.

    images (m, height, width, colours): whole numbers from 0 to 255. Return X (height·width·colours, m):
    column i has the numbers of images[i] in the order of images[i].ravel(), divided by 255.

    >>> flatten_images(np.array([[[[0, 51, 255]]], [[[255, 0, 0]]]]))
    array([[0. , 1. ],
           [0.2, 0. ],
           [1. , 0. ]])
    """
    X = images.reshape(len(images), -1).T / 255
    return X


@exercise(
    published=lambda: [(2, 2, 1, Draws(1))],
    cases=lambda rng: [
        (*sizes, Draws(rng.randint(99))) for sizes in ((4, 4, 4), (5, 1, 2), (1, 1, 1), (1, 3, 2))
    ],
)
def initialize_two_layer(n_x, n_h, n_y, rng):
    """First parameters of a network with one hidden layer: W = 0.01·N(0, 1), b = 0.

    n_x, n_h, n_y: sizes of input, hidden and output layer; rng: a np.random.RandomState. Draw W1 with
    rng.randn(n_h, n_x), then W2, and nothing else.
    Return {"W1": (n_h, n_x), "b1": (n_h, 1), "W2": (n_y, n_h), "b2": (n_y, 1)}.

    >>> initialize_two_layer(3, 2, 1, np.random.RandomState(1))["W2"]
    array([[ 0.01744812, -0.00761207]])
    """
    W1 = rng.randn(n_h, n_x) * 0.01
    b1 = np.zeros((n_h, 1))
    W2 = rng.randn(n_y, n_h) * 0.01
    b2 = np.zeros((n_y, 1))
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


@exercise(
    cases=lambda rng: [
        (dims, Draws(rng.randint(99))) for dims in ([3, 2, 1], [4, 4, 4, 4], [2, 1], list(DEEP))
    ],
)
def initialize_deep(layer_dims, rng):
    """First parameters of a network of any depth: W[l] = 0.01·N(0, 1), b[l] = 0.

    layer_dims: sizes n[0], …, n[L]; rng: a np.random.RandomState. Draw W1, W2, … in this order with
    rng.randn, and nothing else. Return {"W1": (n[1], n[0]), "b1": (n[1], 1), …}.

    >>> initialize_deep([5, 4, 3], np.random.RandomState(3))["W2"][0]
    array([-0.01185047, -0.0020565 ,  0.01486148,  0.00236716])
    """
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters[f"W{l}"] = rng.randn(layer_dims[l], layer_dims[l - 1]) * 0.01
        parameters[f"b{l}"] = np.zeros((layer_dims[l], 1))
    return parameters


@exercise(
    published=lambda: [([3, 1, 2], Draws(3))],
    cases=lambda rng: [
        (dims, Draws(rng.randint(99))) for dims in ([4, 5, 3, 1], [4, 4, 4, 4], [2, 1], list(DEEP))
    ],
)
def initialize_he(layer_dims, rng):
    """First parameters with the He initialization: W[l] = √(2/n[l-1])·N(0, 1), b[l] = 0.

    layer_dims: sizes n[0], …, n[L]; rng: a np.random.RandomState. Draw W1, W2, … in this order with
    rng.randn, and nothing else. Return {"W1": (n[1], n[0]), "b1": (n[1], 1), …}.

    >>> initialize_he([2, 4, 1], np.random.RandomState(3))["W1"][0]
    array([1.78862847, 0.43650985])
    """
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters[f"W{l}"] = rng.randn(layer_dims[l], layer_dims[l - 1]) * np.sqrt(2 / layer_dims[l - 1])
        parameters[f"b{l}"] = np.zeros((layer_dims[l], 1))
    return parameters


@exercise(
    published=lambda: [(np.array([[0.0, 2.0, -2.0]]),)],
    cases=lambda rng: [
        *((2 * rng.randn(*shape),) for shape in SHAPES),
        (np.array([[-800.0, 30.0, 800.0]]),),
        (np.array([1e4, -1e4, 40.0, -40.0, 0.0]),),
    ],
)
def sigmoid(Z):
    """The sigmoid of each entry: A = 1 / (1 + e^-Z).

    Z: an array with one axis or more. Return A of the same shape. Entries of any size give a number,
    not NaN; a NumPy warning of an overflow is allowed.

    >>> sigmoid(np.array([[0.0, 2.0]]))
    array([[0.5       , 0.88079708]])
    """
    A = 1 / (1 + np.exp(-Z))
    return A


@exercise(
    published=lambda: [(np.array([[0.0, 2.0, -2.0]]),)],
    cases=lambda rng: [
        *((3 * rng.randn(*shape),) for shape in SHAPES),
        (-np.ones((1, 1)),),
        (np.array([-9.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 9.0]),),
    ],
)
def relu(Z):
    """The relu of each entry: A = max(0, Z).

    Z: an array with one axis or more, which must not change. Return A of the same shape.

    >>> relu(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """
    A = np.maximum(0, Z)
    return A


def _layers(rng):
    return [(rng.randn(p, m), rng.randn(n, p), rng.randn(n, 1)) for n, p, m in LAYERS]


@exercise(published=lambda: [tuple(normal(1, (3, 2), (1, 3), (1, 1)))], cases=_layers)
def linear_forward(A_prev, W, b):
    """The linear part of a layer: Z = W·A_prev + b.

    A_prev (n_prev, m), W (n, n_prev), b (n, 1). Return Z (n, m) and the cache (A_prev, W, b), a tuple.

    >>> linear_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([[0.5], [0.0]]))[0]
    array([[3.5, 6.5],
           [4. , 8. ]])
    """
    Z = W @ A_prev + b
    return Z, (A_prev, W, b)


@exercise(
    published=lambda: [(*normal(2, (3, 2), (1, 3), (1, 1)), name) for name in ("sigmoid", "relu")],
    cases=lambda rng: [
        *((*layer, name) for layer in _layers(rng) for name in ("sigmoid", "relu")),
        *((*_layers(rng)[0], name) for name in OTHER_NAMES),
    ],
)
def linear_activation_forward(A_prev, W, b, activation):
    """One layer forward: Z = W·A_prev + b, A = g(Z).

    A_prev (n_prev, m), W (n, n_prev), b (n, 1); activation: "sigmoid" or "relu"; any other name raises
    ValueError. Return A (n, m) and the cache ((A_prev, W, b), Z).

    >>> W, b = np.array([[-2.0]]), np.array([[0.5]])
    >>> linear_activation_forward(np.array([[1.0]]), W, b, "relu")[0]
    array([[0.]])
    """
    Z, linear_cache = linear_forward(A_prev, W, b)
    if activation == "sigmoid":
        A = sigmoid(Z)
    elif activation == "relu":
        A = relu(Z)
    else:
        raise ValueError(f"unknown activation {activation!r}")
    return A, (linear_cache, Z)


def published_network(seed, *layer_dims, m):
    """X, and parameters of normal draws, each bias after its weights."""
    rng = np.random.RandomState(seed)
    return rng.randn(layer_dims[0], m), drawn_parameters(rng, layer_dims)


@exercise(
    published=lambda: [published_network(1, 4, 3, 1, m=2), published_network(6, 5, 4, 3, 1, m=4)],
    cases=lambda rng: [
        (rng.randn(dims[0], m), drawn_parameters(rng, dims)) for dims in NETWORKS for m in (3, 1)
    ],
)
def model_forward(X, parameters):
    """All layers forward: relu in layers 1 … L-1, sigmoid in layer L.

    X (n[0], m); parameters: {"W1": (n[1], n[0]), "b1": (n[1], 1), …}. Return AL (n[L], m) and the list of the
    caches ((A_prev, W, b), Z) of layers 1 … L. `linear_activation_forward` of chapter 4 does one layer.

    >>> AL, caches = model_forward(np.ones((2, 3)), {"W1": np.ones((1, 2)), "b1": np.array([[-2.0]])})
    >>> AL, len(caches)
    (array([[0.5, 0.5, 0.5]]), 1)
    """
    A, caches, L = X, [], len(parameters) // 2
    for l in range(1, L):
        A, cache = linear_activation_forward(A, parameters[f"W{l}"], parameters[f"b{l}"], "relu")
        caches.append(cache)
    AL, cache = linear_activation_forward(A, parameters[f"W{L}"], parameters[f"b{L}"], "sigmoid")
    caches.append(cache)
    return AL, caches


@exercise(
    published=lambda: [(np.array([[0.8, 0.9, 0.4]]), np.array([[1.0, 1.0, 1.0]]))],
    cases=lambda rng: [
        *((rng.uniform(0.05, 0.95, (1, m)), labels(rng, m)) for m in (6, 5, 2, 1)),
        *((rng.uniform(0.05, 0.95, (1, 4)), np.full((1, 4), y)) for y in (0, 1)),
        (rng.uniform(0.9, 0.99, (1, 3)), np.zeros((1, 3))),
        (np.array([[2.0**-20, 1 - 2.0**-20] * 2]), np.array([[0.0, 1.0, 1.0, 0.0]])),  # in float32, too
    ],
)
def compute_cost(AL, Y):
    """The cross-entropy cost J = -1/m Σᵢ (y⁽ⁱ⁾ log a⁽ⁱ⁾ + (1 - y⁽ⁱ⁾) log(1 - a⁽ⁱ⁾)).

    log is the natural logarithm. AL (1, m): probabilities between 0 and 1, neither of them reached; Y (1, m):
    labels 0 or 1. Return J, a number.

    >>> float(compute_cost(np.array([[0.8, 0.9, 0.4]]), np.array([[1, 1, 0]])))
    0.2797765635793...
    """
    m = Y.shape[1]
    losses = -(Y * np.log(AL) + (1 - Y) * np.log(1 - AL))
    J = np.sum(losses) / m
    return J


@exercise(
    published=lambda: [(np.array([[0.0, 2.0, -1.0]]), np.array([[1.0, 1.0, 0.0]]))],
    cases=lambda rng: [
        *((2 * rng.randn(1, m), labels(rng, m)) for m in (6, 5, 1)),
        *((2 * rng.randn(1, 4), np.full((1, 4), y)) for y in (0, 1)),
        (np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])),
        (np.array([[40.0, -40.0, 1.0]]), np.array([[1.0, 0.0, 1.0]])),
        (np.array([[800.0, -800.0, 800.0, 1.0]]), np.array([[1.0, 0.0, 0.0, 1.0]])),
    ],
)
def cost_from_logits(ZL, Y):
    """The same cost from Z[L], finite for every Z: J = 1/m Σᵢ (max(z, 0) - z·y + log(1 + e^-|z|)).

    ZL (1, m): the logits, which are Z of the last layer; Y (1, m): labels 0 or 1. Return J, a number.

    >>> float(cost_from_logits(np.array([[-1e4, 0.0]]), np.array([[0, 1]])))
    0.34657359027997264
    """
    losses = np.maximum(ZL, 0) - ZL * Y + np.log1p(np.exp(-np.abs(ZL)))
    J = np.mean(losses)
    return J
