"""The torch engine beside its peers, many processes, and what bfloat16 does to answers:
``python benchmarks/scale.py --help``.

As in ``speed.py`` every engine lives in a process of its own, and they work in turns; a ratio is the
peer's time ÷ ours in the same round, of which the median and the quartiles are told. What ``engine="auto"``
takes for float32 on a CPU is the compiled engine: both of our engines stand beside PyTorch. Many processes
are started anew in every round, one and two by turns.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from accuracy import accuracy, told  # noqa: E402
from deepstep.engines import describe_engines  # noqa: E402
from machine import load, machine, matrix_instructions  # noqa: E402
from race.rounds import Runner, Times, environment, times  # noqa: E402
from race.workloads import ON_GPU, WORKLOADS, Workload  # noqa: E402

PACKAGES = ("numpy", "numba", "scikit-learn", "torch")
Row: TypeAlias = tuple[str, tuple[str, ...], tuple[tuple[str, str, float | None], ...]]
ROWS: dict[str, Row] = {
    "images": (
        "float32",
        ("engine", "torch engine", "torch"),
        (("torch", "engine", 1.3), ("torch", "torch engine", None)),
    ),
    "wide": (
        "bfloat16",
        ("bfloat16", "autocast", "engine"),
        (("autocast", "bfloat16", 1.2), ("engine", "bfloat16", 3.0)),
    ),
}
"""By workload: the precision, who races, and the ratios: peer, ours, and the least that is aimed at."""

CUDA = "cuda"
ROWS_ON_CUDA: dict[str, Row] = {
    "images": (
        "float32",
        ("cuda", "cuda eager", "cuda compiled"),
        (("cuda eager", "cuda", 3.0), ("cuda compiled", "cuda", 1.2)),
    ),
    "broad": ("bfloat16", ("cuda bfloat16", "cuda products"), (("cuda products", "cuda bfloat16", 0.8),)),
}
"""The same on a GPU."""

CALLED = {
    "engine": "our compiled engine, float32",
    "torch engine": "our torch engine",
    "bfloat16": "our torch engine, bfloat16",
    "torch": "PyTorch, eager, fused Adam",
    "autocast": "PyTorch, autocast to bfloat16, fused Adam",
    "cuda": "our torch engine, CUDA",
    "cuda bfloat16": "our torch engine, CUDA, bfloat16",
    "cuda eager": "PyTorch, CUDA, eager, fused Adam",
    "cuda compiled": "PyTorch, CUDA, torch.compile(mode='reduce-overhead'), fused Adam",
    "cuda products": "its matrix products alone",
}
HEADER = "\n| work | peer ÷ ours | ratio (quartiles) | aimed at |\n|---|---|---|---|"
WORKERS = "workers"
BATCH, GOAL_OF_TWO = 4096, 1.7


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    result: dict[str, Any] = {
        **machine(PACKAGES, asked.threads),
        "matrix_instructions": matrix_instructions(),
        "rounds": asked.rounds,
        "rows": {},
    }
    flags = ", ".join(result["matrix_instructions"]) or "neither amx_bf16 nor avx512_bf16"
    print(
        f"{result['date']}, {result['processor']}, {flags}; {asked.threads} threads; load {load()}",
        flush=True,
    )
    if not asked.only_accuracy:
        print(HEADER, flush=True)
        for name in asked.rows:
            if name == WORKERS:
                result["workers"] = _workers(asked)
            elif name == CUDA:
                result["cuda"] = _on_cuda(asked)
            else:
                result["rows"][name] = _row(WORKLOADS[name], ROWS[name], asked)
    if asked.accuracy or asked.only_accuracy:
        result["accuracy"] = accuracy(asked.seeds, quick=asked.quick)
        print("\n" + told(result["accuracy"]))
    result["load_after"] = load()
    if asked.output:
        Path(asked.output).write_text(
            json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="processors of each engine")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.4, help="work of each engine in a round")
    parser.add_argument("--rows", nargs="+", choices=[*ROWS, WORKERS, CUDA], default=[*ROWS, WORKERS, CUDA])
    parser.add_argument("--accuracy", action="store_true", help="after bfloat16 and float32, too")
    parser.add_argument("--only-accuracy", action="store_true", help="that alone")
    parser.add_argument("--seeds", type=int, default=5, help="of each precision, for --accuracy")
    parser.add_argument("--quick", action="store_true", help="tiny rounds: whether it works, not how fast")
    parser.add_argument("--output", help="where results go as JSON")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.rounds, asked.seconds, asked.seeds = 1, 0.01, 1
    return asked


def _on_cuda(asked: argparse.Namespace) -> dict[str, Any] | None:
    """The rows of a GPU, with what it is; None where there is none."""
    gpu = next((one for one in describe_engines() if one.name == "torch:cuda"), None)
    if gpu is None or not gpu.available:
        print(f"\nNo rows of CUDA: {gpu.note if gpu else 'PyTorch is not installed'}.")
        return None
    print(f"\n{gpu.device}; {gpu.note or 'CUDA'}:\n{HEADER}", flush=True)
    known = WORKLOADS | ON_GPU
    rows = {name: _row(known[name], row, asked) for name, row in ROWS_ON_CUDA.items()}
    return {"device": gpu.device, "note": gpu.note, "rows": rows}


def _row(workload: Workload, row: Row, asked: argparse.Namespace) -> dict[str, Any]:
    """Times and ratios of a workload."""
    precision, racing, pairs = row
    with ExitStack() as stack:
        runners = [stack.enter_context(Runner(one, asked.threads)) for one in racing]
        for runner in runners:
            runner.ask("open", workload=workload.name)
        found = times(runners, workload, n_rounds=asked.rounds, seconds=asked.seconds)
    ratios = []
    for peer, ours, goal in pairs:
        quotient = np.array(found[peer].seconds) / np.array(found[ours].seconds)
        ratios.append({"peer": CALLED[peer], "ours": CALLED[ours], "goal": goal, **_middle(quotient)})
        print(_line(f"{workload.title}, {precision}", ratios[-1]), flush=True)
    return {"times": {CALLED[one]: _times(found[one]) for one in racing}, "ratios": ratios}


def _workers(asked: argparse.Namespace) -> dict[str, Any]:
    """One worker and two at the same batch, by turns."""
    batch, steps = (64, 2) if asked.quick else (BATCH, 10)
    taken: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(max(1, asked.rounds // 3)):
        for n, found in taken.items():
            found.append(_by_torchrun(n, batch, steps))
    one, two = (np.array([each["seconds"] for each in taken[n]]) for n in (1, 2))
    ratio = {
        "peer": "1 process × 1 thread",
        "ours": "2 processes × 1 thread, gloo",
        "goal": GOAL_OF_TWO,
        **_middle(one / two),
    }
    print(_line(f"50-512-512-512-2, batch {batch} of all, adam, float32", ratio), flush=True)
    exchange = float(np.median([each["all_reduce"] for each in taken[2]]))
    print(
        f"\nAn all-reduce of {taken[2][0]['bytes']:,} bytes between two processes: {1e3 * exchange:.2f} ms."
    )
    return {
        "batch": batch,
        "seconds": {n: [each["seconds"] for each in found] for n, found in taken.items()},
        "all_reduce": {"bytes": taken[2][0]["bytes"], "seconds": exchange},
        "ratio": ratio,
    }


def _by_torchrun(n: int, batch: int, steps: int) -> dict[str, float]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"]
    script = [str(HERE / "race" / "workers.py"), str(batch), str(steps)]
    given = environment(1) | {"GLOO_SOCKET_IFNAME": "lo"}
    ran = subprocess.run([*command, *script], env=given, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"{n} workers failed:\n{ran.stderr}")
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def _times(found: Times) -> dict[str, Any]:
    return {"median": found.median, "rounds": list(found.seconds)}


def _middle(ratios: np.ndarray) -> dict[str, float]:
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return {"ratio": float(middle), "low": float(low), "high": float(high)}


def _line(work: str, found: Mapping[str, Any]) -> str:
    goal = "" if found["goal"] is None else f"≥ {found['goal']}"
    ratio = f"{found['ratio']:.2f} ({found['low']:.2f}–{found['high']:.2f})"
    return f"| {work} | {found['peer']} ÷ {found['ours']} | {ratio} | {goal} |"


if __name__ == "__main__":
    sys.exit(main())
