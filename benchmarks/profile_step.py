"""Where the time of a training step goes, on one thread: ``python benchmarks/profile_step.py``.

Each phase of the compiled engine's step is repeated alone on the arrays of a real training; what a phase
takes beyond its matrix products is the work on single numbers: bias and activation, slopes, the optimizer.
The products, which are OpenBLAS's, stand beside those of NumPy and torch of the same shape and
transposition, on the same arrays. Times are the least of several of this thread's own, so that other programs
disturb little.
"""

import os

for limit in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is loaded
    os.environ[f"{limit}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from itertools import pairwise  # noqa: E402
from pathlib import Path  # noqa: E402
from time import thread_time  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from numba import njit  # noqa: E402

from deepstep.engines.compiled import session as sessions  # noqa: E402
from deepstep.engines.compiled.gradient import gradient_and_update  # noqa: E402
from deepstep.engines.compiled.layout import Batch  # noqa: E402
from deepstep.engines.compiled.lowering import stride_for  # noqa: E402
from deepstep.engines.compiled.machine import N, T, blas_address, product  # noqa: E402
from deepstep.engines.compiled.step import (  # noqa: E402
    _gather,
    backward_pass,
    forward_pass,
    losses,
)
from machine import machine  # noqa: E402
from race.entrants.compiled import Entrant  # noqa: E402
from race.entrants.network_train import Entrant as Public  # noqa: E402
from race.workloads import WORKLOADS, Workload  # noqa: E402

PHASES = "gather", "forward", "loss", "backward", "update"
LIBRARIES = "OpenBLAS", "NumPy", "torch"
ROUNDS, SECONDS = 9, 0.03


@njit(nogil=True, error_model="numpy")
def repeat(
    phase, times, batch, source, first, plans, layers, parameters, levels, data, state, statistics, progress,
    work, embedded,
):  # fmt: skip
    """One phase of a step so many times."""
    plan, theta, barrier = plans[0], state[0], np.zeros(24, np.int64)
    for _ in range(times):
        if phase == 0:
            _gather(plan, layers, data, work, batch, 0)
        elif phase == 1:
            forward_pass(0, barrier, plan, layers, theta, source, first, work, batch)
        elif phase == 2:
            losses(plan, layers, levels, data.weight.size > 0, work, batch)
        elif phase == 3:
            backward_pass(0, barrier, plan, layers, theta, work, embedded, batch)
        else:
            gradient_and_update(0, plan, layers, parameters, state, source, first, work, batch)


@njit(nogil=True, error_model="numpy")
def multiply(times, gemm, shape, ta, A, tb, B, C):
    """One product so many times."""
    for _ in range(times):
        product(gemm, np.float32(1), shape, ta, A, tb, B, C)


class Product(NamedTuple):
    """A product of a step: rows, columns and terms; which factors are turned; and the strides of rows."""

    phase: str
    name: str
    shape: tuple[int, int, int]
    turned: tuple[bool, bool]
    leading: tuple[int, int, int]


def products_of(workload: Workload, turned_inputs: bool) -> list[Product]:
    """The products of a step as the engine asks for them."""
    m, found = workload.batch, []
    stride = stride_for(m)
    for l, (p, n) in enumerate(pairwise(workload.layer_dims), 1):
        rows = l == 1 and not turned_inputs  # the inputs are rows of examples
        ld = p if rows else stride
        found.append(Product("forward", f"Z{l}", (n, m, p), (False, rows), (p, ld, stride)))
        if l > 1:
            found.append(Product("backward", f"dA{l - 1}", (p, m, n), (True, False), (p, stride, stride)))
        found.append(Product("update", f"dW{l}", (n, p, m), (False, not rows), (stride, ld, p)))
    return found


def best(*ways: Callable[[int], Any]) -> list[float]:
    """Least seconds of each way to do something so many times, taken in turn."""
    counts, took = [], [[] for _ in ways]
    for way in ways:
        way(1)
        begin = thread_time()
        way(2)
        counts.append(max(1, int(2 * SECONDS / max(thread_time() - begin, 1e-7))))
    for _ in range(ROUNDS):
        for way, count, each in zip(ways, counts, took, strict=True):
            begin = thread_time()
            way(count)
            each.append((thread_time() - begin) / count)
    return [min(each) for each in took]


def times_of(product_: Product) -> list[float]:
    """Seconds of a product by each of `LIBRARIES`."""
    import torch

    torch.set_num_threads(1)
    (rows, columns, inner), (ta, tb), (lda, ldb, ldc) = product_.shape, product_.turned, product_.leading
    stored = (
        (inner, rows, lda) if ta else (rows, inner, lda),
        (columns, inner, ldb) if tb else (inner, columns, ldb),
    )
    rng, flat, views = np.random.default_rng(0), [], []
    for (lines, length, ld), turned in zip((*stored, (rows, columns, ldc)), (ta, tb, False), strict=True):
        flat.append(rng.normal(size=lines * ld).astype(np.float32))
        view = flat[-1].reshape(lines, ld)[:, :length]
        views.append(view.T if turned else view)
    given = (
        product_.shape,
        T if ta else N,
        (flat[0], 0, lda),
        T if tb else N,
        (flat[1], 0, ldb),
        (flat[2], 0, ldc),
    )
    tensors = [torch.from_numpy(view) for view in views]

    def numpy_times(times: int) -> None:
        for _ in range(times):
            np.matmul(*views[:2], out=views[2])

    def torch_times(times: int) -> None:
        for _ in range(times):
            torch.mm(*tensors[:2], out=tensors[2])

    return best(
        lambda times: multiply(times, blas_address(np.float32), *given),
        numpy_times,
        torch_times,
    )


def phases(workload: Workload) -> tuple[dict[str, float], bool]:
    """Seconds of each phase, of a step of the engine and of one of `Network.train`; whether X is turned."""
    entrant, caught, real = Entrant(workload), [], sessions.train

    def train(*given: Any) -> None:
        caught[:] = given
        real(*given)

    sessions.train = train
    try:
        entrant.work(1)
    finally:
        sessions.train = real
    given, rates = tuple(caught[2:12]), caught[12]
    plan, data, work = given[0][0], given[4], given[8]
    m, step = int(plan["batch_size"]), int(plan["steps_done"]) + 1
    source = data.X if data.order.size == 0 and not plan["turned"] else work.inputs
    batch = Batch(m, float(m), 0, m, work.rows.shape[1], step, *(float(rate) for rate in rates[:, 0]))
    ways = [lambda times, k=k: repeat(k, times, batch, source, 0, *given) for k in range(len(PHASES))]
    found = dict(zip(PHASES, best(*ways), strict=True))
    if workload.batch_size is None:
        found["gather"] = 0.0  # once a call
    units = max(1, int(0.15 / (sum(found.values()) * workload.steps_of_a_unit)))
    entrant, public = Entrant(workload), Public(workload)
    entrant.work(1)
    public.work(workload.checked)
    entrant.orders.draw(ROUNDS * units if workload.batch_size else 0)
    took = []
    for _ in range(ROUNDS):
        took.append([])
        for each in (entrant, public):
            begin = thread_time()
            each.work(units)
            took[-1].append((thread_time() - begin) / units / workload.steps_of_a_unit)
    found["step"], found["train"] = np.min(took, axis=0).tolist()
    return found, bool(plan["turned"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    names = [name for name, workload in WORKLOADS.items() if not workload.rows and name != "cats"]
    parser.add_argument("--workloads", nargs="+", choices=names, default=names)
    asked = parser.parse_args()
    told = machine(("numpy", "numba", "torch"), 1)
    print(f"{told['date']}, {told['processor']}, one thread, float32, load {told['load_before']}\n")
    rows, parts = [], []
    for name in asked.workloads:
        workload = WORKLOADS[name]
        took, turned = phases(workload)
        own = dict.fromkeys(PHASES, 0.0)
        for each in products_of(workload, turned):
            seconds = times_of(each)
            own[each.phase] += seconds[0]
            shape = "×".join(map(str, each.shape)) + " " + "".join("NT"[way] for way in each.turned)
            rates = (f"{2e-9 * np.prod(each.shape, dtype=float) / s:.0f}" for s in seconds)
            rows.append(f"| {name} {each.name} | {shape} | {seconds[0] * 1e6:.4g} | {' | '.join(rates)} |")
        rest = {phase: took[phase] - own[phase] for phase in PHASES}
        columns = (
            took["train"], took["step"], sum(own.values()), rest["forward"], rest["loss"], rest["backward"],
            rest["update"], rest["gather"], took["step"] - sum(took[phase] for phase in PHASES),
        )  # fmt: skip
        parts.append(f"| {name} | " + " | ".join(f"{value * 1e6:.3g}" for value in columns) + " |")
        print(f"{name}: done", file=sys.stderr, flush=True)
    heads = (
        "`Network.train`",
        "engine",
        "products",
        "bias, activation",
        "loss",
        "slopes",
        "update",
        "gather",
    )
    print(f"| µs a step | {' | '.join(heads)} | rest |")
    print("|" + "---|" * 10)
    print("\n".join(parts))
    print(f"\n| product | shape | µs | {' | '.join(f'{name}, GFLOP/s' for name in LIBRARIES)} |")
    print("|" + "---|" * 6)
    print("\n".join(rows))


if __name__ == "__main__":
    main()
