"""`Run`: a trained network with everything that is needed to use it, as a folder on disk.

========================  ====================================================================================
file of a run folder      what it holds
========================  ====================================================================================
``config.toml``           what was trained on what and how, its results, and the SHA-256 of all files
``history.jsonl``         a record for each epoch
``model.safetensors``     architecture and parameters
``preparation.json``      how raw rows become inputs, and outputs become answers
``examples.safetensors``  up to 16 prepared training rows, so that `trace` and `check-gradients` need no data
========================  ====================================================================================

Nothing is pickled, and loading executes nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.docstrings import complete
from deepstep.errors import DataError, FileError
from deepstep.model import Network
from deepstep.preparation import Preparation, TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.run_folder import (
    OF_ONE_NETWORK,
    RunFolder,
    check_files,
    opened,
    read_config,
    read_preparation,
    read_text,
    write_config,
)
from deepstep.training import History
from deepstep.training.history import check_records
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

FILES = ("history.jsonl", "model.safetensors", "preparation.json", "examples.safetensors")

MOST_EXAMPLES = 16


@dataclass
class Run(RunFolder):
    """A trained network and what belongs to it.

    config: TOML values: ``task``, ``target`` (a list where there are several), ``source``, ``settings``,
        ``results``, ``class_weights`` in the order of the classes where they have some (of several targets a
        list for each), and ``found`` with the names of those settings that were searched for; `save` adds
        ``format``, ``version``, ``deepstep``, ``engine``, ``stopped``, ``files`` and ``sha256``.
    examples (pair of arrays): Prepared training rows, at most 16: (k, n_inputs) and (k, n_outputs).

    >>> import tempfile
    >>> import polars
    >>> from deepstep.preparation import ClassificationTarget, TablePreparation
    >>> frame = polars.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    >>> preparation = Preparation(TablePreparation.fit(frame), ClassificationTarget((("no", "yes"),)))
    >>> X, Y = preparation.inputs.transform(frame), preparation.target.encode(["no", "no", "yes", "yes"])
    >>> network = Network([1, 1], seed=1)
    >>> history = network.train(X.T, Y.T, learning_rate=1.0, iterations=50)
    >>> run = Run(network, preparation, history, {"task": "binary", "target": "y"}, few_examples(X, Y))
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> run.save(folder)
    >>> Run.load(folder).predict(frame).values.tolist()
    ['no', 'no', 'yes', 'yes']
    """

    network: Network
    preparation: Preparation
    history: History
    config: dict[str, Any]
    examples: tuple[Array, Array]

    def write(self, folder: Path) -> None:
        """Write the files into an existing empty folder, the config last.

        folder: Where they go.
        """
        X, Y = self.examples
        (folder / "history.jsonl").write_text(self.history.to_jsonl(), encoding="utf-8")
        self.network.save(folder / "model.safetensors")
        (folder / "preparation.json").write_text(self.preparation.to_json(), encoding="utf-8")
        write_arrays(folder / "examples.safetensors", {"X": X, "Y": Y}, {})
        history = self.history
        how = {"engine": history.engine, "why_engine": history.why_engine, "stopped": history.stopped}
        write_config(folder, {**how, **self.config}, OF_ONE_NETWORK, FILES)

    @classmethod
    def load(cls, path: Path | str) -> "Run":
        """Read a run folder; nothing in it is executed.

        path: A folder that `save` wrote.
        returns: With the checksum of every file compared.
        FileError: When the folder is no run, of another version, or one of its files is missing or altered.

        >>> Run.load("no/such/run")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/run: a run folder is expected; there is no such folder. Runs are
        written by deepstep train and deepstep demo.
        """
        folder = Path(path)
        config = read_config(folder)
        if config["version"] != OF_ONE_NETWORK:
            raise FileError(
                str(folder),
                "a run of one network is expected",
                "this one is an ensemble's",
                "deepstep.estimators.EnsembleRun.load reads it.",
            )
        check_files(folder, config, FILES)
        config = opened(config)
        network = Network.load(folder / "model.safetensors")
        preparation = read_preparation(folder / "preparation.json")
        where = str(folder / "history.jsonl")
        history = History.from_jsonl(read_text(folder / "history.jsonl"), where=where)
        check_records(history, network.architecture.n_layers, where)
        for name in ("engine", "why_engine", "stopped"):
            setattr(history, name, str(config.pop(name, "")))
        examples = _read_examples(folder / "examples.safetensors")
        run = cls(network, preparation, history, config, examples)
        run._check_fit(folder)
        return run

    def inputs(self, raw: "polars.DataFrame | AnyArray") -> Array:
        """Raw rows as the network's inputs.

        raw (polars.DataFrame or array): A table with the columns of training (for pictures: a column per
            pixel), or pictures (m, height, width, channels).
        returns (array of shape (m, n_inputs), float64):
        DataError, ShapeError: When the rows do not fit what the network was trained on.
        """
        inputs = self.preparation.inputs
        if isinstance(inputs, TablePreparation):
            if isinstance(raw, np.ndarray):
                raise DataError("Run", "a table, as in training", f"got an array of shape {raw.shape}")
            return inputs.transform(raw)
        return inputs.transform(raw) if isinstance(raw, np.ndarray) else inputs.transform_table(raw)

    def outputs(self, raw: "polars.DataFrame | AnyArray") -> Array:
        """The network's outputs for raw rows.

        raw (polars.DataFrame or array): As in `inputs`.
        returns (m, n_outputs): In the precision of the network.
        DataError, ShapeError: As in `inputs`.
        """
        network = self.network
        return network.forward(self.inputs(raw).T).T

    def _check_fit(self, folder: Path) -> None:
        """Refuse files that are each whole but belong to different runs."""
        architecture, (X, Y) = self.network.architecture, self.examples
        n_x, n_y = self.preparation.inputs.n_features, self.preparation.target.n_outputs
        got = {
            "preparation.json": (n_x, n_y, self.preparation.target.output),
            "examples.safetensors": (*X.shape[1:], *Y.shape[1:], architecture.output),
        }
        expected = (architecture.n_inputs, architecture.n_outputs, architecture.output)
        for name, sizes in got.items():
            if sizes != expected:
                raise FileError(
                    str(folder / name),
                    f"inputs, outputs and kind of output are the model's {expected}",
                    f"got {sizes}",
                    "Train again.",
                )


def few_examples(X: Array, Y: Array) -> tuple[Array, Array]:
    """At most 16 rows, evenly spread, first and last among them: what a run keeps of its training data."""
    rows = few_rows(len(X))
    return X[rows], Y[rows]


def few_rows(m: int) -> AnyArray:
    """Which of m rows these are."""
    return evenly_spread(m, MOST_EXAMPLES)


def _read_examples(path: Path) -> tuple[Array, Array]:
    _, arrays = read_arrays(path, "the examples of a run")
    if set(arrays) != {"X", "Y"}:
        got = f"got {', '.join(sorted(arrays))!s:.100}" if arrays else "there are none"
        raise FileError(str(path), "the arrays X and Y are expected", got, "Train again.")
    numbers = all(array.dtype.kind in "fiub" and np.isfinite(array).all() for array in arrays.values())
    X, Y = arrays["X"], arrays["Y"]
    if not (numbers and X.ndim == Y.ndim == 2 and len(X) == len(Y)):
        got = f"got {X.dtype} {X.shape} and {Y.dtype} {Y.shape}"
        raise FileError(str(path), "finite numbers of the same rows in X and Y", got, "Train again.")
    return X, Y


complete({"Run": Run})
