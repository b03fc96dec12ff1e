"""Exercises of chapters 7 to 10: the backward pass, the update and the gradient check.

The text of each function that `exercise` decorates is data, see `deepstep.course.exercise`. The docstring is
the learner's task, and the functions named there in backticks are among its helpers. The body is the
solution, and the names in its last ``return`` are the names of the results. ``mistakes.txt`` makes the known
mistakes by replacing pieces of the body: change a body and ``mistakes.txt`` together.
"""

import numpy as np

from deepstep.course.exercise import CostOf, exercise, normal
from deepstep.course.exercises.forward import (
    DEEP,
    LAYERS,
    NETWORKS,
    OTHER_NAMES,
    SHAPES,
    drawn_parameters,
    labels,
    model_forward,
    relu,
    sigmoid,
)


def _derivatives(rng):
    # 1 - A loses digits where Z is large: some from Z = 12 on, all from 37 on. Entries are compared up to
    # 1e-6 of the largest one, so these small ones show whether the result is a number, and every right
    # formula passes.
    return [
        *((rng.randn(*shape), rng.randn(*shape)) for shape in SHAPES),
        (rng.randn(2, 3), np.array([[0.0, 1.0, -1.0], [2.0, 0.0, -3.0]])),
        (rng.randn(1, 4), np.array([[-40.0, 0.0, 3.0, 9.0]])),
        (rng.randn(6), np.array([-800.0, -1e-3, 1e-3, 12.0, 800.0, 1e4])),
    ]


def _published_layer(*names):
    dA, A, W, b, Z = normal(2, (1, 2), (3, 2), (1, 3), (1, 1), (1, 2))
    return [(dA, ((A, W, b), Z), name) for name in names]


def _backward_layers(rng, *names):
    # Arguments (dA, ((A_prev, W, b), Z), name) of a layer backward, for each shape and each activation.
    for n, p, m in LAYERS:
        A_prev, W, b, dA = rng.randn(p, m), rng.randn(n, p), rng.randn(n, 1), rng.randn(n, m)
        for name in names:
            yield dA, ((A_prev, W, b), W @ A_prev + b), name
    # Z has zeros here, where relu must have the derivative 0; drawn numbers are never 0.
    A_prev, W, b = np.array([[0.0, 1.0, 0.0]]), np.array([[2.0], [-1.0]]), np.zeros((2, 1))
    for name in names:
        yield rng.randn(2, 3), ((A_prev, W, b), W @ A_prev + b), name


@exercise(published=lambda: [tuple(normal(2, (1, 2), (1, 2)))], cases=_derivatives)
def relu_backward(dA, Z):
    """The backward step of relu: dZ = dA where Z > 0, else 0, at Z = 0 too.

    dA, Z: arrays of the same shape, with one axis or more, which must not change. Return dZ of that shape.

    >>> relu_backward(np.array([[3.0, 4.0, 5.0]]), np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 5.]])
    """
    dZ = dA * (Z > 0)
    return dZ


@exercise(published=lambda: [tuple(normal(2, (1, 2), (1, 2)))], cases=_derivatives)
def sigmoid_backward(dA, Z):
    """The backward step of the sigmoid: dZ = dA ∘ A ∘ (1 - A) with A = σ(Z).

    dA, Z: arrays of the same shape, with one axis or more. Return dZ of that shape. Entries of Z of any size
    give a number, not NaN. `sigmoid` of chapter 4 may be used.

    >>> sigmoid_backward(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    array([[0.25, 0.5 ]])
    """
    A = sigmoid(Z)
    dZ = dA * A * (1 - A)
    return dZ


