"""The plan past this machine: what many workers would take, computed from what was measured on one.

``python benchmarks/plan.py`` prints the tables of ``docs/scale.md``; ``--write`` puts them there. What is
measured comes from ``benchmarks/scale.json``, which ``scale.py --output`` writes; the networks between the
workers are assumed, as none was at hand.

The model: a step is its share of the batch, then one ring all-reduce of the gradient, which is not
overlapped with it; of n workers each sends and receives 2 (n - 1) / n of the gradient in 2 (n - 1)
messages (Patarasuk & Yuan 2009). Where rows are streamed, each worker reads all of them.
"""

import argparse
import json
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
        f"**The batch grows with the workers**, {LOCAL:,} rows each; 1 TB of such rows is "
        f"{TERABYTE / ROW_BYTES:.2e} rows of {ROW_BYTES} bytes. Of streamed rows each worker reads all.",
        "",
        "| workers | network | traffic of each, a step | all-reduce | step | share of the products "
        "| rows a second | an epoch of 1 TB | each reads, streamed |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_grown(n, row, size, network) for n in WORKERS for network in ASSUMED),
        "",
        f"**The batch stays**, {TOGETHER:,} rows of all workers:",
        "",
        "| workers | network | step | faster than one worker | share of the products |",
        "|---|---|---|---|---|",
        *(_fixed(n, row, size, network) for n in WORKERS for network in ASSUMED),
    ]
    return "\n".join(parts)


def _grown(n: int, row: float, size: float, network: Network) -> str:
    seconds = step(n, LOCAL, row, size, network)
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
        f"{rate * ROW_BYTES / 1e6:,.0f} MB/s",
    )
    return f"| {' | '.join(cells)} |"


def _fixed(n: int, row: float, size: float, network: Network) -> str:
    alone, seconds = TOGETHER * row, step(n, TOGETHER / n, row, size, network)
    share = 100 * alone / n / seconds
    return f"| {n:,} | {network.name} | {1e3 * seconds:.1f} ms | {alone / seconds:.1f} × | {share:.0f} % |"


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
