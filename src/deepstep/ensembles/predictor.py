"""`Predictor`: what a fit has learned, and all that predicts needs; scikit-learn is not imported."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepstep.data.frames import as_frame, has_names
from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.fingerprint import TrainingFingerprint
from deepstep.errors import DataError
from deepstep.preparation.table import with_columns
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


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
    >>> Columns(("age", "town"), named=True).frame([{"town": "Rome", "age": 31}], "predict").columns
    ['age', 'town']
    """

    names: tuple[str, ...] = ()
    named: bool = False

    @classmethod
    def of(cls, X: Any, where: str) -> "Columns":
        """The columns of a table."""
        return cls(tuple(as_frame(X, where=where).columns), has_names(X))

    def frame(self, X: Any, where: str) -> Any:
        """Rows as a frame with these columns: by name, others left out; by order where names are missing."""
        frame = as_frame(X, where=where)
        if self.named and has_names(X):
            frame = with_columns(frame, self.names)[[*self.names]]
        elif frame.width != len(self.names):
            expected, got = f"the {len(self.names)} columns of fit", f"got {frame.width}"
            raise DataError(where, expected, got)
        elif set(frame.columns) != set(self.names):
            frame = frame.rename(dict(zip(frame.columns, self.names, strict=True)))
        if not frame.height:
            raise DataError(where, "at least one row", "got a table without rows (minimum of 1 is required)")
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

    def outputs(self, X: Any, where: str = "predict") -> Array:
        """The outputs for rows, (m, n_outputs)."""
        return self.ensemble.outputs(self.columns.frame(X, where) if self.columns.names else X)

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
        A, rows = self.ensemble.out_of_fold, self.rows_of_fit
        if A is None or rows is None:
            return None
        outputs = np.full((rows.n, A.shape[1]), np.nan)
        outputs[rows.kept] = A
        return outputs
