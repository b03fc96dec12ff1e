"""`Run`: a saved model with what the command line knows of it, as a folder on disk.

=========================  ===================================================================================
file of a run folder       what it holds
=========================  ===================================================================================
``model.json``             the model as `deepstep.load` reads it, with ``arrays.safetensors`` and
                           ``history.jsonl``; with it up to 16 training rows, for `trace` and `explore`
``run.json``               what was trained on what and how, and its results
``rows.safetensors``       up to 10,000 rows that were held out, with the predictions, for `report`
=========================  ===================================================================================

A folder without the last two, which `deepstep.save` wrote, is read as well. Nothing is pickled, and loading
executes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from deepstep import archive
from deepstep.data import atomic_directory
from deepstep.data.files import kind_at
from deepstep.data.own_folders import MODEL_MARK, RUN_MARK, TRAINING_MARK
from deepstep.data.tables import BY_CONTENT, ReadOptions, silent, table_in
from deepstep.data.text_tables import TextFormat
from deepstep.engines import Settings
from deepstep.ensembles.ensemble import Ensemble, Member
from deepstep.ensembles.explanation import Explanation, explain
from deepstep.ensembles.predictor import Columns, Prediction, Predictor, predictor_of
from deepstep.ensembles.preprocessor import AS_THEY_ARE, Preprocessor
from deepstep.environment import polars
from deepstep.errors import DataError, FileError
from deepstep.held_out import HeldOut, chosen
from deepstep.model import Network
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.targets import Targets
from deepstep.training import History
from deepstep.types import AnyArray, Array

MOST_EXAMPLES = 16

DIVERGED = "diverged"
"""The entry of a config that says how training diverged: problem, hint, layer, step, costs."""

DEMO = "demo"
"""The entry of a config that names the demo whose run it is."""

LEAKS = "leaks"
"""Entry of the config: warnings of columns that alone determine the target."""

UNFINISHED = ".unfinished"
"""The ending of the folder in which the training of a run is kept until it is done."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Training rows that open the networks: features (k, n_features) of each fold, encoded targets."""

    features: tuple[Array, ...]
    Y: Array

    @classmethod
    def of(cls, predictor: Predictor, rows: "polars.DataFrame | AnyArray", labels: Any) -> "Examples":
        """At most 16 training rows, evenly spread; labels (m,) are of several targets a table."""
        numbers = few_rows(len(rows))
        taken, targets = predictor.rows(rows[numbers]), predictor.targets
        Y = targets.encode(chosen(targets, labels, numbers))
        return cls(tuple(part.features(taken) for part in predictor.ensemble.preprocessors), Y)

    @property
    def fault(self) -> str:
        """The condition that stored rows do not meet; empty for valid ones."""
        sizes = {len(array) for array in (*self.features, self.Y)}
        finite = all(np.isfinite(array).all() and array.ndim == 2 for array in (*self.features, self.Y))
        return "" if finite and len(sizes) == 1 and self.features else "finite features and targets of rows"

    def of_member(self, ensemble: Ensemble, member: int) -> tuple[Array, Array]:
        """The rows as inputs (k, n_inputs) and targets (k, n_outputs) of a network."""
        network = ensemble.members[member]
        preprocessor = ensemble.preprocessors[network.fold]
        X: Array = preprocessor.inputs(self.features[network.fold])[network.inputs]
        return X, preprocessor.scaled(self.Y)


