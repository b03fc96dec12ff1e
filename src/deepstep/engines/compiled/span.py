"""Full-batch steps on inputs wider than the number of examples, in the basis that the examples span.

The gradient of the data's cost by W1 is dZ1·Xᵀ/m: each of its rows is a combination of the m examples. With
X = Q·R, where Q (n_x, m) has orthonormal columns, W1 = C·Qᵀ + S with S·Q = 0, and then

    Z1 = W1·X = C·R,    dC = dZ1·Rᵀ/m = dW1·Q,    ‖W1‖² = ‖C‖² + ‖S‖².

So [C, S] is the first W of a network with the inputs R, and the rules of `LINEAR_RULES`, L2 and weight decay
move it as they move W1. S keeps the directions of what W1 and its velocity had at the beginning outside of
the span: each unit has an orthonormal basis of them, and the inputs of these coordinates are 0. A step costs
n_1·m² multiplications and not n_1·m·n_x, and it is the plain step, rounded elsewhere.

Source: the span argument behind the representer theorem (Kimeldorf & Wahba 1971; Schölkopf, Herbrich & Smola
2001), which holds for every iterate of gradient descent.
"""

from dataclasses import replace

import numpy as np
from scipy.linalg import solve_triangular

from deepstep.engines.compiled.lowering import Work
from deepstep.engines.compiled.session import CompiledSession
from deepstep.engines.session import Batches, SessionState, StepCosts
from deepstep.engines.settings import Settings
from deepstep.environment import single_blas
from deepstep.equations import get_optimizer
from deepstep.equations.updates import (
    gradient_descent_update,
    heavy_ball_update,
    momentum_update,
    nesterov_update,
)
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.types import Array

NOTE = "in the span of the examples"
"""`Session.why` for such steps."""

NEAR = 1e-3
"""So far may the columns of a first Q be from orthonormal; the second is so to the last digits."""

LINEAR_RULES = {gradient_descent_update, momentum_update, heavy_ball_update, nesterov_update}
"""Update rules that are linear in θ, v and g."""


def keeps_the_span(architecture: Architecture, settings: Settings) -> bool:
    """Whether steps leave W1 in the span of the examples and of its beginning."""
    first, *others = (node.reads for node in architecture.graph.nodes if "A0" in node.reads)
    bends = (settings.l1, settings.clip_norm, settings.clip_value)
    linear = get_optimizer(settings.optimizer).update in LINEAR_RULES and not any(bends)
    return linear and not others and set(first) <= {"A0", "W1", "b1"}


class SpanSession(CompiledSession):
    """`CompiledSession` with full-batch steps in the span of the examples, where `spans` lets them."""

    spans = True

    def _make_ready(self, parameters: Parameters) -> None:
        super()._make_ready(parameters)
        self._can = keeps_the_span(self.architecture, self.settings)

    def _take(self, state: SessionState) -> None:
        super()._take(state)
        self._leave()

    def _leave(self) -> None:
        self._span: _Span | None = None
        self._full: tuple[Examples | None, int] = None, 0  # the last full steps: their examples and number

    @property
    def _state(self) -> Array:
        if self._span is not None:
            self._span.write_into(self._vectors)
        return self._vectors

    def _run(
        self, examples: Examples, batches: Batches, results: StepCosts, *, only_gradient: bool = False
    ) -> Work:
        m, k, before = len(examples), len(results.costs), 0
        plain = k
        full = batches.order is None and batches.batch_size is None and not only_gradient
        if full:
            before = self._full[1] if self._full[0] is examples else 0
            if self.spans and self._can and m < self.architecture.n_inputs:
                # After so many plain steps Q would have been paid for. When that is does not depend on how
                # many steps a call has.
                units = self.architecture.layer_dims[1]
                plain = min(plain, max(0, m // (2 * units) + 1 - before))
        if plain or not full:
            first = slice(plain)
            work = super()._run(
                examples, batches.part(first), results.part(first), only_gradient=only_gradient
            )
            if not only_gradient:
                self._leave()
        if plain < k and results.part(slice(plain)).finite:
            if self._span is None:
                self._span, self.why = _Span(self, examples), NOTE
            rest = slice(plain, k)
            work = self._span.run(batches.part(rest), results.part(rest))
        if full:
            self._full = examples, before + k
        return work


def _orthonormal(X: Array) -> tuple[Array, Array]:
    """Q with orthonormal columns and R, Xᵀ = Q·R: by Cholesky's method twice, else by Householder's."""
    with single_blas():  # where other programs are at work, LAPACK's threads wait for each other
        try:
            first = np.linalg.cholesky(X @ X.T)
        except np.linalg.LinAlgError:  # the examples are dependent
            return np.linalg.qr(X.T)
        Q = solve_triangular(first, X, lower=True)
        products = Q @ Q.T
        off = np.abs(products - np.eye(len(X))).max()
        if off > NEAR:
            return np.linalg.qr(X.T)
        if off < 100 * np.finfo(X.dtype).eps:
            return Q.T, first.T
        second = np.linalg.cholesky(products)
        return solve_triangular(second, Q, lower=True).T, (first @ second).T


class _Span:
    """A session of the network whose inputs are the coordinates of the examples."""

    def __init__(self, session: SpanSession, examples: Examples) -> None:
        architecture, state = session.architecture, session.state()
        vectors, m, n_x = session._state, len(examples), architecture.n_inputs
        n, self._written = architecture.layer_dims[1], state.step
        self._Q, R = _orthonormal(np.ascontiguousarray(examples.X, vectors.dtype))
        W = vectors[:, : n * n_x].reshape(-1, n, n_x)
        C = W @ self._Q
        basis, S = np.linalg.qr((W - C @ self._Q.T).transpose(1, 2, 0))
        self._basis = np.ascontiguousarray(basis.transpose(2, 0, 1))
        coordinates = np.concatenate([C, S.transpose(2, 0, 1)], axis=2)
        shape = replace(architecture, layer_dims=(coordinates.shape[2], *architecture.layer_dims[1:]))
        inner = np.hstack([coordinates.reshape(len(coordinates), -1), vectors[:, n * n_x :]])
        self._examples = replace(examples, X=np.hstack([R.T, np.zeros((m, len(inner)), R.dtype)]))
        slots = dict(zip(state.slots, inner[1:], strict=True))
        self._inner = CompiledSession(shape, shape.lay_out(inner[0]), session.settings)
        self._inner.load(replace(state, theta=inner[0], slots=slots))
        self._inner._progress, self._inner._statistics = session._progress, session._statistics

    def run(self, batches: Batches, results: StepCosts) -> Work:
        return self._inner._run(self._examples, batches, results)

    def write_into(self, vectors: Array) -> None:
        """Bring the session's own θ and v up to date."""
        if self._written == self._inner._step:
            return
        inner, m = self._inner._vectors, self._Q.shape[1]
        bases, n, n_x = self._basis.shape
        coordinates = inner[:, : n * (m + bases)].reshape(bases, n, m + bases)
        W = vectors[:, : n * n_x].reshape(bases, n, n_x)
        np.matmul(coordinates[..., :m], self._Q.T, out=W)
        for number, direction in enumerate(self._basis):
            W += coordinates[..., m + number, np.newaxis] * direction
        vectors[:, n * n_x :] = inner[:, n * (m + bases) :]
        self._written = self._inner._step
