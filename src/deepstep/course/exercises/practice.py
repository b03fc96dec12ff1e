"""Exercises of chapters 11 to 14: the whole training, its results, what trains faster, and data."""

import numpy as np

from deepstep.course.exercise import Draws, exercise, normal
from deepstep.course.exercises.backward import linear_activation_backward, model_backward, update_parameters
from deepstep.course.exercises.forward import (
    DEEP,
    NETWORKS,
    compute_cost,
    drawn_parameters,
    initialize_he,
    initialize_two_layer,
    labels,
    linear_activation_forward,
    model_forward,
)

_X = np.array([[-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], [1.0, -1.0, 2.0, -2.0, 1.0, -1.0]])
"""Two inputs; the sign of the first tells the easy labels, that of the second the others."""

_FITS = (
    *(((3, 4, 1), 6, 0.1, 3), ((2, 1), 5, 1.0, 1), ((3, 3, 3, 1), 3, 0.5, 7)),
    *(((2, 2, 1), 4, 0.3, 0), ((2, 3, 2, 2, 1), 1, 0.2, 4)),
)


def _all_steps(dims, iterations, seed, draws=Draws):
    """Trainings that make all their steps: the cost stays, becomes small, and rises."""
    yield _X, (_X[1:] < 0) * 1.0, [2, 3, 1], 1e-9, 12, draws(0)
    yield _X, (_X[:1] > 0) * 1.0, [2, 3, 1], 2.0, 14, draws(3)
    yield _X, (_X[1:] < 0) * 1.0, dims, 8.0, iterations, draws(seed)


@exercise(
    published=lambda: [
        (*normal(1, (10, 10)), np.array([[1.0, 1, 1, 1, 0, 0, 0, 1, 1, 0]]), [10, 5, 6, 1], 0.0075, 2, 1)
    ],
    cases=lambda rng: [
        *_all_steps([2, 1], 2, 2, int),
        *(
            (rng.randn(dims[0], m), labels(rng, m), list(dims), rate, iterations, int(rng.randint(99)))
            for dims, m, rate, iterations in _FITS
        ),
    ],
)
def fit(X, Y, layer_dims, learning_rate, iterations, seed):
    """Train a network by gradient descent on all examples.

    X (n[0], m), Y (1, m); layer_dims: n[0], …, n[L]; learning_rate: α; iterations: the number of steps; seed:
    a whole number. Begin with initialize_he(layer_dims, np.random.RandomState(seed)). In each step: forward,
    cost, backward, update. Return the parameters after the last step, and the list of the costs: one
    per step, taken before its update. The functions of earlier chapters do the parts.

    >>> X, Y = np.array([[0.0, 1.0]]), np.array([[0, 1]])
    >>> parameters, costs = fit(X, Y, [1, 1], 1.0, 2, seed=0)
    >>> bool(costs[1] < costs[0])
    True
    """
    parameters, costs = initialize_he(layer_dims, np.random.RandomState(seed)), []
    for _ in range(iterations):
        AL, caches = model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        gradients = model_backward(AL, Y, caches)
        parameters = update_parameters(parameters, gradients, learning_rate)
    return parameters, costs


_AL = np.array([[0.05, 0.15, 0.25, 0.35, 0.43, 0.47, 0.52, 0.57, 0.61, 0.65, 0.75, 0.85, 0.92, 0.97]])
"""Probabilities that tell thresholds apart; 0.61 is that of Z = 0.45."""


@exercise(
    cases=lambda rng: [
        *((rng.randn(dims[0], m), drawn_parameters(rng, dims)) for dims in NETWORKS for m in (8, 1)),
        (rng.randn(3, 4), {"W1": np.zeros((1, 3)), "b1": np.zeros((1, 1))}),
        (np.log(_AL / (1 - _AL)), {"W1": np.ones((1, 1)), "b1": np.zeros((1, 1))}),
    ],
)
def predict(X, parameters):
    """The predicted classes: 1 where the probability AL of `model_forward` is above 0.5, else 0, at 0.5 too.

    X (n[0], m); parameters: {"W1": …, "b1": …, …}. Return P (n[L], m) of zeros and ones (or False and True).

    >>> predict(np.array([[-1.0, 0.0, 1.0]]), {"W1": np.array([[2.0]]), "b1": np.array([[0.0]])})
    array([[0, 0, 1]])
    """
    AL, _ = model_forward(X, parameters)
    P = (AL > 0.5).astype(int)
    return P


