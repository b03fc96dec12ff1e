"""The public names of the estimators, with complete help; scikit-learn is imported with them."""

from deepstep.docstrings import complete
from deepstep.estimators.base import DeepEstimator
from deepstep.estimators.classifier import DeepClassifier
from deepstep.estimators.conformal import (
    Calibrated,
    ConformalClassifier,
    ConformalRegressor,
    LabelIssue,
    TargetIssue,
)
from deepstep.estimators.distillation import distill
from deepstep.estimators.ensemble import Ensemble, Leaderboard, Member, PresetSummary
from deepstep.estimators.fitted import FittedAttributes
from deepstep.estimators.network_classifier import NetworkClassifier
from deepstep.estimators.network_regressor import NetworkRegressor
from deepstep.estimators.regressor import DeepRegressor
from deepstep.estimators.saved import SavedEstimator
from deepstep.estimators.table_encoder import TableEncoder

BASES = (DeepEstimator, FittedAttributes, Calibrated, ConformalClassifier, ConformalRegressor, SavedEstimator)
"""Classes whose methods the estimators inherit."""

OF_AN_ENSEMBLE = (Ensemble, Leaderboard, Member, PresetSummary)
"""Classes of the attribute ``ensemble_``."""

complete(globals())

__all__ = [
    "DeepClassifier",
    "DeepRegressor",
    "LabelIssue",
    "NetworkClassifier",
    "NetworkRegressor",
    "TableEncoder",
    "TargetIssue",
    "distill",
]
