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

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep import __version__
from deepstep.data import atomic_directory, sha256
from deepstep.data.array_files import write_arrays
from deepstep.data.files import RUN_MARK, kind_at
from deepstep.errors import DataError, FileError
from deepstep.model import Network
from deepstep.preparation import ClassTarget, LabelTargets, NumberTargets, Preparation, TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.training import History
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

FORMAT, VERSION = "deepstep-run", 1
FILES = ("history.jsonl", "model.safetensors", "preparation.json", "examples.safetensors")
DIGEST = "sha256"
"""The key of the config that holds its own digest."""

MOST_EXAMPLES = 16


class Prediction(NamedTuple):
    """Answers for m rows.

    Attributes
    ----------
    values : ndarray (m,)
        Class labels, or numbers in the target's units; of several targets (m, n_targets).
    probabilities : ndarray (m, n_classes) or None
        None where numbers are predicted; of several targets (m, n_targets), each of the second class.
    quantiles : ndarray (m, n_levels) or None
        In the target's units, where quantiles are predicted; ``values`` are those next to the median.
    """

    values: AnyArray
    probabilities: Array | None
    quantiles: Array | None = None


@dataclass
class Run:
    """A trained network and what belongs to it.

    Attributes
    ----------
    network : Network
    preparation : Preparation
    history : History
    config : dict
        TOML values: ``task``, ``target`` (a list where there are several), ``source``, ``settings``,
        ``results``, ``class_weights`` in the order of the classes where they have some (of several targets a
        list for each), and ``found`` with the names of those settings that were searched for; `save` adds
        ``format``, ``version``, ``deepstep``, ``engine``, ``stopped``, ``files`` and ``sha256``.
    examples : pair of arrays (k, n_inputs) and (k, n_outputs)
        Prepared training rows, at most 16.

    Examples
    --------
    >>> import tempfile
    >>> import polars
    >>> from deepstep.preparation import ClassTarget, TablePreparation
    >>> frame = polars.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    >>> preparation = Preparation(TablePreparation.fit(frame), ClassTarget(("no", "yes")))
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

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Parameters
        ----------
        path : Path or str
            The folder to make.
        overwrite : bool, default False
            Replace an old run folder; it stays as it is until the new one is complete.

        Raises
        ------
        FileError
            When the folder exists and may not be replaced, or cannot be written.
        """
        with atomic_directory(path, overwrite=overwrite) as folder:
            self.write(folder)

    def write(self, folder: Path) -> None:
        """Write the files into an existing empty folder, the config last.

        Parameters
        ----------
        folder : Path
            Where they go.
        """
        import tomli_w

        X, Y = self.examples
        (folder / "history.jsonl").write_text(self.history.to_jsonl(), encoding="utf-8")
        self.network.save(folder / "model.safetensors")
        (folder / "preparation.json").write_text(self.preparation.to_json(), encoding="utf-8")
        write_arrays(folder / "examples.safetensors", {"X": X, "Y": Y}, {})
        config = {
            "format": FORMAT,
            "version": VERSION,
            DIGEST: "",  # among the first lines; its value depends on all others
            "deepstep": __version__,
            "engine": self.history.engine,
            "why_engine": self.history.why_engine,
            "stopped": self.history.stopped,
            **self.config,
            "files": {name: sha256(folder / name) for name in FILES},
        }
        config[DIGEST] = config_digest(config)
        (folder / RUN_MARK).write_text(tomli_w.dumps(config), encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> "Run":
        """Read a run folder; nothing in it is executed.

        Parameters
        ----------
        path : Path or str
            What `save` wrote.

        Returns
        -------
        Run
            With the checksum of every file compared.

        Raises
        ------
        FileError
            When the folder is no run, of another version, or one of its files is missing or altered.

        Examples
        --------
        >>> Run.load("no/such/run")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/run: a run folder is expected; there is no such folder. Runs are
        written by deepstep train and deepstep demo.
        """
        folder = Path(path)
        config = _read_config(folder)
        _check_files(folder, config)
        del config[DIGEST]
        network = Network.load(folder / "model.safetensors")
        text = _read_text(folder / "preparation.json")
        try:
            preparation = Preparation.from_json(text)
        except FileError as error:  # it knows the text and not the file
            where = str(folder / "preparation.json")
            raise FileError(where, error.expected, error.came, error.mend) from error
        where = str(folder / "history.jsonl")
        history = History.from_jsonl(_read_text(folder / "history.jsonl"), where=where)
        if any(not isinstance(record.get("cost"), float) for record in history):
            raise FileError(where, "a cost in every record", "one has none", "Train again.")
        for name in ("engine", "why_engine", "stopped"):
            setattr(history, name, str(config.pop(name, "")))
        examples = _read_examples(folder / "examples.safetensors")
        run = cls(network, preparation, history, config, examples)
        run._check_fit(folder)
        return run

    @property
    def target_name(self) -> str:
        """The name of what is predicted; of several targets all of them."""
        return ", ".join(self.target_names)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        target = self.preparation.target
        if isinstance(target, LabelTargets | NumberTargets):
            return target.names
        return (str(self.config.get("target", "target")),)

    def inputs(self, raw: "polars.DataFrame | AnyArray") -> Array:
        """Raw rows as the network's inputs.

        Parameters
        ----------
        raw : polars.DataFrame or ndarray
            A table with the columns of training (for pictures: a column per pixel), or pictures
            (m, height, width, channels).

        Returns
        -------
        ndarray of float64 (m, n_inputs)

        Raises
        ------
        DataError, ShapeError
            When the rows do not fit what the network was trained on.
        """
        inputs = self.preparation.inputs
        if isinstance(inputs, TablePreparation):
            if isinstance(raw, np.ndarray):
                raise DataError("Run", "a table, as in training", f"got an array of shape {raw.shape}")
            return inputs.transform(raw)
        return inputs.transform(raw) if isinstance(raw, np.ndarray) else inputs.transform_table(raw)

    def outputs(self, raw: "polars.DataFrame | AnyArray") -> Array:
        """The network's outputs for raw rows.

        Parameters
        ----------
        raw
            As in `inputs`.

        Returns
        -------
        ndarray (m, n_outputs)
            In the precision of the network.

        Raises
        ------
        DataError, ShapeError
            As in `inputs`.
        """
        network = self.network
        return network.forward(self.inputs(raw).T).T

    def predict(self, raw: "polars.DataFrame | AnyArray") -> Prediction:
        """Answers for raw rows.

        Parameters
        ----------
        raw
            As in `inputs`.

        Returns
        -------
        Prediction
            Values, and what is known beside them.

        Raises
        ------
        DataError, ShapeError
            As in `inputs`.
        """
        outputs, target = self.outputs(raw), self.preparation.target
        if isinstance(target, ClassTarget | LabelTargets):
            return Prediction(target.decode(outputs), target.probabilities(outputs))
        if isinstance(target, NumberTargets):
            return Prediction(target.decode(outputs), None)
        quantiles = target.quantiles(outputs) if target.levels else None
        return Prediction(target.decode(outputs), None, quantiles)

    def _check_fit(self, folder: Path) -> None:
        """Refuse files that are each whole but belong to different runs."""
        architecture, (X, Y) = self.network.architecture, self.examples
        n_x, n_y = self.preparation.inputs.n_features, self.preparation.target.n_outputs
        came = {
            "preparation.json": (n_x, n_y, self.preparation.target.output),
            "examples.safetensors": (*X.shape[1:], *Y.shape[1:], architecture.output),
        }
        expected = (architecture.n_inputs, architecture.n_outputs, architecture.output)
        for name, sizes in came.items():
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


def config_digest(config: Mapping[str, Any]) -> str:
    """The SHA-256 of a config's values, without the digest itself: how the file is laid out does not count.

    Examples
    --------
    >>> config = {"task": "binary", "settings": {"seed": 1, "hidden": (4, 2)}}
    >>> same = {"sha256": "0", "settings": {"hidden": [4, 2], "seed": 1}, "task": "binary"}
    >>> config_digest(config) == config_digest(same) != config_digest({**config, "task": "multiclass"})
    True
    """
    values = {name: value for name, value in config.items() if name != DIGEST}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _read_config(folder: Path) -> dict[str, Any]:
    if kind_at(folder / RUN_MARK) != "file":
        kind = kind_at(folder)
        came = {"nothing": "there is no such folder", "folder": f"there is no {RUN_MARK} in it"}
        raise FileError(
            str(folder),
            "a run folder is expected",
            came.get(kind, f"this is {'a file' if kind == 'file' else kind}"),
            "Runs are written by deepstep train and deepstep demo.",
        )
    where = str(folder / RUN_MARK)
    try:
        config = tomllib.loads(_read_text(folder / RUN_MARK))
    except tomllib.TOMLDecodeError as error:
        raise FileError(where, "TOML is expected", f"it cannot be read ({error})", "Train again.") from error
    if config.get("format") != FORMAT:
        raise FileError(where, f"format = {FORMAT!r} is expected", f"got {config.get('format')!r:.60}")
    if config.get("version") != VERSION:
        raise FileError(
            where,
            f"a run of version {VERSION} is expected",
            f"got version {config.get('version')!r:.20}",
            "Update DeepStep, or train again with this version.",
        )
    results = config.get("results", {})
    tables = {"settings": config.get("settings", {}), "results": results}
    if isinstance(results, dict):
        tables |= {f"results.{name}": part for name, part in results.items()}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise FileError(where, f"[{name}] is a table", f"got {table!r:.60}", "Train again.")
    return config


def _check_files(folder: Path, config: Mapping[str, Any]) -> None:
    written = config.get("files")
    if not isinstance(written, dict) or set(written) != set(FILES):
        raise FileError(
            str(folder / RUN_MARK), f"[files] names {', '.join(FILES)}", "it does not", "Train again."
        )
    if config.get(DIGEST) != config_digest(config):
        raise _altered(folder / RUN_MARK)
    for name in FILES:
        path = folder / name
        if kind_at(path) != "file":
            raise FileError(str(path), "this file of the run is needed", "it is missing", "Train again.")
        if sha256(path) != written[name]:
            raise _altered(path)


def _altered(path: Path) -> FileError:
    return FileError(
        str(path), "the file is as training wrote it", "it was altered", "Restore it, or train again."
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(str(path), "UTF-8 text is expected", f"it cannot be read ({error})") from error


def _read_examples(path: Path) -> tuple[Array, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(path.read_bytes())
        return arrays["X"], arrays["Y"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise FileError(
            str(path), "the arrays X and Y are expected", f"it cannot be read ({error})", "Train again."
        ) from error
