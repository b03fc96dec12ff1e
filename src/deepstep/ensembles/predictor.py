"""`Predictor`: what a fit has learned, and all that predicts needs; scikit-learn is not imported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.data.frames import as_frame, has_names
from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.table import with_columns
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

FINGERPRINT_ROWS = 2**14
"""Rows whose features are in memory at once for a fingerprint."""


@dataclass(frozen=True, eq=False)
class TrainingFingerprint:
    """The rows of a fit: a fingerprint of their columns and the numbers of those that have a weight."""

    fingerprint: bytes
    rows: NDArray[np.intp]
    n: int

    @property
    def fault(self) -> str:
        """The condition that a stored fingerprint does not meet; empty for a valid one."""
        valid = self.rows.ndim == 1 and bool(((self.rows >= 0) & (self.rows < self.n)).all())
        return "" if valid else "numbers of rows"

    @classmethod
    def of(cls, ensemble: Ensemble, X: Any, weight: Array | None) -> "TrainingFingerprint":
        """The learned rows of a fit."""
        n = int(X.shape[0])
        rows = np.arange(n) if weight is None else np.flatnonzero(weight > 0)
        return cls(_fingerprint(ensemble, X), rows, n)

    def match(self, ensemble: Ensemble, X: Any) -> bool:
        """Whether rows are the same ones in the same order."""
        return int(X.shape[0]) == self.n and _fingerprint(ensemble, X) == self.fingerprint


def _fingerprint(ensemble: Ensemble, X: Any) -> bytes:
    """A hash of the features that members see, as far as those of the first fold tell."""
    m = int(X.shape[0])
    digest = blake2b(digest_size=16)
    size = FINGERPRINT_ROWS if hasattr(X, "height") else max(m, 1)  # sparse rows are hashed as a whole
    for part in (X[start : start + size] for start in range(0, m, size)):
        features = ensemble.preprocessors[0].features(part)
        dense = isinstance(features, np.ndarray)
        for array in [features] if dense else [features.data, features.indices, features.indptr]:
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.digest()


@dataclass(frozen=True)
class Columns:
    """The columns of a fit.

    Attributes
    ----------
    names : tuple of str
        Their names; empty for rows that are no table: sparse rows and pictures.
    named : bool
        Whether the names came with the table: then rows to predict go by name, else by order.

    Examples
    --------
    >>> Columns(("age", "town"), named=True).frame([{"town": "Rome", "age": 31}]).columns
    ['age', 'town']
    """

    names: tuple[str, ...] = ()
    named: bool = False

    @classmethod
    def of(cls, X: Any) -> "Columns":
        """The columns of a table."""
        return cls(tuple(as_frame(X).columns), has_names(X))

    def frame(self, X: Any) -> Any:
        """Rows as a frame with these columns: by name, others left out; by order where names are missing."""
        frame = as_frame(X)
        if self.named and has_names(X):
            frame = with_columns(frame, self.names)[[*self.names]]
        elif frame.width != len(self.names):
            raise DataError.must_be("X", f"have the {len(self.names)} columns of fit", str(frame.width))
        elif set(frame.columns) != set(self.names):
            frame = frame.rename(dict(zip(frame.columns, self.names, strict=True)))
        if not frame.height:
            raise DataError("X has no rows", "Pass at least one row (minimum of 1 is required).")
        return frame


@dataclass(frozen=True, eq=False)
class Predictor:
    """The fitted value of an estimator: rows → predictions.

    Attributes
    ----------
    columns : Columns
        The columns of the fit.
    targets : Targets
        What is learned, and what outputs mean.
    ensemble : Ensemble
        The networks, how rows become their inputs, and what each counts.
    calibration : Calibration
        By rows that were not learned from.
    rows_of_fit : TrainingFingerprint or None
        The rows of the fit, where some have been held out by folds.
    """

    columns: Columns
    targets: Targets
    ensemble: Ensemble
    calibration: Calibration = field(default_factory=Calibration)
    rows_of_fit: TrainingFingerprint | None = None

    @property
    def fault(self) -> str:
        """The condition that a stored predictor does not meet; empty for a valid one."""
        shape, n_outputs = self.ensemble.members[0].network.architecture, self.targets.n_outputs
        if (shape.output, shape.n_outputs) != (self.targets.head, n_outputs):
            return "targets of the networks"
        for preprocessor in self.ensemble.preprocessors:
            if not len(preprocessor.center) == len(preprocessor.scale) in (0, n_outputs):
                return "a center and a scale of each output"
            if (preprocessor.scale <= 0).any():
                return "a scale above 0"
        return ""

    def outputs(self, X: Any) -> Array:
        """The outputs for rows, (m, n_outputs)."""
        return self.ensemble.outputs(self.columns.frame(X) if self.columns.names else X)

    def predictions(self, outputs: Array) -> AnyArray:
        """Labels of outputs, or numbers as float64."""
        return self.targets.predictions(outputs if self.targets.is_classes else outputs.astype(np.float64))

    def probabilities(self, outputs: Array) -> Array:
        """The probability of each class, at the temperature of the calibration."""
        return self.tempered(self.targets.probabilities(outputs))

    def tempered(self, P: Array) -> Array:
        """Probabilities (m, n_classes), or of several columns (m, n_columns), at that temperature."""
        return self.calibration.tempered(P, several=self.targets.several)

    def out_of_fold(self) -> Array | None:
        """Outputs for the rows of the fit by members that did not learn them, NaN for others; or None."""
        A, fingerprint = self.ensemble.out_of_fold, self.rows_of_fit
        if A is None or fingerprint is None:
            return None
        outputs = np.full((fingerprint.n, A.shape[1]), np.nan)
        outputs[fingerprint.rows] = A
        return outputs


class PermutedColumn:
    """Outputs for rows a column of which is permuted: what the others became is computed once.

    ``table`` has the columns of rows that are features already.
    """

    def __init__(self, ensemble: Ensemble, rows: Any, table: TablePreparation) -> None:
        self._ensemble, self._m = ensemble, rows.shape[0]
        self._size = ensemble.rows_at_once(rows.shape[1])
        self._features = [preprocessor.features(rows) for preprocessor in ensemble.preprocessors]
        tables = [preprocessor.preparation for preprocessor in ensemble.preprocessors]
        self._blocks = [(each if isinstance(each, TablePreparation) else table).blocks for each in tables]
        self._inputs = lru_cache(maxsize=1)(self._inputs_of_part)  # all rows, where they are one part

    def _inputs_of_part(self, first: int) -> list[dict[str, Any]]:
        pairs = zip(self._ensemble.preprocessors, self._features, strict=True)
        return [preprocessor.inputs(X[first : first + self._size]) for preprocessor, X in pairs]

    def outputs(self, column: str = "", order: NDArray[np.intp] | None = None) -> Array:
        """Outputs (m, n_outputs) with the values of a column in another order; without one, as rows are."""
        outputs = []
        for first in range(0, self._m, self._size):
            inputs = self._inputs(first)
            changes = list[tuple[Array, Any, Array]]()
            if order is not None:
                rows = order[first : first + self._size]
                for fold, inputs_of_fold in enumerate(inputs):
                    changes += self._changes(fold, inputs_of_fold, column, rows)
            before = [(array, where, array[:, where].copy()) for array, where, _ in changes]
            try:
                for array, where, values in changes:
                    array[:, where] = values
                outputs.append(self._ensemble.outputs_of_inputs(inputs))
            finally:
                for array, where, values in before:
                    array[:, where] = values
        return np.concatenate(outputs)

    def _changes(
        self, fold: int, inputs: Mapping[str, Any], column: str, rows: NDArray[np.intp]
    ) -> Iterator[tuple[Array, Any, Array]]:
        """The inputs of each encoding that the column became: an array, its columns, and their values."""
        block = self._blocks[fold].get(column, slice(0, 0))
        features = self._features[fold][rows, block]
        for name, encoding in self._ensemble.preprocessors[fold].encodings.items():
            if encoding is None:
                yield inputs[name], block, features
            elif features.size:
                where = np.isin(encoding.origins, np.arange(block.start, block.stop))
                yield inputs[name], where, encoding.part(block).transform(features)


def predictor_of(model: Any) -> Predictor:
    """The predictor of an estimator, or of a pipeline of a `TableEncoder` and one network.

    >>> from sklearn.pipeline import make_pipeline
    >>> from deepstep import NetworkRegressor, TableEncoder
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
    >>> model = make_pipeline(TableEncoder(), NetworkRegressor((), solver="lbfgs", random_state=1)).fit(X, y)
    >>> predictor = predictor_of(model)
    >>> bool((predictor.predictions(predictor.outputs(X)) == model.predict(X)).all())
    True
    """
    if isinstance(model, Predictor):
        return model
    steps = [step for _, step in getattr(model, "steps", ())]
    if len(steps) == 2 and hasattr(steps[0], "preparation_") and hasattr(steps[1], "predictor_"):
        return behind(steps[0].preparation_, steps[1].predictor_, steps[0].columns_)
    if not hasattr(model, "predictor_"):
        requirement = "a fitted estimator of DeepStep, or a pipeline of a TableEncoder and one network"
        raise ConfigurationError.must_be("model", requirement, type(model).__name__)
    predictor = model.predictor_
    if not isinstance(predictor, Predictor):
        raise TypeError(f"predictor_ of {type(model).__name__} is no Predictor")
    return predictor


def behind(inputs: TablePreparation | ImagePreparation, predictor: Predictor, columns: Columns) -> Predictor:
    """A predictor of one network that takes the rows or pictures before their preparation."""
    (preprocessor,) = predictor.ensemble.preprocessors
    preprocessors = (replace(preprocessor, preparation=inputs),)
    ensemble = replace(predictor.ensemble, preprocessors=preprocessors)
    return replace(predictor, columns=columns, ensemble=ensemble)
