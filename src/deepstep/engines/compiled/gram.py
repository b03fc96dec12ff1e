r"""Full-batch steps on inputs wider than the number of examples: W1 by coordinates, X by its Gram matrix.

The gradient of the data's cost by W1 is dZ1·Xᵀ/m: each of its rows is a combination of the m examples. L2,
decoupled decay and the update rules of `LINEAR_RULES` add multiples of θ, of g and of the velocity v, and
nothing else. By induction over the steps, θ and v stay in the span of the examples and of what they were at
the beginning,

    W1 = C·Xᵀ + Σ_b s_b·B_b,        B_1 = W1 and B_2 = v1 at the beginning,

and the coordinates [C, s] follow the very rule that W1 follows, with the gradient [dZ1/m, 0] + (λ/m)·[C, s]:
the rule, the decay, the velocity and L2 are applied to them as they stand. With K = XᵀX, which is computed
once, as B_b·X is,

    Z1 = W1·X = C·K + Σ_b s_b·(B_b·X),
    ‖W1‖² = ⟨C, C·K⟩ + 2·Σ_b s_b·⟨C, B_b·X⟩ + Σ_bc s_b·s_c·⟨B_b, B_c⟩.

So a step costs n_1·m² multiplications and not 2·n_1·n_x·m, and it never touches X. The kernel trains a
network whose W1 is [C, s] of shape (n_1, m + b), with an s for each unit. It is the plain
step, rounded elsewhere.

Only float64 is computed this way. Entries of K grow with n_x and with the square of the mean of the inputs,
and the terms of C·K, which are as large, cancel. In float32 Z1 has one or two digits less than W1·X, and
relus switch that should not: after 200 steps on 12,288 pixels of 209 images costs were off by 9e-3, those of
plain steps by 5e-8.

Source: the span argument behind the representer theorem (Kimeldorf & Wahba 1971; Schölkopf, Herbrich & Smola
2001), which holds for every iterate of gradient descent; the dual perceptron is its oldest instance
(Aizerman, Braverman & Rozonoer 1964).
"""

from dataclasses import dataclass

import numpy as np

from deepstep.engines.compiled.jit import part
from deepstep.engines.compiled.layout import KINDS
from deepstep.engines.compiled.machine import run
from deepstep.engines.settings import Settings
from deepstep.equations import get_optimizer
from deepstep.equations.updates import (
    gradient_descent_update,
    heavy_ball_update,
    momentum_update,
    nesterov_update,
)
from deepstep.types import AnyArray, Array

NOTE = "through the Gram matrix of the examples"
"""How such steps are told of."""

LINEAR_RULES = {gradient_descent_update, momentum_update, heavy_ball_update, nesterov_update}
"""Update rules that are linear in θ, v and g."""


def keeps_the_span(settings: Settings) -> bool:
    """Whether steps with these settings leave W1 in the span of the examples and of its beginning.

    Examples
    --------
    >>> keeps_the_span(Settings("momentum", l2=0.1)), keeps_the_span(Settings("adam"))
    (True, False)
    """
    bends = (settings.l1, settings.input_noise, settings.clip_norm, settings.clip_value, settings.max_norm)
    # the average is linear too, but it would be one more vector to begin with
    return (
        get_optimizer(settings.optimizer).update in LINEAR_RULES and not any(bends) and not settings.average
    )


def steps_that_cost_as_much(m: int, n_units: int) -> int:
    """After so many plain steps the products of K, m²·n_x/2 multiplications, would have been paid for.

    Who enters then has spent at most twice what the better way would have cost, however long training is.
    """
    return m // (4 * n_units) + 1


