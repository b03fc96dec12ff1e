"""Time from the start of a process to its first prediction: ``python benchmarks/first_prediction.py``.

Prints medians over fresh interpreters, taken in turn, of the time and of the processor's time in it; kernels
are compiled before.
"""

import subprocess
import sys
import tempfile
from os import times
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from deepstep import DeepClassifier, Network

RUNS = 9
PROGRAMS = {
    "python alone": "",
    "import numpy": "import numpy",
    "a forward pass of the lecture": (
        "import numpy; from deepstep.lecture import L_model_fp, init_params; "
        "L_model_fp(numpy.ones((1, 1)), init_params(1, 2, 1))"
    ),
    "Network, 50-256-256-1": (
        "import numpy; from deepstep import Network; Network.load('network').forward(numpy.zeros((50, 1)))"
    ),
    "Run, the default ensemble": (
        "import polars; from deepstep import Run; "
        "Run.load('run').predict(polars.DataFrame({f'x{at}': [0.5] for at in range(10)}))"
    ),
    "DeepClassifier, the default ensemble": (
        "import numpy; from deepstep import DeepClassifier; "
        "DeepClassifier.load('run').predict(numpy.zeros((1, 10)))"
    ),
}


def seconds(program: str, folder: Path) -> tuple[float, float]:
    """The time of a fresh interpreter that runs a program, and the processor's time."""
    before, begun = times(), perf_counter()
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
    after, ended = times(), perf_counter()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return ended - begun, worked


def main() -> int:
    """Train the models, then take the times."""
    rng = np.random.RandomState(1)
    X = rng.normal(size=(1_000, 10))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        DeepClassifier(random_state=1).fit(X, (X[:, 0] > X[:, 1]).astype(int)).save(folder / "run")
        Network([50, 256, 256, 1], seed=1).save(folder / "network")
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
        for _ in range(RUNS + 1):
            for name, program in PROGRAMS.items():
                found[name].append(seconds(program, folder))
    for name, pairs in found.items():
        taken, worked = (
            1e3 * median(values) for values in zip(*pairs[1:], strict=True)
        )  # the first warms the disk
        print(f"{name:<38}{taken:>8.0f} ms{worked:>8.0f} ms of the processor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
