"""A learner's own backward pass, written from the lecture alone, with the classic mistakes of learners."""

from types import SimpleNamespace

import numpy as np

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)),
    "relu": lambda Z: np.maximum(Z, 0),
    "identity": lambda Z: Z,
    "softmax": lambda Z: np.exp(Z) / np.exp(Z).sum(axis=0),
}
SLOPES_AT_A = {
    "tanh": lambda A: 1 - A**2,
    "sigmoid": lambda A: A * (1 - A),
    "relu": lambda A: (A > 0).astype(float),
}
"""g′ as a function of A = g(Z): right only when A is handed in."""


def other(name):
    """The derivative of another activation than the layer's own."""
    return lambda s: s.dA * SLOPES_AT_A[name](FUNCTIONS[name](s.Z))


STEPS = {
    "dZ": lambda s: s.dA * SLOPES_AT_A[s.name](s.A),
    "dW": lambda s: s.dZ @ s.A_prev.T / s.m,
    "db": lambda s: np.sum(s.dZ, axis=1, keepdims=True) / s.m,
    "dA_prev": lambda s: s.W.T @ s.dZ,
}
"""The backward pass of a layer, step by step."""

HIDDEN, OUTPUT, ALL = (1, 2), (3,), (1, 2, 3)


def times(factor, *names):
    """Steps whose results are multiplied."""
    return {name: lambda s, step=STEPS[name]: factor(s) * step(s) for name in names}


MISTAKES = {
    "1/m": ("the 1/m is lost in dW and db", ALL, times(lambda s: s.m, "dW", "db")),
    "1/n": (
        "dW and db are divided by the number of units n instead of the number of examples m",
        ALL,
        times(lambda s: s.m / len(s.dZ), "dW", "db"),
    ),
    # in all layers it is that of dZ of the output
    "factor 2 in a layer": ("dW and db have a factor of 2 too much", HIDDEN, times(lambda s: 2, "dW", "db")),
    "factor 2": ("dZ of the output has a factor of 2 too much", OUTPUT, times(lambda s: 2, "dZ")),
    "sign": ("the sign of dZ is wrong", ALL, times(lambda s: -1, "dZ")),
    "sign of dW": ("the sign of dW is wrong", ALL, times(lambda s: -1, "dW")),
    "sign of db": ("the sign of db is wrong", ALL, times(lambda s: -1, "db")),
    "A for Z": (
        "the derivative of the activation is taken at A instead of Z",
        ALL,
        {"dZ": lambda s: s.dA * SLOPES_AT_A[s.name](FUNCTIONS[s.name](s.A))},
    ),
    "no derivative": ("the derivative of the activation is missing", ALL, {"dZ": lambda s: s.dA}),
    "derivative twice": (
        "dZ of the output is (AL - Y)·g′(Z), with the derivative of the activation twice",
        OUTPUT,
        {"dZ": lambda s: s.dA * SLOPES_AT_A[s.name](s.A) ** 2},
    ),
    "derivative of relu": (
        "the derivative of relu is taken instead of that of the layer's own activation",
        HIDDEN,
        {"dZ": other("relu")},
    ),
    # in layer 1 of another shape
    "A[l]": ("dW is dZ·A[l]ᵀ / m instead of dZ·A[l-1]ᵀ / m", ALL, {"dW": lambda s: s.dZ @ s.A.T / s.m}),
    "transposed": ("W is transposed in dA_prev = Wᵀ·dZ", (2,), {"dA_prev": lambda s: s.W @ s.dZ}),
    "transposed dW": ("dW is transposed", ALL, {"dW": lambda s: STEPS["dW"](s).T}),
    "squeezed": (
        "db is squeezed; it needs the shape (n, 1) of b",
        ALL,
        {"db": lambda s: np.squeeze(STEPS["db"](s))},
    ),
    "no axis": ("db is summed over the units as well", ALL, {"db": lambda s: np.sum(s.dZ) / s.m}),
    "spread": (
        "db is summed over the units as well",
        ALL,
        {"db": lambda s: np.full((len(s.dZ), 1), np.sum(s.dZ) / s.m)},
    ),
    "wrong axis": (
        "db is summed over the units instead of the examples",
        ALL,
        {"db": lambda s: np.sum(s.dZ, axis=0, keepdims=True) / s.m},
    ),
    "unsummed": ("db is not summed over the examples", ALL, {"db": lambda s: s.dZ / s.m}),
}
"""What a mistake is called, in which layers of a 4-3-3-2 network it shows, and the steps that go wrong."""

OF_TANH = {
    "1 - Z²": (
        "the derivative of tanh is 1 - Z² instead of 1 - A²",
        HIDDEN,
        {"dZ": lambda s: s.dA * (1 - s.Z**2)},
    ),
    "derivative of sigmoid": (
        "the derivative of sigmoid is taken instead of that of the layer's own activation",
        HIDDEN,
        {"dZ": other("sigmoid")},
    ),
}
"""The same where the hidden layers are of tanh."""


def learner(net, X, Y, mistakes=()):
    """dW1, db1, …, from steps that go wrong by the layer: ``{2: ("sign",)}``."""
    names, theta, known = net.architecture.activations, net.parameters, {**MISTAKES, **OF_TANH}
    A, Z = {0: X}, {}
    for l, name in enumerate(names, start=1):
        Z[l] = theta[f"W{l}"] @ A[l - 1] + theta[f"b{l}"]
        A[l] = FUNCTIONS[name](Z[l])
    L, found = len(names), {}
    dA = -(Y / A[L] - (1 - Y) / (1 - A[L])) if names[-1] == "sigmoid" else None
    for l in range(L, 0, -1):
        steps = dict(STEPS)
        if dA is None:
            steps["dZ"] = lambda s: s.A - Y  # both factors joined
        for mistake in dict(mistakes).get(l, ()):
            steps |= known[mistake][2]
        s = SimpleNamespace(
            name=names[l - 1], Z=Z[l], A=A[l], A_prev=A[l - 1], W=theta[f"W{l}"], m=X.shape[1], dA=dA
        )
        for quantity, step in steps.items():
            setattr(s, quantity, step(s))
        found[f"dW{l}"], found[f"db{l}"], dA = s.dW, s.db, s.dA_prev
    return found