@exercise(
    published=lambda: [
        (dZ, (A_prev, W, b))
        for dZ, A_prev, W, b in (
            normal(1, (1, 2), (3, 2), (1, 3), (1, 1)),
            normal(1, (3, 4), (5, 4), (3, 5), (3, 1)),
            normal(1, (2, 2), (3, 2), (2, 3), (2, 1)),
        )
    ],
    # The linear step takes the first part of the cache; Z and the name, here any single one, are dropped.
    cases=lambda rng: [(dZ, cache) for dZ, (cache, _), _ in _backward_layers(rng, "")],
)
def linear_backward(dZ, cache):
    """The backward step of Z = W·A_prev + b: dA_prev = Wᵀ·dZ, dW = dZ·A_prevᵀ / m, db = Σᵢ dZ⁽ⁱ⁾ / m.

    dZ (n, m); cache: (A_prev, W, b) with the shapes (n_prev, m), (n, n_prev), (n, 1). Return dA_prev
    (n_prev, m), dW (n, n_prev), db (n, 1). dA_prev has no factor 1/m: it is the derivative of m·J.

    >>> cache = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 5.0]]), np.array([[0.0]])
    >>> dA_prev, dW, db = linear_backward(np.array([[1.0, 3.0]]), cache)
    >>> dW, db
    (array([[0.5, 1.5]]), array([[2.]]))
    """
    A_prev, W, b = cache
    m = dZ.shape[1]
    dA_prev = W.T @ dZ
    dW = dZ @ A_prev.T / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    return dA_prev, dW, db


@exercise(
    published=lambda: _published_layer("sigmoid", "relu"),
    cases=lambda rng: [*_backward_layers(rng, "sigmoid", "relu"), *_published_layer(*OTHER_NAMES)],
)
def linear_activation_backward(dA, cache, activation):
    """One layer backward: dZ = dA ∘ g′(Z), then dA_prev, dW and db.

    dA (n, m); cache: ((A_prev, W, b), Z); activation: "sigmoid" or "relu"; any other name raises ValueError.
    Return dA_prev (n_prev, m), dW (n, n_prev), db (n, 1).

    >>> cache = (np.array([[1.0]]), np.array([[2.0]]), np.array([[0.0]])), np.array([[2.0]])
    >>> linear_activation_backward(np.array([[3.0]]), cache, "relu")
    (array([[6.]]), array([[3.]]), array([[3.]]))
    """
    linear_cache, Z = cache
    if activation == "sigmoid":
        dZ = sigmoid_backward(dA, Z)
    elif activation == "relu":
        dZ = relu_backward(dA, Z)
    else:
        raise ValueError(f"unknown activation {activation!r}")
    dA_prev, dW, db = linear_backward(dZ, linear_cache)
    return dA_prev, dW, db


def _models(rng):
    for dims in NETWORKS:
        for m in (4, 1):
            AL, caches = model_forward(rng.randn(dims[0], m), drawn_parameters(rng, dims))
            yield AL, np.vstack([labels(rng, m) for _ in range(dims[-1])]), caches
    parameters = {name: np.round(value) for name, value in drawn_parameters(rng, (2, 4, 3, 2)).items()}
    parameters["b1"] *= 0
    AL, caches = model_forward(np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 1.0]]), parameters)
    yield AL, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), caches  # Z of the first layer has zeros
    AL, caches = model_forward(np.array([[14.0, -14.0, 14.0]]), {"W1": np.eye(1), "b1": np.zeros((1, 1))})
    yield AL, np.array([[1.0, 0.0, 0.0]]), caches  # AL near 0 and 1


# The published case is left out: its AL is not the output of its caches, so the two correct ways of the task
# give different results there.
@exercise(cases=lambda rng: list(_models(rng)))
def model_backward(AL, Y, caches):
    """All layers backward: the derivatives of J with respect to W and b of every layer.

    AL, Y (n[L], m): output and labels; caches: ((A_prev, W, b), Z) of layers 1 … L, as `model_forward`
    returns them; relu in layers 1 … L-1, sigmoid in layer L. Begin with dAL = -(Y / AL - (1 - Y) / (1 - AL))
    and `linear_activation_backward`, or with dZ[L] = AL - Y and `linear_backward`, both of chapter 7.
    Return {"dW1": …, "db1": …, …}; further keys such as "dA1" are allowed.

    >>> cache = (np.ones((2, 1)), np.zeros((1, 2)), np.array([[0.0]])), np.array([[0.0]])
    >>> model_backward(np.array([[0.5]]), np.array([[1.0]]), [cache])["dW1"]
    array([[-0.5, -0.5]])
    """
    gradients, L = {}, len(caches)
    dA = -(Y / AL - (1 - Y) / (1 - AL))
    dA, dW, db = linear_activation_backward(dA, caches[L - 1], "sigmoid")
    gradients[f"dW{L}"], gradients[f"db{L}"] = dW, db
    for l in range(L - 1, 0, -1):
        dA, dW, db = linear_activation_backward(dA, caches[l - 1], "relu")
        gradients[f"dW{l}"], gradients[f"db{l}"] = dW, db
    return gradients


