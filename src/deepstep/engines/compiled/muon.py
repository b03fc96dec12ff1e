"""The update of Muon for whole matrices: all threads work on one, each on its rows."""

import numpy as np

from deepstep.engines.compiled.jit import part
from deepstep.engines.compiled.layout import LARGEST, NORM
from deepstep.engines.compiled.machine import START, N, T, product, run, wait_for_all
from deepstep.engines.compiled.updates import after_the_update
from deepstep.equations.muon import COEFFICIENTS

LINEAR_PART, CUBIC, QUINTIC = COEFFICIENTS
STEPS = 5


@part
def muon_of_matrices(thread, barrier, plan, parameters, state, gradient, room, shared, step, rate, decay):
    """The update of each W from the whole gradient."""
    number, n_threads = gradient.dtype.type, plan.n_threads
    b1, c1, b, c, a = (
        number(plan.beta), number(1 - plan.beta), number(CUBIC), number(QUINTIC), number(LINEAR_PART)
    )  # fmt: skip
    for own in parameters:
        if own.weights == 0:
            continue
        rows, width = own.rows, own.width
        tall = rows > width
        k, n = (width, rows) if tall else (rows, width)
        low, high = rows * thread // n_threads, rows * (thread + 1) // n_threads
        first, last = k * thread // n_threads, k * (thread + 1) // n_threads
        x, y, A, B = START, START + k * n, START + 2 * k * n, START + 2 * k * n + k * k
        largest = 0.0
        for i in range(low, high):
            g, v = run(gradient, own.at + i * width, width), run(state[1], own.at + i * width, width)
            for j in range(width):
                v[j] = b1 * v[j] + c1 * g[j]
                ahead = b1 * v[j] + c1 * g[j]
                room[x + (j * rows + i if tall else i * width + j)] = ahead
                size = abs(np.float64(ahead))
                largest = size if size > largest or size != size else largest  # a NaN stays
        shared[thread, LARGEST] = largest
        wait_for_all(barrier, n_threads)
        for t in range(n_threads):
            size = shared[t, LARGEST]
            largest = size if size > largest or size != size else largest
        if 0 < largest < np.inf:
            scale, squares = number(largest), 0.0
            for i in range(first * n, last * n):
                room[x + i] /= scale
                squares += np.float64(room[x + i]) * np.float64(room[x + i])
            shared[thread, NORM] = squares
            wait_for_all(barrier, n_threads)
            squares = 0.0
            for t in range(n_threads):
                squares += shared[t, NORM]
            scale = number(np.sqrt(squares))
            for i in range(first * n, last * n):
                room[x + i] /= scale
            wait_for_all(barrier, n_threads)
            for _ in range(STEPS):
                mine, one = last - first, number(1)
                if mine > 0:
                    X = room, x + first * n, n
                    product(plan.blas, one, (mine, k, n), N, X, T, (room, x, n), (room, A + first * k, k))
                wait_for_all(barrier, n_threads)
                if mine > 0:
                    own_A, own_B = (room, A + first * k, k), (room, B + first * k, k)
                    product(plan.blas, one, (mine, k, k), N, own_A, N, (room, A, k), own_B)
                    found, of = run(room, B + first * k, mine * k), run(room, A + first * k, mine * k)
                    for i in range(mine * k):
                        found[i] = b * of[i] + c * found[i]
                    product(plan.blas, one, (mine, n, k), N, own_B, N, (room, x, n), (room, y + first * n, n))
                    found, of = run(room, y + first * n, mine * n), run(room, x + first * n, mine * n)
                    for i in range(mine * n):
                        found[i] += a * of[i]
                wait_for_all(barrier, n_threads)
                x, y = y, x
        alpha = rate * own.rate
        keep = number(1 - alpha * (decay * own.decay))
        way = number(alpha * 0.2 * np.sqrt(np.float64(n)))
        for i in range(low, high):
            w = run(state[0], own.at + i * width, width)
            for j in range(width):
                w[j] = keep * w[j] - way * room[x + (j * rows + i if tall else i * width + j)]
        after_the_update(plan, own, state, own.at + low * width, (high - low) * width, step)
        wait_for_all(barrier, n_threads)  # the room is free
