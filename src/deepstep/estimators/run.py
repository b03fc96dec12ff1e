"""`EnsembleRun`: an ensemble with everything that is needed to use it, as a folder on disk.

=========================  ===================================================================================
file of the run folder     what it holds
=========================  ===================================================================================
``config.toml``            what was trained on what and how, its results, and the SHA-256 of all files
``ensemble.json``          how a table becomes each fold's inputs, and what each member counts
``members/…safetensors``   the members, each an ordinary model file
``members/….jsonl``        their trainings, a record for each epoch
``preparation.json``       how the columns are seen over all training rows, and what the answers mean
``examples.safetensors``   up to 16 training rows as features of each fold, for `trace` and `check-gradients`
=========================  ===================================================================================

Nothing is pickled, and loading executes nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.frames import as_frame
from deepstep.errors import DataError, FileError
from deepstep.estimators.ensemble import Ensemble, calibrate_proba
from deepstep.estimators.ensemble_file import EnsembleFile, write_ensemble
from deepstep.preparation import Preparation, TablePreparation
from deepstep.preparation.table import with_columns
from deepstep.run import few_rows
from deepstep.run_folder import (
    OF_AN_ENSEMBLE,
    RunFolder,
    check_files,
    opened,
    read_config,
    read_preparation,
    write_config,
)
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

PREPARATION, EXAMPLES = "preparation.json", "examples.safetensors"


class FewRows(NamedTuple):
    """Training rows that open members: features (k, n_features) of each fold, encoded targets."""

    features: tuple[Array, ...]
    Y: Array

    @classmethod
    def of(cls, ensemble: Ensemble, frame: "polars.DataFrame", Y: Array) -> "FewRows":
        """At most 16 of the rows, evenly spread."""
        rows = few_rows(len(Y))
        some = as_frame(frame[rows], where="table")
        return cls(tuple(preprocessor.features(some) for preprocessor in ensemble.preprocessors), Y[rows])


@dataclass
class EnsembleRun(RunFolder):
    """An ensemble and what belongs to it.

    ensemble (deepstep.estimators.ensemble.Ensemble): The networks.
    temperature: By which the logits of its answers are divided; 1 for numbers.
    preparation: How the columns are seen over all training rows, which no member uses: each has what its own
        rows taught. And the target: numbers stay in their own units.
    config: TOML values: ``task``, ``target`` (a list where there are several), ``source``, ``settings`` and
        ``results``.
    examples: Training rows by which members are opened.

    >>> import tempfile
    >>> import polars
    >>> from deepstep.estimators import DeepClassifier
    >>> from deepstep.preparation import ClassificationTarget
    >>> table = polars.DataFrame({"x": np.linspace(-1, 1, 40), "side": ["left", "right"] * 20})
    >>> y = np.where(table["x"] > 0, "up", "down")
    >>> model = DeepClassifier(n_estimators=2, max_iter=20, random_state=1).fit(table, y)
    >>> preparation = Preparation(TablePreparation.fit(table), ClassificationTarget((("down", "up"),)))
    >>> config = {"task": "binary", "target": "y"}
    >>> rows = FewRows.of(model.ensemble_, table, preparation.target.encode(y))
    >>> run = EnsembleRun(model.ensemble_, model.temperature_, preparation, config, rows)
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> run.save(folder)
    >>> read = EnsembleRun.load(folder)
    >>> bool((read.predict(table).probabilities == model.predict_proba(table)).all())
    True
    """

    ensemble: Ensemble
    temperature: float
    preparation: Preparation
    config: dict[str, Any]
    examples: FewRows

    def write(self, folder: Path) -> None:
        """Write the files into an existing empty folder, the config last.

        folder: Where they go.
        """
        names = write_ensemble(folder, self.ensemble, self.temperature)
        (folder / PREPARATION).write_text(self.preparation.to_json(), encoding="utf-8")
        arrays = {f"features{fold}": array for fold, array in enumerate(self.examples.features)}
        write_arrays(folder / EXAMPLES, {**arrays, "Y": self.examples.Y}, {})
        write_config(folder, self.config, OF_AN_ENSEMBLE, [*names, PREPARATION, EXAMPLES])

    @classmethod
    def load(cls, path: Path | str) -> "EnsembleRun":
        """Read a run folder; nothing in it is executed.

        path: The folder that `save` wrote, or ``deepstep train --preset tabular`` or ``shared``.
        returns: With the checksum of every file compared.
        FileError: When the folder is no run of an ensemble, of another version, or one of its files is
            missing or altered.

        >>> EnsembleRun.load("no/such/run")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/run: a run folder is expected; there is no such folder. Runs are
        written by deepstep train and deepstep demo.
        """
        folder = Path(path)
        config = read_config(folder)
        if config["version"] != OF_AN_ENSEMBLE:
            raise FileError(
                str(folder),
                "a run of an ensemble is expected",
                "this one is of one network",
                "deepstep.Run.load reads it.",
            )
        stored = EnsembleFile(folder)
        check_files(folder, config, [*stored.names, PREPARATION, EXAMPLES])
        config = opened(config)
        preparation = read_preparation(folder / PREPARATION)
        ensemble = stored.ensemble()
        examples = _read_examples(folder / EXAMPLES, ensemble, preparation.target.n_outputs)
        run = cls(ensemble, stored.temperature, preparation, config, examples)
        run._check_fit(folder)
        return run

    def outputs(self, raw: "polars.DataFrame | AnyArray") -> Array:
        """The weighted mean of the members' outputs for raw rows.

        raw (polars.DataFrame): A table with the columns of training; further ones are ignored.
        returns (m, n_outputs): Float64, as the target reads them.
        DataError: When the rows do not fit what was trained on.
        """
        if isinstance(raw, np.ndarray):
            raise DataError("EnsembleRun", "a table, as in training", f"got an array of shape {raw.shape}")
        return self.ensemble.outputs(self._used(raw))

    def inputs(self, raw: "polars.DataFrame", member: int) -> Array:
        """Raw rows as the inputs of a member.

        raw: As in `outputs`.
        member: Its number, from 0.
        returns (m, n_inputs):
        DataError: As in `outputs`.
        """
        one = self.ensemble.members[member]
        inputs: Array = self.ensemble.preprocessors[one.fold].inputs(self._used(raw))[one.preset.cuts]
        return inputs

    def few_examples(self, member: int) -> tuple[Array, Array]:
        """The rows that the run keeps, as inputs and targets of a member.

        member: Its number, from 0.
        X (k, n_inputs): A row is an example.
        Y (k, n_outputs): Targets that the member learns.
        """
        one = self.ensemble.members[member]
        preprocessor, features = self.ensemble.preprocessors[one.fold], self.examples.features[one.fold]
        X: Array = preprocessor.encoded(features)[one.preset.cuts]
        return X, preprocessor.scaled(self.examples.Y)

    def few_outputs(self) -> Array:
        """Outputs of the ensemble for the rows that the run keeps.

        returns (k, n_outputs): As the target reads them.
        """
        return self.ensemble.outputs_of(self.examples.features)

    def _used(self, raw: "polars.DataFrame") -> "polars.DataFrame":
        """The columns that one fold or another has features of."""
        tables = [preprocessor.preparation for preprocessor in self.ensemble.preprocessors]
        columns = [column for table in tables if table is not None for column in table.columns]
        names = list(dict.fromkeys(column.name for column in columns if column.feature_names))
        return as_frame(with_columns(raw, names)[names], where="table")

    def told(self, P: Array) -> Array:
        """Probabilities as they are told: at the temperature of all members together.

        P (m, n_classes): With several targets (m, n_targets).
        returns (m, n_classes): Like P.
        """
        several = self.preparation.target.several
        return calibrate_proba(P, self.temperature, each=several)

    def _check_fit(self, folder: Path) -> None:
        """Refuse files that are each whole but belong to different runs."""
        target, inputs = self.preparation.target, self.preparation.inputs
        got = (type(inputs).__name__, target.n_outputs, target.output)
        n_outputs = {len(preprocessor.scale) for preprocessor in self.ensemble.preprocessors}
        expected = (TablePreparation.__name__, *n_outputs, self.ensemble.output)
        if got != expected:
            raise FileError(
                str(folder / PREPARATION),
                f"kind of inputs, outputs and kind of output are the ensemble's {expected}",
                f"got {got}",
                "Train again.",
            )


def _read_examples(path: Path, ensemble: Ensemble, n_outputs: int) -> FewRows:
    """The rows that a run keeps, checked against its ensemble."""
    tables = [preprocessor.preparation for preprocessor in ensemble.preprocessors]
    widths = {
        f"features{fold}": 0 if table is None else table.n_features for fold, table in enumerate(tables)
    }
    _, arrays = read_arrays(path, "the examples of a run")
    k = len(arrays["Y"]) if arrays.get("Y", np.empty(())).ndim == 2 else 0
    expected = {name: (k, width) for name, width in {**widths, "Y": n_outputs}.items()}
    finite = all(array.dtype == np.float64 and np.isfinite(array).all() for array in arrays.values())
    if not (k and finite and {name: array.shape for name, array in arrays.items()} == expected):
        raise FileError(
            str(path),
            f"finite arrays of the same rows: {', '.join(expected)}",
            "they are others",
            "Restore it, or train again.",
        )
    return FewRows(tuple(arrays[name] for name in widths), arrays["Y"])
