"""A fitted estimator in the files of a run: ``estimator.json``, and ``estimator.safetensors`` of its arrays.

A value that JSON does not have is an object of one entry, such as ``{"tuple": [1, 2]}``, whose name is in a
table below. Nothing is pickled: what is no plain value, such as a function, is not stored.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils.validation import check_is_fitted

from deepstep.data import atomic_write
from deepstep.data.array_files import write_arrays
from deepstep.data.text_formats import json_values
from deepstep.engines import SessionState
from deepstep.errors import DeepStepError, FileError, warn_the_caller
from deepstep.estimators.calibration import Calibration
from deepstep.estimators.ensemble import Ensemble, Fold, Member
from deepstep.estimators.label_issues import TrainingFingerprint
from deepstep.estimators.training import FitResult, WarmStartState
from deepstep.estimators.widths import WidthModel
from deepstep.run_folder import ARRAYS, ESTIMATOR
from deepstep.targets import Targets
from deepstep.training import History
from deepstep.training.rate_finder import RateSearch
from deepstep.types import AnyArray, is_whole

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

FORMAT, VERSION = "deepstep-estimator", 1

STATE = (
    "n_features_in_", "feature_names_in_", "_column_names", "_came_with_names", "_calibration",
    "_training_rows", "_interrupted",
)  # fmt: skip
"""Attributes of a fitted estimator beside its networks and its target."""

KINDS = (
    Calibration, FitResult, RateSearch, SessionState, TrainingFingerprint, WarmStartState, WidthModel
)  # fmt: skip
RECORDS = {kind.__name__: kind for kind in KINDS}
"""Dataclasses whose fields are values that are stored."""

DAMAGES = (KeyError, TypeError, ValueError, IndexError, RecursionError, DeepStepError)
"""Errors by which files that were altered show."""


class Values:
    """Values as JSON has them, with the arrays among them by name."""

    def __init__(self, arrays: dict[str, AnyArray]) -> None:
        self.arrays = arrays

    def packed(self, value: Any) -> Any:
        """The value for JSON; a TypeError where it is no plain value."""
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or type(value) in (bool, int, str):
            return value
        if isinstance(value, str):  # a text of NumPy
            return str(value)
        if isinstance(value, float):
            return value if isfinite(value) else {"number": str(value)}
        if isinstance(value, list):
            return [*map(self.packed, value)]
        if isinstance(value, tuple):
            return {"tuple": [*map(self.packed, value)]}
        if isinstance(value, Mapping):
            return {"mapping": [[self.packed(name), self.packed(entry)] for name, entry in value.items()]}
        if isinstance(value, np.ndarray):
            return self._packed_array(value)
        if isinstance(value, bytes):
            return {"bytes": value.hex()}
        if isinstance(value, Path):
            return {"path": str(value)}
        if isinstance(value, History):
            ends = (value.engine, value.stopped, value.why_engine)
            return {"history": [[self.packed(dict(record)) for record in value], *ends]}
        if type(value).__name__ in RECORDS:
            entries = {field.name: self.packed(getattr(value, field.name)) for field in fields(value)}
            return {type(value).__name__: entries}
        raise TypeError(f"{type(value).__name__} is no plain value")

    def _packed_array(self, value: AnyArray) -> Any:
        if value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
            name = f"{len(self.arrays):03}"
            self.arrays[name] = value.astype(value.dtype.newbyteorder("="))
            return {"array": name}
        if value.dtype.kind in "UO":
            kind = "object" if value.dtype.kind == "O" else value.dtype.str[1:]
            return {"objects": [kind, [*map(self.packed, value.tolist())]]}
        raise TypeError(f"an array of {value.dtype} is no plain value")

    def unpacked(self, value: Any) -> Any:
        """The value of what JSON has."""
        if isinstance(value, list):
            return [*map(self.unpacked, value)]
        if not isinstance(value, dict):
            return value
        ((name, content),) = value.items()
        if name in RECORDS:
            kind = RECORDS[name]
            if not set(content) <= {field.name for field in fields(kind)}:
                raise ValueError(f"a {name} has other entries")
            return kind(**{entry: self.unpacked(packed) for entry, packed in content.items()})
        return READ[name](self, content)


READ: Mapping[str, Callable[[Values, Any], Any]] = {
    "number": lambda values, content: {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}[content],
    "tuple": lambda values, content: tuple(map(values.unpacked, content)),
    "mapping": lambda values, content: {values.unpacked(k): values.unpacked(v) for k, v in content},
    "array": lambda values, content: values.arrays[content],
    "objects": lambda values, content: np.array(values.unpacked(content[1]), _dtype_of_objects(content[0])),
    "bytes": lambda values, content: bytes.fromhex(content),
    "path": lambda values, content: Path(content),
    "history": lambda values, content: History(
        map(values.unpacked, content[0]), engine=content[1], stopped=content[2], why_engine=content[3]
    ),
}
"""Readers of the objects that stand for values."""


def _dtype_of_objects(kind: str) -> Any:
    if kind != "object" and not (kind[:1] == "U" and kind[1:].isdigit()):
        raise ValueError(f"{kind!r:.20} is no type of texts")
    return object if kind == "object" else np.dtype(kind)


def write_estimator(folder: Path, estimator: Any) -> list[str]:
    """Write what `write_ensemble` does not, into the same folder; the files, relative to it."""
    values, ensemble, targets = Values({}), estimator.ensemble_, estimator.targets_
    state = {name: vars(estimator)[name] for name in STATE if name in vars(estimator)}
    record = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "DeepRegressor" if is_regressor(estimator) else "DeepClassifier",
        "parameters": _parameters(estimator, values),
        "classes": values.packed(list(targets.classes)),
        "settings": values.packed(dict(targets.settings)),
        "n_columns": targets.n_columns,
        "state": {name: values.packed(value) for name, value in state.items()},
        "fits": [_packed_fit(member, values) for member in ensemble.members],
        "held_out": [values.packed(one.fold.held_out) for one in ensemble.preprocessors],
        "out_of_fold": values.packed(ensemble.out_of_fold),
    }
    with atomic_write(folder / ESTIMATOR) as file:
        file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode())
    write_arrays(folder / ARRAYS, values.arrays, {})
    return [ESTIMATOR, ARRAYS]


def _parameters(estimator: "DeepEstimator", values: Values) -> dict[str, Any]:
    """The parameters; those that are no plain values are left out with a warning."""
    packed, left_out = {}, []
    for name, value in estimator.get_params(deep=False).items():
        before = len(values.arrays)
        try:
            packed[name] = values.packed(value)
        except TypeError:
            left_out.append(name)
            for added in [*values.arrays][before:]:
                del values.arrays[added]
    if left_out:
        warn_the_caller(
            f"{type(estimator).__name__}.save stores no functions and objects: after load, "
            f"{', '.join(left_out)} will have the default value. Predictions do not depend on it."
        )
    return packed


def _packed_fit(member: Member, values: Values) -> Any:
    """The training of a member, of which the network has the history."""
    if member.fit is None:
        return None
    continues = member.preset.name == "mlp"  # the others have no partial_fit
    state = member.fit.state if continues else replace(member.fit.state, state=None)
    same = member.fit.history is member.network.history
    return values.packed(replace(member.fit, state=state, history=History() if same else member.fit.history))


def read_estimator(
    folder: Path, text: str, arrays: dict[str, AnyArray], ensemble: Ensemble
) -> "DeepEstimator":
    """The estimator of an ensemble, from the contents of both files; nothing is executed."""
    from deepstep.estimators import DeepClassifier, DeepRegressor

    kinds = {kind.__name__: kind for kind in (DeepClassifier, DeepRegressor)}
    where = str(folder / ESTIMATOR)
    values = Values(arrays)
    try:
        record = json_values(text)
        if record["format"] != FORMAT or record["version"] != VERSION:
            raise ValueError(f"format {FORMAT} {VERSION} is expected")
        given = record["parameters"], record["state"]
        parameters, state = ({name: values.unpacked(one) for name, one in part.items()} for part in given)
        estimator = kinds[record["kind"]](**parameters)
        _check(state)
        fits = zip(ensemble.members, values.unpacked(record["fits"]), strict=True)
        held_out = zip(ensemble.preprocessors, values.unpacked(record["held_out"]), strict=True)
        estimator.ensemble_ = replace(
            ensemble,
            members=tuple(_with_fit(*pair) for pair in fits),
            # rows that a fold learned from matter in fit alone
            preprocessors=tuple(replace(one, fold=Fold(np.arange(0), rows)) for one, rows in held_out),
            out_of_fold=values.unpacked(record["out_of_fold"]),
        )
        estimator.__dict__.update(state)
        classes, settings = (values.unpacked(record[name]) for name in ("classes", "settings"))
        valid = isinstance(classes, list) and all(np.ndim(labels) == 1 for labels in classes)
        columns, of_labels = record["n_columns"], isinstance(estimator, DeepClassifier)
        valid = valid and is_whole(columns, 1) and len(classes) == columns * of_labels
        if not (valid and isinstance(settings, dict)):
            raise TypeError("classes, settings and n_columns are those of targets")
        targets = Targets(ensemble.output, settings, tuple(map(np.asarray, classes)), columns)
        if targets.n_outputs != ensemble.members[0].network.architecture.n_outputs:
            raise ValueError("the targets are not those of the networks")
        estimator.targets_ = targets
    except FileError:
        raise
    except (*DAMAGES, AttributeError) as error:
        got = f"it cannot be used ({error!s:.300})"
        raise FileError(where, "the file as it was saved", got, "Restore it, or save again.") from None
    return estimator


def _with_fit(member: Member, fit: Any) -> Member:
    if fit is None:
        return member
    if not isinstance(fit, FitResult):
        raise TypeError("fits are of members")
    history = member.network.history
    if not len(fit.history) and history is not None:
        fit = replace(fit, history=history)
    return replace(member, fit=fit)


def _check(state: Mapping[str, Any]) -> None:
    """Refuse a state that no fit has."""
    if not set(state) <= set(STATE) or not is_whole(state.get("n_features_in_"), 1):
        raise ValueError(f"state has other entries than {', '.join(STATE)}")
    kinds = {
        "_calibration": Calibration,
        "_training_rows": TrainingFingerprint | None,
        "_column_names": tuple,
        "_interrupted": bool,
    }
    for name, kind in kinds.items():
        if name in state and not isinstance(state[name], kind):
            raise TypeError(f"{name} is of another type")


class SavedEstimator:
    """The part of the estimators that is saved and loaded."""

    def save(self, folder: Path | str, *, overwrite: bool = False) -> None:
        """Save the fitted estimator as a run folder, whole or not at all.

        The folder is that of `deepstep.Run`: the commands of ``deepstep`` open it, too. Networks are
        safetensors, the rest is JSON and TOML with checksums. Nothing is pickled, so that a folder of others
        can be loaded without running their code. Parameters that are functions or objects (``callbacks``, a
        function as ``scoring`` or ``schedule``, a RandomState) are left out, of which a UserWarning tells.

        folder (Path or str): The folder to make; its parent exists.
        overwrite: Replace an older run folder, which stays as it is until the new one is complete.
        NotFittedError: Before `fit`.
        FileError: If the folder exists and may not be replaced, or cannot be written.
        ConfigurationError: If the classes are neither texts nor numbers.

        >>> import tempfile
        >>> from deepstep import DeepRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
        >>> model = DeepRegressor((), preset="mlp", solver="lbfgs", random_state=1).fit(X, y)
        >>> folder = Path(tempfile.mkdtemp()) / "model"
        >>> model.save(folder)
        >>> bool((DeepRegressor.load(folder).predict(X) == model.predict(X)).all())
        True
        """
        from deepstep.run import Run

        Run.of(cast("DeepEstimator", self)).save(folder, overwrite=overwrite)

    def export(self, path: Path | str, *, to: str = "", overwrite: bool = False) -> Any:
        """Write one file that predicts without DeepStep: preparation of the columns, networks, target.

        The file is run, on rows with missing, unseen and large values, before it is written.

        path (Path or str): The file to write; its suffix is that of the format.
        to: The format, a name in ``deepstep.export.FORMATS``; by default by the suffix.
        overwrite: Replace files that exist.
        returns (deepstep.export.Certificate): The largest difference from the predictions of this estimator.
        NotFittedError: Before `fit`.
        ConfigurationError: If the format cannot carry the model; the message names the reason.
        ParityError: If the file predicts other values; nothing is written.
        FileError: If the file exists and may not be replaced, or cannot be written.

        >>> import tempfile
        >>> from deepstep import DeepRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
        >>> model = DeepRegressor((), preset="mlp", solver="lbfgs", random_state=1).fit(X, y)
        >>> model.export(Path(tempfile.mkdtemp()) / "model.py").difference < 1e-6
        True
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.export"
        found: Any = import_module("deepstep.export").export  # nothing imports the exports
        return found(self, path, to=to, overwrite=overwrite, where=where)

    @classmethod
    def load(cls, folder: Path | str) -> Any:
        """Load an estimator that `save` or ``deepstep train`` wrote; nothing in the folder is executed.

        With ``preset='mlp'``, ``partial_fit`` and ``warm_start`` continue from it. `deepstep.Run.load` reads
        a folder of either class: see its ``estimator``.

        folder (Path or str): The run folder.
        returns (DeepClassifier or DeepRegressor): The same predictions to the bit, the same parameters and
            fitted attributes.
        FileError: If the folder is no run of this estimator, or one of its files is missing or altered.

        >>> from deepstep import DeepClassifier
        >>> DeepClassifier.load("no/such/model")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/model: a run folder is expected; there is no such folder. Runs are
        written by deepstep train, deepstep demo and the save method of estimators.
        """
        from deepstep.run import Run

        found: Any = Run.load(folder).estimator
        if issubclass(cls, type(found)) and cls is not type(found):  # a class of the user's own
            found.__class__ = cls
        if not isinstance(found, cls):
            got = "it is a run without an estimator" if found is None else f"it is a {type(found).__name__}"
            hint = (
                "deepstep.Run.load reads it." if found is None else f"{type(found).__name__}.load reads it."
            )
            raise FileError(str(folder), f"the run of a {cls.__name__} is expected", got, hint)
        return found
