"""Loads damaged and forged archives and prints what came of it; run by ``test_archive.py``.

PYTHONPATH=tests python tests/damaged_archives.py FIRST LAST
"""

import json
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from archive_examples import EXAMPLES, TABLE, reseal, trained_network
from damage import as_text, damaged, forge, survey, with_other_header, with_other_numbers
from deepstep import Network
from deepstep.archive import ARRAYS, HISTORY, MODEL, MODEL_MARK, read, write
from deepstep.errors import DeepStepError, FileError
from deepstep.preparation import TablePreparation
from deepstep.targets import Targets

FILES = MODEL[:3]
X = np.linspace(-1, 1, 12).reshape(3, 4)
A = np.linspace(0, 1, 12).reshape(3, 4)


def change(folder, number):
    """Damage or forge one of the files; whether all checksums were made to fit."""
    rng = np.random.RandomState(number)
    path = folder / MODEL[number % 3]
    if rng.randint(4) == 0:
        path.write_bytes(damaged(path.read_bytes(), rng))
        return False
    try:
        if path.name == ARRAYS:
            way = with_other_numbers if rng.randint(2) else with_other_header
            path.write_bytes(way(path.read_bytes(), rng))
        elif path.name == HISTORY:
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            forge(lines, rng)
            text = "".join(as_text(line, rng) + "\n" for line in lines)
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
        is_model = path.name == MODEL_MARK
        reseal(folder, lambda values: is_model and forge(values, rng), lambda values: as_text(values, rng))
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        return False
    return True


def load(number, wholes, path):
    """Whether the folder is refused; if it is loaded, it has to be right, and it predicts or refuses to."""
    whole = wholes[number // 3 % len(wholes)]
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    sealed = change(path, number)
    try:
        record = read(path)
    except FileError as error:
        return "refused" if len(str(error)) < 800 and "\n" not in str(error) else "refused at length"
    network = record.get("network")
    if isinstance(network, Network):
        with suppress(DeepStepError):  # numbers that are finite, and too large, or of other inputs
            assert np.isfinite(network.forward(X)).all(), "outputs that are not finite"
        if not sealed:
            assert (network.forward(X) == read(whole)["network"].forward(X)).all(), "another network"
    table, targets = record.get("TablePreparation"), record.get("Targets")
    with suppress(DeepStepError):
        assert not isinstance(table, TablePreparation) or np.isfinite(table.transform(TABLE)).all()
    with suppress(DeepStepError):
        assert not isinstance(targets, Targets) or targets.predictions(A[:, : targets.n_outputs]).size
    write(path, record, overwrite=True)
    assert read(path).keys() == record.keys()
    return "loaded" if sealed else "loaded as it was"


def main(first, last):
    with tempfile.TemporaryDirectory() as folder:
        wholes = [Path(folder) / name for name in ("network", "record")]
        write(wholes[0], {"network": trained_network()})
        write(wholes[1], {name: make() for name, make in EXAMPLES.items() if name != "Network"})
        for whole in wholes:  # everything is imported before the limits hold
            read(whole)
        read(wholes[0])["network"].forward(X)
        path = Path(folder) / "mutant"
        cases = ((str(n), lambda n=n: load(n, wholes, path)) for n in range(first, last))
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
