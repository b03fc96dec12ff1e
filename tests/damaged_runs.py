"""Loads damaged and forged run folders and prints what came of it; run by ``test_run.py``.

Files of the model in such a folder are damaged by ``test_archive.py``.

PYTHONPATH=tests python tests/damaged_runs.py FIRST LAST
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars

from archive_examples import reseal
from damage import as_text, damaged, forge, survey, with_other_header, with_other_numbers
from deepstep import DeepClassifier
from deepstep.data.own_folders import MODEL_MARK, RUN_MARK
from deepstep.errors import DeepStepError, FileError
from deepstep.held_out import HeldOut
from deepstep.run import Run


def make(folder):
    """The run of an ensemble on a table with numbers and categories."""
    rng = np.random.RandomState(0)
    columns = {"size": rng.standard_normal(60), "kind": rng.choice(["a", "b", "c"], 60)}
    table, y = polars.DataFrame(columns), rng.choice(["no", "yes"], 60)
    model = DeepClassifier(n_estimators=2, network_params={"epochs": 2}, random_state=1).fit(table, y)
    run = Run.of(model, {"target": "y", "task": "binary"}, rows=table, labels=y)
    run.held_out = HeldOut.of(run, table, y, part="test", source="t.csv")
    run.save(folder)
    return table


FILES = (RUN_MARK, "rows.safetensors", MODEL_MARK, "arrays.safetensors")


def change(folder, number):
    """Damage or forge one of the files; whether all checksums were made to fit."""
    rng = np.random.RandomState(number)
    which = number % len(FILES)
    path, mark = folder / FILES[which], RUN_MARK if which < 2 else MODEL_MARK
    if rng.randint(3) == 0:
        path.write_bytes(damaged(path.read_bytes(), rng))
        return False
    try:
        if path.name != mark:
            way = with_other_numbers if rng.randint(2) else with_other_header
            path.write_bytes(way(path.read_bytes(), rng))
        is_mark = path.name == mark
        reseal(
            folder, lambda values: is_mark and forge(values, rng), lambda values: as_text(values, rng), mark
        )
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError):
        return False
    return True


def load(number, whole, table, path):
    """Whether the folder is refused; if it is loaded, it has to be right, and it predicts or refuses to."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    sealed = change(path, number)
    try:
        run = Run.load(path)
    except FileError as error:
        return "refused" if len(str(error)) < 1500 else "refused at length"
    try:
        told = run.predict(table)
    except DeepStepError:
        return "loaded, refuses to predict"
    if not sealed:
        assert (told.probabilities == Run.load(whole).predict(table).probabilities).all()
        return "loaded as it was"
    return "loaded"


def main(first, last):
    with tempfile.TemporaryDirectory() as folder:
        whole, path = Path(folder) / "run", Path(folder) / "mutant"
        table = make(whole)
        Run.load(whole).predict(table)
        numbers = range(int(first), int(last))
        cases = ((str(n), lambda n=n: load(n, whole, table, path)) for n in numbers)
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