def _answers(rng):
    answers = [(rng.randint(0, 2, (1, m)), rng.randint(0, 2, (1, m))) for m in (9, 8, 5, 1)]
    P, Y = np.array([[1, 0, 1, 0, 1, 1]]), np.array([[1, 0, 0, 1, 1, 0]])
    alone = [(Y, np.abs(Y - (np.arange(6) == place))) for place in (0, 3, 5)]  # one wrong prediction
    single = [(np.array([[p]]), np.array([[y]])) for p in (0, 1) for y in (0, 1)]
    return [*answers, (P, Y), (Y, 1 - Y), (Y, Y), (0 * Y, Y), (Y, 0 * Y), *alone, *single]


@exercise(cases=_answers)
def accuracy(P, Y):
    """The share of right predictions, from 0 to 1.

    P, Y (1, m): predicted and true classes, 0 or 1. Return a number.

    >>> float(accuracy(np.array([[1, 0, 1, 1]]), np.array([[1, 1, 1, 1]])))
    0.75
    """
    return np.mean(P == Y)


@exercise(cases=_answers)
def first_wrong(P, Y):
    """The position of the first wrong prediction, counted from 0; -1 where all are right.

    P, Y (1, m): predicted and true classes, 0 or 1. Return a whole number.

    >>> first_wrong(np.array([[1, 0, 1, 1]]), np.array([[1, 1, 0, 1]]))
    1
    """
    wrong = np.flatnonzero(P != Y)
    return int(wrong[0]) if len(wrong) > 0 else -1


def _trainings(rng, sizes, rate):
    """A few steps of small networks, of which some change the accuracy in their only step."""
    for dims, m, iterations in sizes:
        yield 2 * rng.randn(dims[0], m), labels(rng, m), dims, rate, iterations, Draws(rng.randint(99))


@exercise(
    cases=lambda rng: [
        *_trainings(
            rng, (([3, 4, 1], 21, 1), ([3, 4, 1], 25, 1), ([2, 3, 1], 16, 12), ([4, 3, 1], 30, 9)), 1.5
        ),
        *_all_steps([2, 3, 1], 6, 1),
    ],
)
def two_layer_model(X, Y, layer_dims, learning_rate, iterations, rng):
    """The lecture's network with one hidden layer, relu then sigmoid, trained by gradient descent.

    X (n_x, m), Y (1, m); layer_dims: n_x, n_h, n_y; learning_rate: α; iterations: the number of steps, at
    least 1; rng: a np.random.RandomState. Begin with `initialize_two_layer`. In each step:
    `linear_activation_forward` for both layers, `compute_cost`, dA2 = -(Y / A2 - (1 - Y) / (1 - A2)),
    `linear_activation_backward` for both layers, `update_parameters`. Return the parameters after the last
    step, the list of the costs, one per step and taken before its update, and the accuracy of these
    parameters on X (`predict` and `accuracy`).

    >>> X, Y = np.array([[-3.0, -1.0, 1.0, 3.0]]), np.array([[0, 0, 1, 1]])
    >>> parameters, costs, right = two_layer_model(X, Y, [1, 2, 1], 2.0, 10, np.random.RandomState(1))
    >>> [round(float(cost), 3) for cost in costs[::9]], float(right)
    ([0.693, 0.052], 1.0)
    """
    n_x, n_h, n_y = layer_dims
    parameters, costs = initialize_two_layer(n_x, n_h, n_y, rng), []
    for _ in range(iterations):
        A1, cache1 = linear_activation_forward(X, parameters["W1"], parameters["b1"], "relu")
        A2, cache2 = linear_activation_forward(A1, parameters["W2"], parameters["b2"], "sigmoid")
        costs.append(compute_cost(A2, Y))
        dA2 = -(Y / A2 - (1 - Y) / (1 - A2))
        dA1, dW2, db2 = linear_activation_backward(dA2, cache2, "sigmoid")
        _, dW1, db1 = linear_activation_backward(dA1, cache1, "relu")
        gradients = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
        parameters = update_parameters(parameters, gradients, learning_rate)
    right = accuracy(predict(X, parameters), Y)
    return parameters, costs, right


_DEEP_TRAININGS = (
    *(([3, 4, 1], 41, 1), ([2, 1], 45, 1), ([2, 3, 1], 49, 1)),
    *(([3, 6, 4, 3, 1], 16, 8), ([4, 5, 3, 1], 30, 4)),
)


