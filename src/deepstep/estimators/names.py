"""The public names of the estimators, with complete help; scikit-learn is imported with them."""

from deepstep.docstrings import complete
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.leaderboard import Leaderboard, PresetSummary
from deepstep.ensembles.member import Member
from deepstep.estimators.calibrated import Calibrated, LabelIssue, TargetIssue
from deepstep.estimators.class_predictions import ClassPredictions
from deepstep.estimators.classifier import DeepClassifier
from deepstep.estimators.deep import DeepEstimator
from deepstep.estimators.deep_attributes import DeepAttributes
from deepstep.estimators.distillation import distill
from deepstep.estimators.network_classifier import NetworkClassifier
from deepstep.estimators.network_regressor import NetworkRegressor
from deepstep.estimators.number_predictions import NumberPredictions
from deepstep.estimators.regressor import DeepRegressor
from deepstep.estimators.saved import SavedEstimator
from deepstep.estimators.table_encoder import TableEncoder

BASES = (DeepEstimator, DeepAttributes, Calibrated, ClassPredictions, NumberPredictions, SavedEstimator)
"""Classes whose methods the estimators inherit."""

WITHIN_AN_ENSEMBLE = (Ensemble, Leaderboard, Member, PresetSummary)
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
