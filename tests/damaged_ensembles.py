"""Loads damaged and forged runs of ensembles and prints what came of it; run by ``test_damaged_runs.py``.

PYTHONPATH=tests python tests/damaged_ensembles.py FIRST LAST
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from damage import survey
from damaged_runs import change, make_table
from deepstep.errors import DeepStepError, FileError
from deepstep.estimators import EnsembleRun

MEMBERS = tuple(
    f"members/{name}.{kind}" for name in ("00-gated-0", "01-gated-1") for kind in ("safetensors", "jsonl")
)
FILES = ("ensemble.json", "preparation.json", "examples.safetensors", *MEMBERS)


def make(folder):
    """A run of a small ensemble, made by the command line."""
    table = make_table(folder)
    typed = ["train", "table.csv", "--target", "y", "--out", "run", "--n-estimators", "2"]
    subprocess.run([sys.executable, "-m", "deepstep", *typed], cwd=folder, check=True, capture_output=True)
    return folder / "run", table


def load(number, whole, table, path):
    """Whether the folder is refused; if it is loaded, it has to be right, and it predicts or refuses to."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    sealed = change(path, number, FILES)
    try:
        run = EnsembleRun.load(path)
    except FileError as error:
        return "refused" if len(str(error)) < 1500 else "refused at length"
    try:
        found = run.predict(table)
    except DeepStepError:
        return "loaded, refuses to predict"
    if not sealed:
        assert (found.probabilities == EnsembleRun.load(whole).predict(table).probabilities).all()
        return "loaded as it was"
    return "loaded"


def main(first, last):
    with tempfile.TemporaryDirectory() as folder:
        whole, table = make(Path(folder))
        path = Path(folder) / "mutant"
        EnsembleRun.load(whole).predict(table)
        numbers = range(first, last)
        cases = ((str(n), lambda n=n: load(n, whole, table, path)) for n in numbers)
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