@dataclass(repr=False)
class Run:
    """A trained model of one network or more, and what belongs to it.

    Attributes
    ----------
    predictor : deepstep.ensembles.predictor.Predictor
        Columns, targets, networks and calibration.
    config : dict
        Values by name: ``task``, ``target`` (a list where there are several), ``source``, ``command`` (the
        words that were typed), ``read`` (how the table is written), ``settings``, ``results``,
        ``class_weights`` in the order of the classes where they have some (of several targets a list for
        each); empty for a model that the command line did not make.
    examples : Examples or None, optional
        At most 16 training rows.
    held_out : HeldOut or None, optional
        Rows that were held out, with the predictions for them.
    saved_by : str or None, optional
        The version of DeepStep that wrote the folder; None before that.

    Examples
    --------
    >>> import tempfile
    >>> import polars
    >>> from deepstep import DeepClassifier
    >>> table = polars.DataFrame({"x": np.linspace(-1, 1, 40), "side": ["left", "right"] * 20})
    >>> y = np.where(table["x"] > 0, "up", "down")
    >>> model = DeepClassifier(n_estimators=2, network_params={"epochs": 20}, random_state=1).fit(table, y)
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> Run.of(model).save(folder)
    >>> run = Run.load(folder)
    >>> bool((run.predict(table).probabilities == model.predict_proba(table)).all())
    True
    >>> run.estimator.n_estimators
    2
    """

    predictor: Predictor
    config: dict[str, Any]
    examples: Examples | None = None
    held_out: HeldOut | None = None
    saved_by: str | None = None
    _model: Any = None  # the estimator, or the record that it is made of

    def __post_init__(self) -> None:
        targets = self.predictor.targets
        if targets.several and not targets.names:
            named = replace(targets, names=self.target_names)
            self.predictor = replace(self.predictor, targets=named)

    def __repr__(self) -> str:
        return f"Run(target {self.target_name!r:.80}, {self.ensemble!r})"

    def _repr_html_(self) -> str:
        return self.ensemble.leaderboard()._repr_html_()

    @classmethod
    def of(
        cls,
        model: Any,
        config: Mapping[str, Any] | None = None,
        *,
        rows: "polars.DataFrame | AnyArray | None" = None,
        labels: Any = None,
    ) -> "Run":
        """The run of a fitted model.

        Parameters
        ----------
        model
            An estimator of DeepStep, a pipeline of a `TableEncoder` and one network, or a `Predictor`.
        config : mapping, optional
            Entries of the config.
        rows : polars.DataFrame or array, optional
            Training rows, of which 16 are kept.
        labels : array-like (m,), for several targets a table, optional
            Their targets.

        Returns
        -------
        Run
            A run that predicts as the model does.

        Raises
        ------
        NotFittedError
            Before the estimator is fitted.

        Examples
        --------
        >>> from deepstep import NetworkRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
        >>> model = NetworkRegressor((), solver="lbfgs", random_state=1).fit(X, y)
        >>> Run.of(model).ensemble.network
        Network(1-1: identity; 2 parameters, float64)
        """
        run = cls(predictor_of(model), dict(config or {}), _model=model)
        if rows is not None:
            run.examples = Examples.of(run.predictor, rows, labels)
        return run

    @classmethod
    def of_network(
        cls,
        network: Network,
        preparation: TablePreparation | ImagePreparation,
        targets: Targets,
        history: History,
        config: dict[str, Any],
        X: Array,
        Y: Array,
        *,
        settings: Settings | None = None,
        learning_rate: float | None = None,
    ) -> "Run":
        """The run of one network that learned prepared rows.

        Parameters
        ----------
        network : Network
            It takes what ``preparation`` makes of rows.
        preparation : TablePreparation or ImagePreparation
            How rows become its inputs.
        targets : Targets
            What its outputs mean.
        history : History
            Records of its training.
        config : dict
            Entries of the config.
        X : array of shape (m, n_inputs)
            Prepared training rows, of which 16 are kept.
        Y : array of shape (m, n_outputs)
            Their targets.
        settings : Settings, optional
            Settings of its steps; None for those of gradient descent.
        learning_rate : float, optional
            Learning rate of its training.

        Returns
        -------
        Run
            With an ensemble of one.

        Examples
        --------
        >>> import polars
        >>> frame = polars.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
        >>> targets = Targets.of_classes([np.array(["no", "yes"])])
        >>> preparation = TablePreparation.fit(frame)
        >>> X, Y = preparation.transform(frame), targets.encode(["no", "no", "yes", "yes"])
        >>> network = Network([1, 1], seed=1)
        >>> history = network.train(X.T, Y.T, learning_rate=1.0, iterations=50)
        >>> run = Run.of_network(network, preparation, targets, history, {"task": "binary"}, X, Y)
        >>> run.predict(frame).values.tolist()
        ['no', 'no', 'yes', 'yes']
        """
        network.history = history
        engine = history.engine or "reference"
        steps = settings or Settings()
        member = Member("network", AS_THEY_ARE, 0, network, engine, steps, learning_rate, len(history))
        columns = Columns()
        if isinstance(preparation, TablePreparation):
            columns = Columns(tuple(column.name for column in preparation.columns), named=True)
        ensemble = Ensemble.of_one(member, Preprocessor.of_features(preparation), targets.head)
        predictor = Predictor(columns, targets, ensemble)
        rows = few_rows(len(X))
        return cls(predictor, config, Examples((X[rows],), Y[rows]), _model=predictor)

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Parameters
        ----------
        path : Path or str
            The folder to make.
        overwrite : bool, optional
            Replace an old run folder; it stays as it is until the new one is complete.

        Raises
        ------
        FileError
            When the folder exists and may not be replaced, or cannot be written.
        """
        with atomic_directory(path, overwrite=overwrite) as folder:
            self.write(folder)
            self.write_results(folder)

    def write(self, folder: Path) -> None:
        """Write the model and the config, without rows that were held out, into an existing folder.

        Parameters
        ----------
        folder : Path
            Where they go.
        """
        record = {**archive.model_record(self.estimator or self.predictor), "examples": self.examples}
        archive.write_files(folder, {"config": self.config, "held_out": None}, archive.RUN)
        archive.write_files(folder, record)

    def write_results(self, folder: Path) -> None:
        """Write the config again with its results, and the rows held out, into a folder that `write` filled.

        Parameters
        ----------
        folder : Path
            The folder of this run; it is whole at each instant.
        """
        archive.write_files(folder, {"config": self.config, "held_out": self.held_out}, archive.RUN)

    @classmethod
    def load(cls, path: Path | str) -> "Run":
        """Read a run folder, or that of a saved estimator; nothing in it is executed.

        Parameters
        ----------
        path : Path or str
            A folder that `save`, `deepstep.save` or ``deepstep train`` wrote.

        Returns
        -------
        Run
            With the checksum of every file compared.

        Raises
        ------
        FileError
            When the folder is no run, or one of its files is missing or altered.

        Examples
        --------
        >>> Run.load("no/such/run")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/run does not exist. Runs are written by deepstep train, deepstep
        demo and the save method of estimators.
        """
        folder = Path(path)
        config = read_config(folder)
        record = archive.read(folder)
        predictor = record.get("model")
        if not isinstance(predictor, Predictor):
            problem = f"{folder} is no run: it holds a {record.get('estimator')!s:.40}"
            hint = "deepstep.load reads it." if isinstance(predictor, Network) else ""
            raise FileError(problem, hint)
        held_out = None
        if kind_at(folder / RUN_MARK) == "file":
            held_out = archive.read(folder, archive.RUN).get("held_out")
        rest = {"examples": record.get("examples"), "held_out": held_out, "saved_by": record.get("deepstep")}
        with archive.damages_of(folder):
            archive.check_entries(cls, rest)
        run = cls(predictor, config, **rest, _model=record)
        run._check(folder)
        return run

    def _check(self, folder: Path) -> None:
        """Refuse rows of another run."""
        fault = ""
        shape = self.ensemble.members[0].network.architecture
        if self.examples is not None:
            widths = [
                shape.n_inputs if preprocessor.preparation is None else preprocessor.preparation.n_features
                for preprocessor in self.ensemble.preprocessors
            ]
            same = [features.shape[1] for features in self.examples.features] == widths
            fault = "" if same and self.examples.Y.shape[1] == shape.n_outputs else "examples of its networks"
        if self.held_out is not None:
            fault = fault or self.held_out.fault_for(self.targets)
        if fault:
            problem = f"{folder} does not hold the files of one run: it lacks {fault}"
            raise FileError(problem, "Restore it, or train again.")

    @property
    def estimator(self) -> Any:
        """The fitted estimator or pipeline, made when it is asked for; None for a predictor alone."""
        if isinstance(self._model, dict):
            self._model = archive.model_of(self._model, "the run")
        return None if isinstance(self._model, Predictor) else self._model

    @property
    def ensemble(self) -> Ensemble:
        """The networks, and how rows become their inputs."""
        return self.predictor.ensemble

    @property
    def targets(self) -> Targets:
        """The targets of the model; several targets have their names."""
        return self.predictor.targets

    @property
    def target_name(self) -> str:
        """The name of what is predicted; of several targets all of them."""
        return ", ".join(self.target_names)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        name = self.config.get("target", "target")
        targets = self.predictor.targets
        if isinstance(name, list | tuple):
            return tuple(map(str, name))
        if not targets.several:
            return (str(name),)
        numbered = (f"{name} {number}" for number in range(targets.n_columns))
        return targets.names or tuple(numbered)

    @property
    def decimal(self) -> str:
        """The decimal sign with which a numeric target is shown: that of the table it was learned from."""
        comma = self.reading().usual.decimal == "," and not self.targets.is_classes
        return "," if comma else "."

    def predict(self, raw: Any) -> Prediction:
        """Predictions for raw rows.

        Parameters
        ----------
        raw : table, path of one, or array
            As in `outputs`.

        Returns
        -------
        Prediction
            Values, and what is known beside them.

        Raises
        ------
        DataError, ShapeError
            As in `outputs`.
        """
        return self.predictor.predict(self._read(raw))

    def outputs(self, raw: Any) -> Array:
        """The outputs for raw rows, of several networks their weighted mean.

        Parameters
        ----------
        raw : table, path of one, or array
            A table with the columns of training (for pictures: a column per pixel), the file of one, read as
            that of training, or pictures (m, height, width, channels).

        Returns
        -------
        array of shape (m, n_outputs)
            As the target reads them.

        Raises
        ------
        DataError, ShapeError
            When the rows do not fit what was trained on.
        """
        return self.predictor.outputs(self._read(raw))

    def explain(self, raw: Any) -> Explanation:
        """The contributions of the columns to the predictions for raw rows, see `deepstep.explain`.

        Parameters
        ----------
        raw : table, path of one, or array
            As in `outputs`.

        Returns
        -------
        Explanation
            Contributions that add up to each prediction.

        Raises
        ------
        DataError, ShapeError
            As in `outputs`.
        """
        explanation = explain(self.predictor, self._read(raw))
        if self.targets.is_classes or self.targets.levels:
            return explanation
        return replace(explanation, outputs=self.target_names)

    def kept_examples(self, member: int = 0) -> tuple[Array, Array]:
        """The training rows that the run keeps, as inputs and targets of a network.

        Parameters
        ----------
        member : int, optional
            Its number, from 0.

        Returns
        -------
        X : array of shape (k, n_inputs)
            A row is an example.
        Y : array of shape (k, n_outputs)
            Targets that the network learns.

        Raises
        ------
        DataError
            If the run keeps none.
        """
        if self.examples is None:
            raise DataError("The run keeps no training rows", "Pass --data FILE.")
        return self.examples.of_member(self.ensemble, member)

    def reading(
        self, given: TextFormat = BY_CONTENT.explicit, tell: Callable[[str], None] = silent
    ) -> ReadOptions:
        """The way in which a table for the run is read: as given, else as the one that it was trained on.

        Parameters
        ----------
        given : TextFormat, optional
            How text tables are written.
        tell : callable, optional
            A function that is called with what is found.

        Returns
        -------
        ReadOptions
            How to read it; texts that are classes of the target are not read as missing.
        """
        values = dict(zip(self.target_names, self.targets.labels, strict=False))
        return ReadOptions(given, text_format(self.config.get("read", {})), values, tell)

    def _read(self, raw: Any) -> Any:
        """Rows as they are, or those of a file."""
        if not isinstance(raw, str | PathLike):
            return raw
        how = self.reading()
        frame = table_in(Path(raw), how=how).frame
        return frame if how.usual.header else self.with_numbers_of_training(frame)

    def with_numbers_of_training(self, frame: "polars.DataFrame") -> "polars.DataFrame":
        """Columns of a file without a header under their numbers of training; the targets need not be there.

        Parameters
        ----------
        frame : polars.DataFrame
            With columns named by number.

        Returns
        -------
        polars.DataFrame
            The same columns.

        Raises
        ------
        DataError
            When there are more or fewer columns.
        """
        if not isinstance(self.predictor.preparation, TablePreparation):
            return frame
        names, left = self.columns_by_number()
        if frame.width not in (len(names), len(left)):
            requirement = f"have {len(names)} columns, as in training, or {len(left)} without the target"
            raise DataError.must_be("The table", requirement, f"{frame.width}")
        if frame.width == len(names):
            return frame
        return frame.rename(dict(zip(frame.columns, left, strict=True)))

    def columns_by_number(self) -> tuple[list[str], list[str]]:
        """The columns of a table without a header: all of them in training, and those without the target.

        Returns
        -------
        tuple of list of str
            Names such as ``column_1``.
        """
        beside = self.config.get("sample_weight"), self.config.get("groups")
        others = [*self.target_names, *self.config.get("exclude", ()), *beside]
        n = len({*self.predictor.columns.names} | {name for name in others if name})
        names = [f"column_{number}" for number in range(1, n + 1)]
        return names, [name for name in names if name not in self.target_names]


def text_format(read: Mapping[str, Any]) -> TextFormat:
    """The way in which text tables are written, of the values of ``--read`` by their names."""
    return TextFormat(read.get("sep"), read.get("decimal"), read.get("encoding"), read.get("header", True))


def read_config(folder: Path) -> dict[str, Any]:
    """The config of a run; empty for the folder of a saved estimator."""
    if kind_at(folder / MODEL_MARK) != "file":
        problems = {"nothing": "does not exist", "folder": f"is no run: there is no {MODEL_MARK} in it"}
        problem = problems.get(kind_at(folder), "is no folder of a run")
        hint = "Runs are written by deepstep train, deepstep demo and the save method of estimators."
        if kind_at(Path(f"{folder}{UNFINISHED}") / TRAINING_MARK) == "file":
            hint = f"Its training is not done: deepstep train --resume {folder} continues it."
        raise FileError(f"{folder} {problem}", hint)
    if kind_at(folder / RUN_MARK) == "nothing":
        return {}
    config = archive.read(folder, archive.RUN).get("config")
    if not isinstance(config, dict):
        raise FileError(f"{folder / RUN_MARK} has no config", "Train again.")
    return config


def few_rows(m: int) -> AnyArray:
    """Which of m training rows a run keeps: at most 16, evenly spread, first and last among them."""
    return evenly_spread(m, MOST_EXAMPLES)
