"""Write the runs of this folder, with the version of DeepStep that wrote them: commit 9091ce8 (0.2).

    git worktree add ../old 9091ce8 && PYTHONPATH=../old/src python tests/old_runs/write.py

They are not written again: later versions read them as they are.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).parent
ONE = ("--recipe", "plain", "--hidden", "4", "--epochs", "6", "--learning-rate", "0.05")
SEVERAL = ("--members", "2")
RUNS = {
    "network-classes": ("species", *ONE),
    "network-numbers": ("weight", *ONE, "--normalization", "batch", "--patience", "3"),
    "network-labels": ("wild", "--target", "large", *ONE, "--loss", "cross_entropy"),
    "network-quantiles": ("weight", *ONE, "--loss", "quantile"),
    "committee-classes": ("species", *SEVERAL),
    "committee-numbers": ("weight", *SEVERAL),
    "committee-shared": ("species", "--recipe", "shared", "--members", "1"),
}


def table(m=48):
    """A table with numbers, texts, dates and gaps."""
    rng = np.random.default_rng(1)
    length, kind = rng.normal(10, 3, m).round(2), rng.choice(["short", "long", "curled"], m)
    day = np.datetime64("2024-01-01") + rng.integers(0, 700, m)
    weight = (2 * length + (kind == "long") * 5 + rng.normal(0, 1, m)).round(2)
    return pl.DataFrame(
        {
            "length": [None if i % 11 == 0 else float(x) for i, x in enumerate(length)],
            "hair": [None if i % 13 == 0 else str(x) for i, x in enumerate(kind)],
            "born": day.astype("datetime64[D]").astype(str),
            "legs": rng.integers(2, 5, m),
            "weight": weight,
            "species": np.where(weight > 22, "cat", np.where(kind == "curled", "sheep", "mouse")),
            "wild": np.where(rng.random(m) < 0.5, "yes", "no"),
            "large": np.where(weight > 20, "yes", "no"),
        }
    )


def main():
    table().write_csv(HERE / "animals.csv")
    targets = ("weight", "species", "wild", "large")
    for name, (target, *options) in RUNS.items():
        shutil.rmtree(HERE / name, ignore_errors=True)
        own = {target, *(options[at + 1] for at, text in enumerate(options) if text == "--target")}
        drop = [part for other in targets if other not in own for part in ("--drop", other)]
        command = ["train", "animals.csv", "--target", target, *options, *drop, "--out", name, "--seed", "3"]
        deepstep(*command)
        deepstep("predict", name, "animals.csv", "--output", f"{name}.csv")
        (HERE / f"{name}.json").write_text(json.dumps(command), encoding="utf-8")


def deepstep(*arguments):
    subprocess.run([sys.executable, "-m", "deepstep", *arguments], cwd=HERE, check=True)


if __name__ == "__main__":
    main()
