"""Stage 7, estimators: takes rows as examples in scikit-learn's manners, gives predictions.

`DeepClassifier` and `DeepRegressor` keep scikit-learn's whole contract; inside is a `deepstep.Network`.
"""

from deepstep.docstrings import complete
from deepstep.estimators.calibrating import Calibrating
from deepstep.estimators.classifier import DeepClassifier
from deepstep.estimators.ensemble import Ensemble, Member, PresetSummary
from deepstep.estimators.ensemble_run import EnsembleRun
from deepstep.estimators.regressor import DeepRegressor
from deepstep.estimators.trusted_classes import LabelIssue, TrustedClasses
from deepstep.estimators.trusted_numbers import TargetIssue, TrustedNumbers

BASES = (Calibrating, TrustedClasses, TrustedNumbers)
"""Classes whose methods the estimators inherit."""

OF_AN_ENSEMBLE = (Ensemble, Member, PresetSummary)
"""Classes of the attribute ``ensemble_``."""

complete(globals())

__all__ = ["DeepClassifier", "DeepRegressor", "EnsembleRun", "LabelIssue", "TargetIssue"]
