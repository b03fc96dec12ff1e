"""The plan past this machine: what many workers would take, computed from what was measured on one.

``python benchmarks/plan.py`` prints the tables of ``docs/scale.md``; ``--write`` puts them there. What is
measured comes from ``benchmarks/scale.json``, which ``scale.py --output`` writes; the networks between the
workers are assumed, as none was at hand.

The model: a step is its share of the batch, then one ring all-reduce of the gradient, which is not
overlapped with it; of n workers each sends and receives 2 (n - 1) / n of the gradient in 2 (n - 1)
messages (Patarasuk & Yuan 2009). Where rows are streamed, the share of the busiest worker is waited for:
which rows of a window are in a batch is drawn, and each worker has those of its own row groups.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
MEASURED, PAGE = HERE / "scale.json", HERE.parent / "docs" / "scale.md"
BEGIN, END = "<!-- computed by benchmarks/plan.py -->", "<!-- end of what is computed -->"

WORKERS = (8, 64, 1024)
ROW_BYTES = 4 * 51
"""Fifty inputs and a target in float32."""

TERABYTE = 10**12
LOCAL, TOGETHER = 4096, 65_536
"""Rows of a worker in a step, where the batch grows with the workers; rows of all, where it does not."""


@dataclass(frozen=True)
class Network:
    """What is between the workers.

    Attributes
    ----------
    name : str
    bandwidth : float
        Bytes a second, each way, of each worker.
    latency : float
        Seconds of a message.
    """

    name: str
    bandwidth: float
    latency: float


PARTS = ((2, 16), (2, 2048), (8, 512), (8, LOCAL), (64, 64), (64, LOCAL), (1024, LOCAL))
"""Workers, and rows of each in a batch, of the table of the busiest one."""

ASSUMED = (
    Network("10 Gbit/s, 50 µs", 10e9 / 8, 50e-6),
    Network("100 Gbit/s, 10 µs", 100e9 / 8, 10e-6),
)


def all_reduce(n: int, size: float, network: Network) -> float:
    """Seconds of a ring all-reduce of so many bytes among n workers.

    >>> round(1e3 * all_reduce(2, 1e6, Network("", 1e9, 0.0)), 6)
    1.0
    """
    return 2 * (n - 1) * network.latency + traffic(n, size) / network.bandwidth


def traffic(n: int, size: float) -> float:
    """Bytes that each worker sends, and receives, in an all-reduce."""
    return 2 * (n - 1) / n * size


def step(n: int, rows: float, row: float, size: float, network: Network) -> float:
    """Seconds of a step in which each of n workers has so many rows, of so many seconds each."""
    return rows * row + all_reduce(n, size, network)


def busiest(n: int, rows: float) -> float:
    """Rows of a batch that the busiest of n workers has in the mean, at most; an even share is so many.

    Rows of a batch are drawn from a window, so those of a worker are hypergeometric. With B = n · rows of all
    from W in a window their variance is rows · (1 - 1/n) · (W - B) / (W - 1), and less than without the last
    factor. The largest of n numbers that are nearly Gaussian, as counts of many rows are, is in the mean less
    than √(2 ln n) deviations above theirs.

    >>> round(busiest(64, 4096)), busiest(1, 10)
    (4279, 10.0)
    """
    return rows + math.sqrt(2 * math.log(n) * rows * (1 - 1 / n))


def drawn(n: int, rows: int, batches: int = 400) -> float:
    """The same by draws, in the mean over some batches."""
    rng = np.random.default_rng(0)
    return float(rng.multinomial(n * rows, np.full(n, 1 / n), batches).max(1).mean())


def break_even(n: int, row: float, size: float, network: Network, share: float) -> float:
    """Rows of a worker from which on the products are that share of the step."""
    return share / (1 - share) * all_reduce(n, size, network) / row


def fastest(row: float, size: float, network: Network, batch: int) -> int:
    """The number of workers, as a power of two, beyond which a step of the batch gets slower."""
    counts = [2**k for k in range(17)]
    return min(counts, key=lambda n: step(n, batch / n, row, size, network))


def tables(measured: Mapping[str, Any]) -> str:
    """The page's tables."""
    workers = measured["workers"]
    size, batch = workers["all_reduce"]["bytes"], workers["batch"]
    one, two = (float(np.median(workers["seconds"][n])) for n in ("1", "2"))
    row, exchanged = one / batch, workers["all_reduce"]["seconds"]
    flags = ", ".join(measured["matrix_instructions"]) or "no instructions for bfloat16"
    parts = [
        f"Measured {measured['date']} on {measured['processor']} ({flags}), load {measured['load_before']} "
        f"before and {measured['load_after']} after, PyTorch {measured['versions']['torch']}:",
        "",
        "| what | value |",
        "|---|---|",
        f"| one worker, one thread, 50-512-512-512-2, {batch:,} rows, float32 | {1e3 * one:.1f} ms a step, "
        f"{1e6 * row:.2f} µs a row |",
        f"| two workers at the same batch | {1e3 * two:.1f} ms a step; in the same round "
        f"{workers['ratio']['ratio']:.2f} × the throughput |",
        f"| all-reduce of the gradient, {size / 1e6:.2f} MB, between two processes of this machine | "
        f"{1e3 * exchanged:.2f} ms |",
        f"| what the model says of two workers (half of the rows, and that all-reduce) | "
        f"{1e3 * (one / 2 + exchanged):.1f} ms a step |",
        "",
        f"**The batch grows with the workers**, {LOCAL:,} rows each, streamed: the busiest one is waited "
        f"for; 1 TB of such rows is {TERABYTE / ROW_BYTES:.2e} rows of {ROW_BYTES} bytes.",
        "",
        "| workers | network | traffic of each, a step | all-reduce | step | share of the products "
        "| rows a second | an epoch of 1 TB | each reads |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_grown(n, row, size, network) for n in WORKERS for network in ASSUMED),
        "",
        f"**The batch stays**, {TOGETHER:,} rows of all workers:",
        "",
        "| workers | network | step | faster than one worker | share of the products |",
        "|---|---|---|---|---|",
        *(_fixed(n, row, size, network) for n in WORKERS for network in ASSUMED),
        "",
        "**Break-even**: rows that each worker needs in a step, so that the products are that share of it; "
        f"and the number of workers beyond which a step of {TOGETHER:,} rows gets slower.",
        "",
        "| network | workers | half | nine tenths | fastest at |",
        "|---|---|---|---|---|",
        *(_even(n, row, size, network) for network in ASSUMED for n in WORKERS),
        "",
        "**Streamed rows in a batch**: what the busiest worker has, by the bound and as the mean of 400 "
        "drawn batches.",
        "",
        "| workers | rows of each | bound | drawn |",
        "|---|---|---|---|",
        *(_uneven(n, rows) for n, rows in PARTS),
    ]
    return "\n".join(parts)


