"""The runs of this folder were written by this script and commit 9091ce8 (0.2); later versions read them.

git worktree add ../old 9091ce8 && PYTHONPATH=../old/src python tests/old_runs/write.py
"""

import json
import subprocess
import sys
from pathlib import Path

HERE, TARGETS = Path(__file__).parent, ("weight", "species", "wild", "large")
ONE = ("--recipe", "plain", "--hidden", "4", "--epochs", "6", "--learning-rate", "0.05")
RUNS = {
    "network-classes": ("species", *ONE),
    "network-numbers": ("weight", *ONE, "--normalization", "batch", "--patience", "3"),
    "network-labels": ("wild", "--target", "large", *ONE, "--loss", "cross_entropy"),
    "network-quantiles": ("weight", *ONE, "--loss", "quantile"),
    "committee-classes": ("species", "--members", "2"),
    "committee-numbers": ("weight", "--members", "2"),
    "committee-shared": ("species", "--recipe", "shared", "--members", "1"),
}


def deepstep(*arguments):
    subprocess.run([sys.executable, "-m", "deepstep", *arguments], cwd=HERE, check=True)


def main():
    for name, (target, *options) in RUNS.items():
        others = [one for one in TARGETS if one not in (target, *options)]
        drop = [part for other in others for part in ("--drop", other)]
        command = ["train", "animals.csv", "--target", target, *options, *drop, "--out", name, "--seed", "3"]
        deepstep(*command)
        deepstep("predict", name, "animals.csv", "--output", f"{name}.csv")
        (HERE / f"{name}.json").write_text(json.dumps(command), encoding="utf-8")


if __name__ == "__main__":
    main()
