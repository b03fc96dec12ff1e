"""`Run`: a trained model with everything that is needed to use it, as a folder on disk.

=========================  ===================================================================================
file of a run folder       what it holds
=========================  ===================================================================================
``config.toml``            what was trained on what and how, its results, and the SHA-256 of all files
``preparation.json``       how raw rows are seen over all training rows, and what outputs mean
``ensemble.json``          how rows become the inputs of each fold's networks, and what each network counts
``members/…/``             the networks with their trainings, each a folder of `Network.load`
``examples.safetensors``   up to 16 training rows as features of each fold, for `trace` and `explore`
``held_out.safetensors``   up to 10,000 rows that were held out, with the predictions, for `report`
``estimator.json``         parameters and attributes of the estimator, with ``estimator.safetensors``
=========================  ===================================================================================

The last three are there where something is known of them. Nothing is pickled, and loading executes nothing.
Folders of versions 1 (one network) and 2 (an ensemble) are read as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep import held_out
from deepstep.data import atomic_directory
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.dialect import TextFormat
from deepstep.data.formats import BY_CONTENT, ReadOptions
from deepstep.data.frames import as_frame
from deepstep.data.tables import silent, table_in
from deepstep.data.text_formats import read_text
from deepstep.docstrings import complete
from deepstep.environment import package
from deepstep.errors import ConfigurationError, DataError, FileError
from deepstep.held_out import HeldOut, chosen
from deepstep.model import Network
from deepstep.preparation import TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.numbers import NumberColumn
from deepstep.preparation.table import with_columns
from deepstep.run_folder import (
    ARRAYS,
    ESTIMATOR,
    Preparation,
    check_files,
    opened,
    read_config,
    read_preparation,
    write_config,
)
from deepstep.targets import Targets, is_label, label_array
from deepstep.training import History
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.ensemble import Ensemble, Leaderboard, Member, PermutedColumn

PREPARATION, EXAMPLES = "preparation.json", "examples.safetensors"
OF_VERSION_1 = ("history.jsonl", "model.safetensors", PREPARATION, EXAMPLES)

MOST_EXAMPLES = 16


class Prediction(NamedTuple):
    """Predictions for m rows.

    values (m,): Class labels, or numbers in the target's units; of several targets (m, n_targets).
    probabilities (array of shape (m, n_classes) or None): None where numbers are predicted; of several
        targets (m, n_targets), each of the second class.
    quantiles (array of shape (m, n_levels) or None): In the target's units, where quantiles are predicted;
        ``values`` are those next to the median.
    """

    values: AnyArray
    probabilities: Array | None
    quantiles: Array | None = None

    def __repr__(self) -> str:
        parts = ((name, part) for name, part in self._asdict().items() if part is not None)
        return f"Prediction({', '.join(f'{name} of shape {part.shape}' for name, part in parts)})"


class Examples(NamedTuple):
    """Training rows that open the networks: features (k, n_features) of each fold, encoded targets."""

    features: tuple[Array, ...]
    Y: Array


@dataclass(repr=False)
class Run:
    """A trained model of one network or more, and what belongs to it.

    ensemble (deepstep.estimators.ensemble.Ensemble): The networks, and how rows become their inputs.
    preparation: How the columns are seen over all training rows, and what outputs mean.
    config: TOML values: ``task``, ``target`` (a list where there are several), ``source``, ``settings``,
        ``results``, ``class_weights`` in the order of the classes where they have some (of several targets a
        list for each), and ``found`` with the names of those settings that were searched for.
    examples (Examples or None): At most 16 training rows.
    temperature: By which the logits of the outputs are divided; 1 for numbers.
    held_out (HeldOut or None): Rows that were held out, with the predictions for them.

    >>> import tempfile
    >>> import polars
    >>> from deepstep import DeepClassifier
    >>> table = polars.DataFrame({"x": np.linspace(-1, 1, 40), "side": ["left", "right"] * 20})
    >>> y = np.where(table["x"] > 0, "up", "down")
    >>> model = DeepClassifier(n_estimators=2, max_iter=20, random_state=1).fit(table, y)
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> Run.of(model).save(folder)
    >>> run = Run.load(folder)
    >>> bool((run.predict(table).probabilities == model.predict_proba(table)).all())
    True
    >>> run.estimator
    DeepClassifier(max_iter=20, n_estimators=2, random_state=1)
    """

    ensemble: "Ensemble"
    preparation: Preparation
    config: dict[str, Any]
    examples: Examples | None = None
    temperature: float = 1.0
    held_out: HeldOut | None = None
    _estimator: Any = None

    def __repr__(self) -> str:
        return f"Run(target {self.target_name!r:.80}, {self.ensemble!r})"

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_()

    @classmethod
    def of(
        cls,
        estimator: "DeepEstimator",
        config: Mapping[str, Any] | None = None,
        *,
        preparation: Preparation | None = None,
        rows: "polars.DataFrame | AnyArray | None" = None,
        labels: Any = None,
    ) -> "Run":
        """The run of a fitted estimator.

        estimator: A `DeepClassifier` or `DeepRegressor`.
        config (mapping): Entries of the config; the settings are the estimator's by default.
        preparation: How the columns are seen, and the target in its own units; by default as by the first
            fold of the estimator.
        rows (polars.DataFrame or array): Training rows, of which 16 are kept.
        labels (array-like (m,), for several targets a table): Their targets.
        returns: A run that predicts as the estimator does.
        NotFittedError: Before the estimator is fitted.

        >>> from deepstep import DeepRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
        >>> model = DeepRegressor((), preset="mlp", solver="lbfgs", random_state=1).fit(X, y)
        >>> Run.of(model).network
        Network(1-1: identity; 2 parameters, float64)
        """
        from deepstep.estimators.presets import changed

        package("sklearn.utils.validation").check_is_fitted(estimator)
        ensemble, config = estimator.ensemble_, dict(config or {})
        plain = (bool, int, float, str)
        given = {name: value for name, value in changed(estimator).items() if isinstance(value, plain)}
        members = {"preset": estimator.preset, "n_estimators": len(ensemble.members)}
        config.setdefault("settings", {**members, **given})
        if preparation is None:
            target = _target(estimator, config.get("target", "target"))
            preparation = Preparation(_inputs(estimator), target)
        run = cls(ensemble, preparation, config, None, estimator._calibration.temperature, None, estimator)
        if rows is not None:
            run.examples = run.examples_of(rows, labels)
        return run

    @classmethod
    def of_network(
        cls,
        network: Network,
        preparation: Preparation,
        history: History,
        config: dict[str, Any],
        X: Array,
        Y: Array,
    ) -> "Run":
        """The run of one network that learned prepared rows.

        network: It takes what ``preparation`` makes of rows.
        preparation: The target scales numbers itself.
        history: Of the training.
        config: Entries of the config.
        X (m, n_inputs): Prepared training rows, of which 16 are kept.
        Y (m, n_outputs): Their targets.
        returns: With an ensemble of one.

        >>> import polars
        >>> frame = polars.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
        >>> targets = Targets.of_classes([np.array(["no", "yes"])])
        >>> preparation = Preparation(TablePreparation.fit(frame), targets)
        >>> X, Y = preparation.inputs.transform(frame), preparation.target.encode(["no", "no", "yes", "yes"])
        >>> network = Network([1, 1], seed=1)
        >>> history = network.train(X.T, Y.T, learning_rate=1.0, iterations=50)
        >>> run = Run.of_network(network, preparation, history, {"task": "binary", "target": "y"}, X, Y)
        >>> run.predict(frame).values.tolist()
        ['no', 'no', 'yes', 'yes']
        """
        from deepstep.estimators.ensemble import Ensemble, FoldPreprocessor, Member
        from deepstep.estimators.presets import SINGLE

        network.history = history
        member = Member(SINGLE, 0, network, history.engine or "reference", len(history), None, None, {})
        ensemble = Ensemble.of_one(member, FoldPreprocessor.of_numbers(), network.architecture.output)
        rows = few_rows(len(X))
        return cls(ensemble, preparation, config, Examples((X[rows],), Y[rows]))

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        path: The folder to make.
        overwrite: Replace an old run folder; it stays as it is until the new one is complete.
        FileError: When the folder exists and may not be replaced, or cannot be written.
        """
        with atomic_directory(path, overwrite=overwrite) as folder:
            self.write(folder)

    def write(self, folder: Path) -> None:
        """Write the files into an existing empty folder, the config last.

        folder: Where they go.
        """
        from deepstep.estimators.ensemble_file import write_ensemble

        names = [PREPARATION, *write_ensemble(folder, self.ensemble, self.temperature)]
        (folder / PREPARATION).write_text(self.preparation.to_json(), encoding="utf-8")
        if self.examples is not None:
            arrays = {f"features{fold}": array for fold, array in enumerate(self.examples.features)}
            write_arrays(folder / EXAMPLES, {**arrays, "Y": self.examples.Y}, {})
            names.append(EXAMPLES)
        if self.held_out is not None:
            names += self.held_out.write(folder)
        if self.estimator is not None:
            from deepstep.estimators.saved import write_estimator

            names += write_estimator(folder, self.estimator)
        write_config(folder, self.config, names)

    def write_results(self, folder: Path) -> None:
        """Write the config again with its results, and the rows held out, into a folder that `write` filled.

        folder: The folder of this run; it is whole at each instant.
        """
        names = [
            *read_config(folder)["files"],
            *(() if self.held_out is None else self.held_out.write(folder)),
        ]
        write_config(folder, self.config, names)

    @classmethod
    def load(cls, path: Path | str) -> "Run":
        """Read a run folder; nothing in it is executed.

        path: A folder that `save`, the ``save`` method of an estimator, or ``deepstep train`` wrote.
        returns: With the checksum of every file compared.
        FileError: When the folder is no run, of another version, or one of its files is missing or altered.

        >>> Run.load("no/such/run")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/run: a run folder is expected; there is no such folder. Runs are
        written by deepstep train, deepstep demo and the save method of estimators.
        """
        from deepstep.estimators.ensemble_file import NAME as ENSEMBLE
        from deepstep.estimators.ensemble_file import EnsembleFile

        folder = Path(path)
        config = read_config(folder)
        check_files(folder, config, [ENSEMBLE], further=True)
        optional, listed = (EXAMPLES, held_out.NAME, ESTIMATOR, ARRAYS), config["files"]
        stored, files = EnsembleFile(folder), [name for name in optional if name in listed]
        check_files(folder, config, [*stored.names, PREPARATION, *files])
        run = cls(stored.ensemble(), read_preparation(folder / PREPARATION), opened(config))
        run.temperature = stored.temperature
        if ESTIMATOR in files:
            _, arrays = read_arrays(folder / ARRAYS, "the arrays of an estimator")
            run._estimator = partial(_estimator_of, folder, read_text(folder / ESTIMATOR), arrays)
        run._check_fit(folder)
        if EXAMPLES in files:
            run.examples = run._read_examples(folder / EXAMPLES)
        if held_out.NAME in files:
            run.held_out = HeldOut.read(folder, run)
        return run

    @property
    def estimator(self) -> "DeepEstimator | None":
        """The fitted `DeepClassifier` or `DeepRegressor`, made when it is asked for; None without."""
        if callable(self._estimator):
            self._estimator = self._estimator(self.ensemble)
            self.ensemble = self._estimator.ensemble_
        found: DeepEstimator | None = self._estimator
        return found

    @estimator.setter
    def estimator(self, estimator: "DeepEstimator | None") -> None:
        self._estimator = estimator

    @property
    def only(self) -> "Member | None":
        """The network where there is one alone, with what is known of its training; None of several."""
        members = self.ensemble.members
        return members[0] if len(members) == 1 else None

    @property
    def network(self) -> Network:
        """The only network; an AttributeError where there are several."""
        if self.only is None:
            raise AttributeError(
                f"Run has no network of its own: its ensemble has {self.ensemble.counted}, see "
                "ensemble.members[0].network"
            )
        return self.only.network

    @property
    def history(self) -> History:
        """The training of the only network, empty where it was not kept; an AttributeError of several."""
        found = self.network.history
        return History() if found is None else found

    def leaderboard(self) -> "Leaderboard":
        """The networks as a table, see `DeepClassifier.leaderboard`.

        returns (Leaderboard): Without scores where no estimator is kept.
        """
        estimator = self.estimator  # of which the trainings have the scores
        return (self.ensemble if estimator is None else estimator.ensemble_).leaderboard()

    @property
    def ended(self) -> str:
        """Why the training of the only network ended, after how many epochs."""
        history = self.history
        if not len(history):
            return f"{history.stopped or 'no records'}, before the end of the first epoch"
        first, last = history.costs[[0, -1]]
        return f"{history.stopped}: {len(history)} epochs, cost {first:.6g} → {last:.6g}"

    @property
    def engine(self) -> tuple[str, str]:
        """The engine that trained, and why where another one could be expected."""
        first = self.ensemble.members[0]
        why = "" if first.network.history is None else first.network.history.why_engine
        return first.engine, why or str(self.config.get("why_engine", ""))

    @property
    def target_name(self) -> str:
        """The name of what is predicted; of several targets all of them."""
        return ", ".join(self.target_names)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        target = self.preparation.target
        return target.names if target.several else (str(self.config.get("target", "target")),)

    @property
    def decimal(self) -> str:
        """The decimal sign with which a numeric target is shown: that of the table it was learned from."""
        comma = self.reading().usual.decimal == "," and not self.preparation.target.is_classes
        return "," if comma else "."

    def predict(self, raw: Any) -> Prediction:
        """Predictions for raw rows.

        raw (table, path of one, or array): As in `outputs`.
        returns: Values, and what is known beside them.
        DataError, ShapeError: As in `outputs`.
        """
        outputs, target = self.outputs(raw), self.preparation.target
        if target.is_classes:
            return Prediction(target.decode(outputs), self.calibrated(target.probabilities(outputs)))
        return Prediction(target.decode(outputs), None, outputs if target.levels else None)

    def calibrated(self, P: Array) -> Array:
        """The probabilities that the target reads in the outputs, at the temperature of the model.

        P (array of shape (m, n_classes), of several targets (m, n_targets)):
        returns (array of the same shape):
        """
        return self.ensemble.tempered(P, self.temperature, each=self.preparation.target.several)

    def outputs(self, raw: Any) -> Array:
        """The outputs for raw rows, of several networks their weighted mean.

        raw (table, path of one, or array): A table with the columns of training (for pictures: a column per
            pixel), the file of one, read as that of training, or pictures (m, height, width, channels).
        returns (m, n_outputs): As the target reads them.
        DataError, ShapeError: When the rows do not fit what was trained on.
        """
        return self.ensemble.outputs(self._rows(raw))

    def permuted(self, raw: Any) -> "PermutedColumn":
        """The outputs for raw rows of which a column is permuted, see ``outputs`` of what it gives.

        raw (table, or path of one): As in `outputs`.
        returns: Each prediction encodes that column alone.
        DataError, ShapeError: As in `outputs`, and for a run of pictures.
        """
        from deepstep.estimators.ensemble import PermutedColumn

        table = self.preparation.inputs
        if not isinstance(table, TablePreparation):
            raise DataError("Run.permuted", "a run of a table, which has columns", "got one of pictures")
        return PermutedColumn(self.ensemble, self._rows(raw), table)

    def inputs(self, raw: Any, member: int = 0) -> Array:
        """Raw rows as the inputs of a network.

        raw (table, path of one, or array): As in `outputs`.
        member: Its number, from 0.
        returns (m, n_inputs):
        DataError, ShapeError: As in `outputs`.
        """
        one = self.ensemble.members[member]
        inputs: Array = self.ensemble.preprocessors[one.fold].inputs(self._rows(raw))[one.preset.inputs]
        return inputs

    def examples_of(self, rows: "polars.DataFrame | AnyArray", labels: Any) -> Examples:
        """At most 16 training rows, evenly spread, as the run keeps them.

        rows (polars.DataFrame or array): As in `outputs`.
        labels (array-like (m,), for several targets a table): Their targets.
        returns: Features of each fold, and encoded targets.
        """
        some = few_rows(len(rows))
        target = self.preparation.target
        taken, Y = self._rows(rows[some]), target.encode(chosen(target, labels, some))
        return Examples(tuple(one.features(taken) for one in self.ensemble.preprocessors), Y)

    def kept_examples(self, member: int = 0) -> tuple[Array, Array]:
        """The training rows that the run keeps, as inputs and targets of a network.

        member: Its number, from 0.
        X (k, n_inputs): A row is an example.
        Y (k, n_outputs): Targets that the network learns.
        DataError: If the run keeps none.
        """
        if self.examples is None:
            raise DataError("Run", "training rows that the run keeps", "it keeps none", "Pass --data FILE.")
        one = self.ensemble.members[member]
        preprocessor, features = self.ensemble.preprocessors[one.fold], self.examples.features[one.fold]
        X: Array = preprocessor.encoded(features)[one.preset.inputs]
        return X, preprocessor.scaled(self.examples.Y)

    def _rows(self, raw: Any) -> Any:
        """Rows as the ensemble takes them: columns that one fold or another has features of, or floats."""
        from deepstep.environment import polars

        inputs = self.preparation.inputs
        if isinstance(raw, str | PathLike):
            raw = self._read(Path(raw))
        elif not isinstance(raw, np.ndarray | polars.DataFrame):  # unused columns of polars may hold anything
            raw = as_frame(raw, where="Run")
        if not isinstance(inputs, TablePreparation):
            return inputs.transform(raw) if isinstance(raw, np.ndarray) else inputs.transform_table(raw)
        if isinstance(raw, np.ndarray):
            raise DataError("Run", "a table, as in training", f"got an array of shape {raw.shape}")
        if all(one.preparation is None for one in self.ensemble.preprocessors):
            return inputs.transform(raw)
        names = list(self.columns)
        return as_frame(with_columns(raw, names)[names], where="table")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a table must have: those that one fold or another has features of."""
        inputs = self.preparation.inputs
        if not isinstance(inputs, TablePreparation):
            return inputs.feature_names
        tables = [one.preparation for one in self.ensemble.preprocessors if one.preparation is not None]
        columns = [column for table in tables or [inputs] for column in table.columns]
        return tuple(dict.fromkeys(column.name for column in columns if column.feature_names))

    def likely(self, raw: Any, alpha: float = 0.1) -> AnyArray:
        """Sets of classes, or intervals, that have the true value of about 1 - alpha of the rows.

        raw (table, path of one, or array): As in `outputs`.
        alpha: Share of the rows whose value may be missed, between 0 and 1.
        returns (array): As ``predict_set`` or ``predict_interval`` of the estimator.
        ConfigurationError: Where no estimator is kept, or it has no rows that were not learned from.
        """
        estimator = self.estimator
        if estimator is None:
            got = "the run has none"
            raise ConfigurationError("Run", "an estimator, which knows how often it is wrong", got)
        name = "predict_set" if self.preparation.target.is_classes else "predict_interval"
        found: AnyArray = getattr(estimator, name)(_as_fitted(estimator, self._rows(raw)), alpha)
        return found

    def reading(
        self, given: TextFormat = BY_CONTENT.given, tell: Callable[[str], None] = silent
    ) -> ReadOptions:
        """The way in which a table for the run is read: as given, else as the one that it was trained on.

        given: How text tables are written.
        tell: A function that is called with what is found.
        returns: How to read it; texts that are classes of the target are not read as missing.
        """
        values = dict(zip(self.target_names, self.preparation.target.labels, strict=False))
        return ReadOptions(given, text_format(self.config.get("asked", {})), values, tell)

    def _read(self, path: Path) -> "polars.DataFrame":
        how = self.reading()
        frame = table_in(path, how=how).frame
        return frame if how.usual.header else self.with_numbers_of_training(frame)

    def with_numbers_of_training(self, frame: "polars.DataFrame") -> "polars.DataFrame":
        """Columns of a file without a header under their numbers of training; the targets need not be there.

        frame: With columns named by number.
        returns: The same columns.
        DataError: When there are more or fewer columns.
        """
        if not isinstance(self.preparation.inputs, TablePreparation):
            return frame
        names, left = self.columns_by_number()
        if frame.width not in (len(names), len(left)):
            raise DataError(
                "table",
                f"{len(names)} columns, as in the table of training, or {len(left)} without the target are "
                "expected",
                f"got {frame.width}",
            )
        return (
            frame if frame.width == len(names) else frame.rename(dict(zip(frame.columns, left, strict=True)))
        )

    def columns_by_number(self) -> tuple[list[str], list[str]]:
        """The columns of a table without a header: all of them in training, and those without the target."""
        asked = self.config.get("asked", {})
        beside = self.config.get("sample_weight"), asked.get("groups")
        others = [*self.target_names, *asked.get("drop", ()), *beside]
        columns = getattr(self.preparation.inputs, "columns", ())
        n = len({column.name for column in columns} | {name for name in others if name})
        names = [f"column_{at}" for at in range(1, n + 1)]
        return names, [name for name in names if name not in self.target_names]

    def _check_fit(self, folder: Path) -> None:
        """Refuse files that are each whole but belong to different runs."""
        inputs, target, ensemble = self.preparation.inputs, self.preparation.target, self.ensemble
        shape, numbers = ensemble.members[0].network.architecture, ensemble.preprocessors[0].table is None
        n_inputs = inputs.n_features if numbers else isinstance(inputs, TablePreparation)
        got = (n_inputs, target.n_outputs, target.head)
        output = ensemble.output if self._estimator is None else target.head  # it may have one of its own
        expected = (shape.n_inputs if numbers else True, shape.n_outputs, output)
        if got != expected:
            raise FileError(
                str(folder / PREPARATION),
                f"inputs, outputs and kind of output are the model's {expected}",
                f"got {got}",
                "Train again.",
            )

    def _read_examples(self, path: Path, names: Mapping[str, str] | None = None) -> Examples:
        """The rows that a run keeps, checked against its networks; ``names`` are those of today."""
        _, found = read_arrays(path, "the examples of a run")
        arrays = {(names or {}).get(name, name): array for name, array in found.items()}
        shape = self.ensemble.members[0].network.architecture
        tables = [one.preparation for one in self.ensemble.preprocessors]
        widths = {
            f"features{fold}": shape.n_inputs if table is None else table.n_features
            for fold, table in enumerate(tables)
        }
        k = len(arrays["Y"]) if arrays.get("Y", np.empty(())).ndim == 2 else 0
        expected = {name: (k, width) for name, width in {**widths, "Y": shape.n_outputs}.items()}
        finite = all(array.dtype.kind in "fiub" and np.isfinite(array).all() for array in arrays.values())
        if not (k and finite and {name: array.shape for name, array in arrays.items()} == expected):
            raise FileError(
                str(path),
                f"finite arrays of the same rows: {', '.join(expected)}",
                "they are others",
                "Restore it, or train again.",
            )
        return Examples(tuple(arrays[name] for name in widths), arrays["Y"])


TEXT_FORMAT = ("sep", "decimal", "encoding", "no_header")
"""Options of how a text table is written, as a config has them."""


def text_format(options: Mapping[str, Any]) -> TextFormat:
    """The way in which text tables are written, of options by their names."""
    sep, decimal, encoding, no_header = map(options.get, TEXT_FORMAT)
    return TextFormat(sep, decimal, encoding, not no_header)


def _estimator_of(*read: Any) -> "DeepEstimator":
    from deepstep.estimators.saved import read_estimator

    return read_estimator(*read)


def few_rows(m: int) -> AnyArray:
    """Which of m training rows a run keeps: at most 16, evenly spread, first and last among them."""
    return evenly_spread(m, MOST_EXAMPLES)


def _as_fitted(estimator: "DeepEstimator", rows: Any) -> Any:
    """All columns of the fit, with names where it had them: scikit-learn warns where only one of both has."""
    from deepstep.environment import polars

    named = list(getattr(estimator, "feature_names_in_", ()))
    if isinstance(rows, np.ndarray):
        return polars.DataFrame(rows, schema=named) if named else rows
    names, there = estimator._column_names, set(rows.columns)
    unseen = [polars.lit(np.nan).alias(name) for name in names if name not in there]  # of no fold's features
    table = rows.with_columns(unseen).select(names)
    return table if named else table.to_numpy()


def _inputs(estimator: "DeepEstimator") -> TablePreparation:
    """How the columns are seen: by the first fold, or as numbers that stay as they are."""
    preparation = estimator.ensemble_.preprocessors[0].preparation
    if preparation is not None:
        return preparation
    n = estimator.n_features_in_
    names = [*map(str, getattr(estimator, "feature_names_in_", [f"x{at}" for at in range(n)]))]
    return TablePreparation(tuple(NumberColumn(name, 0.0, 1.0, marks_missing=False) for name in names))


def _target(estimator: Any, name: Any) -> Targets:
    """The meaning of outputs, in the target's own units; ``name`` is its name, or those of several."""
    targets: Targets = estimator.targets_
    strange: list[Any] = [label for labels in targets.labels for label in labels if not is_label(label)]
    if strange:
        expected = "classes that are texts or numbers, to be saved"
        raise ConfigurationError(type(estimator).__name__, expected, f"got {strange[0]!r:.60}")
    classes = tuple(label_array(labels, several=targets.several) for labels in targets.labels)
    names = _names(name, targets.n_columns) if targets.several else ()
    return replace(targets, classes=classes, names=names)


def _names(name: Any, n: int) -> tuple[str, ...]:
    several = isinstance(name, list | tuple) and len(name) == n
    return tuple(map(str, name)) if several else tuple(f"{name} {at}" for at in range(n))


complete({"Prediction": Prediction, "Run": Run})
