"""Products of an ensemble's members one after another beside one batched product of all.

What a batched ensemble could save on this processor: layers of 128 units, in float32, one thread, rounds of
both in turn. Prints time one by one ÷ time batched, by NumPy's `matmul` over a stack and by PyTorch's `bmm`.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))

from machine import machine  # noqa: E402

UNITS, ROUNDS = 128, 21


def main() -> None:
    torch.set_num_threads(1)
    print(machine(("numpy", "torch"), 1))
    print(f"{'members':>8}{'batch':>8}{'NumPy':>8}{'PyTorch':>9}   (quartiles)")
    for members in (5, 25):
        for batch in (32, 64, 128, 256):
            numpy, pytorch = (_ratios(members, batch, kind) for kind in (np.matmul, torch.bmm))
            shown = "  ".join(f"{q[0]:.2f}–{q[2]:.2f}" for q in (numpy, pytorch))
            print(f"{members:8}{batch:8}{numpy[1]:8.2f}{pytorch[1]:9.2f}   ({shown})")


def _ratios(members: int, batch: int, batched: Callable[..., object]) -> list[float]:
    """Quartiles of one by one ÷ batched."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal((members, UNITS, UNITS), np.float32)
    A = rng.standard_normal((members, UNITS, batch), np.float32)
    Z = np.empty((members, UNITS, batch), np.float32)
    stacks = [torch.from_numpy(one) if batched is torch.bmm else one for one in (W, A, Z)]

    def one_by_one() -> None:
        for w, a, z in zip(W, A, Z, strict=True):
            np.matmul(w, a, out=z)

    def all_at_once() -> None:
        batched(stacks[0], stacks[1], out=stacks[2])

    repeats = max(1, 100_000 // (members * batch))
    return statistics.quantiles(
        [_seconds(one_by_one, repeats) / _seconds(all_at_once, repeats) for _ in range(ROUNDS)], n=4
    )


def _seconds(work: Callable[[], None], repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
