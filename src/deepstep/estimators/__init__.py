"""Stage 7, estimators: takes rows as examples in scikit-learn's manners, gives predictions.

`DeepClassifier` and `DeepRegressor` keep scikit-learn's whole contract; inside is a `deepstep.Network`.
"""

from deepstep.docstrings import complete
from deepstep.estimators.calibration import CalibrationMixin
from deepstep.estimators.classifier import DeepClassifier
from deepstep.estimators.conformal import (
    ConformalClassifierMixin,
    ConformalRegressorMixin,
    LabelIssue,
    TargetIssue,
)
from deepstep.estimators.ensemble import Ensemble, Leaderboard, Member, PresetSummary
from deepstep.estimators.regressor import DeepRegressor

BASES = (CalibrationMixin, ConformalClassifierMixin, ConformalRegressorMixin)
"""Classes whose methods the estimators inherit."""

OF_AN_ENSEMBLE = (Ensemble, Leaderboard, Member, PresetSummary)
"""Classes of the attribute ``ensemble_``."""

complete(globals())

__all__ = ["DeepClassifier", "DeepRegressor", "LabelIssue", "TargetIssue"]
