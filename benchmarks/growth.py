"""How a step's time grows with width, depth, batch and examples: ``python benchmarks/growth.py
growth.png``.

The compiled engine beside the floor (the step's matrix products alone), in turn in one process. Every
point is a median of short turns. The largest point needs less than 3 GB.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from deepstep.engines import Settings, open_session  # noqa: E402
from deepstep.equations import initialize_parameters  # noqa: E402
from deepstep.network import Architecture  # noqa: E402
from deepstep.preparation.batches import Examples  # noqa: E402
from race.entrants.products import Floor  # noqa: E402

INPUTS, OUTPUTS, BATCH = 50, 2, 256


@dataclass(frozen=True)
class Point:
    """A network and its examples."""

    at: int
    hidden: tuple[int, ...]
    batch: int = BATCH
    n_examples: int = 0

    @property
    def layer_dims(self) -> tuple[int, ...]:
        return (INPUTS, *self.hidden, OUTPUTS)


def _powers(low: int, high: int, factor: int = 2) -> list[int]:
    found = [low]
    while found[-1] * factor <= high:
        found.append(found[-1] * factor)
    return found


GROWTHS = {
    "width (two hidden layers, batch 256)": [Point(n, (n, n)) for n in _powers(64, 4096)],
    "depth (hidden layers of 128, batch 256)": [Point(n, (128,) * n) for n in _powers(1, 64)],
    "batch (50-256-256-2)": [Point(n, (256, 256), n) for n in _powers(1, 8192)],
    "examples (50-64-2, batch 256, shuffled)": [
        Point(n, (64,), n_examples=n) for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    ],
}


def step_times(point: Point, *, turns: int, seconds: float) -> tuple[float, float]:
    """Seconds of a step of the compiled engine, and of its products alone."""
    rng = np.random.default_rng(0)
    m = max(point.n_examples, 2 * point.batch, 1000)
    X = rng.standard_normal((m, INPUTS), np.float32)
    Y = np.eye(OUTPUTS, dtype=np.float32)[(X[:, 0] > 0).astype(int)]
    architecture = Architecture(point.layer_dims, ("relu",) * len(point.hidden) + ("softmax",))
    parameters = initialize_parameters(point.layer_dims, method="he", rng=rng).astype(np.float32)
    session, examples = open_session("compiled", architecture, parameters, Settings("adam")), Examples(X, Y)
    order, whole = rng.permutation(m), m // point.batch
    done = 0

    def steps(count: int) -> None:
        """The next batches, as they come in an epoch; a call for each epoch."""
        nonlocal done
        while count:
            first = done % whole
            now = min(count, whole - first)
            one = np.ones(now)
            session.steps(
                examples, order=order, batch_size=point.batch, numbers=range(first, first + now),
                learning_rate=1e-5 * one, weight_decay=one, dropout=one,
            )  # fmt: skip
            done, count = done + now, count - now

    floor = Floor(point.layer_dims, point.batch)
    both = steps, floor.steps
    counts = [_count(work, seconds) for work in both]
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for work, count, found in zip(both, counts, taken, strict=True):
            begin = perf_counter()
            work(count)
            found.append((perf_counter() - begin) / count)
    return median(taken[0]), median(taken[1])


def _count(work: Callable[[int], None], seconds: float) -> int:
    """Steps that take about so long."""
    work(1)
    begin = perf_counter()
    work(2)
    each = (perf_counter() - begin) / 2
    return max(1, round(seconds / each))


def plot(found: dict[str, list[tuple[int, float, float]]], path: Path) -> None:
    """One panel for each growth, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        1, len(found), figsize=(4.2 * len(found), 3.8), layout="constrained", squeeze=False
    )
    for number, (axis, (title, rows)) in enumerate(zip(axes[0], found.items(), strict=True)):
        at, ours, floor = np.array(rows).T
        axis.loglog(at, 1e6 * ours, "o-", color="#1f5fa8", markersize=4, label="compiled engine")
        axis.loglog(at, 1e6 * floor, "s--", color="#8a8a8a", markersize=3.5, label="its products alone")
        axis.set_title(title, fontsize=9.5)
        axis.set_xlabel(title.split(" (")[0])
        axis.grid(which="major", alpha=0.3)
        low, high = axis.get_ylim()
        if high < 100 * low:  # a flat line looks flat
            middle = (low * high) ** 0.5
            axis.set_ylim(middle / 10, middle * 10)
        if number == 0:
            axis.set_ylabel("time of a step, µs")
            axis.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture", type=Path, help="where the plot goes")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.05, help="of a turn")
    asked = parser.parse_args(arguments)
    found = {}
    for title, points in GROWTHS.items():
        print(f"{title}\n{'':>9}{'step, µs':>12}{'products':>12}{'share':>7}")
        found[title] = []
        for point in points:
            ours, floor = step_times(point, turns=asked.turns, seconds=asked.seconds)
            found[title].append((point.at, ours, floor))
            print(f"{point.at:>9}{1e6 * ours:12.1f}{1e6 * floor:12.1f}{floor / ours:7.2f}", flush=True)
    plot(found, asked.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