@dataclass
class Span:
    """A session's state by coordinates of W1, and where it began.

    Attributes
    ----------
    X : array of shape (m, n_x)
        The examples, as rows.
    bases : array of shape (b, n_1, n_x)
        W1, and v1 where the rule has a velocity, at the beginning.
    layers : array of LAYERS
        Of the network that is trained: its inputs are the m + b coordinates.
    source : array
        K of shape (m, m), B_b·X of shape (b, n_1, m) and ⟨B_b, B_c⟩ of shape (b, b, n_1), flat, in a row.
    state : array of shape (b, n_parameters)
        θ and v of that network.
    ahead : bool
        Whether steps were done of which the session's own vectors do not know.
    """

    X: Array
    bases: Array
    layers: AnyArray
    source: Array
    state: Array
    ahead: bool = False

    def write_into(self, vectors: Array) -> None:
        """Bring the session's own θ and v (b, n_parameters) up to date."""
        if not self.ahead:
            return
        n_bases, n, n_x = self.bases.shape
        m = len(self.X)
        own = self.state[:, : n * (m + n_bases)].reshape(n_bases, n, m + n_bases)
        W1 = vectors[:, : n * n_x].reshape(self.bases.shape)
        np.matmul(own[..., :m], self.X, out=W1)
        for b, base in enumerate(self.bases):
            W1 += own[..., m + b, np.newaxis] * base
        vectors[:, n * n_x :] = self.state[:, n * (m + n_bases) :]
        self.ahead = False


def span_of(layers: AnyArray, state: Array, X: Array) -> Span:
    """Where a state stands in the span of itself and of the examples.

    Parameters
    ----------
    layers : array of LAYERS
    state : array of shape (b, n_parameters)
        θ and the velocity of the rule, if it has one.
    X : array of shape (m, n_x)
        The examples, as rows, of the same dtype.
    """
    (n_bases, _), (m, n_x), n = state.shape, X.shape, int(layers["size"][1])
    bases = state[:, : n * n_x].reshape(n_bases, n, n_x).copy()
    source = [X @ X.T, bases @ X.T, np.einsum("bij,cij->bci", bases, bases)]
    virtual = layers.copy()
    virtual["size"][0] = m + n_bases
    for name in KINDS:
        virtual[name][layers[name] > 0] += n * (m + n_bases - n_x)
    own = np.zeros((n_bases, n, m + n_bases), state.dtype)
    own[..., m:] = np.eye(n_bases)[:, np.newaxis]
    own = np.hstack([own.reshape(n_bases, -1), state[:, n * n_x :]])
    return Span(X, bases, virtual, np.concatenate([part.reshape(-1) for part in source]), own)


@part
def first_logits(theta, n, m, n_bases, source, A, at, stride, low, high):
    """Z1 of examples low to high, from the C·K that stands there; gives what these examples add to ‖W1‖².

    Parameters
    ----------
    theta : array
        θ of the coordinates: [C, s] is at its beginning.
    n, m, n_bases : int
        Units, all examples, bases.
    source
        As in `Span`.
    A, at, stride
        Where the logits are.
    """
    squares, count = 0.0, high - low
    for i in range(n):
        row = i * (m + n_bases)
        a, c = run(A, at + i * stride + low, count), run(theta, row + low, count)
        for b in range(n_bases):
            z, s = run(source, m * (m + b * n + i) + low, count), theta[row + m + b]
            for j in range(count):
                a[j] += s * z[j]
                squares += np.float64(c[j]) * np.float64(s * z[j])
        for j in range(count):
            squares += np.float64(c[j]) * np.float64(a[j])
        if low == 0:
            for b in range(n_bases):
                for c_ in range(n_bases):
                    inner = source[m * (m + n_bases * n) + (b * n_bases + c_) * n + i]
                    squares += (
                        np.float64(theta[row + m + b]) * np.float64(theta[row + m + c_]) * np.float64(inner)
                    )
    return squares


@part
def gradient_by_coordinates(D, at, stride, rows, m, n_bases, per_example, gradient, into):
    """[dZ1/m, 0] of some units, from their dZ1, which begins at an entry of D."""
    for i in range(rows):
        d, g = run(D, at + i * stride, m), run(gradient, into + i * (m + n_bases), m + n_bases)
        for j in range(m):
            g[j] = d[j] * per_example
        for j in range(m, m + n_bases):
            g[j] = 0
