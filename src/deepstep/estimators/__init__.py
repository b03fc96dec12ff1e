"""Stage 7, estimators: takes rows as examples in scikit-learn's manners, gives predictions.

`DeepClassifier` and `DeepRegressor` keep scikit-learn's whole contract; inside is a `deepstep.Network`.
"""

from deepstep.estimators.classifier import DeepClassifier
from deepstep.estimators.regressor import DeepRegressor

__all__ = ["DeepClassifier", "DeepRegressor"]
