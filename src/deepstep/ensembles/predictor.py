"""`Predictor`: what a fit has learned, and all that predicts needs; scikit-learn is not imported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.frames import as_frame, has_names
from deepstep.ensembles.calibrate import answers_of_rows
from deepstep.ensembles.calibration import Calibration, interval_half_width, prediction_sets
from deepstep.ensembles.ensemble import Ensemble
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.numbers import NumberColumn
from deepstep.preparation.table import with_columns
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array, is_number

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


class Prediction(NamedTuple):
    """Predictions for m rows.

    Attributes
    ----------
    values : array of shape (m,)
        Class labels, or numbers in the target's units; of several targets (m, n_targets).
    probabilities : array of shape (m, n_classes) or None
        None where numbers are predicted; of several targets (m, n_targets), each of the second class.
    quantiles : array of shape (m, n_levels) or None, optional
        In the target's units, where quantiles are predicted; ``values`` are those next to the median.
    """

    values: AnyArray
    probabilities: Array | None
    quantiles: Array | None = None

    def __repr__(self) -> str:
        parts = ((name, part) for name, part in self._asdict().items() if part is not None)
        return f"Prediction({', '.join(f'{name} of shape {part.shape}' for name, part in parts)})"


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
    table_of_fit : TablePreparation or None
        The statistics of all rows of the fit, where each fold has those of a part.
    """

    columns: Columns
    targets: Targets
    ensemble: Ensemble
    calibration: Calibration = field(default_factory=Calibration)
    rows_of_fit: TrainingFingerprint | None = None
    table_of_fit: TablePreparation | None = None

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

    @property
    def preparation(self) -> TablePreparation | ImagePreparation:
        """How the columns or pictures are seen by the first fold; numbers as they are for a network alone."""
        preparation = self.ensemble.preprocessors[0].preparation
        if preparation is not None:
            return preparation
        names = self.columns.names
        if not names:
            n_inputs = self.ensemble.members[0].network.architecture.n_inputs
            names = tuple(f"x{index}" for index in range(n_inputs))
        return TablePreparation(tuple(NumberColumn(name, 0.0, 1.0, marks_missing=False) for name in names))

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a table must have: those that one fold or another has features of."""
        inputs = self.preparation
        if not isinstance(inputs, TablePreparation):
            return inputs.feature_names
        tables = [preprocessor.preparation for preprocessor in self.ensemble.preprocessors]
        columns = [
            column
            for table in tables
            for column in (table if isinstance(table, TablePreparation) else inputs).columns
        ]
        return tuple(dict.fromkeys(column.name for column in columns if column.feature_names))

    def rows(self, X: Any) -> Any:
        """Rows as the ensemble takes them: the needed columns of a table with names, else by order."""
        if isinstance(self.preparation, ImagePreparation):
            return X if isinstance(X, np.ndarray | polars.DataFrame) else as_frame(X)
        if has_names(X):
            frame = X if isinstance(X, polars.DataFrame) else as_frame(X)  # others may hold anything
            if not self.columns.names or self.columns.named or {*self.needed} <= {*frame.columns}:
                return as_frame(with_columns(frame, self.needed)[[*self.needed]])
        return self.columns.frame(X) if self.columns.names else X

    def outputs(self, X: Any) -> Array:
        """The outputs for rows, (m, n_outputs)."""
        return self.ensemble.outputs(self.rows(X))

    def predict(self, X: Any) -> Prediction:
        """Predictions for rows, with what is known beside them."""
        outputs, targets = self.outputs(X), self.targets
        if targets.is_classes:
            return Prediction(targets.decode(outputs), self.probabilities(outputs))
        return Prediction(targets.decode(outputs), None, outputs if targets.levels else None)

    def inputs(self, X: Any, member: int = 0) -> Array:
        """Rows as the inputs of a network, (m, n_inputs)."""
        network = self.ensemble.members[member]
        preprocessor = self.ensemble.preprocessors[network.fold]
        inputs: Array = preprocessor.inputs(preprocessor.features(self.rows(X)))[network.inputs]
        return inputs

    def likely(
        self, rows: Any, coverage: float = 0.9, *, per_class: bool = True, allow_empty: bool = False
    ) -> AnyArray:
        """Sets of labels, or intervals, that have the true value of about a share of the rows.

        See ``predict_set`` and ``predict_interval`` of the estimators; ``rows`` are as the ensemble takes
        them.
        """
        targets, calibration = self.targets, self.calibration
        self.refuse_quantiles()
        if targets.is_classes and targets.several:
            problem = f"Sets of labels need one column of labels, and there are {targets.n_columns}"
            hint = "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier."
            raise ConfigurationError(problem, hint)
        if not (is_number(coverage) and 0 < coverage < 1):
            raise ConfigurationError.must_be("coverage", "a number above 0 and below 1", repr(coverage))
        scores = calibration.scores
        if scores is None:
            problem = "fit held no rows out, which tell how wrong predictions are"
            hint = (
                "Call calibrate(X, y) with rows of their own first; `deepstep train` has them for ensembles."
            )
            raise ConfigurationError(problem, hint)
        if not targets.is_classes:
            return self._intervals(rows, interval_half_width(np.concatenate(scores), 1 - coverage))
        if calibration.by_fold:
            folds = range(len(scores))
            outputs = [self.ensemble.mean_and_spread_of_fold(fold, rows)[0] for fold in folds]
        else:
            outputs = [self.ensemble.outputs(rows).astype(np.float64)]
        strangeness = [1 - targets.probabilities(A) for A in outputs]
        sets = prediction_sets(scores, strangeness, 1 - coverage, calibration.classes if per_class else None)
        if not allow_empty:
            together = self.ensemble.outputs(rows) if calibration.by_fold else outputs[0]
            sets[np.arange(len(sets)), targets.decide(together)] = True
        return sets

    def _intervals(self, rows: Any, half_width: Array) -> Array:
        """The outputs, and so many expected sizes of their residuals to both sides."""
        answers = answers_of_rows(self.ensemble, self.targets, self.calibration.widths, rows)
        A, sigma = np.split(answers, 2, axis=1)
        ends = np.stack([A - half_width * sigma, A + half_width * sigma], axis=-1)
        if self.targets.kind == "counts":
            ends = np.maximum(ends, 0)
        return ends[:, 0] if A.shape[1] == 1 else ends

    def refuse_quantiles(self) -> None:
        """Refuse a target for which there is nothing to calibrate."""
        if self.targets.repeats and not self.targets.is_classes:
            problem = f"loss={self.targets.head!r} needs no intervals, as its quantiles are one"
            raise ConfigurationError(problem, "Use predict, or loss='squared_error'.")

    def predictions(self, outputs: Array) -> AnyArray:
        """Labels of outputs, or numbers as float64."""
        return self.targets.predictions(outputs if self.targets.is_classes else outputs.astype(np.float64))

    def probabilities(self, outputs: Array) -> Array:
        """The probability of each class, at the temperature of the calibration."""
        return self.tempered(self.targets.probabilities(outputs))

    @property
    def threshold(self) -> float | None:
        """The reported probability above which the second of two classes is predicted; None for others."""
        if not self.targets.has_threshold:
            return None
        t = self.targets.threshold
        return float(self.tempered(np.array([[1 - t, t]]))[0, 1])

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

    Of a network alone the columns are features already. A run of pictures has no columns.
    """

    def __init__(self, predictor: Predictor, X: Any) -> None:
        table = predictor.preparation
        if not isinstance(table, TablePreparation):
            raise DataError("A run of pictures has no columns to permute")
        ensemble, rows = predictor.ensemble, predictor.rows(X)
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