@exercise(cases=lambda rng: [*_trainings(rng, _DEEP_TRAININGS, 0.4), *_all_steps([2, 1], 2, 2)])
def L_layer_model(X, Y, layer_dims, learning_rate, iterations, rng):
    """The lecture's network with L layers, relu and in the last one sigmoid, trained by gradient descent.

    X (n[0], m), Y (1, m); layer_dims: n[0], …, n[L]; learning_rate: α; iterations: the number of steps, at
    least 1; rng: a np.random.RandomState. Begin with W[l] = N(0, 1) / √n[l-1], drawn in the order W1, W2, …
    with rng.randn, and b[l] = 0. In each step: `model_forward`, `compute_cost`, `model_backward`,
    `update_parameters`. Return the parameters after the last step, the list of the costs, one per step and
    taken before its update, and the accuracy of these parameters on X (`predict` and `accuracy`).

    >>> X, Y = np.array([[-3.0, -1.0, 1.0, 3.0]]), np.array([[0, 0, 1, 1]])
    >>> parameters, costs, right = L_layer_model(X, Y, [1, 3, 2, 1], 0.5, 10, np.random.RandomState(4))
    >>> [round(float(cost), 3) for cost in costs[::9]], float(right)
    ([0.705, 0.368], 1.0)
    """
    parameters, costs = {}, []
    for l in range(1, len(layer_dims)):
        parameters[f"W{l}"] = rng.randn(layer_dims[l], layer_dims[l - 1]) / np.sqrt(layer_dims[l - 1])
        parameters[f"b{l}"] = np.zeros((layer_dims[l], 1))
    for _ in range(iterations):
        AL, caches = model_forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        gradients = model_backward(AL, Y, caches)
        parameters = update_parameters(parameters, gradients, learning_rate)
    right = accuracy(predict(X, parameters), Y)
    return parameters, costs, right


@exercise(
    published=lambda: [(X, (Y < 0.5).astype(float), 2, Draws(0)) for X, Y in (normal(1, (7, 3), (1, 3)),)],
    cases=lambda rng: [
        (rng.randn(n, m), labels(rng, m), size, Draws(rng.randint(99)))
        for n, m, size in ((3, 10, 4), (2, 12, 4), (4, 4, 2), (2, 3, 8), (1, 7, 1), (3, 5, 5), (2, 1, 3))
    ],
)
def mini_batches(X, Y, batch_size, rng):
    """Shuffled mini-batches: all examples once, in batches of batch_size columns; the last may be smaller.

    X (n, m), Y (1, m); rng: a np.random.RandomState. Draw the order of the columns once, with
    rng.permutation(m). Return the list of the pairs (X of the batch, Y of the batch).

    >>> batches = mini_batches(np.arange(5.0).reshape(1, 5), np.ones((1, 5)), 2, np.random.RandomState(0))
    >>> [X.tolist() for X, Y in batches]
    [[[2.0, 0.0]], [[1.0, 3.0]], [[4.0]]]
    """
    m, batches = X.shape[1], []
    order = rng.permutation(m)
    X, Y = X[:, order], Y[:, order]
    for start in range(0, m, batch_size):
        batches.append((X[:, start : start + batch_size], Y[:, start : start + batch_size]))
    return batches


def _adam(rng):
    for n, t, rate, options in (
        (4, 1, 0.01, ()),
        (3, 2, 0.1, ()),
        (3, 7, 0.5, (0.8, 0.9, 1e-2)),
        (1, 50, 0.3, (0.7, 0.95, 1e-1)),
    ):
        yield rng.randn(n), rng.randn(n), rng.randn(n), rng.rand(n), t, rate, *options
    start = np.zeros(3), np.zeros(3), 1, 0.1
    yield rng.randn(3), 1e-4 * rng.randn(3), *start, 0.9, 0.999, 1e-3
    yield rng.randn(3), 1e-8 * (1 + rng.rand(3)), *start  # as small as ε
    yield rng.randn(3), np.zeros(3), *start


