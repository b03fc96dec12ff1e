"""The floor of a step: its matrix products alone, split among threads as the compiled engine splits them.

Forward and back a thread has its columns of the batch, then its units of dW; dA0 is not made. No thread
waits for another between products, no number but theirs is read or written, and Python is not met
between steps.
"""

from itertools import pairwise

import numpy as np

from deepstep.engines.compiled.calls import kernel
from deepstep.engines.compiled.layout import TURNED_UP_TO
from deepstep.engines.compiled.lowering import LEAST_ROWS, TILE, stride_for
from deepstep.engines.compiled.machine import START, N, T, assemble, blas_address, product, wait_for_all
from deepstep.engines.compiled.threads import run_together, threads_for
from race.workloads import Workload


@kernel
def products(
    thread, barrier, n_threads, blas, sizes, turned, theta, X, A, D, gradient, stride, m, tile, steps
):
    """The products of some steps; A and D have all layers, a row of stride numbers for each unit."""
    if not assemble(barrier, n_threads):
        return
    one = theta.dtype.type(1)
    size = -(-m // (16 * n_threads)) * 16
    low = thread * size if thread * size < m else m
    count = size if low + size < m else m - low
    for _ in range(steps):
        W, at, before = 0, 0, 0
        for l in range(1, sizes.size):
            n, n_prev = sizes[l], sizes[l - 1]
            if count > 0:
                shape, weights, Z = (n, count, n_prev), (theta, W, n_prev), (A, at + low, stride)
                if l > 1:
                    product(blas, one, shape, N, weights, N, (A, before + low, stride), Z)
                elif turned:
                    product(blas, one, shape, N, weights, N, (X, low, stride), Z)
                else:
                    product(blas, one, shape, N, weights, T, (X, low * n_prev, n_prev), Z)
            W, before, at = W + n * n_prev, at, at + n * stride
        for l in range(sizes.size - 1, 1, -1):
            n, n_prev = sizes[l], sizes[l - 1]
            W, at = W - n * n_prev, at - n * stride
            if count > 0:
                dZ, dA = (D, at + low, stride), (D, at - n_prev * stride + low, stride)
                product(blas, one, (n_prev, count, n), T, (theta, W, n_prev), N, dZ, dA)
        at, before = 0, 0
        for l in range(1, sizes.size):
            n, n_prev = sizes[l], sizes[l - 1]
            first, last = n * thread // n_threads, n * (thread + 1) // n_threads
            units = tile // n_prev if tile // n_prev > 1 else 1
            while first < last:
                tall = units if first + units < last else last - first
                shape, dZ = (tall, n_prev, m), (D, at + first * stride, stride)
                dW = (gradient[thread], START, n_prev)
                if l > 1:
                    product(blas, one, shape, N, dZ, T, (A, before, stride), dW)
                elif turned:
                    product(blas, one, shape, N, dZ, T, (X, START, stride), dW)
                else:
                    product(blas, one, shape, N, dZ, N, (X, START, n_prev), dW)
                first += tall
            before, at = at, at + n * stride
    wait_for_all(barrier, n_threads)


class Floor:
    """Products of steps of so many examples."""

    def __init__(self, layer_dims: tuple[int, ...], m: int) -> None:
        sizes = np.array(layer_dims)
        multiplications = 3 * int((sizes[1:] * sizes[:-1]).sum()) * m
        self.n_threads = threads_for(multiplications, int(sizes[1:].max()), m)
        stride, units, n_x = stride_for(m), int(sizes[1:].sum()), layer_dims[0]
        tile = max(TILE, LEAST_ROWS * int(sizes.max()))
        # rows of W have the sum 1: activations neither grow nor become denormal, however deep the network is
        theta = [np.full(n * n_prev, 1 / n_prev, np.float32) for n_prev, n in pairwise(layer_dims)]

        def ones(*shape: int):
            return np.ones(shape, np.float32)

        self._arguments = (
            self.n_threads, blas_address(np.float32), sizes, n_x <= TURNED_UP_TO, np.concatenate(theta),
            ones(n_x * stride), ones(units * stride), ones(units * stride),
            ones(self.n_threads, tile), stride, m, tile,
        )  # fmt: skip

    def steps(self, count: int) -> None:
        """The products of so many steps."""
        run_together(
            lambda thread, barrier: products(thread, barrier, *self._arguments, count),
            self.n_threads,
        )


class Entrant(Floor):
    epsilon_at = "outside"

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload.layer_dims, workload.batch)
        self._steps_of_a_unit = workload.steps_of_a_unit

    def work(self, units: int) -> None:
        self.steps(units * self._steps_of_a_unit)

    def layers(self) -> list:
        return []

    def cost(self) -> None:
        return None
