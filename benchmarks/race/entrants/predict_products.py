"""The floor of a prediction: the products of tiles of examples, as the compiled engine cuts them.

A tile goes from layer to layer through two layers' room, which stays in the cache.
"""

from itertools import pairwise

import numpy as np

from deepstep.engines.compiled.calls import kernel
from deepstep.engines.compiled.forward import AT_ONCE
from deepstep.engines.compiled.machine import N, T, assemble, blas_address, product, wait_for_all
from deepstep.engines.compiled.threads import run_together, threads_for
from race.workloads import Workload


@kernel
def products_of_tiles(thread, barrier, n_threads, blas, sizes, theta, X, m, rooms, widest, tile, times):
    """So many predictions of m rows; every thread takes every n_threads-th tile."""
    if not assemble(barrier, n_threads):
        return
    one, room = theta.dtype.type(1), rooms[thread]
    for _ in range(times):
        for low in range(thread * tile, m, n_threads * tile):
            count = tile if low + tile < m else m - low
            W = 0
            for l in range(1, sizes.size):
                n, n_prev = sizes[l], sizes[l - 1]
                into, before = (l % 2) * widest * tile, ((l + 1) % 2) * widest * tile
                shape, weights, Z = (n, count, n_prev), (theta, W, n_prev), (room, into, tile)
                if l == 1:
                    product(blas, one, shape, N, weights, T, (X, low * n_prev, n_prev), Z)
                else:
                    product(blas, one, shape, N, weights, N, (room, before, tile), Z)
                W += n * n_prev
    wait_for_all(barrier, n_threads)


class Entrant:
    epsilon_at = "outside"

    def __init__(self, workload: Workload) -> None:
        sizes, m = np.array(workload.layer_dims), workload.rows
        tile, widest = min(AT_ONCE, m), int(sizes[1:].max())
        self._n_threads = threads_for(int((sizes[1:] * sizes[:-1]).sum()) * m, -(-m // tile), m)
        theta = [np.full(n * n_prev, 1 / n_prev, np.float32) for n_prev, n in pairwise(workload.layer_dims)]
        self._arguments = (
            self._n_threads, blas_address(np.float32), sizes, np.concatenate(theta),
            np.ones(m * workload.layer_dims[0], np.float32), m,
            np.ones((self._n_threads, 2 * widest * tile), np.float32), widest, tile,
        )  # fmt: skip

    def work(self, units: int) -> None:
        run_together(
            lambda thread, barrier: products_of_tiles(thread, barrier, *self._arguments, units),
            self._n_threads,
        )

    def layers(self) -> list:
        return []

    def cost(self) -> None:
        return None
