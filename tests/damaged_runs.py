"""Loads damaged and forged run folders and prints what came of it; run by ``test_damaged_runs.py``.

PYTHONPATH=tests python tests/damaged_runs.py PRESET FIRST LAST
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

from archive_examples import reseal as reseal_model
from damage import as_text, damaged, forge, survey
from deepstep import DeepClassifier
from deepstep.data.files import RUN_MARK
from deepstep.errors import DeepStepError, FileError
from deepstep.run import Run
from deepstep.run_folder import config_digest


def make_table(folder):
    """A table with numbers and categories."""
    rng = np.random.RandomState(0)
    n = 60
    columns = {"size": rng.standard_normal(n), "kind": rng.choice(["a", "b", "c"], n)}
    table = polars.DataFrame({**columns, "y": rng.choice(["no", "yes"], n)})
    table.write_csv(folder / "table.csv")
    return table


OPTIONS = {"single": ["--epochs", "2"], "tabular": ["--n-estimators", "2"], "estimator": []}


def make(folder, preset):
    """A run on a table, made by the command line or by an estimator."""
    table, run = make_table(folder), folder / "run"
    if preset == "estimator":
        DeepClassifier(n_estimators=2, max_iter=2, random_state=1).fit(table.drop("y"), table["y"]).save(run)
        return run, table
    typed = ["train", "table.csv", "--target", "y", "--out", "run", "--seed", "1", *OPTIONS[preset]]
    subprocess.run([sys.executable, "-m", "deepstep", *typed], cwd=folder, check=True, capture_output=True)
    for history in (run / "members").glob("*/history.jsonl"):  # the same files in every run
        records = [{**json.loads(line), "seconds": 0.0} for line in history.open()]
        history.write_text("".join(json.dumps(record) + "\n" for record in records))
    reseal(run)
    return run, table


def reseal(folder):
    """Checksums of what is there now."""
    for member in (folder / "members").iterdir():
        reseal_model(member)
    config = tomllib.loads((folder / RUN_MARK).read_text())
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != RUN_MARK]
    digests = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(files))
    config["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in digests}
    config["sha256"] = config_digest(config)
    (folder / RUN_MARK).write_text(tomli_w.dumps(config))


def tree_of(text, name):
    """The values of TOML, of JSON lines, or of one JSON text as a list of one."""
    if name.endswith("toml"):
        return tomllib.loads(text)
    return [json.loads(line) for line in (text.splitlines() if name.endswith("jsonl") else [text])]


def change(folder, number):
    """Damage or forge one of the files; whether all checksums were made to fit."""
    rng = np.random.RandomState(number)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[number % len(files)]
    name = path.name
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
        reseal(folder)
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
        found = run.predict(table)
    except DeepStepError:
        return "loaded, refuses to predict"
    if not sealed:
        assert (found.probabilities == Run.load(whole).predict(table).probabilities).all()
        return "loaded as it was"
    return "loaded"


def main(preset, first, last):
    with tempfile.TemporaryDirectory() as folder:
        whole, table = make(Path(folder), preset)
        path = Path(folder) / "mutant"
        Run.load(whole).predict(table)
        numbers = range(int(first), int(last))
        cases = ((str(n), lambda n=n: load(n, whole, table, path)) for n in numbers)
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
