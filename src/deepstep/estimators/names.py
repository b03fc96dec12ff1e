"""The public names of the estimators, with complete help; scikit-learn is imported with them."""

import sklearn  # noqa: F401 - named first where packages are missing

from deepstep.docstrings import complete
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.leaderboard import Leaderboard, PresetSummary
from deepstep.ensembles.member import Member
from deepstep.estimators.deep import DeepClassifier, DeepEstimator, DeepRegressor
from deepstep.estimators.deep_attributes import DeepAttributes
from deepstep.estimators.distillation import distill
from deepstep.estimators.network import NetworkClassifier, NetworkRegressor
from deepstep.estimators.predictions import (
    Calibrated,
    ClassPredictions,
    LabelIssue,
    NumberPredictions,
    TargetIssue,
)
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