def _steps(rng):
    sizes = (4, 3, 1), (3, 3, 3, 3), (2, 1), (1, 2, 2, 1), DEEP
    for dims, rate in zip(sizes, (0.1, 0.5, 2.0, 0.01, 0.3), strict=True):
        gradients = {f"d{name}": value for name, value in drawn_parameters(rng, dims).items()}
        yield drawn_parameters(rng, dims), gradients, rate


def _published_step():
    names, shapes = ("W1", "b1", "W2", "b2"), ((3, 4), (3, 1), (1, 3), (1, 1))
    gradients = {f"d{name}": value for name, value in zip(names, normal(3, *shapes), strict=True)}
    return dict(zip(names, normal(2, *shapes), strict=True)), gradients, 0.1


@exercise(published=lambda: [_published_step()], cases=lambda rng: list(_steps(rng)))
def update_parameters(parameters, gradients, learning_rate):
    """One step of gradient descent: W[l] := W[l] - α·dW[l], b[l] := b[l] - α·db[l].

    parameters: {"W1": …, "b1": …, …}; gradients: {"dW1": …, "db1": …, …} of the same shapes; learning_rate:
    α. Return new parameters; the dictionary and the arrays given must not change.

    >>> parameters = {"W1": np.array([[1.0]]), "b1": np.array([[0.0]])}
    >>> update_parameters(parameters, {"dW1": np.array([[2.0]]), "db1": np.array([[1.0]])}, 0.1)["W1"]
    array([[0.8]])
    """
    updated, L = {}, len(parameters) // 2
    for l in range(1, L + 1):
        updated[f"W{l}"] = parameters[f"W{l}"] - learning_rate * gradients[f"dW{l}"]
        updated[f"b{l}"] = parameters[f"b{l}"] - learning_rate * gradients[f"db{l}"]
    return updated


@exercise(
    published=lambda: [(CostOf("cubic"), np.array([1.0, -2.0, 0.5]), 0.1)],
    cases=lambda rng: (
        [
            (CostOf(name), rng.randn(n), epsilon)
            for name, n in (("cubic", 4), ("coupled", 3), ("exponential", 2), ("coupled", 1))
            for epsilon in (0.1, 0.3)
        ]
        + [(CostOf("coupled"), np.array([0.0, 2.0, 0.0]), 0.2)]
    ),
    tolerance=1e-5,
)
def numerical_gradient(cost, theta, epsilon):
    """The central difference in each entry: gᵢ = (J(θ + ε·eᵢ) - J(θ - ε·eᵢ)) / 2ε.

    cost: a function of θ that returns the number J; theta (n,): floats, which must be the same afterwards;
    epsilon: ε. Return g (n,).

    >>> numerical_gradient(lambda theta: float(np.sum(theta**2)), np.array([1.0, 3.0]), 0.5)
    array([2., 6.])
    """
    gradient = np.zeros(len(theta))
    for i in range(len(theta)):
        step = np.zeros(len(theta))
        step[i] = epsilon
        gradient[i] = (cost(theta + step) - cost(theta - step)) / (2 * epsilon)
    return gradient


@exercise(
    cases=lambda rng: [
        *((rng.randn(n), rng.randn(n)) for n in (4, 3, 1)),
        (np.array([3.0, 4.0]), np.array([3.0, 4.0])),
        *((scale * rng.randn(5), scale * rng.randn(5)) for scale in (1e-3, 1e-12, 1e6)),
        (np.zeros(2), np.array([3.0, -4.0])),
        (np.array([1.0, -2.0]), np.array([-1.0, 2.0])),
    ],
)
def relative_difference(gradient, numerical):
    """How far two gradients are apart: ‖g - n‖ / (‖g‖ + ‖n‖), with the Euclidean norm ‖v‖ = √Σ vᵢ².

    gradient, numerical (n,), not both 0. Return a number from 0 to 1.

    >>> float(relative_difference(np.array([3.0, 4.0]), np.array([0.0, 0.0])))
    1.0
    """
    difference = np.linalg.norm(gradient - numerical)
    size = np.linalg.norm(gradient) + np.linalg.norm(numerical)
    return difference / size