@exercise(cases=lambda rng: list(_adam(rng)))
def adam_update(theta, gradient, v, s, t, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One step of Adam, the t-th, t = 1, 2, …

    v := β₁·v + (1 - β₁)·g, s := β₂·s + (1 - β₂)·g², v̂ = v / (1 - β₁ᵗ), ŝ = s / (1 - β₂ᵗ),
    θ := θ - α·v̂ / (√ŝ + ε).

    theta, gradient, v, s (n,), which must not change; learning_rate: α. Return the new θ, v and s.

    >>> zero = np.zeros(1)
    >>> adam_update(np.array([1.0]), np.array([2.0]), zero, zero, 1, 0.1)[0]
    array([0.9])
    """
    v = beta1 * v + (1 - beta1) * gradient
    s = beta2 * s + (1 - beta2) * gradient**2
    v_hat = v / (1 - beta1**t)
    s_hat = s / (1 - beta2**t)
    theta = theta - learning_rate * v_hat / (np.sqrt(s_hat) + epsilon)
    return theta, v, s


@exercise(
    cases=lambda rng: [
        (drawn_parameters(rng, dims), l2, m)
        for dims, l2, m in (
            ((3, 2, 3, 1), 0.1, 5),
            ((2, 1), 0.7, 3),
            ((3, 2), 0.5, 4),
            ((3, 3, 3), 2.0, 1),
            ((4, 2, 1), 0.4, 6),
            (DEEP, 0.3, 4),
        )
    ],
)
def l2_cost(parameters, l2, m):
    """The term of L2 regularization in the cost: λ / 2m · Σₗ ‖W[l]‖², the sum of the squares of all weights.

    parameters: {"W1": …, "b1": …, …}; the biases do not count; l2: λ; m: the number of examples. Return a
    number.

    >>> float(l2_cost({"W1": np.array([[3.0, 4.0]]), "b1": np.array([[2.0]])}, 0.1, 5))
    0.25
    """
    total = 0
    for l in range(1, len(parameters) // 2 + 1):
        total += np.sum(parameters[f"W{l}"] ** 2)
    return l2 / (2 * m) * total


@exercise(
    cases=lambda rng: (
        [
            (rng.randn(n, m), keep_prob, Draws(rng.randint(99)))
            for n, m, keep_prob in ((3, 4, 0.8), (4, 4, 0.7), (5, 2, 0.3), (2, 3, 1.0), (6, 1, 0.6))
        ]
        + [(np.maximum(rng.randn(3, 5), 0), 0.5, Draws(rng.randint(99)))]
    ),
)
def dropout_forward(A, keep_prob, rng):
    """Inverted dropout: mask = D / keep_prob with D = 1 where a draw is below keep_prob, else 0; A ∘ mask.

    A (n, m), which must not change; keep_prob: the probability that an entry is kept; rng: a
    np.random.RandomState. Draw all numbers with rng.rand(n, m). Return A ∘ mask and the mask, both (n, m).

    >>> dropout_forward(np.ones((1, 3)), 0.7, np.random.RandomState(0))[0].round(3)
    array([[1.429, 0.   , 1.429]])
    """
    D = rng.rand(*A.shape) < keep_prob
    mask = D / keep_prob
    return A * mask, mask


def _tables(rng):
    for m, k, n in ((6, 4, 3), (5, 5, 5), (4, 1, 2)):
        yield 3 * rng.randn(m, n) + 5, 2 * rng.randn(k, n)
    constant = np.column_stack([rng.randn(5), np.full(5, 7.0), np.zeros(5)])
    yield constant, np.array([[1.0, 7.0, 0.0], [2.0, 9.5, -3.0]])
    yield constant[:4], 1e3 * rng.randn(1, 3)
    yield rng.randn(1, 3), rng.randn(2, 3)


@exercise(cases=lambda rng: list(_tables(rng)))
def standardize(train, test):
    """Columns of a table with mean 0 and standard deviation 1: x := (x - mean) / standard deviation.

    train (m, n), test (k, n): tables with one example per row and one quantity per column.
    Mean and standard deviation (np.std: the divisor is m) are those of train, for both tables. A column that
    is constant in train is divided by 1. Return the new train and test.

    >>> standardize(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[4.0, 5.0]]))[1]
    array([[2., 0.]])
    """
    mean = np.mean(train, axis=0)
    deviation = np.std(train, axis=0)
    deviation = np.where(deviation == 0, 1, deviation)
    return (train - mean) / deviation, (test - mean) / deviation


@exercise(
    published=lambda: [(np.array([1, 2, 0, 1]), 3)],
    cases=lambda rng: [
        *((rng.randint(0, k, m), k) for k, m in ((4, 6), (3, 3), (5, 1))),
        (np.array([0, 1, 1]), 4),
        (np.array([2, 2]), 3),
        (np.array([3]), 4),
        (np.array([1, 0]), 2),
    ],
)
def one_hot(labels, n_classes):
    """Labels as columns of zeros with a single 1: entry (k, i) is 1 where example i has the label k.

    labels (m,): whole numbers 0, …, n_classes - 1. Return Y (n_classes, m).

    >>> one_hot(np.array([1, 2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    Y = np.zeros((n_classes, len(labels)))
    Y[labels, np.arange(len(labels))] = 1
    return Y
