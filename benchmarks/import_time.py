"""What ``import deepstep`` costs beside numpy alone: ``python benchmarks/import_time.py``.

Prints medians over fresh interpreters, taken in turn, and ends with exit code 1 above 150 ms.
"""

import subprocess
import sys
from statistics import median

LIMIT, RUNS = 0.150, 15
STATEMENTS = ("import numpy", "import numpy, deepstep", "from deepstep import Network")


def seconds(statement: str) -> float:
    """The time that a statement takes in a fresh interpreter, without the interpreter's own start."""
    code = f"from time import perf_counter; t = perf_counter()\n{statement}\nprint(perf_counter() - t)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def main() -> int:
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(RUNS + 1):
        for statement in STATEMENTS:
            times[statement].append(seconds(statement))
    medians = {
        statement: median(values[1:]) for statement, values in times.items()
    }  # the first warms the disk
    base = medians[STATEMENTS[0]]
    for statement, value in medians.items():
        print(f"{statement:<30} {1e3 * value:7.1f} ms   {1e3 * (value - base):+7.1f} ms")
    extra = medians[STATEMENTS[1]] - base
    print(
        f"import deepstep costs {1e3 * extra:.1f} ms more than numpy alone; the limit is {1e3 * LIMIT:.0f} ms"
    )
    return int(extra > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