def _grown(n: int, row: float, size: float, network: Network) -> str:
    seconds = step(n, busiest(n, LOCAL), row, size, network)
    rate = n * LOCAL / seconds
    cells = (
        f"{n:,}",
        network.name,
        f"{traffic(n, size) / 1e6:.2f} MB",
        f"{1e3 * all_reduce(n, size, network):.1f} ms",
        f"{1e3 * seconds:.1f} ms",
        f"{100 * LOCAL * row / seconds:.0f} %",
        f"{rate:,.0f}",
        f"{TERABYTE / ROW_BYTES / rate / 3600:.2f} h",
        f"{LOCAL / seconds * ROW_BYTES / 1e6:.1f} MB/s",
    )
    return f"| {' | '.join(cells)} |"


def _fixed(n: int, row: float, size: float, network: Network) -> str:
    alone, seconds = TOGETHER * row, step(n, TOGETHER / n, row, size, network)
    share = 100 * alone / n / seconds
    return f"| {n:,} | {network.name} | {1e3 * seconds:.1f} ms | {alone / seconds:.1f} × | {share:.0f} % |"


def _even(n: int, row: float, size: float, network: Network) -> str:
    half, most = (break_even(n, row, size, network, share) for share in (0.5, 0.9))
    best = fastest(row, size, network, TOGETHER)
    return f"| {network.name} | {n:,} | {half:,.0f} | {most:,.0f} | {best:,} workers |"


def _uneven(n: int, rows: int) -> str:
    bound, mean = busiest(n, rows), drawn(n, rows)
    percent = [f"{found:,.0f} (+{100 * (found / rows - 1):.0f} %)" for found in (bound, mean)]
    return f"| {n:,} | {rows:,} | {percent[0]} | {percent[1]} |"


def page_with(text: str, computed: str) -> str:
    """The page with its tables anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{computed}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--measured", type=Path, default=MEASURED, help="what scale.py wrote")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    asked = parser.parse_args(arguments)
    computed = tables(json.loads(asked.measured.read_text(encoding="utf-8")))
    if asked.write:
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), computed), encoding="utf-8")
    else:
        print(computed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
