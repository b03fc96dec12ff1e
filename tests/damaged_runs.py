"""Loads damaged and forged run folders and prints what came of it; run by ``test_damaged_runs.py``.

PYTHONPATH=tests python tests/damaged_runs.py FIRST LAST
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import polars
import tomli_w

from damage import as_text, damaged, forge, in_order, survey
from deepstep.data.files import RUN_MARK
from deepstep.errors import DeepStepError, FileError
from deepstep.run import FILES, Run
from deepstep.run_folder import config_digest


def make_table(folder):
    """A table with numbers and categories."""
    rng = np.random.RandomState(0)
    n = 60
    columns = {"size": rng.standard_normal(n), "kind": rng.choice(["a", "b", "c"], n)}
    table = polars.DataFrame({**columns, "y": rng.choice(["no", "yes"], n)})
    table.write_csv(folder / "table.csv")
    return table


def make(folder):
    """A run on a table, made by the command line."""
    table = make_table(folder)
    typed = ["train", "table.csv", "--target", "y", "--out", "run", "--epochs", "2", "--seed", "1"]
    subprocess.run([sys.executable, "-m", "deepstep", *typed], cwd=folder, check=True, capture_output=True)
    run = folder / "run"
    records = [{**json.loads(line), "seconds": 0.0} for line in (run / "history.jsonl").open()]
    (run / "history.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    model = run / "model.safetensors"
    model.write_bytes(in_order(model.read_bytes()))
    reseal(run, FILES)  # the same files in every run
    return run, table


def reseal(folder, files):
    """Checksums of what is there now."""
    config = tomllib.loads((folder / RUN_MARK).read_text())
    config["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}
    config["sha256"] = config_digest(config)
    (folder / RUN_MARK).write_text(tomli_w.dumps(config))


def tree_of(text, name):
    """The values of TOML, of JSON lines, or of one JSON text as a list of one."""
    if name.endswith("toml"):
        return tomllib.loads(text)
    return [json.loads(line) for line in (text.splitlines() if name.endswith("jsonl") else [text])]


def change(folder, number, files=FILES):
    """Damage or forge one of the files; whether all checksums were made to fit."""
    rng = np.random.RandomState(number)
    name = (*files, RUN_MARK)[number % (len(files) + 1)]
    path = folder / name
    if name.endswith("safetensors") or rng.randint(3) == 0:
        path.write_bytes(damaged(path.read_bytes(), rng))
        return False
    tree = tree_of(path.read_text(), name)
    forge(tree, rng)
    try:
        if name.endswith("toml"):
            text = tomli_w.dumps(tree)
        else:
            text = "\n".join(as_text(entry, rng) for entry in tree) + "\n"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        reseal(folder, files)
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
    if not sealed:
        assert run.network.parameters == Run.load(whole).network.parameters
        return "loaded as it was"
    try:
        run.predict(table)
    except DeepStepError:
        return "loaded, refuses to predict"
    return "loaded"


def main(first, last):
    with tempfile.TemporaryDirectory() as folder:
        whole, table = make(Path(folder))
        path = Path(folder) / "mutant"
        Run.load(whole).predict(table)
        numbers = range(first, last)
        cases = ((str(n), lambda n=n: load(n, whole, table, path)) for n in numbers)
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
