"""JAX: a whole epoch in one jitted ``lax.scan``; a short last batch is a jitted step of its own."""

import jax
import jax.numpy as jnp
from jax import lax

from race.workloads import Layers, Orders, Workload, data_of, first_layers

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Entrant:
    epsilon_at = "outside"

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        X, labels, Y = data_of(workload)
        several = workload.layer_dims[-1] > 1
        X, y = jnp.asarray(X), jnp.asarray(labels if several else Y[:, 0])
        self.orders = Orders(len(X))
        self.begin(first_layers(workload))
        hidden = jnp.tanh if workload.activation == "tanh" else jax.nn.relu
        rate, adam = workload.rate, workload.optimizer == "adam"

        def cost(theta, x, y):
            for number, (W, b) in enumerate(theta, 1):
                z = x @ W + b
                x = z if number == len(theta) else hidden(z)
            if several:
                return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()
            return (jnp.logaddexp(0, z[:, 0]) - y * z[:, 0]).mean()

        def step(carried, x, y):
            theta, v, s, t = carried
            J, gradient = jax.value_and_grad(cost)(theta, x, y)
            if not adam:
                return (jax.tree.map(lambda p, g: p - rate * g, theta, gradient), v, s, t), J
            t = t + 1
            v = jax.tree.map(lambda v, g: BETA1 * v + (1 - BETA1) * g, v, gradient)
            s = jax.tree.map(lambda s, g: BETA2 * s + (1 - BETA2) * g * g, s, gradient)
            c1, c2 = 1 - BETA1**t, 1 - BETA2**t
            theta = jax.tree.map(
                lambda p, v, s: p - rate * (v / c1) / (jnp.sqrt(s / c2) + EPSILON), theta, v, s
            )
            return (theta, v, s, t), J

        self._epoch = jax.jit(
            lambda carried, rows: lax.scan(lambda c, r: step(c, X[r], y[r]), carried, rows), donate_argnums=0
        )
        self._short = jax.jit(lambda carried, rows: step(carried, X[rows], y[rows]), donate_argnums=0)
        self._many = jax.jit(
            lambda carried, n: lax.fori_loop(0, n, lambda _, c: step(c, X, y)[0], carried), donate_argnums=0
        )

    def begin(self, layers: Layers) -> None:
        """Train from there, with what was compiled already."""
        theta = [(jnp.asarray(W.T, jnp.float32), jnp.asarray(b, jnp.float32)) for W, b in layers]
        zeros = jax.tree.map(jnp.zeros_like, theta)
        self._carried = theta, zeros, jax.tree.map(jnp.zeros_like, theta), jnp.zeros((), jnp.int32)

    def work(self, units: int) -> None:
        size = self.workload.batch_size
        if size is None:
            self._carried = self._many(self._carried, units)
        else:
            for _ in range(units):
                order = next(self.orders)
                whole = len(order) // size * size
                self._carried, _ = self._epoch(self._carried, order[:whole].reshape(-1, size))
                if whole < len(order):
                    self._carried, _ = self._short(self._carried, order[whole:])
        jax.block_until_ready(self._carried)

    def layers(self) -> Layers:
        return [(jax.device_get(W).T, jax.device_get(b)) for W, b in self._carried[0]]

    def cost(self) -> None:
        return None
