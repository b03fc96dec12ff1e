"""Stage 7, estimators: takes rows as examples in scikit-learn's manners, gives predictions.

`DeepClassifier` and `DeepRegressor` keep scikit-learn's whole contract; inside is a `deepstep.Network`.
"""

from deepstep.estimators.classifier import DeepClassifier
from deepstep.estimators.committee_run import CommitteeRun
from deepstep.estimators.regressor import DeepRegressor
from deepstep.estimators.trusted_classes import SuspectLabel
from deepstep.estimators.trusted_numbers import SuspectNumber

__all__ = ["CommitteeRun", "DeepClassifier", "DeepRegressor", "SuspectLabel", "SuspectNumber"]
